"""Connections: how statements reach the database, how long they may take, how they fail.

- Every read is one statement, so it is consistent without a transaction and costs one round trip.
- Every write is one transaction. On SQLite it begins with ``BEGIN IMMEDIATE`` on the only writing
  connection, so it never meets a lock half way; on PostgreSQL rows are locked as they are touched.
- SQLite syncs on every commit (``synchronous=FULL`` for all of it): an acknowledged admin write
  must survive a power cut, and the ledger deletes its journal on the word of a commit.
- A call ends within its time whatever the database does, and all trouble is ``StoreUnavailable``.
- Nothing has to be done after trouble: dead connections are found when next taken from the pool.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from ..ports import StoreUnavailable
from .address import Address, StoreUrlError

SECONDS = 5.0
"""The longest a call may take, waiting for a connection and a lock included."""
READERS = 3
"""SQLite connections that read, beside the one that writes."""
CONNECTIONS = 5
"""PostgreSQL connections of one process, at most."""

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

    Upsert = sqlite.Insert | postgresql.Insert

T = TypeVar("T")


class Database:
    """One database, with its pools."""

    def __init__(self, address: Address, *, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._insert: Callable[[sa.Table], Upsert]
        self._abandoned: set[asyncio.Task[Any]] = set()
        if address.file is None:
            self._writer = _postgres(address, seconds)
            self._reader = self._writer.execution_options(isolation_level="AUTOCOMMIT")
            self._engines = [self._writer]
            self._insert = _postgres_insert
        else:
            self._writer = _sqlite(address, seconds, writing=True)
            self._reader = _sqlite(address, seconds, writing=False)
            self._engines = [self._writer, self._reader]
            self._insert = sqlite.insert

    async def read(self, statement: sa.Executable) -> Sequence[sa.Row[Any]]:
        """All rows of one statement."""

        async def fetch() -> Sequence[sa.Row[Any]]:
            async with self._reader.connect() as connection:
                return (await connection.execute(statement)).all()

        return await self._bounded(fetch(), self._seconds)

    async def inspect(self, look: Callable[[sa.Connection], T]) -> T:
        """What ``look`` finds in the schema."""

        async def run() -> T:
            async with self._reader.connect() as connection:
                return await connection.run_sync(look)

        return await self._bounded(run(), self._seconds)

    async def write(
        self, work: Callable[[AsyncConnection], Awaitable[T]], *, extra_seconds: float = 0.0
    ) -> T:
        """Run ``work`` in one transaction, rolled back when it raises; its errors pass through.

        After ``StoreUnavailable`` the write may have happened all the same: a commit's answer can
        be lost. Catalogue versions and record ids make asking again safe.
        """

        async def run() -> T:
            async with self._writer.begin() as connection:
                return await work(connection)

        return await self._bounded(run(), self._seconds + extra_seconds)

    def put(self, table: sa.Table) -> sa.Insert:
        """Insert, or replace the row with the same primary key."""
        insert = self._insert(table)
        return insert.on_conflict_do_update(
            index_elements=list(table.primary_key),
            set_={it.name: insert.excluded[it.name] for it in table.c if not it.primary_key},
        )

    def put_new(self, table: sa.Table) -> sa.Insert:
        """Insert, or leave the row with the same primary key alone."""
        return self._insert(table).on_conflict_do_nothing(index_elements=list(table.primary_key))

    async def aclose(self) -> None:
        """Close every connection, when calls that were given up have let go of theirs."""
        if self._abandoned:
            await asyncio.wait(self._abandoned, timeout=self._seconds)
        for engine in self._engines:
            await engine.dispose()

    async def _bounded(self, work: Coroutine[Any, Any, T], seconds: float) -> T:
        # Not asyncio.timeout: a driver may need long to notice that it is cancelled, and a caller
        # must not wait for that.
        task = asyncio.get_running_loop().create_task(work)
        try:
            done, _ = await asyncio.wait({task}, timeout=seconds)
            if not done:
                raise StoreUnavailable(f"the store did not answer within {seconds:.1f} s")
            return task.result()
        except (SQLAlchemyError, OSError) as error:
            raise StoreUnavailable(f"the store failed: {_name(error)}") from error
        finally:
            if not task.done():
                self._abandon(task)

    def _abandon(self, task: asyncio.Task[Any]) -> None:
        self._abandoned.add(task)
        task.add_done_callback(self._gone)
        task.cancel()

    def _gone(self, task: asyncio.Task[Any]) -> None:
        self._abandoned.discard(task)
        if not task.cancelled():
            task.exception()  # seen: its caller has long been told


def _name(error: Exception) -> str:
    return type(getattr(error, "orig", None) or error).__name__


def _postgres(address: Address, seconds: float) -> AsyncEngine:
    try:
        return create_async_engine(
            address.shared,
            pool_size=CONNECTIONS,
            max_overflow=0,
            pool_timeout=seconds,
            pool_pre_ping=True,
            hide_parameters=True,
            # Poolers that hand out a connection per transaction break prepared statements.
            connect_args={"connect_timeout": max(2, int(seconds)), "prepare_threshold": None},
        )
    except ModuleNotFoundError as error:
        raise missing_driver() from error


def _postgres_insert(table: sa.Table) -> "Upsert":
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - megabytes that SQLite does not need

    return postgresql.insert(table)


def missing_driver() -> StoreUrlError:
    """The error for a PostgreSQL URL without the driver."""
    return StoreUrlError("PostgreSQL needs its driver: pip install 'tollhouse[postgres]'")


def _sqlite(address: Address, seconds: float, *, writing: bool) -> AsyncEngine:
    engine = create_async_engine(
        address.shared,
        poolclass=AsyncAdaptedQueuePool,
        pool_size=1 if writing else READERS,
        max_overflow=0,
        pool_timeout=seconds,
        pool_reset_on_return="rollback" if writing else None,
        hide_parameters=True,
        # A little less than the whole, so that a lock is reported as one.
        connect_args={"timeout": seconds * 0.9},
    )
    file = address.file

    def identity() -> tuple[int, int] | None:
        try:
            found = file.stat() if file else None
        except OSError:
            return None
        return (found.st_dev, found.st_ino) if found else None

    def connected(connection: Any, entry: Any) -> None:
        connection.isolation_level = None  # transactions begin when we say so
        cursor = connection.cursor()
        cursor.execute("PRAGMA synchronous=FULL")
        if not writing:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()
        entry.info["file"] = identity()

    def taken(_connection: Any, entry: Any, _proxy: Any) -> None:
        # SQLite goes on reading and writing a file that was deleted or replaced.
        if entry.info["file"] != identity():
            raise DisconnectionError("the database file is not the one that was opened")

    event.listen(engine.sync_engine, "connect", connected)
    event.listen(engine.sync_engine, "checkout", taken)
    if writing:
        event.listen(engine.sync_engine, "begin", lambda it: it.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine
