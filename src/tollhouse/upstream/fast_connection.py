"""One connection of the fast transport: an asyncio protocol around an ``AnswerReader``.

Theory of operation. A connection carries one exchange at a time:

    IDLE --begin--> WAITING --head--> READING --end of the answer--> IDLE or CLOSED

- The request is written at once if it is small. A large one goes out in slices, each when the
  network has taken the one before, so that no copy of it piles up here and a provider that does
  not read runs into a time limit. What is still unsent when the answer ends closes the connection.
- WAITING: no head has come. ``head`` waits on a future.
- READING: content collects in the reader until ``read`` takes all of it. When more than ``HIGH``
  bytes wait, the socket is not read until they are taken, so a slow client slows its provider and
  nobody else.
- Bytes that come in IDLE belong to no request of ours and close the connection.
- Trouble in any state makes a ``Fault``, closes the socket and wakes whoever waits. Closing takes
  effect when ``connection_lost`` is called, and so does the fault of somebody's giving up.

Time limits are one timer an exchange, not one a wait: it looks at what is being waited for, and is
set again for the rest. The wait for the head counts from the last progress of the request's
writing; a wait that the client causes (nobody reads here) does not count as idle.
"""

import asyncio
import ssl
from collections.abc import Callable
from typing import cast

from ..core.faults import Fault, FaultKind
from ..core.model import Timeouts
from .answer_reader import AnswerReader

HIGH = 256 * 1024
SLICE = 256 * 1024
"""The most of a request that is handed to the network at once."""

_EARLY = 0.001
"""Seconds by which a timer may fire early."""


