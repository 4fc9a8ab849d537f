"""What to do after an attempt failed: the next hop, a wait and another try, or giving up.

Theory of operation
-------------------
A request has a plan: hops in order, each model once. Hops are taken from its front; what has been
tried is the history, oldest first, the same model's tries next to each other. After every fault
this function is asked, and its answer depends on nothing but its arguments.

1. *Ends.* The client's own mistake (REJECTED) would be one at every provider, and our own lack of
   connections (POOL) would spread to the next pool: both give up at once. So do a request whose
   time is over and one that has had ``max_attempts``.
2. *Onward.* While a hop is left, every other fault leads to it, without a wait: another provider
   owes nothing to the first one's trouble.
3. *Again.* With no hop left, the last target may be tried again:

   - after trouble that passes (``PASSING``), up to ``retries`` more times, each after a random part
     of a wait that doubles from ``BACKOFF_BASE`` to ``BACKOFF_CAP`` seconds ("full jitter", so
     that many requests hit by one fault do not come back as one);
   - after a 429 that names a time not above ``retry_after_cap``, once, after just that time. A
     second 429 says that the name was not to be trusted; a 429 without a time is passed on, since
     the client knows better than we how long it can wait.

   A refused credential or an unknown model (AUTH, MODEL_MISSING) will not pass by itself.
4. *In time.* A wait that would use up the time left is not begun.

Every path adds to the history or ends, and the history is bounded, so a request's calls are: at
most one for each hop, and ``retries`` plus one on the last, and never above ``max_attempts``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ..core.faults import Fault, FaultKind
from ..core.policy import FailoverPolicy

BACKOFF_BASE = 0.5
BACKOFF_CAP = 8.0

FINAL = frozenset({FaultKind.REJECTED, FaultKind.POOL, FaultKind.TOTAL_TIMEOUT})
"""Faults after which no other try is made anywhere."""

PASSING = frozenset(
    {
        FaultKind.CONNECT,
        FaultKind.FIRST_BYTE_TIMEOUT,
        FaultKind.IDLE_TIMEOUT,
        FaultKind.DISCONNECTED,
        FaultKind.STATUS,
        FaultKind.INVALID_RESPONSE,
    }
)
"""Faults that another try on the same target may not meet."""


@dataclass(frozen=True, slots=True)
class Tried:
    """An attempt that failed."""

    model_id: str
    fault: Fault


@dataclass(frozen=True, slots=True)
class Next:
    """Send to this hop, now."""

    model_id: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Send to the last target again, after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Answer with what was met."""


Decision = Next | Wait | GiveUp


def decide(
    history: Sequence[Tried],
    remaining: Sequence[str],
    policy: FailoverPolicy,
    *,
    time_left: float,
    fraction: float,
    retries: int | None = None,
) -> Decision:
    """What follows the last entry of ``history``, which is not empty.

    ``remaining`` are the hops not tried yet, in order; ``time_left`` the seconds until the
    request's deadline; ``fraction`` a random number in [0, 1); ``retries`` the last target's own
    number, where it has one.
    """
    last = history[-1]
    over = time_left <= 0 or len(history) >= policy.max_attempts
    if over or last.fault.kind in FINAL:
        return GiveUp()
    if remaining:
        return Next(remaining[0])
    met = [tried.fault.kind for tried in history if tried.model_id == last.model_id]
    allowed = policy.retries if retries is None else retries
    seconds = _wait(last.fault, met, policy, allowed, fraction)
    return GiveUp() if seconds is None or seconds >= time_left else Wait(seconds)


def _wait(
    fault: Fault,
    met: Sequence[FaultKind],
    policy: FailoverPolicy,
    retries: int,
    fraction: float,
) -> float | None:
    """Seconds before the last target's next try; None when there is to be none."""
    if fault.kind is FaultKind.RATE_LIMITED:
        named = fault.retry_after
        first = met.count(FaultKind.RATE_LIMITED) == 1
        return named if named is not None and first and named <= policy.retry_after_cap else None
    done = sum(kind in PASSING for kind in met)
    if fault.kind not in PASSING or done > retries:
        return None
    return fraction * min(BACKOFF_CAP, BACKOFF_BASE * (1 << (done - 1)))
