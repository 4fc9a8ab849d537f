"""Which reader reads whose usage: the one place that knows every provider's convention.

Whatever the convention, ``core.usage.Usage`` says it one way: the input includes what was read from
a cache and what was written to one, the output includes reasoning.

=============== ============================ ========================== ==========================
provider        its input includes           where caches are told      where reasoning is told
=============== ============================ ========================== ==========================
OpenAI chat,    everything                   prompt_tokens_details      completion_tokens_details,
Azure,                                       (cached, cache_write)      inside the output
OpenRouter,
Groq, Together,
Cerebras, …
OpenAI          everything                   input_tokens_details       output_tokens_details,
responses                                                               inside the output
xAI             everything                   prompt_tokens_details      completion_tokens_details,
                                                                        outside, as the total says
DeepSeek        everything                   prompt_cache_hit_tokens    completion_tokens_details,
                                                                        inside the output
Moonshot        everything                   cached_tokens              not told apart
Mistral         everything                   num_cached_tokens          not told apart
Perplexity      all but citation_tokens      none                       reasoning_tokens, outside
Anthropic,      what no cache had a part in  cache_read_input_tokens,   output_tokens_details,
Vertex AI,                                   cache_creation_input_…,    inside the output
Bedrock native                               cache_creation (5m, 1h)
Bedrock         what no cache had a part in  cacheReadInputTokens,      not told apart
Converse                                     cacheWriteInputTokens,
                                             cacheDetails (5m, 1h)
Gemini,         all but                      cachedContentTokenCount    thoughtsTokenCount,
Vertex AI       toolUsePromptTokenCount                                 outside the candidates
Cohere          everything                   none                       none
Titan           everything                   none                       none
=============== ============================ ========================== ==========================

References: platform.openai.com/docs/api-reference (chat, responses), docs.x.ai/docs/api-reference,
api-docs.deepseek.com/api/create-chat-completion, platform.moonshot.ai/docs/api/chat,
docs.mistral.ai/api, docs.perplexity.ai/api-reference, openrouter.ai/docs (usage accounting); those
of the others head their readers.
"""

from collections.abc import Callable
from typing import Any

from ...core.dialect import Dialect
from ...core.label import Label
from ...core.needs import Endpoint, ModelType
from ...core.usage import Unusable, Usage
from . import anthropic, cohere, converse, gemini, openai, titan


class Kind(Label):
    """Spellings of usage that belong to no dialect of conversations."""

    COHERE = "cohere"
    """``meta`` of embeddings and rerankings."""
    GEMINI_EMBED = "gemini_embed"
    """``usageMetadata`` of embeddings."""
    TITAN = "titan"
    """``inputTextTokenCount``, or the header of any embeddings model on Bedrock."""


_OPENAI: dict[Dialect | Kind, Endpoint] = {
    Dialect.CHAT: Endpoint.CHAT,
    Dialect.RESPONSES: Endpoint.RESPONSES,
}
_TIERED: dict[Dialect, Callable[..., Usage | Unusable]] = {
    Dialect.MESSAGES: anthropic.read_usage,
    Dialect.CONVERSE: converse.read_usage,
    Dialect.GEMINI: gemini.read_usage,
}
_UNTIERED: dict[Kind, Callable[[Any], Usage | Unusable]] = {
    Kind.COHERE: cohere.read_usage,
    Kind.GEMINI_EMBED: gemini.read_usage,
    Kind.TITAN: titan.read_usage,
}


def read_usage(
    spelling: Dialect | Kind,
    raw: Any,
    endpoint: Endpoint,
    *,
    service_tier: str | None = None,
    images: int = 0,
    characters: int = 0,
) -> Usage | Unusable:
    """Read what a provider told, as JSON bytes or decoded, in the spelling that it speaks.

    ``endpoint`` is the client's: where a conversation is translated it says nothing of the
    spelling. The rest is what the caller counted or was told beside the usage.
    """
    own = _OPENAI.get(spelling)
    if own is None:
        if isinstance(spelling, Kind):
            return _UNTIERED[spelling](raw)
        return _TIERED[spelling](raw, service_tier=service_tier)
    if endpoint.model_type is not ModelType.COMPLETION:
        own = endpoint
    return openai.read_usage(
        raw, own, service_tier=service_tier, images=images, characters=characters
    )
