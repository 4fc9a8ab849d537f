"""The checks of the gate, in the contract's order, each a reason or None.

A check reads one effective model and what the request needs; none reads another check's result,
so that every reason is found. Messages are for the developer of the application.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ..core.caller import Caller
from ..core.errors import Code, Refusal
from ..core.model import Model, OwnerKind
from ..core.needs import Needs
from ..core.snapshot import Snapshot

_SHOWN = 128
"""Characters of a requested id that a message repeats."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the gate about one model."""

    model: Model
    caller: Caller
    needs: Needs
    now: float
    snapshot: Snapshot
    name: str
    """The id or alias that messages use: the client's own."""


def visible(model: Model, caller: Caller) -> bool:
    """Whether the caller may know of the model: its own, its org's, shared with its org, system."""
    owner = model.owner
    if owner.kind is OwnerKind.SYSTEM:
        return True
    same_org = owner.slug is not None and owner.slug == caller.org
    if owner.kind is OwnerKind.ORG:
        return same_org
    return (owner.id is not None and owner.id == caller.user) or (owner.shared and same_org)


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


def enabled(question: Question) -> Refusal | None:
    """Check 4: its own switch and its parent's."""
    if question.model.enabled:
        return None
    return Refusal(
        Code.MODEL_DISABLED,
        f"The model {_quoted(question.name)} is disabled. Use another model, or ask the"
        " administrator of this gateway to enable it.",
        param="model",
    )


def alive(question: Question) -> Refusal | None:
    """Check 5: past its end of life, by the clock."""
    model = question.model
    if model.end_of_life_at is None or question.now < model.end_of_life_at:
        return None
    message = f"The model {_quoted(question.name)} has reached its end of life."
    if model.deprecation_message:
        message += f" {model.deprecation_message}"
    replacement = model.replacement_model_id
    successor = question.snapshot.find(replacement) if replacement else None
    if successor is None or not visible(successor, question.caller):
        return Refusal(Code.MODEL_RETIRED, f"{message} Use another model.", param="model")
    return Refusal(
        Code.MODEL_RETIRED,
        f"{message} Use {_quoted(successor.model_id)} instead.",
        param="model",
        replacement=successor.model_id,
    )


def allowed(question: Question) -> Refusal | None:
    """Check 6: the orgs it is kept for."""
    slugs = question.model.org_slugs
    if not slugs or question.caller.org in slugs:
        return None
    return Refusal(
        Code.MODEL_NOT_ALLOWED,
        f"The model {_quoted(question.name)} is not available to this organisation. Ask the"
        " administrator of this gateway for access, or use another model.",
        param="model",
    )


def affordable(question: Question) -> Refusal | None:
    """Check 7: the tier against the org's plan."""
    tier, plan = question.model.tier, question.caller.plan
    plans = question.snapshot.tiers.get(tier, frozenset())
    if plan in plans:
        return None
    having = tuple(sorted(plans))
    return Refusal(
        Code.TIER_INSUFFICIENT,
        f"The model {_quoted(question.name)} is in the tier {tier}, which"
        f" {f'the plan {plan} does' if plan else 'a caller without a plan does'} not include."
        f" Plans that include it: {', '.join(having) or 'none'}.",
        param="model",
        plans=having,
    )


def suited(question: Question) -> Refusal | None:
    """Check 8: the type against the endpoint; a look-up asks for none."""
    endpoint, kind = question.needs.endpoint, question.model.type
    if endpoint is None or endpoint.model_type is kind:
        return None
    return Refusal(
        Code.ENDPOINT_NOT_SUPPORTED,
        f"The model {_quoted(question.name)} is of type {kind} and does not serve"
        f" /v1/{endpoint.path}. Use a model of type {endpoint.model_type}.",
        param="model",
    )


def capable(question: Question) -> Iterator[Refusal]:
    """Check 9: what the request needs and the model is known not to have."""
    for need in question.needs.capabilities:
        if question.model.capabilities.get(need.capability) is False:
            yield Refusal(
                Code.CAPABILITY_NOT_SUPPORTED,
                f"The model {_quoted(question.name)} does not support {need.capability}, which"
                f" {need.param} asks for. Leave that out or use another model.",
                param=need.param,
            )


def within_limits(question: Question) -> Iterator[Refusal]:
    """Check 10: output, input and dimensions asked for."""
    model, needs, name = question.model, question.needs, _quoted(question.name)
    most = model.limits.max_tokens
    if most is not None and needs.max_tokens is not None and needs.max_tokens > most:
        yield Refusal(
            Code.MAX_TOKENS_EXCEEDED,
            f"{needs.max_tokens_param} is {needs.max_tokens}, but the model {name} gives at most"
            f" {most} tokens. Ask for fewer.",
            param=needs.max_tokens_param,
        )
    window = model.limits.context_window
    # Words are at most half as many as bytes: short inputs are never counted.
    if window is not None and needs.input_bytes // 2 + needs.token_count > window:
        floor = needs.input_floor()
        if floor > window:
            yield Refusal(
                Code.CONTEXT_LENGTH_EXCEEDED,
                f"The input has at least {floor} tokens, but the context window of the model"
                f" {name} is {window}. Shorten the input or use a model with a larger window.",
            )
    yield from _dimensions(model, needs, name)


def _dimensions(model: Model, needs: Needs, name: str) -> Iterator[Refusal]:
    choices = model.supported_dimensions
    if not choices and model.dimensions is not None:
        choices = (model.dimensions,)
    if needs.dimensions is not None and choices and needs.dimensions not in choices:
        yield Refusal(
            Code.INVALID_DIMENSIONS,
            f"The model {name} does not give {needs.dimensions} dimensions. It gives:"
            f" {', '.join(map(str, choices))}.",
            param="dimensions",
        )


def _quoted(name: str) -> str:
    return f"'{name}'" if len(name) <= _SHOWN else f"'{name[:_SHOWN]}…'"
