"""Neutral events as a stream for Anthropic's clients."""

import json
from typing import Any

import msgspec
import pytest

from tollhouse.core.dialect import Vendor
from tollhouse.wire.anthropic.conversation import read_conversation
from tollhouse.wire.anthropic.events import EventReader
from tollhouse.wire.anthropic.stream import EventWriter
from tollhouse.wire.json_object import read_request
from tollhouse.wire.neutral.answer import Stop
from tollhouse.wire.neutral.events import (
    ArgumentsDelta,
    Began,
    Cited,
    Ended,
    Event,
    PartBegan,
    PartEnded,
    ReasoningDelta,
    Signed,
    TextDelta,
)
from tollhouse.wire.neutral.heading import Heading
from tollhouse.wire.neutral.parts import Citation, Part, Reasoning, Refusal, Text, ToolCall
from tollhouse.wire.sse import FrameSplitter, data_of, name_of
from wire.anthropic.anthropic_streams import WHOLE

HEADING = Heading("abc-1", "our/model", 1_700_000_000)
USAGE = b'{"input_tokens":3, "output_tokens":4,"cost":0.0000000001}'


def write(*events: Event, singly: bool = False) -> bytes:
    """The whole stream of these events."""
    writer = EventWriter(HEADING)
    if singly:
        return b"".join(writer.write([event]) for event in events) + writer.finish(USAGE)
    return writer.write(list(events)) + writer.finish(USAGE)


def decoded(data: bytes) -> list[Any]:
    """The events of a stream; each frame's name is its event's type."""
    found = []
    for frame in FrameSplitter().feed(data):
        event = json.loads(data_of(frame) or b"")
        assert name_of(frame) == event["type"].encode()
        found.append(event)
    return found


def part(index: int, began: Any, *deltas: Event) -> list[Event]:
    """One part, from its start to its end."""
    return [PartBegan(index, began), *deltas, PartEnded(index)]


def content(events: list[Any]) -> list[Any]:
    """The blocks that a client's SDK puts together of a stream."""
    blocks: list[Any] = []
    for event in events:
        if event["type"] == "content_block_start":
            assert event["index"] == len(blocks)
            blocks.append(dict(event["content_block"]))
        elif event["type"] == "content_block_delta":
            told = dict(event["delta"])
            kind = told.pop("type")
            ((name, value),) = told.items()
            block = blocks[event["index"]]
            if kind == "citations_delta":
                block.setdefault("citations", []).append(value)
            elif kind == "input_json_delta":
                block["json"] = block.get("json", "") + value
            else:
                block[name] += value
    for block in blocks:
        if "json" in block:
            block["input"] = json.loads(block.pop("json"))
    return blocks


def test_a_small_stream_byte_for_byte() -> None:
    """Names, order and spelling, as Anthropic's own streams have them."""
    said: list[Event] = [
        Began("msg_1"),
        *part(0, Text(""), TextDelta('"Hi"\u2028 🙂')),
        Ended(Stop.END),
    ]
    assert (
        write(*said)
        == (
            'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1",'
            '"type":"message","role":"assistant","model":"our/model","content":[],"stop_reason":null,'
            '"stop_sequence":null,"usage":{"input_tokens":0,"output_tokens":0}}}\n\n'
            'event: content_block_start\ndata: {"type":"content_block_start","index":0,'
            '"content_block":{"type":"text","text":""}}\n\n'
            'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
            '"delta":{"type":"text_delta","text":"\\"Hi\\"\u2028 🙂"}}\n\n'
            'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n'
            'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn",'
            '"stop_sequence":null},"usage":{"input_tokens":3, "output_tokens":4,'
            '"cost":0.0000000001}}\n\n'
            'event: message_stop\ndata: {"type":"message_stop"}\n\n'
        ).encode()
    )


def test_the_end_waits_for_the_usage() -> None:
    """And an answer that did not end gets none."""
    writer = EventWriter(HEADING)
    writer.write([Began("m"), *part(0, Text(""), TextDelta("a"))])
    assert writer.finish(USAGE) == b""
    assert writer.write([Ended(Stop.STOP_SEQUENCE, 'E"D')]) == b""
    (told, last) = decoded(writer.finish(USAGE))
    assert told["delta"] == {"stop_reason": "stop_sequence", "stop_sequence": 'E"D'}
    assert last == {"type": "message_stop"}


def test_a_usage_of_several_lines_is_one_event() -> None:
    """Some providers write theirs for people to read."""
    writer = EventWriter(HEADING)
    writer.write([Began("m"), Ended(Stop.END)])
    (told, _) = decoded(writer.finish(b'{\r\n  "output_tokens": 4\n\n}'))
    assert told["usage"] == {"output_tokens": 4}


def test_an_answer_without_an_id_gets_ours() -> None:
    """Behind the dialect's prefix."""
    assert decoded(write(Began()))[0]["message"]["id"] == "msg_abc-1"


@pytest.mark.parametrize("stop", list(Stop))
def test_every_stop_has_its_word(stop: Stop) -> None:
    """As in whole answers."""
    told = decoded(write(Began(), Ended(stop)))[-2]
    assert isinstance(told["delta"]["stop_reason"], str)


def test_anthropics_stream_comes_through() -> None:
    """What is read of a stream is written so that it reads the same."""
    events = EventReader().feed(WHOLE)
    assert EventReader().feed(write(*events)) == events
    assert write(*events, singly=True) == write(*events)


