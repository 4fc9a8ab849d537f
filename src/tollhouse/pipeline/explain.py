"""What would happen to a request, check by check and hop by hop; nothing is sent.

The same gate and the same plan as a request's: there is no second set of rules to drift.
"""

from typing import Any

from msgspec import Raw
from msgspec.structs import replace

from ..core import money
from ..core.caller import Caller
from ..core.errors import Code, Refusal
from ..core.model import Model
from ..core.needs import Needs
from ..core.record import CostStatus
from ..core.snapshot import Snapshot
from ..core.times import write_time
from ..gate.gate import Verdict, decide
from ..pricing.charge import charge
from ..pricing.estimate import at_most
from .admission import Check, onward
from .lanes.choose import no_lane

_CHECKS = (
    ("exists", {Code.MODEL_NOT_FOUND}),
    ("enabled", {Code.MODEL_DISABLED}),
    ("lifecycle", {Code.MODEL_RETIRED}),
    ("org", {Code.MODEL_NOT_ALLOWED}),
    ("tier", {Code.TIER_INSUFFICIENT}),
    ("endpoint", {Code.ENDPOINT_NOT_SUPPORTED}),
    ("capabilities", {Code.CAPABILITY_NOT_SUPPORTED}),
    (
        "limits",
        {Code.MAX_TOKENS_EXCEEDED, Code.CONTEXT_LENGTH_EXCEEDED, Code.INVALID_DIMENSIONS},
    ),
    ("provider", {Code.UNSUPPORTED_PARAMETER}),
)
"""The gate's checks in its order, then whether the provider has words for the request; and the
codes that each can refuse with."""


def explain(
    snapshot: Snapshot,
    requested: str,
    caller: Caller,
    needs: Needs,
    now: float,
    *,
    max_hops: int,
    failover: bool = True,
    request_id: str | None = None,
    unsayable: Check | None = None,
) -> dict[str, Any]:
    """The verdict, every check, the hops in order, those left out and why, and a cost bound.

    ``now`` is in Unix seconds. ``request_id`` is that of a request that is there already: its draw
    decides in a brown-out, which is only told of without one. ``unsayable`` knows such a request
    whole, and why a provider cannot be asked it. Costs are JSON numbers in the model's currency, or
    null.
    """
    check = unsayable or (lambda model: no_lane(model, needs.endpoint))
    verdict = decide(snapshot, requested, caller, needs, now, request_id)
    if verdict.model is not None and verdict.allowed and (unsaid := check(verdict.model)):
        verdict = replace(verdict, refusals=(unsaid,))
    told = {
        "object": "explanation",
        "requested_model": requested,
        "org": caller.org,
        "plan": caller.plan,
        "endpoint": needs.endpoint,
        **_judged(verdict, now),
        "hops": [],
        "skipped": [],
        "catalogue_version": snapshot.version,
    }
    if verdict.model is None or not verdict.allowed:
        return told

    route = onward(
        snapshot,
        verdict.model,
        caller,
        needs,
        now,
        max_hops if failover else 1,
        request_id=request_id,
        check=check,
    )
    told["hops"] = [_hop(model, needs) for model in route.hops]
    told["skipped"] = [
        {"model": hop.model_id, "reasons": [_reason(one) for one in hop.refusals]}
        for hop in route.skipped
    ]
    return told


def _judged(verdict: Verdict, now: float) -> dict[str, Any]:
    return {
        "allowed": verdict.allowed,
        "code": None if verdict.allowed else verdict.refusals[0].code.value,
        "redirected_from": verdict.redirected_from,
        "checks": _checks(verdict.refusals),
        "brownouts": _brownouts(verdict.model, now),
    }


def _brownouts(model: Model | None, now: float) -> list[dict[str, Any]]:
    """The windows that are not over: when a share of requests is refused as after the end."""
    return [
        {
            "start": write_time(window.start),
            "end": write_time(window.end),
            "share": window.share,
            "in_force": now >= window.start,
        }
        for window in (model.brownouts if model is not None else ())
        if now < window.end
    ]


def _checks(refusals: tuple[Refusal, ...]) -> list[dict[str, Any]]:
    checks = []
    for name, codes in _CHECKS:
        against = [one for one in refusals if one.code in codes]
        reasons = [_reason(one) for one in against]
        checks.append({"check": name, "passed": not against, "reasons": reasons})
        if name == "exists" and against:
            break
    return checks


def _reason(refusal: Refusal) -> dict[str, Any]:
    return {"code": refusal.code.value, "message": refusal.message, "param": refusal.param}


def _hop(model: Model, needs: Needs) -> dict[str, Any]:
    prompt = model.system_prompt
    usage = at_most(
        needs, model.limits.max_tokens, prompt_bytes=prompt.size if prompt is not None else 0
    )
    estimate = charge(model.pricing, usage, status=CostStatus.ESTIMATED)
    return {
        "model": model.model_id,
        "provider": model.target.provider.name,
        "estimated_cost": None
        if estimate.cost is None
        else Raw(money.write(estimate.cost).encode()),
        "currency": estimate.currency,
    }
