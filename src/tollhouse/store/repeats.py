"""Requests that may be sent again, by their ``Idempotency-Key``, with the answers they got.

A turn begins with a row that has no answer. The answer is written by the transaction that makes the
change it tells of, and only while the row is still that turn's: what was given up and begun again
by somebody else cannot be done twice. Rows that are too old go whenever a turn begins.
"""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from ..core.errors import CallerError, Code
from ..core.history import Repeat
from .engine import Database
from .schema import repeats
from .values import micros, seconds


class RepeatTable:
    """``ports.RepeatStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin_repeat(
        self, turn: Repeat, *, kept_since: float, under_way_since: float
    ) -> Repeat | None:
        """Take the turn (None), or learn what there is under its key."""
        values = {
            "key": turn.key,
            "fingerprint": turn.fingerprint,
            "at": micros(turn.at),
            "answer": None,
        }
        insert = self._database.put_new(repeats).values(values).returning(repeats.c.key)
        take_over = (
            sa.update(repeats)
            .where(repeats.c.key == turn.key, repeats.c.answer.is_(None))
            .where(repeats.c.at < micros(under_way_since))
            .values(values)
            .returning(repeats.c.key)
        )
        present = sa.select(repeats).where(repeats.c.key == turn.key)

        async def work(connection: AsyncConnection) -> Repeat | None:
            await connection.execute(sa.delete(repeats).where(repeats.c.at < micros(kept_since)))
            for statement in (insert, take_over):
                if (await connection.execute(statement)).first() is not None:
                    return None
            row = (await connection.execute(present)).first()
            # One that has just been given up is under way for who asks: the next try is free.
            return turn if row is None else _repeat(row)

        return await self._database.write(work)

    async def give_up_repeat(self, turn: Repeat) -> None:
        """Forget a turn without an answer; another's is left alone."""
        await self._database.write(lambda connection: connection.execute(_delete(turn)))


async def keep_answer(connection: AsyncConnection, turn: Repeat | None) -> None:
    """Write a turn's answer within the transaction of what it tells of; 409 if it is no turn."""
    if turn is None:
        return
    written = await connection.execute(
        sa.update(repeats).where(_is(turn)).values(answer=turn.answer).returning(repeats.c.key)
    )
    if written.first() is None:
        raise CallerError(
            Code.IDEMPOTENCY_KEY_IN_USE,
            "Another request with this Idempotency-Key has taken over; ask again for its answer.",
        )


def _delete(turn: Repeat) -> sa.Delete:
    return sa.delete(repeats).where(_is(turn))


def _is(turn: Repeat) -> sa.ColumnElement[bool]:
    """Whether a row is this turn's, without an answer."""
    columns = repeats.c
    return sa.and_(columns.key == turn.key, columns.at == micros(turn.at), columns.answer.is_(None))


def _repeat(row: sa.Row[tuple[object, ...]]) -> Repeat:
    return Repeat(row.key, row.fingerprint, seconds(row.at), row.answer)
