"""Anthropic's streams, read into neutral events."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tollhouse.core.dialect import Vendor
from tollhouse.wire.anthropic.events import EventReader
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
from tollhouse.wire.neutral.parts import Citation, Reasoning, Refusal, Text, ToolCall
from wire.anthropic.anthropic_streams import (
    PING,
    START,
    STOP,
    WHOLE,
    delta,
    ended,
    frame,
    pieces,
    start,
    stop,
    stream,
    text,
)


def read(*data: bytes) -> tuple[EventReader, list[Event]]:
    """Everything that comes of these bytes."""
    reader = EventReader()
    events = [event for piece in data for event in reader.feed(piece)]
    return reader, [*events, *reader.end()]


def test_a_whole_stream() -> None:
    """Every kind of part, numbered from 0 without gaps; Anthropic's own tools are skipped."""
    reader, events = read(WHOLE)
    assert events == [
        Began("msg_1"),
        PartBegan(0, Reasoning(vendor=Vendor.ANTHROPIC)),
        ReasoningDelta("Hm"),
        ReasoningDelta(", so"),
        Signed("EqQB", Vendor.ANTHROPIC),
        PartEnded(0),
        PartBegan(1, Reasoning(vendor=Vendor.ANTHROPIC, hidden="EmwK")),
        PartEnded(1),
        PartBegan(2, Text("")),
        TextDelta("Grüße \u2028"),
        TextDelta("🙂"),
        PartEnded(2),
        PartBegan(3, Text("")),
        Cited(Citation("u")),
        TextDelta("So."),
        PartEnded(3),
        PartBegan(4, ToolCall("t", "f", "")),
        ArgumentsDelta('{"a"'),
        ArgumentsDelta(":1}"),
        PartEnded(4),
        PartBegan(5, ToolCall("t2", "g", "")),
        PartEnded(5),
        Ended(Stop.TOOLS),
    ]
    assert (reader.error, reader.malformed, reader.ended) == (None, False, True)
    assert reader.service_tier == "standard"
    assert reader.content_bytes > 20


def test_B01_B02_however_the_bytes_are_cut() -> None:
    """Characters and events split over reads, and separators that are content, change nothing."""
    _, whole = read(WHOLE)
    for cut in pieces(WHOLE, 400):
        assert read(*cut)[1] == whole
    assert read(WHOLE.replace(b"\n", b"\r\n"))[1] == whole


def test_B15_usage_is_merged_by_field() -> None:
    """What comes later wins where it is told; nothing is summed, null tells nothing."""
    used = {"output_tokens": 20, "cache_read_input_tokens": 7, "input_tokens": None}
    reader, _ = read(stream(START, text(0, "a"), ended(usage=used), STOP))
    assert json.loads(reader.usage or b"") == {
        "input_tokens": 100,
        "output_tokens": 20,
        "cache_read_input_tokens": 7,
        "service_tier": "standard",
    }
    again = {"input_tokens": 90, "output_tokens": 21}
    reader, _ = read(stream(START, text(0, "a"), ended(usage=used), ended(usage=again), STOP))
    merged = json.loads(reader.usage or b"")
    assert (merged["input_tokens"], merged["output_tokens"]) == (90, 21)


def test_what_was_used_is_known_when_a_stream_breaks_off() -> None:
    """The usage so far, and that the answer is not whole."""
    reader, events = read(stream(START, text(0, "a"))[:-5])
    assert json.loads(reader.usage or b"")["input_tokens"] == 100
    assert (reader.ended, reader.malformed, reader.error) == (False, False, None)
    assert not any(isinstance(event, Ended) for event in events)
    reader, _ = read(stream(START, text(0, "a"), ended()))
    assert not reader.ended


@pytest.mark.parametrize("before", [[], [START], [START, *text(0, "a")]])
def test_B04_an_error_ends_it_anywhere(before: list[Any]) -> None:
    """First, before content or in the middle; nothing after it is read."""
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    reader, events = read(stream(*before, error, text(1, "b"), ended(), STOP))
    assert json.loads(reader.error or b"") == error["error"]
    assert not reader.ended
    assert TextDelta("b") not in events


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b'data: {"error":{"message":"x"}}\n\n', b'{"message":"x"}'),
        (b"event: error\ndata: upstream died\n\n", b'"upstream died"'),
        (b'event: error\ndata: {"type":"error"}\n\n', b"{}"),
    ],
)
def test_errors_of_other_shapes(data: bytes, error: bytes) -> None:
    """As hosts behind other hosts send them."""
    reader, events = read(data)
    assert (reader.error, reader.malformed, events) == (error, False, [])


@pytest.mark.parametrize(
    "data",
    [
        b"data: <html>\n\n",
        b'data: {"type":\n\n',
        b"data: []\n\n",
        frame({"type": "content_block_delta", "index": 0, "delta": {"text": 5}}),
        frame({"type": "content_block_delta", "index": 0}),
        stream(START, delta(0, "text", text="a")),
        stream(START, start(0, type="text", text=""), delta(1, "text", text="a")),
        stream(START, {"type": "content_block_start", "index": 0}),
        stream(START, text(0, "a"), START | {"message": {"id": "msg_2"}}),
        stream(START, {"type": "content_block_start", "content_block": {"type": "text"}}),
    ],
)
def test_what_is_no_stream_is_malformed(data: bytes) -> None:
    """It is said once, and nothing is read after it."""
    reader = EventReader()
    reader.feed(data)
    assert reader.malformed
    assert reader.error is None
    assert reader.feed(WHOLE) == []


