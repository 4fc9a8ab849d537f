"""The checks of the gate, in the contract's order, each with its reasons, usually none.

A check reads one effective model and what the request needs; none reads another check's result,
so that every reason is found. Messages are for the developer of the application.
"""

import msgspec

from ..core.caller import Caller
from ..core.errors import Code, Refusal
from ..core.model import Model, OwnerKind
from ..core.needs import Needs
from ..core.snapshot import Snapshot
from ..core.times import write_time
from .brownouts import brownout_at

_SHOWN = 128
"""Characters of a requested id that a message repeats."""


Reasons = tuple[Refusal, ...]
_NONE: Reasons = ()


class Question(msgspec.Struct, frozen=True, gc=False):
    """What is asked of the gate about one model."""

    model: Model
    caller: Caller
    needs: Needs
    now: float
    snapshot: Snapshot
    name: str
    """The id or alias that messages use: the client's own."""
    request_id: str | None = None
    """Whose draw decides in a brown-out; None where there is no request."""


def visible(model: Model, caller: Caller) -> bool:
    """Whether the caller may know of the model: its own, its org's, shared with its org, system."""
    owner = model.owner
    if owner.kind is OwnerKind.SYSTEM:
        return True
    same_org = owner.slug is not None and owner.slug == caller.org
    if owner.kind is OwnerKind.ORG:
        return same_org
    # Two orgs may each have a user of this id: whoever makes tokens in one is nobody in the other.
    own = owner.id is not None and owner.id == caller.user and (same_org or owner.slug is None)
    return own or (owner.shared and same_org)


def not_found(name: str, close_ids: tuple[str, ...] = ()) -> Refusal:
    """The refusal for an id that the caller has nothing under."""
    message = f"There is no model {_quoted(name)} for this credential."
    if close_ids:
        message += f" Close ids: {', '.join(close_ids)}."
    return Refusal(
        Code.MODEL_NOT_FOUND,
        f"{message} GET /v1/models lists the models it may use.",
        param="model",
        close_ids=close_ids,
    )


def enabled(question: Question) -> Reasons:
    """Check 4: its own switch and its parent's."""
    if question.model.enabled:
        return _NONE
    return (
        Refusal(
            Code.MODEL_DISABLED,
            f"The model {_quoted(question.name)} is disabled. Use another model, or ask the"
            " administrator of this gateway to enable it.",
            param="model",
        ),
    )


def alive(question: Question) -> Reasons:
    """Check 5: past its end of life, by the clock, or in a brown-out before it."""
    model = question.model
    if model.end_of_life_at is None:
        return _NONE
    if question.now >= model.end_of_life_at:
        message = f"The model {_quoted(question.name)} has reached its end of life."
    elif window := brownout_at(model, question.request_id, question.now):
        message = (
            f"The model {_quoted(question.name)} reaches its end of life on"
            f" {write_time(model.end_of_life_at)}. Ahead of that, a share of its requests"
            f" ({window.share}) is refused from {write_time(window.start)}"
            f" to {write_time(window.end)}."
        )
    else:
        return _NONE
    if model.deprecation_message:
        message += f" {model.deprecation_message}"
    replacement = model.replacement_model_id
    successor = question.snapshot.find(replacement) if replacement else None
    if successor is None or not visible(successor, question.caller):
        return (Refusal(Code.MODEL_RETIRED, f"{message} Use another model.", param="model"),)
    return (
        Refusal(
            Code.MODEL_RETIRED,
            f"{message} Use {_quoted(successor.model_id)} instead.",
            param="model",
            replacement=successor.model_id,
        ),
    )


def allowed(question: Question) -> Reasons:
    """Check 6: the orgs it is kept for."""
    slugs = question.model.org_slugs
    if not slugs or question.caller.org in slugs:
        return _NONE
    return (
        Refusal(
            Code.MODEL_NOT_ALLOWED,
            f"The model {_quoted(question.name)} is not available to this organisation. Ask the"
            " administrator of this gateway for access, or use another model.",
            param="model",
        ),
    )


