"""How OpenAI-compatible hosts tell what an answer used, read into the one convention of ``Usage``.

Rules that hold here:

- A field that is absent or ``null`` was not told; an explicit zero is a zero.
- The whole is ``prompt_tokens`` or ``input_tokens`` (and their counterparts), whichever is the
  endpoint's own. What is in the details is part of it, unless the total says that it came on top.
- A total that fits neither reading is ignored: it is worked out anew from the parts.
- A count that is no whole number from 0 to ``MOST``, or a part larger than its whole, makes the
  usage ``Unusable``. What the provider says it billed is read all the same.
"""

from typing import Any

import msgspec

from ...core.needs import Endpoint
from ...core.usage import Unusable, Usage
from .counts import MOST, Count, Reader, amount, believed, billed, plain_decoder


class _InputDetails(msgspec.Struct, frozen=True, gc=False):
    cached_tokens: Count = None
    cache_write_tokens: Count = None
    """OpenAI, OpenRouter."""
    cache_creation_tokens: Count = None
    """LiteLLM."""
    audio_tokens: Count = None
    image_tokens: Count = None


class _OutputDetails(msgspec.Struct, frozen=True, gc=False):
    reasoning_tokens: Count = None
    audio_tokens: Count = None
    image_tokens: Count = None
    text_tokens: Count = None


class _CacheCreation(msgspec.Struct, frozen=True, gc=False):
    ephemeral_1h_input_tokens: Count = None


class _ServerTools(msgspec.Struct, frozen=True, gc=False):
    web_search_requests: Count = None
    """OpenRouter, Anthropic."""
    web_search_calls: Count = None
    """xAI, as is the next."""
    x_search_calls: Count = None


class _Told(msgspec.Struct, frozen=True, gc=False):
    """Every field that some host puts into ``usage`` and that has a meaning here."""

    prompt_tokens: Count = None
    completion_tokens: Count = None
    total_tokens: Count = None
    prompt_tokens_details: _InputDetails | None = None
    completion_tokens_details: _OutputDetails | None = None
    input_tokens: Count = None
    output_tokens: Count = None
    input_tokens_details: _InputDetails | None = None
    output_tokens_details: _OutputDetails | None = None
    input_token_details: _InputDetails | None = None
    """Transcriptions."""
    prompt_cache_hit_tokens: Count = None
    """DeepSeek."""
    cached_tokens: Count = None
    """Moonshot."""
    num_cached_tokens: Count = None
    """Mistral."""
    cache_read_input_tokens: Count = None
    """Anthropic's, as are the next two: there they come on top of the input."""
    cache_creation_input_tokens: Count = None
    cache_creation: _CacheCreation | None = None
    reasoning_tokens: Count = None
    citation_tokens: Count = None
    """Perplexity, as is the next: pages read for the answer, billed as input."""
    num_search_queries: Count = None
    server_tool_use: _ServerTools | None = None
    server_tool_use_details: _ServerTools | None = None
    server_side_tool_usage_details: _ServerTools | None = None
    search_units: Count = None
    """Cohere."""
    seconds: Any = None
    """Transcriptions billed by length."""
    cost: Any = None
    """OpenRouter: a number of USD. Perplexity: an object with ``total_cost``."""
    cost_in_usd_ticks: Any = None
    """xAI: ``10**-10`` USD each."""


_reader = Reader(_Told)
_NO_INPUT_DETAILS = _InputDetails()
_NO_OUTPUT_DETAILS = _OutputDetails()
_TEXT = frozenset({Endpoint.CHAT, Endpoint.COMPLETIONS, Endpoint.RESPONSES, Endpoint.EMBEDDINGS})
_PROMPT_FIRST = frozenset({Endpoint.CHAT, Endpoint.COMPLETIONS, Endpoint.EMBEDDINGS})
_MAKES_IMAGES = frozenset(
    {Endpoint.IMAGES_GENERATIONS, Endpoint.IMAGES_EDITS, Endpoint.IMAGES_VARIATIONS}
)
_HEARS = frozenset({Endpoint.TRANSCRIPTIONS, Endpoint.TRANSLATIONS})
_MICRO = 10**6


def read_usage(
    raw: Any,
    endpoint: Endpoint,
    *,
    service_tier: str | None = None,
    images: int = 0,
    characters: int = 0,
) -> Usage | Unusable:
    """Read a ``usage`` object, as JSON bytes or decoded; the rest is what the caller counted."""
    told = _reader.read(raw)
    if isinstance(told, Unusable):
        return told
    return _normalise(told, endpoint, service_tier, images, characters)


def read_seconds(raw: Any) -> int | None:
    """A length in seconds, as JSON bytes or decoded, in microseconds; None if it is no length."""
    if isinstance(raw, bytes | msgspec.Raw):
        try:
            raw = plain_decoder.decode(raw)
        except (ValueError, RecursionError):
            return None
    seconds = amount(raw, MOST)
    return None if seconds is None else int((seconds * _MICRO).to_integral_value())


