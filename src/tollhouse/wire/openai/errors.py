"""Errors in OpenAI's shape: ours written, the providers' read.

Reference: platform.openai.com/docs/guides/error-codes. ``request_id`` is ours; SDKs ignore it.
"""

import re
from dataclasses import dataclass
from typing import Any

import msgspec

from ...core.errors import Refused, TollhouseError, UpstreamError
from ...core.needs import Endpoint
from ..json_object import NOT_JSON
from ..sse import event

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "insufficient_quota",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}
_SERVER_ERROR = 500
_MAX_COMPLAINTS = 8
_NAME = re.compile(r"[A-Za-z0-9._\-\[\]]{1,64}")
_NOT_NAMES = frozenset({"None", "null"})
"""Some hosts write their language's nothing where a name should be."""
_anything = msgspec.json.Decoder(float_hook=str)


def error_object(error: TollhouseError, request_id: str) -> dict[str, Any]:
    """The value of ``error``; extra members only where they say more."""
    code = (isinstance(error, UpstreamError) and error.provider_code) or error.code
    shown: dict[str, Any] = {
        "message": error.message,
        "type": _type_of(error.status),
        "param": error.param or None,
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


def error_event(
    error: TollhouseError, request_id: str, endpoint: Endpoint, sequence: int = 0
) -> bytes:
    """The last event of a stream that failed; no terminator follows it.

    Responses streams have an ``error`` event of their own, numbered like the others; elsewhere SDKs
    raise on any data that holds a true ``error``.
    """
    shown = error_object(error, request_id)
    if endpoint is Endpoint.RESPONSES:
        flat = {name: shown[name] for name in ("code", "message", "param")}
        told = {"type": "error", **flat, "sequence_number": sequence, "error": shown}
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
    """Read a provider's error body, or the bare error object, of whatever shape. Never raises."""
    try:
        found = _anything.decode(body)
    except NOT_JSON:
        return ProviderError()
    if isinstance(found, list) and found:
        found = found[0]
    if isinstance(found, dict) and found.get("error"):
        found = found["error"]
    if not isinstance(found, dict):
        return ProviderError(message=_text(found))
    details = found.get("details")
    code = _first(found, "code", "status", "statusCode")
    if code is None and isinstance(details, dict):
        code = details.get("error_code")  # Anthropic's, of which ``type`` is but the kind
    return ProviderError(
        message=_text(_first(found, "message", "Message", "detail", "msg", "errors")),
        code=code if isinstance(code, int) and not isinstance(code, bool) else _name(code),
        type=_name(found.get("type")) or _name(found.get("status")) or _bare(found.get("__type")),
        param=_name(found.get("param")),
    )


def _first(found: dict[str, Any], *names: str) -> Any:
    """The value of the first of these names that has one."""
    return next((found[name] for name in names if found.get(name)), None)


def _text(value: Any, depth: int = 3) -> str | None:
    """A message out of what hosts put where one should be: text, details, lists of complaints."""
    if isinstance(value, str):
        return value or None
    if not depth:
        return None
    if isinstance(value, dict):
        text = _text(_first(value, "message", "msg", "detail", "error"), depth - 1)
        place = value.get("loc")
        if text is None or not isinstance(place, list):
            return text
        return f"{'.'.join(str(step) for step in place if isinstance(step, str | int))}: {text}"
    if isinstance(value, list):
        texts = [_text(one, depth - 1) for one in value[:_MAX_COMPLAINTS]]
        return "; ".join(text for text in texts if text) or None
    return None


def _bare(value: object) -> str | None:
    """AWS's name of an error, which may stand behind a namespace."""
    return _name(value.rpartition("#")[2]) if isinstance(value, str) else None


def _name(value: object) -> str | None:
    """A short name that may be shown; free text in such a field is not passed on."""
    if not isinstance(value, str) or value in _NOT_NAMES:
        return None
    return value if _NAME.fullmatch(value) else None
