"""Turns as Anthropic gets them: every part of every turn, and what cannot be said."""

from typing import Any

import msgspec
import pytest

from tollhouse.core.dialect import Dialect, Vendor
from tollhouse.wire.anthropic.request import write_request
from tollhouse.wire.neutral.conversation import Conversation, Message, Role
from tollhouse.wire.neutral.losses import Losses
from tollhouse.wire.neutral.parts import (
    Audio,
    Document,
    Image,
    Media,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
    Video,
)
from wire.anthropic.anthropic_bodies_written import HELLO, MODEL, F, blocks, refused, write


def test_instructions_are_gathered_in_order() -> None:
    """Wherever they stood; the turns around them are joined."""
    body = write(
        Message(Role.SYSTEM, (Text("A"), Text("B", cache="1h"))),
        HELLO,
        Message(Role.SYSTEM, (Text("C"), Text(" "))),
        Message(Role.USER, (Text("again"),)),
    )
    mark = {"type": "ephemeral", "ttl": "1h"}
    assert body["system"] == [
        {"type": "text", "text": "A"},
        {"type": "text", "text": "B", "cache_control": mark},
        {"type": "text", "text": "C"},
    ]
    assert [len(turn["content"]) for turn in body["messages"]] == [2]


def test_H10_results_of_several_messages_are_one_turn() -> None:
    """Two tool messages and words after them: results first, each in its order."""
    body = write(
        HELLO,
        Message(
            Role.ASSISTANT, (Text(""), ToolCall("a", "f", '{"x":1.0}'), ToolCall("b", "f", ""))
        ),
        Message(Role.USER, (ToolResult("a", (Text("1"),)),)),
        Message(Role.USER, (Text("and"), ToolResult("b", (), is_error=True))),
        tools=(F,),
    )
    assert [turn["role"] for turn in body["messages"]] == ["user", "assistant", "user"]
    assert body["messages"][1]["content"] == [
        {"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1.0}},
        {"type": "tool_use", "id": "b", "name": "f", "input": {}},
    ]
    assert body["messages"][2]["content"] == [
        {"type": "tool_result", "tool_use_id": "a", "content": [{"type": "text", "text": "1"}]},
        {"type": "tool_result", "tool_use_id": "b", "is_error": True},
        {"type": "text", "text": "and"},
    ]


def test_a_turn_without_words_is_none() -> None:
    """Anthropic refuses empty text; the turns around an empty one are joined."""
    body = write(HELLO, Message(Role.ASSISTANT, (Text(" \n"),)), HELLO)
    assert [turn["role"] for turn in body["messages"]] == ["user"]


def test_arguments_stay_as_they_were_generated() -> None:
    """Numbers and order too; what is no object is put into one, as the reference has it."""
    call = ToolCall("a", "f", '{"b": 1.50, "a":10000000000000000000001}')
    body = write_request(
        Conversation(Dialect.CHAT, (Message(Role.ASSISTANT, (call,)),)),
        MODEL,
        Losses(allowed=False),
    )
    assert b'"input":{"b": 1.50, "a":10000000000000000000001}' in msgspec.json.encode(body)
    for broken in ('{"a":', "5", '["x"]'):
        (block,) = blocks(Role.ASSISTANT, ToolCall("a", "f", broken))
        assert block["input"] == {"INVALID_JSON": broken}


def test_ids_that_anthropic_refuses_are_spelled_otherwise() -> None:
    """A call and its result still have the same id, and no two calls do."""
    body = write(
        Message(Role.ASSISTANT, (ToolCall("f:0", "f", ""), ToolCall("f_0", "f", ""))),
        Message(Role.USER, (ToolResult("f:0", ()), ToolResult("f_0", ()))),
    )
    first, second = (block["id"] for block in body["messages"][0]["content"])
    assert [block["tool_use_id"] for block in body["messages"][1]["content"]] == [first, second]
    assert first.startswith("f_0_")
    assert second == "f_0"


@pytest.mark.parametrize(
    ("thought", "written"),
    [
        (
            Reasoning("Hm", Vendor.ANTHROPIC, "EqQB"),
            [{"type": "thinking", "thinking": "Hm", "signature": "EqQB"}],
        ),
        (
            Reasoning(vendor=Vendor.ANTHROPIC, hidden="EmwK"),
            [{"type": "redacted_thinking", "data": "EmwK"}],
        ),
        (Reasoning("Hm", Vendor.GOOGLE, "Cx=="), []),
        (Reasoning("Hm", Vendor.OPENAI, hidden="gA"), []),
        (Reasoning("Hm", Vendor.ANTHROPIC), []),
        (Reasoning("Hm"), []),
    ],
)
def test_H02_only_anthropics_thoughts_go_to_anthropic(thought: Reasoning, written: Any) -> None:
    """Byte for byte; those that it did not sign are left out."""
    call = ToolCall("a", "f", "{}", signature="Google's")
    *thoughts, told = blocks(Role.ASSISTANT, thought, call)
    assert thoughts == written
    assert told == {"type": "tool_use", "id": "a", "name": "f", "input": {}}


@pytest.mark.parametrize(
    ("part", "written"),
    [
        (
            Image(Media("image/jpg", "QQ=="), cache="5m"),
            {
                "type": "image",
                "source": {"type": "base64", "media_type": "image/jpeg", "data": "QQ=="},
                "cache_control": {"type": "ephemeral"},
            },
        ),
        (
            Image(Media(url="https://x/y.png"), detail="low"),
            {"type": "image", "source": {"type": "url", "url": "https://x/y.png"}},
        ),
        (
            Document(Media("application/pdf", "QQ=="), name="a.pdf", context="c", cited=True),
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "QQ=="},
                "title": "a.pdf",
                "context": "c",
                "citations": {"enabled": True},
            },
        ),
        (
            Document(Media("text/markdown; charset=utf-8", "SGk=")),
            {
                "type": "document",
                "source": {"type": "text", "media_type": "text/plain", "data": "Hi"},
            },
        ),
        (
            Document(Media("text/plain"), text="Words"),
            {
                "type": "document",
                "source": {"type": "text", "media_type": "text/plain", "data": "Words"},
            },
        ),
        (
            Document(Media(url="http://x/y.pdf")),
            {"type": "document", "source": {"type": "url", "url": "http://x/y.pdf"}},
        ),
    ],
)
def test_media(part: Part, written: Any) -> None:
    """Pictures and documents, and the same inside what a tool gave."""
    assert blocks(Role.USER, part) == [written]
    assert isinstance(part, Image | Document)
    (result,) = blocks(Role.USER, ToolResult("a", (part, Reasoning("Hm"))))
    assert result["content"] == [written]


