"""The ledger's records, each kept once.

Records come in batches, and a batch may come again: after a crash, or from two workers. The insert
says which ids were new, and only those are added to the sums, in the same transaction. Rows go in
in the order of their keys, so that two batches cannot wait for each other.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from ..core.errors import invalid
from ..core.record import Record
from ..ports import Page
from .engine import Database
from .schema import records as table
from .usage import add_sums
from .values import beyond, page, page_size

_FILTERS = {
    "request_id": table.c.request_id,
    "org": table.c.org,
    "model": table.c.model,
    "status": table.c.status,
}


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
        rows = [_values(first[key]) for key in sorted(first)]
        insert = self._database.put_new(table).returning(table.c.id)

        async def work(connection: AsyncConnection) -> int:
            added = (await connection.execute(insert, rows)).scalars().all()
            await add_sums(self._database, connection, [first[key] for key in added])
            return len(added)

        return await self._database.write(work)

    async def records(self, *, filters: Mapping[str, str], limit: int, cursor: str | None) -> Page:
        """Records, newest first; rows are ``Record``. ``model`` is the one that served.

        Filters are ``request_id``, ``org``, ``model``, ``status``; another one is a 400.
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
        rows = await self._database.read(statement)
        return page(rows, limit, read=_record, key=lambda row: (row.started_at, row.id))


def _values(record: Record) -> dict[str, Any]:
    return {
        "id": record.id,
        "request_id": record.request_id,
        "started_at": record.started_at,
        "org": record.org or "",
        "model": record.served_model or record.model,
        "status": record.status.value,
        "document": msgspec.json.encode(record).decode(),
    }


def _record(row: sa.Row[Any]) -> Record:
    return msgspec.json.decode(row.document, type=Record)
