"""A client's JSON into typed values; what has another shape is refused by its path."""

import re
from typing import TypeVar

import msgspec

from ...core.errors import CallerError, invalid
from ..json_object import NOT_JSON

Decoded = TypeVar("Decoded")

_FAULT = re.compile(r"(.*?)(?: - at `(?:key in )?\$(.*)`)?", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(.*)`")
_EXPECTED = re.compile(r"Expected `([^`]*)`")
_WORDS = {
    "str": "a string",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}

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


def decode(raw: msgspec.Raw | bytes, decoder: "msgspec.json.Decoder[Decoded]", at: str) -> Decoded:
    """The value at ``at``, or a 400 that names the innermost path that is wrong."""
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as fault:
        raise _misshapen(str(fault), at) from None
    except NOT_JSON:
        raise invalid(f"{at} is not valid JSON.", at) from None


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
    """Any JSON, decoded; its syntax is known to be good."""
    return _anything.decode(raw)


def _misshapen(fault: str, at: str) -> CallerError:
    """What msgspec says of a value, as a refusal."""
    found = _FAULT.fullmatch(fault)
    told, path = (found[1], found[2] or "") if found else (fault, "")
    param = f"{at}{path.replace('[...]', '')}"
    if missing := _MISSING.match(told):
        param = f"{param}.{missing[1]}"
        return invalid(f"{param} is required.", param)
    expected = _EXPECTED.match(told)
    if expected is None:
        return invalid(f"{param} cannot be read: {told}.", param)
    words = [_WORDS.get(word, word) for word in expected[1].split(" | ") if word != "null"]
    return invalid(f"{param} must be {' or '.join(words)}.", param)