def test_what_is_new_is_skipped() -> None:
    """Events, blocks and deltas that the reference does not have yet, of whatever shape."""
    _, plain = read(stream(START, text(0, "a"), ended(), STOP))
    new = stream(
        PING,
        {"type": "new_event", "index": "x", "delta": 5, "content_block": None},
        START,
        start(7, type="new_block", text=5, data={"a": 1}),
        delta(7, "new", text="x"),
        stop(7),
        start(0, type="text", text=""),
        delta(0, "text", text="a"),
        delta(0, "new", other=[1]),
        stop(0),
        ended(),
        STOP,
    )
    reader, events = read(b": comment\n\n", new, b"data: [DONE]\n\n")
    assert not reader.malformed
    assert events == plain


def test_content_told_with_a_blocks_start() -> None:
    """Some hosts send a whole block at once, or leave out where it ends."""
    _, events = read(
        stream(
            start(0, type="thinking", thinking="Hm", signature="EqQB"),
            start(1, type="text", text="Hi"),
            start(2, type="tool_use", id="t", name="f", input={"a": 1}),
            stop(2),
            ended(),
            STOP,
        )
    )
    assert events == [
        Began(None),
        PartBegan(0, Reasoning(vendor=Vendor.ANTHROPIC)),
        ReasoningDelta("Hm"),
        Signed("EqQB", Vendor.ANTHROPIC),
        PartEnded(0),
        PartBegan(1, Text("")),
        TextDelta("Hi"),
        PartEnded(1),
        PartBegan(2, ToolCall("t", "f", "")),
        ArgumentsDelta('{"a": 1}'),
        PartEnded(2),
        Ended(Stop.TOOLS),
    ]


def test_a_beginning_told_twice_is_one() -> None:
    """As some hosts send it."""
    _, events = read(stream(START, START, text(0, "a"), START, ended(), STOP))
    assert events == read(stream(START, text(0, "a"), ended(), STOP))[1]


def test_a_refusal_says_why() -> None:
    """The explanation is the last part, as in whole answers."""
    details = {"type": "refusal", "explanation": "Not this."}
    _, events = read(stream(START, ended("refusal", stop_details=details), STOP))
    assert events == [
        Began("msg_1"),
        PartBegan(0, Refusal("")),
        TextDelta("Not this."),
        PartEnded(0),
        Ended(Stop.REFUSED),
    ]


def test_a_stop_sequence_is_told() -> None:
    """Which of them it was."""
    _, events = read(stream(START, ended("stop_sequence", stop_sequence="END"), STOP))
    assert events[-1] == Ended(Stop.STOP_SEQUENCE, "END")


def test_an_event_can_be_read_without_its_frame() -> None:
    """As hosts send it that frame otherwise."""
    reader = EventReader()
    events: list[Event] = []
    for told in (START, *text(0, "a"), ended(), STOP):
        reader.event(json.dumps(told).encode(), events)
    assert events == read(stream(START, text(0, "a"), ended(), STOP))[1]


FRAMES = st.lists(
    st.sampled_from([bytes(part) + b"\n\n" for part in WHOLE.split(b"\n\n") if part])
    | st.sampled_from([b"data: {}\n\n", b"data: [DONE]\n\n", b": c\n\n", b"data: {\n\n", b"\r\n"])
    | st.binary(max_size=20),
    max_size=12,
)


@settings(max_examples=150, deadline=None)
@given(FRAMES, st.integers(1, 40))
def test_whatever_comes_the_rules_hold(frames: list[bytes], size: int) -> None:
    """No exception; one part open at a time, numbered without gaps; the same however it is cut."""
    data = b"".join(frames)
    reader, events = read(data)
    _, cut = read(*[data[at : at + size] for at in range(0, len(data), size)])
    assert cut == events
    opened: int | None = None
    count = 0
    for number, event in enumerate(events):
        assert isinstance(event, Began) == (number == 0)
        if isinstance(event, PartBegan):
            assert opened is None
            assert event.index == count
            opened, count = count, count + 1
        elif isinstance(event, PartEnded):
            assert event.index == opened
            opened = None
        elif isinstance(event, Ended):
            assert opened is None
            assert number == len(events) - 1
        elif not isinstance(event, Began):
            assert opened is not None
    assert reader.ended == any(isinstance(event, Ended) for event in events)


def test_B15_a_usage_of_ever_more_fields_is_not_kept_whole() -> None:
    """It is written anew with each event that adds to it; real ones have some ten fields."""
    told = [ended(None, {f"n{i}": 1}) for i in range(2000)]
    reader = EventReader()
    reader.feed(stream(START, *told, ended("end_turn", {"output_tokens": 7}), STOP))
    usage = json.loads(reader.usage or b"")
    assert reader.ended
    assert usage["output_tokens"] == 7
    assert len(usage) < 100
