"""What the client is told when no attempt gave an answer.

The code follows the last fault: a 429 is told when the last target was rate limited, with the time
it named, and not when an earlier one was. Nothing of a provider's own text is repeated but its
redacted words about the client's request.
"""

import math
from collections.abc import Sequence

from ..core.errors import Code, GatewayError, UpstreamError
from ..core.faults import Fault, FaultKind
from ..core.record import Attempt

_TOLD = {
    FaultKind.CONNECT: (Code.UPSTREAM_UNREACHABLE, "The provider could not be reached."),
    FaultKind.FIRST_BYTE_TIMEOUT: (Code.UPSTREAM_TIMEOUT, "The provider did not answer in time."),
    FaultKind.TOTAL_TIMEOUT: (Code.UPSTREAM_TIMEOUT, "The request's time was over."),
    FaultKind.IDLE_TIMEOUT: (Code.UPSTREAM_IDLE_TIMEOUT, "The provider's answer stopped."),
    FaultKind.DISCONNECTED: (
        Code.UPSTREAM_DISCONNECTED,
        "The provider closed the connection before its answer was complete.",
    ),
    FaultKind.STATUS: (Code.UPSTREAM_ERROR, "The provider failed."),
    FaultKind.RATE_LIMITED: (Code.UPSTREAM_RATE_LIMITED, "The provider is rate limiting."),
    FaultKind.AUTH: (
        Code.UPSTREAM_AUTH_ERROR,
        "The provider refused the gateway's credential; yours is fine.",
    ),
    FaultKind.MODEL_MISSING: (
        Code.UPSTREAM_MODEL_MISSING,
        "The provider does not know the model that the gateway asks it for.",
    ),
    FaultKind.REJECTED: (Code.UPSTREAM_REJECTED, "The provider refused the request."),
    FaultKind.INVALID_RESPONSE: (
        Code.UPSTREAM_INVALID_RESPONSE,
        "The provider's answer could not be used.",
    ),
}

_PASSED_ON = frozenset({400, 413, 415, 422})
"""Statuses of a refusal that are the client's as they are; any other becomes 400."""

_HOPELESS = frozenset({FaultKind.REJECTED, FaultKind.AUTH, FaultKind.MODEL_MISSING})
"""Faults that the same request meets again."""

_POOL_SECONDS = 1
"""When a client may come back after finding every connection busy."""


def error_for(history: Sequence[tuple[Attempt, Fault]]) -> UpstreamError | GatewayError:
    """The error for a request whose attempts, oldest first and at least one, all failed."""
    faults = [fault for _, fault in history]
    fault = faults[-1]
    if fault.kind is FaultKind.POOL:
        headers = {"retry-after": str(_POOL_SECONDS)}
        message = "All connections to the provider are busy."
        return GatewayError(Code.GATEWAY_OVERLOADED, message, headers=headers)
    code, message = _TOLD[fault.kind]
    rejected = fault.kind is FaultKind.REJECTED
    return UpstreamError(
        code,
        (fault.message if rejected else None) or message,
        attempts=[attempt for attempt, _ in history],
        param=fault.param,
        headers=_headers(fault, faults),
        status=_status(fault) if rejected else None,
        provider_code=fault.code if rejected else None,
    )


def _headers(fault: Fault, faults: Sequence[Fault]) -> dict[str, str]:
    headers = {}
    if fault.kind is FaultKind.RATE_LIMITED:
        named = [each.retry_after for each in faults if each.retry_after is not None]
        if named:
            headers["retry-after"] = str(math.ceil(named[-1]))
    if fault.kind is FaultKind.REJECTED or all(each.kind in _HOPELESS for each in faults):
        headers["x-should-retry"] = "false"
    return headers


def _status(fault: Fault) -> int | None:
    return fault.status if fault.status in _PASSED_ON else None
