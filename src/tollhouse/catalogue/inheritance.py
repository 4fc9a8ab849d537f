"""What an org's or user's model takes from the system model it hangs off.

The parent's answer to *what is called and what it costs* always holds: provider, upstream model,
connection, pricing, tier, credit multiplier and type. Its capabilities may be switched off, never
on, and its limits are defaults that may be lowered. Its restrictions cannot be escaped: a child is
no more enabled, no longer alive and open to no more orgs than its parent.
"""

from collections.abc import Iterator
from typing import Any

from ..core.errors import FieldFault
from .documents.fields import parse_time
from .documents.model import Limits, ModelDocument
from .documents.provider_config import ProviderConfig, TimeLimits


def inherit(child: ModelDocument, parent: ModelDocument) -> ModelDocument:
    """The child as it takes effect; ``enabled`` stays its own."""
    taken: dict[str, Any] = {
        "type": parent.type,
        "provider": parent.provider,
        "upstream_model": parent.upstream_model or parent.model_id,
        "connection": parent.connection,
        "capabilities": {**(parent.capabilities or {}), **(child.capabilities or {})} or None,
        "pricing": parent.pricing,
        "tier": parent.tier,
        "credit_multiplier": parent.credit_multiplier,
        "enabled": child.enabled is not False and parent.enabled is not False,
        "limits": _limits(child.limits, parent.limits),
        "dimensions": child.dimensions or parent.dimensions,
        "supported_dimensions": child.supported_dimensions or parent.supported_dimensions,
        "org_slugs": _orgs(child, parent),
        "region": child.region or parent.region,
        "brownouts": [*(parent.brownouts or ()), *(child.brownouts or ())] or None,
        "provider_config": _config(child.provider_config, parent.provider_config),
    }
    if _ends_first(parent, child):
        taken |= {
            "end_of_life_at": parent.end_of_life_at,
            "deprecated_at": parent.deprecated_at,
            "deprecation_message": parent.deprecation_message or child.deprecation_message,
            "replacement_model_id": parent.replacement_model_id or child.replacement_model_id,
        }
    return child.model_copy(update=taken)


def inheritance_faults(child: ModelDocument, parent: ModelDocument) -> Iterator[FieldFault]:
    """What in a child cannot stand under its parent."""
    if parent.parent_model_id is not None or (parent.owner and parent.owner.kind != "system"):
        yield FieldFault("parent_model_id", f"must name a system model; {parent.model_id} is none")
    if child.type is not None and child.type != parent.type:
        yield FieldFault("type", f"must be the parent's ({parent.type}) or absent")
    for name in ("context_window", "max_tokens"):
        own, most = (getattr(model.limits, name, None) for model in (child, parent))
        if own is not None and most is not None and own > most:
            yield FieldFault(f"limits.{name}", f"is over the parent's {most}")
    if child.org_slugs and parent.org_slugs and not _orgs(child, parent):
        yield FieldFault("org_slugs", "holds none of the orgs that have the parent model")


def _limits(child: Limits | None, parent: Limits | None) -> Limits | None:
    if child is None or parent is None:
        return child or parent
    return Limits(
        context_window=child.context_window or parent.context_window,
        max_tokens=child.max_tokens or parent.max_tokens,
    )


def _orgs(child: ModelDocument, parent: ModelDocument) -> list[str] | None:
    if not child.org_slugs or not parent.org_slugs:
        return child.org_slugs or parent.org_slugs
    return [slug for slug in child.org_slugs if slug in parent.org_slugs]


def _ends_first(parent: ModelDocument, child: ModelDocument) -> bool:
    if parent.end_of_life_at is None:
        return False
    if child.end_of_life_at is None:
        return True
    return parse_time(parent.end_of_life_at) <= parse_time(child.end_of_life_at)


def _config(child: ProviderConfig | None, parent: ProviderConfig | None) -> ProviderConfig | None:
    if child is None or parent is None:
        return child or parent
    own = _given(child)
    if child.params is not None and parent.params is not None:
        own["params"] = {**parent.params, **child.params}
    if child.timeouts is not None and parent.timeouts is not None:
        own["timeouts"] = TimeLimits(**{**_given(parent.timeouts), **_given(child.timeouts)})
    return parent.model_copy(update=own)


def _given(shape: ProviderConfig | TimeLimits) -> dict[str, Any]:
    return {name: value for name, value in shape if value is not None}
