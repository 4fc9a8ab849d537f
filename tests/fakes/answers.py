"""Answers and misbehaviour at the level of HTTP: what a provider puts on the wire, sound or not.

Everything here is a behaviour (a function from a call to steps) or makes one.
"""

import gzip
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from itertools import pairwise
from typing import Any

from fakes.http_server import Behaviour, Call, End, Pause, Step

Headers = Sequence[tuple[str, str]]
JSON_TYPE = ("content-type", "application/json")
CHUNK_END = b"0\r\n\r\n"


class Framing(Enum):
    """How the end of a body is told."""

    LENGTH = "length"
    CHUNKED = "chunked"
    UNTIL_CLOSE = "until_close"
    NONE = "none"
    """No framing header at all, and the connection stays open."""


class Chunking(Enum):
    """How a body is cut into writes; a tuple of offsets is the third way."""

    EVENT = "event"
    WHOLE = "whole"
    BYTE = "byte"


def cut(data: bytes, chunking: Chunking | tuple[int, ...]) -> list[bytes]:
    """``data`` in pieces: whole, byte by byte, or split at the given offsets."""
    if chunking is Chunking.BYTE:
        return [data[i : i + 1] for i in range(len(data))]
    if isinstance(chunking, Chunking):
        return [data]
    edges = [0, *sorted(chunking), len(data)]
    return [data[a:b] for a, b in pairwise(edges) if a < b]


def head(status: int, headers: Headers) -> bytes:
    """A status line and headers."""
    try:
        reason = HTTPStatus(status).phrase
    except ValueError:
        reason = "Unknown"
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"HTTP/1.1 {status} {reason}\r\n{lines}\r\n".encode("latin-1")


def chunk(data: bytes) -> bytes:
    """One chunk of the chunked transfer coding."""
    return b"%x\r\n%b\r\n" % (len(data), data)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer with a body known beforehand."""

    body: bytes = b""
    status: int = 200
    headers: Headers = (JSON_TYPE,)
    framing: Framing = Framing.LENGTH
    claimed_length: int | None = None
    """A content-length that is not the body's."""
    interim: Sequence[int] = ()
    """1xx answers sent before the real one."""
    before: float = 0.0
    """Seconds before the head."""
    between: float = 0.0
    """Seconds between the head and the body, and between its pieces."""
    chunking: Chunking | tuple[int, ...] = Chunking.WHOLE
    stop_at: int | None = None
    """Only so many bytes of the body are written …"""
    end: End | None = None
    """… and then this; None leaves the connection for the next request."""

    def __call__(self, _call: Call) -> Iterator[Step]:
        """Play it."""
        if self.before:
            yield Pause(self.before)
        for status in self.interim:
            yield head(status, [("x-interim", "yes")])
        yield head(self.status, [*self.headers, *self._framing()])
        body = self.body if self.stop_at is None else self.body[: self.stop_at]
        for piece in cut(body, self.chunking) if body else []:
            if self.between:
                yield Pause(self.between)
            yield chunk(piece) if self.framing is Framing.CHUNKED else piece
        if self.framing is Framing.CHUNKED and self.end is None and self.stop_at is None:
            yield CHUNK_END
        end = End.CLOSE if self.framing is Framing.UNTIL_CLOSE and not self.end else self.end
        if end is not None:
            yield end

    def _framing(self) -> list[tuple[str, str]]:
        match self.framing:
            case Framing.LENGTH:
                size = len(self.body) if self.claimed_length is None else self.claimed_length
                return [("content-length", str(size))]
            case Framing.CHUNKED:
                return [("transfer-encoding", "chunked")]
            case Framing.UNTIL_CLOSE:
                return [("connection", "close")]
            case Framing.NONE:
                return []


def json_answer(value: Any, status: int = 200, headers: Headers = ()) -> Answer:
    """A JSON answer."""
    return Answer(json.dumps(value).encode(), status, (JSON_TYPE, *headers))


def error(
    status: int,
    message: str = "the provider says no",
    *,
    code: str | int | None = None,
    kind: str = "provider_error",
    param: str | None = None,
    headers: Headers = (),
) -> Answer:
    """An error in OpenAI's shape."""
    body = {"error": {"message": message, "type": kind, "param": param, "code": code}}
    return json_answer(body, status, headers)


def rate_limited(retry_after: str | None = "7", *, ms: str | None = None) -> Answer:
    """A 429, with ``Retry-After`` (seconds or a date) and ``retry-after-ms`` where given."""
    headers = []
    if retry_after is not None:
        headers.append(("Retry-After", retry_after))
    if ms is not None:
        headers.append(("retry-after-ms", ms))
    return error(429, "slow down", code="rate_limit_exceeded", headers=headers)


def html(status: int = 200) -> Answer:
    """A proxy's HTML page in place of an answer."""
    page = b"<!DOCTYPE html><html><body><h1>Bad gateway</h1></body></html>"
    return Answer(page, status, (("content-type", "text/html; charset=utf-8"),))


def redirect(location: str, status: int = 302) -> Answer:
    """A redirect elsewhere."""
    return Answer(b"", status, (("location", location),))


