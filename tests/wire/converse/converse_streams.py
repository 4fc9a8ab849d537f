"""Streams of ConverseStream, written by us, and what their events tell as whole parts."""

from typing import Any

from fakes import bedrock_answers as fake
from tollhouse.wire.converse.events import EventReader
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
from tollhouse.wire.neutral.parts import Part, Reasoning, Text
from wire.converse.sound import CLAUDE

THOUGHT = {"reasoningContent": {"reasoningText": {"text": "Hm …", "signature": "c2ln"}}}
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
