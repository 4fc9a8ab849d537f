"""README tells everything: every code, header, metric, key and command has its place in it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from prometheus_client import CollectorRegistry
from pydantic import BaseModel

from tollhouse.cli.program import program
from tollhouse.core.errors import Code
from tollhouse.settings import Settings
from tollhouse.telemetry.instruments import Instruments

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
SOURCES = "\n".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))


def keys_of(section: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Every leaf of the settings, dotted."""
    for name, field in section.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from keys_of(inner, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def commands_of(command: Any, path: str) -> Iterator[str]:
    """Every command that does something, with the words that lead to it."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield path
    for name, one in (inner or {}).items():
        yield from commands_of(one, f"{path} {name}")


def metrics() -> Iterator[str]:
    """Every metric as a scrape names it."""
    registry = CollectorRegistry()
    Instruments(registry)
    for family in registry.collect():
        yield f"{family.name}_total" if family.type == "counter" else family.name


@pytest.mark.parametrize("code", [code.value for code in Code])
def test_every_error_code_is_explained(code: str) -> None:
    """A client that meets a code finds it in README."""
    assert f"`{code}`" in README


@pytest.mark.parametrize("header", sorted(set(re.findall(r"x-tollhouse-[a-z-]+[a-z]", SOURCES))))
def test_every_header_is_explained(header: str) -> None:
    """A header that the gateway reads or writes stands in README."""
    assert f"`{header}`" in README


@pytest.mark.parametrize("metric", sorted(metrics()))
def test_every_metric_is_explained(metric: str) -> None:
    """An operator finds each metric in README."""
    assert f"`{metric}" in README


@pytest.mark.parametrize("key", sorted(keys_of(Settings)))
def test_every_setting_is_explained(key: str) -> None:
    """A key of the configuration stands in README with its section."""
    assert f"`{key}" in README


COMMANDS = sorted(commands_of(typer.main.get_command(program()), "tollhouse"))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_explained(command: str) -> None:
    """A command of the command line stands in README."""
    assert f"`{command}" in README
