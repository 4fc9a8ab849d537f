"""JSON that two readers cannot understand differently: what is signed is what is read.

No name twice in an object, no ``NaN``, no second value, nothing but UTF-8, and an object at the
top. What is nested deeper than Python reads is refused like the rest.
"""

import json
from collections.abc import Iterable
from typing import Any


def read_object(text: bytes) -> dict[str, Any]:
    """The object that a text is; ``ValueError`` when it is none, which quotes nothing of it."""
    try:
        value = json.loads(
            text.decode("utf-8"), object_pairs_hook=_object, parse_constant=_no_number
        )
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise ValueError("is not a JSON object")  # noqa: TRY004 - as for text that is no JSON
    return value


def _object(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in pairs:
        if name in made:
            raise ValueError(name)
        made[name] = value
    return made


def _no_number(name: str) -> Any:
    raise ValueError(name)
