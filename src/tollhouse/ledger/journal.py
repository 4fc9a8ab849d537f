"""The journal: every admitted request on disk, without anybody waiting for a disk or a store.

Theory of operation. A record is in one of four places, and moves one way:

1. **open**: ``open`` remembers it. Its open line is written within 50 ms, together with all others
   that became due, unless it is closed before that; the hot path pays for one write per request.
2. **on disk**: ``close`` appends the closed line with one ``write`` to the segment of this worker,
   and returns. That survives the death of the process, not a power cut: there is no ``fsync``.
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
import os
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from ..core.errors import Code, GatewayError
from ..core.record import Record
from ..ports import Clock, Ids
from .segment import END, Segment, closed_line, open_line

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
    ) -> None:
        """Start a segment in ``directory``; ``OSError`` when that is not possible."""
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self._clock = clock
        self._ids = ids
        self._segment_bytes = segment_bytes
        self._segment_seconds = segment_seconds
        self._memory_limit = memory_limit
        self._open: dict[str, Record] = {}
        self._unwritten_opens: dict[str, Record] = {}
        self._memory: dict[str, Record] = {}
        self._failing = False
        self._timer: asyncio.TimerHandle | None = None
        self._retired: list[Segment] = []
        self._use(Segment.create(directory, ids), carried=0)

    def _use(self, segment: Segment, *, carried: int) -> None:
        self._segment = segment
        self._fd = segment.fd
        self._torn = False
        self._size = carried
        self._full_at = carried + self._segment_bytes
        self._due_at = self._clock.monotonic() + self._segment_seconds

    # --- ports.Ledger ---

    def open(self, record: Record) -> None:
        """A request was admitted; ``GatewayError`` when no more can be accounted for."""
        if self._memory and len(self._memory) + len(self._open) >= self._memory_limit:
            raise GatewayError(
                Code.LEDGER_UNAVAILABLE,
                "requests cannot be recorded at the moment, so none is served",
                headers={"retry-after": "1"},
            )
        self._open[record.id] = record
        self._unwritten_opens[record.id] = record
        if self._timer is None:  # the hot path saves itself a call
            self._wake(OPEN_DELAY)

    def close(self, record: Record) -> None:
        """It ended; on disk, or kept until it can be, on return. The first close counts."""
        if self._open.pop(record.id, None) is None:
            return
        self._unwritten_opens.pop(record.id, None)
        if self._append(closed_line(record)):
            self._segment.waiting += 1
            return
        self._memory[record.id] = record
        self._wake(RETRY_DELAY)

    # --- for metrics and the shipper ---

    @property
    def backlog(self) -> int:
        """Closed records of this worker that the store does not have yet."""
        return sum(segment.waiting for segment in self.segments) + len(self._memory)

    @property
    def segments(self) -> Sequence[Segment]:
        """The retired ones, oldest first, and last the one in use."""
        return [*self._retired, self._segment]

    def in_memory(self, limit: int) -> list[Record]:
        """Up to ``limit`` records that are on no disk."""
        return list(islice(self._memory.values(), limit))

    def settle_memory(self, records: Sequence[Record]) -> None:
        """The store has these, from memory; those that went to disk meanwhile settle there."""
        for record in records:
            self._memory.pop(record.id, None)

    def drop(self, segment: Segment) -> None:
        """A retired segment was read to its end and all of it settled."""
        if segment in self._retired:
            self._retired.remove(segment)
            segment.remove()

    def retire_when_due(self) -> None:
        """Begin a new segment if this one is large or old enough, and the disk lets us."""
        old = self._size > 0 and self._clock.monotonic() >= self._due_at
        if not old and self._size < self._full_at:
            return
        try:
            successor = Segment.create(self.directory, self._ids)
        except OSError as refused:
            self._failed(refused)
            return
        carried = b"".join(map(open_line, self._open.values()))
        _, error = _write(successor.fd, carried)
        if error is None and self._append(END):
            self._retired.append(self._segment)
            self._unwritten_opens.clear()
            self._use(successor, carried=len(carried))
        else:
            successor.remove()
            # Half an end line may have been written: what is open must stand behind it again.
            self._unwritten_opens.update(self._open)
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
        settled = not self.backlog and not self._open
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
        if self._unwritten_opens or self._memory:
            self._wake(RETRY_DELAY if self._failing else OPEN_DELAY)

    def _write_opens(self) -> None:
        lines = b"".join(map(open_line, self._unwritten_opens.values()))
        if lines and self._append(lines):
            self._unwritten_opens.clear()

    def _write_memory(self) -> bool:
        waiting = self.in_memory(_BATCH)
        if not waiting or not self._append(b"".join(map(closed_line, waiting))):
            return False
        self._segment.waiting += len(waiting)
        self.settle_memory(waiting)
        return True

    def _append(self, data: bytes) -> bool:
        if self._torn:
            data = b"\n" + data
        written, error = _write(self._fd, data)
        self._size += written
        if error is not None:
            self._torn = self._torn or written > 0
            self._failed(error)
            return False
        self._torn = False
        if self._failing:
            self._failing = False
            _log.warning("the journal takes lines again")
        return True

    def _failed(self, error: OSError) -> None:
        if not self._failing:
            self._failing = True
            _log.error("the journal takes no lines; records wait in memory", exc_info=error)


def _write(fd: int, data: bytes) -> tuple[int, OSError | None]:
    written = 0
    while written < len(data):
        try:
            written += os.write(fd, data[written:])
        except OSError as error:
            return written, error
    return written, None