def test_an_upload_is_its_own_dialects() -> None:
    """Only a client of Anthropic's dialect can have named a file of Anthropic's."""
    part = Image(Media(file_id="file_1"), at="messages[0].content[0]")
    (block,) = blocks(Role.USER, part, dialect=Dialect.MESSAGES)
    assert block["source"] == {"type": "file", "file_id": "file_1"}
    assert refused(Message(Role.USER, (part,))).param == "messages[0].content[0]"


def test_a_refusal_is_words() -> None:
    """What the model said when it declined."""
    assert blocks(Role.ASSISTANT, Refusal("No.")) == [{"type": "text", "text": "No."}]


@pytest.mark.parametrize(
    "part",
    [
        Audio("QQ==", "wav", at="here"),
        Video(Media("video/mp4", "QQ=="), at="here"),
        Opaque("computer_call", at="here"),
        Image(Media(url="gs://x/y.png"), at="here"),
        Image(Media(data="QQ=="), at="here"),
        Document(Media("application/msword", "QQ=="), at="here"),
        Document(Media("text/plain", "not base64"), at="here"),
        Document(Media(data="QQ=="), at="here"),
        Document(Media(file_id="file-1"), at="here"),
        ToolResult("a", (Opaque("image by upload", at="here"),)),
    ],
)
def test_essentials_are_refused_even_where_knobs_are_dropped(part: Part) -> None:
    """Without them the answer would be another."""
    told = refused(Message(Role.USER, (part,)), allowed=True)
    assert told.param == "here"
    assert "here" in told.message


def test_instructions_are_words() -> None:
    """A picture among the instructions is not left out in silence."""
    message = Message(Role.SYSTEM, (Image(Media(url="https://x"), at="here"),))
    assert refused(message, allowed=True).param == "here"
