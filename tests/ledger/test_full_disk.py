"""A disk that takes no more: nothing served is lost, and in the end nothing is served."""

import asyncio
import contextlib
import logging
import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.surroundings import Shelf, Worker, segment_files
from store.samples import record
from tollhouse.core.errors import Code, GatewayError
from tollhouse.core.record import Outcome


class TinyDisk:
    """A file system of 64 kB, which is the journal's own or is filled by others."""

    def __init__(self, folder: Path, *, mapped: bool) -> None:
        self.folder = folder
        self.mapped = mapped
        self._filler = folder / "filler"

    def fill(self) -> None:
        """Leave no room at all."""
        with contextlib.suppress(OSError), self._filler.open("ab", buffering=0) as file:
            while True:
                file.write(b"x" * 1024)

    def free(self) -> None:
        """Make room again."""
        self._filler.unlink()


class ShortFiles:
    """A limit on the size of files: what a write meets is much the same, without a mount."""

    mapped = False
    """Room that a file has already is within no limit."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(self) -> None:
        """Let the journal grow by a few bytes only, so that the next line is torn."""
        size = max(file.stat().st_size for file in segment_files(self.folder))
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, self._before[1]))

    def free(self) -> None:
        """Lift the limit."""
        resource.setrlimit(resource.RLIMIT_FSIZE, self._before)


Disk = TinyDisk | ShortFiles


def ledger(disk: Disk, shelf: Shelf, **limits: Any) -> Worker:
    """A worker's ledger on a disk."""
    return Worker(disk.folder, shelf, mapped=disk.mapped, **limits)


@pytest.fixture(params=["mapped", "written", "limit"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    """A disk that can be filled, in two ways, and for both ways of writing."""
    if request.param == "limit":
        short = ShortFiles(tmp_path)
        yield short
        short.free()
        return
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if not mount or not umount or os.geteuid():
        pytest.skip("mounting a small file system needs root")
    if subprocess.run(  # noqa: S603 - fixed arguments
        [mount, "-t", "tmpfs", "-o", "size=64k", "tmpfs", tmp_path], check=False
    ).returncode:
        pytest.skip("this machine does not let us mount")
    yield TinyDisk(tmp_path, mapped=request.param == "mapped")
    subprocess.run([umount, "-l", tmp_path], check=True)  # noqa: S603 - fixed arguments


@pytest.fixture
async def shelf() -> Shelf:
    """A store for records."""
    return Shelf()


async def until(condition: str, worker: Worker) -> None:
    """Wait until an expression about the worker's ledger is true."""
    async with asyncio.timeout(5):
        while not eval(condition, {"journal": worker.journal}):  # noqa: S307 - ours
            await asyncio.sleep(0.02)


async def test_records_that_no_disk_takes_go_to_the_store(
    disk: Disk, shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    """With a full disk and a sound store nothing is lost, and the trouble is logged once."""
    worker = ledger(disk, shelf)
    worker.serve(*(record(number) for number in range(10)))
    disk.fill()
    worker.serve(*(record(number) for number in range(10, 200)))
    assert len(worker.journal.in_memory(1_000)) >= 150
    assert worker.journal.backlog == 200

    assert await worker.ship()

    assert len(shelf.kept) == 200
    assert sum(entry.levelno == logging.ERROR for entry in caplog.records) == 1
    disk.free()
    worker.stop()


async def test_records_in_memory_go_to_disk_when_there_is_room(disk: Disk, shelf: Shelf) -> None:
    """With the store away too, they wait in memory, and reach the disk by themselves."""
    worker = ledger(disk, shelf)
    worker.serve(record(0))
    disk.fill()
    worker.serve(*(record(number) for number in range(1, 30)))
    await asyncio.sleep(0.3)
    assert len(worker.journal.in_memory(1_000)) >= 20

    disk.free()
    await until("not journal.in_memory(1)", worker)
    worker.serve(record(30))
    worker.die()

    successor = ledger(disk, shelf)
    assert await successor.ship()
    successor.stop()
    assert shelf.statuses() == {record(number).id: "ok" for number in range(31)}


async def test_a_line_torn_by_a_full_disk_spoils_no_other(disk: Disk, shelf: Shelf) -> None:
    """Every record is read back from disk alone, through several fillings."""
    worker = ledger(disk, shelf)
    number = 0
    for size in (7, 300, 1_000, 4_096):
        worker.serve(record(number, requested_model="x" * size))
        disk.fill()
        for _ in range(5):
            number += 1
            worker.serve(record(number, requested_model="x" * size))
        disk.free()
        await until("not journal.in_memory(1)", worker)
        number += 1
    worker.die()
    successor = ledger(disk, shelf)
    assert await successor.ship()
    successor.stop()
    assert set(shelf.statuses().values()) == {"ok"}
    assert len(shelf.kept) == number


async def test_nothing_is_admitted_that_cannot_be_accounted_for(disk: Disk, shelf: Shelf) -> None:
    """Disk and store gone and the memory full: 503, until either of them is back."""
    worker = ledger(disk, shelf, memory_limit=50)
    shelf.down = True
    worker.serve(record(0))
    disk.fill()
    served = 0
    while len(worker.journal.in_memory(50)) < 50:
        served += 1
        worker.serve(record(served))
    with pytest.raises(GatewayError) as refusal:
        worker.journal.open(record(served + 1))
    assert refusal.value.code is Code.LEDGER_UNAVAILABLE
    assert refusal.value.status == 503
    worker.journal.close(record(served + 1))  # one that was refused has no record

    shelf.down = False
    assert await worker.ship()
    worker.serve(record(served + 1))
    assert await worker.ship()
    assert len(shelf.kept) == served + 2
    disk.free()
    worker.stop()


async def test_requests_in_flight_count_towards_the_memory(disk: Disk, shelf: Shelf) -> None:
    """What was admitted can still be closed; together it is never more than the limit."""
    worker = ledger(disk, shelf, memory_limit=50)
    shelf.down = True
    worker.serve(record(0))
    for number in range(1, 50):
        worker.journal.open(record(number))
    disk.fill()
    while not worker.journal.in_memory(1):
        worker.serve(record(100 + worker.journal.backlog))
    with pytest.raises(GatewayError):
        worker.journal.open(record(999))
    for number in range(1, 50):
        worker.journal.close(record(number))
    assert len(worker.journal.in_memory(1_000)) <= 50
    disk.free()
    await until("not journal.in_memory(1)", worker)
    worker.die()


async def test_a_segment_is_not_retired_onto_a_full_disk(disk: Disk, shelf: Shelf) -> None:
    """The segment in use stays, its requests stay open in it, and it is retired later."""
    worker = ledger(disk, shelf, segment_bytes=2_000)
    shelf.down = True
    worker.journal.open(record(500))
    await asyncio.sleep(0.1)
    worker.serve(*(record(number) for number in range(10)))
    disk.fill()
    before = segment_files(disk.folder)
    for number in range(10, 20):
        worker.serve(record(number))
        worker.journal.retire_when_due()
    if isinstance(disk, TinyDisk):
        assert segment_files(disk.folder) == before
    disk.free()
    await until("not journal.in_memory(1)", worker)
    worker.journal.retire_when_due()
    assert len(segment_files(disk.folder)) > 1
    worker.die()

    shelf.down = False
    successor = ledger(disk, shelf)
    assert await successor.ship()
    successor.stop()
    expected = {record(number).id: "ok" for number in range(20)}
    assert shelf.statuses() == {**expected, record(500).id: Outcome.INTERRUPTED.value}
