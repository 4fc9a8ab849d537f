"""Audit events on their way to webhooks. The trail itself is the outbox.

Theory of operation. A webhook's row in ``tollhouse_webhooks`` holds a time: every event before it
has been looked at for good. An event of the trail that is not before it, fits the webhook and has
no row in ``tollhouse_deliveries`` gets one. The time follows the clock at a distance of ``LATEST``,
since an event bears the time at which it was made and can be read only when its write is through:
events come late, and not in order. A delivered row stays until its event is before that time, so
that no event gets a second row.

A row is claimed by moving its ``due`` to the end of the claim, on condition that it is still what
was read: of two workers one has it, and when that one dies the other finds it due again.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from ..core.history import AuditEvent
from ..core.webhook import Delivery, DeliveryState, Webhook
from ..ports import Page
from .audit import add_events, read_event
from .engine import Database
from .schema import audit, deliveries, webhooks
from .values import beyond, micros, page, page_size, seconds, storable

LATEST = 120.0
"""Seconds that an event can come late: a write is bounded by far less, clocks differ by some."""
_STEP = 30.0
"""Seconds by which the time moves at once, so that a quiet trail is not written about for ever."""
_AT_ONCE = 500
_PENDING = DeliveryState.PENDING.value
_DELIVERED = DeliveryState.DELIVERED.value
_DEAD = DeliveryState.DEAD.value


class DeliveryTable:
    """``ports.DeliveryStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take_events(self, webhook: Webhook, now: float) -> int:
        """Give new events that fit a webhook a delivery each; how many.

        A webhook that was never seen begins at ``now`` (Unix seconds): it is not sent the past.
        """
        table = webhooks.c
        rows = await self._database.read(sa.select(table.at).where(table.name == webhook.name))
        if not rows:
            await self._begin(webhook.name, now)
            return 0
        taken = 0
        while found := await self._database.read(_untaken(webhook, rows[0].at)):
            values = [_pending(webhook.name, row.id, now) for row in found]
            await self._add(values)
            taken += len(found)
        await self._advance(webhook.name, seconds(rows[0].at), now)
        return taken

    async def due_deliveries(self, webhook: str, now: float, *, limit: int) -> Sequence[Delivery]:
        """Pending deliveries of a webhook that are due at ``now``, the longest due first."""
        table = deliveries.c
        rows = await self._database.read(
            sa.select(deliveries)
            .where(table.webhook == webhook, table.state == _PENDING, table.due <= micros(now))
            .order_by(table.due, table.event)
            .limit(page_size(limit))
        )
        return [_delivery(row) for row in rows]

    async def claim_delivery(self, delivery: Delivery, until: float) -> Delivery | None:
        """Take one on to try it, which counts as a try; None if it is not as it was read."""
        statement = _where(delivery).values(due=micros(until), attempts=delivery.attempts + 1)
        return await self._moved(statement, None)

    async def settle_delivery(
        self, claimed: Delivery, state: DeliveryState, due: float, problem: str | None
    ) -> bool:
        """Say what a try came to; False if the claim ran out and another has it.

        ``due`` is when the next try is; for what is delivered, the time of its event.
        """
        told = None if problem is None else storable(problem)
        statement = _where(claimed).values(state=state.value, due=micros(due), problem=told)
        return await self._moved(statement, None) is not None

    async def dead_letters(self, webhook: str | None, *, limit: int, cursor: str | None) -> Page:
        """What was given up, the longest ago first; rows are ``Delivery``."""
        table = deliveries.c
        chosen = sa.true() if webhook is None else table.webhook == webhook
        rows = await self._database.read(
            sa.select(deliveries)
            .where(table.state == _DEAD, chosen)
            .where(beyond([table.due, table.event, table.webhook], cursor, newest_first=False))
            .order_by(table.due, table.event, table.webhook)
            .limit(page_size(limit) + 1)
        )
        return page(rows, limit, read=_delivery, key=lambda row: (row.due, row.event, row.webhook))

    async def revive_delivery(
        self, webhook: str, event: str, now: float, told: AuditEvent
    ) -> Delivery | None:
        """Begin anew with what was given up, and keep the event that says so; None: it was not."""
        table = deliveries.c
        statement = (
            sa.update(deliveries)
            .where(table.webhook == webhook, table.event == event, table.state == _DEAD)
            .values(state=_PENDING, due=micros(now), attempts=0)
        )
        return await self._moved(statement, told)

    async def one_event(self, event_id: str) -> AuditEvent | None:
        """An event of the trail by its id."""
        rows = await self._database.read(sa.select(audit).where(audit.c.id == event_id))
        return read_event(rows[0]) if rows else None

    async def _moved(self, statement: sa.Update, told: AuditEvent | None) -> Delivery | None:
        async def work(connection: AsyncConnection) -> Delivery | None:
            row = (await connection.execute(statement.returning(deliveries))).first()
            if row is None:
                return None
            await add_events(connection, [] if told is None else [told])
            return _delivery(row)

        return await self._database.write(work)

    async def _add(self, values: list[dict[str, Any]]) -> None:
        insert = self._database.put_new(deliveries)
        await self._database.write(lambda connection: connection.execute(insert, values))

    async def _begin(self, name: str, now: float) -> None:
        insert = self._database.put_new(webhooks).values(name=name, at=micros(now), event=None)
        await self._database.write(lambda connection: connection.execute(insert))

    async def _advance(self, name: str, present: float, now: float) -> None:
        """Move a webhook's time after the clock, and forget what was delivered before it."""
        until = now - LATEST
        if until - present < _STEP:
            return
        table, row = deliveries.c, webhooks.c
        move = (
            sa.update(webhooks)
            .where(row.name == name, row.at < micros(until))
            .values(at=micros(until))
        )
        forget = sa.delete(deliveries).where(
            table.webhook == name, table.state == _DELIVERED, table.due < micros(until)
        )

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(move)
            await connection.execute(forget)

        await self._database.write(work)


def _untaken(webhook: Webhook, since: int) -> sa.Select[tuple[str]]:
    """The ids of events that fit a webhook and have no delivery to it, the oldest first."""
    table, taken = audit.c, deliveries.c
    fits = sa.or_(*(table.action.like(_like(glob), escape="\\") for glob in webhook.events))
    whose = sa.true() if webhook.org is None else table.org == webhook.org
    there = sa.exists().where(taken.webhook == webhook.name, taken.event == table.id)
    return (
        sa.select(table.id)
        .where(table.at >= since, fits, whose, ~there)
        .order_by(table.at, table.id)
        .limit(_AT_ONCE)
    )


def _like(glob: str) -> str:
    """A glob as the pattern of a LIKE."""
    plain = glob.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return plain.replace("*", "%")


def _where(delivery: Delivery) -> sa.Update:
    """An update of a pending delivery, on condition that it is as it was read."""
    table = deliveries.c
    return sa.update(deliveries).where(
        table.webhook == delivery.webhook,
        table.event == delivery.event,
        table.state == _PENDING,
        table.due == micros(delivery.due),
        table.attempts == delivery.attempts,
    )


def _pending(webhook: str, event: str, now: float) -> dict[str, Any]:
    return {
        "webhook": webhook,
        "event": event,
        "state": _PENDING,
        "due": micros(now),
        "attempts": 0,
        "problem": None,
    }


def _delivery(row: sa.Row[Any]) -> Delivery:
    return Delivery(
        webhook=row.webhook,
        event=row.event,
        state=DeliveryState(row.state),
        due=seconds(row.due),
        attempts=row.attempts,
        problem=row.problem,
    )
