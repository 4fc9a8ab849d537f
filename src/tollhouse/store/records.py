"""The ledger's records, each kept once.

Records come in batches, and a batch may come again: after a crash, or from two workers. Only those
with a new id are added to the sums, in the same transaction. Nearly always all are new, so that is
tried first, the fast way: the insert tells how many went in. When it is not all of them the
transaction is given up, and a second, slower insert is asked which ids were new. Rows go in in the
order of their keys, so that two batches cannot wait for each other.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from ..core.errors import invalid
from ..core.record import Record
from ..ports import Page
from .bulk import Row, insert_new
from .engine import Database
from .schema import records as table
from .usage import add_sums
from .values import beyond, micros, page, page_size, storable

_FILTERS = {
    "request_id": table.c.request_id,
    "org": table.c.org,
    "model": table.c.model,
    "status": table.c.status,
}
_NUL = "\\u0000"
"""How JSON writes the one character that PostgreSQL does not store."""

_encode = msgspec.json.Encoder().encode


class _SomeKnown(Exception):
    """Not all ids of a batch were new."""


class RecordTable:
    """The records of ``ports.LedgerStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_records(self, records: Sequence[Record]) -> int:
        """Insert those with a new id, and their hourly sums, in one transaction; how many."""
        if not records:
            return 0
        first: dict[str, Record] = {}
        for record in records:
            first.setdefault(record.id, record)
        ordered = [first[key] for key in sorted(first)]
        rows = [_row(record) for record in ordered]
        try:
            return await self._add_all(ordered, rows)
        except _SomeKnown:
            return await self._add_new(first, rows)

    async def _add_all(self, records: Sequence[Record], rows: Sequence[Row]) -> int:
        """Add all of them, or none and raise ``_SomeKnown``."""

        async def work(connection: AsyncConnection) -> int:
            if await insert_new(connection, table, rows) != len(rows):
                raise _SomeKnown
            await add_sums(connection, records)
            return len(rows)

        return await self._database.write(work)

    async def _add_new(self, records: Mapping[str, Record], rows: Sequence[Row]) -> int:
        names = table.c.keys()
        values = [dict(zip(names, row, strict=True)) for row in rows]
        insert = self._database.put_new(table).returning(table.c.id)

        async def work(connection: AsyncConnection) -> int:
            added = (await connection.execute(insert, values)).scalars().all()
            await add_sums(connection, [records[key] for key in added])
            return len(added)

        return await self._database.write(work)

    async def records(
        self,
        *,
        filters: Mapping[str, str],
        limit: int,
        cursor: str | None,
        since: float | None = None,
        models: Sequence[str] | None = None,
    ) -> Page:
        """Records, newest first; rows are ``Record``. ``model`` is the one that served.

        Filters are ``request_id``, ``org``, ``model``, ``status``; another one is a 400. ``since``
        (Unix seconds) is the earliest start, ``models`` are the only ones that served.
        """
        columns = table.c
        statement = (
            sa.select(columns.started_at, columns.id, columns.document)
            .where(beyond([columns.started_at, columns.id], cursor, newest_first=True))
            .order_by(columns.started_at.desc(), columns.id.desc())
            .limit(page_size(limit) + 1)
        )
        for name, value in filters.items():
            if name not in _FILTERS:
                raise invalid(f"records cannot be filtered by {name!r}", name)
            statement = statement.where(_FILTERS[name] == value)
        if since is not None:
            statement = statement.where(columns.started_at >= micros(since))
        if models is not None:
            statement = statement.where(columns.model.in_(models))
        rows = await self._database.read(statement)
        return page(rows, limit, read=_record, key=lambda row: (row.started_at, row.id))


def _row(record: Record) -> Row:
    """A record as the columns hold it, in their order."""
    document = _encode(record).decode()
    row = (
        record.id,
        record.request_id,
        record.started_at,
        record.org or "",
        record.served_model or record.model,
        record.status.value,
        document,
    )
    if document.isascii() and _NUL not in document:
        return row  # and so are the others, which are all in it
    return tuple(storable(value) if isinstance(value, str) else value for value in row)


def _record(row: sa.Row[Any]) -> Record:
    return msgspec.json.decode(row.document, type=Record)
