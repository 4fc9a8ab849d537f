"""A provider that answers as a real one once did: with a recording's status, type and bytes.

In a test::

    async with ReplayUpstream() as up:
        up.cut(Cut.BYTE)                    # every answer byte by byte
        up.cut(Cut.EVENT, stop_after=3)     # three events, then the connection is torn down
        ... up.url, up.origin, up.calls, up.sent("rec_0123456789")

Which recording it is says the model: in the body, or in the path as Azure, Bedrock and Google have
it. A name that is no recording's is a 404 that says so.
"""

import re
import ssl
import struct
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from functools import cache
from types import TracebackType
from typing import Self

import msgspec

from fakes.answers import CHUNK_END, JSON_TYPE, chunk, error, head
from fakes.http_server import Behaviour, Call, End, Server, Step
from fakes.recorded import FOLDER, Recording, recordings

_NAMED = re.compile(r"rec_[0-9A-Za-z]+")
_EVENTS = re.compile(rb".*?(?:\r\n\r\n|\n\n|\r\r|\Z)", re.DOTALL)
_LENGTH = struct.Struct(">I")
_TYPES = {
    "json": JSON_TYPE[1],
    "sse": "text/event-stream",
    "eventstream": "application/vnd.amazon.eventstream",
}
_STREAMED = frozenset({"sse", "eventstream"})


class Cut(Enum):
    """How the bytes of an answer are cut into writes."""

    WHOLE = "whole"
    EVENT = "event"
    BYTE = "byte"


class Played(msgspec.Struct, frozen=True):
    """How an answer is played."""

    cut: Cut = Cut.WHOLE
    stop_after: int | None = None
    """Only so many pieces are written …"""
    end: End = End.RESET
    """… and then this."""


def pieces(recording: Recording, cut: Cut) -> list[bytes]:
    """The recorded bytes in pieces; what is no stream is one event."""
    body = recording.body
    if cut is Cut.BYTE:
        return [body[at : at + 1] for at in range(len(body))]
    if cut is Cut.EVENT and recording.kind == "sse":
        return [found for found in _EVENTS.findall(body) if found]
    if cut is Cut.EVENT and recording.kind == "eventstream":
        return list(_messages(body))
    return [body] if body else []


def content_type(recording: Recording) -> str:
    """As it was told, or as the kind of the recording has it."""
    told = recording.headers.get("content-type")
    return told or _TYPES.get(recording.kind, "application/octet-stream")


def named_in(call: Call) -> str | None:
    """The recording that a call asks for."""
    for place in (call.model or "", call.path):
        if found := _NAMED.search(place):
            return found[0]
    return None


def replay(recording: Recording, played: Played) -> Behaviour:
    """The recording as an answer."""

    def play(_call: Call) -> Iterator[Step]:
        streamed = recording.kind in _STREAMED
        framing = ("content-length", str(len(recording.body)))
        if streamed:
            framing = ("transfer-encoding", "chunked")
        kind = ("content-type", content_type(recording))
        yield head(recording.status or 200, [kind, framing])
        for piece in pieces(recording, played.cut)[: played.stop_after]:
            yield chunk(piece) if streamed else piece
        if played.stop_after is not None:
            yield played.end
        elif streamed:
            yield CHUNK_END

    return play


class ReplayUpstream:
    """The provider: ``origin`` and ``url`` (``…/v1``) are where it listens."""

    def __init__(self, own: Iterable[Recording] = (), *, tls: ssl.SSLContext | None = None) -> None:
        """``own`` are recordings of the test, beside those that lie beside the checkout."""
        self.server = Server(self._choose)
        self.origin = ""
        self._tls = tls
        self._own = {recording.name: recording for recording in own}
        self._played: dict[str | None, Played] = {None: Played()}

    @property
    def url(self) -> str:
        """The base URL of a provider whose paths begin with a version."""
        return f"{self.origin}/v1"

    @property
    def calls(self) -> list[Call]:
        """Every call so far, in order of arrival, with its path, headers and bytes."""
        return self.server.calls

    def sent(self, name: str) -> bytes:
        """The body of the last call that asked for a recording."""
        return next(call.body for call in reversed(self.calls) if named_in(call) == name)

    def cut(
        self,
        cut: Cut,
        *,
        stop_after: int | None = None,
        end: End = End.RESET,
        name: str | None = None,
    ) -> None:
        """How the next answers are played, of one recording or of all."""
        self._played[name] = Played(cut, stop_after, end)

    def _choose(self, call: Call) -> Behaviour:
        name = named_in(call)
        recording = None if name is None else self._own.get(name) or _recorded().get(name)
        if recording is None:
            return error(404, f"there is no recording {name}", code="model_not_found")
        return replay(recording, self._played.get(name) or self._played[None])

    async def __aenter__(self) -> Self:
        port = await self.server.start(0, self._tls)
        self.origin = f"{'https' if self._tls else 'http'}://127.0.0.1:{port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.server.stop()


@cache
def _recorded() -> Mapping[str, Recording]:
    """Every recording by its name; none where there are no recordings."""
    if not FOLDER.is_dir():
        return {}
    folders = [entry.name for entry in sorted(FOLDER.iterdir()) if entry.is_dir()]
    return {one.name: one for folder in folders for one in recordings(folder)}


def _messages(body: bytes) -> Iterator[bytes]:
    """AWS's messages: each begins with its length, itself included."""
    at = 0
    while at + _LENGTH.size <= len(body):
        length = max(_LENGTH.unpack_from(body, at)[0], _LENGTH.size)
        yield body[at : at + length]
        at += length
    if body[at:]:
        yield body[at:]
