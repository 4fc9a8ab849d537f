"""Bedrock's errors: an object with a ``message``, and their type beside it.

References: docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html and
smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html, "Operation error serialization". The type
stands in the header ``x-amzn-errortype`` or in the body's ``code`` or ``__type``, perhaps behind a
namespace and before a URL; in a stream it is the name of the exception.
"""

from collections.abc import Mapping

import msgspec

from ..json_object import NOT_JSON

TYPE_HEADER = "x-amzn-errortype"
_MODEL_MISSING = "model_not_found"
_NO_SUCH_MODEL = "The provided model identifier is invalid"
"""How Bedrock's message begins that a model does not exist; its type is ValidationException."""


class _Told(msgspec.Struct, frozen=True, gc=False):
    message: str | None = None
    capital_message: str | None = msgspec.field(name="Message", default=None)
    code: str | None = None
    type: str | None = msgspec.field(name="__type", default=None)
    original_message: str | None = msgspec.field(name="originalMessage", default=None)
    original_status: int | None = msgspec.field(name="originalStatusCode", default=None)


_decoder = msgspec.json.Decoder(_Told)
_ERRORS = range(400, 600)


def error_type(headers: Mapping[str, str], body: bytes) -> str | None:
    """The type of an error answer, as in ``ThrottlingException``; header names in lower case."""
    told = _told(body)
    if (told.message or told.capital_message or "").startswith(_NO_SUCH_MODEL):
        return _MODEL_MISSING
    return _bare(headers.get(TYPE_HEADER) or told.code or told.type or "") or None


def error_object(name: str, payload: bytes) -> bytes:
    """An error of a stream as an object with ``code``, ``type`` and ``message``."""
    told = _told(payload)
    kind = _bare(name)
    status = told.original_status
    code: str | int = kind if status is None or status not in _ERRORS else status
    message = told.original_message or told.message or told.capital_message
    return msgspec.json.encode({"code": code, "type": kind, "message": message})


def _told(body: bytes) -> _Told:
    try:
        return _decoder.decode(body)
    except NOT_JSON:
        return _Told()


def _bare(written: str) -> str:
    """The type without its namespace and without the URL of its documentation."""
    return written.partition(":")[0].rpartition("#")[2].strip()