class Connection(asyncio.Protocol):
    """A socket to a provider and the exchange on it."""

    __slots__ = (
        "_deadline",
        "_limits",
        "_loop",
        "_paused",
        "_since",
        "_stuffed",
        "_timer",
        "_transport",
        "_unsent",
        "_waiter",
        "answer",
        "fault",
        "idle_since",
        "on_lost",
        "received",
        "reused",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._limits = Timeouts()
        self._deadline = self._since = 0.0
        self._paused = False
        self._stuffed = False
        self._unsent: memoryview | None = None
        self.answer = AnswerReader()
        """What has come of the answer."""
        self.fault: Fault | None = None
        """What ended the exchange before its answer was complete."""
        self.received = False
        """Whether a single byte of an answer has come."""
        self.reused = False
        """Whether an exchange went over it before this one."""
        self.idle_since = 0.0
        """Loop time at which its last exchange ended."""
        self.on_lost: Callable[[Connection], None] | None = None

    # --- What the transport calls ---

    @property
    def usable(self) -> bool:
        """Whether an exchange may begin on it."""
        transport = self._transport
        return self.answer.complete and transport is not None and not transport.is_closing()

    def begin(
        self, head: bytes, body: bytes, limits: Timeouts, deadline: float, *, bodiless: bool = False
    ) -> None:
        """Write a request whose exchange is to be over at a loop time."""
        self.answer.begin(bodiless=bodiless)
        self.received = False
        transport = self._transport
        if transport is None or transport.is_closing():
            # Closed by the provider after it was dialled and before we came to use it.
            self.fault = Fault(FaultKind.DISCONNECTED, detail="closed before use", sent=False)
            return
        self._limits = limits
        self._deadline = deadline
        self._since = now = self._loop.time()
        if len(body) <= SLICE:
            transport.write(head + body if body else head)
        else:
            self._unsent = memoryview(body)
            transport.write(head)
            self._write_on()
        wait = min(limits.first_byte, max(0.0, deadline - now))
        self._timer = self._loop.call_later(wait, self._check)

    async def head(self) -> Fault | None:
        """Wait for the head of the answer."""
        answer = self.answer
        while not answer.head_done:
            if self.fault is not None:
                return self.fault
            await self._wait()
        return None

    async def read(self) -> bytes | Fault:
        """What has come of the content, ``b""`` at its end, or what went wrong."""
        answer = self.answer
        if not answer.pieces:
            self._since = self._loop.time()
        while not answer.pieces:
            if answer.complete:
                return b""
            if self.fault is not None:
                return self.fault
            # As in _wait, without a call of its own: most events of a stream are waited for here.
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        data = answer.take()
        if self._paused:
            self._resume()
        return data

    def finish(self) -> bool:
        """The answer has come to its end; whether the connection can be used again."""
        self._stop_timer()
        self.idle_since = self._loop.time()
        self.reused = True
        self.answer.pieces.clear()
        if self._paused:
            self._resume()
        transport = self._transport
        return (
            self.answer.keep_alive
            and self._unsent is None
            and transport is not None
            and not transport.is_closing()
            and transport.get_write_buffer_size() == 0
        )

    def abort(self) -> None:
        """Close the socket at once."""
        self._stop_timer()
        self._unsent = None
        if self._transport is not None:
            self._transport.abort()

    # --- asyncio ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open, TLS included."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Bytes of the answer, or of nothing we asked for."""
        answer = self.answer
        if answer.complete or self.fault is not None:
            answer.keep_alive = False
            self.abort()
            return
        self.received = True
        waiting_for_head = not answer.head_done
        answer.feed(data)
        if waiting_for_head and answer.head_done:
            self._watch_idle()
        if answer.complete:
            self._stop_timer()
        elif answer.bad is not None:
            self._fail(Fault(FaultKind.INVALID_RESPONSE, detail=answer.bad))
            return
        elif answer.buffered > HIGH:
            self._pause()
        if self._waiter is not None and answer.head_done:
            self._wake()

    def eof_received(self) -> bool | None:
        """The provider will send no more."""
        answer = self.answer
        if not answer.complete and self._ended_in_order():
            answer.eof()
        if answer.complete:
            self._stop_timer()
            self._wake()
        else:
            self._fail(_cut())
        return None

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is closed."""
        self._transport = None
        self.answer.release()
        if not self.answer.complete:
            refused = isinstance(exc, ssl.SSLError) and not (self.received or self.reused)
            self._fail(_refused_by_peer() if refused else _cut())
        if self.on_lost is not None:
            self.on_lost(self)
            self.on_lost = None

    def pause_writing(self) -> None:
        """The network takes no more of the request for now."""
        self._stuffed = True

    def resume_writing(self) -> None:
        """It has taken what was handed to it."""
        self._stuffed = False
        if self._unsent is not None:
            if not self.answer.head_done:
                self._since = self._loop.time()
            self._write_on()

    # --- Both directions, held back and let go ---

    def _write_on(self) -> None:
        transport = self._transport
        while self._unsent is not None and not self._stuffed and transport is not None:
            piece, rest = self._unsent[:SLICE], self._unsent[SLICE:]
            self._unsent = rest if len(rest) else None
            transport.write(piece)

    def _pause(self) -> None:
        if not self._paused and self._transport is not None and not self._transport.is_closing():
            self._paused = True
            self._transport.pause_reading()

    def _resume(self) -> None:
        self._paused = False
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def _ended_in_order(self) -> bool:
        """Whether the end of the bytes is the provider's: anybody may close a socket under TLS."""
        secured = None
        if self._transport is not None:
            secured = self._transport.get_extra_info("ssl_object")
        if secured is None:
            return True
        try:
            return bool(secured.read(1) == b"")
        except ssl.SSLError:
            return False

    # --- Waits and limits ---

    def _fail(self, fault: Fault) -> None:
        if self.fault is None:
            self.fault = fault
            self.abort()
            self._wake()

    async def _wait(self) -> None:
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _watch_idle(self) -> None:
        """The head is there: from now on it is the idle limit that counts."""
        self._since = self._loop.time()
        if self._limits.idle < self._limits.first_byte:
            self._stop_timer()
            self._check()

    def _check(self) -> None:
        """Look at the limits: fail what has waited too long, else look again when it will have."""
        now = self._loop.time()
        due, kind = self._deadline, FaultKind.TOTAL_TIMEOUT
        limit, waited_for = self._limits.first_byte, FaultKind.FIRST_BYTE_TIMEOUT
        if self.answer.head_done:
            limit, waited_for = self._limits.idle, FaultKind.IDLE_TIMEOUT
        # While nobody reads, the provider owes nothing: look again when somebody may have waited.
        since = self._since if self._waiter is not None else now
        if since + limit < due:
            due, kind = since + limit, waited_for
        if now >= due - _EARLY:
            self._timer = None
            self._fail(Fault(kind, detail="the time for it was up"))
        else:
            self._timer = self._loop.call_later(due - now, self._check)


def _cut() -> Fault:
    return Fault(FaultKind.DISCONNECTED, detail="the connection ended before the answer")


def _refused_by_peer() -> Fault:
    # In TLS 1.3 a server judges the client's certificate after the client believes to be connected.
    return Fault(FaultKind.CONNECT, detail="TLS was refused by the provider")
