"""One attempt's stream, from its first byte to its end: held, committed, relayed, accounted for.

Theory of operation. A relay is HOLDING until content, a finish reason or ``commit_after`` seconds,
then COMMITTED, then ENDED.

- While HOLDING nothing has been sent to the client: trouble is returned as a ``Fault`` and the plan
  may move on.
- On commit the head and everything held go out together. From then on trouble becomes an error
  event in the client's protocol, and the stream ends without a terminator.
- ``commit_after`` and the keep-alive are timers of the event loop, not tasks; a commit by the timer
  runs as a task that the reading side waits for before it sends anything itself.
- The record is closed before the last bytes go out, so an answer that a client has in full is
  always in the ledger.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..core.errors import UpstreamError
from ..core.faults import Fault, FaultKind
from ..core.model import Model
from ..core.record import Outcome
from ..core.tasks import spawn
from ..ports import Clock
from ..routing.surrender import error_for
from ..wire.errors import error_event
from ..wire.sse import COMMENT
from .attempts import Streaming
from .flight import Flight
from .meter import Meter
from .reply import Reply

_TIDY_SECONDS = 0.5
_OK = 200
Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class StreamTimes:
    """Seconds until a silent stream is committed, and between keep-alive comments."""

    commit_after: float
    keepalive: float


class StreamRelay:
    """Relays one attempt. ``run`` returns a fault only while nothing was sent."""

    def __init__(
        self,
        flight: Flight,
        model: Model,
        streaming: Streaming,
        reply: Reply,
        *,
        meter: Meter,
        times: StreamTimes,
        clock: Clock,
        head: Callable[[], Headers],
        ended: Callable[[Fault | None], None],
        read_fault: Callable[[bytes], Fault],
    ) -> None:
        self._flight = flight
        self._model = model
        self._reader = streaming.reader
        self._exchange = streaming.exchange
        self._reply = reply
        self._meter = meter
        self._times = times
        self._clock = clock
        self._head = head
        self._ended = ended
        self._read_fault = read_fault
        self._held: list[bytes] = []
        self.committed = False
        """Whether the client has been sent anything."""
        self._late_commit: asyncio.Task[Any] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._quiet = True

    async def run(self) -> Fault | None:
        """Relay to the end; None when the client has its answer or its error."""
        self._arm(self._times.commit_after)
        try:
            while True:
                piece, out = await self._flow()
                if isinstance(piece, Fault):
                    if piece.kind is not FaultKind.DISCONNECTED or not self._reader.events:
                        return await self._failed(piece)
                    # Cut off behind its last event, an answer is whole all the same.
                    piece = b""
                if not piece:
                    out = self._reader.end()
                fault = self._trouble(ended=not piece)
                if fault is not None:
                    await self._pass_on(out)
                    return await self._failed(fault)
                if self._reader.finished:
                    await self._finish(out)
                    return None
                await self._pass_on(out)
        except asyncio.CancelledError:
            # It may be waiting for a client that reads nothing, and would speak after the end.
            if self._late_commit is not None:
                self._late_commit.cancel()
            raise
        finally:
            self._stop_timer()

    async def _flow(self) -> tuple[bytes | Fault, bytes]:
        """Pass events on for as long as that is all there is to do.

        Returns the first piece that asks for more, and what the reader made of it. Nearly every
        event of a stream is done with here, so it holds no call that it could do without.
        """
        reader, flight = self._reader, self._flight
        monotonic, read, feed = self._clock.monotonic, self._exchange.read, reader.feed
        while True:
            before = monotonic()
            piece = await read()
            flight.upstream_wait += monotonic() - before
            if isinstance(piece, Fault) or not piece:
                return piece, b""
            out = feed(piece)
            if (
                not self.committed
                or self._late_commit is not None
                or reader.finished
                or reader.error is not None
                or reader.malformed
            ):
                return piece, out
            if out:
                self._quiet = False
                sending = self._reply.send(out, more=True)
                # A slow client may be waited for: nothing is kept that it does not wait for.
                piece = out = b""
                await sending

    @property
    def sequence(self) -> int:
        """The number of the next event, where the client's events are numbered."""
        return self._reader.sequence

    def cut_short(self) -> None:
        """Account for what was used when the request ends from outside."""
        reader = self._reader
        self._meter.cut_short(reader.usage, reader.service_tier, reader.content_bytes)

    def _trouble(self, *, ended: bool) -> Fault | None:
        reader = self._reader
        if reader.error is not None:
            return self._read_fault(reader.error)
        if reader.malformed:
            return Fault(FaultKind.INVALID_RESPONSE, detail="an event is not JSON or is too large")
        if ended and not reader.finished:
            return Fault(FaultKind.DISCONNECTED, detail="the stream ended without its last event")
        return None

    async def _pass_on(self, out: bytes) -> None:
        if self._late_commit is not None:
            await self._late_commit
        if self.committed:
            if out:
                self._quiet = False
                await self._reply.send(out, more=True)
            return
        if out:
            self._held.append(out)
        if self._reader.started:
            await self._commit()

    async def _commit(self) -> None:
        self.committed = True
        self._flight.first_byte()
        self._flight.call.let_go()
        await self._reply.start(_OK, self._head())
        held, self._held = b"".join(self._held), []
        if held:
            await self._reply.send(held, more=True)

    async def _finish(self, out: bytes) -> None:
        if self._late_commit is not None:
            await self._late_commit
        self._stop_timer()
        last = b"".join([*self._held, out])
        starting = not self.committed
        if starting:
            self._flight.first_byte()
        head = self._head() if starting else ()
        self.committed = True
        self._ended(None)
        self._flight.close(Outcome.OK, _OK, served=self._model, metered=self._meter.metered)
        if starting:
            await self._reply.start(_OK, head)
        await self._reply.send(last, more=False)
        # A client that has everything may leave; the connection to the provider stays.
        self._reply.unwatch()
        await self._tidy()

    async def _tidy(self) -> None:
        """Read what follows the last event, so that the connection can be used again."""
        try:
            async with asyncio.timeout(_TIDY_SECONDS):
                while True:
                    rest = await self._exchange.read()
                    if isinstance(rest, Fault) or not rest:
                        return
        except TimeoutError:
            return

    async def _failed(self, fault: Fault) -> Fault | None:
        """Hand the fault to the plan, or tell the client that its answer is broken."""
        if self._late_commit is not None:
            await self._late_commit
        self.cut_short()
        if not self.committed:
            return fault
        self._ended(fault)
        error = error_for([(self._flight.attempts[-1], fault)])
        if isinstance(error, UpstreamError):
            error.attempts = tuple(self._flight.attempts)
        self._flight.close(
            Outcome.UPSTREAM_ERROR,
            _OK,
            served=self._model,
            metered=self._meter.metered,
            error=error,
        )
        call = self._flight.call
        told = error_event(error, call.request_id, call.endpoint, self.sequence)
        await self.send_error(told)
        return None

    async def send_error(self, told: bytes) -> None:
        """End a committed stream with an error event and no terminator.

        Bytes that are not events have no place for one: the connection is closed short.
        """
        self._stop_timer()
        if self._reader.events:
            await self._reply.send(told, more=False)

    # --- timers ---

    def _arm(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._tick)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        if self._flight.closed or self._flight.interrupted is not None:
            return
        if not self.committed:
            self._late_commit = spawn(self._commit(), name="late-commit")
        elif (
            self._reader.events
            and self._quiet
            and (self._late_commit is None or self._late_commit.done())
        ):
            self._late_commit = spawn(self._reply.send(COMMENT, more=True), name="keep-alive")
        self._quiet = True
        self._arm(self._times.keepalive)
