"""``tollhouse models import --prices``: nothing is written that was not shown and agreed to."""

import io
import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from cli.shell import Shell

LIST: dict[str, dict[str, Any]] = {
    "sample_spec": {"litellm_provider": "one of the providers"},
    "gpt-4o-mini": {
        "litellm_provider": "openai",
        "mode": "chat",
        "input_cost_per_token": 1.5e-07,
        "output_cost_per_token": 6e-07,
        "cache_read_input_token_cost": 7.5e-08,
        "input_cost_per_token_batches": 7.5e-08,
        "input_cost_per_token_above_272k_tokens_priority": 1e-06,
        "max_input_tokens": 128_000,
        "max_output_tokens": 16_384,
        "supports_vision": True,
    },
    "lab/embed": {"litellm_provider": "lab", "mode": "embedding", "input_cost_per_token": 2e-08},
    "twice/lab/large": {"litellm_provider": "twice", "input_cost_per_token": 1e-06},
    "again/lab/large": {"litellm_provider": "again", "input_cost_per_token": 2e-06},
}
OPTIONS = ("models", "import", "--prices", "prices.json", "--map", "lab/small=gpt-4o-mini")


class Terminal(io.StringIO):
    """Standard input that somebody sits at."""

    def isatty(self) -> bool:
        """As a terminal says."""
        return True


@pytest.fixture(name="listed")
def _listed(stocked: Shell) -> Shell:
    """Commands in a folder with a store and a price list."""
    (stocked.site / "prices.json").write_text(json.dumps(LIST))
    return stocked


def model(shell: Shell, model_id: str = "lab/small") -> dict[str, Any]:
    """A document of the store."""
    document: dict[str, Any] = shell("models", "get", model_id, "--json").json
    return document


def test_dry_run_shows_each_field_and_writes_nothing(listed: Shell) -> None:
    """Old and new value of every field, what has no place, and what is not in the list."""
    before = model(listed)

    ran = listed(*OPTIONS, "--dry-run")

    assert ran.code == 0
    rows = [line.split() for line in ran.out.splitlines()]
    assert ["lab/small", "gpt-4o-mini", "pricing.input_per_1m_tokens", "1", "0.15"] in rows
    assert ["lab/embed", "lab/embed", "pricing.input_per_1m_tokens", "0.02"] in rows
    assert "input_cost_per_token_above_272k_tokens_priority" in ran.out
    assert ran.out.splitlines()[-1] == "Nothing was written."
    assert ran.sentences == [
        "lab/large could be twice/lab/large, again/lab/large: choose with --map"
    ]
    assert model(listed) == before


def test_yes_writes_all_of_it_at_once(listed: Shell) -> None:
    """The prices are in the documents to the digit, with one event for each model."""
    assert listed(*OPTIONS, "--yes").code == 0

    small, embed = model(listed), model(listed, "lab/embed")
    assert small["pricing"] == {
        "input_per_1m_tokens": "0.15",
        "output_per_1m_tokens": "0.6",
        "cached_input_per_1m_tokens": "0.075",
        "service_tiers": {"batch": {"input_per_1m_tokens": "0.075"}},
    }
    assert (small["source"], small["version"]) == ("import", 2)
    assert embed["pricing"] == {"input_per_1m_tokens": "0.02"}
    assert small["limits"] == {"context_window": 8000, "max_tokens": 1000}
    events = listed("audit", "--json").json
    updated = [one["target"] for one in events if one["action"] == "model.updated"]
    assert sorted(updated) == ["lab/embed", "lab/small"]
    (event,) = [one for one in events if one["target"] == "lab/small" and one["before"]]
    assert "pricing.input_per_1m_tokens" in event["changed"]


def test_second_import_changes_nothing(listed: Shell) -> None:
    """What says so already keeps its version."""
    listed(*OPTIONS, "--yes")

    again = listed(*OPTIONS, "--yes", "--json").json

    assert (again["changes"], again["written"]) == ([], False)
    assert sorted(again["unchanged"]) == ["lab/embed", "lab/small"]
    assert model(listed)["version"] == 2


def test_json_is_the_whole_plan(listed: Shell) -> None:
    """Programs get every change, remark and unmatched model."""
    told = listed(*OPTIONS, "--dry-run", "--json").json

    assert told["source"] == "LiteLLM"
    assert {
        "model_id": "lab/small",
        "entry": "gpt-4o-mini",
        "field": "pricing.output_per_1m_tokens",
        "old": "2",
        "new": "0.6",
    } in told["changes"]
    assert told["unmatched"] == [
        {"model_id": "lab/large", "candidates": ["twice/lab/large", "again/lab/large"]}
    ]
    assert [one["field"] for one in told["unplaced"]] == [
        "input_cost_per_token_above_272k_tokens_priority"
    ]
    assert told["written"] is False


