"""What a model's name tells of its host."""

import pytest

from tollhouse.core.dialect import Vendor
from tollhouse.wire.chat.quirks import Echo, Quirks, quirks_of

CLASSIC, NEW = "max_tokens", "max_completion_tokens"


@pytest.mark.parametrize(
    ("model", "field"),
    [
        ("gpt-4o", CLASSIC),
        ("gpt-4.1-mini", CLASSIC),
        ("gpt-3.5-turbo", CLASSIC),
        ("gpt-oss-120b", CLASSIC),
        ("openai/gpt-oss-20b", CLASSIC),
        ("claude-sonnet-5", CLASSIC),
        ("llama-o1-clone", CLASSIC),
        ("gpt-5", NEW),
        ("gpt-5.2-chat-latest", NEW),
        ("openai/gpt-5-nano", NEW),
        ("o1", NEW),
        ("o3-mini", NEW),
        ("o4-mini-2025-04-16", NEW),
        ("GPT-5", NEW),
    ],
)
def test_the_field_of_the_output_limit(model: str, field: str) -> None:
    """OpenAI's reasoning models know only the new field, many hosts only the old one."""
    assert quirks_of(model).output_field == field


@pytest.mark.parametrize(
    ("model", "echo", "vendor"),
    [
        ("anthropic/claude-opus-5", Echo.DETAILS, Vendor.ANTHROPIC),
        ("~anthropic/claude-opus-latest", Echo.DETAILS, Vendor.ANTHROPIC),
        ("openai/gpt-5", Echo.DETAILS, Vendor.OPENAI),
        ("google/gemini-3-pro", Echo.DETAILS, Vendor.GOOGLE),
        ("google/gemma-4", Echo.NONE, None),
        ("gemini-3-pro", Echo.GOOGLE, Vendor.GOOGLE),
        ("deepseek/deepseek-v4", Echo.CONTENT, None),
        ("moonshotai/kimi-k3", Echo.CONTENT, None),
        ("glm-5", Echo.CONTENT, None),
        ("gpt-5", Echo.NONE, None),
        ("grok-4", Echo.NONE, None),
    ],
)
def test_where_thoughts_go_back(model: str, echo: Echo, vendor: Vendor | None) -> None:
    """Who wants thoughts, and in what form."""
    found = quirks_of(model)
    assert (found.echo, found.vendor) == (echo, vendor)


def test_an_unknown_model_has_none() -> None:
    """The defaults are for hosts of open models."""
    assert quirks_of("llama-4") == Quirks()


def test_openai_and_mistral_cache_by_key() -> None:
    """Others may refuse the key."""
    known = [
        name for name in ("gpt-4o", "mistral-small", "llama-4") if quirks_of(name).caches_by_key
    ]
    assert known == ["gpt-4o", "mistral-small"]
