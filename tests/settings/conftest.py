"""A settings file written for one test, and what is wrong with it."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tollhouse.settings import Settings, SettingsInvalid, load

Loader = Callable[..., Settings]
Faults = Callable[..., dict[str, str]]


@pytest.fixture(name="load_text")
def _load_text(tmp_path: Path) -> Loader:
    """Loads a text as the settings file ``tollhouse.yaml``."""

    def load_text(text: str, environ: Mapping[str, str] | None = None) -> Settings:
        path = tmp_path / "tollhouse.yaml"
        path.write_text(text, encoding="utf-8")
        return load(path, environ or {})

    return load_text


@pytest.fixture(name="faults_of")
def _faults_of(load_text: Loader) -> Faults:
    """The faults of a text, message by path."""

    def faults_of(text: str, environ: Mapping[str, str] | None = None) -> dict[str, str]:
        with pytest.raises(SettingsInvalid) as caught:
            load_text(text, environ)
        told = {fault.path: fault.message for fault in caught.value.faults}
        assert len(told) == len(caught.value.faults), "a path is told twice"
        return told

    return faults_of
