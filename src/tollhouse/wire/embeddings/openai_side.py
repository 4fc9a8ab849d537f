"""The client's side of embeddings: OpenAI's request read once, its answer written.

API reference: platform.openai.com/docs/api-reference/embeddings. A client that asks for base64, as
OpenAI's own SDK does unless it is told otherwise, gets the vectors as float32 in little-endian
order; one that asks for floats gets the numbers as the provider spelled them.
"""

import array
import base64
import sys
from typing import Any

import msgspec

from ...core.errors import invalid
from ..json_object import NOT_JSON, Fields, raw
from ..neutral.answer import NotAnAnswer
from ..neutral.losses import Losses

_STEERED = frozenset({"model", "input", "dimensions", "encoding_format"})
_OPEN = b'{"object":"list","data":['
_EMBEDDING = b'{"object":"embedding","index":%d,"embedding":%b}'
_INPUT_FORMS = "The field input must be a string, or a list of strings that is not empty."

_input: msgspec.json.Decoder[Any] = msgspec.json.Decoder(str | list[str])
_tokens: msgspec.json.Decoder[Any] = msgspec.json.Decoder(list[int | list[int]])
_dimensions = msgspec.json.Decoder(int | None)
_format = msgspec.json.Decoder(str | None)
_string = msgspec.json.Decoder(str)
_numbers = msgspec.json.Decoder(list[float])


class Asked(msgspec.Struct, frozen=True):
    """What is to be embedded, and how the vectors are wanted."""

    texts: tuple[str, ...]
    dimensions: int | None = None
    base64: bool = False
    others: Fields = {}
    """The fields that are not OpenAI's own or that a target may lack (``user``, ``input_type``)."""


class Embedded(msgspec.Struct, frozen=True):
    """The vectors of an answer in the order of the texts, each a JSON list of numbers.

    ``usage`` is in OpenAI's spelling, None where the provider tells none.
    """

    vectors: tuple[msgspec.Raw, ...]
    usage: bytes | None = None


def read_asked(fields: Fields, losses: Losses) -> Asked:
    """An OpenAI embeddings body; a 400 names what cannot be used."""
    return Asked(
        _texts(fields.get("input"), losses),
        _count(fields.get("dimensions")),
        is_base64(fields),
        {name: value for name, value in fields.items() if name not in _STEERED},
    )


def is_base64(fields: Fields) -> bool:
    """Whether the vectors are wanted in base64 rather than as numbers."""
    written = fields.get("encoding_format")
    try:
        encoding = None if written is None else _format.decode(written)
    except NOT_JSON:
        encoding = ""
    if encoding not in {None, "float", "base64"}:
        raise invalid('The field encoding_format must be "float" or "base64".', "encoding_format")
    return encoding == "base64"


def string_of(asked: Asked, name: str) -> str | None:
    """One of the other fields, which has to be a string where it is given."""
    written = asked.others.get(name)
    if written is None or bytes(written) == b"null":
        return None
    try:
        return _string.decode(written)
    except NOT_JSON:
        raise invalid(f"The field {name} must be a string.", name) from None


def one_text(asked: Asked, losses: Losses) -> str:
    """The text, for targets that take a single one a call."""
    if len(asked.texts) > 1:
        raise losses.essential("input", "more than one text a call")
    return asked.texts[0]


def leave_out_others(asked: Asked, losses: Losses, *known: str) -> None:
    """The knobs that a target lacks: all other fields but those that it ``known``."""
    for name in asked.others:
        if name not in known:
            losses.knob(name)


def embedded(vectors: list[msgspec.Raw], tokens: int | None) -> Embedded | NotAnAnswer:
    """The vectors of an answer, if they are some and nothing but numbers."""
    if not vectors:
        return NotAnAnswer(None, "the body has no embeddings")
    try:
        for vector in vectors:
            if not _numbers.decode(vector):
                return NotAnAnswer(None, "an embedding is empty")
    except NOT_JSON:
        return NotAnAnswer(None, "an embedding is not a list of numbers")
    usage = None
    if tokens is not None:
        usage = bytes(raw({"prompt_tokens": tokens, "total_tokens": tokens}))
    return Embedded(tuple(vectors), usage)


def write_answer(answer: Embedded, *, model: str, usage: bytes, as_base64: bool) -> bytes:
    """The client's answer; ``usage`` is the finished usage object."""
    rows = [
        _EMBEDDING % (index, _in_base64(vector) if as_base64 else bytes(vector))
        for index, vector in enumerate(answer.vectors)
    ]
    return b"".join(
        (_OPEN, b",".join(rows), b'],"model":', bytes(raw(model)), b',"usage":', usage, b"}")
    )


def _in_base64(vector: msgspec.Raw) -> bytes:
    """As a JSON string: the alphabet of base64 needs no escapes."""
    packed = array.array("f", _numbers.decode(vector))
    if sys.byteorder == "big":
        packed.byteswap()
    return b'"' + base64.b64encode(packed) + b'"'


def _texts(written: msgspec.Raw | None, losses: Losses) -> tuple[str, ...]:
    if written is None:
        raise invalid(_INPUT_FORMS, "input")
    try:
        told = _input.decode(written)
    except NOT_JSON:
        if _is_tokens(written):
            raise losses.essential("input", "tokens in place of text") from None
        raise invalid(_INPUT_FORMS, "input") from None
    texts = (told,) if isinstance(told, str) else tuple(told)
    if not texts:
        raise invalid(_INPUT_FORMS, "input")
    for place, text in enumerate(texts):
        if not text:
            param = "input" if isinstance(told, str) else f"input[{place}]"
            raise invalid(f"The field {param} is an empty string.", param)
    return texts


def _is_tokens(written: msgspec.Raw) -> bool:
    try:
        return bool(_tokens.decode(written))
    except NOT_JSON:
        return False


def _count(written: msgspec.Raw | None) -> int | None:
    try:
        count = None if written is None else _dimensions.decode(written)
    except NOT_JSON:
        count = 0
    if count is not None and count < 1:
        raise invalid("The field dimensions must be a whole number from 1 on.", "dimensions")
    return count
