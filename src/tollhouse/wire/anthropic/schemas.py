"""JSON schemas as Anthropic's structured outputs take them.

Reference: docs.claude.com/en/build-with-claude/structured-outputs. Every object must say that it
has no other members than those named; one that names some and says nothing about others is made to:
whatever satisfies it then satisfied it before. All else is the provider's to judge.
"""

from collections.abc import Mapping
from typing import Any

_LISTS = ("anyOf", "allOf", "oneOf", "prefixItems")
_MAPS = ("properties", "$defs", "definitions")
_DEPTH = 64


def closed(schema: Mapping[str, object], depth: int = _DEPTH) -> dict[str, Any]:
    """The schema with its objects closed."""
    made: dict[str, Any] = dict(schema)
    if not depth:
        return made
    if made.get("properties"):
        made.setdefault("additionalProperties", False)
    for name in _MAPS:
        inner = made.get(name)
        if isinstance(inner, Mapping):
            made[name] = {key: _closed(value, depth) for key, value in inner.items()}
    for name in _LISTS:
        inner = made.get(name)
        if isinstance(inner, list):
            made[name] = [_closed(value, depth) for value in inner]
    if "items" in made:
        made["items"] = _closed(made["items"], depth)
    return made


def _closed(value: object, depth: int) -> object:
    return closed(value, depth - 1) if isinstance(value, Mapping) else value
