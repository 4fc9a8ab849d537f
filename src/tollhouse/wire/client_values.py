"""A client's values by the shapes that its API's reference gives them, or a 400 naming the fault.

The typed decoders know where a value is wrong; what they say is put into words that a client's
author can act on.
"""

import re
from typing import TypeVar

import msgspec

from ..core.errors import CallerError, invalid
from .json_object import NOT_JSON

_Shape = TypeVar("_Shape")

_PLACE = re.compile(r" - at `(?:key in )?\$(.*)`$", re.DOTALL)
_MISSING = re.compile(r"missing required field `(\w+)`")
_EXPECTED = re.compile(r"Expected `([^`]+)`")
_WORDS = {
    "str": "a string",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
}


def read_value(
    decoder: "msgspec.json.Decoder[_Shape]", value: bytes | msgspec.Raw, at: str
) -> _Shape:
    """The value that stands at ``at`` in the client's body; a 400 names the innermost fault."""
    try:
        return decoder.decode(value)
    except msgspec.ValidationError as fault:
        raise _refused(str(fault), at) from None
    except NOT_JSON:
        raise invalid(f"{at} cannot be read.", at) from None


def _refused(said: str, at: str) -> CallerError:
    place = _PLACE.search(said)
    path = at + place[1].replace("[...]", "") if place else at
    missing = _MISSING.search(said)
    if missing:
        path = f"{path}.{missing[1]}"
        return invalid(f"{path} is required.", path)
    expected = _EXPECTED.search(said)
    kinds = expected[1].split(" | ") if expected else []
    wanted = " or ".join(_WORDS[kind] for kind in kinds if kind in _WORDS)
    return invalid(f"{path} must be {wanted}." if wanted else f"{path} cannot be read.", path)
