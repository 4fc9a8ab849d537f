"""What is installed is pinned, by version and by digest."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]


def pinned(lock: str) -> dict[str, str]:
    """Each package of a lock file with what stands behind its version."""
    text = (ROOT / "config" / lock).read_text()
    entries = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)
    return {entry.partition("==")[0]: entry for entry in entries if "==" in entry}


def names(requirements: list[str]) -> set[str]:
    """Package names as lock files spell them."""
    found = (re.match(r"[A-Za-z0-9_-]+", one) for one in requirements)
    return {match[0].lower().replace("_", "-") for match in found if match}


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_G04_every_package_is_pinned_by_digest(lock: str) -> None:
    """No package of a lock file could be replaced without anybody noticing."""
    for name, entry in pinned(lock).items():
        assert "--hash=sha256:" in entry, name


def test_G04_the_locks_hold_what_the_project_asks_for() -> None:
    """Nothing that pyproject names is installed unpinned."""
    assert names(PROJECT["dependencies"]) <= set(pinned("requirements.lock"))
    everything = [*PROJECT["dependencies"], *EXTRAS["test"], *EXTRAS["dev"], *EXTRAS["postgres"]]
    assert names(everything) <= set(pinned("requirements-dev.lock"))


def test_the_core_stays_small() -> None:
    """At most 45 packages come with the gateway."""
    assert len(pinned("requirements.lock")) <= 45