@pytest.mark.parametrize(("answer", "written"), [("y\n", True), ("n\n", False), ("\n", False)])
def test_terminal_is_asked(
    listed: Shell, monkeypatch: pytest.MonkeyPatch, answer: str, *, written: bool
) -> None:
    """Only a yes writes; a mere return does not."""
    monkeypatch.setattr(sys, "stdin", Terminal(answer))

    ran = listed(*OPTIONS)

    assert ran.code == 0
    assert "Change the prices of 2 models?" in ran.err
    assert (model(listed)["version"] == 2) is written


def test_without_a_terminal_somebody_must_have_decided(
    listed: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script that says neither is told so and writes nothing."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))

    ran = listed(*OPTIONS)

    assert ran.code == 2
    assert "--yes" in ran.err
    assert model(listed)["version"] == 1


def test_limits_are_taken_when_asked_for(listed: Shell) -> None:
    """Bounds and capabilities are shown as prices are."""
    listed(*OPTIONS, "--yes", "--limits")

    small = model(listed)
    assert small["limits"] == {"context_window": 128_000, "max_tokens": 16_384}
    assert small["capabilities"] == {"tools": True, "vision": True}


def test_unreadable_price_leaves_its_model_alone(listed: Shell) -> None:
    """Half of a model's prices are not taken; those of others are."""
    spoilt = {**LIST, "gpt-4o-mini": {**LIST["gpt-4o-mini"], "output_cost_per_token": -1}}
    (listed.site / "prices.json").write_text(json.dumps(spoilt))

    told = listed(*OPTIONS, "--yes", "--json").json

    assert [one["field"] for one in told["unreadable"]] == ["output_cost_per_token"]
    assert model(listed)["version"] == 1
    assert model(listed, "lab/embed")["version"] == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("--prices", "prices.json", "--yes", "--map", "lab/small"),
        ("--prices", "prices.json", "--yes", "--map", "lab/small=none"),
        ("--prices", "prices.json", "--yes", "--map", "lab/none=gpt-4o-mini"),
        ("--prices", "prices.json", "--yes", *("--map", "lab/small=a") * 2),
        ("--prices", "prices.json", "config/catalogue.yaml", "--yes"),
        ("--prices", "config/catalogue.yaml", "--yes"),
        ("--yes", "config/catalogue.yaml"),
        (),
    ],
)
def test_what_cannot_be_meant_is_wrong_use(listed: Shell, arguments: tuple[str, ...]) -> None:
    """Nothing is written, and every sentence says what is wrong."""
    ran = listed("models", "import", *arguments)

    assert ran.code == 2
    assert ran.sentences
    assert model(listed)["version"] == 1


def test_file_that_is_not_there_is_exit_code_3(listed: Shell) -> None:
    """It could not be done."""
    assert listed("models", "import", "--prices", "none.json", "--yes").code == 3


def test_package_is_imported_only_when_it_is_named(
    listed: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its objects are read as its data; without it the command says how to get it."""
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    assert listed(*OPTIONS, "--dry-run").code == 0
    missing = listed("models", "import", "--prices", "genai-prices", "--yes")
    assert missing.code == 3
    assert "tollhouse[prices]" in missing.err

    package, data = ModuleType("genai_prices"), ModuleType("genai_prices.data")
    entry = {"id": "embed", "match": {"equals": "lab/embed"}, "prices": {"input_mtok": 1}}
    provider = SimpleNamespace(id="lab", models=[entry])
    vars(data)["providers"] = [vars(provider)]
    monkeypatch.setitem(sys.modules, "genai_prices", package)
    monkeypatch.setitem(sys.modules, "genai_prices.data", data)

    told = listed("models", "import", "--prices", "genai-prices", "--yes", "--json").json

    assert (told["source"], told["written"]) == ("genai-prices", True)
    assert model(listed, "lab/embed")["pricing"] == {"input_per_1m_tokens": "1"}


def test_file_of_that_name_is_a_file(listed: Shell) -> None:
    """What is there on disk is meant."""
    (listed.site / "genai-prices").write_text(json.dumps(LIST))

    told = listed("models", "import", "--prices", "genai-prices", "--dry-run", "--json").json

    assert told["source"] == "LiteLLM"


def test_model_that_was_written_meanwhile_stops_it(
    listed: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was agreed to was another document: nothing is written, neither here nor elsewhere."""
    other = Shell(Path(listed.site), listed.capsys)

    class Late(Terminal):
        def readline(self, _size: int | None = -1, /) -> str:  # type: ignore[override] # text
            assert other("models", "set", "lab/small", "tier=premium").code == 0
            return "y\n"

    monkeypatch.setattr(sys, "stdin", Late())

    ran = listed(*OPTIONS)

    assert ran.code == 3
    assert "lab/small was changed meanwhile" in ran.err
    assert model(listed, "lab/embed")["version"] == 1
