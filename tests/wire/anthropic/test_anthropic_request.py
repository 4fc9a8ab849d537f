"""Conversations of all dialects as bodies for Anthropic: all but their turns, tools and knobs."""

from typing import Any

import msgspec
import pytest

from tollhouse.wire.neutral.conversation import OutputFormat
from wire.anthropic.anthropic_bodies_written import MODEL, refused, write


def test_a_small_request() -> None:
    """Nothing is said that the client did not say, but for the bound that Anthropic wants."""
    assert write() == {
        "model": MODEL,
        "max_tokens": 64_000,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}],
    }


def test_the_answers_bound() -> None:
    """The client's own, else the catalogue's, else what the model of this name puts out."""
    assert write(max_tokens=5, default_max_tokens=64000)["max_tokens"] == 5
    assert write(default_max_tokens=64000)["max_tokens"] == 64000
    assert write()["max_tokens"] == 64_000


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("claude-3-haiku-20240307", 4_096),
        ("claude-3-5-haiku-20241022", 8_192),
        ("claude-3-7-sonnet-20250219", 32_000),
        ("claude-opus-4-20250514", 32_000),
        ("anthropic.claude-opus-4-1-20250805-v1:0", 32_000),
        ("claude-haiku-4-5@20251001", 64_000),
        ("us.anthropic.claude-opus-4-6-v1:0", 128_000),
        ("claude-opus-4-8", 128_000),
        ("kimi-k2", 4_096),
    ],
)
def test_a_model_is_asked_for_no_more_than_it_puts_out(name: str, most: int) -> None:
    """By its name; other vendors' models at hosts of this protocol for what all of them do."""
    assert write(model=name)["max_tokens"] == most


def test_H13_an_answer_by_a_schema() -> None:
    """Objects that name members are closed, at every depth; all else stays as it is."""
    inner = {"type": "object", "properties": {"b": {"type": "integer"}}}
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {
            "a": inner,
            "l": {"type": "array", "items": inner},
            "u": {"anyOf": [inner, {"type": "null"}]},
            "free": {"type": "object"},
        },
        "$defs": {"D": inner | {"additionalProperties": True}},
    }
    body = write(output=OutputFormat(schema, name="n", description="What it is.", strict=True))
    shut = inner | {"additionalProperties": False}
    assert body["output_config"] == {
        "format": {
            "type": "json_schema",
            "schema": {
                "type": "object",
                "description": "What it is.",
                "additionalProperties": False,
                "properties": {
                    "a": shut,
                    "l": {"type": "array", "items": shut},
                    "u": {"anyOf": [shut, {"type": "null"}]},
                    "free": {"type": "object"},
                },
                "$defs": {"D": inner | {"additionalProperties": True}},
            },
        }
    }
    assert "additionalProperties" not in inner


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"output": OutputFormat()}, "response_format"),
        (
            {"output": OutputFormat({"type": "object"}), "model": "claude-sonnet-4-20250514"},
            "response_format",
        ),
        ({"choices": 2}, "n"),
        ({"stop": ("END", "\n")}, "stop"),
        ({"unknown": {"modalities": msgspec.Raw(b"[]")}}, "modalities"),
    ],
)
def test_what_anthropic_cannot_be_asked_for(fields: Any, param: str) -> None:
    """It is refused by the client's name of it, before anything is sent."""
    assert refused(**fields).param == param
