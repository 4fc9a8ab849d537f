"""HTTP/1.1 as we serve it: one connection of a client, on llhttp, with bounds and soft landings.

Theory of operation. The parser calls back while ``data_received`` feeds it. When the head of a
request is there an ``HttpExchange`` is made and a task started that answers it; requests sent ahead
(pipelined) wait in a queue until the answer before theirs is out. With ``MAX_AHEAD`` in the queue
the socket is not read, so that a client's departure is not noticed before their turn. What the
parser cannot read, and a client that stops half-way, are *refused* here, since no application ever
sees a request. Everything else is the application's.

- A head is counted as it arrives: nobody can make us keep more of it than ``MAX_HEAD_BYTES`` and
  one read. Below that the application judges it by its own, lower bounds.
- A client that owes bytes of a request and sends none for ``SILENCE_SECONDS`` gets a 408, and one
  that asks nothing for longer than the keep-alive is let go. The server has every connection
  ``look`` at that twice a second, so neither a request nor a connection has a timer.
- An answer that comes before its request has ended, such as a 413, is followed by reading on: to
  close over unread bytes would reset the connection and take the answer from the client. What is
  read is thrown away, at most ``MAX_DISCARDED`` of it.
- Garbage behind a sound request on the same connection does not spoil that request's answer: it is
  given first, and the connection ends with it.
- An offer to change protocols (h2c, which Java's client makes with every request, or WebSocket) is
  declined by going on in HTTP/1.1. The parser takes what follows such a head for the other protocol
  and hands it back, so a fresh one reads the body.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, cast
from urllib.parse import unquote

import httptools
from uvicorn.config import Config
from uvicorn.server import ServerState

from ..core.errors import CallerError, Code, TollhouseError, invalid
from ..core.request_head import MAX_HEADER_BYTES
from ..ports import Ids
from ..wire.openai.errors import error_body
from .exchange import CLOSE, HeaderPairs, HttpExchange, written_head
from .request_parser import Declined, request_parser, split_target

MAX_HEAD_BYTES = 2 * MAX_HEADER_BYTES
MAX_DISCARDED = 256 * 1024 * 1024
"""Bytes; a client that has its answer and sends still more is cut off."""
MAX_AHEAD = 32
SILENCE_SECONDS = 60.0
LINGER_SECONDS = 2.0
"""How long a refused client may take to read why."""
_log = logging.getLogger("tollhouse.api")

Answers = Callable[[HttpExchange], Awaitable[None]]


class HttpConnection(asyncio.Protocol):
    """One connection. A subclass names the ``ids`` that requests without a name get."""

    __slots__ = (
        "_answers",
        "_begun",
        "_connections",
        "_continues",
        "_current",
        "_discarded",
        "_head_bytes",
        "_headers",
        "_heard",
        "_held",
        "_in_head",
        "_keep_alive",
        "_over",
        "_parser",
        "_queue",
        "_reading",
        "_state",
        "_target",
        "_transport",
        "_unstuffed",
        "loop",
        "stuffed",
    )
    ids: Ids

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """Called by the server as it would call its own protocol."""
        del app_state
        self.loop = _loop or asyncio.get_running_loop()
        self.stuffed = False
        """Whether the client reads slower than we write."""
        self._answers = cast("Answers", config.app)
        self._keep_alive = config.timeout_keep_alive
        # Known to the library only to be shut down and waited for: by shape, one of its own.
        self._connections = cast("set[HttpConnection]", server_state.connections)
        self._state = server_state
        self._transport: asyncio.Transport | None = None
        self._parser = request_parser(self)
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._continues = False
        self._held = False
        """Whether the socket is not being read."""
        self._current: HttpExchange | None = None
        """The newest request whose answer has begun or may begin; stays when it is answered."""
        self._queue: list[HttpExchange] | None = None
        """Requests sent ahead, oldest first."""
        self._reading: HttpExchange | None = None
        """The request whose body is being read, or was read last."""
        self._in_head = self._begun = False
        """The second: whether a request's head began in what is being parsed just now."""
        self._head_bytes = self._discarded = 0
        self._over = False
        """Whether nothing more is to be parsed."""
        self._heard = 0.0
        """Loop time of the last byte received, or of the last answer's end."""
        self._unstuffed: asyncio.Future[None] | None = None

    # --- The connection ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has come."""
        self._transport = cast("asyncio.Transport", transport)
        self._connections.add(self)
        self._heard = self.loop.time()

    def connection_lost(self, exc: Exception | None) -> None:
        """It has left: whatever is being done for it may stop."""
        del exc
        self._connections.discard(self)
        self._transport = None
        # It refers back to its connection.
        del self._parser
        self.resume_writing()
        for exchange in (self._current, *(self._queue or ())):
            if exchange is not None and not exchange.finished:
                exchange.leave()

    def data_received(self, data: bytes) -> None:
        """Bytes of one or more requests."""
        self._heard = self.loop.time()
        if self._over:
            self._discard(len(data))
            return
        self._begun = False
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._refuse(invalid("The request is not valid HTTP/1.1."))
        except httptools.HttpParserUpgrade as offer:
            self._decline(data[offer.args[0] :])
        if self._in_head and not self._begun:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse(
                    CallerError(Code.HEADERS_TOO_LARGE, "The request's head is too large.")
                )

    def pause_writing(self) -> None:
        """The client reads slower than we write."""
        self.stuffed = True

    def resume_writing(self) -> None:
        """It has caught up."""
        self.stuffed = False
        if self._unstuffed is not None:
            waiter, self._unstuffed = self._unstuffed, None
            if not waiter.done():
                waiter.set_result(None)

    def shutdown(self) -> None:
        """The server stops: end with the answer under way, or at once."""
        if self._current is not None and not self._current.finished:
            self._current.keep_alive = False
        elif self._transport is not None:
            self._transport.close()

    # --- The parser ---

    def on_message_begin(self) -> None:
        """A request starts."""
        self._target = b""
        self._headers = []
        self._continues = False
        self._in_head = self._begun = True
        self._head_bytes = self._discarded = 0

    def on_url(self, piece: bytes) -> None:
        """A piece of its target."""
        self._target += piece

    def on_header(self, name: bytes, value: bytes) -> None:
        """One of its headers, or a trailer, which has no meaning here."""
        if not self._in_head:
            return
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self._continues = True
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Its head is there."""
        self._in_head = False
        parser = self._parser
        raw_path, query = split_target(self._target)
        path = raw_path.decode("ascii")
        version = parser.get_http_version()
        exchange = HttpExchange(
            self,
            parser.get_method().decode("ascii"),
            raw_path,
            self._headers,
            path=unquote(path) if "%" in path else path,
            query=query,
            old=version == "1.0",
            keep_alive=version != "1.0" and parser.should_keep_alive(),
            expects_continue=self._continues,
        )
        self._reading = exchange
        if self._current is None or self._current.finished:
            self._begin(exchange)
        else:
            self._queue = [*(self._queue or ()), exchange]
            if len(self._queue) >= MAX_AHEAD:
                self._pause_reading()

    def on_body(self, piece: bytes) -> None:
        """A piece of its body, handed on in large ones: waking its reader costs more."""
        exchange = self._reading
        if exchange is None or exchange.finished:
            self._discard(len(piece))
        elif exchange.arrived(piece):
            self._pause_reading()

    def on_message_complete(self) -> None:
        """All of it has come."""
        if self._reading is not None:
            self._reading.complete()

    def _decline(self, rest: bytes) -> None:
        """Stay with HTTP/1.1: the request's head is known, ``rest`` begins with its body."""
        offering = self._reading
        if offering is None:
            return
        offering.whole = False
        framing = [
            b"%s: %s\r\n" % header
            for header in offering.headers
            if header[0] in {b"content-length", b"transfer-encoding"}
        ]
        self._parser = request_parser(Declined(self))
        self.data_received(b"POST / HTTP/1.1\r\n%s\r\n" % b"".join(framing) + rest)

    # --- Answering ---

    def _begin(self, exchange: HttpExchange) -> None:
        self._current = exchange
        exchange.task = task = self.loop.create_task(self._answer(exchange))
        self._state.tasks.add(task)

    async def _answer(self, exchange: HttpExchange) -> None:
        try:
            await self._answers(exchange)
        except Exception:  # noqa: BLE001 - a bug ends its own request only
            _log.exception("a request was not answered")
        finally:
            if exchange.task is not None:
                self._state.tasks.discard(exchange.task)
            if not (exchange.finished or exchange.gone or self._transport is None):
                # Cut short: a client must not take what it has for the whole.
                self._transport.close()

    @property
    def standing(self) -> HeaderPairs:
        """Headers that every answer has."""
        return self._state.default_headers

    def write(self, data: bytes) -> None:
        """Hand bytes to the network; a no-op when the client has left."""
        transport = self._transport
        if transport is not None and not transport.is_closing():
            transport.write(data)

    async def unstuffed(self) -> None:
        """Wait until the network has taken most of what it was handed, or the client has left."""
        if self._unstuffed is None:
            self._unstuffed = self.loop.create_future()
        await asyncio.shield(self._unstuffed)

    def want_body(self) -> None:
        """Read on: somebody waits for more of the body."""
        transport = self._transport
        if self._held and transport is not None and not transport.is_closing():
            self._held = False
            transport.resume_reading()

    def finished(self, exchange: HttpExchange) -> None:
        """An answer is out: on to the next request."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        self._heard = self.loop.time()
        if not exchange.keep_alive:
            if exchange.whole:
                transport.close()
            else:
                self._hang_up(transport)
        elif self._queue:
            self._begin(self._queue.pop(0))
        elif self._held:
            self.want_body()

    # --- Refusals ---

    def _refuse(self, error: TollhouseError) -> None:
        """Read no more requests, and say why to a client that has no other answer to come."""
        transport = self._transport
        if self._over or transport is None:
            return
        self._over = True
        queue = self._queue or []
        while queue and not queue[-1].whole:
            queue.pop()
        last = queue[-1] if queue else self._current
        if last is not None and last.whole and not last.finished:
            last.keep_alive = False
            return
        name = self.ids.uuid()
        body = error_body(error, name)
        pairs = [
            *self.standing,
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"x-request-id", name.encode()),
            CLOSE,
        ]
        transport.write(written_head(error.status, pairs) + body)
        self._hang_up(transport)
        if last is not None and not last.finished:
            last.leave()

    def _hang_up(self, transport: asyncio.Transport) -> None:
        """Say no more, and read on for a while, so that what was said is not lost to a reset."""
        self._over = True
        self.want_body()
        if transport.can_write_eof():
            transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, transport.close)

    def _discard(self, size: int) -> None:
        self._discarded += size
        if self._discarded > MAX_DISCARDED and self._transport is not None:
            self._transport.abort()

    def _pause_reading(self) -> None:
        if self._transport is not None and not (self._held or self._transport.is_closing()):
            self._held = True
            self._transport.pause_reading()

    # --- Time limits ---

    def look(self) -> None:
        """Refuse who owes bytes for too long, let go who asks nothing."""
        transport = self._transport
        if transport is None or self._over:
            return
        reading, current = self._reading, self._current
        owes = self._in_head or (reading is not None and not reading.whole)
        idle = current is None or current.finished
        limit = self._keep_alive if idle and reading is not None and not owes else SILENCE_SECONDS
        if self.loop.time() - self._heard < limit:
            return
        if owes:
            words = f"No byte of the request came for {SILENCE_SECONDS:.0f} seconds."
            self._refuse(CallerError(Code.REQUEST_TIMEOUT, words))
        elif idle:
            # An answer to no request could be taken for that to a request on its way.
            transport.close()
