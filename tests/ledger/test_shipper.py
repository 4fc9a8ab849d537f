"""The shipper: everything arrives, each once, however the store behaves."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fakes.slowness import in_time, within
from ledger.surroundings import PlainIds, Shelf, TravellingClock, Worker, segment_files
from store.samples import record
from tollhouse.ledger.journal import Journal
from tollhouse.ledger.shipper import ADOPT_INTERVAL, BATCH, Shipper
from tollhouse.ports import UsageQuery
from tollhouse.store.migrate import migrate
from tollhouse.store.sql import open_store


@pytest.fixture
async def shelf() -> Shelf:
    """A store for records."""
    return Shelf()


@pytest.fixture
async def worker(tmp_path: Path, shelf: Shelf) -> AsyncIterator[Worker]:
    """A worker's ledger with its shipper running."""
    made = Worker(tmp_path, shelf)
    running = asyncio.ensure_future(made.shipper.run())
    yield made
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    made.stop()


async def until_settled(worker: Worker, seconds: float = 8.0) -> float:
    """Wait until nothing is behind; how long it took."""
    start = time.monotonic()
    async with asyncio.timeout(seconds):
        while worker.shipper.backlog:
            await asyncio.sleep(0.01)
    return time.monotonic() - start


async def test_a_record_is_in_a_real_store_within_two_seconds(tmp_path: Path) -> None:
    """From the end of a request to the usage sums of SQLite."""
    url = f"sqlite:///{tmp_path}/store.db"
    migrate(url)
    store = open_store(url)
    clock = TravellingClock()
    journal = Journal(tmp_path / "journal", clock, PlainIds())
    shipper = Shipper(journal, store, clock, PlainIds())
    running = asyncio.ensure_future(shipper.run())
    await asyncio.sleep(0.3)

    journal.open(record())
    journal.close(record())
    start = time.monotonic()
    while (await store.usage(UsageQuery()))[0]["requests"] == 0:
        await asyncio.sleep(0.02)
    waited = time.monotonic() - start

    running.cancel()
    assert (await store.records(filters={}, limit=5, cursor=None)).rows == [record()]
    journal.release()
    await store.aclose()
    in_time(waited, 2)


