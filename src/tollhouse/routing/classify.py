"""What a provider's status, or the error code inside a 200, says of its trouble.

The table is contract section 7's. Statuses that it does not name are read by their meaning: 402
tells that our account with the provider is out of money, which is no fault of the caller's (AUTH);
410 that the provider has retired its model (MODEL_MISSING); 424 that Bedrock's model failed at a
request that was sound, and 499 that Google has given one up (STATUS).

Names are those of OpenAI's codes and types, of Anthropic's types, of Google's ``google.rpc.Code``
and of AWS's exceptions, all in small letters: docs.claude.com/en/api/errors,
cloud.google.com/apis/design/errors, docs.aws.amazon.com/bedrock/latest/APIReference.
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
    424: FaultKind.STATUS,
    429: FaultKind.RATE_LIMITED,
    499: FaultKind.STATUS,
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
    "invalid_image_format": 400,
    "invalid_image_mode": 400,
    "invalid_image_url": 400,
    "invalid_base64_image": 400,
    "image_too_large": 400,
    "image_too_small": 400,
    "image_parse_error": 400,
    "image_file_too_large": 400,
    "image_file_not_found": 400,
    "image_content_policy_violation": 400,
    "empty_image_file": 400,
    "failed_to_download_image": 400,
    "unsupported_image_media_type": 400,
    "responsibleaipolicyviolation": 400,
    "badrequesterror": 400,
    "out_of_range": 400,
    "validationexception": 400,
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
    "unrecognizedclientexception": 401,
    "billing_error": 402,
    "billing_not_active": 402,
    "permission_error": 403,
    "permission_denied": 403,
    "accessdeniedexception": 403,
    "expiredtokenexception": 403,
    "invalidsignatureexception": 403,
    "not_found": 404,
    "not_found_error": 404,
    "model_not_found": 404,
    "deployment_not_found": 404,
    "deploymentnotfound": 404,
    "notfounderror": 404,
    "resourcenotfoundexception": 404,
    # The provider is, or it is full.
    "insufficient_quota": 429,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "rate_limited": 429,
    "resource_exhausted": 429,
    "tokens": 429,
    "requests": 429,
    "too_many_requests": 429,
    "throttlingexception": 429,
    "toomanyrequestsexception": 429,
    "servicequotaexceededexception": 429,
    "modelnotreadyexception": 429,
    "modeltimeoutexception": 408,
    "aborted": 409,
    "conflict_error": 409,
    "modelerrorexception": 424,
    "modelstreamerrorexception": 424,
    "cancelled": 499,
    "unknown": 500,
    "data_loss": 500,
    "internalservererror": 500,
    "internalserverexception": 500,
    "api_error": 500,
    "internal": 500,
    "internal_error": 500,
    "internal_server_error": 500,
    "server_error": 500,
    "unimplemented": 501,
    "service_unavailable": 503,
    "serviceunavailableexception": 503,
    "unavailable": 503,
    "deadline_exceeded": 504,
    "vector_store_timeout": 504,
    "timeout": 504,
    "timeout_error": 504,
    "engine_overloaded": 529,
    "overloaded": 529,
    "overloaded_error": 529,
}

_OF_THE_REQUEST = frozenset({"thread_not_found"})
"""Codes of a 404 for something else than our name of the model: the client's to know."""
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
    retry_after: float | None = None,
) -> Fault:
    """The fault that an answer's status is; ``now`` in Unix seconds, header names in lower case.

    ``retry_after`` is what the body says of it, in seconds; a header that names a time counts more.
    ``message`` is the provider's text, already redacted; it and ``param`` are kept only where the
    client may see them. A ``code`` or ``param`` that does not look like one is dropped.
    """
    kind = FaultKind.REJECTED if code in _OF_THE_REQUEST else _kind(status)
    shown = kind is FaultKind.REJECTED
    named = parse(headers, now)
    return Fault(
        kind,
        status=status,
        retry_after=retry_after if named is None else named,
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
