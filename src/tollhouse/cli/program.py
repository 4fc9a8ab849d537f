"""The ``tollhouse`` program: its commands, and how each of them ends."""

import asyncio
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from .. import __version__
from . import callers, checking, explaining, migrating, models, policies, reports, secrets, serving
from .demo import command as demo
from .exits import ExitCode, explained, tell

_INTERRUPTED = 130
"""What a shell reports for a program that Ctrl-C ended."""


def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """An LLM gateway that enforces a model catalogue at request time."""
    if version:
        print(f"tollhouse {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        print(context.get_help())


def program() -> typer.Typer:
    """All commands, in the order of their use."""
    app = typer.Typer(
        name="tollhouse",
        callback=_root,
        invoke_without_command=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    commands: dict[str, Callable[..., None]] = {
        "demo": demo.demo,
        "serve": serving.serve,
        "check": checking.check,
        "explain": explaining.explain,
        "test": policies.run_tests,
        "migrate": migrating.migrate,
        "audit": reports.audit,
        "usage": reports.usage,
    }
    for name, command in commands.items():
        app.command(name)(command)
    for name, group in (
        ("models", models.app),
        ("orgs", callers.orgs),
        ("keys", callers.keys),
        ("tokens", callers.tokens),
        ("secrets", secrets.app),
    ):
        app.add_typer(group, name=name)
    return app


def run(arguments: Sequence[str]) -> int:
    """Run one command line; returns its exit code and never raises."""
    try:
        code = program()(list(arguments), prog_name="tollhouse", standalone_mode=False)
        sys.stdout.flush()
    except (KeyboardInterrupt, typer.Abort, asyncio.CancelledError):
        return _INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has read enough of it; the interpreter flushes once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.DONE
    except typer.TyperException as misuse:
        tell(_one_sentence(misuse))
        return ExitCode.WRONG_USE
    except Exception as error:  # noqa: BLE001 - the last place that can give it an exit code
        stop = explained(error)
        if stop is None:
            traceback.print_exc()
            tell("that is a fault of ours; the lines above say where it happened")
            return ExitCode.COULD_NOT
        for sentence in stop.sentences:
            tell(sentence)
        return stop.code
    return code if isinstance(code, int) else ExitCode.DONE


def _one_sentence(misuse: typer.TyperException) -> str:
    context = getattr(misuse, "ctx", None)
    command = context.command_path if context is not None else "tollhouse"
    text = " ".join(misuse.format_message().split()).rstrip(".?")
    return f"{text[:1].lower()}{text[1:]} (see {command} --help)"