async def test_E08_records_of_an_outage_arrive_when_it_is_over(
    worker: Worker, shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    """Requests go on, the backlog is told, one error is logged, and all of it arrives once."""
    shelf.down = True
    for number in range(1_200):
        worker.serve(record(number))
        if number % 200 == 0:
            await asyncio.sleep(0.1)
    assert worker.shipper.backlog == 1_200
    assert not shelf.kept

    shelf.down = False
    in_time(await until_settled(worker), 4)
    assert len(shelf.kept) == 1_200
    assert shelf.largest <= 500
    assert sum(entry.levelno == logging.ERROR for entry in caplog.records) == 1


async def test_E08_a_store_that_hangs_makes_nobody_wait(worker: Worker, shelf: Shelf) -> None:
    """While a call to the store does not return, records are taken at full speed."""
    worker.serve(record(0))
    shelf.open_hours.clear()
    await asyncio.sleep(0.4)
    start = time.perf_counter()
    worker.serve(*(record(number) for number in range(1, 2_000)))
    in_time(time.perf_counter() - start, 1)
    shelf.open_hours.set()
    await until_settled(worker)
    assert len(shelf.kept) == 2_000


async def test_an_answer_that_was_lost_counts_nothing_twice(worker: Worker, shelf: Shelf) -> None:
    """Records that are in although the store said otherwise are sent again and ignored."""
    shelf.silent = True
    worker.serve(*(record(number) for number in range(700)))
    await asyncio.sleep(0.5)
    assert worker.shipper.backlog == 700
    shelf.silent = False
    await until_settled(worker)
    assert len(shelf.kept) == 700


async def test_a_backlog_goes_in_batches_as_large_as_they_may_be(
    tmp_path: Path, shelf: Shelf
) -> None:
    """A transaction costs the same for one record and for five hundred."""
    worker = Worker(tmp_path, shelf)
    worker.serve(*(record(number) for number in range(1_200)))
    assert await worker.ship()
    assert (len(shelf.kept), shelf.calls, shelf.largest) == (1_200, 3, BATCH)
    worker.stop()


async def test_a_broken_store_does_not_end_the_shipper(worker: Worker, shelf: Shelf) -> None:
    """Any other error is a reason to try again later, too."""
    sound = shelf.add_records

    async def broken(_records: object) -> int:
        raise RuntimeError("a bug")

    shelf.add_records = broken  # type: ignore[method-assign, assignment]
    worker.serve(record())
    await asyncio.sleep(0.4)
    shelf.add_records = sound  # type: ignore[method-assign]
    await until_settled(worker)
    assert len(shelf.kept) == 1


async def test_A24_every_execution_is_one_row(worker: Worker, shelf: Shelf) -> None:
    """Two executions of one client request are two records; shipping again adds none."""
    worker.serve(record(1, request_id="r"), record(2, request_id="r"))
    await until_settled(worker)
    worker.serve(record(1, request_id="r"))
    await until_settled(worker)
    assert len(shelf.kept) == 2


async def test_a_dead_siblings_records_are_adopted_in_passing(
    tmp_path: Path, worker: Worker, shelf: Shelf
) -> None:
    """A running worker finds what a sibling left, without a restart."""
    await asyncio.sleep(0.1)
    sibling = Worker(tmp_path, shelf)
    sibling.serve(record(1))
    sibling.journal.open(record(2))
    await asyncio.sleep(0.1)
    sibling.die()
    worker.clock.skipped += ADOPT_INTERVAL
    async with within(3):
        while len(shelf.kept) < 2:
            await asyncio.sleep(0.02)
    assert shelf.statuses() == {record(1).id: "ok", record(2).id: "interrupted"}


async def test_own_records_do_not_wait_for_a_large_inheritance(
    tmp_path: Path, shelf: Shelf
) -> None:
    """A worker's own requests are visible while it still works off what others left."""
    dead = Worker(tmp_path, shelf)
    dead.serve(*(record(number) for number in range(10_000)))
    dead.die()
    worker = Worker(tmp_path, shelf)
    worker.serve(record(20_000))
    await worker.shipper._try_pass()
    assert record(20_000).id in shelf.kept
    assert len(shelf.kept) < 2_000
    assert worker.shipper.backlog == 10_001 - len(shelf.kept)
    assert await worker.ship()
    assert len(shelf.kept) == 10_001
    worker.stop()


async def test_what_a_shutdown_cannot_ship_is_shipped_at_the_next_start(
    tmp_path: Path, shelf: Shelf
) -> None:
    """A flush ends at its deadline, leaves the rest on disk, and the next one delivers it."""
    worker = Worker(tmp_path, shelf)
    shelf.down = True
    worker.serve(*(record(number) for number in range(20)))
    start = time.monotonic()
    assert not await worker.ship(0.5)
    in_time(time.monotonic() - start, 0.8)
    worker.stop()
    assert len(segment_files(tmp_path)) == 1

    shelf.down = False
    successor = Worker(tmp_path, shelf)
    assert await successor.ship()
    successor.stop()
    assert len(shelf.kept) == 20
    assert segment_files(tmp_path) == []


async def test_a_flush_is_cut_at_its_deadline_even_when_the_store_hangs(
    tmp_path: Path, shelf: Shelf
) -> None:
    """A call that does not return is given up."""
    worker = Worker(tmp_path, shelf)
    worker.serve(record())
    shelf.open_hours.clear()
    start = time.monotonic()
    assert not await worker.ship(0.3)
    in_time(time.monotonic() - start, 0.6)
    worker.stop()


async def test_two_workers_in_one_folder_ship_their_own(tmp_path: Path, shelf: Shelf) -> None:
    """Each reads its own segments; together they deliver every record once."""
    workers = [Worker(tmp_path, shelf, segment_bytes=5_000) for _ in range(2)]
    running = [asyncio.ensure_future(worker.shipper.run()) for worker in workers]
    for number in range(400):
        workers[number % 2].serve(record(number))
        await asyncio.sleep(0)
    for worker in workers:
        await until_settled(worker)
    for task in running:
        task.cancel()
    for worker in workers:
        worker.stop()
    assert len(shelf.kept) == 400
    assert segment_files(tmp_path) == []
