"""JSON objects edited without being re-written: every value but the named ones stays byte for byte.

Bodies are decoded one level deep into raw slices, so a 5 MB image is skipped over once and never
walked; numbers keep their spelling and unknown fields survive.

A provider's answer has to be UTF-8 wherever a client reads or acts on it. Of its strings that are
decoded nothing else can be read; arguments of a call that are an object in place of a string are
held to the same (``text_of``). An answer with other bytes there is malformed: nobody is to act on
words that were guessed. What only goes along with an answer (probabilities, errors) is not worth
losing it: there, U+FFFD stands for what is no letter (``owned``).
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from ..core.errors import CallerError, Code, invalid

Fields = dict[str, msgspec.Raw]
"""The top level of an object: names to JSON values as they were written."""

NOT_JSON = (ValueError, RecursionError)
"""What decoding may raise: bad syntax, another type, bad UTF-8, too large a number or depth."""

_LARGE = 16 * 1024
"""Bytes from which on a body is worth a closer look before it is searched or copied."""
_LF, _CR = ord("\n"), ord("\r")
_ESCAPE = ord("\\")
"""As a number, for one byte is found ten times as fast as a ``bytes`` of one."""
_TOO_DEEP = "The body is nested too deeply."
_decoder = msgspec.json.Decoder(Fields)
_encoder = msgspec.json.Encoder()


def read_object(data: bytes | msgspec.Raw) -> Fields | None:
    """The fields of an object, or None if ``data`` is anything else (an answer of a provider)."""
    try:
        return _decoder.decode(data)
    except NOT_JSON:
        return None


def read_request(body: bytes) -> Fields:
    """The fields of a client's body; a 400 that says what is wrong with it."""
    try:
        if not body.isascii():
            body.decode()
        fields = _decoder.decode(body)
    except UnicodeDecodeError:
        raise invalid("The body is not valid UTF-8.") from None
    except RecursionError:
        raise invalid(_TOO_DEEP) from None
    except msgspec.ValidationError:
        raise invalid("The body must be a JSON object.") from None
    except msgspec.DecodeError:
        if not body.strip():
            raise invalid("The request has no body; a JSON object is expected.") from None
        raise invalid("The body is not valid JSON.") from None
    if _may_repeat_model(body, fields):
        _refuse_second_model(body)
    return fields


def _may_repeat_model(body: bytes, fields: Fields) -> bool:
    """Whether a field called ``model``, perhaps with escapes, may be there a second time.

    A large body is judged by its length first: what is not accounted for by the fields, their
    quotes, colons and commas may be too short to hold another field.
    """
    if len(body) > _LARGE:
        needed = sum(map(len, fields)) + sum(map(len, fields.values())) + 4 * len(fields) + 1
        if len(body) - needed < len(b'"model":0,'):
            return False
    return body.count(b'"model"') > 1 or (_ESCAPE in body and b"\\u006" in body)


class _Model:
    """Stands for a value of ``model``; nothing is kept of it."""


class _Models(msgspec.Struct):
    model: _Model = msgspec.field(default_factory=_Model)


def _refuse_second_model(body: bytes) -> None:
    """Two readers may disagree on which of two ``model`` fields counts, so none is accepted."""
    seen = []

    def see(_: type, value: Any) -> _Model:
        seen.append(value)
        return _Model()

    try:
        msgspec.json.decode(body, type=_Models, dec_hook=see)
    except NOT_JSON:
        raise invalid("The field model must be a string.", "model") from None
    if len(seen) > 1:
        raise CallerError(
            Code.INVALID_REQUEST_ERROR, "The field model is given more than once.", param="model"
        )


def write_object(fields: Mapping[str, msgspec.Raw]) -> bytes:
    """The object again, compact at its top level, its values as they were."""
    return _encoder.encode(fields)


def write_body(fields: Mapping[str, msgspec.Raw]) -> bytes:
    """The same, for what may be large: the encoder would copy megabytes several times over."""
    if sum(map(len, fields.values())) < _LARGE:
        return _encoder.encode(fields)
    pieces: list[bytes | msgspec.Raw] = []
    for name, value in fields.items():
        pieces += (b"," if pieces else b"{", _encoder.encode(name), b":", value)
    return b"".join([*pieces, b"}"])


def write_value(value: object) -> bytes:
    """A body made of what a client sent; a 400 where it goes deeper than can be written.

    What could just be read may stand deeper in the new body than it did in the client's.
    """
    try:
        return _encoder.encode(value)
    except RecursionError:
        raise invalid(_TOO_DEEP) from None


def text_of(value: msgspec.Raw) -> str:
    """JSON as text; ``NOT_JSON`` where it is no UTF-8, as it may be where it was not decoded."""
    return bytes(value).decode()


def owned(value: msgspec.Raw) -> msgspec.Raw:
    """A copy that may stand in anything that is written: in UTF-8, and on one line."""
    copy = bytes(value)
    if not copy.isascii():
        copy = copy.decode(errors="replace").encode()
    if _LF in copy or _CR in copy:
        copy = copy.replace(b"\n", b" ").replace(b"\r", b" ")
    return msgspec.Raw(copy)


def raw(value: object) -> msgspec.Raw:
    """A value as JSON, to be put into ``Fields``."""
    return msgspec.Raw(_encoder.encode(value))
