"""What one answer used, in one convention whatever the provider's."""

import msgspec

from .money import Cost


class Usage(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Counts of one attempt.

    ``input_tokens`` includes cached and cache-written tokens, ``output_tokens`` includes reasoning.
    A part is never larger than its whole: readers refuse such a usage rather than build it.
    """

    input_tokens: int = 0
    cached_input_tokens: int = 0
    cache_write_tokens: int = 0
    """Written to the provider's cache for its default time (5 minutes at Anthropic)."""
    cache_write_1h_tokens: int = 0
    """Written for an hour; not contained in ``cache_write_tokens``."""
    audio_input_tokens: int = 0
    image_input_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    audio_output_tokens: int = 0
    image_output_tokens: int = 0
    images: int = 0
    microseconds: int = 0
    """Length of audio, in millionths of a second."""
    characters: int = 0
    searches: int = 0
    service_tier: str | None = None
    upstream_cost: Cost | None = None
    """What the provider said it billed, in ``10**-10`` USD."""

    @property
    def total_tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens


class Unusable(msgspec.Struct, frozen=True, gc=False):
    """A usage that cannot be believed: negative, not a number, or a part larger than its whole."""

    reason: str
    """Which field and what is wrong with it; no value of it."""
    upstream_cost: Cost | None = None
    """What the provider said it billed, which may be sound where the counts are not."""
