"""The ``pricing`` block: prices per unit, tiers by input size and service tiers."""

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from ...core.needs import ModelType
from .fields import Price, Shape

TOKENS = 1_000_000
"""Token prices are per million; everything else is per single unit."""


class Prices(Shape):
    """A price per unit; absent and null mean that there is none."""

    input_per_1m_tokens: Price | None = None
    cached_input_per_1m_tokens: Price | None = None
    cache_write_per_1m_tokens: Price | None = None
    cache_write_1h_per_1m_tokens: Price | None = None
    audio_input_per_1m_tokens: Price | None = None
    image_input_per_1m_tokens: Price | None = None
    output_per_1m_tokens: Price | None = None
    reasoning_per_1m_tokens: Price | None = None
    audio_output_per_1m_tokens: Price | None = None
    image_output_per_1m_tokens: Price | None = None
    per_request: Price | None = None
    per_image: Price | None = None
    per_second: Price | None = None
    per_character: Price | None = None
    per_search: Price | None = None


class Tier(Prices):
    """Prices for a whole request whose input is strictly above the bound."""

    above_input_tokens: Annotated[int, Field(ge=1, le=1_000_000_000)]


def _ascending(tiers: list[Tier]) -> list[Tier]:
    bounds = [tier.above_input_tokens for tier in tiers]
    if any(low >= high for low, high in pairwise(bounds)):
        raise ValueError("must ascend by above_input_tokens, each bound once")
    return tiers


class Pricing(Prices):
    """What a model costs."""

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"
    source: Literal["table", "upstream"] = "table"
    """``upstream``: what the provider says it billed, in place of these prices."""
    tiers: Annotated[list[Tier], Field(max_length=32), AfterValidator(_ascending)] | None = None
    service_tiers: dict[Annotated[str, Field(pattern=r"^[!-~]{1,64}$")], Prices] | None = None


PRICE_FIELDS = tuple(Prices.model_fields)

_EVERY = frozenset(ModelType)
_COMPLETION = ModelType.COMPLETION
_EMBEDDINGS = ModelType.EMBEDDINGS
_IMAGES = ModelType.IMAGE_GENERATION
_SPEECH = ModelType.SPEECH
_TRANSCRIPTION = ModelType.TRANSCRIPTION
_RERANK = ModelType.RERANK

USABLE: dict[str, frozenset[ModelType]] = {
    "input_per_1m_tokens": _EVERY,
    "cached_input_per_1m_tokens": frozenset({_COMPLETION, _IMAGES, _SPEECH, _TRANSCRIPTION}),
    "cache_write_per_1m_tokens": frozenset({_COMPLETION}),
    "cache_write_1h_per_1m_tokens": frozenset({_COMPLETION}),
    "audio_input_per_1m_tokens": frozenset({_COMPLETION, _EMBEDDINGS, _TRANSCRIPTION}),
    "image_input_per_1m_tokens": frozenset({_COMPLETION, _EMBEDDINGS, _IMAGES, _RERANK}),
    "output_per_1m_tokens": frozenset({_COMPLETION, _IMAGES, _SPEECH, _TRANSCRIPTION}),
    "reasoning_per_1m_tokens": frozenset({_COMPLETION}),
    "audio_output_per_1m_tokens": frozenset({_COMPLETION, _SPEECH}),
    "image_output_per_1m_tokens": frozenset({_COMPLETION, _IMAGES}),
    "per_request": _EVERY,
    "per_image": frozenset({_COMPLETION, _IMAGES}),
    "per_second": frozenset({_SPEECH, _TRANSCRIPTION}),
    "per_character": frozenset({_SPEECH, _TRANSCRIPTION}),
    "per_search": frozenset({_COMPLETION, _RERANK}),
}
"""Which types of model can meet a unit; a price that could never be charged is a mistake."""
