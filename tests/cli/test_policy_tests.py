"""``tollhouse test``: policy tests hold or are told with a difference."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.shell import ADMIN_TOKEN, SECRET_KEY, Ran, Shell

CONFIG = Path(__file__).parents[2] / "config"


def run_tests(shell: Shell, *cases: dict[str, Any], options: tuple[str, ...] = ()) -> Ran:
    """Run policy tests given as data."""
    file = shell.site / "policies.yaml"
    file.write_text(yaml.safe_dump({"tests": list(cases)}), encoding="utf-8")
    return shell("test", "policies.yaml", *options)


@pytest.mark.parametrize(
    "case",
    [
        {"org": "acme", "model": "lab/large", "allow": ["lab/large", "lab/small"]},
        {"org": "acme", "model": "lab/large", "allow": "lab/large"},
        {"org": "acme", "model": "small", "needs": ["tools"], "allow": ["lab/small"]},
        {"plan": "enterprise", "model": "lab/large", "needs": ["vision"], "allow": ["lab/large"]},
        {"org": "hobby", "model": "lab/large", "refuse": "tier_insufficient"},
        {"org": "hobby", "plan": "pro", "model": "lab/large", "allow": "lab/large"},
        {"plan": "free", "model": "lab/small", "max_tokens": 1001, "refuse": "max_tokens_exceeded"},
        {"plan": "free", "model": "lab/embed", "refuse": "endpoint_not_supported"},
        {"plan": "free", "model": "lab/embed", "endpoint": "embeddings", "allow": "lab/embed"},
        {"plan": "free", "model": "lab/smal", "refuse": "model_not_found"},
    ],
)
def test_policy_that_holds_is_exit_code_0(shell: Shell, case: dict[str, Any]) -> None:
    """What the gate and the plan say is what was expected."""
    ran = run_tests(shell, case)

    assert (ran.code, ran.out) == (0, "1 of 1 policy tests hold.\n")


@pytest.mark.parametrize(
    ("case", "difference"),
    [
        (
            {"org": "hobby", "model": "lab/large", "allow": "lab/large"},
            ["  - allow: lab/large, …", "  + refuse: tier_insufficient"],
        ),
        (
            {"org": "acme", "model": "lab/large", "refuse": "tier_insufficient"},
            ["  - refuse: tier_insufficient", "  + allow: lab/large, lab/small"],
        ),
        (
            {"org": "acme", "model": "lab/large", "allow": ["lab/large"]},
            ["  - allow: lab/large", "  + allow: lab/large, lab/small"],
        ),
        (
            {"org": "acme", "model": "lab/nothing", "refuse": "model_disabled"},
            ["  - refuse: model_disabled", "  + refuse: model_not_found"],
        ),
    ],
)
def test_policy_that_does_not_hold_is_told_as_a_difference(
    shell: Shell, case: dict[str, Any], difference: list[str]
) -> None:
    """What was expected and what holds stand below each other, and the exit code is 1."""
    sound = {"plan": "free", "model": "lab/small", "allow": "lab/small"}

    ran = run_tests(shell, sound, {"name": "the wish", **case})

    lines = ran.out.splitlines()
    assert ran.code == 1
    assert lines[0] == "FAILED policies.yaml:2: the wish"
    assert lines[1:3] == difference
    assert lines[-1] == "1 of 2 policy tests hold."


def test_results_are_json_for_programs(shell: Shell) -> None:
    """Each case has what was expected and what holds."""
    case = {"org": "hobby", "model": "lab/large", "allow": ["lab/large"]}

    ran = run_tests(shell, case, options=("--json",))

    assert ran.code == 1
    (result,) = ran.json
    assert result["passed"] is False
    assert result["expected"] == {"allow": ["lab/large"]}
    assert result["actual"]["refuse"] == "tier_insufficient"


def test_every_fault_of_a_policy_file_is_told(shell: Shell) -> None:
    """A file that cannot be used is wrong use, with a line for every fault in it."""
    ran = run_tests(
        shell,
        {"model": "lab/small", "allow": "lab/small"},
        {"plan": "free", "allow": "a", "refuse": "b"},
        {"plan": "free", "model": 3, "needs": "tools", "max_tokens": 0, "allow": "a"},
        {"plan": "free", "model": "a", "refuse": "because", "colour": "red", "at": "noon"},
    )

    assert ran.code == 2
    assert [sentence.partition(": ")[0] for sentence in ran.sentences] == [
        *["policies.yaml:1"] * 1,
        *["policies.yaml:2"] * 3,
        *["policies.yaml:3"] * 3,
        *["policies.yaml:4"] * 3,
    ]


@pytest.mark.parametrize(
    ("case", "word"),
    [
        ({"org": "nobody", "model": "lab/small", "allow": "lab/small"}, "nobody"),
        ({"plan": "free", "model": "lab/small", "needs": ["tool"], "allow": "a"}, "tool"),
        ({"plan": "free", "model": "lab/small", "endpoint": "chats", "allow": "a"}, "chats"),
    ],
)
def test_misspelt_words_are_wrong_use(shell: Shell, case: dict[str, Any], word: str) -> None:
    """What the gate would let pass for not knowing it is not taken for a yes."""
    ran = run_tests(shell, case)

    assert ran.code == 2
    assert f"'{word}'" in ran.err


def test_policies_can_be_put_to_the_store(stocked: Shell) -> None:
    """``--store`` asks the catalogue that is in force, not the seeds."""
    assert stocked("models", "set", "lab/small", "enabled=false").code == 0
    case = {"org": "hobby", "model": "lab/small", "refuse": "model_disabled"}

    assert run_tests(stocked, case).code == 1
    assert run_tests(stocked, case, options=("--store",)).code == 0


def test_example_policies_hold(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The policy tests that ship with the product hold for the catalogue that does."""
    monkeypatch.setenv("TOLLHOUSE_ADMIN_TOKEN", ADMIN_TOKEN)
    monkeypatch.setenv("TOLLHOUSE_SECRET_KEY", SECRET_KEY)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-anything")
    settings = str(CONFIG / "tollhouse.yaml")

    ran = shell("test", str(CONFIG / "policies.yaml"), "--config", settings)

    assert (ran.code, ran.err) == (0, "")
