"""The failover decision: contract section 7's table, each row with and without hops and time."""

import pytest

from tollhouse.core.faults import Fault, FaultKind
from tollhouse.core.policy import FailoverPolicy
from tollhouse.routing.decide import (
    BACKOFF_BASE,
    BACKOFF_CAP,
    Decision,
    GiveUp,
    Next,
    Tried,
    Wait,
    decide,
)

POLICY = FailoverPolicy()
PASSING = [
    Fault(FaultKind.CONNECT, sent=False),
    Fault(FaultKind.FIRST_BYTE_TIMEOUT),
    Fault(FaultKind.IDLE_TIMEOUT),
    Fault(FaultKind.DISCONNECTED),
    Fault(FaultKind.INVALID_RESPONSE),
    *(Fault(FaultKind.STATUS, status=s) for s in (408, 409, 500, 502, 503, 504, 529)),
]
LASTING = [Fault(FaultKind.AUTH, status=401), Fault(FaultKind.MODEL_MISSING, status=404)]
FINAL = [
    *(Fault(FaultKind.REJECTED, status=s) for s in (400, 413, 415, 422)),
    Fault(FaultKind.POOL, sent=False),
    Fault(FaultKind.TOTAL_TIMEOUT),
]
LIMITED = Fault(FaultKind.RATE_LIMITED, status=429, retry_after=3)


def after(
    *met: Fault | tuple[str, Fault],
    left: tuple[str, ...] = (),
    time_left: float = 100.0,
    fraction: float = 0.5,
    policy: FailoverPolicy = POLICY,
    retries: int | None = None,
) -> Decision:
    """The decision after faults met by model ``a``, or by those named."""
    history = [Tried(*one) if isinstance(one, tuple) else Tried("a", one) for one in met]
    return decide(history, left, policy, time_left=time_left, fraction=fraction, retries=retries)


@pytest.mark.parametrize("fault", [*PASSING, *LASTING, LIMITED], ids=lambda fault: fault.label)
def test_C03_next_hop_is_taken_at_once(fault: Fault) -> None:
    """With a hop left, every fault that is the provider's moves on without waiting."""
    assert after(fault, left=("b", "c")) == Next("b")


@pytest.mark.parametrize("fault", FINAL, ids=lambda fault: fault.label)
def test_C07_the_requests_own_trouble_ends_it(fault: Fault) -> None:
    """A refused request, our own full pool and a spent request try no other hop, and not again."""
    assert after(fault, left=("b",)) == GiveUp()
    assert after(fault) == GiveUp()


@pytest.mark.parametrize("fault", PASSING, ids=lambda fault: fault.label)
def test_last_target_is_tried_again_after_trouble_that_passes(fault: Fault) -> None:
    """With no hop left, trouble that passes leads to ``retries`` more tries, then to the end."""
    assert after(fault) == Wait(0.25)
    assert after(fault, fault) == GiveUp()
    assert after(fault, retries=0) == GiveUp()
    assert after(fault, fault, retries=2) == Wait(0.5)


@pytest.mark.parametrize("fault", LASTING, ids=lambda fault: fault.label)
def test_trouble_that_stays_is_not_tried_again(fault: Fault) -> None:
    """A refused credential or an unknown model is as it is; there is nothing to wait for."""
    assert after(fault, retries=5) == GiveUp()


@pytest.mark.parametrize(
    "fault", [*PASSING, *LASTING, *FINAL, LIMITED], ids=lambda fault: fault.label
)
def test_time_that_is_over_ends_everything(fault: Fault) -> None:
    """With no time left nothing more is tried, hop or no hop."""
    for time_left in (0.0, -1.0):
        assert after(fault, left=("b",), time_left=time_left) == GiveUp()
        assert after(fault, time_left=time_left) == GiveUp()


@pytest.mark.parametrize("fault", [PASSING[0], LIMITED], ids=lambda fault: fault.label)
def test_wait_that_would_use_up_the_time_is_not_begun(fault: Fault) -> None:
    """Near the deadline a wait gives way to an answer; a hop that needs none is still taken."""
    assert after(fault, time_left=0.2) == GiveUp()
    assert after(fault, left=("b",), time_left=0.2) == Next("b")


