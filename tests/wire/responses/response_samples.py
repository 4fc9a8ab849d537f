"""Requests, answers and streams of responses, and what the neutral form makes of them."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from tollhouse.core.dialect import Dialect, Vendor
from tollhouse.wire.json_object import read_request
from tollhouse.wire.neutral.conversation import Conversation
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
from tollhouse.wire.neutral.losses import Losses
from tollhouse.wire.neutral.parts import Citation, Image, Part, Reasoning, Refusal, Text, ToolCall
from tollhouse.wire.responses.conversation import read_conversation
from tollhouse.wire.responses.events import EventReader
from tollhouse.wire.responses.request import write_request
from tollhouse.wire.sse import FrameSplitter, data_of

USAGE = {
    "input_tokens": 12,
    "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 0},
    "output_tokens": 5,
    "output_tokens_details": {"reasoning_tokens": 2},
    "total_tokens": 17,
}
FINISHED = json.dumps({**USAGE, "cost": 0.0000031}).encode()
"""As the caller makes it."""


def read(**fields: Any) -> Conversation:
    """What a client's body says."""
    body = {"model": "m", "input": "Hello", **fields}
    return read_conversation(read_request(json.dumps(body).encode()))


def write(
    conversation: Conversation, *, model: str = "gpt-5.1", drop: Sequence[str] | None = None
) -> Any:
    """The body for a provider; what is dropped must be exactly ``drop``."""
    losses = Losses(allowed=drop is not None)
    body = json.loads(msgspec.json.encode(write_request(conversation, model, losses)))
    assert losses.dropped == list(drop or ())
    return body


def conversation(*messages: Any, dialect: Dialect = Dialect.CHAT, **more: Any) -> Conversation:
    """A conversation of another dialect's client."""
    return Conversation(dialect, messages, **more)


def heading(**echo: Any) -> Heading:
    """A heading whose client gave these fields."""
    told = {name: msgspec.Raw(json.dumps(value).encode()) for name, value in echo.items()}
    return Heading("01-abc", "tollhouse/m", 1_700_000_000, echo=told)


def sse(*events: dict[str, Any], end: str = "\n\n") -> bytes:
    """Frames as OpenAI sends them."""
    frames = (
        f"event: {one['type']}{end[: len(end) // 2]}data: {json.dumps(one)}{end}" for one in events
    )
    return "".join(frames).encode()


def events_in(frames: bytes) -> list[dict[str, Any]]:
    """The data of every frame that a client got, whose name is its type."""
    splitter = FrameSplitter()
    found = []
    for frame in splitter.feed(frames):
        data = json.loads(data_of(frame) or b"null")
        assert frame.startswith(f"event: {data['type']}\n".encode())
        found.append(data)
    assert not splitter.rest()
    return found


class Heard(msgspec.Struct, frozen=True):
    """What came out of a reader."""

    events: tuple[Event, ...]
    ended: bool
    malformed: bool
    error: bytes | None
    usage: bytes | None
    service_tier: str | None
    content_bytes: int


def hear(pieces: Iterable[bytes]) -> Heard:
    """Feed a reader."""
    reader = EventReader()
    events = [event for piece in pieces for event in reader.feed(piece)]
    events += reader.end()
    assert not reader.end()
    return Heard(
        tuple(events),
        reader.ended,
        reader.malformed,
        reader.error,
        reader.usage,
        reader.service_tier,
        reader.content_bytes,
    )


