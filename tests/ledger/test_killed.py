"""A worker killed under load: what it had acknowledged is in the store, each record once."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.surroundings import PlainIds, TravellingClock
from tollhouse.ledger.journal import Journal
from tollhouse.ledger.shipper import Shipper
from tollhouse.ports import UsageQuery
from tollhouse.store.migrate import migrate
from tollhouse.store.sql import open_store

WORKER = """
import asyncio, itertools, os, sys
from pathlib import Path
from ledger.surroundings import PlainIds, TravellingClock
from store.samples import record
from tollhouse.ledger.journal import Journal
from tollhouse.ledger.shipper import Shipper
from tollhouse.store.sql import open_store

name, folder, url, way = sys.argv[1:]

async def main():
    clock, ids = TravellingClock(), PlainIds()
    journal = Journal(Path(folder), clock, ids, segment_bytes=40_000, mapped=way == "mapped")
    shipper = Shipper(journal, open_store(url), clock, ids)
    running = asyncio.ensure_future(shipper.run())
    journal.open(record(0, id=f"{name}-lasting", cost=None))
    await asyncio.sleep(0.1)
    in_flight = []
    for number in itertools.count():
        request = record(number, id=f"{name}-{number}", cost=1)
        journal.open(request)
        in_flight.append(request)
        if len(in_flight) > 50:
            ended = in_flight.pop(0)
            journal.close(ended)
            os.write(1, ended.id.encode() + b"\\n")
        if number % 20 == 0:
            await asyncio.sleep(0.001)

asyncio.run(main())
"""


def killed_under_load(name: str, folder: Path, url: str, way: str, acknowledged: int) -> set[str]:
    """Run a worker, kill it after so many acknowledgements, and return all it had given."""
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and script
        [sys.executable, "-c", WORKER, name, str(folder), url, way],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
    )
    assert process.stdout is not None
    given = [process.stdout.readline() for _ in range(acknowledged)]
    process.send_signal(signal.SIGKILL)
    rest, _ = process.communicate()
    whole = b"".join(given) + rest
    return set(whole[: whole.rfind(b"\n")].decode().split("\n"))


@pytest.mark.parametrize("way", ["mapped", "written"])
async def test_kill_9_under_load_loses_no_acknowledged_record(tmp_path: Path, way: str) -> None:
    """Two workers die in turn while shipping; the next start completes the ledger, exactly once."""
    url = f"sqlite:///{tmp_path}/store.db"
    folder = tmp_path / "journal"
    migrate(url)
    acknowledged: set[str] = set()
    for name, count in (("first", 1_500), ("second", 3_000)):
        acknowledged |= await asyncio.to_thread(killed_under_load, name, folder, url, way, count)

    store = open_store(url)
    clock = TravellingClock()
    journal = Journal(folder, clock, PlainIds())
    shipper = Shipper(journal, store, clock, PlainIds())
    assert await shipper.flush(clock.monotonic() + 10)
    journal.release()

    ended: set[str] = set()
    interrupted: set[str] = set()
    cursor = None
    while True:
        page = await store.records(filters={}, limit=1_000, cursor=cursor)
        for row in page.rows:
            (interrupted if row.status == "interrupted" else ended).add(row.id)
        cursor = page.next_cursor
        if cursor is None:
            break
    (sums,) = await store.usage(UsageQuery())
    await store.aclose()

    assert len(acknowledged) >= 4_500
    assert acknowledged <= ended
    assert {"first-lasting", "second-lasting"} <= interrupted
    assert sums["requests"] == len(ended) + len(interrupted)
    assert sums["failed"] == len(interrupted)
    assert list(folder.iterdir()) == []
