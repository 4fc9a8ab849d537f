"""Loads the settings: the file, then the environment over it, then every fault in one go."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..core.errors import FieldFault
from . import document, overrides
from .schema import Settings

_MESSAGES = {
    "missing": "is required",
    "extra_forbidden": "is not a known key",
    "string_type": "must be text (a number needs quotes)",
    "model_type": "must be a mapping",
    "dict_type": "must be a mapping",
    "tuple_type": "must be a list",
    "frozen_set_type": "must be a list",
}


class SettingsInvalid(Exception):
    """The settings cannot be used; ``faults`` names everything that is wrong with them."""

    def __init__(self, faults: Sequence[FieldFault]) -> None:
        super().__init__("\n".join(f"{fault.path}: {fault.message}" for fault in faults))
        self.faults = tuple(faults)


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """The settings of a file (None: the defaults) under an environment, or ``SettingsInvalid``.

    Relative paths, wherever they are given, start at the file's folder; without a file, here.
    """
    values: dict[str, Any] = {}
    faults: list[FieldFault] = []
    if path is not None:
        values, faults = document.read(path, environ)
    origins, more = overrides.put(values, environ)
    faults += more
    for section, field in Settings.model_fields.items():
        if values.get(section) is None:
            values[section] = () if isinstance(field.default, tuple) else {}
    try:
        settings = Settings.model_validate(values, context=_base(path))
    except ValidationError as error:
        blamed = {fault.path for fault in faults}
        faults += [
            FieldFault(where, what + _origin(where, origins))
            for where, what in map(_told, error.errors(include_url=False, include_input=False))
            if not _within(where, blamed)
        ]
    else:
        if not faults:
            return settings
    raise SettingsInvalid(faults)


def _base(path: Path | None) -> Path:
    return Path.cwd() if path is None else path.absolute().parent


def _told(error: Any) -> tuple[str, str]:
    where = ""
    for step in error["loc"]:
        if isinstance(step, int):
            where += f"[{step}]"
        # pydantic marks a fault of a mapping's key, rather than of its value, with "[key]".
        elif step != "[key]":
            where += f".{step}" if where else step
    if error["type"] == "value_error":
        return where, str(error["ctx"]["error"])
    told = error["msg"].replace("Input should be", "must be").replace("String should", "must")
    return where, _MESSAGES.get(error["type"], told[0].lower() + told[1:])


def _within(where: str, blamed: set[str]) -> bool:
    """Whether this fault only follows from one that is already told."""
    return any(where == path or where.startswith((f"{path}.", f"{path}[")) for path in blamed)


def _origin(where: str, origins: Mapping[str, str]) -> str:
    for path, name in origins.items():
        if f"{path}.".startswith(f"{where}.") or _within(where, {path}):
            return f" (set by {name})"
    return ""
