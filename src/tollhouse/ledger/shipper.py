"""The shipper: moves records from the journal into the store, each exactly once.

Theory of operation. A **pass** ships what is in memory, then what this worker's own segments hold,
then one piece of a segment that was left behind by a dead process. Batches go to
``RecordSink.add_records``, which ignores ids that it has, so everything may be sent again: after a
failure, after a crash, by two processes. A segment's reading position moves on after the store has
confirmed, and a segment is deleted when all of it is confirmed; until then the file is the truth.

While the store is out of reach nothing is lost or skipped: the same piece is read and sent again,
with growing, jittered pauses. Files are read in a thread, a bounded piece at a time, so neither the
event loop nor the memory notices how far behind the ledger is.
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence

from ..core.record import Record
from ..ports import Clock, Ids, RecordSink, StoreUnavailable
from .journal import Journal
from .segment import Segment, abandoned

BATCH = 500
"""Records per transaction."""
INTERVAL = 0.25
"""Seconds between passes; a record is in the store well within two seconds of its end."""
LONGEST_PAUSE = 3.0
"""Seconds; how long after its return the store may be waited for."""
ADOPT_INTERVAL = 5.0
"""Seconds between looks for segments of dead siblings."""
_MICROSECONDS = 1_000_000
_log = logging.getLogger("tollhouse.ledger")


class Shipper:
    """Ships one worker's journal, and whatever it can adopt in the same directory."""

    def __init__(self, journal: Journal, store: RecordSink, clock: Clock, ids: Ids) -> None:
        self._journal = journal
        self._store = store
        self._clock = clock
        self._ids = ids
        self._adopted: list[Segment] = []
        self._next_look = clock.monotonic()
        self._failures = 0
        self._one_pass = asyncio.Lock()

    @property
    def backlog(self) -> int:
        """Closed records that the store does not have yet, adopted ones included."""
        return self._journal.backlog + sum(segment.waiting for segment in self._adopted)

    async def run(self) -> None:
        """Adopt and ship until cancelled."""
        while True:
            more = await self._try_pass()
            if self._failures:
                await asyncio.sleep(self._pause())
            elif not more:
                await asyncio.sleep(INTERVAL)

    async def flush(self, deadline: float) -> bool:
        """Ship everything there is, until ``deadline`` on the monotonic clock; whether all is in.

        What is not stays on disk for the next start.
        """
        left = deadline - self._clock.monotonic()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, left)):
                while await self._try_pass() or self.backlog:
                    if self._failures:
                        await asyncio.sleep(self._pause())
        return not (self.backlog or self._adopted)

    async def adopt(self) -> int:
        """Take over the segments of dead processes; returns how many."""
        found = await asyncio.to_thread(abandoned, self._journal.directory)
        self._adopted += found
        return len(found)

    def release(self) -> None:
        """Let go of adopted segments; what is left in them is for the next start."""
        for segment in self._adopted:
            segment.close()
        self._adopted.clear()

    async def _try_pass(self) -> bool:
        """Make one pass; whether another one has something to do at once."""
        async with self._one_pass:
            try:
                more = await self._pass()
            except StoreUnavailable as error:
                self._failed("the store takes no records; they wait in the journal", error)
            except Exception as error:  # noqa: BLE001 - a dead shipper is worse than a stubborn one
                self._failed("records could not be shipped; they wait in the journal", error)
            else:
                self._failures = 0
                return more
        return True

    def _failed(self, message: str, error: Exception) -> None:
        if not self._failures:
            _log.error(message, exc_info=error)
        self._failures += 1

    def _pause(self) -> float:
        longest = min(LONGEST_PAUSE, INTERVAL * 2.0 ** min(self._failures, 10))
        return longest * (0.5 + 0.5 * self._ids.fraction())

    async def _pass(self) -> bool:
        if self._clock.monotonic() >= self._next_look:
            self._next_look = self._clock.monotonic() + ADOPT_INTERVAL
            await self.adopt()
        self._journal.retire_when_due()
        while waiting := self._journal.in_memory(BATCH):
            await self._store.add_records(waiting)
            self._journal.settle_memory(waiting)
        *retired, current = self._journal.segments
        for segment in retired:
            await self._ship_own(segment, to_the_end=True)
            self._journal.drop(segment)
        await self._ship_own(current, to_the_end=False)
        if self._adopted:
            await self._ship_adopted(self._adopted[0])
        return bool(self._adopted)

    async def _ship_own(self, segment: Segment, *, to_the_end: bool) -> None:
        # What is added meanwhile to the one in use can wait and go in a larger batch.
        due = segment.waiting
        while (to_the_end or due > 0) and (records := await asyncio.to_thread(segment.read, BATCH)):
            await self._add(records)
            segment.advance()
            due -= len(records)

    async def _ship_adopted(self, segment: Segment) -> None:
        if records := await asyncio.to_thread(segment.read, BATCH):
            await self._add(records)
            segment.advance()
            return
        now = round(self._clock.now() * _MICROSECONDS)
        await self._add(await asyncio.to_thread(segment.interrupted, now))
        self._adopted.remove(segment)
        await asyncio.to_thread(segment.remove)

    async def _add(self, records: Sequence[Record]) -> None:
        for start in range(0, len(records), BATCH):
            await self._store.add_records(records[start : start + BATCH])
