"""Putting answers together for tests: parts from events, by the rules of neutral events."""

from itertools import pairwise
from typing import Any

import msgspec

from tollhouse.wire.gemini.events import EventReader
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
from tollhouse.wire.neutral.parts import Image, Reasoning, Text, ToolCall


def sse(*chunks: Any, newline: str = "\r\n") -> bytes:
    """A stream of these chunks."""
    ends = newline.encode() * 2
    return b"".join(b"data: " + msgspec.json.encode(chunk) + ends for chunk in chunks)


def piece(*parts: Any, **candidate: Any) -> dict[str, Any]:
    """A chunk with these parts."""
    content = {"parts": list(parts), "role": "model"}
    return {"candidates": [{"content": content, "index": 0, **candidate}]}


def read(data: bytes, *cuts: int) -> tuple[list[Event], EventReader]:
    """All events of a stream that is fed in pieces."""
    reader = EventReader()
    events: list[Event] = []
    edges = [0, *cuts, len(data)]
    for start, end in pairwise(edges):
        events += reader.feed(data[start:end])
    events += reader.end()
    return events, reader


def parts_of(events: list[Event]) -> list[Any]:
    """The parts of a stream of events, which is checked against the rules on the way."""
    parts: list[Any] = []
    opened: Text | Reasoning | ToolCall | Image | None = None
    assert not events or isinstance(events[0], Began)
    for number, event in enumerate(events):
        match event:
            case Began():
                assert number == 0
            case PartBegan(index, part):
                assert opened is None
                assert index == len(parts)
                assert isinstance(part, Text | Reasoning | ToolCall | Image)
                opened = part
                if isinstance(part, ToolCall):
                    assert part.arguments == ""
            case TextDelta(text):
                assert text
                assert isinstance(opened, Text)
                opened = msgspec.structs.replace(opened, text=opened.text + text)
            case ReasoningDelta(text):
                assert text
                assert isinstance(opened, Reasoning)
                opened = msgspec.structs.replace(opened, text=opened.text + text)
            case ArgumentsDelta(told):
                assert isinstance(opened, ToolCall)
                opened = msgspec.structs.replace(opened, arguments=opened.arguments + told)
            case Signed(signature):
                assert isinstance(opened, ToolCall | Reasoning)
                opened = msgspec.structs.replace(opened, signature=signature)
            case Cited(citation):
                assert isinstance(opened, Text)
                sources = (*opened.citations, citation)
                opened = msgspec.structs.replace(opened, citations=sources)
            case PartEnded(index):
                assert opened is not None
                assert index == len(parts)
                parts.append(opened)
                opened = None
            case Ended():
                assert opened is None
                assert number == len(events) - 1
    return parts
