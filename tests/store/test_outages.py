"""A store that is lost is said to be so in time, and is used again when it is back."""

import asyncio
import shutil
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path

import psycopg
import pytest

from fakes.slowness import in_time
from store.databases import PostgresSchema
from store.samples import ACME, change, event, record
from tollhouse.ports import StoreUnavailable
from tollhouse.store.sql import SqlStore, open_store

SECONDS = 0.25
"""The time a call may take in these tests."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """The block ends in time."""
    start = time.monotonic()
    yield
    in_time(time.monotonic() - start, seconds)


@pytest.fixture
async def impatient(store_url: str) -> AsyncIterator[SqlStore]:
    """A store that has answered once, and may take little time."""
    store = open_store(store_url, seconds=SECONDS)
    assert await store.commit(change(0, "a")) == 1
    yield store
    await store.aclose()


@contextmanager
def held(store_url: str) -> Iterator[None]:
    """Somebody else holds what every write needs."""
    if store_url.startswith("sqlite"):
        other = sqlite3.connect(store_url.removeprefix("sqlite:///"), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")
            other.close()
    else:
        with psycopg.connect(store_url, application_name="other") as server:
            server.execute("LOCK TABLE tollhouse_counters, tollhouse_records, tollhouse_audit")
            try:
                yield
            finally:
                server.rollback()


async def test_J04_a_held_lock_fails_writes_in_time_and_only_while_it_is_held(
    impatient: SqlStore, store_url: str
) -> None:
    """Every kind of write fails as unavailable, none hangs or half happens, and then they work."""
    with held(store_url):
        for write in (
            lambda: impatient.commit(change(1, "b")),
            lambda: impatient.put_org(ACME, event(1)),
            lambda: impatient.append(event(2)),
            lambda: impatient.add_records([record()]),
        ):
            with at_most(SECONDS + 0.5), pytest.raises(StoreUnavailable):
                await write()

    assert await impatient.commit(change(1, "b")) == 2
    await impatient.put_org(ACME, event(1))
    assert await impatient.add_records([record()]) == 1


async def test_J04_reads_go_on_while_sqlite_is_locked_for_writing(sqlite_file: Path) -> None:
    """A writer somewhere else does not stop anybody from reading."""
    store = open_store(f"sqlite:///{sqlite_file}", seconds=SECONDS)
    with held(f"sqlite:///{sqlite_file}"):
        assert not (await store.load()).models
    await store.aclose()


async def test_J04_many_calls_in_an_outage_all_end_in_time(
    impatient: SqlStore, store_url: str
) -> None:
    """More callers than connections do not wait for each other's time to run out."""
    with held(store_url), at_most(SECONDS + 0.8):
        calls = [impatient.append(event(number)) for number in range(40)]
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert {type(result) for result in results} == {StoreUnavailable}
    await impatient.append(event(99))


async def test_J04_a_removed_database_is_unavailable_and_comes_back(sqlite_file: Path) -> None:
    """Nothing is read from or written to a file that is gone, and no new one is made."""
    folder, away = sqlite_file.parent, sqlite_file.parent.with_name("away")
    async with aclosing(open_store(f"sqlite:///{sqlite_file}", seconds=SECONDS)) as store:
        await store.commit(change(0, "a"))

        folder.rename(away)
        for call in (store.versions, lambda: store.commit(change(1, "b")), store.schema_ok):
            with at_most(SECONDS), pytest.raises(StoreUnavailable):
                await call()
        assert not folder.exists()

        away.rename(folder)
        assert await store.commit(change(1, "b")) == 2
        assert len((await store.load()).models) == 2


async def test_J04_a_restored_database_is_the_one_that_is_used(
    sqlite_file: Path, migrated_file: Path
) -> None:
    """After the file is replaced, reads and writes go to the new one."""
    store = open_store(f"sqlite:///{sqlite_file}")
    await store.commit(change(0, "a"))

    shutil.rmtree(sqlite_file.parent)
    sqlite_file.parent.mkdir()
    shutil.copy(migrated_file, sqlite_file)

    assert (await store.versions()).catalogue == 0
    assert await store.commit(change(0, "b")) == 1
    await store.aclose()
    reopened = open_store(f"sqlite:///{sqlite_file}")
    assert [stored.model_id for stored in (await reopened.load()).models] == ["b"]
    await reopened.aclose()


async def test_J04_connections_cut_by_the_server_are_not_noticed(postgres: PostgresSchema) -> None:
    """After the server ended every connection, the next call already has a new one."""
    store = open_store(postgres.url)
    for version in range(5):
        await asyncio.gather(*(store.versions() for _ in range(8)))
        assert postgres.cut_connections() >= 1
        assert await store.commit(change(version, "a")) == version + 1
    await store.aclose()


async def test_J04_a_connection_cut_in_the_middle_of_a_write_is_a_failed_write(
    postgres: PostgresSchema,
) -> None:
    """What was cut did not happen, and it can be done again."""
    store = open_store(postgres.url)
    with held(postgres.url):
        write = asyncio.ensure_future(store.commit(change(0, "a")))
        await asyncio.sleep(0.2)
        postgres.cut_connections()
        with pytest.raises(StoreUnavailable):
            await write
    assert await store.commit(change(0, "a")) == 1
    await store.aclose()


async def test_E08_a_process_has_few_connections(postgres: PostgresSchema) -> None:
    """A hundred calls at once share a bounded pool and all succeed."""
    store = open_store(postgres.url)
    await asyncio.gather(*(store.append(event(number)) for number in range(100)))
    assert postgres.cut_connections() <= 5
    await store.aclose()


async def test_J04_a_server_that_accepts_and_says_nothing_costs_a_bounded_time() -> None:
    """A black hole in the place of PostgreSQL is unavailable in time, again and again."""
    gone = asyncio.Event()

    async def swallow(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await gone.wait()
        writer.close()

    server = await asyncio.start_server(swallow, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    store = open_store(f"postgresql://nobody@127.0.0.1:{port}/none", seconds=SECONDS)
    try:
        for _ in range(3):
            with at_most(SECONDS + 0.3), pytest.raises(StoreUnavailable):
                await store.versions()
    finally:
        gone.set()
        await store.aclose()
        server.close()
        await server.wait_closed()