def affordable(question: Question) -> Reasons:
    """Check 7: the tier against the org's plan."""
    tier, plan = question.model.tier, question.caller.plan
    plans = question.snapshot.tiers.get(tier, frozenset())
    if plan in plans:
        return _NONE
    having = tuple(sorted(plans))
    return (
        Refusal(
            Code.TIER_INSUFFICIENT,
            f"The model {_quoted(question.name)} is in the tier {tier}, which"
            f" {f'the plan {plan} does' if plan else 'a caller without a plan does'} not include."
            f" Plans that include it: {', '.join(having) or 'none'}.",
            param="model",
            plans=having,
        ),
    )


def suited(question: Question) -> Reasons:
    """Check 8: the type against the endpoint; a look-up asks for none."""
    endpoint, kind = question.needs.endpoint, question.model.type
    if endpoint is None or endpoint.model_type is kind:
        return _NONE
    return (
        Refusal(
            Code.ENDPOINT_NOT_SUPPORTED,
            f"The model {_quoted(question.name)} is of type {kind} and does not serve"
            f" /v1/{endpoint.path}. Use a model of type {endpoint.model_type}.",
            param="model",
        ),
    )


def capable(question: Question) -> Reasons:
    """Check 9: what the request needs and the model is known not to have."""
    needed = question.needs.capabilities
    if not needed:
        return _NONE
    capabilities = question.model.capabilities
    return tuple(
        Refusal(
            Code.CAPABILITY_NOT_SUPPORTED,
            f"The model {_quoted(question.name)} does not support {need.capability}, which"
            f" {need.param} asks for. Leave that out or use another model.",
            param=need.param,
        )
        for need in needed
        if capabilities.get(need.capability) is False
    )


def short_enough(question: Question) -> Reasons:
    """Check 10: the output asked for."""
    most, asked = question.model.limits.max_tokens, question.needs.max_tokens
    if most is None or asked is None or asked <= most:
        return _NONE
    param = question.needs.max_tokens_param
    return (
        Refusal(
            Code.MAX_TOKENS_EXCEEDED,
            f"{param} is {asked}, but the model {_quoted(question.name)} gives at most"
            f" {most} tokens. Ask for fewer.",
            param=param,
        ),
    )


def fitting(question: Question) -> Reasons:
    """Check 10: the input, and what the model puts in front of it."""
    model, needs = question.model, question.needs
    window, prompt = model.limits.context_window, model.system_prompt
    if window is None:
        return _NONE
    put_in_front = prompt.words if prompt is not None else 0
    # Words are at most half as many as bytes: short inputs are never counted.
    if needs.input_bytes // 2 + needs.token_count + put_in_front <= window:
        return _NONE
    floor = needs.input_floor() + put_in_front
    if floor <= window:
        return _NONE
    what = "input, with the system prompt of the model," if put_in_front else "input"
    return (
        Refusal(
            Code.CONTEXT_LENGTH_EXCEEDED,
            f"The {what} has at least {floor} tokens, but the context window of the model"
            f" {_quoted(question.name)} is {window}. Shorten the input or use a model with a"
            " larger window.",
        ),
    )


def of_known_size(question: Question) -> Reasons:
    """Check 10: the dimensions asked for."""
    wanted, model = question.needs.dimensions, question.model
    if wanted is None:
        return _NONE
    choices = model.supported_dimensions
    if not choices and model.dimensions is not None:
        choices = (model.dimensions,)
    if not choices or wanted in choices:
        return _NONE
    return (
        Refusal(
            Code.INVALID_DIMENSIONS,
            f"The model {_quoted(question.name)} does not give {wanted} dimensions. It gives:"
            f" {', '.join(map(str, choices))}.",
            param="dimensions",
        ),
    )


CHECKS = (
    enabled,
    alive,
    allowed,
    affordable,
    suited,
    capable,
    short_enough,
    fitting,
    of_known_size,
)
"""Checks 4 to 10, in the contract's order; check 3 is ``visible``."""


def _quoted(name: str) -> str:
    return f"'{name}'" if len(name) <= _SHOWN else f"'{name[:_SHOWN]}…'"
