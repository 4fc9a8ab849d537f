"""Personal models written by other dialects read the same here."""

from dataclasses import replace
from typing import Any

import pytest

from tollhouse.admin.dialects.personal.documents import Personal, patch_of, read
from tollhouse.catalogue.merge import merge

UID = "0190a5f1-7b2c-7000-8000-000000000000"
MODEL = Personal(
    category="LLM",
    model_provider="Groq",
    model_name="m",
    base_url="https://api.groq.com/openai/v1",
    temperature=0.5,
    dimension=8,
    description="d",
    abilities=("Tool Calling", "web search"),
    shared=True,
    number=7,
)


def document(**fields: Any) -> dict[str, Any]:
    """A stored document, as small as one can be."""
    connection = {"protocol": "openai", "base_url": "https://x.example/v1"}
    return {"model_id": "m", "uid": UID, "type": "completion", "connection": connection, **fields}


@pytest.mark.parametrize("category", ["LLM", "embedding", "rerank"])
def test_what_is_written_is_read(category: str) -> None:
    """Every field comes back as it was given, whatever the type has a use for."""
    model = replace(MODEL, category=category)
    assert read(merge({"model_id": "x", "uid": UID}, patch_of(model, {}))) == model


def test_native_document_is_shown_in_the_catalogues_words() -> None:
    """Without anything of this dialect in it: type, protocol, capabilities, a number of its uid."""
    shown = read(document(capabilities={"vision": True, "tools": False}, upstream_model="up"))
    assert (shown.category, shown.model_provider) == ("completion", "openai")
    assert shown.model_name == "up"
    assert shown.abilities == ("vision",)
    assert shown.number == int("0190a5f17b2c", 16)


def test_native_edit_is_seen() -> None:
    """A field changed in another dialect is not hidden by the words kept of this one."""
    stored = merge({"model_id": "x", "uid": UID}, patch_of(MODEL, {}))
    patch = {
        "type": "embeddings",
        "connection": {"protocol": "azure"},
        "capabilities": {"tools": False, "audio": True},
        "provider_config": {"params": {"temperature": 0.9}},
        "enabled": False,
    }
    shown = read(merge(stored, patch))
    assert (shown.category, shown.model_provider) == ("embeddings", "azure")
    assert shown.abilities == ("web search", "audio")
    assert (shown.temperature, shown.active) == (0.9, False)


@pytest.mark.parametrize("junk", [None, 7, "x", [], {"personal": 3}, {"personal": {"id": "x"}}])
def test_metadata_may_hold_anything(junk: Any) -> None:
    """Metadata is free: what is not ours in it is not read, and nothing fails."""
    assert read(document(metadata=junk)).number == int("0190a5f17b2c", 16)


def test_capabilities_that_are_no_abilities_stay() -> None:
    """A patch takes back what was an ability, never what an admin has denied."""
    stored = merge({"model_id": "x", "uid": UID}, patch_of(MODEL, {}))
    stored["capabilities"]["audio"] = False
    patched = merge(stored, patch_of(replace(MODEL, abilities=("vision",)), stored))
    assert patched["capabilities"] == {"vision": True, "audio": False}
