"""Loads the settings that a command is run with."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from .exits import Stop

if TYPE_CHECKING:
    from ..settings import Settings


def load_settings(config: Path) -> "Settings":
    """The settings of a file under this process's environment; every fault ends the command."""
    from ..settings import SettingsInvalid, load

    if not config.is_file():
        raise Stop(f"there is no settings file {config}: name yours with --config")
    try:
        return load(config, os.environ)
    except SettingsInvalid as invalid:
        raise Stop(
            *(f"{config}: {fault.path}: {fault.message}" for fault in invalid.faults)
        ) from None
