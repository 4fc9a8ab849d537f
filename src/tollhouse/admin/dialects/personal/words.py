"""The words of the dialect and what they are in a model document.

A word is compared without its case, and a hyphen or a space is an underscore. What the client
wrote is kept beside the document's own word, so that it reads back what it wrote.
"""

import re

from ....core.needs import ModelType

_KEY = re.compile(r"[a-z][a-z0-9_]{0,63}")

_CATEGORIES: dict[ModelType, tuple[str, ...]] = {
    ModelType.COMPLETION: (
        *("completion", "chat", "llm", "text", "text_generation", "language", "language_model"),
        *("vision", "vlm", "multimodal", "reasoning"),
    ),
    ModelType.EMBEDDINGS: ("embeddings", "embedding", "text_embedding", "text_embeddings"),
    ModelType.IMAGE_GENERATION: ("image_generation", "image", "text_to_image"),
    ModelType.SPEECH: ("speech", "tts", "text_to_speech"),
    ModelType.TRANSCRIPTION: ("transcription", "stt", "asr", "speech_to_text"),
    ModelType.RERANK: ("rerank", "reranker", "reranking"),
    ModelType.MODERATION: ("moderation", "moderations"),
}
_TYPE_OF = {word: kind for kind, words in _CATEGORIES.items() for word in words}

_CAPABILITIES = {
    "tools": (
        *("tool", "tool_call", "tool_calls", "tool_calling", "tool_use"),
        *("function", "functions", "function_call", "function_calling"),
    ),
    "parallel_tools": ("parallel_tool_calls",),
    "vision": ("image", "images", "image_input"),
    "reasoning": ("thinking",),
    "json_schema": ("structured_output", "structured_outputs", "json", "json_mode"),
    "audio": ("audio_input",),
    "files": ("file", "file_input", "pdf"),
    "streaming": ("stream",),
}
_CAPABILITY_OF = {word: name for name, words in _CAPABILITIES.items() for word in words}

OPENAI, AZURE = "openai", "azure"
AZURE_VERSION = "2024-10-21"
"""The version of Azure's interface that is asked for: the dialect has no field for one."""

_HOSTED = {
    "openai": "https://api.openai.com/v1",
    "cerebras": "https://api.cerebras.ai/v1",
    "deepinfra": "https://api.deepinfra.com/v1/openai",
    "deepseek": "https://api.deepseek.com/v1",
    "fireworks": "https://api.fireworks.ai/inference/v1",
    "gemini": "https://generativelanguage.googleapis.com/v1beta/openai",
    "google": "https://generativelanguage.googleapis.com/v1beta/openai",
    "groq": "https://api.groq.com/openai/v1",
    "mistral": "https://api.mistral.ai/v1",
    "moonshot": "https://api.moonshot.ai/v1",
    "nvidia": "https://integrate.api.nvidia.com/v1",
    "openrouter": "https://openrouter.ai/api/v1",
    "perplexity": "https://api.perplexity.ai",
    "sambanova": "https://api.sambanova.ai/v1",
    "together": "https://api.together.xyz/v1",
    "xai": "https://api.x.ai/v1",
}
"""Hosts that speak OpenAI's protocol, with the base URL that stands for an absent one."""
_OF_THEIR_OWN = {
    "anthropic": "https://api.anthropic.com",
    "cohere": "https://api.cohere.com",
}
"""Providers with a protocol of their own name, and the base URL that stands for an absent one."""
_ANYWHERE = frozenset(
    {
        *("openai_compatible", "openai_api_compatible", "openai_like", "custom", "litellm"),
        *("vllm", "ollama", "lmstudio", "localai", "tgi", "xinference"),
    }
)
"""Providers that speak OpenAI's protocol wherever somebody has put them."""
_AZURE = frozenset({"azure", "azure_openai"})


def folded(word: str) -> str:
    """A word as it is compared."""
    return re.sub(r"[ -]", "_", word.strip().lower())


def type_of(category: str) -> ModelType | None:
    """The model type that a category means; None for an unknown one."""
    return _TYPE_OF.get(folded(category))


def protocol_of(provider: str) -> str | None:
    """The protocol that a provider is called by; None for an unknown one."""
    name = folded(provider)
    if name in _AZURE:
        return AZURE
    if name in _OF_THEIR_OWN:
        return name
    return OPENAI if name in _HOSTED or name in _ANYWHERE else None


def usual_url(provider: str) -> str | None:
    """The base URL of a provider that has but one."""
    name = folded(provider)
    return _HOSTED.get(name) or _OF_THEIR_OWN.get(name)


def capability_of(ability: str) -> str | None:
    """The capability that an ability is, unknown ones by their own name; None: no such word."""
    name = folded(ability)
    return _CAPABILITY_OF.get(name, name) if _KEY.fullmatch(name) else None


def known_providers() -> str:
    """The providers there are, for a message."""
    return ", ".join(sorted({*_HOSTED, *_OF_THEIR_OWN, *_ANYWHERE, *_AZURE}))
