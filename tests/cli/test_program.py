"""The program as a whole: help, exit codes, one sentence per fault."""

import subprocess
import sys

import pytest

from cli.shell import COMMAND, Shell, clean_environment

HEAVY = ("pydantic", "sqlalchemy", "starlette", "uvicorn", "httpx", "yaml", "rich", "tollhouse.app")


def test_help_needs_nothing_heavy() -> None:
    """The program can say what it does without the libraries that do it."""
    script = f"import tollhouse.cli.program, sys; print([n for n in {HEAVY} if n in sys.modules])"
    told = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert told.stdout.strip() == "[]"


def test_command_without_arguments_says_what_there_is(shell: Shell) -> None:
    """Every command is named in the help."""
    ran = shell()

    assert ran.code == 0
    for command in ("demo", "serve", "check", "explain", "test", "migrate", "audit", "usage"):
        assert f" {command} " in ran.out
    for group in ("models", "orgs", "keys", "tokens"):
        assert f" {group} " in ran.out


def test_version_is_told(shell: Shell) -> None:
    """``--version`` names the program and its version."""
    assert shell("--version").out.startswith("tollhouse 0.")


@pytest.mark.parametrize(
    "arguments",
    [
        ("polish",),
        ("models",),
        ("models", "polish"),
        ("serve", "--workers", "0"),
        ("serve", "--workers", "many"),
        ("serve", "--listen", "nowhere"),
        ("demo", "--port", "70000"),
        ("orgs", "create", "acme"),
        ("orgs", "set", "acme"),
        ("keys", "rotate", "some-id", "--overlap", "soon"),
        ("usage", "--group-by", "weather"),
        ("usage", "--interval", "minute"),
        ("explain", "--model", "lab/small"),
        ("explain", "--model", "lab/small", "--org", "acme", "--plan", "pro"),
        ("models", "set", "lab/small"),
        ("models", "set", "lab/small", "tier"),
        ("models", "set", "lab/small", "tier=pro", "tier=free"),
        ("test",),
    ],
)
def test_wrong_use_is_exit_code_2_with_one_sentence(shell: Shell, arguments: list[str]) -> None:
    """A command line that cannot be meant ends with 2, and one line says what is wrong."""
    ran = shell(*arguments)

    assert ran.code == 2
    assert len(ran.sentences) == 1
    assert ran.out == ""


@pytest.mark.parametrize(
    "command",
    ["serve", "check", "migrate", "audit", "usage", "models list", "orgs list", "keys list"],
)
def test_missing_settings_file_is_exit_code_3(shell: Shell, command: str) -> None:
    """A settings file that is not there ends every command with 3 and names the option."""
    ran = shell(*command.split(), "--config", "nowhere.yaml")

    assert ran.code == 3
    assert ran.sentences == ["there is no settings file nowhere.yaml: name yours with --config"]


def test_settings_file_can_be_named_in_the_environment(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``TOLLHOUSE_CONFIG`` stands for ``--config``."""
    monkeypatch.setenv("TOLLHOUSE_CONFIG", "elsewhere.yaml")

    assert "elsewhere.yaml" in shell("check").err


def test_command_without_a_store_names_the_one_to_run(shell: Shell) -> None:
    """Before the first migration, commands on the store say what to do, and make no file."""
    ran = shell("models", "list")

    assert ran.code == 3
    assert ran.sentences == ["the store has no schema, or an older one: run tollhouse migrate"]
    assert not (shell.site / "store.db").exists()


def test_store_out_of_reach_is_exit_code_3(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that does not answer is told in a sentence."""
    monkeypatch.setenv("TOLLHOUSE_STORE__URL", "postgresql://nobody@127.0.0.1:9/none")

    ran = shell("models", "list")

    assert ran.code == 3
    assert len(ran.sentences) == 1
    assert "out of reach" in ran.err


def test_reader_that_leaves_early_is_no_fault(stocked: Shell) -> None:
    """A closed pipe ends a command quietly."""
    command = " ".join(COMMAND)
    told = subprocess.run(  # noqa: S603 - our own command
        ["bash", "-c", f"{command} models list --json | true"],  # noqa: S607 - any bash
        cwd=stocked.site,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert told.stderr == ""