@pytest.mark.parametrize(
    ("said", "blocks"),
    [
        (part(0, Refusal(""), TextDelta("No.")), [{"type": "text", "text": "No."}]),
        (
            part(0, Text(""), TextDelta("Hi"), Cited(Citation("u", "t", "c")), Cited(Citation())),
            [
                {
                    "type": "text",
                    "text": "Hi",
                    "citations": [
                        {
                            "type": "web_search_result_location",
                            "url": "u",
                            "title": "t",
                            "cited_text": "c",
                            "encrypted_index": "tollhouse:foreign",
                        }
                    ],
                }
            ],
        ),
        (
            part(0, Reasoning(), ReasoningDelta("Hm"), ReasoningDelta(".")),
            [{"type": "thinking", "thinking": "Hm.", "signature": "tollhouse:unsigned"}],
        ),
        (
            part(0, Reasoning(), ReasoningDelta("Hm"), Signed("Eq", Vendor.ANTHROPIC)),
            [{"type": "thinking", "thinking": "Hm", "signature": "Eq"}],
        ),
        (
            part(0, Reasoning(), ReasoningDelta("Hm"), Signed("Cx", Vendor.GOOGLE)),
            [{"type": "thinking", "thinking": "Hm", "signature": "tollhouse:google:signature:Cx"}],
        ),
        (
            part(0, Reasoning(vendor=Vendor.OPENAI, hidden="gA")),
            [{"type": "redacted_thinking", "data": "tollhouse:openai:hidden:gA"}],
        ),
        (
            part(0, Reasoning(vendor=Vendor.OPENAI, hidden="gA"), ReasoningDelta("So")),
            [{"type": "thinking", "thinking": "So", "signature": "tollhouse:openai:hidden:gA"}],
        ),
        (
            part(0, Text(""), TextDelta("Hi"), Signed("Cx", Vendor.GOOGLE)),
            [
                {"type": "text", "text": "Hi"},
                {"type": "thinking", "thinking": "", "signature": "tollhouse:google:signature:Cx"},
            ],
        ),
        (
            part(0, ToolCall("c", "f", ""), ArgumentsDelta('{"a":'), ArgumentsDelta("1}")),
            [{"type": "tool_use", "id": "c", "name": "f", "input": {"a": 1}}],
        ),
        (
            [
                *part(0, ToolCall("c", "f", ""), Signed("Cx", Vendor.GOOGLE)),
                *part(1, ToolCall("d", "g", "")),
            ],
            [
                {"type": "tool_use", "id": "c", "name": "f", "input": {}},
                {"type": "redacted_thinking", "data": "tollhouse:google:call:c:Cx"},
                {"type": "tool_use", "id": "d", "name": "g", "input": {}},
            ],
        ),
        (
            part(0, ToolCall("c", "f", "", signature="Cx"), ArgumentsDelta("{}")),
            [
                {"type": "redacted_thinking", "data": "tollhouse:google:call:c:Cx"},
                {"type": "tool_use", "id": "c", "name": "f", "input": {}},
            ],
        ),
    ],
)
def test_B06_parts_as_blocks(said: list[Event], blocks: Any) -> None:
    """Each part has a block of its own, numbered without gaps; signatures travel with them."""
    out = write(Began(), *said, Ended(Stop.END))
    assert content(decoded(out)) == blocks
    assert out == write(Began(), *said, Ended(Stop.END), singly=True)


WORDLESS = Reasoning(vendor=Vendor.GOOGLE)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (part(1, WORDLESS, Signed("Cx", Vendor.GOOGLE)), []),
        (part(1, Reasoning()), []),
        (part(1, Text(""), TextDelta("!"), Signed("Cx", Vendor.GOOGLE)), ["text"]),
        (part(1, Reasoning(), Signed("Eq", Vendor.ANTHROPIC)), ["thinking"]),
        (part(1, Reasoning(vendor=Vendor.OPENAI, hidden="gA")), ["redacted_thinking"]),
        (part(1, WORDLESS, ReasoningDelta("Hm"), Signed("Cx", Vendor.GOOGLE)), ["thinking"]),
    ],
)
def test_H02_who_asked_for_no_thinking_is_told_no_empty_thought(
    said: list[Event], told: list[str]
) -> None:
    """A signature of Google's behind a text is no block then; all that says something is."""
    asked = EventWriter(HEADING)
    unasked = EventWriter(msgspec.structs.replace(HEADING, asked_thoughts=False))
    events = [Began(), *part(0, Text(""), TextDelta("Hi")), *said, Ended(Stop.END)]
    kinds = [block["type"] for block in content(decoded(unasked.write(events)))]
    assert kinds == ["text", *told]
    assert "thinking" in str(content(decoded(asked.write(events))))


def test_H02_what_a_client_sends_back_is_what_was_streamed() -> None:
    """Signatures of every vendor come back whole."""
    out = write(
        Began(),
        *part(0, Reasoning(), ReasoningDelta("Hm"), Signed("Cx", Vendor.GOOGLE)),
        *part(1, Reasoning(vendor=Vendor.OPENAI, hidden="gA"), ReasoningDelta("So")),
        *part(2, ToolCall("c:1", "f", ""), Signed("Cy", Vendor.GOOGLE)),
        Ended(Stop.TOOLS),
    )
    message = {"role": "assistant", "content": content(decoded(out))}
    body = json.dumps({"max_tokens": 1, "messages": [message]}).encode()
    parts: tuple[Part, ...] = read_conversation(read_request(body)).messages[0].parts
    place = "messages[0].content"
    assert parts == (
        Reasoning("Hm", Vendor.GOOGLE, "Cx", at=f"{place}[0]"),
        Reasoning("So", Vendor.OPENAI, hidden="gA", summary=True, at=f"{place}[1]"),
        ToolCall("c:1", "f", "{}", signature="Cy", at=f"{place}[2]"),
    )
