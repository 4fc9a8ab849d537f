"""What must hold between the fields of one document.

The rules read the raw document, so that they speak even when other fields are faulty: a writer
sees everything at once. What they cannot read they leave to the shape's own check.
"""

from collections.abc import Callable, Iterator
from typing import Any

from ..core.errors import FieldFault
from ..core.history import Document
from ..core.needs import ModelType
from .documents.fields import parse_time
from .documents.pricing import PRICE_FIELDS, USABLE
from .documents.provider_config import INHERITED_ONLY
from .storable import join

INHERITED = (
    "provider",
    "upstream_model",
    "connection",
    "pricing",
    "tier",
    "credit_multiplier",
)
"""Fields that a model with a parent takes from it and cannot have itself."""

Faults = Iterator[FieldFault]


def document_faults(raw: Document) -> Faults:
    """Every rule that a document breaks by itself."""
    rules: tuple[Callable[[Document], Faults], ...] = (
        _parentage,
        _route,
        _ownership,
        _lifecycle,
        _brownouts,
    )
    for rule in rules:
        yield from rule(raw)
    if raw.get("parent_model_id") is None:
        yield from typed_faults(raw, raw.get("type"))


def typed_faults(raw: Document, kind: object) -> Faults:
    """What a document holds that a model of this type has no use for; unknown types pass."""
    if not isinstance(kind, str) or kind not in frozenset(ModelType):
        return
    kind = ModelType(kind)
    if kind is not ModelType.EMBEDDINGS:
        for name in ("dimensions", "supported_dimensions"):
            if raw.get(name) is not None:
                yield FieldFault(name, "is for embeddings models only")
    else:
        yield from _dimensions(raw)
    if kind is not ModelType.COMPLETION:
        for name in ("system_prompt", "system_prompt_id"):
            if raw.get(name) is not None:
                yield FieldFault(name, "is for completion models only")
    yield from _units(_object(raw.get("pricing")), kind)


def _parentage(raw: Document) -> Faults:
    if raw.get("parent_model_id") is None:
        if raw.get("type") is None:
            yield FieldFault("type", "is required")
        return
    for name in INHERITED:
        if raw.get(name) is not None:
            yield FieldFault(name, "comes from the parent model and cannot be set")
    if any(known is not False for known in _object(raw.get("capabilities")).values()):
        yield FieldFault("capabilities", "comes from the parent model: it can only be switched off")
    config = _object(raw.get("provider_config"))
    for name in INHERITED_ONLY:
        if config.get(name) is not None:
            yield FieldFault(
                f"provider_config.{name}", "comes from the parent model and cannot be set"
            )
    if _owner_kind(raw) == "system":
        yield FieldFault("parent_model_id", "is for org and user models only")


def _route(raw: Document) -> Faults:
    if raw.get("parent_model_id") is not None:
        return
    provider, connection = raw.get("provider"), raw.get("connection")
    if provider is None and connection is None:
        yield FieldFault("provider", "is required, unless the model has a connection of its own")
    elif provider is not None and connection is not None:
        yield FieldFault("connection", "cannot stand beside provider: give one of them")


def _ownership(raw: Document) -> Faults:
    own_credit = raw.get("parent_model_id") is None and raw.get("credit_multiplier") is not None
    if own_credit and _owner_kind(raw) != "system":
        yield FieldFault("credit_multiplier", "is for system models only")
    owner = _object(raw.get("owner"))
    if owner.get("kind") == "user" and owner.get("shared") is True and not owner.get("slug"):
        yield FieldFault("owner.slug", "is required to share a model: the org to share it with")


def _lifecycle(raw: Document) -> Faults:
    replacement = raw.get("replacement_model_id")
    if replacement is not None and replacement == raw.get("model_id"):
        yield FieldFault("replacement_model_id", "must not be the model itself")
    config = _object(raw.get("provider_config"))
    redirect = config.get("on_end_of_life") == "redirect"
    if redirect and replacement is None and raw.get("parent_model_id") is None:
        yield FieldFault(
            "provider_config.on_end_of_life", "needs a replacement_model_id to redirect to"
        )


def _brownouts(raw: Document) -> Faults:
    """Windows that are none, that overlap, or that reach beyond the end of life."""
    windows = raw.get("brownouts")
    if not isinstance(windows, list) or not windows:
        return
    ends = _moment(raw.get("end_of_life_at"))
    if raw.get("end_of_life_at") is None:
        yield FieldFault("brownouts", "needs an end_of_life_at that they come before")
    before: float | None = None
    for index, window in enumerate(map(_object, windows)):
        start, end = _moment(window.get("start")), _moment(window.get("end"))
        if start is None or end is None:
            continue
        if start >= end:
            yield FieldFault(f"brownouts[{index}].end", "must be after its start")
        if before is not None and start < before:
            yield FieldFault(f"brownouts[{index}].start", "must not be before the last one's end")
        if ends is not None and end > ends:
            yield FieldFault(f"brownouts[{index}].end", "must not be after end_of_life_at")
        before = end


def _moment(value: object) -> float | None:
    """Unix seconds; None for what the shape's own check complains of."""
    try:
        return parse_time(value) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None


def _dimensions(raw: Document) -> Faults:
    default, supported = raw.get("dimensions"), raw.get("supported_dimensions")
    choices = supported if isinstance(supported, list) else []
    if choices and default is not None and default not in choices:
        yield FieldFault("dimensions", "must be one of supported_dimensions")


def _units(pricing: Document, kind: ModelType) -> Faults:
    yield from _unusable(pricing, kind, "pricing")
    tiers = pricing.get("tiers")
    for index, tier in enumerate(tiers if isinstance(tiers, list) else ()):
        yield from _unusable(_object(tier), kind, f"pricing.tiers[{index}]")
    for name, prices in _object(pricing.get("service_tiers")).items():
        yield from _unusable(_object(prices), kind, f"pricing.service_tiers.{name}")
    if pricing.get("source") == "upstream" and pricing.get("currency", "USD") != "USD":
        yield FieldFault("pricing.currency", "must be USD where the provider reports the cost")


def _unusable(prices: Document, kind: ModelType, path: str) -> Faults:
    for name in PRICE_FIELDS:
        if prices.get(name) is not None and kind not in USABLE[name]:
            yield FieldFault(join(path, name), f"is a unit that a model of type {kind} cannot use")


def _owner_kind(raw: Document) -> object:
    return _object(raw.get("owner")).get("kind", "system")


def _object(value: Any) -> Document:
    return value if isinstance(value, dict) else {}
