"""What a model costs: rates by class of token, by unit, by tier and by service tier."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .label import Label


class PriceClass(Label):
    """The classes a usage is split into; each token is priced once, by its most specific class."""

    INPUT = "input"
    CACHED_INPUT = "cached_input"
    CACHE_WRITE = "cache_write"
    CACHE_WRITE_1H = "cache_write_1h"
    AUDIO_INPUT = "audio_input"
    IMAGE_INPUT = "image_input"
    OUTPUT = "output"
    REASONING = "reasoning"
    AUDIO_OUTPUT = "audio_output"
    IMAGE_OUTPUT = "image_output"
    REQUEST = "request"
    IMAGE = "image"
    SECOND = "second"
    CHARACTER = "character"
    SEARCH = "search"


Rates = Mapping[PriceClass, int]
"""Rates in ``10**-18`` currency units per token or unit; a class without a price is absent."""


@dataclass(frozen=True, slots=True)
class PriceTier:
    """Rates that replace the base ones for a whole request whose input is above a bound."""

    above_input_tokens: int
    rates: Rates


@dataclass(frozen=True, slots=True)
class PriceTable:
    """A model's pricing, compiled. ``tiers`` ascend by their bound."""

    currency: str = "USD"
    rates: Rates = field(default_factory=dict)
    tiers: tuple[PriceTier, ...] = ()
    service_tiers: Mapping[str, Rates] = field(default_factory=dict)
    from_upstream: bool = False
    """Take what the provider says it billed, in place of the rates."""
    version: int = 0
    """The version of the model document these prices came from."""