def gzipped(answer: Answer) -> Answer:
    """The same answer compressed, although nobody asked."""
    headers = (*answer.headers, ("content-encoding", "gzip"))
    return Answer(gzip.compress(answer.body), answer.status, headers, answer.framing)


def steps(*played: Step) -> Behaviour:
    """Exactly these steps, whatever is asked."""
    return lambda _call: played


def silent() -> Behaviour:
    """Takes the request and never answers."""
    return steps(End.HANG)


def drops(end: End = End.CLOSE, after: float = 0.0) -> Behaviour:
    """Takes the request and closes before a byte of answer."""
    return steps(Pause(after), end)


def head_then(*played: Step, content_type: str = "application/json") -> Behaviour:
    """A sound head of a chunked 200, then these steps (``End.HANG`` for silence)."""
    first = head(200, [("content-type", content_type), ("transfer-encoding", "chunked")])
    return steps(first, *played)


def huge_header(size: int) -> Behaviour:
    """A head with one header of ``size`` bytes."""
    return steps(head(200, [("x-huge", "x" * size), ("content-length", "2")]), b"{}")


@dataclass(frozen=True, slots=True)
class Shape:
    """How a stream is put on the wire."""

    first: float = 0.0
    """Seconds between the head and the first event."""
    delay: float = 0.0
    """Seconds before each later event."""
    newline: str = "\n"
    space: bool = True
    """``data: x`` rather than ``data:x``."""
    done: int | None = None
    """How many ``[DONE]`` end it; None: as many as the dialect has."""
    last_blank: bool = True
    """Whether the very last event is followed by its blank line."""
    chunking: Chunking | tuple[int, ...] = Chunking.EVENT
    pause: float = 0.0
    """Seconds between the pieces that the chunking makes."""
    framing: Framing = Framing.CHUNKED
    stop_after: int | None = None
    """Only so many events are written …"""
    mid_frame: bool = False
    """… and half of the next …"""
    end: End | None = None
    """… and then this."""
    headers: Headers = ()


@dataclass(frozen=True, slots=True)
class Stream:
    """A server-sent event stream of given events.

    An event is a dict (its JSON is the data), a string (the data itself), bytes (a frame, as it
    is: comments, ``event:``, ``id:`` and ``retry:`` lines), a pause, or an end.
    """

    events: Sequence[Any]
    shape: Shape = field(default_factory=Shape)

    def __call__(self, _call: Call) -> Iterator[Step]:
        """Play it."""
        shape = self.shape
        framing: dict[Framing, list[tuple[str, str]]] = {
            Framing.CHUNKED: [("transfer-encoding", "chunked")],
            Framing.UNTIL_CLOSE: [("connection", "close")],
        }
        kind = ("content-type", "text/event-stream; charset=utf-8")
        yield head(200, [kind, *shape.headers, *framing.get(shape.framing, [])])
        chunked = shape.framing is Framing.CHUNKED
        for step in self._pieces():
            yield chunk(step) if chunked and isinstance(step, bytes) else step
            if isinstance(step, End):
                return
        if shape.end is None and chunked:
            yield CHUNK_END
        elif shape.end is not None:
            yield shape.end
        elif shape.framing is Framing.UNTIL_CLOSE:
            yield End.CLOSE

    def _pieces(self) -> Iterator[Step]:
        run: list[bytes] = []
        for step in self._frames():
            if isinstance(step, bytes):
                run.append(step)
                continue
            yield from self._cut(run)
            run = []
            yield step
        yield from self._cut(run)

    def _cut(self, run: list[bytes]) -> Iterator[Step]:
        shape = self.shape
        if not run:
            return
        pieces = run if shape.chunking is Chunking.EVENT else cut(b"".join(run), shape.chunking)
        for index, piece in enumerate(pieces):
            if index and shape.pause:
                yield Pause(shape.pause)
            yield piece

    def _frames(self) -> Iterator[Step]:
        shape = self.shape
        events = [*self.events, *["[DONE]"] * (1 if shape.done is None else shape.done)]
        for index, event in enumerate(events):
            wait = shape.delay if index else shape.first
            if wait:
                yield Pause(wait)
            if isinstance(event, Pause | End):
                yield event
                continue
            made = frame(event, shape)
            if shape.stop_after is not None and index >= shape.stop_after:
                if shape.mid_frame:
                    yield made[: len(made) // 2]
                return
            last = index == len(events) - 1
            yield made.rstrip(b"\r\n") if last and not shape.last_blank else made


def frame(event: Any, shape: Shape | None = None) -> bytes:
    """One event as it stands on the wire."""
    if isinstance(event, bytes):
        return event
    shape = shape or Shape()
    data = event if isinstance(event, str) else json.dumps(event, separators=(",", ":"))
    colon = "data: " if shape.space else "data:"
    return f"{colon}{data}{shape.newline}{shape.newline}".encode()


def typed(event: str, data: Any, newline: str = "\n") -> bytes:
    """A frame with an ``event:`` line, as OpenAI's responses and Anthropic's messages have."""
    text = json.dumps(data, separators=(",", ":"))
    return f"event: {event}{newline}data: {text}{newline}{newline}".encode()


def frames(events: Iterable[Any]) -> bytes:
    """Several events as they stand on the wire."""
    return b"".join(frame(event) for event in events)