def _normalise(
    told: _Told, endpoint: Endpoint, service_tier: str | None, images: int, characters: int
) -> Usage | Unusable:
    charged = billed(told.cost, told.cost_in_usd_ticks)
    searches = _searches(told)
    microseconds = 0 if told.seconds is None else read_seconds(told.seconds)
    if microseconds is None:
        return Unusable("seconds is not a length", charged)
    wholes = _wholes(told, endpoint)
    if isinstance(wholes, str):
        counted = images or characters or searches or told.seconds is not None
        if endpoint in _TEXT or not counted:
            return Unusable(wholes, charged)
        wholes = 0, 0
    input_tokens, output_tokens = wholes
    ins = (
        told.prompt_tokens_details
        or told.input_tokens_details
        or told.input_token_details
        or _NO_INPUT_DETAILS
    )
    outs = told.completion_tokens_details or told.output_tokens_details or _NO_OUTPUT_DETAILS
    cached, written, written_1h = _caches(told, ins)
    reasoning = outs.reasoning_tokens or told.reasoning_tokens or 0
    if cached or written or reasoning:
        input_tokens, output_tokens = _inclusive(
            told, input_tokens, output_tokens, cached + written, reasoning
        )
    if endpoint in _TEXT:
        heard, spoken, drawn = ins.audio_tokens, outs.audio_tokens, outs.image_tokens
    else:
        heard, spoken, drawn = _by_endpoint(ins, input_tokens, outs, output_tokens, endpoint)
    # In the order of the fields: by their names it would take six times as long.
    usage = Usage(
        input_tokens + (told.citation_tokens or 0),
        cached,
        written - written_1h,
        written_1h,
        heard or 0,
        ins.image_tokens or 0,
        output_tokens,
        reasoning,
        spoken or 0,
        drawn or 0,
        images,
        microseconds,
        characters,
        searches,
        service_tier,
        charged,
    )
    return believed(usage)


# --- Tokens ---


def _wholes(told: _Told, endpoint: Endpoint) -> tuple[int, int] | str:
    """Input and output as told, one of them by way of the total; or what is missing."""
    entered, left = told.prompt_tokens, told.completion_tokens
    other_entered, other_left = told.input_tokens, told.output_tokens
    if endpoint not in _PROMPT_FIRST:
        entered, left, other_entered, other_left = other_entered, other_left, entered, left
    if entered is None:
        entered = other_entered
    if left is None:
        left = other_left
    total = told.total_tokens
    if entered is None:
        if total is None and (left is None or endpoint in _TEXT):
            return "the input tokens are not told"
        if total is not None and total < (left or 0):
            return "the total is less than the output"
        entered = 0 if total is None else total - (left or 0)
    if left is None:
        left = 0 if total is None else max(0, total - entered)
    return entered, left


def _caches(told: _Told, ins: _InputDetails) -> tuple[int, int, int]:
    """Read from a cache, written to one, and written for an hour (contained in the second)."""
    cached = (
        ins.cached_tokens
        or told.prompt_cache_hit_tokens
        or told.cache_read_input_tokens
        or told.cached_tokens
        or told.num_cached_tokens
    )
    written = (
        ins.cache_write_tokens or ins.cache_creation_tokens or told.cache_creation_input_tokens
    )
    if told.cache_creation is None:
        return cached or 0, written or 0, 0
    return cached or 0, written or 0, told.cache_creation.ephemeral_1h_input_tokens or 0


def _inclusive(
    told: _Told, entered: int, left: int, caches: int, reasoning: int
) -> tuple[int, int]:
    """Input with its caches and output with its reasoning, where they were told on top of them.

    xAI reports reasoning beside the completion and counts it in the total. Perplexity's is a step
    before the answer, told with its searches and in no total.
    """
    researched = told.citation_tokens is not None or told.num_search_queries is not None
    if told.reasoning_tokens and researched:
        return entered, left + reasoning
    over = (told.total_tokens or 0) - entered - left
    if over > 0:
        if over == reasoning:
            return entered, left + reasoning
        if over == caches:
            return entered + caches, left
        if over == caches + reasoning:
            return entered + caches, left + reasoning
    if _caches_apart(told, entered, left, caches):
        return entered + caches, left
    return entered, left


def _caches_apart(told: _Told, entered: int, left: int, caches: int) -> bool:
    """Whether caches told in Anthropic's fields are not in the input, as they are not at Anthropic.

    Hosts that pass those fields on may have added them up, and the total need not show it.
    """
    if caches != (told.cache_read_input_tokens or 0) + (told.cache_creation_input_tokens or 0):
        return False
    if caches > entered:
        return True
    return told.total_tokens != entered + left and told.prompt_tokens is None


def _by_endpoint(
    ins: _InputDetails, entered: int, outs: _OutputDetails, left: int, endpoint: Endpoint
) -> tuple[int, int, int]:
    """Tokens heard, spoken and drawn, where the endpoint says of what kind all its tokens are."""
    heard, spoken, drawn = ins.audio_tokens, outs.audio_tokens, outs.image_tokens
    if heard is None:
        heard = entered if endpoint in _HEARS and ins is _NO_INPUT_DETAILS else 0
    if spoken is None:
        spoken = left if endpoint is Endpoint.SPEECH else 0
    if drawn is None:
        drawn = left - (outs.text_tokens or 0) if endpoint in _MAKES_IMAGES else 0
    return heard, spoken, drawn


# --- What is not a token ---


def _searches(told: _Told) -> int:
    if told.num_search_queries is not None:
        return told.num_search_queries
    tools = (
        told.server_tool_use_details or told.server_tool_use or told.server_side_tool_usage_details
    )
    if tools is None:
        return told.search_units or 0
    return (
        (tools.web_search_requests or 0)
        + (tools.web_search_calls or 0)
        + (tools.x_search_calls or 0)
    )
