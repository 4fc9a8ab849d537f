"""A gateway's folder to run commands in: settings, a catalogue, and a store where one is needed."""

import os
from pathlib import Path

import pytest

from cli.shell import Shell, write_catalogue, write_settings


@pytest.fixture(name="site")
def _site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with ``config/tollhouse.yaml`` and its catalogue."""
    for name in [name for name in os.environ if name.startswith("TOLLHOUSE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "240")
    (tmp_path / "config").mkdir()
    write_settings(tmp_path)
    write_catalogue(tmp_path)
    return tmp_path


@pytest.fixture(name="shell")
def _shell(site: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Commands in the site's folder, which has no store yet."""
    return Shell(site, capsys)


@pytest.fixture(name="stocked")
def _stocked(shell: Shell) -> Shell:
    """Commands in the site's folder, with a store that has its catalogue and orgs."""
    assert shell("migrate").code == 0
    assert shell("models", "import", "config/catalogue.yaml").code == 0
    return shell
