"""Streams of ConverseStream as neutral events, whatever the cuts."""

import json
import time

import pytest

from fakes import bedrock_answers as fake
from tollhouse.core.dialect import Vendor
from tollhouse.wire.converse.answer import read_answer
from tollhouse.wire.converse.events import EventReader
from tollhouse.wire.neutral.answer import Answer, Stop
from tollhouse.wire.neutral.events import (
    ArgumentsDelta,
    Began,
    Ended,
    PartBegan,
    PartEnded,
    ReasoningDelta,
    Signed,
    TextDelta,
)
from tollhouse.wire.neutral.parts import Citation, Reasoning, Text, ToolCall
from wire.converse.converse_streams import (
    ALL,
    BEGUN,
    METADATA,
    STOPPED,
    STREAM,
    delta,
    parts_of,
    read,
    start,
)
from wire.converse.sound import CLAUDE, GPT, NOVA_2, PROFILE

UNSIGNED = {"reasoningContent": {"reasoningText": {"text": "Hm …"}}}


def test_a_stream_becomes_events() -> None:
    """Every kind of block, in order; usage is the reader's to tell."""
    events, reader = read(STREAM)
    assert events == [
        Began(),
        PartBegan(0, Reasoning(vendor=Vendor.ANTHROPIC)),
        ReasoningDelta("Hm"),
        ReasoningDelta(" …"),
        Signed("c2ln", Vendor.ANTHROPIC),
        PartEnded(0),
        PartBegan(1, Reasoning(vendor=Vendor.ANTHROPIC, hidden="RXRr/+==")),
        PartEnded(1),
        PartBegan(2, Text("")),
        TextDelta("Olá"),
        TextDelta("! 👋"),
        PartEnded(2),
        PartBegan(3, ToolCall("t1", "weather", "")),
        ArgumentsDelta('{"city": '),
        ArgumentsDelta('"Paris"}'),
        PartEnded(3),
        PartBegan(4, ToolCall("t2", "time", "")),
        ArgumentsDelta('{"city":'),
        ArgumentsDelta(' "Rome"}'),
        PartEnded(4),
        Ended(Stop.TOOLS),
    ]
    assert reader.ended
    assert (reader.error, reader.malformed) == (None, False)
    assert json.loads(reader.usage or b"") == fake.USAGE
    assert reader.content_bytes == 43


@pytest.mark.parametrize("model", [CLAUDE, NOVA_2, GPT, PROFILE, ""])
def test_a_stream_tells_what_the_whole_answer_does(model: str) -> None:
    """The same parts, with the same vendors, and the same end."""
    blocks = (*ALL, UNSIGNED)
    events, _ = read(fake.converse_stream(*blocks, stop="end_turn", pieces=3)[2], model)
    whole = read_answer(fake.converse(*blocks, stop="end_turn")[2], model)
    assert isinstance(whole, Answer)
    assert parts_of(events) == whole.parts
    assert events[-1] == Ended(whole.stop)


def test_the_cuts_of_the_bytes_do_not_matter() -> None:
    """Byte by byte, and cut in two at every point, the events are the same."""
    expected, _ = read(STREAM)
    reader = EventReader(CLAUDE)
    assert [one for byte in STREAM for one in reader.feed(bytes((byte,)))] == expected
    for cut in range(len(STREAM)):
        reader = EventReader(CLAUDE)
        assert reader.feed(STREAM[:cut]) + reader.feed(STREAM[cut:]) == expected


def test_usage_comes_behind_the_stop() -> None:
    """``Ended`` waits for it; a body that ends without it has broken off."""
    reader = EventReader(CLAUDE)
    assert [*map(type, reader.feed(BEGUN + delta(0, text="A") + STOPPED))][-1] is PartEnded
    assert not reader.ended
    assert reader.feed(METADATA) == [Ended(Stop.END)]
    assert reader.service_tier == "flex"
    assert reader.end() == []
    events, reader = read(BEGUN + delta(0, text="A") + STOPPED)
    assert isinstance(events[-1], PartEnded)
    assert (reader.usage, reader.ended) == (None, False)


