"""The trail of who changed what: rows are added, and the database refuses anything else."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from ..core.history import AuditEvent
from ..ports import Page
from .engine import Database
from .schema import audit
from .values import beyond, dump, dump_or_none, load, load_or_none, micros, page, page_size, seconds


async def add_events(connection: AsyncConnection, events: Sequence[AuditEvent]) -> None:
    """Add events within the transaction of the write they tell of."""
    if events:
        await connection.execute(sa.insert(audit), [_values(event) for event in events])


class AuditTrail:
    """``ports.AuditStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, event: AuditEvent) -> None:
        """Add an event that no other write carries (a refused one)."""
        await self._database.write(lambda connection: add_events(connection, [event]))

    async def events(
        self,
        *,
        target: str | None,
        actor: str | None,
        action: str | None,
        org: str | None,
        since: float | None,
        limit: int,
        cursor: str | None,
    ) -> Page:
        """Events, newest first; rows are ``AuditEvent``."""
        columns = audit.c
        wanted = {"target": target, "actor": actor, "action": action, "org": org}
        statement = (
            sa.select(audit)
            .where(*(columns[name] == it for name, it in wanted.items() if it is not None))
            .where(beyond([columns.at, columns.id], cursor, newest_first=True))
            .order_by(columns.at.desc(), columns.id.desc())
            .limit(page_size(limit) + 1)
        )
        if since is not None:
            statement = statement.where(columns.at >= micros(since))
        rows = await self._database.read(statement)
        return page(rows, limit, read=read_event, key=lambda row: (row.at, row.id))


def _values(event: AuditEvent) -> dict[str, Any]:
    return {
        "id": event.id,
        "at": micros(event.at),
        "actor": event.actor,
        "action": event.action,
        "target": event.target,
        "org": event.org,
        "request_id": event.request_id,
        "outcome": event.outcome,
        "before": dump_or_none(event.before),
        "after": dump_or_none(event.after),
        "changed": dump(event.changed),
    }


def read_event(row: sa.Row[Any]) -> AuditEvent:
    """The event that a row of the trail holds."""
    return AuditEvent(
        id=row.id,
        at=seconds(row.at),
        actor=row.actor,
        action=row.action,
        target=row.target,
        org=row.org,
        request_id=row.request_id,
        outcome=row.outcome,
        before=load_or_none(row.before),
        after=load_or_none(row.after),
        changed=tuple(load(row.changed)),
    )
