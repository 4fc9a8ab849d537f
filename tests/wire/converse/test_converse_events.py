"""Streams of ConverseStream, made ones and recorded ones, whatever the cuts."""

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes import bedrock_answers as fake
from fakes.event_stream import error, frame
from fakes.recorded import Recording, each
from tollhouse.core.dialect import Vendor
from tollhouse.wire.converse.answer import read_answer
from tollhouse.wire.converse.events import EventReader
from tollhouse.wire.neutral.answer import Answer, Stop
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
from tollhouse.wire.neutral.parts import Citation, Part, Reasoning, Text, ToolCall
from wire.converse.sound import CLAUDE, GPT, NOVA_2, PROFILE

THOUGHT = {"reasoningContent": {"reasoningText": {"text": "Hm …", "signature": "c2ln"}}}
UNSIGNED = {"reasoningContent": {"reasoningText": {"text": "Hm …"}}}
SECRET = {"reasoningContent": {"redactedContent": "UlhSci8rPT0="}}
TEXT = {"text": "Olá! 👋"}
CALL = {"toolUse": {"toolUseId": "t1", "name": "weather", "input": {"city": "Paris"}}}
SECOND = {"toolUse": {"toolUseId": "t2", "name": "time", "input": {"city": "Rome"}}}
ALL = (THOUGHT, SECRET, TEXT, CALL, SECOND)
STREAM = fake.converse_stream(*ALL, stop="tool_use")[2]


def delta(index: int, **told: Any) -> bytes:
    """An event with a delta."""
    return fake.event("contentBlockDelta", contentBlockIndex=index, delta=told)


def start(index: int, **told: Any) -> bytes:
    """The event that announces a block."""
    return fake.event("contentBlockStart", contentBlockIndex=index, start=told)


STOPPED = fake.event("messageStop", stopReason="end_turn")
METADATA = fake.event("metadata", usage=fake.USAGE, serviceTier={"type": "flex"})
BEGUN = fake.event("messageStart", role="assistant")


def read(data: bytes, model: str = CLAUDE) -> tuple[list[Event], EventReader]:
    """All events of a body, and the reader at its end."""
    reader = EventReader(model)
    return reader.feed(data) + reader.end(), reader


def parts_of(events: list[Event]) -> tuple[Part, ...]:
    """What the events tell, as whole parts; fails where their rules are broken."""
    parts: list[Any] = []
    is_open = False
    for number, event in enumerate(events):
        match event:
            case Began():
                assert number == 0
            case PartBegan(index, part):
                assert (index, is_open) == (len(parts), False)
                parts.append(part)
                is_open = True
            case TextDelta(text) | ReasoningDelta(text):
                assert text
                kind = Text if isinstance(event, TextDelta) else Reasoning
                assert isinstance(parts[-1], kind)
                parts[-1] = replaced(parts[-1], text=parts[-1].text + text)
            case ArgumentsDelta(text):
                assert text
                parts[-1] = replaced(parts[-1], arguments=parts[-1].arguments + text)
            case Signed(signature, vendor):
                assert parts[-1].signature is None
                parts[-1] = replaced(parts[-1], signature=signature, vendor=vendor)
            case Cited(citation):
                parts[-1] = replaced(parts[-1], citations=(*parts[-1].citations, citation))
            case PartEnded(index):
                assert (index, is_open) == (len(parts) - 1, True)
                is_open = False
            case Ended():
                assert number == len(events) - 1
        if not isinstance(event, Began | PartBegan | PartEnded | Ended):
            assert is_open
    assert not (events and isinstance(events[-1], Ended) and is_open)
    return tuple(parts)


def replaced(part: Any, **fields: Any) -> Any:
    """A part with other fields."""
    return type(part)(**{name: getattr(part, name) for name in part.__struct_fields__} | fields)


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


def test_B03_a_stream_that_breaks_off_has_no_end() -> None:
    """Cut anywhere, be it before its usage, there is no ``Ended``; what was told stands."""
    expected, _ = read(STREAM)
    for cut in range(0, len(STREAM), 7):
        events, reader = read(STREAM[:cut])
        assert not reader.ended
        assert events == expected[: len(events)]
        assert len(events) < len(expected)


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


def test_B06_a_call_that_is_left_and_taken_up_is_malformed() -> None:
    """Its arguments would be mixed with another's; so are those of a call never announced."""
    calls = [start(n, toolUse={"toolUseId": f"t{n}", "name": "f"}) for n in (0, 1)]
    more = delta(0, toolUse={"input": "{"})
    for stream in (calls[0] + calls[1] + more, calls[0] + calls[0], more):
        events, reader = read(BEGUN + stream + STOPPED + METADATA)
        assert reader.malformed
        assert not reader.ended
        assert not any(isinstance(event, Ended) for event in events)


@pytest.mark.parametrize(
    "data",
    [
        b"data: {}\n\ndata: {}\n\n",
        b"<html><body>502 Bad Gateway",
        BEGUN[:-1] + b"?",
        frame("contentBlockDelta", b"{}"),
        frame("contentBlockDelta", b'{"contentBlockIndex":0,"delta":{"text":5}}'),
        frame("contentBlockStart", b"null"),
        frame("messageStop", b"{"),
        frame("metadata", b"\xff"),
        frame("contentBlockDelta", b"[" * 9000),
    ],
)
def test_what_is_no_stream_is_malformed(data: bytes) -> None:
    """Nothing is raised, and nothing more is given."""
    reader = EventReader(CLAUDE)
    reader.feed(data)
    assert reader.malformed
    assert reader.feed(STREAM) == reader.end() == []


