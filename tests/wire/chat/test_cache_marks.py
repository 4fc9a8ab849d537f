"""Marks of what to cache, on their way to OpenAI's models in chat and in responses."""

import json
from typing import Any

import msgspec
import pytest

from tollhouse.core.dialect import Dialect
from tollhouse.wire.chat.quirks import quirks_of
from tollhouse.wire.chat.request import write_request as write_chat
from tollhouse.wire.neutral.conversation import Conversation, Message, Role
from tollhouse.wire.neutral.losses import Losses
from tollhouse.wire.neutral.parts import Document, Image, Media, Part, Text, ToolCall, ToolResult
from tollhouse.wire.responses.request import write_request as write_responses
from wire.chat.chat_bodies import asked

KNOWS, KNOWS_NOT = "gpt-5.6-sol", "gpt-5.1"
MARK = {"prompt_cache_breakpoint": {"mode": "explicit"}}
PNG = Media("image/png", "aGk=")
PDF = Media("application/pdf", "aGk=")
CALL = Message(Role.ASSISTANT, (Text("b", "5m"), ToolCall("t1", "f", "{}", cache="5m")))


def told(write: Any, *messages: Message, model: str = KNOWS) -> dict[str, Any]:
    """The body for a provider, to which every mark is nothing but a hint."""
    losses = Losses(allowed=False)
    found: dict[str, Any] = json.loads(
        msgspec.json.encode(write(Conversation(Dialect.MESSAGES, messages), model, losses))
    )
    assert losses.dropped == []
    return found


def user(*parts: Part) -> Message:
    """A user's turn."""
    return Message(Role.USER, parts)


def system(*parts: Part) -> Message:
    """Instructions."""
    return Message(Role.SYSTEM, parts)


@pytest.mark.parametrize(
    ("model", "knows"),
    [
        *((name, True) for name in ("gpt-5.6", "gpt-5.6-sol", "openai/gpt-5.6-luna", "GPT-5.10")),
        *((name, True) for name in ("gpt-6", "gpt-6-mini", "gpt-5.7-2026-09-01")),
        *((name, False) for name in ("gpt-5.5", "gpt-5.1", "gpt-5", "gpt-4o", "gpt-35-turbo")),
        *((name, False) for name in ("gpt-5.6-terra", "gpt-oss-120b", "o3", "claude-5", "my-6")),
    ],
)
def test_which_models_know_marks(model: str, *, knows: bool) -> None:
    """OpenAI's since GPT-5.6; all others would refuse them."""
    assert quirks_of(model).marks_caches is knows


def test_a_chat_has_marks_on_its_pieces() -> None:
    """What is marked is a piece of its own; the model's own words and calls have no marks."""
    body = told(
        write_chat,
        system(Text("r1"), Text("r2", "1h")),
        user(Text("a"), Image(PNG, cache="5m"), Document(PDF, cache="5m"), Text("", "5m")),
        CALL,
        user(ToolResult("t1", (Text("c"),), cache="5m"), ToolResult("t2", (Text("d", "5m"),))),
        user(ToolResult("t3", (), cache="5m")),
    )
    rules, said, own, *results = body["messages"]
    assert rules["content"] == [
        {"type": "text", "text": "r1"},
        {"type": "text", "text": "r2", **MARK},
    ]
    assert said["content"] == [
        {"type": "text", "text": "a"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}, **MARK},
        {
            "type": "file",
            "file": {
                "filename": "document.pdf",
                "file_data": "data:application/pdf;base64,aGk=",
            },
            **MARK,
        },
    ]
    assert own["content"] == "b"
    assert "prompt_cache_breakpoint" not in json.dumps(own)
    assert [result["content"] for result in results] == [
        [{"type": "text", "text": "c", **MARK}],
        [{"type": "text", "text": "d", **MARK}],
        "",
    ]


def test_responses_have_marks_on_their_pieces() -> None:
    """Marked instructions are an item, for there is no other place for their mark."""
    body = told(
        write_responses,
        system(Text("r1"), Text("r2", "1h")),
        user(Text("a", "5m")),
        user(Text("a"), Image(PNG, cache="5m"), Document(PDF, cache="5m")),
        CALL,
        user(ToolResult("t1", (Text("c"),), cache="5m"), ToolResult("t2", (Text("d", "5m"),))),
        user(ToolResult("t3", (Text("e"), Image(PNG)), is_error=True, cache="5m")),
        user(ToolResult("t4", (), cache="5m")),
        system(Text("r3", "5m")),
    )
    assert "instructions" not in body
    rules, first, said, own, call, *results, late = body["input"]
    assert rules == {
        "role": "developer",
        "content": [
            {"type": "input_text", "text": "r1"},
            {"type": "input_text", "text": "r2"} | MARK,
        ],
    }
    assert first["content"] == [{"type": "input_text", "text": "a", **MARK}]
    assert [piece.get("prompt_cache_breakpoint") for piece in said["content"]] == [
        None,
        MARK["prompt_cache_breakpoint"],
        MARK["prompt_cache_breakpoint"],
    ]
    assert own["content"] == "b"
    assert "prompt_cache_breakpoint" not in call
    assert [result["output"] for result in results] == [
        [{"type": "input_text", "text": "c", **MARK}],
        [{"type": "input_text", "text": "d", **MARK}],
        [
            {"type": "input_text", "text": "Error"},
            {"type": "input_text", "text": "e"},
            {
                "type": "input_image",
                "image_url": "data:image/png;base64,aGk=",
                "detail": "auto",
                **MARK,
            },
        ],
        "",
    ]
    assert late["content"] == [{"type": "input_text", "text": "r3", **MARK}]


def test_a_failed_tools_words_keep_their_mark() -> None:
    """That it failed is said in the same piece."""
    failed = user(ToolResult("t1", (Text("c"),), is_error=True, cache="5m"))
    for write, kind, place, name in (
        (write_chat, "text", "messages", "content"),
        (write_responses, "input_text", "input", "output"),
    ):
        (result,) = told(write, failed)[place]
        assert result[name] == [{"type": kind, "text": "Error: c", **MARK}]


@pytest.mark.parametrize("write", [write_chat, write_responses])
def test_other_models_are_told_of_no_mark(write: Any) -> None:
    """They cache by themselves: what they are sent is as if nothing had been marked."""

    def turns(cache: str | None) -> tuple[Message, ...]:
        return (
            system(Text("r", cache)),
            user(Text("a", cache), Image(PNG, cache=cache)),
            user(ToolResult("t1", (Text("c", cache),), cache=cache)),
        )

    plain = told(write, *turns(None), model=KNOWS_NOT)
    assert told(write, *turns("5m"), model=KNOWS_NOT) == plain
    assert told(write, *turns(None)) == plain | {"model": KNOWS}


def test_a_chat_clients_own_mark_reaches_responses() -> None:
    """As OpenAI's clients spell it for a chat."""
    words = {"type": "text", "text": "a catalogue"} | MARK
    said = asked([{"role": "user", "content": [words, {"type": "text", "text": "And?"}]}])
    body = write_responses(said, KNOWS, Losses(allowed=False))
    assert body["input"][0]["content"] == [
        {"type": "input_text", "text": "a catalogue", **MARK},
        {"type": "input_text", "text": "And?"},
    ]
