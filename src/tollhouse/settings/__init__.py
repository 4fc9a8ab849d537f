"""The settings of the process: one YAML file, the environment, and every fault of both at once."""

from .loading import SettingsInvalid, load
from .schema import Settings

__all__ = ["Settings", "SettingsInvalid", "load"]
