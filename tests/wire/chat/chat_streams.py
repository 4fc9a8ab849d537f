"""Chunks as chat hosts write them, read in every way they may arrive, and written for a client."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from tollhouse.wire.chat.events import EventReader
from tollhouse.wire.chat.stream import EventWriter
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
from tollhouse.wire.neutral.parts import Part, Reasoning, Text, ToolCall
from tollhouse.wire.sse import FrameSplitter, data_of

DONE = "[DONE]"
HEADING = Heading("0b1f", "acme/large", 1760000000)
ASKED = msgspec.structs.replace(HEADING, asked_usage=True)
USAGE = b'{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3,"cost":0.5}'


def chunk(delta: Any = None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    """One chunk as OpenAI writes it."""
    choice = {"index": 0, "delta": delta or {}, "logprobs": None, "finish_reason": finish}
    return {"id": "c-1", "object": "chat.completion.chunk", "choices": [choice], **more}


ROLE = chunk({"role": "assistant", "content": ""})
STOP = chunk(finish="stop")
CALLS = chunk(finish="tool_calls")


def piece(index: int | None = 0, call_id: str | None = None, **function: str) -> dict[str, Any]:
    """A piece of a tool call."""
    told: dict[str, Any] = {"function": function}
    if index is not None:
        told["index"] = index
    if call_id is not None:
        told["id"] = call_id
    return told


def calls(*pieces: dict[str, Any]) -> dict[str, Any]:
    """A chunk with pieces of tool calls."""
    return chunk({"tool_calls": list(pieces)})


def sse(*events: Any, end: str = "\n\n") -> bytes:
    """Frames of JSON values and of raw strings."""
    texts = [one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in events]
    return "".join(f"data: {text}{end}" for text in texts).encode()


@dataclass(frozen=True)
class Heard:
    """What a reader made of a stream."""

    events: tuple[Event, ...]
    error: bytes | None
    malformed: bool
    ended: bool
    usage: bytes | None
    tier: str | None
    content_bytes: int

    @property
    def stop(self) -> Stop | None:
        """Why the answer ended, if it did."""
        last = self.events[-1] if self.events else None
        return last.stop if isinstance(last, Ended) else None

    @property
    def parts(self) -> list[Part]:
        """The parts put together, and the rules of a neutral stream held."""
        return assembled(self.events)

    @property
    def text(self) -> str:
        """All words but thoughts."""
        return "".join(part.text for part in self.parts if isinstance(part, Text))


def play(pieces: Iterable[bytes]) -> Heard:
    """Feed a reader, then end it."""
    reader = EventReader()
    events = [event for piece in pieces for event in reader.feed(piece)]
    events += reader.end()
    return Heard(
        tuple(events),
        reader.error,
        reader.malformed,
        reader.ended,
        reader.usage,
        reader.service_tier,
        reader.content_bytes,
    )


def arrivals(stream: bytes, cuts: int = 60) -> Iterable[Sequence[bytes]]:
    """The ways in which a stream may arrive: whole, bytewise, and cut in two at many points."""
    yield [stream]
    yield [stream[i : i + 1] for i in range(len(stream))]
    for i in range(1, len(stream), max(1, len(stream) // cuts)):
        yield [stream[:i], stream[i:]]


def read(*events: Any) -> Heard:
    """Read a stream of chunks, and hold that it does not matter how it arrives."""
    stream = b"".join(one if isinstance(one, bytes) else sse(one) for one in events)
    return every_way(stream)


def every_way(stream: bytes, cuts: int = 60) -> Heard:
    """The same for bytes."""
    heard = [play(pieces) for pieces in arrivals(stream, cuts)]
    assert all(one == heard[0] for one in heard)
    return heard[0]


def assembled(events: Iterable[Event]) -> list[Part]:
    """Parts out of events, with every rule that ``neutral.events`` states."""
    parts: list[Part] = []
    began = ended = is_open = False
    for event in events:
        assert not ended, "something follows the end"
        assert began or isinstance(event, Began)
        if isinstance(event, Began):
            assert not began
            began = True
        elif isinstance(event, Ended):
            assert not is_open
            ended = True
        elif isinstance(event, PartBegan):
            assert not is_open
            assert event.index == len(parts)
            is_open = True
            parts.append(event.part)
        elif isinstance(event, PartEnded):
            assert is_open
            assert event.index == len(parts) - 1
            is_open = False
        else:
            assert is_open
            parts[-1] = _added(parts[-1], event)
    return parts


def _added(part: Any, event: Event) -> Part:
    change: dict[str, Any]
    if isinstance(event, TextDelta | ReasoningDelta):
        assert event.text
        assert isinstance(part, Reasoning) is isinstance(event, ReasoningDelta)
        change = {"text": part.text + event.text}
    elif isinstance(event, ArgumentsDelta):
        assert event.json
        assert isinstance(part, ToolCall)
        change = {"arguments": part.arguments + event.json}
    elif isinstance(event, Signed):
        change = {"signature": event.signature}
        if isinstance(part, Reasoning):
            change["vendor"] = event.vendor
    else:
        assert isinstance(event, Cited)
        change = {"citations": (*part.citations, event.citation)}
    changed: Part = msgspec.structs.replace(part, **change)
    return changed


def written(
    events: Iterable[Event],
    heading: Heading = HEADING,
    usage: bytes = USAGE,
    tier: str | None = None,
) -> list[dict[str, Any]]:
    """The chunks that a client gets, each event written on its own; ``[DONE]`` is held."""
    one_by_one, at_once = EventWriter(heading), EventWriter(heading)
    out = b"".join(one_by_one.write([event]) for event in events) + one_by_one.finish(usage, tier)
    assert out == at_once.write(list(events)) + at_once.finish(usage, tier)
    splitter = FrameSplitter()
    found = [data_of(frame) for frame in splitter.feed(out)]
    assert not splitter.rest()
    assert found[-1] == DONE.encode()
    return [json.loads(data) for data in found[:-1] if data is not None]


def deltas(chunks: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The deltas that say something."""
    return [choice["delta"] for one in chunks for choice in one["choices"] if choice["delta"]]
