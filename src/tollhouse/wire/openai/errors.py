"""Errors in OpenAI's shape: ours written, the providers' read.

Reference: platform.openai.com/docs/guides/error-codes. ``request_id`` is ours; SDKs ignore it.
"""

from dataclasses import dataclass
from typing import Any

import msgspec

from ...core.errors import Refused, TollhouseError, UpstreamError
from ...core.needs import Endpoint
from ..sse import event

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "insufficient_quota",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}
_CLIENT_ERROR = 400
_SERVER_ERROR = 500
_MAX_CODE = 64


def error_object(error: TollhouseError, request_id: str) -> dict[str, Any]:
    """The value of ``error``; extra members only where they say more."""
    code = (isinstance(error, UpstreamError) and error.provider_code) or error.code
    shown: dict[str, Any] = {
        "message": error.message,
        "type": _type_of(error.status),
        "param": error.param,
        "code": code,
        "request_id": request_id,
    }
    if isinstance(error, UpstreamError) and error.attempts:
        shown["attempts"] = [
            {
                "model": attempt.model,
                "provider": attempt.provider,
                "status": attempt.status,
                "fault": attempt.result,
                "milliseconds": attempt.milliseconds,
            }
            for attempt in error.attempts
        ]
    if isinstance(error, Refused):
        first = error.reasons[0]
        more = {
            "close_ids": first.close_ids,
            "replacement_model": first.replacement,
            "plans": first.plans,
        }
        shown |= {name: value for name, value in more.items() if value}
    return shown


def error_body(error: TollhouseError, request_id: str) -> bytes:
    """A whole error answer."""
    return msgspec.json.encode({"error": error_object(error, request_id)})


def error_event(error: TollhouseError, request_id: str, endpoint: Endpoint) -> bytes:
    """The last event of a stream that failed; no terminator follows it.

    Responses streams have an ``error`` event of their own; elsewhere SDKs raise on any data that
    holds a true ``error``.
    """
    shown = error_object(error, request_id)
    if endpoint is Endpoint.RESPONSES:
        flat = {name: shown[name] for name in ("code", "message", "param")}
        told = {"type": "error", **flat, "sequence_number": 0, "error": shown}
        return event(msgspec.json.encode(told), b"error")
    return event(msgspec.json.encode({"error": shown}))


def _type_of(status: int) -> str:
    if status >= _SERVER_ERROR:
        return "server_error"
    return _TYPES.get(status, "invalid_request_error")


@dataclass(frozen=True, slots=True)
class ProviderError:
    """What a provider's error body says; all of it is untrusted text."""

    message: str | None = None
    code: str | int | None = None
    type: str | None = None
    param: str | None = None


def read_error(body: bytes) -> ProviderError:
    """Read a provider's error body, or the bare error object, of whatever shape."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return ProviderError()
    if isinstance(found, dict) and found.get("error"):
        found = found["error"]
    if isinstance(found, str):
        return ProviderError(message=found)
    if not isinstance(found, dict):
        return ProviderError()
    message = found.get("message", found.get("detail"))
    code = found.get("code", found.get("status"))
    return ProviderError(
        message=message if isinstance(message, str) else None,
        code=_name(code) if isinstance(code, str) else code if isinstance(code, int) else None,
        type=_name(found.get("type")),
        param=_name(found.get("param")),
    )


def _name(value: object) -> str | None:
    """A short name that may be shown; free text in such a field is not passed on."""
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_CODE:
        return None
    plain = value.replace(".", "").replace("_", "").replace("-", "")
    plain = plain.replace("[", "").replace("]", "")
    return value if plain.isascii() and plain.isalnum() else None
