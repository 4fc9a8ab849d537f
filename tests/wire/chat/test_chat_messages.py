"""Messages of chat clients in neutral form."""

from typing import Any

import pytest

from tollhouse.core.dialect import Vendor
from tollhouse.wire.neutral.conversation import Message, Role
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
from wire.chat.chat_bodies import asked, refused

CALL = {"id": "t1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
NEUTRAL_CALL = ToolCall("t1", "f", '{"a":1}', at="messages[0].tool_calls[0]")


def read(*messages: Any) -> tuple[Message, ...]:
    """Messages in neutral form."""
    return asked(list(messages)).messages


def parts(message: Any) -> tuple[Part, ...]:
    """The parts of one message."""
    return read(message)[0].parts


def user(*content: Any) -> tuple[Part, ...]:
    """The parts of a user's message."""
    return parts({"role": "user", "content": list(content)})


def test_roles() -> None:
    """Developers' words are instructions, results of tools the user's."""
    found = read(
        {"role": "system", "content": "s"},
        {"role": "developer", "content": [{"type": "text", "text": "d"}]},
        {"role": "user", "content": "u", "name": "ann"},
        {"role": "assistant", "content": "a"},
    )
    assert found == (
        Message(Role.SYSTEM, (Text("s"),), None, "messages[0]"),
        Message(Role.SYSTEM, (Text("d"),), None, "messages[1]"),
        Message(Role.USER, (Text("u"),), "ann", "messages[2]"),
        Message(Role.ASSISTANT, (Text("a"),), None, "messages[3]"),
    )


AT = "messages[0].content[0]"
PARTS: list[tuple[dict[str, Any], Part]] = [
    ({"type": "text", "text": "x"}, Text("x")),
    (
        {"type": "image_url", "image_url": {"url": "https://a", "detail": "low"}},
        Image(Media(url="https://a"), "low", at=AT),
    ),
    ({"type": "image_url", "image_url": "https://a"}, Image(Media(url="https://a"), at=AT)),
    (
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
        Image(Media("image/png", "aGk="), at=AT),
    ),
    (
        {"type": "image_url", "image_url": {"url": "DATA:image/svg+xml;x=y;BASE64,aGk="}},
        Image(Media("image/svg+xml", "aGk="), at=AT),
    ),
    (
        {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}},
        Audio("aGk=", "wav", AT),
    ),
    (
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,aGk="}},
        Document(Media("application/pdf", "aGk="), at=AT),
    ),
    (
        {"type": "file", "file": {"file_data": "aGk=", "filename": "A.PDF"}},
        Document(Media("application/pdf", "aGk="), name="A.PDF", at=AT),
    ),
    (
        {"type": "file", "file": {"file_data": "https://a", "filename": "a"}},
        Document(Media(url="https://a"), name="a", at=AT),
    ),
    ({"type": "file", "file": {"file_id": "f-1"}}, Document(Media(file_id="f-1"), at=AT)),
    (
        {"type": "file", "file": {"file_id": "gs://a", "format": "text/plain"}},
        Document(Media("text/plain", url="gs://a"), at=AT),
    ),
    (
        {"type": "document_url", "document_url": "https://a"},
        Document(Media(url="https://a"), at=AT),
    ),
    ({"type": "video_url", "video_url": {"url": "https://a"}}, Video(Media(url="https://a"), AT)),
    ({"type": "refusal", "refusal": "no"}, Refusal("no")),
    ({"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, Reasoning("hm", at=AT)),
    ({"type": "hologram", "hologram": {}}, Opaque("hologram", AT)),
]


@pytest.mark.parametrize(("part", "neutral"), PARTS)
def test_parts(part: dict[str, Any], neutral: Part) -> None:
    """Every kind of part, each in all of its forms."""
    assert user(part) == (neutral,)


def test_empty_words_are_left_out() -> None:
    """Words that are none say nothing beside others; alone they are still the user's turn."""
    empty = {"type": "text", "text": ""}
    assert user(empty, {"type": "text", "text": "x"}) == (Text("x"),)
    assert user(empty) == (Text(""),)
    assert len(read({"role": "system", "content": ""}, {"role": "user", "content": "x"})) == 1


@pytest.mark.parametrize(
    ("mark", "cache"),
    [
        ({"cache_control": {"type": "ephemeral"}}, "5m"),
        ({"cache_control": {"type": "ephemeral", "ttl": "1h"}}, "1h"),
        ({"prompt_cache_breakpoint": {"mode": "explicit"}}, "5m"),
        ({"prompt_cache_breakpoint": {"mode": "explicit", "ttl": "30m"}}, "5m"),
        ({"prompt_cache_breakpoint": {"mode": "explicit", "ttl": "12h"}}, "1h"),
        ({"cache_control": None}, None),
    ],
)
def test_cache_marks(mark: dict[str, Any], cache: str | None) -> None:
    """Marks behind parts, as LiteLLM, OpenRouter and OpenAI spell them."""
    assert user({"type": "text", "text": "x", **mark}) == (Text("x", cache),)


def test_the_mark_of_a_message_stands_behind_its_last_part() -> None:
    """LiteLLM marks whole messages too."""
    marked = {"cache_control": {"type": "ephemeral"}}
    assert parts({"role": "user", "content": "x", **marked}) == (Text("x", "5m"),)
    assert parts({"role": "assistant", "tool_calls": [CALL], **marked})[0].cache == "5m"  # type: ignore[union-attr]


# --- the assistant ---

ASSISTANT: list[tuple[dict[str, Any], tuple[Part, ...]]] = [
    ({"content": None, "tool_calls": [CALL]}, (NEUTRAL_CALL,)),
    ({"content": "a", "tool_calls": [CALL], "annotations": []}, (Text("a"), NEUTRAL_CALL)),
    (
        {"content": "a", "refusal": None, "audio": None, "images": [], "function_call": None},
        (Text("a"),),
    ),
    ({"content": None, "refusal": "no"}, (Refusal("no"),)),
    ({"content": None, "audio": {"id": "a1"}}, (Opaque("audio", "messages[0].audio"),)),
    ({"content": None, "images": [{"type": "x"}]}, (Opaque("x", "messages[0].images[0]"),)),
    (
        {"content": "a", "reasoning_content": "hm"},
        (Reasoning("hm", at="messages[0]"), Text("a")),
    ),
    ({"content": "a", "reasoning": "hm"}, (Reasoning("hm", at="messages[0]"), Text("a"))),
    (
        {
            "content": "a",
            "reasoning": "hm",
            "reasoning_details": [
                {
                    "type": "reasoning.text",
                    "text": "hm",
                    "signature": "s",
                    "format": "anthropic-claude-v1",
                    "index": 0,
                }
            ],
        },
        (Reasoning("hm", Vendor.ANTHROPIC, "s", at="messages[0]"), Text("a")),
    ),
    (
        {"content": "a", "thinking_blocks": [{"type": "redacted_thinking", "data": "d"}]},
        (Reasoning(vendor=Vendor.ANTHROPIC, hidden="d", at="messages[0]"), Text("a")),
    ),
    (
        {
            "tool_calls": [CALL],
            "reasoning_details": [
                {
                    "type": "reasoning.encrypted",
                    "data": "s",
                    "format": "google-gemini-v1",
                    "id": "t1",
                }
            ],
        },
        (ToolCall("t1", "f", '{"a":1}', "s", at="messages[0].tool_calls[0]"),),
    ),
    (
        {"tool_calls": [CALL | {"extra_content": {"google": {"thought_signature": "s"}}}]},
        (ToolCall("t1", "f", '{"a":1}', "s", at="messages[0].tool_calls[0]"),),
    ),
    (
        {"tool_calls": [{"id": "t1", "type": "custom", "custom": {"name": "f", "input": "x"}}]},
        (ToolCall("t1", "f", "x", custom=True, at="messages[0].tool_calls[0]"),),
    ),
]


@pytest.mark.parametrize(("message", "neutral"), ASSISTANT)
def test_H02_assistants(message: dict[str, Any], neutral: tuple[Part, ...]) -> None:
    """Calls, refusals, thoughts and signatures, in every spelling."""
    assert parts({"role": "assistant", **message}) == neutral


def test_turns_that_say_nothing_are_left_out() -> None:
    """An assistant's message without content is no turn."""
    found = read({"role": "assistant", "content": ""}, {"role": "user", "content": "x"})
    assert [message.role for message in found] == [Role.USER]


@pytest.mark.parametrize("name", ["prefix", "partial"])
def test_prefills_are_not_lost(name: str) -> None:
    """An answer to be continued steers; where it is false it does not."""
    begun = {"role": "assistant", "content": "I"}
    hi = {"role": "user", "content": "hi"}
    assert list(asked([hi, begun | {name: True}]).unknown) == [f"messages[1].{name}"]
    assert not asked([hi, begun | {name: False}]).unknown


# --- results of tools ---


def test_results_know_their_tool() -> None:
    """A result is the user's, and has the name of the call that it belongs to."""
    result = {"role": "tool", "tool_call_id": "t1", "content": "42"}
    found = read({"role": "assistant", "tool_calls": [CALL]}, result)
    at = "messages[1]"
    assert found[1] == Message(Role.USER, (ToolResult("t1", (Text("42"),), "f", at=at),), None, at)
    alone = parts(result)
    assert alone == (ToolResult("t1", (Text("42"),), at="messages[0]"),)


def test_results_may_hold_pictures() -> None:
    """Some hosts take more than text there; what cannot be in a result is told as such."""
    content = [
        {"type": "text", "text": "x"},
        {"type": "image_url", "image_url": {"url": "https://a"}},
        {"type": "video_url", "video_url": {"url": "https://a"}},
    ]
    found = parts({"role": "tool", "tool_call_id": "t1", "content": content})[0]
    assert isinstance(found, ToolResult)
    assert found.content == (
        Text("x"),
        Image(Media(url="https://a"), at="messages[0].content[1]"),
        Opaque("video", "messages[0].content"),
    )


def test_empty_results() -> None:
    """Tools that give nothing have been run nevertheless."""
    found = parts({"role": "tool", "tool_call_id": "t1", "content": ""})
    assert found == (ToolResult("t1", (), at="messages[0]"),)


def test_the_legacy_way() -> None:
    """Functions have no ids: a result belongs to the latest call of its name."""
    call = {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}}
    result = {"role": "function", "name": "f", "content": "42"}
    found = read(call, result, call, result)
    ids = [part.id for message in found for part in message.parts if isinstance(part, ToolCall)]
    results = [part for message in found for part in message.parts if isinstance(part, ToolResult)]
    assert ids == ["call_0", "call_1"]
    assert [one.call_id for one in results] == ids
    assert {one.name for one in results} == {"f"}


# --- faults ---

FAULTS: list[tuple[Any, str]] = [
    ([], "messages"),
    ("hi", "messages"),
    ([{"role": "user", "content": None}], "messages[0].content"),
    ([{"role": "user"}], "messages[0].content"),
    ([{"role": "user", "content": 5}], "messages[0].content"),
    ([{"role": "user", "content": [{"text": "x"}]}], "messages[0].content[0].type"),
    ([{"role": "user", "content": [{"type": "text"}]}], "messages[0].content[0].text"),
    ([{"role": "user", "content": ["x"]}], "messages[0].content[0]"),
    (
        [{"role": "user", "content": [{"type": "text", "text": "x"}, {"type": "image_url"}]}],
        "messages[0].content[1].image_url",
    ),
    (
        [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": 1}}]}],
        "messages[0].content[0].image_url.url",
    ),
    (
        [{"role": "user", "content": [{"type": "image_url", "image_url": "data:image/png,x"}]}],
        "messages[0].content[0]",
    ),
    (
        [{"role": "user", "content": [{"type": "file", "file": {"filename": "x"}}]}],
        "messages[0].content[0].file.file_data",
    ),
    (
        [{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "x"}}]}],
        "messages[0].content[0].input_audio.format",
    ),
    ([{"content": "x"}], "messages[0].role"),
    ([{"role": "robot", "content": "x"}], "messages[0].role"),
    (
        [{"role": "system", "content": [{"type": "image_url", "image_url": "https://a"}]}],
        "messages[0].content",
    ),
    ([{"role": "tool", "content": "x"}], "messages[0].tool_call_id"),
    ([{"role": "function", "name": "f", "content": "x"}], "messages[0].name"),
    (
        [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}],
        "messages[0].tool_calls[0].id",
    ),
    (
        [{"role": "assistant", "tool_calls": [{"id": "t", "function": {"arguments": "{}"}}]}],
        "messages[0].tool_calls[0].function.name",
    ),
    (
        [{"role": "assistant", "tool_calls": [CALL, {"id": 7}]}],
        "messages[0].tool_calls[1].id",
    ),
    ([{"role": "assistant", "content": ""}], "messages"),
    ([{"role": "assistant", "function_call": {}}], "messages[0].function_call.name"),
    (
        [{"role": "user", "content": [{"type": "input_audio"}]}],
        "messages[0].content[0].input_audio",
    ),
    ([{"role": "user", "content": [{"type": "refusal"}]}], "messages[0].content[0].refusal"),
]


@pytest.mark.parametrize(("messages", "param"), FAULTS)
def test_faults_are_named_by_their_path(messages: Any, param: str) -> None:
    """A message of another shape is a 400 that says where."""
    found = refused(messages)
    assert found.param == param
    assert param in found.message
