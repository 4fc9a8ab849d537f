"""From a parsed call to its route: the gate for the model asked for, and again for every hop."""

from collections.abc import Callable

from ..core.caller import Caller
from ..core.errors import Refusal, Refused
from ..core.model import Model
from ..core.needs import Needs
from ..core.snapshot import Snapshot
from ..gate.gate import decide, judge
from ..routing.plan import Route, walk
from .call import Call
from .lanes.choose import no_lane, refusal_of
from .lanes.lane import Lane


def admit(snapshot: Snapshot, call: Call, now: float, max_hops: int) -> Route:
    """The hops of a call, best first; raises ``Refused`` with every reason when the gate says no.

    ``now`` is in Unix seconds.
    """
    asked = call.asked
    hops = max_hops if call.failover else 1
    return plan(
        snapshot,
        asked.model,
        call.caller,
        asked.needs,
        now,
        hops,
        call.request_id,
        lambda model: refusal_of(call, model),
    )


def plan(
    snapshot: Snapshot,
    requested: str,
    caller: Caller,
    needs: Needs,
    now: float,
    max_hops: int,
    request_id: str | None = None,
    unsayable: Callable[[Model], Refusal | None] | None = None,
) -> Route:
    """The same for a request of which only this is known.

    ``unsayable`` knows the request itself: it says why a model's provider cannot be asked it. The
    model that was asked for is refused then; one further down is passed over.
    """
    verdict = decide(snapshot, requested, caller, needs, now, request_id)
    if verdict.model is None or verdict.refusals:
        raise Refused(verdict.refusals)
    check = unsayable or (lambda model: no_lane(model, needs.endpoint))
    lane: Lane | None = verdict.model.target.lanes.get(needs.endpoint)
    # Nothing is wrong with a lane that is known and passes bytes through.
    if (lane is None or lane.translated) and (refusal := check(verdict.model)) is not None:
        raise Refused((refusal,))

    def against(model: Model) -> tuple[Refusal, ...]:
        refusals = judge(model, caller, needs, now, snapshot, request_id)
        unsaid = None if refusals else check(model)
        return refusals if unsaid is None else (unsaid,)

    return walk(snapshot, verdict.model, against, max_hops)
