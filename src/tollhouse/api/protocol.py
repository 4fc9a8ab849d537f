"""HTTP/1.1 as we serve it: uvicorn's protocol with bounds, our error shape and soft landings.

Theory of operation. What the parser cannot read, and a client that stops half-way, are *refused*
here, since no application ever sees a request. Everything else is the application's.

- A head is counted as it arrives: nobody can make us keep more of it than ``MAX_HEAD_BYTES`` and
  one read. Below that the application judges it by its own, lower bounds.
- A client that owes bytes of a request and sends none for ``SILENCE_SECONDS`` gets a 408. One timer
  a connection looks at that, so a request costs nothing.
- An answer that comes before its request has ended, such as a 413, is followed by reading on: to
  close over unread bytes would reset the connection and take the answer from the client. What is
  read is thrown away, at most ``MAX_DISCARDED`` of it.
- Garbage behind a sound request on the same connection does not spoil that request's answer: it is
  given first, and the connection ends with it.
- uvicorn tells only the newest of several pipelined requests that the client has left. Here the one
  that is running is told too.
- An offer to change protocols (h2c, which Java's client makes with every request, or WebSocket) is
  declined by going on in HTTP/1.1. The parser takes what follows such a head for the other protocol
  and hands it back, so a fresh one reads the body.
"""

import asyncio
from http import HTTPStatus
from typing import Any

import httptools
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from ..core.errors import CallerError, Code, TollhouseError, invalid
from ..core.request_head import MAX_HEADER_BYTES
from ..ports import Ids
from ..wire.openai.errors import error_body

MAX_HEAD_BYTES = 2 * MAX_HEADER_BYTES
MAX_DISCARDED = 256 * 1024 * 1024
"""Bytes; a client that has its answer and sends still more is cut off."""
HANDED_ON_BYTES = 256 * 1024
"""How much of a body is gathered before the application hears of it, unless that was all."""
SILENCE_SECONDS = 60.0
LINGER_SECONDS = 2.0
"""How long a refused client may take to read why."""


class BoundedHttp(HttpToolsProtocol):
    """One connection. A subclass names the ``ids`` that requests without a name get."""

    ids: Ids

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._running: RequestResponseCycle | None = None
        self._in_head = True
        self._begun = False
        """Whether a request began in what is being parsed just now."""
        self._head_bytes = 0
        self._discarded = 0
        self._over = False
        """Whether nothing more is to be parsed."""
        self._heard = 0.0
        self._guard: asyncio.TimerHandle | None = None

    # --- the connection ---

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has come."""
        super().connection_made(transport)
        self._heard = self.loop.time()
        self._guard = self.loop.call_later(SILENCE_SECONDS, self._check_silence)

    def connection_lost(self, exc: Exception | None) -> None:
        """It has left: whatever is being done for it may stop."""
        if self._guard is not None:
            self._guard.cancel()
        super().connection_lost(exc)
        if self._running is not None:
            _abandon(self._running)

    def data_received(self, data: bytes) -> None:
        """Bytes of one or more requests."""
        self._heard = self.loop.time()
        if self._over:
            self._discard(len(data))
            return
        self._begun = False
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.send_400_response("The request is not valid HTTP/1.1.")
        except httptools.HttpParserUpgrade as offer:
            self._decline(data[offer.args[0] :])
        if self._in_head and not self._begun:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse(
                    CallerError(Code.HEADERS_TOO_LARGE, "The request's head is too large.")
                )

    # --- the parser ---

    def on_message_begin(self) -> None:
        """A request starts."""
        super().on_message_begin()
        self._in_head = self._begun = True
        self._head_bytes = self._discarded = 0

    def on_headers_complete(self) -> None:
        """Its head is there."""
        self._in_head = False
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of its body, handed on in large ones: waking the application costs more."""
        cycle = self.cycle
        if cycle.response_complete:
            self._discard(len(body))
            return
        cycle.body += body
        if len(cycle.body) >= HANDED_ON_BYTES:
            self.flow.pause_reading()
            cycle.message_event.set()

    def send_400_response(self, msg: str) -> None:
        """What came is not HTTP."""
        self._refuse(invalid(msg))

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def _decline(self, rest: bytes) -> None:
        """Stay with HTTP/1.1: the request's head is known, ``rest`` begins with its body."""
        self.cycle.more_body = True
        self.cycle.message_event.clear()
        framing = [
            b"%s: %s\r\n" % header
            for header in self.headers
            if header[0] in {b"content-length", b"transfer-encoding"}
        ]
        self.parser = httptools.HttpRequestParser(_Declined(self))
        self.data_received(b"POST / HTTP/1.1\r\n%s\r\n" % b"".join(framing) + rest)

    # --- refusals ---

    def _refuse(self, error: TollhouseError) -> None:
        """Read no more requests, and say why to a client that has no other answer to come."""
        if self._over:
            return
        self._over = True
        while self.pipeline and self.pipeline[0][0].more_body:
            self.pipeline.popleft()
        last = self.pipeline[0][0] if self.pipeline else self._running
        if last is not None and not (last.response_complete or last.more_body):
            last.keep_alive = False
            return
        name = self.ids.uuid()
        body = error_body(error, name)
        status = HTTPStatus(error.status)
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nx-request-id: {name}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        if last is not None:
            _abandon(last)
        self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def _discard(self, size: int) -> None:
        self._discarded += size
        if self._discarded > MAX_DISCARDED:
            self.transport.abort()

    def _check_silence(self) -> None:
        cycle = self.cycle
        owes = self._in_head or (cycle is not None and cycle.more_body)
        left = self._heard + SILENCE_SECONDS - self.loop.time()
        if owes and left <= 0 and self.scope is None:
            # An answer to no request could be taken for that to a request on its way.
            self.transport.close()
            return
        if owes and left <= 0:
            words = f"No byte of the request came for {SILENCE_SECONDS:.0f} seconds."
            self._refuse(CallerError(Code.REQUEST_TIMEOUT, words))
            return
        self._guard = self.loop.call_later(
            left if left > 0 else SILENCE_SECONDS, self._check_silence
        )


class _Declined:
    """What a fresh parser reports to: the connection, but for the head that it has already."""

    def __init__(self, connection: BoundedHttp) -> None:
        self._connection = connection
        self._known = True
        self.on_body = connection.on_body
        self.on_message_complete = connection.on_message_complete

    def on_message_begin(self) -> None:
        """A request starts."""
        if not self._known:
            self._connection.on_message_begin()

    def on_url(self, url: bytes) -> None:
        """A piece of its target."""
        if not self._known:
            self._connection.on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One of its headers."""
        if not self._known:
            self._connection.on_header(name, value)

    def on_headers_complete(self) -> None:
        """Its head is there."""
        if self._known:
            self._known = False
        else:
            self._connection.on_headers_complete()


def _abandon(cycle: RequestResponseCycle) -> None:
    """Tell a request's task that nobody waits for its answer."""
    if not cycle.response_complete:
        cycle.disconnected = True
        cycle.message_event.set()
