"""Sealing anew every provider key that the store keeps, those of the history too.

What a document says stays the same, only how its secret is written: no model gets a new version.
All of it is one transaction, first of all the catalogue's counter, so that nobody writes meanwhile
and every worker reads the documents again afterwards. Begun again, it finds what is left to do.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from ..core.history import AuditEvent, Document
from .audit import add_events
from .engine import Database
from .schema import counters, model_versions, models
from .values import dump, load

Reseal = Callable[[str], str | None]
"""A sealed text as it shall be kept, the same one if it is right; None: it cannot be opened."""
_SEALED = "api_key_sealed"
_LONGEST = 600.0
"""Seconds more than other writes that all of it may take."""


@dataclass(frozen=True, slots=True)
class Place:
    """A document with a key: one in force, or with a ``version`` one of the history."""

    model_id: str
    version: int | None = None


@dataclass(slots=True)
class Resealed:
    """What became of every key."""

    done: list[Place] = field(default_factory=list)
    right: list[Place] = field(default_factory=list)
    """Sealed with the new key already."""
    shut: list[Place] = field(default_factory=list)
    """Left as they are: no key that was given opens them."""


class _Undo(Exception):
    """Ends the transaction without a change."""


class SealedKeys:
    """The keys of connections in the catalogue's tables."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def reseal(
        self,
        reseal: Reseal,
        event: Callable[[Resealed], AuditEvent],
        *,
        dry_run: bool = False,
    ) -> Resealed:
        """Seal every key anew, all or none of it, with its event; nothing is kept of a dry run."""
        found = Resealed()

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(sa.update(counters).values(catalogue=counters.c.catalogue + 1))
            for table in (models, model_versions):
                rows = await connection.execute(
                    sa.select(table)
                    .where(table.c.document.contains(f'"{_SEALED}"'))
                    .order_by(table.c.model_id, table.c.version)
                )
                await _write(connection, table, _resealed(table, rows.all(), reseal, found))
            if dry_run or not found.done:
                raise _Undo
            await add_events(connection, [event(found)])

        with contextlib.suppress(_Undo):
            await self._database.write(work, extra_seconds=_LONGEST)
        return found


def _resealed(
    table: sa.Table, rows: Sequence[sa.Row[Any]], reseal: Reseal, found: Resealed
) -> Iterator[dict[str, Any]]:
    """The rows to write, as the parameters of an update."""
    for row in rows:
        document: Document = load(row.document)
        connection = document.get("connection")
        sealed = connection.get(_SEALED) if isinstance(connection, dict) else None
        if not isinstance(sealed, str):
            continue
        place = Place(row.model_id, row.version if table is model_versions else None)
        anew = reseal(sealed)
        if anew is None:
            found.shut.append(place)
        elif anew == sealed:
            found.right.append(place)
        else:
            found.done.append(place)
            document["connection"] = {**document["connection"], _SEALED: anew}
            yield {"the_id": row.model_id, "the_version": row.version, "anew": dump(document)}


async def _write(
    connection: AsyncConnection, table: sa.Table, rows: Iterator[dict[str, Any]]
) -> None:
    changes = list(rows)
    if changes:
        statement = (
            sa.update(table)
            .where(
                table.c.model_id == sa.bindparam("the_id"),
                table.c.version == sa.bindparam("the_version"),
            )
            .values(document=sa.bindparam("anew"))
        )
        await connection.execute(statement, changes)
