"""Writes that are stopped at any of their steps: the store is as before or as after.

Stopped is a write by an exception wherever it waits, as when its task is given up or the store's
driver fails, and by the end of its process. Compared is all that it can change: documents,
history, audit trail, changes to come and the catalogue's version.
"""

import asyncio
import gc
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from admin import stepping
from admin.house import SetClock, build
from admin.stepping import DUE, WRITES, Steps, picture, prepare, write
from store.databases import PostgresSchema
from tollhouse.core.history import CatalogueChange
from tollhouse.store.sql import SqlStore

_Bytes = tuple[tuple[str, bytes], ...]
"""Of a database file and its journals."""

MOST_STEPS = 1_000
EVERYWHERE = ("patch", "replace", "apply")
"""Writes of one document, of many and of the scheduler: tried on every engine and killed."""
pytestmark = [
    pytest.mark.slow,
    # A driver that is stopped within itself leaves its connection to the collector.
    pytest.mark.filterwarnings("ignore"),
]


class Databases:
    """Prepared databases of one engine, one after the other."""

    def __init__(self, request: pytest.FixtureRequest, folder: Path) -> None:
        self._schema: PostgresSchema | None = None
        if request.param == "postgresql":
            self._schema = request.getfixturevalue("postgres")
        self._migrated: Path = request.getfixturevalue("migrated_file")
        self._folder = folder
        self._copies = 0
        self._pictures: dict[_Bytes, dict[str, Any]] = {}

    async def fresh(self) -> str:
        """The URL of a database as the write finds it."""
        if self._schema is None:
            return f"sqlite:///{await self.file()}"
        self._schema.empty()
        await _prepare(self._schema.url)
        return self._schema.url

    async def file(self) -> Path:
        """A file of one; the first is made, the others are its copies."""
        prepared = self._folder / "prepared.db"
        if not prepared.exists():
            shutil.copy(self._migrated, prepared)
            await _prepare(f"sqlite:///{prepared}")
        self._copies += 1
        return Path(shutil.copy(prepared, self._folder / f"copy-{self._copies}.db"))

    async def picture(self, url: str) -> dict[str, Any]:
        """What is in one of them; files with the same bytes are looked at once."""
        if self._schema is not None:
            return await picture(url)
        state = _bytes_of(Path(url.removeprefix("sqlite:///")))
        if state not in self._pictures:
            self._pictures[state] = await picture(url)
        return self._pictures[state]


@pytest_asyncio.fixture(autouse=True)
async def _connections_are_collected() -> AsyncIterator[None]:
    """While the loop that they call back still runs: afterwards their threads end in an error."""
    yield
    gc.collect()
    async with asyncio.timeout(10):
        while any("_connection_worker_thread" in thread.name for thread in threading.enumerate()):
            await asyncio.sleep(0.01)


@pytest.fixture(scope="module", autouse=True)
def _nothing_is_left_to_collect() -> Iterator[None]:
    """What only the loop of a test had held."""
    yield
    gc.collect()


@pytest.fixture
def databases(request: pytest.FixtureRequest, tmp_path: Path) -> Databases:
    """Those of the engine that the test asks for."""
    return Databases(request, tmp_path)


async def _prepare(url: str) -> None:
    house = build(url, SetClock())
    await house.live.load()
    await prepare(house)
    await house.store.aclose()


async def _stopped_at(name: str, url: str, step: int, store: type[SqlStore] = SqlStore) -> bool:
    """Make a write that is stopped at a step; False if it has not so many.

    A stop in the tidying up after a statement does not always end the write.
    """
    house = build(url, SetClock())
    house.store.__class__ = store
    steps = Steps(step)
    await write(name, house, steps)
    await house.store.aclose()
    return steps.taken >= step


