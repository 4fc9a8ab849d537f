"""The folder that a demo lives in: its settings, catalogue, store and journal, all real files.

Other commands work on a running demo through its settings file. A folder is only taken if it is
empty or an earlier demo's, so that nobody's own configuration is written over.
"""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import yaml

from ..exits import wrong_use

_MARK = "# Written by `tollhouse demo`, anew at each start.\n"


@dataclass(frozen=True, slots=True)
class Secrets:
    """What a demo's settings hold of secrets."""

    admin_token: str
    secret_key: str


@contextmanager
def demo_folder(keep: Path | None) -> Iterator[Path]:
    """The folder to keep, or one that is gone afterwards."""
    if keep is None:
        made = Path(tempfile.mkdtemp(prefix="tollhouse-demo-"))
        try:
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)
        return
    settings = settings_file(keep)
    if keep.exists() and not keep.is_dir():
        raise wrong_use(f"{keep} is not a folder")
    if settings.exists():
        if not settings.read_text(encoding="utf-8").startswith(_MARK):
            raise wrong_use(f"{keep} holds a configuration that is not a demo's")
    elif keep.exists() and any(keep.iterdir()):
        raise wrong_use(f"{keep} holds other files: name an empty or a new folder")
    keep.mkdir(parents=True, exist_ok=True)
    yield keep.absolute()


def settings_file(folder: Path) -> Path:
    """The settings file of a demo's folder."""
    return folder / "tollhouse.yaml"


def earlier_secrets(folder: Path) -> Secrets | None:
    """Those of an earlier demo in this folder, whose store is sealed with them."""
    file = settings_file(folder)
    if not file.exists():
        return None
    auth = yaml.safe_load(file.read_text(encoding="utf-8"))["auth"]
    return Secrets(auth["admin_token"], auth["secret_key"])


def write_configuration(
    folder: Path, *, listen: str, secrets: Secrets, upstreams: Sequence[str]
) -> Path:
    """Write the settings and the catalogue; returns the settings file. It holds secrets: 0600."""
    sound, shaky = upstreams
    settings = {
        "server": {"listen": listen, "drain_seconds": 2},
        "store": {"url": "sqlite:///tollhouse.db"},
        "auth": {"admin_token": secrets.admin_token, "secret_key": secrets.secret_key},
        "catalogue": {"files": ["catalogue.yaml"]},
        "providers": {
            "sound": {"protocol": "openai", "base_url": f"{sound}/v1", "api_key": "demo-sound"},
            "shaky": {"protocol": "openai", "base_url": f"{shaky}/v1", "api_key": "demo-shaky"},
        },
        "telemetry": {"log": "text"},
        "ledger": {"dir": "ledger"},
    }
    catalogue = files(__package__).joinpath("catalogue.yaml").read_text(encoding="utf-8")
    (folder / "catalogue.yaml").write_text(catalogue, encoding="utf-8")
    file = settings_file(folder)
    file.touch(mode=0o600)
    file.write_text(_MARK + yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    return file
