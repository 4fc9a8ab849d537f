"""Errors in Anthropic's shape.

Reference: docs.claude.com/en/api/errors. What its envelope has no place for (our code, the field,
the attempts) stands beside ``type`` and ``message``; SDKs ignore it.
"""

from typing import Any

import msgspec

from ...core.errors import Code, TollhouseError
from ..openai.errors import error_object
from ..sse import event
from .threads import code_of

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    410: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_OURS = frozenset({Code.STORE_UNAVAILABLE, Code.ISSUER_UNAVAILABLE, Code.LEDGER_UNAVAILABLE})
"""Something of ours is down: a 503 that is no matter of load."""
_SERVER_ERROR = 500


def error_envelope(error: TollhouseError, request_id: str) -> dict[str, Any]:
    """The whole of an error answer, decoded."""
    shown = error_object(error, request_id)
    more = {
        name: value
        for name, value in shown.items()
        if name not in {"type", "message", "request_id"} and value is not None
    }
    told: dict[str, Any] = {"type": _type_of(error), "message": error.message}
    about_thread = code_of(str(shown["code"]), error.param)
    if about_thread is not None:
        told["details"] = {"error_code": about_thread}
    told |= more
    return {"type": "error", "error": told, "request_id": request_id}


def error_body(error: TollhouseError, request_id: str) -> bytes:
    """A whole error answer."""
    return msgspec.json.encode(error_envelope(error, request_id))


def error_event(error: TollhouseError, request_id: str) -> bytes:
    """The last event of a stream that failed; no ``message_stop`` follows it."""
    return event(error_body(error, request_id), b"error")


def _type_of(error: TollhouseError) -> str:
    status = error.status
    if status in _TYPES and error.code not in _OURS:
        return _TYPES[status]
    return "api_error" if status >= _SERVER_ERROR else "invalid_request_error"
