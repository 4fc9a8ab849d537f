"""What a ledger lives among: a clock, ids, a store that can go away, and sudden death."""

import asyncio
import os
import random
import secrets
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tollhouse.core.record import Record
from tollhouse.ledger.appender import Mapped
from tollhouse.ledger.journal import Journal
from tollhouse.ledger.segment import SUFFIX
from tollhouse.ledger.shipper import Shipper
from tollhouse.ports import StoreUnavailable


class TravellingClock:
    """Real time, plus what was skipped."""

    def __init__(self) -> None:
        self.skipped = 0.0

    def now(self) -> float:
        """Unix seconds."""
        return time.time() + self.skipped

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic() + self.skipped


class PlainIds:
    """Ids in the order of their making."""

    def uuid(self) -> str:
        """Sortable by time."""
        return f"{time.time_ns():020}-{uuid.uuid4()}"

    def secret(self, nbytes: int) -> str:
        """As everybody's: randomness in URL-safe base64."""
        return secrets.token_urlsafe(nbytes)

    def fraction(self) -> float:
        """Jitter."""
        return random.random()


class Shelf:
    """Records in memory: a store that can refuse, stall, or forget to say that it succeeded."""

    def __init__(self) -> None:
        self.kept: dict[str, Record] = {}
        self.calls = 0
        self.largest = 0
        self.down = False
        self.silent = False
        """Keeps the records, then fails: the answer was lost."""
        self.open_hours = asyncio.Event()
        self.open_hours.set()

    async def add_records(self, records: Sequence[Record]) -> int:
        """Keep those with a new id."""
        self.calls += 1
        self.largest = max(self.largest, len(records))
        await self.open_hours.wait()
        if self.down:
            raise StoreUnavailable("down")
        before = len(self.kept)
        for record in records:
            self.kept.setdefault(record.id, record)
        if self.silent:
            raise StoreUnavailable("the answer was lost")
        return len(self.kept) - before

    def statuses(self) -> dict[str, str]:
        """How each record ended, by id."""
        return {key: record.status.value for key, record in self.kept.items()}


class Worker:
    """One worker's ledger."""

    mapped: bool | None = None
    """How it writes, unless a test says otherwise; None leaves that to the file system."""

    def __init__(self, directory: Path, shelf: Shelf, **options: Any) -> None:
        self.clock = TravellingClock()
        options = {"mapped": self.mapped, **options}
        self.journal = Journal(directory, self.clock, PlainIds(), **options)
        self.shipper = Shipper(self.journal, shelf, self.clock, PlainIds())

    def serve(self, *records: Record) -> None:
        """Open and close requests at once."""
        for record in records:
            self.journal.open(record)
            self.journal.close(record)

    async def ship(self, seconds: float = 5.0) -> bool:
        """Ship what there is."""
        return await self.shipper.flush(self.clock.monotonic() + seconds)

    def die(self) -> None:
        """Let go of everything as a killed process does: the kernel unmaps and closes its files."""
        if self.journal._timer is not None:
            self.journal._timer.cancel()
        for segment in self.journal.segments:
            if isinstance(segment._appender, Mapped):
                segment._appender._unmap()
        for owned in [*self.journal.segments, *self.shipper._adopted]:
            os.close(owned.fd)

    def stop(self) -> None:
        """End in good order."""
        self.journal.release()
        self.shipper.release()


def segment_files(directory: Path) -> list[Path]:
    """The segments on disk."""
    return sorted(directory.glob(f"*{SUFFIX}"))