async def _states(name: str, databases: Databases) -> list[dict[str, Any]]:
    """What a write can leave when it is whole: before, between two commits if it has two, after."""
    url = await databases.fresh()
    states = [await picture(url)]
    if name == "apply":
        house = build(url, SetClock(DUE))
        await house.live.load()
        (first, _) = await house.store.due_changes(DUE, limit=10)
        await house.plane.scheduler._make(first)
        await house.store.aclose()
        states.append(await picture(url))
        url = await databases.fresh()
    assert not await _stopped_at(name, url, MOST_STEPS)
    states.append(await picture(url))
    return states


@pytest.mark.parametrize(
    ("databases", "name"),
    [
        *(("sqlite", name) for name in WRITES),
        *(("postgresql", name) for name in EVERYWHERE),
    ],
    indirect=["databases"],
)
async def test_a_write_that_is_stopped_anywhere_is_made_or_not(
    databases: Databases, name: str
) -> None:
    """At every await, of the transaction's task too; each whole state is met on the way."""
    states = await _states(name, databases)
    met: list[int] = []
    for step in range(1, MOST_STEPS):
        url = await databases.fresh()
        reached = await _stopped_at(name, url, step)
        met.append(_which(await databases.picture(url), states, f"{name} stopped at step {step}"))
        if not reached:
            break
    gc.collect()
    assert set(met) == set(range(len(states)))
    assert met[-1] == len(states) - 1
    assert len(met) > 10


@pytest.mark.parametrize("name", EVERYWHERE)
async def test_a_write_whose_process_is_killed_anywhere_is_made_or_not(
    name: str, tmp_path: Path, sqlite_file: Path
) -> None:
    """Nothing is rolled back by us then; a scheduled change is made by who comes next, once."""
    await _prepare(f"sqlite:///{sqlite_file}")
    folder = tmp_path / "killed"
    folder.mkdir()
    prepared = Path(shutil.copy(sqlite_file, folder / "prepared"))
    before = await picture(f"sqlite:///{sqlite_file}")
    root = str(Path(stepping.__file__).parent.parent)
    await asyncio.to_thread(
        subprocess.run,
        [sys.executable, stepping.__file__, name, str(prepared)],
        env={**os.environ, "PYTHONPATH": root},
        check=True,
    )
    files = sorted(folder.glob("*.db"))
    different = _different(files)
    after = await picture(f"sqlite:///{files[-1]}")
    assert after != before
    for file in different:
        url = f"sqlite:///{file}"
        if name == "apply":
            house = build(url, SetClock(DUE))
            await house.live.load()
            await house.plane.scheduler.look()
            await house.store.aclose()
            assert await picture(url) == after
        else:
            _which(await picture(url), [before, after], file.name)
    assert len(files) > 10


def _different(files: list[Path]) -> list[Path]:
    """Those that a kill left in no other state, byte for byte, together with their journals."""
    return list({_bytes_of(file): file for file in files}.values())


def _bytes_of(file: Path) -> _Bytes:
    journals = sorted(file.parent.glob(f"{file.name}-*"))
    return tuple((one.suffix, one.read_bytes()) for one in (file, *journals))


class _TwoTransactions(SqlStore):
    """A store that keeps the trail apart from what it tells of."""

    async def commit(self, change: CatalogueChange) -> int:
        version = await super().commit(replace(change, events=()))
        for event in change.events:
            await self.append(event)
        return version


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_a_store_that_writes_in_two_transactions_is_found_out(databases: Databases) -> None:
    """The tests above can fail: some stop leaves a model without its event."""
    states = await _states("patch", databases)
    between = 0
    for step in range(1, MOST_STEPS):
        url = await databases.fresh()
        reached = await _stopped_at("patch", url, step, _TwoTransactions)
        between += await databases.picture(url) not in states
        if not reached:
            break
    gc.collect()
    assert between > 0


def _which(found: dict[str, Any], states: list[dict[str, Any]], where: str) -> int:
    """The whole state that was found."""
    assert found in states, f"{where}: neither before nor after"
    return states.index(found)