def test_what_comes_behind_the_stop_is_passed_over() -> None:
    """The parts are complete by then; usage that is none tells nothing."""
    late = delta(7, text="late") + fake.event("metadata", usage=None)
    events, reader = read(BEGUN + delta(0, text="A") + STOPPED + late)
    assert parts_of(events) == (Text("A"),)
    assert (reader.ended, reader.usage, reader.service_tier) == (True, None, None)


def test_usage_may_come_first() -> None:
    """Should Bedrock change the order, nothing else changes."""
    events, reader = read(BEGUN + METADATA + delta(0, text="A") + STOPPED)
    assert parts_of(events) == (Text("A"),)
    assert events[-1] == Ended(Stop.END)
    assert reader.usage is not None


def test_an_empty_answer_begins_and_ends() -> None:
    """Even without ``messageStart``; empty deltas are no parts."""
    empty = delta(0, text="") + delta(1, reasoningContent={"text": ""})
    for begun in (BEGUN, b""):
        assert read(begun + empty + STOPPED + METADATA)[0] == [Began(), Ended(Stop.END)]


def test_a_call_without_arguments_is_a_part() -> None:
    """No delta, or an empty one."""
    call = start(0, toolUse={"toolUseId": "t", "name": "f"})
    for rest in (b"", delta(0, toolUse={"input": ""})):
        events, _ = read(BEGUN + call + rest + STOPPED + METADATA)
        assert parts_of(events) == (ToolCall("t", "f", ""),)
        assert events[-1] == Ended(Stop.TOOLS)


def test_Bedrocks_own_tools_are_passed_over() -> None:
    """What they are asked and what they give; no call is left for the client."""
    served = start(0, toolUse={"toolUseId": "t", "name": "code", "type": "server_tool_use"})
    result = start(1, toolResult={"toolUseId": "t", "status": "success"})
    stream = [
        BEGUN,
        served,
        delta(0, toolUse={"input": "{}"}),
        result,
        delta(1, toolResult=[{"json": {}}]),
        start(2, image={"format": "png"}),
        delta(2, image={"source": {"bytes": "AA=="}}),
        fake.event("somethingNew", a=1),
        delta(3, somethingNew={}),
        delta(4, text="A"),
        fake.event("messageStop", stopReason="tool_use"),
        METADATA,
    ]
    events, _ = read(b"".join(stream))
    assert parts_of(events) == (Text("A"),)
    assert events[-1] == Ended(Stop.END)


def test_citations_belong_to_the_open_text() -> None:
    """They are told among its words."""
    citation = {"title": "T", "sourceContent": [{"text": "s"}]}
    stream = BEGUN + delta(0, text="A") + delta(0, citation=citation) + STOPPED + METADATA
    told = Text("A", citations=(Citation(title="T", cited="s"),))
    assert parts_of(read(stream)[0]) == (told,)


def test_a_signature_in_pieces_is_told_whole() -> None:
    """Before the part ends; a signature may stand alone."""
    pieces = [delta(0, reasoningContent={"signature": piece}) for piece in ("c2", "ln")]
    events, _ = read(BEGUN + b"".join(pieces) + STOPPED + METADATA)
    assert parts_of(events) == (Reasoning(vendor=Vendor.ANTHROPIC, signature="c2ln"),)


def test_texts_that_are_left_and_taken_up_are_two_parts() -> None:
    """One part is open at a time."""
    stream = delta(0, text="A") + delta(1, text="B") + delta(0, text="C")
    events, _ = read(BEGUN + stream + STOPPED + METADATA)
    assert parts_of(events) == (Text("A"), Text("B"), Text("C"))


def test_a_delta_is_read_in_microseconds() -> None:
    """A stream of deltas is far from being the gateway's bottleneck."""
    data = delta(0, text="some words") * 2000
    best = min(_seconds(data) for _ in range(3))
    assert best / 2000 < 60e-6


def _seconds(data: bytes) -> float:
    reader = EventReader(CLAUDE)
    began = time.perf_counter()
    assert len(reader.feed(data)) == 2002
    return time.perf_counter() - began
