"""How Anthropic, and who serves its models in its own dialect, tells what an answer used.

API reference: docs.anthropic.com/en/api/messages (``usage``) and
docs.anthropic.com/en/docs/build-with-claude/prompt-caching. The same holds on Vertex AI and where
Bedrock invokes the models natively.

Rules that hold here:

- ``input_tokens`` is what was neither read from a cache nor written to one; both come on top of it.
- Of what was written, ``ephemeral_1h_input_tokens`` was for an hour and the rest for five minutes.
  In a stream the breakdown may be older than the sum; the sum counts.
- ``output_tokens`` includes the thoughts.
- The sum leaves out what compacting the conversation took (``iterations`` of a type other than
  ``message``), which is billed all the same: it is added. What another model did in between (an
  iteration that names its ``model``) is at that model's price and is not counted.
- The fast mode (``speed``) has prices of its own, and so counts as a service tier.
"""

from typing import Any

import msgspec

from ...core.usage import Unusable, Usage
from .counts import Count, Reader, believed, billed, label


class _CacheCreation(msgspec.Struct, frozen=True, gc=False):
    ephemeral_5m_input_tokens: Count = None
    ephemeral_1h_input_tokens: Count = None


class _OutputDetails(msgspec.Struct, frozen=True, gc=False):
    thinking_tokens: Count = None


class _ServerTools(msgspec.Struct, frozen=True, gc=False):
    web_search_requests: Count = None


class _Tokens(msgspec.Struct, frozen=True, gc=False):
    """What is told of the whole and of each iteration."""

    input_tokens: Count = None
    output_tokens: Count = None
    cache_read_input_tokens: Count = None
    cache_creation_input_tokens: Count = None
    cache_creation: _CacheCreation | None = None


class _Iteration(_Tokens, frozen=True, gc=False):
    type: Any = None
    model: Any = None
    """Whose work it was, where that is another model than the one asked."""


class _Told(_Tokens, frozen=True, gc=False):
    output_tokens_details: _OutputDetails | None = None
    server_tool_use: _ServerTools | None = None
    iterations: list[_Iteration] | None = None
    service_tier: Any = None
    speed: Any = None
    cost: Any = None
    """OpenRouter."""


_reader = Reader(_Told)
_OF_THE_ANSWER = "message"
_FAST = "fast"


def read_usage(raw: Any, *, service_tier: str | None = None) -> Usage | Unusable:
    """Read a ``usage`` object, as JSON bytes or decoded; its own tier comes first."""
    told = _reader.read(raw)
    if isinstance(told, Unusable):
        return told
    charged = billed(told.cost)
    if told.input_tokens is None:
        return Unusable("the input tokens are not told", charged)
    left = told.output_tokens or 0
    entered, cached = told.input_tokens, told.cache_read_input_tokens or 0
    written, written_1h = _written(told)
    for part in _on_top(told):
        more, more_1h = _written(part)
        entered += part.input_tokens or 0
        left += part.output_tokens or 0
        cached += part.cache_read_input_tokens or 0
        written += more
        written_1h += more_1h
    thoughts, tools = told.output_tokens_details, told.server_tool_use
    return believed(
        Usage(
            input_tokens=entered + cached + written,
            cached_input_tokens=cached,
            cache_write_tokens=written - written_1h,
            cache_write_1h_tokens=written_1h,
            output_tokens=left,
            reasoning_tokens=0 if thoughts is None else thoughts.thinking_tokens or 0,
            searches=0 if tools is None else tools.web_search_requests or 0,
            service_tier=_tier(told) or service_tier,
            upstream_cost=charged,
        )
    )


def _written(told: _Tokens) -> tuple[int, int]:
    """Written to the cache in all, and for an hour."""
    by_time = told.cache_creation
    if by_time is None:
        return told.cache_creation_input_tokens or 0, 0
    for_an_hour = by_time.ephemeral_1h_input_tokens or 0
    if told.cache_creation_input_tokens is None:
        return (by_time.ephemeral_5m_input_tokens or 0) + for_an_hour, for_an_hour
    return told.cache_creation_input_tokens, for_an_hour


def _on_top(told: _Told) -> list[_Iteration]:
    """The iterations of this model that the sums leave out.

    Who passes a usage on may have added them up, as the sums then show.
    """
    if not told.iterations:
        return []
    ours = [part for part in told.iterations if part.model is None]
    others = [part for part in ours if part.type != _OF_THE_ANSWER]
    if not others or told.input_tokens == sum(part.input_tokens or 0 for part in ours):
        return []
    return others


def _tier(told: _Told) -> str | None:
    return _FAST if told.speed == _FAST else label(told.service_tier)
