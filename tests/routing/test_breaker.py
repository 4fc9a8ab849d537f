"""The breaker, as a playbook: what happens when, and whom it lets through."""

import pytest

from tollhouse.core.faults import Fault, FaultKind
from tollhouse.routing.breaker import (
    COOL_DOWN,
    FAULTS_TO_OPEN,
    LONGEST,
    RATE_LIMIT_COOL_DOWN,
    Breaker,
    BreakerState,
    order,
)

BROKEN = Fault(FaultKind.STATUS, status=500)
COUNTED = [
    FaultKind.CONNECT,
    FaultKind.FIRST_BYTE_TIMEOUT,
    FaultKind.IDLE_TIMEOUT,
    FaultKind.DISCONNECTED,
    FaultKind.STATUS,
    FaultKind.AUTH,
    FaultKind.MODEL_MISSING,
    FaultKind.INVALID_RESPONSE,
]
NOT_COUNTED = [FaultKind.REJECTED, FaultKind.POOL, FaultKind.TOTAL_TIMEOUT]


def limited(seconds: float | None) -> Fault:
    """A 429."""
    return Fault(FaultKind.RATE_LIMITED, status=429, retry_after=seconds)


def opened(at: float = 0.0) -> Breaker:
    """A breaker that opened after faults."""
    breaker = Breaker()
    for _ in range(FAULTS_TO_OPEN):
        breaker.failed(BROKEN, at)
    return breaker


def test_every_kind_of_fault_is_judged() -> None:
    """No kind is forgotten in the tables of this file."""
    assert {*COUNTED, *NOT_COUNTED, FaultKind.RATE_LIMITED} == set(FaultKind)


@pytest.mark.parametrize("kind", COUNTED)
def test_five_faults_in_a_row_open_it(kind: FaultKind) -> None:
    """The fifth fault in a row opens it for a cool-down, not the fourth."""
    breaker = Breaker()
    for _ in range(4):
        breaker.failed(Fault(kind), 0)
        assert breaker.state(0) is BreakerState.CLOSED
    breaker.failed(Fault(kind), 0)
    assert breaker.state(0) is BreakerState.OPEN
    assert not breaker.admits(COOL_DOWN - 0.1)
    assert breaker.admits(COOL_DOWN)


@pytest.mark.parametrize("kind", NOT_COUNTED)
def test_C07_what_is_not_the_targets_fault_is_not_counted(kind: FaultKind) -> None:
    """Refused requests and our own trouble neither open it nor break the row."""
    breaker = Breaker()
    for _ in range(4):
        breaker.failed(BROKEN, 0)
    for _ in range(20):
        breaker.failed(Fault(kind), 0)
    assert breaker.state(0) is BreakerState.CLOSED
    breaker.failed(BROKEN, 0)
    assert breaker.state(0) is BreakerState.OPEN


def test_success_starts_the_row_anew() -> None:
    """Four faults, a success, four faults: closed."""
    breaker = Breaker()
    for _ in range(4):
        breaker.failed(BROKEN, 0)
    breaker.succeeded(0)
    for _ in range(4):
        breaker.failed(BROKEN, 0)
    assert breaker.state(0) is BreakerState.CLOSED


def test_rate_limit_opens_until_the_named_time() -> None:
    """One 429 opens it, until just then; without a time, for a moment; never for ever."""
    for named, seconds in ((7.0, 7.0), (None, RATE_LIMIT_COOL_DOWN), (1e9, LONGEST)):
        breaker = Breaker()
        breaker.failed(limited(named), 100)
        assert not breaker.admits(100 + seconds - 0.1)
        assert breaker.admits(100 + seconds)


def test_C10_opening_again_extends_and_never_shortens() -> None:
    """Of two times the later one counts, in either order."""
    for times in ((60, 5), (5, 60)):
        breaker = Breaker()
        for seconds in times:
            breaker.failed(limited(seconds), 0)
        assert not breaker.admits(59)
        assert breaker.admits(60)
    breaker = opened(at=0)
    breaker.failed(limited(120), 10)
    breaker.failed(BROKEN, 20)
    assert not breaker.admits(129)
    assert breaker.admits(130)


def test_one_probe_goes_through_and_closes_it() -> None:
    """After the cool-down one request passes, others do not; its success closes."""
    breaker = opened()
    now = COOL_DOWN
    assert breaker.state(now) is BreakerState.PROBING
    assert breaker.admits(now)
    breaker.enter(now)
    assert not breaker.admits(now)
    breaker.succeeded(now + 1)
    assert breaker.state(now + 1) is BreakerState.CLOSED
    assert breaker.admits(now + 1)


def test_failed_probe_opens_it_for_another_cool_down() -> None:
    """One fault is enough for a breaker on probation."""
    breaker = opened()
    breaker.enter(COOL_DOWN)
    breaker.failed(BROKEN, COOL_DOWN + 1)
    assert breaker.state(COOL_DOWN + 1) is BreakerState.OPEN
    assert not breaker.admits(2 * COOL_DOWN)
    assert breaker.admits(2 * COOL_DOWN + 1)


def test_probe_after_a_rate_limit_is_on_probation_too() -> None:
    """A target that comes back from a 429 with another fault is open again."""
    breaker = Breaker()
    breaker.failed(limited(5), 0)
    breaker.enter(5)
    breaker.failed(BROKEN, 6)
    assert not breaker.admits(6 + COOL_DOWN - 0.1)
    assert breaker.admits(6 + COOL_DOWN)


def test_lost_probe_is_replaced() -> None:
    """A probe of which nothing is heard blocks the target for one cool-down, no longer."""
    breaker = opened()
    breaker.enter(COOL_DOWN)
    assert not breaker.admits(2 * COOL_DOWN - 0.1)
    assert breaker.admits(2 * COOL_DOWN)


def test_success_from_before_does_not_close_it() -> None:
    """An answer to a request sent before it opened leaves it open; one sent since closes it."""
    breaker = Breaker()
    breaker.enter(0)
    breaker.failed(limited(60), 1)
    breaker.succeeded(2)
    assert breaker.state(2) is BreakerState.OPEN
    breaker.enter(3)
    breaker.succeeded(4)
    assert breaker.state(4) is BreakerState.CLOSED


def test_open_targets_are_passed_over() -> None:
    """Hops with an open breaker are left out, the order of the others is kept."""
    breakers = {"a": opened(), "b": Breaker()}
    assert order(["a", "b", "c"], breakers.get, 1) == ["b", "c"]
    assert order(["c", "b", "a"], breakers.get, COOL_DOWN) == ["c", "b", "a"]


def test_C11_when_all_are_open_they_are_tried_anyway() -> None:
    """A breaker never turns an answer into a refusal: not with one target, not with all open."""
    breakers = {"a": opened(), "b": opened()}
    assert order(["a"], breakers.get, 1) == ["a"]
    assert order(["a", "b"], breakers.get, 1) == ["a", "b"]
