"""One admitted request from its admission to its record, whatever ends it.

Theory of operation. A flight opens its record when the gate lets the request in and closes it
exactly once: with the answer, with an error, or from outside. What happens from outside is an
*interrupt*: the client left, the deadline passed, or the gateway stops. An interrupt notes its
reason and cancels the request's task; whoever awaits something then is cut short by
``CancelledError``, and the handler at the top asks the flight why. Closing is a plain call, because
an ``await`` in a cancelled task would itself be cut short.
"""

import asyncio
import math
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from ..core.charge import Unpriced
from ..core.errors import Code, TollhouseError
from ..core.model import Model
from ..core.record import Attempt, CostStatus, Outcome, Record
from ..ports import Clock, Ledger, Observer
from .call import Call
from .meter import Meter, Metered

_MICROSECONDS = 1_000_000


class Interrupt(Enum):
    """What ends a request from outside."""

    CLIENT_GONE = "client_gone"
    DEADLINE = "deadline"
    SHUTDOWN = "shutdown"


class CutsShort(Protocol):
    """A relay that can be ended from outside."""

    committed: bool

    @property
    def sequence(self) -> int:
        """The number of the next event, where the client's events are numbered."""
        ...

    def cut_short(self) -> None:
        """Account for what was used."""
        ...

    async def send_error(self, told: bytes) -> None:
        """Tell the client, in the stream."""
        ...


@dataclass(slots=True)
class Serving:
    """The attempt under way, for whoever has to account for it when it is cut short."""

    model: Model
    meter: Meter
    began: float
    relay: CutsShort | None = None


class Flight:
    """The state of one admitted request."""

    __slots__ = (
        "_clock",
        "_ledger",
        "_observer",
        "_task",
        "attempts",
        "billed",
        "call",
        "closed",
        "deadline",
        "dropped",
        "first_fault",
        "interrupted",
        "model",
        "record",
        "serving",
        "upstream_wait",
    )

    def __init__(
        self,
        call: Call,
        model: Model,
        record: Record,
        *,
        task: asyncio.Task[Any] | None,
        clock: Clock,
        ledger: Ledger,
        observer: Observer,
    ) -> None:
        self.call = call
        self.model = model
        self.record = record
        self.attempts: list[Attempt] = []
        self.billed: list[Metered] = []
        """What failed attempts cost nevertheless."""
        self.dropped: tuple[str, ...] = ()
        """Knobs of the client that the target of the attempt under way lacks."""
        self.first_fault: str | None = None
        self.upstream_wait = 0.0
        """Seconds spent waiting for providers."""
        self.deadline = math.inf
        """Monotonic seconds at which it is interrupted, whatever it waits for then."""
        self.interrupted: Interrupt | None = None
        self.closed = False
        self.serving: Serving | None = None
        self._clock = clock
        self._ledger = ledger
        self._observer = observer
        self._task = task
        ledger.open(record)

    def interrupt(self, reason: Interrupt) -> None:
        """End the request from outside; the first reason counts.

        One that is recorded already may still be stuck in sending its last bytes.
        """
        if self.interrupted is None and self._task is not None:
            self.interrupted = reason
            self._task.cancel()

    def client_left(self) -> None:
        """Nobody waits for the answer any more."""
        self.interrupt(Interrupt.CLIENT_GONE)

    def uncancel(self) -> None:
        """The interrupt has been noticed, and the task goes on to its end."""
        if self._task is not None:
            self._task.uncancel()

    def overhead(self) -> float:
        """Seconds that were ours so far: everything but waiting for providers."""
        return max(0.0, self._clock.monotonic() - self.call.started - self.upstream_wait)

    def seconds(self) -> int:
        """The time, in Unix seconds."""
        return int(self._clock.now())

    def attempted(self, attempt: Attempt) -> None:
        """An attempt ended, well or not."""
        self.attempts.append(attempt)
        self._observer.attempted(attempt)

    def first_byte(self) -> None:
        """The client gets its first byte now."""
        if self.record.first_byte_us is None:
            elapsed = self._clock.monotonic() - self.call.started
            self.record.first_byte_us = int(elapsed * _MICROSECONDS)

    def close(
        self,
        outcome: Outcome,
        http_status: int,
        *,
        served: Model | None = None,
        metered: Metered | None = None,
        error: TollhouseError | Code | None = None,
    ) -> None:
        """Write the record. Only the first close counts."""
        if self.closed:
            return
        self.closed = True
        record = self.record
        record.status = outcome
        record.http_status = http_status
        record.attempts = self.attempts
        record.overhead_us = int(self.overhead() * _MICROSECONDS)
        record.ended_at = int(self._clock.now() * _MICROSECONDS)
        if error is not None:
            record.code = str(error.code if isinstance(error, TollhouseError) else error)
        if served is not None:
            record.served_model = served.model_id
            record.upstream_model = served.target.upstream_model
            record.provider = served.target.provider.name
        self._put_cost(metered)
        self._ledger.close(record)
        self._observer.closed(record)

    def _put_cost(self, metered: Metered | None) -> None:
        """The record's usage is the answer's; its cost is that of every attempt that was billed."""
        record = self.record
        if metered is None and not self.billed:
            # Nothing came that could be billed. What a client did not wait for may have cost yet.
            gone = record.status is Outcome.CLIENT_DISCONNECTED
            record.cost = 0
            record.cost_status = CostStatus.ESTIMATED if gone else CostStatus.EXACT
            return
        parts = [*self.billed, *([metered] if metered else [])]
        last = parts[-1]
        record.usage = last.usage
        record.cost_status = last.charge.status
        record.currency = last.charge.currency or record.currency
        record.price_version = last.charge.price_version
        missing = next((part for part in parts if part.charge.cost is None), None)
        if missing is not None:
            record.unpriced_reason = missing.charge.unpriced_reason
            record.cost_status = CostStatus.UNPRICED
        elif len({part.charge.currency for part in parts}) > 1:
            record.unpriced_reason = Unpriced.MIXED_CURRENCIES
            record.cost_status = CostStatus.UNPRICED
        else:
            record.cost = sum(part.charge.cost or 0 for part in parts)
