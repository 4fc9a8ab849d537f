"""From a parsed call to its route: the gate for the model asked for, and again for every hop."""

from ..core.caller import Caller
from ..core.errors import Refused
from ..core.needs import Needs
from ..core.snapshot import Snapshot
from ..gate.gate import decide, judge
from ..routing.plan import Route, walk
from .call import Call


def admit(snapshot: Snapshot, call: Call, now: float, max_hops: int) -> Route:
    """The hops of a call, best first; raises ``Refused`` with every reason when the gate says no.

    ``now`` is in Unix seconds.
    """
    asked = call.asked
    hops = max_hops if call.failover else 1
    return plan(snapshot, asked.model, call.caller, asked.needs, now, hops, call.request_id)


def plan(
    snapshot: Snapshot,
    requested: str,
    caller: Caller,
    needs: Needs,
    now: float,
    max_hops: int,
    request_id: str | None = None,
) -> Route:
    """The same for a request of which only this is known."""
    verdict = decide(snapshot, requested, caller, needs, now, request_id)
    if verdict.model is None or verdict.refusals:
        raise Refused(verdict.refusals)
    return walk(
        snapshot,
        verdict.model,
        lambda model: judge(model, caller, needs, now, snapshot, request_id),
        max_hops,
    )
