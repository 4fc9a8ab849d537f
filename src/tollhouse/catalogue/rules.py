"""What must hold between the fields of one document.

The rules read the raw document, so that they speak even when other fields are faulty: a writer
sees everything at once. What they cannot read they leave to the shape's own check.
"""

from collections.abc import Callable, Iterator
from typing import Any

from ..core.errors import FieldFault
from ..core.history import Document
from ..core.needs import ModelType
from .documents.pricing import PRICE_FIELDS, USABLE
from .documents.provider_config import INHERITED_ONLY
from .storable import join

INHERITED = (
    "provider",
    "upstream_model",
    "connection",
    "capabilities",
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