def hear_every_way(stream: bytes, cuts: int = 60) -> Heard:
    """Feed a stream whole, bytewise and cut in two; nothing may depend on it."""
    whole = hear([stream])
    assert hear(stream[i : i + 1] for i in range(len(stream))) == whole
    for i in range(1, len(stream), max(1, len(stream) // cuts)):
        assert hear([stream[:i], stream[i:]]) == whole
    return whole


def assert_rules(events: Sequence[Event], *, ended: bool = True) -> None:
    """What holds of every sequence of events."""
    if not events:
        return
    assert isinstance(events[0], Began)
    assert isinstance(events[-1], Ended) == ended
    opened: Part | None = None
    parts = 0
    for event in events[1 : -1 if ended else None]:
        if isinstance(event, PartBegan):
            assert opened is None
            assert event.index == parts
            opened, parts = event.part, parts + 1
            assert isinstance(opened, Text | Refusal | Reasoning | ToolCall | Image)
            told = getattr(opened, "arguments", "") or getattr(opened, "text", "")
            assert not told
        elif isinstance(event, PartEnded):
            assert opened is not None
            assert event.index == parts - 1
            opened = None
        elif isinstance(event, TextDelta):
            assert isinstance(opened, Text | Refusal)
            assert event.text
        elif isinstance(event, Cited):
            assert isinstance(opened, Text)
        elif isinstance(event, ReasoningDelta):
            assert isinstance(opened, Reasoning)
            assert event.text
        elif isinstance(event, ArgumentsDelta):
            assert isinstance(opened, ToolCall)
            assert event.json
        else:
            assert isinstance(event, Signed)
            assert isinstance(opened, Reasoning | ToolCall)
    if ended:
        assert opened is None


def parts_of(events: Iterable[Event]) -> tuple[Part, ...]:
    """The parts that events tell, whole."""
    parts: list[Part] = []
    texts: list[str] = []
    citations: list[Citation] = []
    signed: Signed | None = None
    for event in events:
        if isinstance(event, PartBegan):
            parts.append(event.part)
            texts, citations, signed = [], [], None
        elif isinstance(event, TextDelta | ReasoningDelta):
            texts.append(event.text)
        elif isinstance(event, ArgumentsDelta):
            texts.append(event.json)
        elif isinstance(event, Cited):
            citations.append(event.citation)
        elif isinstance(event, Signed):
            signed = event
        elif isinstance(event, PartEnded):
            parts[-1] = _whole(parts[-1], "".join(texts), tuple(citations), signed)
    return tuple(parts)


def _whole(part: Part, text: str, citations: tuple[Citation, ...], signed: Signed | None) -> Part:
    replace = msgspec.structs.replace
    if isinstance(part, ToolCall):
        return replace(part, arguments=text, signature=signed.signature if signed else None)
    if isinstance(part, Text):
        return replace(part, text=text, citations=citations)
    if isinstance(part, Reasoning) and signed is not None:
        return replace(part, text=text, signature=signed.signature, vendor=signed.vendor)
    if isinstance(part, Image):
        return part
    return replace(part, text=text)


def events_of(parts: Iterable[Part], ended: Ended, answer_id: str | None = "a1") -> list[Event]:
    """The events that a reader gives for an answer, each text in two deltas."""
    events: list[Event] = [Began(answer_id)]
    for index, part in enumerate(parts):
        replace = msgspec.structs.replace
        if isinstance(part, ToolCall):
            begun: Any = replace(part, arguments="", signature=None)
            told: list[Event] = [ArgumentsDelta(one) for one in _halves(part.arguments)]
            if part.signature:
                told.append(Signed(part.signature, Vendor.GOOGLE))
        elif isinstance(part, Text):
            begun = replace(part, text="", citations=())
            told = [TextDelta(one) for one in _halves(part.text)]
            told += [Cited(one) for one in part.citations]
        elif isinstance(part, Refusal):
            begun, told = Refusal(""), [TextDelta(one) for one in _halves(part.text)]
        elif isinstance(part, Reasoning):
            begun = replace(part, text="", signature=None)
            told = [ReasoningDelta(one) for one in _halves(part.text)]
            if part.signature and part.vendor:
                told.append(Signed(part.signature, part.vendor))
        elif isinstance(part, Image):
            begun, told = part, []
        else:
            raise TypeError(part)
        events += [PartBegan(index, begun), *told, PartEnded(index)]
    return [*events, ended]


def _halves(text: str) -> list[str]:
    middle = len(text) // 2
    return [half for half in (text[:middle], text[middle:]) if half]
