"""One request of a client and the answer to it, between the connection and the application.

Theory of operation. An exchange is made when the head of its request has come. Its body collects
here until somebody reads it; what nobody reads is thrown away by the connection once the answer is
out. The answer is either *whole* (``answer``: head, length and body in one write) or a *stream*
(``start``, then ``send`` until ``more=False``), which HTTP/1.1 frames in chunks and HTTP/1.0 by
closing (RFC 9112, 6). A client that leaves makes everything after it a no-op, and whoever asked to
be told (``watch``) is told at once.

There are as many of these as there are open streams, so they hold little and use no tasks, events
or timers of their own.
"""

import asyncio
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, Protocol

HANDED_ON_BYTES = 256 * 1024
"""How much of a body is gathered before its reader hears of it, unless that was all."""
_JOINED_BYTES = 64 * 1024
"""Up to this size head and body are joined: a copy of it costs less than a second write."""
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
CLOSE = (b"connection", b"close")
_IN_CHUNKS = (b"transfer-encoding", b"chunked")
_WITHOUT_BODY = frozenset({204, 304})
_STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}

HeaderPairs = Sequence[tuple[bytes, bytes]]


class ClientLeft(Exception):
    """The connection ended before the request did."""


def written_head(status: int, pairs: HeaderPairs) -> bytes:
    """The head of an answer; ``ValueError`` for a header that would end its line."""
    head = _STATUS_LINES[status] + b"".join([b"%b: %b\r\n" % pair for pair in pairs])
    if head.count(10) != len(pairs) + 1 or head.count(13) != len(pairs) + 1:
        raise ValueError("a header of the answer holds the end of a line")
    return head + b"\r\n"


class Wire(Protocol):
    """What an exchange needs of its connection."""

    loop: asyncio.AbstractEventLoop
    stuffed: bool
    """Whether the client reads slower than we write."""

    @property
    def standing(self) -> HeaderPairs:
        """Headers that every answer has."""
        ...

    def write(self, data: bytes) -> None:
        """Hand bytes to the network."""
        ...

    async def unstuffed(self) -> None:
        """Wait until the network has taken most of what it was handed, or the client has left."""
        ...

    def want_body(self) -> None:
        """Read on: somebody waits for more of the body."""
        ...

    def finished(self, exchange: "HttpExchange") -> None:
        """The answer is out."""
        ...


class HttpExchange:
    """A request and its answer; implements ``pipeline.reply.Reply``."""

    __slots__ = (
        "_chunked",
        "_connection",
        "_expects_continue",
        "_old",
        "_on_gone",
        "_pieces",
        "_size",
        "_waiter",
        "finished",
        "gone",
        "headers",
        "keep_alive",
        "method",
        "path",
        "query",
        "raw_path",
        "started",
        "task",
        "whole",
    )

    def __init__(
        self,
        connection: Wire,
        method: str,
        raw_path: bytes,
        headers: list[tuple[bytes, bytes]],
        *,
        path: str,
        query: bytes = b"",
        old: bool = False,
        keep_alive: bool = True,
        expects_continue: bool = False,
    ) -> None:
        self._connection = connection
        self.method = method
        self.raw_path = raw_path
        """The path as it was sent."""
        self.path = path
        """The path decoded."""
        self.query = query
        self.headers = headers
        """Names in lower case, in their order."""
        self.keep_alive = keep_alive
        self.task: asyncio.Task[Any] | None = None
        """The task that answers; to be cancelled by who ends the request from outside."""
        self.whole = False
        """Whether all of the request has come."""
        self.started = False
        """Whether the head of the answer was sent."""
        self.finished = False
        self.gone = False
        """Whether the client has left."""
        self._old = old
        self._expects_continue = expects_continue
        self._pieces: list[bytes] = []
        self._size = 0
        self._waiter: asyncio.Future[None] | None = None
        self._on_gone: Callable[[], None] | None = None
        self._chunked = False

    # --- The request's body ---

    async def read(self) -> tuple[bytes, bool]:
        """The next piece of the body, and whether more may follow; ``ClientLeft`` if it cannot."""
        while not (self.whole or self._size >= HANDED_ON_BYTES):
            if self.gone:
                raise ClientLeft
            if self._expects_continue:
                self._expects_continue = False
                self._connection.write(_CONTINUE)
            self._connection.want_body()
            self._waiter = self._connection.loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        pieces, self._pieces, self._size = self._pieces, [], 0
        return pieces[0] if len(pieces) == 1 else b"".join(pieces), not self.whole

    # --- The answer ---

    async def answer(self, status: int, headers: HeaderPairs, body: bytes) -> None:
        """Send a whole answer; its length is added here, and to a HEAD the body is left out."""
        if self._connection.stuffed:
            await self._connection.unstuffed()
        if status in _WITHOUT_BODY:
            head, body = self._head(status, headers), b""
        else:
            head = self._head(status, headers, (b"content-length", b"%d" % len(body)))
        self.started = True
        if self.gone:
            return
        self.finished = True
        if self.method == "HEAD":
            body = b""
        if len(body) <= _JOINED_BYTES:
            self._connection.write(head + body)
        else:
            self._connection.write(head)
            self._connection.write(body)
        self._connection.finished(self)

    async def start(self, status: int, headers: HeaderPairs) -> None:
        """Send the head of a stream. May be called once."""
        if self._connection.stuffed:
            await self._connection.unstuffed()
        if self._old:
            self.keep_alive = False
            head = self._head(status, headers)
        else:
            self._chunked = True
            head = self._head(status, headers, _IN_CHUNKS)
        self.started = True
        if not self.gone:
            self._connection.write(head)

    async def send(self, data: bytes, *, more: bool) -> None:
        """Send a piece of a stream; waits while the client reads slower than we write."""
        if self._connection.stuffed:
            await self._connection.unstuffed()
        if self.gone:
            return
        if self.method == "HEAD":
            data = b""
        elif self._chunked:
            if data:
                data = b"%x\r\n%b\r\n" % (len(data), data)
            if not more:
                data += b"0\r\n\r\n"
        if data:
            self._connection.write(data)
        if not more:
            self.finished = True
            self._connection.finished(self)

    def _head(self, status: int, headers: HeaderPairs, *framing: tuple[bytes, bytes]) -> bytes:
        """A head that cannot be written leaves the answer open for another one."""
        pairs = [*self._connection.standing, *headers, *framing]
        if CLOSE in pairs:
            self.keep_alive = False
        elif not self.keep_alive:
            pairs.append(CLOSE)
        return written_head(status, pairs)

    # --- A client that leaves ---

    def watch(self, on_gone: Callable[[], None]) -> None:
        """Call ``on_gone`` if the client leaves before ``unwatch``, or has left already."""
        self._on_gone = on_gone
        if self.gone:
            self.leave()

    def unwatch(self) -> None:
        """The answer is over: leaving is no news any more."""
        self._on_gone = None

    # --- What the connection tells ---

    def arrived(self, piece: bytes) -> bool:
        """A piece of the body has come; whether that is enough for now."""
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size < HANDED_ON_BYTES:
            return False
        self._wake()
        return True

    def complete(self) -> None:
        """All of the request has come."""
        self.whole = True
        self._wake()

    def leave(self) -> None:
        """The client has left."""
        self.gone = True
        self._wake()
        if self._on_gone is not None:
            on_gone, self._on_gone = self._on_gone, None
            on_gone()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
