"""What the client is told when every attempt failed."""

import pytest

from tollhouse.core.errors import Code, GatewayError, UpstreamError
from tollhouse.core.faults import Fault, FaultKind
from tollhouse.core.record import Attempt
from tollhouse.routing.surrender import error_for


def told(*faults: Fault) -> UpstreamError | GatewayError:
    """The error after these faults, each of another model."""
    return error_for(
        [
            (Attempt(f"m{n}", "p", fault.label, 12, fault.status), fault)
            for n, fault in enumerate(faults)
        ]
    )


def limited(seconds: float | None = None) -> Fault:
    """A 429."""
    return Fault(FaultKind.RATE_LIMITED, status=429, retry_after=seconds)


@pytest.mark.parametrize(
    ("fault", "code", "status", "again"),
    [
        (Fault(FaultKind.CONNECT), Code.UPSTREAM_UNREACHABLE, 502, True),
        (Fault(FaultKind.FIRST_BYTE_TIMEOUT), Code.UPSTREAM_TIMEOUT, 504, True),
        (Fault(FaultKind.TOTAL_TIMEOUT), Code.UPSTREAM_TIMEOUT, 504, True),
        (Fault(FaultKind.IDLE_TIMEOUT), Code.UPSTREAM_IDLE_TIMEOUT, 504, True),
        (Fault(FaultKind.DISCONNECTED), Code.UPSTREAM_DISCONNECTED, 502, True),
        *(
            (Fault(FaultKind.STATUS, status=status), Code.UPSTREAM_ERROR, 502, True)
            for status in (408, 409, 500, 502, 503, 504, 529)
        ),
        (limited(7), Code.UPSTREAM_RATE_LIMITED, 429, True),
        (Fault(FaultKind.AUTH, status=401), Code.UPSTREAM_AUTH_ERROR, 502, False),
        (Fault(FaultKind.AUTH, status=403), Code.UPSTREAM_AUTH_ERROR, 502, False),
        (Fault(FaultKind.MODEL_MISSING, status=404), Code.UPSTREAM_MODEL_MISSING, 502, False),
        *(
            (Fault(FaultKind.REJECTED, status=status), Code.UPSTREAM_REJECTED, status, False)
            for status in (400, 413, 415, 422)
        ),
        (Fault(FaultKind.REJECTED, status=451), Code.UPSTREAM_REJECTED, 400, False),
        (Fault(FaultKind.INVALID_RESPONSE, status=302), Code.UPSTREAM_INVALID_RESPONSE, 502, True),
    ],
    ids=lambda value: value.label if isinstance(value, Fault) else None,
)
def test_C03_every_fault_has_its_answer(
    fault: Fault,
    code: Code,
    status: int,
    again: bool,  # noqa: FBT001 - a column
) -> None:
    """Code and status follow the fault, never 500; where a retry is hopeless the SDK is told so."""
    error = told(fault)
    assert isinstance(error, UpstreamError)
    assert (error.code, error.status) == (code, status)
    assert error.headers.get("x-should-retry") == (None if again else "false")


def test_every_kind_of_fault_is_told() -> None:
    """No kind is forgotten, and none blames the client with a 401, 403, 404 or 409."""
    for kind in FaultKind:
        for status in (None, 401, 403, 404, 409):
            assert told(Fault(kind, status=status)).status in {400, 429, 502, 503, 504}


def test_C06_retry_after_goes_to_the_client() -> None:
    """The last provider's time is passed on in whole seconds, rounded up; no time, no header."""
    assert told(limited(7)).headers == {"retry-after": "7"}
    assert told(limited(0.2)).headers == {"retry-after": "1"}
    assert told(limited(3), limited(60)).headers == {"retry-after": "60"}
    assert told(limited(3), limited()).headers == {"retry-after": "3"}
    assert told(limited()).headers == {}


def test_C11_rate_limit_is_told_only_if_it_came_last() -> None:
    """An earlier 429 does not hide what the last target met."""
    broken, refused = Fault(FaultKind.STATUS, status=500), Fault(FaultKind.AUTH, status=401)
    assert told(limited(), limited()).code is Code.UPSTREAM_RATE_LIMITED
    assert told(limited(3), broken).code is Code.UPSTREAM_ERROR
    assert told(limited(3), refused).code is Code.UPSTREAM_AUTH_ERROR
    last = told(broken, limited(3))
    assert (last.code, last.headers) == (Code.UPSTREAM_RATE_LIMITED, {"retry-after": "3"})


def test_last_fault_decides_and_hope_is_not_denied_too_early() -> None:
    """The last fault is told; a retry is discouraged only if no attempt's trouble may pass."""
    broken, refused = Fault(FaultKind.STATUS, status=500), Fault(FaultKind.AUTH, status=401)
    missing = Fault(FaultKind.MODEL_MISSING, status=404)
    error = told(broken, refused)
    assert (error.code, error.headers) == (Code.UPSTREAM_AUTH_ERROR, {})
    assert told(missing, refused).headers == {"x-should-retry": "false"}
    assert told(broken, Fault(FaultKind.REJECTED, status=400)).headers["x-should-retry"] == "false"


def test_C15_attempts_are_listed() -> None:
    """The error lists every attempt in order."""
    error = told(Fault(FaultKind.STATUS, status=500), Fault(FaultKind.CONNECT))
    assert isinstance(error, UpstreamError)
    assert [(a.model, a.result, a.milliseconds) for a in error.attempts] == [
        ("m0", "status_500", 12),
        ("m1", "connect", 12),
    ]


def test_refusal_repeats_the_providers_redacted_words() -> None:
    """A refused request is told with its message, parameter and the provider's own code."""
    error = told(
        Fault(
            FaultKind.REJECTED, status=422, message="no such voice", code="bad_voice", param="voice"
        )
    )
    assert isinstance(error, UpstreamError)
    assert (error.message, error.param, error.provider_code) == (
        "no such voice",
        "voice",
        "bad_voice",
    )


def test_G01_no_other_words_of_a_provider_are_repeated() -> None:
    """Whatever else a fault holds is not in the error."""
    for kind in set(FaultKind) - {FaultKind.REJECTED}:
        error = told(Fault(kind, message="sk-canary", code="sk-canary", detail="sk-canary"))
        assert "canary" not in error.message
        assert getattr(error, "provider_code", None) is None


def test_E04_full_pool_is_the_gateways_overload() -> None:
    """Our own lack of connections is a 503 of ours with a short Retry-After."""
    error = told(Fault(FaultKind.POOL, sent=False))
    assert isinstance(error, GatewayError)
    assert (error.code, error.status) == (Code.GATEWAY_OVERLOADED, 503)
    assert error.headers == {"retry-after": "1"}
