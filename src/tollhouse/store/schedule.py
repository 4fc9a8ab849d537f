"""Changes that are to be made later, each settled once: by a condition on its state.

One that is applied is settled in the transaction of the write that it is (``settle``), so that no
crash comes between the two and of two workers the second writes nothing.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from ..core.errors import FieldFault
from ..core.history import AuditEvent
from ..core.schedule import Scheduled, ScheduleState
from ..ports import Page, StaleVersion
from .audit import add_events
from .engine import Database
from .schema import schedule as table
from .values import (
    beyond,
    dump,
    load,
    micros,
    micros_or_none,
    page,
    page_size,
    seconds,
    seconds_or_none,
)


class ScheduleTable:
    """``ports.ScheduleStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_scheduled(self, entry: Scheduled, event: AuditEvent) -> None:
        """Keep a change to come, with the event that says so."""

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(sa.insert(table).values(_values(entry)))
            await add_events(connection, [event])

        await self._database.write(work)

    async def settle_scheduled(self, entry: Scheduled, event: AuditEvent) -> bool:
        """Move a pending change on to the state that ``entry`` has; False if it is pending no more.

        Nothing is written then.
        """

        async def work(connection: AsyncConnection) -> None:
            await settle(connection, entry)
            await add_events(connection, [event])

        try:
            await self._database.write(work)
        except StaleVersion:
            return False
        return True

    async def one_scheduled(self, schedule_id: str) -> Scheduled | None:
        """A change by its id, whatever its state."""
        rows = await self._database.read(sa.select(table).where(table.c.id == schedule_id))
        return _entry(rows[0]) if rows else None

    async def scheduled(
        self, *, state: str | None, model_id: str | None, limit: int, cursor: str | None
    ) -> Page:
        """Changes by the time they are due; rows are ``Scheduled``."""
        columns = table.c
        wanted = {columns.state: state, columns.target: model_id}
        rows = await self._database.read(
            sa.select(table)
            .where(*(column == it for column, it in wanted.items() if it is not None))
            .where(beyond([columns.due, columns.id], cursor, newest_first=False))
            .order_by(columns.due, columns.id)
            .limit(page_size(limit) + 1)
        )
        return page(rows, limit, read=_entry, key=lambda row: (row.due, row.id))

    async def due_changes(self, now: float, *, limit: int) -> Sequence[Scheduled]:
        """Pending changes that are due at ``now`` (Unix seconds), the earliest first."""
        columns = table.c
        rows = await self._database.read(
            sa.select(table)
            .where(columns.state == ScheduleState.PENDING.value, columns.due <= micros(now))
            .order_by(columns.due, columns.id)
            .limit(page_size(limit))
        )
        return [_entry(row) for row in rows]


async def settle(connection: AsyncConnection, entry: Scheduled | None) -> None:
    """Move a pending change on within a transaction; ``StaleVersion`` if it is pending no more."""
    if entry is None:
        return
    values = _values(entry)
    moved = await connection.execute(
        sa.update(table)
        .where(table.c.id == entry.id, table.c.state == ScheduleState.PENDING.value)
        .values(state=values["state"], document=values["document"])
        .returning(table.c.id)
    )
    if moved.first() is None:
        raise StaleVersion(f"the scheduled change {entry.id} is pending no more")


def _values(entry: Scheduled) -> dict[str, Any]:
    document = {
        "patch": entry.patch,
        "created_at": micros(entry.created_at),
        "created_by": entry.created_by,
        "settled_at": micros_or_none(entry.settled_at),
        "code": entry.code,
        "faults": [[fault.path, fault.message] for fault in entry.faults],
    }
    return {
        "id": entry.id,
        "due": micros(entry.due),
        "state": entry.state.value,
        "target": entry.model_id,
        "org": entry.org,
        "document": dump(document),
    }


def _entry(row: sa.Row[Any]) -> Scheduled:
    document = load(row.document)
    return Scheduled(
        id=row.id,
        due=seconds(row.due),
        model_id=row.target,
        org=row.org,
        patch=document["patch"],
        created_at=seconds(document["created_at"]),
        created_by=document["created_by"],
        state=ScheduleState(row.state),
        settled_at=seconds_or_none(document["settled_at"]),
        code=document["code"],
        faults=tuple(FieldFault(path, message) for path, message in document["faults"]),
    )
