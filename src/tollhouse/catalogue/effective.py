"""One effective model: references resolved, prices bound to whole numbers, headers laid out."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec

from ..core.errors import FieldFault
from ..core.history import StoredModel
from ..core.model import (
    Api,
    Brownout,
    Display,
    Limits,
    Model,
    Owner,
    OwnerKind,
    Provider,
    Secret,
    SystemPrompt,
    Target,
    Timeouts,
)
from ..core.money import to_rate
from ..core.needs import ModelType
from ..core.prices import PriceClass, PriceTable, PriceTier
from .documents.fields import parse_time
from .documents.model import Brownout as BrownoutDocument
from .documents.model import ModelDocument
from .documents.pricing import PRICE_FIELDS, TOKENS, Prices, Pricing
from .documents.provider_config import (
    APIS,
    AZURE_ONLY,
    TYPES,
    Connection,
    ProviderConfig,
)
from .names import segment_fault

DEFAULT_TIER = "standard"


@dataclass(frozen=True, slots=True)
class Environment:
    """What the process knows and the documents refer to."""

    providers: Mapping[str, Provider]
    tiers: Mapping[str, frozenset[str]]
    """Tier to the plans that have it."""
    unseal: Callable[[str], str]
    """Opens a provider key kept in the store; ``ValueError`` when it cannot."""
    timeouts: Timeouts = field(default_factory=Timeouts)
    """For models with a connection of their own."""
    hide_denied: bool = False
    transport: str = "auto"
    """For models with a connection of their own."""
    allow_private_upstreams: bool = False
    """Whether connections of orgs and users may lead anywhere."""


class Unusable(Exception):
    """A document makes no model here; carries what its own rules have not told already."""

    def __init__(self, faults: tuple[FieldFault, ...]) -> None:
        super().__init__(faults)
        self.faults = faults


def build(
    stored: StoredModel,
    document: ModelDocument,
    environment: Environment,
    *,
    parent: ModelDocument | None = None,
    composed: SystemPrompt | None = None,
) -> Model:
    """The model that a document (inheritance filled in) stands for; ``Unusable`` if it cannot.

    ``composed`` is what the system prompt makes that the document names.
    """
    faults: list[FieldFault] = []
    provider = _provider(document, environment, parent or document, faults)
    tier = document.tier or DEFAULT_TIER
    if tier not in environment.tiers:
        faults.append(FieldFault("tier", f"is not a tier of the configuration: {tier}"))
    if provider is not None:
        faults.extend(_route_faults(document, provider))
    if parent is not None:
        faults.clear()  # what is inherited is the parent's fault, and told there
    if faults or provider is None or document.type is None:
        raise Unusable(tuple(faults))
    override = document.system_prompt
    return Model(
        model_id=document.model_id,
        type=ModelType(document.type),
        target=_target(document, provider),
        version=stored.version,
        aliases=tuple(document.aliases or ()),
        owner=_owner(document),
        enabled=document.enabled is not False,
        display=Display(**dict(document.display)) if document.display else Display(),
        capabilities=document.capabilities or {},
        limits=Limits(**dict(document.limits)) if document.limits else Limits(),
        dimensions=document.dimensions,
        supported_dimensions=tuple(document.supported_dimensions or ()),
        org_slugs=frozenset(document.org_slugs or ()),
        tier=tier,
        pricing=price_table(document.pricing, stored.version) if document.pricing else None,
        credit_multiplier=document.credit_multiplier,
        failover=document.failovers,
        end_of_life_at=_seconds(document.end_of_life_at),
        brownouts=tuple(map(_brownout, document.brownouts or ())),
        deprecated_at=_seconds(document.deprecated_at),
        deprecation_message=document.deprecation_message,
        replacement_model_id=document.replacement_model_id,
        redirect_on_end_of_life=_config(document).on_end_of_life == "redirect",
        is_recommended=bool(document.is_recommended),
        system_prompt=SystemPrompt.of(override) if override else composed,
        tags=tuple(document.tags or ()),
        region=document.region,
        created_at=parse_time(document.created_at),
        public=_public(document, provider, tier),
    )


def price_table(pricing: Pricing, version: int) -> PriceTable:
    """The prices as rates; exact, since a price has at most twelve decimals."""
    return PriceTable(
        currency=pricing.currency,
        rates=_rates(pricing),
        tiers=tuple(
            PriceTier(tier.above_input_tokens, _rates(tier)) for tier in pricing.tiers or ()
        ),
        service_tiers={name: _rates(one) for name, one in (pricing.service_tiers or {}).items()},
        from_upstream=pricing.source == "upstream",
        version=version,
    )


def _rates(prices: Prices) -> dict[PriceClass, int]:
    rates = {}
    for name in PRICE_FIELDS:
        price = getattr(prices, name)
        if price is not None:
            per_million = name.endswith("_per_1m_tokens")
            label = name.removesuffix("_per_1m_tokens").removeprefix("per_")
            per = TOKENS if per_million else 1
            rates[PriceClass(label)] = to_rate(Decimal(price), per=per)
    return rates


def _provider(
    document: ModelDocument,
    environment: Environment,
    holder: ModelDocument,
    faults: list[FieldFault],
) -> Provider | None:
    if document.connection is not None:
        return _own_provider(document.connection, environment, holder, faults)
    provider = environment.providers.get(document.provider or "")
    if provider is None and document.provider is not None:
        faults.append(FieldFault("provider", f"is not in the configuration: {document.provider}"))
    return provider


def _own_provider(
    connection: Connection,
    environment: Environment,
    holder: ModelDocument,
    faults: list[FieldFault],
) -> Provider:
    key = None
    if connection.api_key_sealed is not None:
        try:
            key = Secret(environment.unseal(connection.api_key_sealed))
        except ValueError:
            message = "cannot be opened with this auth.secret_key: give the key again"
            faults.append(FieldFault("connection.api_key", message))
    return Provider(
        name=f"connection:{holder.model_id}",
        protocol=connection.protocol,
        base_url=connection.base_url,
        api_key=key,
        timeouts=environment.timeouts,
        transport=environment.transport,
        guarded=_is_guarded(holder, environment),
    )


def _is_guarded(holder: ModelDocument, environment: Environment) -> bool:
    """Whether a connection is that of an org or a user, who may not call what is private to us."""
    theirs = holder.owner is not None and holder.owner.kind != "system"
    return theirs and not environment.allow_private_upstreams


def _route_faults(document: ModelDocument, provider: Provider) -> Iterator[FieldFault]:
    config = _config(document)
    if config.api is not None and config.api not in APIS.get(provider.protocol, {"auto"}):
        message = f"is not for {provider.protocol} providers, which {provider.name} is one of"
        yield FieldFault("provider_config.api", message)
    if document.type not in TYPES.get(provider.protocol, {document.type}):
        message = f"is none that {provider.protocol} providers serve, which {provider.name} is"
        yield FieldFault("type", message)
    if provider.protocol == "azure":
        yield from _azure_faults(document, config, provider)
        return
    for name in AZURE_ONLY:
        if getattr(config, name) is not None:
            message = f"is for azure providers; {provider.name} is {provider.protocol}"
            yield FieldFault(f"provider_config.{name}", message)


def _azure_faults(
    document: ModelDocument, config: ProviderConfig, provider: Provider
) -> Iterator[FieldFault]:
    if config.deployment is None:
        fault = segment_fault(document.upstream_model or document.model_id)
        if fault:
            yield FieldFault("upstream_model", f"{fault}; or give provider_config.deployment")
    if config.api_version is None and provider.api_version is None:
        yield FieldFault("provider_config.api_version", "is required: the provider has none")


def _target(document: ModelDocument, provider: Provider) -> Target:
    config = _config(document)
    timeouts = provider.timeouts
    if config.timeouts is not None:
        own = {name: value for name, value in config.timeouts if value is not None}
        timeouts = msgspec.structs.replace(timeouts, **own)
    return Target(
        provider=provider,
        upstream_model=document.upstream_model or document.model_id,
        timeouts=timeouts,
        headers=tuple((config.headers or {}).items()),
        params={name: _encode(value) for name, value in _params(document, config).items()},
        deployment=config.deployment,
        api_version=config.api_version,
        retries=config.retries,
        max_parallel=config.max_parallel,
        stream_usage=config.stream_usage is not False,
        api=None if config.api is None else Api(config.api),
        drops_unsupported=config.unsupported_params == "drop",
        most_output=document.limits.max_tokens if document.limits is not None else None,
    )


def _params(document: ModelDocument, config: ProviderConfig) -> Mapping[str, Any]:
    """The defaults of a request; the number of dimensions where a request may choose one."""
    params = config.params or {}
    if document.supported_dimensions and document.dimensions is not None:
        return {"dimensions": document.dimensions, **params}
    return params


def _owner(document: ModelDocument) -> Owner:
    if document.owner is None:
        return Owner()
    given = document.owner.model_dump(exclude={"kind"})
    return Owner(kind=OwnerKind(document.owner.kind), **given)


def _public(document: ModelDocument, provider: Provider, tier: str) -> dict[str, Any]:
    """The clock-independent part of ``GET /v1/models``: no credential, no upstream name."""
    display = _shown(document.display)
    named = provider.name if document.connection is None else None
    entry: dict[str, Any] = {
        "id": document.model_id,
        "object": "model",
        "created": int(parse_time(document.created_at)),
        "owned_by": display.get("brand") or named or "tollhouse",
        "type": document.type,
        "capabilities": document.capabilities or {},
        "limits": _shown(document.limits),
        "pricing": document.pricing.model_dump(exclude_none=True) if document.pricing else None,
        "tier": tier,
        "display": display,
    }
    for name in _PUBLIC_WHEN_SET:
        value = getattr(document, name)
        if value:
            entry[name] = value
    return entry


_PUBLIC_WHEN_SET = (
    "aliases",
    "dimensions",
    "supported_dimensions",
    "region",
    "is_recommended",
)


def _shown(shape: Iterable[tuple[str, Any]] | None) -> dict[str, Any]:
    return {name: value for name, value in shape or () if value is not None}


def _config(document: ModelDocument) -> ProviderConfig:
    return document.provider_config or _NO_CONFIG


_NO_CONFIG = ProviderConfig()


def _brownout(window: BrownoutDocument) -> Brownout:
    return Brownout(
        start=parse_time(window.start),
        end=parse_time(window.end),
        share=window.share,
        bound=int(Fraction(window.share) * 2**64),
    )


def _seconds(time: str | None) -> float | None:
    return None if time is None else parse_time(time)


def _encode(value: Any) -> bytes:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()
