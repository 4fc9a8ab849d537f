"""Streams to feed to readers, in every way they may arrive, and what comes out of it."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tollhouse.wire.openai.stream import StreamReader
from tollhouse.wire.sse import FrameSplitter, data_of

DONE = "[DONE]"


def priced(told: bytes | None, tier: str | None, *, content_bytes: int) -> bytes:
    """In place of a meter: says what it was told."""
    _ = content_bytes
    return b'{"priced":' + (told or b"null") + b',"tier":' + json.dumps(tier).encode() + b"}"


@dataclass(frozen=True)
class Tap:
    """A meter that remembers what it was told."""

    told: list[bytes | None] = field(default_factory=list)

    def __call__(self, told: bytes | None, tier: str | None, *, content_bytes: int) -> bytes:
        """Remember, and price as ``priced`` does."""
        self.told.append(told)
        return priced(told, tier, content_bytes=content_bytes)


@dataclass(frozen=True)
class Outcome:
    """What the client got, and what the relay could see of the reader."""

    out: bytes
    started: bool
    finished: bool
    malformed: bool
    error: bytes | None
    usage: bytes | None
    tier: str | None
    content_bytes: int

    @property
    def events(self) -> list[Any]:
        """The data of every event that the client got, decoded but for the terminator."""
        splitter = FrameSplitter()
        found = [data_of(frame) for frame in splitter.feed(self.out)]
        assert not splitter.rest(), "the client is left with half an event"
        return [_decoded(data) for data in found if data is not None]

    @property
    def chunks(self) -> list[dict[str, Any]]:
        """The events less the terminator."""
        return [event for event in self.events if event != DONE]

    @property
    def usages(self) -> list[Any]:
        """Every usage that the client got."""
        return [chunk["usage"] for chunk in self.chunks if chunk.get("usage") is not None]

    @property
    def text(self) -> str:
        """The text of all choices."""
        return "".join(delta.get("content") or "" for delta in deltas(self.chunks))


def _decoded(data: bytes) -> Any:
    return DONE if data == DONE.encode() else json.loads(data)


def deltas(chunks: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The deltas of all choices of all chunks."""
    found = [choice.get("delta") for chunk in chunks for choice in chunk.get("choices") or []]
    return [delta for delta in found if delta]


def play(reader: StreamReader, pieces: Iterable[bytes]) -> Outcome:
    """Feed a reader as the relay does: until it is over, or the bytes are."""
    out = []
    over = False
    for piece in pieces:
        if over:
            break
        out.append(reader.feed(piece))
        over = reader.finished or reader.malformed or reader.error is not None
    if not over:
        out.append(reader.end())
    return Outcome(
        b"".join(out),
        reader.started,
        reader.finished,
        reader.malformed,
        reader.error,
        reader.usage,
        reader.service_tier,
        reader.content_bytes,
    )


def arrivals(stream: bytes, step: int = 1) -> Iterable[Sequence[bytes]]:
    """The ways in which a stream may arrive: whole, bytewise, and cut in two at every point."""
    yield [stream]
    yield [stream[i : i + 1] for i in range(len(stream))]
    for i in range(1, len(stream), step):
        yield [stream[:i], stream[i:]]


def play_every_way(make: Callable[[], StreamReader], stream: bytes, step: int = 1) -> Outcome:
    """Feed a stream in every way, hold that nothing depends on it, and tell what came of it."""
    outcomes = {play(make(), pieces) for pieces in arrivals(stream, step)}
    assert len(outcomes) == 1
    return outcomes.pop()


def sse(*events: Any, end: str = "\n\n", name: str | None = None) -> bytes:
    """Frames of JSON values and of raw strings."""
    head = f"event: {name}\n" if name else ""
    return "".join(
        f"{head}data: {event if isinstance(event, str) else compact(event)}{end}"
        for event in events
    ).encode()


def compact(value: Any) -> str:
    """JSON as providers write it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
