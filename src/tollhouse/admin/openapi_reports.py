"""The JSON of what the plane reports: explanations, previews, records, retiring models, letters.

Only for the document of the plane, as ``openapi_shapes`` is. What repeats one of our own structs is
made from it, so that a new field cannot be missing here.
"""

from typing import Any, Literal

import msgspec
from pydantic import ConfigDict, create_model

from ..catalogue.documents.fields import Time
from ..core.record import Attempt, Record
from ..core.usage import Usage
from ..core.webhook import DeliveryState
from .openapi_shapes import Shown

_EXACT = ConfigDict(extra="forbid", defer_build=True)


def _fields(struct: type[msgspec.Struct], *left_out: str) -> dict[str, Any]:
    return {
        one.name: (one.type, ...)
        for one in msgspec.structs.fields(struct)
        if one.name not in left_out
    }


# --- Explanations ---


class ReasonShown(Shown):
    """Why a check does not pass."""

    code: str
    message: str
    param: str | None


class CheckShown(Shown):
    """One check of the gate."""

    check: str
    passed: bool
    reasons: list[ReasonShown]


class WindowShown(Shown):
    """A brown-out that is not over."""

    start: Time
    end: Time
    share: str
    in_force: bool


class HopShown(Shown):
    """A hop of the plan; the cost is a bound."""

    model: str
    provider: str
    estimated_cost: float | None
    currency: str | None


class SkippedShown(Shown):
    """A hop that the gate leaves out."""

    model: str
    reasons: list[ReasonShown]


class ExplanationShown(Shown):
    """What would happen to a request."""

    object: Literal["explanation"]
    requested_model: str
    org: str | None
    plan: str | None
    endpoint: str | None
    allowed: bool
    code: str | None
    redirected_from: str | None
    checks: list[CheckShown]
    brownouts: list[WindowShown]
    hops: list[HopShown]
    skipped: list[SkippedShown]
    catalogue_version: int


# --- Previews ---


class FieldShown(Shown):
    """A field that changes; absent is null."""

    field: str
    before: Any
    after: Any


class AccessShown(Shown):
    """An org that gains or loses a model, and the refusal on the other side of the change."""

    org: str
    model: str
    code: str


class AccessesShown(Shown):
    """Those, at most a thousand, and how many there are."""

    count: int
    data: list[AccessShown]


class BothAccesses(Shown):
    """What is gained and what is lost."""

    gained: AccessesShown
    lost: AccessesShown


class EffectShown(Shown):
    """What becomes of requests; costs by currency, refusals by code."""

    requests: int
    refused: int
    refusals: dict[str, int]
    repriced: int
    cost_before: dict[str, float]
    cost_after: dict[str, float]
    unpriced_before: int
    unpriced_after: int
    rerouted: int


class EffectOnOrg(EffectShown):
    """The same for an org."""

    org: str | None


class EffectOnKey(EffectOnOrg):
    """The same for a key."""

    key: str | None


class EffectInAll(EffectShown):
    """The same for all requests that were looked at; ``cut`` when there were more."""

    since: Time
    until: Time
    cut: bool
    by_org: list[EffectOnOrg]
    by_key: list[EffectOnKey]


class ImpactShown(Shown):
    """What a patch would do."""

    object: Literal["impact"]
    model_id: str
    catalogue_version: int
    changes: list[FieldShown]
    affected_models: list[str]
    access: BothAccesses
    requests: EffectInAll
    not_judged: list[str]


# --- Records ---

UsageReported = create_model(
    "UsageReported",
    __config__=_EXACT,
    **{**_fields(Usage), "upstream_cost": (float | None, ...)},
)
AttemptShown = create_model(
    "AttemptShown",
    __config__=_EXACT,
    **{**_fields(Attempt), "usage": (UsageReported | None, ...), "cost": (float | None, ...)},
)
_SHOWN_OTHERWISE = ("key_id", "overhead_us", "first_byte_us")
RecordShown = create_model(
    "RecordShown",
    __config__=_EXACT,
    **{
        **_fields(Record, *_SHOWN_OTHERWISE),
        "key": (str | None, ...),
        "started_at": (Time, ...),
        "ended_at": (Time | None, ...),
        "overhead_ms": (float, ...),
        "first_byte_ms": (float | None, ...),
        "cost": (float | None, ...),
        "usage": (UsageReported | None, ...),
        "attempts": (list[AttemptShown], ...),  # type: ignore[valid-type] # made above
        # Not for an org to see, and so not in every answer.
        "upstream_model": (str | None, None),
    },
)


# --- Retiring models and undelivered events ---


class CallsShown(Shown):
    """Requests of a span; the cost is null where nothing had a price."""

    requests: int
    failed: int
    cost: float | None
    unpriced: int


class StillCalling(Shown):
    """Who still calls a model."""

    org: str | None
    key: str | None
    last_24h: CallsShown
    last_7d: CallsShown


class RetiringShown(Shown):
    """A model whose end of life is near."""

    model_id: str
    end_of_life_at: Time
    seconds_left: int
    replacement_model_id: str | None
    deprecation_message: str | None
    last_24h: CallsShown
    last_7d: CallsShown
    callers: list[StillCalling]


class LetterShown(Shown):
    """The delivery of an event to a webhook."""

    id: str
    webhook: str
    event: str
    state: DeliveryState
    at: Time
    attempts: int
    problem: str | None
