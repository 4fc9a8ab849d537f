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

Check = Callable[[Model], Refusal | None]
"""Says why a model's provider cannot be asked a request, which the gate cannot know."""


def admit(snapshot: Snapshot, call: Call, now: float) -> Model:
    """The model that a call is let in to; raises ``Refused`` with every reason when it is not.

    ``now`` is in Unix seconds. What follows that model is ``route``'s, once it has failed.
    """
    asked = call.asked
    model = _passed(snapshot, asked.model, call.caller, asked.needs, now, call.request_id)
    lane: Lane | None = model.target.lanes.get(call.endpoint)
    # Nothing is wrong with a lane that is known and passes bytes through.
    if (lane is None or lane.translated) and (refusal := refusal_of(call, model)) is not None:
        raise Refused((refusal,))
    return model


def route(snapshot: Snapshot, call: Call, first: Model, now: float, max_hops: int) -> Route:
    """The hops of a call that was let in to ``first`` at ``now``, best first."""
    return onward(
        snapshot,
        first,
        call.caller,
        call.asked.needs,
        now,
        max_hops if call.failover else 1,
        request_id=call.request_id,
        check=lambda model: refusal_of(call, model),
    )


def plan(
    snapshot: Snapshot,
    requested: str,
    caller: Caller,
    needs: Needs,
    now: float,
    max_hops: int,
    request_id: str | None = None,
) -> Route:
    """Both for a request of which only this is known."""

    def check(model: Model) -> Refusal | None:
        return no_lane(model, needs.endpoint)

    model = _passed(snapshot, requested, caller, needs, now, request_id)
    if (refusal := check(model)) is not None:
        raise Refused((refusal,))
    return onward(snapshot, model, caller, needs, now, max_hops, request_id=request_id, check=check)


def onward(
    snapshot: Snapshot,
    first: Model,
    caller: Caller,
    needs: Needs,
    now: float,
    max_hops: int,
    *,
    request_id: str | None,
    check: Check,
) -> Route:
    """The hops from a model that has passed; one that the gate or ``check`` refuses is left out."""

    def against(model: Model) -> tuple[Refusal, ...]:
        refusals = judge(model, caller, needs, now, snapshot, request_id)
        unsaid = None if refusals else check(model)
        return refusals if unsaid is None else (unsaid,)

    return walk(snapshot, first, against, max_hops)


def _passed(
    snapshot: Snapshot,
    requested: str,
    caller: Caller,
    needs: Needs,
    now: float,
    request_id: str | None,
) -> Model:
    verdict = decide(snapshot, requested, caller, needs, now, request_id)
    if verdict.model is None or verdict.refusals:
        raise Refused(verdict.refusals)
    return verdict.model