@pytest.mark.parametrize(
    ("name", "more", "code"),
    [
        ("throttlingException", {}, "throttlingException"),
        ("modelStreamErrorException", {}, "modelStreamErrorException"),
        ("modelStreamErrorException", {"originalStatusCode": 529}, 529),
        ("modelStreamErrorException", {"originalStatusCode": 7}, "modelStreamErrorException"),
        ("internalServerException", {}, "internalServerException"),
        ("serviceUnavailableException", {}, "serviceUnavailableException"),
        ("validationException", {}, "validationException"),
    ],
)
def test_B04_an_exception_is_an_error_with_a_code(
    name: str, more: dict[str, Any], code: str | int
) -> None:
    """First in a stream or within it; what came before is told, nothing comes after."""
    told = fake.exception(name, "no", **more)
    for before in (b"", BEGUN, BEGUN + delta(0, text="A")):
        events, reader = read(before + told)
        assert json.loads(reader.error or b"") == {"code": code, "type": name, "message": "no"}
        assert events == read(before)[0]
        assert not reader.ended
        assert reader.feed(STREAM) == reader.end() == []


def test_an_error_behind_the_stop_is_an_error() -> None:
    """The answer has not ended before its usage came."""
    told = fake.exception("internalServerException", "no")
    events, reader = read(BEGUN + delta(0, text="A") + STOPPED + told)
    assert reader.error is not None
    assert not any(isinstance(event, Ended) for event in events)


def test_an_error_that_no_model_knows_is_one_too() -> None:
    """Its code and its message stand in the headers."""
    _, reader = read(BEGUN + error("InternalError", "no"))
    assert json.loads(reader.error or b"") == {
        "code": "InternalError",
        "type": "InternalError",
        "message": "no",
    }


@given(st.lists(st.binary(max_size=40), max_size=5), st.integers(0, len(STREAM)))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_read_without_failing(pieces: list[bytes], cut: int) -> None:
    """And as pieces they give what they give as a whole."""
    reader = EventReader(CLAUDE)
    events = [one for piece in (STREAM[:cut], *pieces) for one in reader.feed(piece)]
    events += reader.end()
    whole, same = read(STREAM[:cut] + b"".join(pieces))
    assert whole == events
    assert (same.malformed, same.error, same.ended) == (
        reader.malformed,
        reader.error,
        reader.ended,
    )


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["contentBlockStart", "contentBlockDelta", "contentBlockStop"]),
            st.integers(0, 2),
            st.sampled_from(
                [
                    {"text": "A"},
                    {"toolUse": {"input": "{"}},
                    {"toolUse": {"toolUseId": "t", "name": "f"}},
                    {"reasoningContent": {"text": "B"}},
                    {"reasoningContent": {"signature": "C"}},
                    {"reasoningContent": {"redactedContent": "Qw=="}},
                    {"citation": {}},
                ]
            ),
        ),
        max_size=8,
    )
)
@settings(max_examples=150, deadline=None)
def test_any_order_of_events_keeps_the_rules(steps: list[tuple[str, int, dict[str, Any]]]) -> None:
    """However a provider mixes its blocks, parts are numbered and one is open at a time."""
    stream = [
        fake.event(name, contentBlockIndex=index, start=told, delta=told)
        for name, index, told in steps
    ]
    events, reader = read(b"".join([BEGUN, *stream, STOPPED, METADATA]))
    parts_of(events)
    assert reader.ended is not reader.malformed


def _streams() -> list[Any]:
    found = [*each("bedrock-converse-stream"), *each("bedrock-converse")]
    return [
        one
        for one in found
        if one.values[0] is None or (one.values[0].is_answer and one.values[0].kind != "json")
    ]


def framed(recording: Recording) -> bytes:
    """A recorded stream as binary frames; some were kept as payloads alone, and a few shortened."""
    if recording.kind == "eventstream":
        return recording.body
    told = [json.loads(line[6:]) for line in recording.body.splitlines() if line.strip()]
    frames = [
        frame(name, json.dumps(payload).encode()) for one in told for name, payload in one.items()
    ]
    return b"".join(frames) + (b"" if "metadata" in told[-1] else METADATA)


@pytest.mark.parametrize("recording", _streams())
def test_recorded_streams_are_read(recording: Recording) -> None:
    """Content, a stop, and usage; cut at some sixty points the events are the same."""
    body = framed(recording)
    model = recording.path.split("/")[2] if recording.path else ""
    events, reader = read(body, model)
    assert (reader.error, reader.malformed, reader.ended) == (None, False, True)
    parts = parts_of(events)
    assert parts
    if recording.usage is not None:
        assert json.loads(reader.usage or b"") == recording.usage
    for part in parts:
        if isinstance(part, ToolCall):
            assert isinstance(json.loads(part.arguments or "{}"), dict)
    for cut in range(0, len(body), max(1, len(body) // 60)):
        halves = EventReader(model)
        assert [*halves.feed(body[:cut]), *halves.feed(body[cut:]), *halves.end()] == events


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
