"""One connection of the fast transport: an asyncio protocol around an ``AnswerReader``.

Theory of operation. A connection carries one exchange at a time:

    IDLE --begin--> WAITING --head--> READING --end of the answer--> IDLE or CLOSED

- The request is written at once if it is small. A large one goes out in slices, each when the
  network has taken the one before, so that no copy of it piles up here and a provider that does
  not read runs into a time limit. What is still unsent when the answer ends closes the connection.
- WAITING: no head has come. READING: content collects in the reader until it is taken. When more
  than ``HIGH`` bytes wait, the socket is not read until they are taken, so a slow client slows its
  provider and nobody else.
- Whoever waits for the head, or for content, awaits ``arrival`` and then looks for himself.
- Bytes that come in IDLE belong to no request of ours and close the connection.
- Trouble in any state makes a ``Fault``, closes the socket and wakes whoever waits. Closing takes
  effect when ``connection_lost`` is called, and so does the fault of somebody's giving up.

Time limits are looked at by the pool's watch, which calls ``check``. The wait for the head counts
from the last progress of the request's writing; a wait that the client causes (nobody reads here)
does not count as idle.
"""

import asyncio
import math
import ssl
from collections.abc import Callable
from typing import Final, cast

from ..core.faults import Fault, FaultKind
from ..core.model import Timeouts
from .answer_reader import AnswerReader
from .fast_watch import Watch

HIGH: Final = 64 * 1024
SLICE: Final = 256 * 1024
"""The most of a request that is handed to the network at once."""

_JOINED: Final = 64 * 1024
"""Bytes of a body up to which copying it behind its head costs less than a second write."""
_EARLY: Final = 0.001
"""Seconds by which a timer may fire early."""
_NO_LIMITS: Final = Timeouts()


class Connection(asyncio.Protocol):
    """A socket to a provider and the exchange on it.

    ``on_lost`` is told when no exchange can begin on it any more.
    """

    __slots__ = (
        "_deadline",
        "_limits",
        "_loop",
        "_on_lost",
        "_paused",
        "_since",
        "_stuffed",
        "_transport",
        "_unsent",
        "_waiter",
        "_watch",
        "answer",
        "fault",
        "idle_since",
        "received",
        "reused",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        watch: Watch,
        on_lost: Callable[["Connection"], None],
    ) -> None:
        self._loop = loop
        self._watch = watch
        self._on_lost = on_lost
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._limits = _NO_LIMITS
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

    # --- What the transport calls ---

    def begin(
        self, head: bytes, body: bytes, limits: Timeouts, deadline: float, *, bodiless: bool = False
    ) -> None:
        """Write a request whose exchange is to be over at a loop time."""
        self.answer.begin(bodiless=bodiless)
        self.received = False
        transport = self._transport
        if transport is None or transport.is_closing():
            # Closed by the provider after it was dialled, or idle, and before we came to use it.
            self.fault = Fault(FaultKind.DISCONNECTED, detail="closed before use", sent=False)
            return
        self._limits = limits
        self._deadline = deadline
        self._since = now = self._loop.time()
        watch = self._watch
        if now + limits.first_byte < watch.at or deadline < watch.at:
            watch.by(min(now + limits.first_byte, deadline))
        if len(body) <= _JOINED:
            transport.write(head + body)
        else:
            self._unsent = memoryview(body)
            transport.write(head)
            self._write_on()

    def arrival(self) -> asyncio.Future[None]:
        """What is done when something has come, or will not: one at a time may be awaited."""
        self._waiter = waiter = self._loop.create_future()
        if self.answer.head_done:
            self._since = self._loop.time()
        return waiter

    def take(self) -> bytes:
        """The content that has come; not to be called when there is none."""
        data = self.answer.take()
        if self._paused:
            self._resume()
        return data

    def finish(self) -> bool:
        """The answer has come to its end; whether the connection can be used again."""
        answer = self.answer
        self.idle_since = self._loop.time()
        self.reused = True
        if self._paused:
            self._resume()
        transport = self._transport
        return (
            answer.keep_alive
            and self._unsent is None
            and transport is not None
            and transport.get_write_buffer_size() == 0
        )

    def abort(self) -> None:
        """Close the socket at once."""
        self._unsent = None
        if self._transport is not None:
            self._transport.abort()

    def check(self, now: float) -> float:
        """Fail what has waited too long; else the loop time at which to look again."""
        answer = self.answer
        if answer.complete or self.fault is not None:
            return math.inf
        due, kind = self._deadline, FaultKind.TOTAL_TIMEOUT
        limit, waited_for = self._limits.first_byte, FaultKind.FIRST_BYTE_TIMEOUT
        if answer.head_done:
            limit, waited_for = self._limits.idle, FaultKind.IDLE_TIMEOUT
        # While nobody reads, the provider owes nothing: look again when somebody may have waited.
        since = now if self._waiter is None or self._waiter.done() else self._since
        if since + limit < due:
            due, kind = since + limit, waited_for
        if now < due - _EARLY:
            return due
        self._fail(Fault(kind, detail="the time for it was up"))
        return math.inf

    # --- asyncio ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open, TLS included."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Bytes of the answer, or of nothing we asked for."""
        answer = self.answer
        if answer.complete or self.fault is not None:
            self._retire()
            self.abort()
            return
        self.received = True
        waiting_for_head = not answer.head_done
        answer.feed(data)
        if answer.bad is not None:
            self._fail(Fault(FaultKind.INVALID_RESPONSE, detail=answer.bad))
            return
        if not answer.complete:
            if waiting_for_head:
                if not answer.head_done:
                    return
                self._watch_idle()
            elif not answer.pieces:
                return
            if answer.buffered > HIGH:
                self._pause()
        # As in _wake, without a call of its own: most of what comes is waited for.
        waiter = self._waiter
        if waiter is not None:
            self._waiter = None
            if not waiter.done():
                waiter.set_result(None)

    def eof_received(self) -> bool | None:
        """The provider will send no more."""
        answer = self.answer
        if not answer.complete and self._ended_in_order():
            answer.eof()
        self._retire()
        if answer.complete:
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
        self._retire()

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

    # --- Ends and waits ---

    def _retire(self) -> None:
        """No exchange may begin on it any more."""
        self.answer.keep_alive = False
        self._on_lost(self)

    def _fail(self, fault: Fault) -> None:
        if self.fault is None:
            self.fault = fault
            self.abort()
            self._wake()

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None:
            self._waiter = None
            if not waiter.done():
                waiter.set_result(None)

    def _watch_idle(self) -> None:
        """The head is there: from now on it is the idle limit that counts."""
        self._since = now = self._loop.time()
        if self._limits.idle < self._limits.first_byte:
            self._watch.by(now + self._limits.idle)


def _cut() -> Fault:
    return Fault(FaultKind.DISCONNECTED, detail="the connection ended before the answer")


def _refused_by_peer() -> Fault:
    # In TLS 1.3 a server judges the client's certificate after the client believes to be connected.
    return Fault(FaultKind.CONNECT, detail="TLS was refused by the provider")
