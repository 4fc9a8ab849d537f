"""``tollhouse check`` tells everything that is wrong, once, with its path."""

from pathlib import Path
from typing import Any

import pytest

from cli.shell import ADMIN_TOKEN, SECRET_KEY, Shell, write_catalogue, write_settings
from tollhouse.cli.desk import Desk, at_desk

TEN_FAULTS: list[dict[str, Any]] = [
    {"model_id": "a", "type": "completion", "provider": "lab", "failover": "b"},
    {"model_id": "b", "type": "completion", "provider": "lab", "failover": "a"},
    {"model_id": "c", "type": "completion", "provider": "lab", "failover": "nowhere"},
    {"model_id": "d", "type": "completion", "provider": "nobody"},
    {"model_id": "e", "type": "completion", "provider": "lab", "aliases": ["a"]},
    {"model_id": "f", "type": "telepathy", "provider": "lab"},
    {
        "model_id": "g",
        "type": "completion",
        "provider": "lab",
        "pricing": {"input_per_1m_tokens": "-1"},
    },
    {"model_id": "h", "type": "completion", "provider": "lab", "limits": {"max_tokens": 0}},
    {"model_id": "i", "type": "completion", "provider": "lab", "colour": "red"},
    {"model_id": "j/", "type": "completion", "provider": "lab"},
    {"model_id": "k", "type": "completion", "provider": "lab", "tier": "gold"},
]


def test_sound_configuration_is_exit_code_0(shell: Shell) -> None:
    """Without a fault, one line says so."""
    ran = shell("check")

    assert ran.code == 0
    assert ran.out == "config/tollhouse.yaml and its 3 models have no fault.\n"


def test_seed_file_with_ten_faults_shows_all_of_them(shell: Shell) -> None:
    """Faults of fields and of links between models are shown together, each with its place."""
    write_catalogue(shell.site, {"models": TEN_FAULTS})

    ran = shell("check", "--json")

    assert ran.code == 1
    told = {(finding["path"], finding["message"]) for finding in ran.json}
    blamed = {path.partition("]")[0].removeprefix("models[") for path, _ in told}
    assert blamed >= {str(index) for index in range(2, len(TEN_FAULTS))}
    assert blamed & {"0", "1"}, "the circle is told of one of the two"
    assert len(told) == len(ran.json)


def test_faults_are_lines_for_people(shell: Shell) -> None:
    """A line has the file, the path and what is wrong."""
    write_catalogue(shell.site, {"models": TEN_FAULTS[2:3]})

    ran = shell("check")

    assert ran.code == 1
    (line,) = ran.out.splitlines()
    assert line.startswith(f"{shell.site}/config/catalogue.yaml: models[0].failover")
    assert "nowhere" in line


def test_faults_of_settings_and_of_seeds_are_told_together(shell: Shell) -> None:
    """Settings that cannot be used do not hide what is wrong with the seeds."""
    write_settings(shell.site, server={"listen": "x", "workers": 0, "colour": "red"})
    write_catalogue(shell.site, {"models": TEN_FAULTS[-2:-1], "extra": 1})

    ran = shell("check", "--json")

    assert ran.code == 1
    paths = [finding["path"] for finding in ran.json]
    assert {"server.listen", "server.workers", "server.colour"} <= set(paths)
    assert {"extra", "models[0].model_id"} <= set(paths)


def test_seed_that_is_not_yaml_is_told_with_its_line(shell: Shell) -> None:
    """A slip in the YAML is a finding, not a crash."""
    (shell.site / "config/catalogue.yaml").write_text("models: [\n  {model_id: a\n")

    ran = shell("check", "--json")

    assert ran.code == 1
    assert [finding["message"] for finding in ran.json] == ["is not YAML"]


def test_seed_with_a_provider_key_is_fine_where_it_can_be_sealed(shell: Shell) -> None:
    """A connection of its own may bring its key, as long as there is something to seal it with."""
    connection = {"protocol": "openai", "base_url": "https://a.example/v1", "api_key": "sk-x1"}
    body = {"model_id": "own", "type": "completion", "connection": connection}
    write_catalogue(shell.site, {"models": [body]})
    assert shell("check").code == 0

    write_settings(shell.site, auth={"admin_token": ADMIN_TOKEN})
    ran = shell("check")

    assert ran.code == 1
    assert "auth.secret_key" in ran.out
    assert "sk-x1" not in ran.out


def test_store_is_checked_against_the_configuration(stocked: Shell) -> None:
    """``--store`` finds models whose provider the configuration does not have any more."""
    assert stocked("check", "--store").code == 0
    other = {"other": {"protocol": "openai", "base_url": "http://127.0.0.1:9/v1"}}
    write_settings(stocked.site, providers=other)

    ran = stocked("check", "--store", "--json")

    assert ran.code == 1
    assert {finding["file"] for finding in ran.json} == {"store"}
    assert len(ran.json) == 3


def test_store_is_checked_with_its_system_prompts(stocked: Shell) -> None:
    """A model that names a prompt of the store's is sound."""

    async def name_a_prompt(desk: Desk) -> None:
        particles = [{"kind": "role", "text": "You help."}]
        made = await desk.plane.prompts.create(desk.by, {"name": "P", "particles": particles})
        patch = {"system_prompt_id": made.prompt_id}
        await desk.plane.models.patch(desk.by, "lab/small", patch)

    at_desk(stocked.site / "config" / "tollhouse.yaml", name_a_prompt)
    assert stocked("check", "--store").code == 0


@pytest.mark.parametrize(
    "token", ["", "sk-1234", "change-me-change-me-change-me-change-me", "a" * 40]
)
def test_J06_weak_admin_token_is_refused(shell: Shell, token: str) -> None:
    """A short token and a known default are findings of check, and keep serve from starting."""
    write_settings(shell.site, auth={"admin_token": token, "secret_key": SECRET_KEY})

    found = shell("check", "--json")
    served = shell("serve")

    assert found.code == 1
    assert [finding["path"] for finding in found.json] == ["auth.admin_token"]
    assert served.code == 3
    assert len(served.sentences) == 1
    assert "auth.admin_token" in served.err
    assert not token or token not in found.out + served.err


def test_every_fault_of_the_settings_is_a_sentence_of_serve(shell: Shell) -> None:
    """Settings with several faults keep serve from starting, one line for each."""
    write_settings(shell.site, server={"listen": "x", "workers": 0}, colour="red")

    ran = shell("serve")

    assert ran.code == 3
    assert len(ran.sentences) == 3


def test_example_configuration_has_no_fault(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reference that ships with the product passes its own check."""
    monkeypatch.setenv("TOLLHOUSE_ADMIN_TOKEN", ADMIN_TOKEN)
    monkeypatch.setenv("TOLLHOUSE_SECRET_KEY", SECRET_KEY)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-anything")
    config = Path(__file__).parents[2] / "config" / "tollhouse.yaml"

    ran = shell("check", "--config", str(config))

    assert (ran.code, ran.err) == (0, "")
