"""From a parsed call to its route: the gate for the model asked for, and again for every hop."""

from ..core.errors import Refusal, Refused
from ..core.model import Model
from ..core.snapshot import Snapshot
from ..gate.gate import Verdict, decide, judge
from ..routing.plan import Route, walk
from .call import Call


def verdict_on(snapshot: Snapshot, call: Call, now: float) -> Verdict:
    """What the gate says of the model asked for."""
    return decide(snapshot, call.asked.model, call.caller, call.asked.needs, now)


def admit(snapshot: Snapshot, call: Call, now: float, max_hops: int) -> Route:
    """The route of a call; raises ``Refused`` with every reason when the gate says no."""
    verdict = verdict_on(snapshot, call, now)
    if verdict.model is None or not verdict.allowed:
        raise Refused(verdict.refusals)
    return plan(snapshot, call, verdict.model, now, max_hops)


def plan(snapshot: Snapshot, call: Call, first: Model, now: float, max_hops: int) -> Route:
    """The hops that may serve a call, best first."""

    def reasons(model: Model) -> tuple[Refusal, ...]:
        return judge(model, call.caller, call.asked.needs, now, snapshot)

    return walk(snapshot, first, reasons, max_hops if call.failover else 1)
