"""How Bedrock's Converse and ConverseStream tell what an answer used.

API reference: docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html.

Rules that hold here:

- ``inputTokens`` is what was neither read from a cache nor written to one; both come on top of it,
  as ``totalTokens`` shows. Each is told under two names with one value, for any model.
- Of what was written, ``cacheDetails`` says for how long; what it does not name was for five
  minutes.
- Reasoning is in ``outputTokens`` and not told apart.
- The service tier stands beside the usage, in ``serviceTier.type``.
"""

from typing import Any

import msgspec

from ...core.usage import Unusable, Usage
from .counts import Count, Reader, believed


class _CacheDetail(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    input_tokens: Count = None
    ttl: Any = None


class _Told(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    input_tokens: Count = None
    output_tokens: Count = None
    total_tokens: Count = None
    cache_read_input_tokens: Count = None
    cache_read_input_token_count: Count = None
    cache_write_input_tokens: Count = None
    cache_write_input_token_count: Count = None
    cache_details: list[_CacheDetail] | None = None


_reader = Reader(_Told)
_AN_HOUR = "1h"


def read_usage(raw: Any, *, service_tier: str | None = None) -> Usage | Unusable:
    """Read a ``usage`` object, as JSON bytes or decoded."""
    told = _reader.read(raw)
    if isinstance(told, Unusable):
        return told
    cached = _either(told.cache_read_input_tokens, told.cache_read_input_token_count) or 0
    written = _either(told.cache_write_input_tokens, told.cache_write_input_token_count)
    written_1h = sum(
        detail.input_tokens or 0 for detail in told.cache_details or () if detail.ttl == _AN_HOUR
    )
    if written is None:
        written = sum(detail.input_tokens or 0 for detail in told.cache_details or ())
    wholes = _wholes(told, cached + written)
    if isinstance(wholes, str):
        return Unusable(wholes)
    entered, left = wholes
    return believed(
        Usage(
            input_tokens=entered,
            cached_input_tokens=cached,
            cache_write_tokens=written - written_1h,
            cache_write_1h_tokens=written_1h,
            output_tokens=left,
            service_tier=service_tier,
        )
    )


def _wholes(told: _Told, caches: int) -> tuple[int, int] | str:
    """Input with its caches, and output; one of them by way of the total where it is not told."""
    total, left = told.total_tokens, told.output_tokens
    if told.input_tokens is not None:
        entered = told.input_tokens + caches
        if left is None:
            left = 0 if total is None else max(0, total - entered)
        return entered, left
    if total is None:
        return "the input tokens are not told"
    if total < (left or 0):
        return "the total is less than the output"
    return total - (left or 0), left or 0


def _either(one: int | None, other: int | None) -> int | None:
    return other if one is None else one
