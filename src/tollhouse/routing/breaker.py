"""A breaker for each target: keeps requests from one that fails, and finds out when it is back.

Theory of operation. A breaker is CLOSED, OPEN or PROBING.

- CLOSED counts faults in a row; the fifth opens it for ``COOL_DOWN`` seconds. A 429 opens it at
  once, until the time the provider named. A success sets the count back. What is not the target's
  fault (a refused request, our own lack of connections, a request whose whole time was over)
  changes nothing.
- OPEN is passed over. Opening it again only ever extends it: of two times the later one counts.
- When the time is over, one request is let through (PROBING) while others still pass it over. If it
  succeeds the breaker closes, if it fails it opens anew. A probe that never comes back (its client
  left) is forgotten after another ``COOL_DOWN``.
- A success counts only if its request went out after the breaker opened: an answer that was under
  way already says nothing of the time since. Such a request need not be a probe, for when every hop
  of a plan is open they are tried all the same: a breaker spares time, it never turns an answer
  into a refusal.

Time is an argument, in monotonic seconds.
"""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TypeVar

from ..core.faults import Fault, FaultKind

FAULTS_TO_OPEN = 5
COOL_DOWN = 30.0
RATE_LIMIT_COOL_DOWN = 1.0
"""Seconds, for a 429 that names no time."""
LONGEST = 3600.0
"""Seconds; a provider that names a longer time is probed once an hour all the same."""

_COUNTED = frozenset(
    {
        FaultKind.CONNECT,
        FaultKind.FIRST_BYTE_TIMEOUT,
        FaultKind.IDLE_TIMEOUT,
        FaultKind.DISCONNECTED,
        FaultKind.STATUS,
        FaultKind.AUTH,
        FaultKind.MODEL_MISSING,
        FaultKind.INVALID_RESPONSE,
    }
)
_Hop = TypeVar("_Hop")


class BreakerState(StrEnum):
    """The state as operators see it."""

    CLOSED = "closed"
    OPEN = "open"
    PROBING = "probing"


class Breaker:
    """The health of one target."""

    __slots__ = ("_entered", "_faults", "_open_until", "_probe_until")

    def __init__(self) -> None:
        self._faults = 0
        self._open_until: float | None = None
        self._probe_until: float | None = None
        self._entered = False
        """Whether a request went out since it opened."""

    def state(self, now: float) -> BreakerState:
        """The state at ``now``."""
        if self._open_until is None:
            return BreakerState.CLOSED
        return BreakerState.OPEN if now < self._open_until else BreakerState.PROBING

    def admits(self, now: float) -> bool:
        """Whether a request may go through; taking the probe's place is up to ``enter``."""
        if self._open_until is None:
            return True
        probing = self._probe_until is not None and now < self._probe_until
        return now >= self._open_until and not probing

    def enter(self, now: float) -> None:
        """A request goes through; if it is the probe, others wait for what comes of it."""
        if self._open_until is None:
            return
        self._entered = True
        if now >= self._open_until:
            self._probe_until = now + COOL_DOWN

    def succeeded(self, now: float) -> None:
        """The target answered."""
        self._faults = 0
        if self._entered or self.state(now) is BreakerState.PROBING:
            self._open_until = self._probe_until = None
            self._entered = False

    def failed(self, fault: Fault, now: float) -> None:
        """The target met with a fault."""
        if fault.kind is FaultKind.RATE_LIMITED:
            wait = RATE_LIMIT_COOL_DOWN if fault.retry_after is None else fault.retry_after
            self._open(now + min(wait, LONGEST))
        elif fault.kind in _COUNTED:
            self._faults += 1
            if self._faults >= FAULTS_TO_OPEN or self._open_until is not None:
                self._open(now + COOL_DOWN)

    def _open(self, until: float) -> None:
        self._entered = False
        self._probe_until = None
        self._open_until = until if self._open_until is None else max(self._open_until, until)


def order(
    hops: Sequence[_Hop], breaker_of: Callable[[_Hop], Breaker | None], now: float
) -> Sequence[_Hop]:
    """The hops that their breakers admit, in order; all of them when none is admitted."""
    admitted = [hop for hop in hops if (breaker := breaker_of(hop)) is None or breaker.admits(now)]
    return admitted or hops
