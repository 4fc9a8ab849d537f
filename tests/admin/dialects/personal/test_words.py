"""The dialect's words: categories, providers and abilities, however they are spelled."""

from typing import get_args

import pytest

from tollhouse.admin.dialects.personal import words
from tollhouse.catalogue.documents.provider_config import Connection
from tollhouse.core.hosts import base_url_fault
from tollhouse.core.needs import ModelType

PROTOCOLS = get_args(Connection.model_fields["protocol"].annotation)


@pytest.mark.parametrize("kind", ModelType)
def test_every_type_is_a_category_by_its_own_name(kind: ModelType) -> None:
    """What a native admin calls a type is understood, in any case and with hyphens."""
    for spelled in (kind.value, kind.value.upper(), kind.value.replace("_", "-"), f" {kind} "):
        assert words.type_of(spelled) is kind


@pytest.mark.parametrize(
    ("category", "kind"),
    [
        ("llm", "completion"),
        ("chat", "completion"),
        ("Text Generation", "completion"),
        ("embedding", "embeddings"),
        ("reranker", "rerank"),
        ("tts", "speech"),
        ("speech-to-text", "transcription"),
        ("image", "image_generation"),
        ("teapot", None),
        ("", None),
    ],
)
def test_category_means_a_type(category: str, kind: str | None) -> None:
    """Words that other systems use for the same thing."""
    assert words.type_of(category) == kind


@pytest.mark.parametrize("name", words.known_providers().split(", "))
def test_known_provider_has_a_protocol_and_leads_to_a_public_place(name: str) -> None:
    """Each is called by a protocol that there is; a usual URL passes the guard's rule."""
    assert words.protocol_of(name) in PROTOCOLS
    usual = words.usual_url(name)
    assert usual is None or base_url_fault(usual) is None


@pytest.mark.parametrize("name", ["", "acme", "open ai", "https://x", "OpenAI\n2"])
def test_unknown_provider_has_none(name: str) -> None:
    """Nothing is guessed."""
    assert words.protocol_of(name) is None


@pytest.mark.parametrize(
    ("ability", "capability"),
    [
        ("Function Calling", "tools"),
        ("tool-use", "tools"),
        ("tools", "tools"),
        ("image", "vision"),
        ("thinking", "reasoning"),
        ("json", "json_schema"),
        ("streaming", "streaming"),
        ("web-search", "web_search"),
        ("<string>", None),
        ("1st", None),
        ("a.b", None),
        ("", None),
    ],
)
def test_ability_is_a_capability(ability: str, capability: str | None) -> None:
    """Known under another name, kept under its own, or no word at all."""
    assert words.capability_of(ability) == capability
