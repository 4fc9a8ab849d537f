"""What a provider's status, or the error code inside a 200, says of its trouble.

The table is contract section 7's. Two statuses that it does not name are read by their meaning: 402
tells that our account with the provider is out of money, which is no fault of the caller's (AUTH);
410 that the provider has retired its model (MODEL_MISSING).
"""

import re
from collections.abc import Mapping

from ..core.faults import Fault, FaultKind
from .retry_after import parse

_KINDS = {
    401: FaultKind.AUTH,
    402: FaultKind.AUTH,
    403: FaultKind.AUTH,
    404: FaultKind.MODEL_MISSING,
    408: FaultKind.STATUS,
    409: FaultKind.STATUS,
    410: FaultKind.MODEL_MISSING,
    429: FaultKind.RATE_LIMITED,
}

_CODES = {
    # The request is at fault.
    "invalid_request_error": 400,
    "bad_request": 400,
    "invalid_argument": 400,
    "failed_precondition": 400,
    "context_length_exceeded": 400,
    "string_above_max_length": 400,
    "content_filter": 400,
    "content_policy_violation": 400,
    "invalid_prompt": 400,
    "invalid_image": 400,
    "invalid_value": 400,
    "missing_required_parameter": 400,
    "unknown_parameter": 400,
    "unsupported_parameter": 400,
    "unsupported_value": 400,
    "request_too_large": 413,
    # Our credential, account or model name is.
    "authentication_error": 401,
    "invalid_api_key": 401,
    "unauthenticated": 401,
    "billing_not_active": 402,
    "permission_error": 403,
    "permission_denied": 403,
    "not_found": 404,
    "not_found_error": 404,
    "model_not_found": 404,
    "deployment_not_found": 404,
    "deploymentnotfound": 404,
    # The provider is, or it is full.
    "insufficient_quota": 429,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "rate_limited": 429,
    "resource_exhausted": 429,
    "tokens": 429,
    "requests": 429,
    "too_many_requests": 429,
    "api_error": 500,
    "internal": 500,
    "internal_error": 500,
    "internal_server_error": 500,
    "server_error": 500,
    "service_unavailable": 503,
    "unavailable": 503,
    "deadline_exceeded": 504,
    "timeout": 504,
    "timeout_error": 504,
    "engine_overloaded": 529,
    "overloaded": 529,
    "overloaded_error": 529,
}

_BAD_GATEWAY = 502
_NAME = re.compile(r"[A-Za-z0-9_.\-\[\]]{1,128}", re.ASCII)


def fault_for_status(
    status: int,
    headers: Mapping[str, str],
    now: float,
    *,
    code: str | None = None,
    message: str | None = None,
    param: str | None = None,
) -> Fault:
    """The fault that an answer's status is; ``now`` in Unix seconds, header names in lower case.

    ``message`` is the provider's text, already redacted; it and ``param`` are kept only where the
    client may see them. A ``code`` or ``param`` that does not look like one is dropped.
    """
    kind = _kind(status)
    shown = kind is FaultKind.REJECTED
    return Fault(
        kind,
        status=status,
        retry_after=parse(headers, now),
        message=message if shown else None,
        code=_name(code),
        param=_name(param) if shown else None,
        detail=f"the provider answered {status}",
    )


def status_for_error_code(*codes: object) -> int:
    """The status that the first known of an error's codes stands for, 502 when none is known.

    Codes come as numbers, as numbers in strings and as names (an error's ``code``, then ``type``).
    """
    for code in codes:
        status = _status(code)
        if status is not None:
            return status
    return _BAD_GATEWAY


def _kind(status: int) -> FaultKind:
    if status in _KINDS:
        return _KINDS[status]
    match status // 100:
        case 4:
            return FaultKind.REJECTED
        case 5:
            return FaultKind.STATUS
        case _:
            return FaultKind.INVALID_RESPONSE


def _status(code: object) -> int | None:
    if isinstance(code, str):
        known = _CODES.get(code.strip().lower())
        if known is not None:
            return known
        code = int(code) if re.fullmatch(r"\d{3}", code, re.ASCII) else None
    error = isinstance(code, int) and 400 <= code <= 599  # noqa: PLR2004 - HTTP's error statuses
    return int(code) if error and isinstance(code, int) else None


def _name(text: str | None) -> str | None:
    return text if text is not None and _NAME.fullmatch(text) else None
