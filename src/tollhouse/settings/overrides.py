"""Puts ``TOLLHOUSE_SECTION__KEY`` variables over what the settings file says.

A variable without ``__`` is none of ours: the file may well refer to ``TOLLHOUSE_ADMIN_TOKEN``. A
value is text, read by the field it is for, unless it is written as YAML's ``null``, as a list, as
a mapping or in quotes; so a key made of digits stays a key.
"""

from collections.abc import Mapping

from ..core.errors import FieldFault
from .document import parse_scalar

PREFIX = "TOLLHOUSE_"
_DELIMITER = "__"
_YAML_STARTS = ("{", "[", '"', "'")
_NULLS = frozenset({"null", "~"})


def put(
    values: dict[str, object], environ: Mapping[str, str]
) -> tuple[dict[str, str], list[FieldFault]]:
    """Change ``values`` in place; returns the variable behind each changed path, and the faults.

    Variables are taken in the order of their names, so one for a whole mapping comes before one
    for a key in it.
    """
    origins: dict[str, str] = {}
    faults: list[FieldFault] = []
    for name in sorted(environ):
        rest = name.removeprefix(PREFIX)
        if rest == name or _DELIMITER not in rest:
            continue
        segments = rest.split(_DELIMITER)
        if not all(segments):
            faults.append(FieldFault(name, "is not of the form TOLLHOUSE_SECTION__KEY"))
            continue
        try:
            path = _place(values, segments, _value(environ[name]))
        except ValueError as error:
            faults.append(FieldFault(".".join(segments).lower(), f"{error} (set by {name})"))
        else:
            if path is not None:
                origins[path] = name
    return origins, faults


def _value(text: str) -> object:
    if text in _NULLS:
        return None
    return parse_scalar(text) if text.startswith(_YAML_STARTS) else text


def _place(values: dict[str, object], segments: list[str], value: object) -> str | None:
    """Set the value; its path, or None where something stands in the way that is itself a fault."""
    here = values
    path: list[str] = []
    for segment in segments[:-1]:
        path.append(_key(here, segment))
        inner = here.get(path[-1])
        if inner is None:
            inner = here[path[-1]] = {}
        if not isinstance(inner, dict):
            return None
        here = inner
    path.append(_key(here, segments[-1]))
    here[path[-1]] = value
    return ".".join(path)


def _key(known: Mapping[str, object], segment: str) -> str:
    """The key that a segment means: names of providers may hold what variables cannot."""
    wanted = _plain(segment)
    matching = [key for key in known if _plain(key) == wanted]
    if len(matching) > 1:
        raise ValueError(f"may mean any of {', '.join(matching)}")
    return matching[0] if matching else segment.lower()


def _plain(key: str) -> str:
    return key.lower().replace("-", "_").replace(".", "_")