def test_backoff_doubles_up_to_its_cap_and_is_spread() -> None:
    """The n-th wait is a random part of a bound that doubles until the cap."""
    policy = FailoverPolicy(max_attempts=99)
    fault = PASSING[0]
    for tries in range(1, 12):
        bound = min(BACKOFF_CAP, BACKOFF_BASE * 2 ** (tries - 1))
        for fraction in (0.0, 0.3, 0.999):
            made = after(*[fault] * tries, retries=50, policy=policy, fraction=fraction)
            assert isinstance(made, Wait)
            assert made.seconds == pytest.approx(fraction * bound)


# --- 429 ---


@pytest.mark.parametrize("seconds", [0.0, 3.0, 10.0])
def test_C06_short_retry_after_is_waited_for(seconds: float) -> None:
    """With no hop left a 429 waits just as long as the provider said, up to the cap."""
    assert after(Fault(FaultKind.RATE_LIMITED, retry_after=seconds)) == Wait(seconds)


@pytest.mark.parametrize("seconds", [10.1, 3600.0, None])
def test_C06_long_or_unnamed_retry_after_is_passed_on(seconds: float | None) -> None:
    """A longer time, or none, is the client's to wait."""
    assert after(Fault(FaultKind.RATE_LIMITED, retry_after=seconds)) == GiveUp()


def test_C06_is_waited_for_once() -> None:
    """A provider that is not ready when it said is not believed again."""
    assert after(LIMITED, LIMITED, retries=5) == GiveUp()


def test_C06_wait_and_retry_have_budgets_of_their_own() -> None:
    """A 429 uses up no retry, a retry no wait; together they still end."""
    broken = PASSING[0]
    assert after(LIMITED, broken) == Wait(0.25)
    assert after(broken, LIMITED) == Wait(3)
    assert after(broken, LIMITED, broken) == GiveUp()
    assert after(LIMITED, broken, LIMITED) == GiveUp()


def test_only_the_last_targets_own_faults_use_up_its_retries() -> None:
    """What earlier hops met costs the last one nothing."""
    broken = PASSING[0]
    assert after(("a", broken), ("b", broken)) == Wait(0.25)
    assert after(("a", LIMITED), ("b", LIMITED)) == Wait(3)
    assert after(("a", broken), ("b", broken), ("b", broken)) == GiveUp()


# --- Bounds ---


@pytest.mark.parametrize("fault", [*PASSING, LIMITED], ids=lambda fault: fault.label)
def test_C05_attempts_are_bounded(fault: Fault) -> None:
    """After ``max_attempts`` there is no other, whatever is left."""
    history = [(f"m{n}", fault) for n in range(4)]
    assert after(*history, left=("x",)) == GiveUp()
    assert after(*history) == GiveUp()
    assert after(*history[:3], left=("x",)) == Next("x")


@pytest.mark.parametrize("fault", [*PASSING, *LASTING, LIMITED], ids=lambda fault: fault.label)
@pytest.mark.parametrize("hops", [1, 2, 3, 6])
@pytest.mark.parametrize("retries", [0, 1, 3])
def test_C02_C05_C12_calls_of_a_request_that_always_fails(
    fault: Fault, hops: int, retries: int
) -> None:
    """Each hop is called once and in order, the last one as often as allowed, then it ends."""
    plan = [f"m{n}" for n in range(hops)]
    calls, left = [plan[0]], plan[1:]
    while True:
        made = after(*[(model, fault) for model in calls], left=tuple(left), retries=retries)
        if isinstance(made, GiveUp):
            break
        calls.append(left.pop(0) if isinstance(made, Next) else calls[-1])
    waits = 1 if fault is LIMITED else 0
    again = retries if fault in PASSING else waits
    assert calls == (plan + [plan[-1]] * again)[: POLICY.max_attempts]


def test_C13_refused_request_is_called_exactly_once() -> None:
    """A 400 is one call, although a hop and retries are there."""
    assert after(FINAL[0], left=("b",), retries=3) == GiveUp()
