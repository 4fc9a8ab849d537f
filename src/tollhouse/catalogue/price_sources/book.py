"""What a price list comes to: an entry per model, and how providers are told apart in it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ...core.history import Document


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A price or fact of a list that a model document has no place for."""

    field: str
    """Its name in the list."""
    value: str
    reason: str
    """As the end of a sentence about it."""


@dataclass(frozen=True, slots=True)
class PriceEntry:
    """What a list says of one model."""

    id: str
    """Unique in the list: what a mapping names."""
    provider: str
    """In the list's own words."""
    names: tuple[str, ...]
    """What the provider calls the model, in lower case."""
    pricing: Document
    """A pricing block; empty when the list has no price of it that has a place."""
    matches: Callable[[str], bool] | None = None
    """Whether a name that is none of ``names`` means this model too; None: none does."""
    limits: Mapping[str, int] = field(default_factory=dict)
    dimensions: int | None = None
    capabilities: Mapping[str, bool] = field(default_factory=dict)
    unplaced: tuple[Unplaced, ...] = ()
    faults: tuple[Unplaced, ...] = ()
    """Prices that have a place and cannot be read: with one of them, none of the entry is taken."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a model of the catalogue is called: its provider's name here, protocol and base URL."""

    provider: str | None
    protocol: str | None
    base_url: str | None


@dataclass(frozen=True, slots=True)
class PriceBook:
    """A price list."""

    title: str
    entries: tuple[PriceEntry, ...]
    speaks_of: frozenset[str]
    """The fields of a pricing block that it has words for; it is silent on the others."""
    service_tiers: frozenset[str]
    """The service tiers that it has words for."""
    providers_at: Callable[[Origin], tuple[str, ...]]
    """Its providers that a model is called at, best first; none when the origin is not known."""
    unread: tuple[str, ...] = ()
    """Names of entries that are no model's, and why."""
