"""Decoders of the plain shapes that a client's body is made of."""

import msgspec

from ...core.errors import invalid
from ..json_object import NOT_JSON

string: msgspec.json.Decoder[str | None] = msgspec.json.Decoder(str | None)
boolean: msgspec.json.Decoder[bool | None] = msgspec.json.Decoder(bool | None)
whole_number: msgspec.json.Decoder[int | None] = msgspec.json.Decoder(int | None)
number: msgspec.json.Decoder[float | None] = msgspec.json.Decoder(float | None)
raws: msgspec.json.Decoder[list[msgspec.Raw]] = msgspec.json.Decoder(list[msgspec.Raw])
an_object: msgspec.json.Decoder[dict[str, msgspec.Raw]] = msgspec.json.Decoder(
    dict[str, msgspec.Raw]
)
_anything = msgspec.json.Decoder()
_NULL = b"null"
_QUOTE, _BRACKET = ord('"'), ord("[")


def is_null(raw: msgspec.Raw | None) -> bool:
    """Whether a field is absent or null, which mean the same."""
    return raw is None or (len(raw) == len(_NULL) and bytes(raw) == _NULL)


def is_string(raw: msgspec.Raw) -> bool:
    """Whether a value is a string, without decoding it."""
    return memoryview(raw)[0] == _QUOTE


def string_or_list(raw: msgspec.Raw, at: str) -> bool:
    """Whether a value is a string; refused is what is no list either."""
    if is_string(raw):
        return True
    if memoryview(raw)[0] != _BRACKET:
        raise invalid(f"{at} must be a string or a list.", at)
    return False


def decoded(raw: msgspec.Raw) -> object:
    """Any JSON, decoded; None for what is out of bounds, as a number or in depth."""
    try:
        return _anything.decode(raw)
    except NOT_JSON:
        return None
