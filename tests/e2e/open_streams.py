"""Both ends of many open streams: a provider whose events say when they were sent, and clients.

Provider and clients are in one process, so one clock times an event on its way through a gateway.
Clients read at once or hardly at all: ``PER_SECOND`` bytes once a second, or nothing.
"""

import asyncio
import json
import re
import socket
import time
from array import array
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, cast
from urllib.parse import urlsplit

from e2e.wire import request
from fakes.answers import chunk, frame, head
from fakes.http_server import Call, Pause, Server, Step

PER_SECOND = 1024
SEGMENT = 1400
"""Bytes, as on a real network. Loopback's 64 kB would let the kernel hold megabytes for each."""
NARROW = 4096
"""Bytes that a slow client's own socket holds: what it does not take waits at the gateway."""
SEND_BUFFER = 65_536
"""Bytes that the kernel holds at the provider's end."""
AT_ONCE = 50
OPENED_WITHIN = 60.0
STEMMED_WITHIN = 60.0
_STAMP = re.compile(rb"@(\d{20})@")
_HEAD = head(200, [("content-type", "text/event-stream"), ("transfer-encoding", "chunked")])
_FLOOD = 32_768


def _event(text: str) -> bytes:
    return chunk(frame({"choices": [{"index": 0, "delta": {"content": text}}]}))


def stamped(gap: float) -> Any:
    """A stream without an end: an event at once and then one every ``gap`` seconds."""

    def play(_call: Call) -> Iterator[Step]:
        yield _HEAD
        while True:
            yield _event(f"@{time.monotonic_ns():020d}@")
            yield Pause(gap)

    return play


class Flood:
    """Streams without an end, each as fast as it is taken."""

    def __init__(self) -> None:
        self.taken = 0
        """Bytes that all of them together have got rid of."""

    def __call__(self, _call: Call) -> Iterator[Step]:
        """Play one."""
        yield _HEAD
        event = _event("x" * _FLOOD)
        while True:
            yield event
            self.taken += len(event)
            yield Pause(0.001)

    async def stemmed(self) -> None:
        """Wait until hardly anything is taken any more, for as long as a busy machine may pause."""
        quiet = 0
        async with asyncio.timeout(STEMMED_WITHIN):
            while quiet < 4:
                before = self.taken
                await asyncio.sleep(0.25)
                quiet = quiet + 1 if self.taken - before < _FLOOD * 16 else 0


def limit_buffers(server: Server) -> None:
    """Let the kernel hold little on the provider's side of connections that are still to come."""
    assert server._server is not None
    for one in server._server.sockets:
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)


class Reader(asyncio.Protocol):
    """A client that reads at once and notes how long each event took, in nanoseconds."""

    transport: asyncio.Transport

    def __init__(self, asked: bytes, delays: "array[int]") -> None:
        self._asked = asked
        self._delays = delays
        self._rest = b""
        self.began: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(self._asked)

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        now = time.monotonic_ns()
        data = self._rest + data
        end = 0
        for found in _STAMP.finditer(data):
            self._delays.append(now - int(found[1]))
            end = found.end()
        self._rest = data[end:][-64:]
        if end and not self.began.done():
            self.began.set_result(None)

    def connection_lost(self, _exc: Exception | None) -> None:
        """It is over: nobody here waits for an end that comes of itself."""
        if not self.began.done():
            self.began.set_exception(ConnectionError("the stream ended before its first event"))

    def leave(self) -> None:
        """Close."""
        self.transport.abort()


class SlowReader:
    """A client that reads hardly anything."""

    def __init__(self) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, NARROW)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT)
        self.socket.setblocking(False)
        self._begun = False

    async def open(self, place: tuple[str, int], asked: bytes) -> None:
        """Ask."""
        loop = asyncio.get_running_loop()
        await loop.sock_connect(self.socket, place)
        await loop.sock_sendall(self.socket, asked)

    def take(self, size: int) -> None:
        """Read what is there, at most so many bytes; an end or a refusal is an error."""
        with suppress(BlockingIOError):
            data = self.socket.recv(size)
            if not data or not (self._begun or data.startswith(b"HTTP/1.1 200 ")):
                raise ConnectionError(f"no stream, or an end of it: {data!r}")
            self._begun = True

    def leave(self) -> None:
        """Close."""
        self.socket.close()


class Clients:
    """The clients of one gateway."""

    def __init__(self, url: str, key: str) -> None:
        place = urlsplit(url)
        self._place = str(place.hostname), int(place.port or 0)
        self._key = key

    def _request(self, model_id: str) -> bytes:
        body = {"model": model_id, "messages": [{"role": "user", "content": "Go"}], "stream": True}
        return request("/v1/chat/completions", self._key, json.dumps(body).encode())

    async def readers(self, count: int, model_id: str, delays: "array[int]") -> list[Reader]:
        """So many streams that have had their first event; later ones are timed."""
        loop = asyncio.get_running_loop()
        asked = self._request(model_id)
        made: list[Reader] = []
        while len(made) < count:
            batch = [
                loop.create_connection(lambda: Reader(asked, delays), *self._place)
                for _ in range(min(AT_ONCE, count - len(made)))
            ]
            opened = [reader for _, reader in await asyncio.gather(*batch)]
            await asyncio.wait_for(
                asyncio.gather(*(reader.began for reader in opened)), OPENED_WITHIN
            )
            made += opened
        return made

    async def slow_readers(self, count: int, model_id: str) -> list[SlowReader]:
        """So many streams that are asked for and not read."""
        made = [SlowReader() for _ in range(count)]
        asked = self._request(model_id)
        for begin in range(0, count, AT_ONCE):
            batch = made[begin : begin + AT_ONCE]
            await asyncio.gather(*(reader.open(self._place, asked) for reader in batch))
        return made


async def trickle(readers: Sequence[SlowReader]) -> None:
    """Take ``PER_SECOND`` bytes from those that have not left, every second, until cancelled."""
    while True:
        await asyncio.sleep(1)
        for reader in readers:
            if reader.socket.fileno() >= 0:
                reader.take(PER_SECOND)
