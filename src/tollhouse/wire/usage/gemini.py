"""How Gemini tells what an answer used, at Google's own API and on Vertex AI.

API reference: ai.google.dev/api/generate-content#UsageMetadata and
cloud.google.com/vertex-ai/generative-ai/docs/reference/rest/v1/GenerateContentResponse.

Rules that hold here:

- A count of zero is left out of the JSON, so absent is zero where the prompt or the total is told.
- ``promptTokenCount`` includes what was read from a cache. What the vendor's own tools brought in
  (``toolUsePromptTokenCount``) comes on top and is input.
- ``thoughtsTokenCount`` comes on top of ``candidatesTokenCount``, unless the total says that it is
  in it. A total that fits neither reading is ignored.
- The details tell tokens by modality. Audio and images have classes of their own; text, documents
  and video are plain input. What was read from a cache is counted as cached and as nothing else,
  so that no audio in a cache makes text as dear as audio.
- Context caching is billed by the hour it is kept, not with an answer: nothing counts as written.
"""

from typing import Any

import msgspec

from ...core.usage import Unusable, Usage
from .counts import Count, Reader, believed, label


class _Modality(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    modality: Any = None
    token_count: Count = None


_Modalities = list[_Modality] | None


class _Told(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    prompt_token_count: Count = None
    candidates_token_count: Count = None
    response_token_count: Count = None
    """The candidates, at the Live API."""
    total_token_count: Count = None
    thoughts_token_count: Count = None
    tool_use_prompt_token_count: Count = None
    cached_content_token_count: Count = None
    prompt_tokens_details: _Modalities = None
    prompt_token_details: _Modalities = None
    """The same, of embeddings."""
    tool_use_prompt_tokens_details: _Modalities = None
    cache_tokens_details: _Modalities = None
    candidates_tokens_details: _Modalities = None
    response_tokens_details: _Modalities = None
    service_tier: Any = None
    traffic_type: Any = None
    """Vertex AI."""


_reader = Reader(_Told)
_AUDIO, _IMAGE = "AUDIO", "IMAGE"
_TRAFFIC = {
    "ON_DEMAND": "standard",
    "ON_DEMAND_FLEX": "flex",
    "ON_DEMAND_PRIORITY": "priority",
    "PROVISIONED_THROUGHPUT": "provisioned_throughput",
}
_UNSPECIFIED = "unspecified"


def read_usage(raw: Any, *, service_tier: str | None = None) -> Usage | Unusable:
    """Read a ``usageMetadata`` object, as JSON bytes or decoded; its own tier comes first."""
    told = _reader.read(raw)
    if isinstance(told, Unusable):
        return told
    wholes = _wholes(told)
    if isinstance(wholes, str):
        return Unusable(wholes)
    entered, left = wholes
    ins = (
        told.prompt_tokens_details or told.prompt_token_details,
        told.tool_use_prompt_tokens_details,
    )
    cached = told.cache_tokens_details
    outs = told.candidates_tokens_details or told.response_tokens_details
    return believed(
        Usage(
            input_tokens=entered,
            cached_input_tokens=told.cached_content_token_count or 0,
            audio_input_tokens=_fresh(_AUDIO, ins, cached),
            image_input_tokens=_fresh(_IMAGE, ins, cached),
            output_tokens=left,
            reasoning_tokens=told.thoughts_token_count or 0,
            audio_output_tokens=_of(_AUDIO, outs),
            image_output_tokens=_of(_IMAGE, outs),
            service_tier=_tier(told) or service_tier,
        )
    )


def _wholes(told: _Told) -> tuple[int, int] | str:
    """Input and output as told, one of them by way of the total; or what is missing."""
    total, thoughts = told.total_token_count, told.thoughts_token_count or 0
    answered = told.candidates_token_count
    if answered is None:
        answered = told.response_token_count
    brought = told.tool_use_prompt_token_count or 0
    if told.prompt_token_count is None:
        if total is None:
            return "the input tokens are not told"
        left = (answered or 0) + thoughts
        return (total - left, left) if total >= left else "the total is less than the output"
    entered = told.prompt_token_count + brought
    if answered is None:
        return entered, thoughts if total is None else max(thoughts, total - entered)
    if thoughts and thoughts <= answered and total == entered + answered:
        return entered, answered
    return entered, answered + thoughts


def _of(modality: str, details: _Modalities) -> int:
    return sum(part.token_count or 0 for part in details or () if part.modality == modality)


def _fresh(modality: str, ins: tuple[_Modalities, ...], cached: _Modalities) -> int:
    """Of the input, but for what was read from a cache."""
    return max(0, sum(_of(modality, details) for details in ins) - _of(modality, cached))


def _tier(told: _Told) -> str | None:
    """The tier in the words that prices are kept under, whichever of the two APIs tells it."""
    traffic = label(told.traffic_type)
    if traffic in _TRAFFIC:
        return _TRAFFIC[traffic]
    tier = label(told.service_tier)
    return None if tier is None or tier.lower() == _UNSPECIFIED else tier.lower()
