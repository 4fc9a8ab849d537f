"""The journal: every admitted request on disk, without anybody waiting for a disk or a store.

Theory of operation. A record is in one of four places, and moves one way:

1. **open**: ``open`` remembers it. Its open line is written within 50 ms, together with all others
   that became due, unless it is closed before that; the hot path pays for one write per request.
2. **on disk**: ``close`` appends the closed line to the segment of this worker, by a copy into a
   mapped file where that is sound and by ``write`` elsewhere, and returns. That survives the death
   of the process, not a power cut: there is no ``fsync``.
3. **in memory**: when the disk takes no line (full, broken), the closed record waits here. It goes
   to disk when that works again or straight to the store, whichever comes first; both is harmless,
   since the store knows an id once. When records in flight and in memory reach ``memory_limit``,
   ``open`` refuses: what cannot be accounted for is not served.
4. **settled**: the shipper read it from disk or memory, and the store has it.

A segment that has grown or aged enough is **retired**: what is open is written to a new segment, an
end line to the old one, and the shipper deletes that when it has read it. Either both lines are
written or the old segment stays in use, so no request is ever open in a segment that looks left
behind while it may still be closed in another.

All of it runs on the event loop's thread in plain calls: nothing here can be cancelled half way.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from ..core.errors import Code, GatewayError
from ..core.record import Record
from ..ports import Clock, Ids
from .appender import sound
from .segment import END, OwnSegment, closed_line, open_line

OPEN_DELAY = 0.05
"""Seconds in which a request may end without ever getting an open line."""
RETRY_DELAY = 0.25
"""Seconds between tries of a disk that took no line."""
_BATCH = 500
"""Records written per try, so that a recovery does not hold up the requests."""
_log = logging.getLogger("tollhouse.ledger")


class Journal:
    """``ports.Ledger``, for one worker. Owned segments are read and settled by the shipper."""

    def __init__(
        self,
        directory: Path,
        clock: Clock,
        ids: Ids,
        *,
        segment_bytes: int = 4 * 1024 * 1024,
        segment_seconds: float = 300.0,
        memory_limit: int = 10_000,
        mapped: bool | None = None,
    ) -> None:
        """Start a segment in ``directory``; ``OSError`` when that is not possible.

        ``mapped`` is for tests: whether files are mapped follows from the file system.
        """
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self._clock = clock
        self._ids = ids
        self._segment_bytes = segment_bytes
        self._segment_seconds = segment_seconds
        self._memory_limit = memory_limit
        self._mapped = sound(directory) if mapped is None else mapped
        self._new: dict[str, Record] = {}
        """Open, and on no disk."""
        self._open: dict[str, Record] = {}
        """Open, with an open line in the segment in use."""
        self._memory: dict[str, Record] = {}
        self._failing = False
        self._timer: asyncio.TimerHandle | None = None
        self._retired: list[OwnSegment] = []
        self._use(self._new_segment())

    def _new_segment(self) -> OwnSegment:
        return OwnSegment.create(self.directory, self._ids, mapped=self._mapped)

    def _use(self, segment: OwnSegment) -> None:
        self._segment = segment
        self._full_at = segment.size + self._segment_bytes
        self._due_at = self._clock.monotonic() + self._segment_seconds

    # --- ports.Ledger ---

    def open(self, record: Record) -> None:
        """A request was admitted; ``GatewayError`` when no more can be accounted for."""
        if self._memory and len(self._memory) + self._in_flight() >= self._memory_limit:
            raise GatewayError(
                Code.LEDGER_UNAVAILABLE,
                "requests cannot be recorded at the moment, so none is served",
                headers={"retry-after": "1"},
            )
        self._new[record.id] = record
        if self._timer is None:  # the hot path saves itself a call
            self._wake(OPEN_DELAY)

    def close(self, record: Record) -> None:
        """It ended; on disk, or kept until it can be, on return. The first close counts."""
        name = record.id
        if self._new.pop(name, None) is None and self._open.pop(name, None) is None:
            return
        if self._append(closed_line(record)):
            self._segment.waiting += 1
            return
        self._memory[name] = record
        self._wake(RETRY_DELAY)

    # --- for metrics and the shipper ---

    @property
    def backlog(self) -> int:
        """Closed records of this worker that the store does not have yet."""
        return sum(segment.waiting for segment in self.segments) + len(self._memory)

    @property
    def segments(self) -> Sequence[OwnSegment]:
        """The retired ones, oldest first, and last the one in use."""
        return [*self._retired, self._segment]

    def in_memory(self, limit: int) -> list[Record]:
        """Up to ``limit`` records that are on no disk."""
        return list(islice(self._memory.values(), limit))

    def settle_memory(self, records: Sequence[Record]) -> None:
        """The store has these, from memory; those that went to disk meanwhile settle there."""
        for record in records:
            self._memory.pop(record.id, None)

    def drop(self, segment: OwnSegment) -> None:
        """A retired segment was read to its end and all of it settled."""
        if segment in self._retired:
            self._retired.remove(segment)
            segment.remove()

    def retire_when_due(self) -> None:
        """Begin a new segment if this one is large or old enough, and the disk lets us."""
        size = self._segment.size
        old = size > 0 and self._clock.monotonic() >= self._due_at
        if not old and size < self._full_at:
            return
        try:
            successor = self._new_segment()
        except OSError as refused:
            self._failed(refused)
            return
        everything = {**self._open, **self._new}
        if _carried(everything.values(), successor) and self._append(END):
            self._segment.finish()
            self._retired.append(self._segment)
            self._open, self._new = everything, {}
            self._use(successor)
        else:
            successor.remove()
            # Half an end line may have been written: what is open must stand behind it again.
            self._open, self._new = {}, everything
            self._wake(RETRY_DELAY)

    def release(self) -> None:
        """Give up ownership at the end of the process; what is not settled stays for the next."""
        self._write_opens()
        while self._memory and self._write_memory():
            pass
        if self._timer is not None:
            self._timer.cancel()
        if self._memory:
            _log.error(
                "records are lost: neither a disk nor the store takes them",
                extra={"records": len(self._memory), "first": next(iter(self._memory))},
            )
        settled = not self.backlog and not self._in_flight()
        for segment in self.segments:
            if settled:
                segment.remove()
            else:
                segment.close()

    # --- writing ---

    def _wake(self, delay: float) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(delay, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._write_opens()
        self._write_memory()
        if self._new or self._memory:
            self._wake(RETRY_DELAY if self._failing else OPEN_DELAY)

    def _write_opens(self) -> None:
        if self._new and self._append(b"".join(map(open_line, self._new.values()))):
            self._open.update(self._new)
            self._new.clear()

    def _write_memory(self) -> bool:
        waiting = self.in_memory(_BATCH)
        if not waiting or not self._append(b"".join(map(closed_line, waiting))):
            return False
        self._segment.waiting += len(waiting)
        self.settle_memory(waiting)
        return True

    def _append(self, lines: bytes) -> bool:
        try:
            self._segment.append(lines)
        except OSError as error:
            self._failed(error)
            return False
        if self._failing:
            self._failing = False
            _log.warning("the journal takes lines again")
        return True

    def _in_flight(self) -> int:
        return len(self._new) + len(self._open)

    def _failed(self, error: OSError) -> None:
        if not self._failing:
            self._failing = True
            _log.error("the journal takes no lines; records wait in memory", exc_info=error)


def _carried(records: Iterable[Record], segment: OwnSegment) -> bool:
    """Write what is open at the head of a segment; whether that was possible."""
    lines = b"".join(map(open_line, records))
    try:
        if lines:
            segment.append(lines)
    except OSError:
        return False
    return True
