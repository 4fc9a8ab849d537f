"""A usage as the clients of an endpoint spell it, where the provider spelled it otherwise.

References: platform.openai.com/docs/api-reference (``usage`` of chat completions and responses),
docs.anthropic.com/en/api/messages, docs.cohere.com/reference/rerank. A detail that is nought is
left out, except where the SDKs' types want it or OpenAI always tells it: clients look for it there
without asking whether it is there.
"""

from collections.abc import Callable

from ..core.needs import Endpoint, ModelType
from ..core.usage import Usage

Counts = dict[str, "int | str | Counts"]

_PROMPT_ONLY = frozenset({Endpoint.EMBEDDINGS, Endpoint.RERANK, Endpoint.MODERATIONS})
_ALWAYS_TOKENS = frozenset({ModelType.COMPLETION, ModelType.EMBEDDINGS})
_MUST_COUNT = frozenset({Endpoint.MESSAGES, Endpoint.RESPONSES})
"""SDKs refuse a whole answer there that has no counts; its cost says what these are worth."""
_NOTHING = Usage()
_ANTHROPICS_TIERS = {"default": "standard"} | {
    tier: tier for tier in ("standard", "priority", "batch")
}


def spelled(usage: Usage | None, endpoint: Endpoint) -> Counts:
    """The counts under the names that clients of the endpoint look for; None: not believed."""
    if usage is None:
        if endpoint not in _MUST_COUNT:
            return {}
        usage = _NOTHING
    write = _CONVERSATIONS.get(endpoint)
    if write is not None:
        return write(usage)
    if endpoint is Endpoint.RERANK and usage.searches:
        return {"search_units": usage.searches} | (_prompt(usage) if usage.total_tokens else {})
    if not (usage.total_tokens or endpoint.model_type in _ALWAYS_TOKENS):
        return {}
    if endpoint in _PROMPT_ONLY:
        return _prompt(usage)
    return {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
    }


def _prompt(usage: Usage) -> Counts:
    return {"prompt_tokens": usage.input_tokens, "total_tokens": usage.total_tokens}


def _chat(usage: Usage) -> Counts:
    ins = _told(
        cache_write_tokens=usage.cache_write_tokens + usage.cache_write_1h_tokens,
        audio_tokens=usage.audio_input_tokens,
        image_tokens=usage.image_input_tokens,
    )
    outs = _told(audio_tokens=usage.audio_output_tokens, image_tokens=usage.image_output_tokens)
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_input_tokens, **ins},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens, **outs},
    }


def _responses(usage: Usage) -> Counts:
    written = usage.cache_write_tokens + usage.cache_write_1h_tokens
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {
            "cached_tokens": usage.cached_input_tokens,
            "cache_write_tokens": written,
        },
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.total_tokens,
    }


def _messages(usage: Usage) -> Counts:
    """Anthropic's: what caches had a part in is not in the input."""
    written = usage.cache_write_tokens + usage.cache_write_1h_tokens
    told: Counts = {
        "input_tokens": max(0, usage.input_tokens - usage.cached_input_tokens - written),
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": usage.cached_input_tokens,
        "output_tokens": usage.output_tokens,
    }
    if written:
        told["cache_creation"] = {
            "ephemeral_5m_input_tokens": usage.cache_write_tokens,
            "ephemeral_1h_input_tokens": usage.cache_write_1h_tokens,
        }
    if usage.reasoning_tokens:
        told["output_tokens_details"] = {"thinking_tokens": usage.reasoning_tokens}
    if usage.searches:
        searched: Counts = {"web_search_requests": usage.searches, "web_fetch_requests": 0}
        told["server_tool_use"] = searched
    tier = _ANTHROPICS_TIERS.get(usage.service_tier or "")
    if tier is not None:
        told["service_tier"] = tier
    return told


def _told(**counts: int) -> Counts:
    return {name: count for name, count in counts.items() if count}


_CONVERSATIONS: dict[Endpoint, Callable[[Usage], Counts]] = {
    Endpoint.CHAT: _chat,
    Endpoint.COMPLETIONS: _chat,
    Endpoint.RESPONSES: _responses,
    Endpoint.MESSAGES: _messages,
}
"""Where tokens are always told."""
