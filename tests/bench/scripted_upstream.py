"""A provider in a process of its own: whole answers at once, streams at an even pace.

    python tests/bench/scripted_upstream.py --port 9000

A stream gets its first event at once. The others come when a request for ``/begin/1000`` has said
that all streams are open and how many events a second they get together: one clock paces them all,
and at each tick the next stream in turn gets one event, so that events never come in bunches
however many streams there are. Another such request changes the pace. Every other request, whatever
its path, gets the whole answer once its body is read. What is asked at Anthropic's path is answered
in Anthropic's words, all else in OpenAI's.
"""

import argparse
import asyncio
import re
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import NamedTuple, cast

if __package__ in (None, ""):
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from bench import canned
from bench.ticker import Ticker

_STREAM = re.compile(rb'"stream"\s*:\s*true')
_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:\s*chunked", re.IGNORECASE)
_BEGIN = re.compile(rb"POST /begin/([\d.]+) ")
_MESSAGES = f"POST {canned.MESSAGES} ".encode()
_LAST_CHUNK = b"\r\n0\r\n\r\n"


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _whole(body: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    return head % len(body) + body


_STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
)
_WORDS = ("so", " many", " words", " that", " never", " end,")
"""Several, since a gateway may take a model that says one thing for ever for a broken one."""


class Voice(NamedTuple):
    """What is said in one dialect."""

    whole: bytes
    begin: bytes
    """A stream's head and all up to its first content."""
    events: Sequence[bytes]
    """What it goes on with, over and over."""


CHAT = Voice(
    _whole(canned.whole()),
    _STREAM_HEAD + _chunk(canned.event(_WORDS[0])),
    [_chunk(canned.event(word)) for word in _WORDS],
)
MESSAGES = Voice(
    _whole(canned.message()),
    _STREAM_HEAD + _chunk(canned.message_begin(_WORDS[0])),
    [_chunk(canned.message_event(word)) for word in _WORDS],
)


class Streams:
    """The open streams, in turn."""

    def __init__(self) -> None:
        self._ticker: Ticker | None = None
        self._waiting: deque[tuple[Connection, Iterator[bytes]]] = deque()

    def pace(self, rate: float) -> None:
        """Send so many events a second from now on."""
        loop = asyncio.get_running_loop()
        if self._ticker is not None:
            loop.remove_reader(self._ticker.fileno())
            self._ticker.close()
        ticker = self._ticker = Ticker(rate)
        loop.add_reader(ticker.fileno(), lambda: self.tick(ticker.due()))

    def add(self, connection: "Connection", voice: Voice) -> None:
        """Begin to pace a stream."""
        self._waiting.append((connection, cycle(voice.events)))

    def tick(self, events: int) -> None:
        """Send the next events; a stream that ended has lost its turn."""
        while events and self._waiting:
            turn = self._waiting.popleft()
            connection, said = turn
            if connection.transport.is_closing():
                continue
            connection.transport.write(next(said))
            self._waiting.append(turn)
            events -= 1


class Connection(asyncio.Protocol):
    """One client: requests in, one after the other, answers out."""

    transport: asyncio.Transport

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self._pieces: list[bytes] = []
        self._size = 0
        self._needed = 0
        """Bytes up to the end of the request under way; 0 while its head is not whole."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a client."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer when a request is whole."""
        self._pieces.append(data)
        self._size += len(data)
        if self._size < self._needed:
            return
        request = b"".join(self._pieces)
        self._pieces = [request]
        head, end, _ = request.partition(b"\r\n\r\n")
        if not end:
            return
        if _CHUNKED.search(head):
            if not request.endswith(_LAST_CHUNK):
                return
        else:
            length = _LENGTH.search(head)
            self._needed = len(head) + 4 + (int(length[1]) if length else 0)
            if self._size < self._needed:
                return
        self._pieces, self._size, self._needed = [], 0, 0
        self._answer(request)

    def _answer(self, request: bytes) -> None:
        # A stream is told by the ends of a body, so that a large one is not walked.
        voice = MESSAGES if request.startswith(_MESSAGES) else CHAT
        if _STREAM.search(request[:4096]) or _STREAM.search(request[-256:]):
            self.transport.write(voice.begin)
            self._streams.add(self, voice)
        else:
            begin = _BEGIN.match(request)
            if begin:
                self._streams.pace(float(begin[1]))
            self.transport.write(voice.whole)


async def serve(port: int) -> None:
    """Serve until the process is ended."""
    loop = asyncio.get_running_loop()
    streams = Streams()
    await loop.create_server(lambda: Connection(streams), "127.0.0.1", port, backlog=4096)
    await asyncio.Event().wait()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--port", type=int, required=True)
    work = serve(parser.parse_args().port)
    try:
        import uvloop  # noqa: PLC0415 - it is there on every system but Windows
    except ImportError:
        asyncio.run(work)
    else:
        uvloop.run(work)


if __name__ == "__main__":
    main()
