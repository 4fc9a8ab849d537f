"""The catalogue's documents, those of models and of system prompts, and the models' history.

- A change is computed from one catalogue version and committed against it: the counter moves by a
  conditional update, the first statement of the transaction, so that of two writers one is told to
  compute again.
- The history of a model id never repeats a version number, not even after a deletion: a price
  version in the ledger names one document for good. A document put with a version that was used
  before gets the next free one.
"""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from ..core.history import (
    CatalogueChange,
    ModelVersion,
    StoredCatalogue,
    StoredModel,
    StoredPrompt,
    Versions,
)
from ..ports import Page, StaleVersion
from .audit import add_events
from .engine import Database
from .repeats import keep_answer
from .schedule import settle
from .schema import counters, model_versions, models, prompts
from .values import INT64, beyond, dump, load, load_or_none, micros, page, page_size, seconds

_CHUNK = 500
"""Ids per statement: engines bound the number of parameters."""
_DOCUMENTS_PER_SECOND = 1_000
"""How much longer than other calls a large change may take."""

T = TypeVar("T")


class CatalogueTables:
    """``ports.CatalogueStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def versions(self) -> Versions:
        """The two counters, in one look-up by primary key."""
        (row,) = await self._database.read(_VERSIONS)
        return Versions(catalogue=row.catalogue, callers=row.callers)

    async def load(self) -> StoredCatalogue:
        """Every document; one statement, hence one consistent read."""
        rows = await self._database.read(_EVERYTHING)
        return await asyncio.to_thread(_catalogue, rows)

    async def commit(self, change: CatalogueChange) -> int:
        """Apply a change and its events; the new catalogue version, or ``StaleVersion`` raised."""
        size = sum(map(len, (change.put, change.delete, change.put_prompts, change.delete_prompts)))

        async def work(connection: AsyncConnection) -> int:
            version = await _move_on(connection, change.expected_version)
            last = await _last_versions(
                connection, [*(stored.model_id for stored in change.put), *change.delete]
            )
            await self._put(connection, change, last)
            await _delete(connection, change, last)
            await self._put_prompts(connection, change.put_prompts)
            await _delete_prompts(connection, change.delete_prompts)
            await add_events(connection, change.events)
            await keep_answer(connection, change.answered)
            await settle(connection, change.settles)
            return version

        return await self._database.write(work, extra_seconds=size / _DOCUMENTS_PER_SECOND)

    async def history(self, model_id: str, *, limit: int, cursor: str | None) -> Page:
        """Versions of a model, newest first; rows are ``ModelVersion``."""
        columns = model_versions.c
        rows = await self._database.read(
            sa.select(model_versions)
            .where(columns.model_id == model_id)
            .where(beyond([columns.version], cursor, newest_first=True))
            .order_by(columns.version.desc())
            .limit(page_size(limit) + 1)
        )
        return page(rows, limit, read=_version, key=lambda row: (row.version,))

    async def model_version(self, model_id: str, version: int) -> ModelVersion | None:
        """One entry of the history."""
        if not 0 <= version <= INT64:
            return None
        columns = model_versions.c
        rows = await self._database.read(
            sa.select(model_versions).where(
                columns.model_id == model_id, columns.version == version
            )
        )
        return _version(rows[0]) if rows else None

    async def _put(
        self, connection: AsyncConnection, change: CatalogueChange, last: dict[str, int]
    ) -> None:
        rows = [
            {
                "model_id": stored.model_id,
                "version": max(stored.version, last.get(stored.model_id, 0) + 1),
                "document": dump(stored.document),
            }
            for stored in change.put
        ]
        if rows:
            await connection.execute(self._database.put(models), rows)
            await _remember(connection, change, rows)

    async def _put_prompts(
        self, connection: AsyncConnection, changed: Sequence[StoredPrompt]
    ) -> None:
        rows = [
            {
                "prompt_id": stored.prompt_id,
                "version": stored.version,
                "document": dump(stored.document),
            }
            for stored in changed
        ]
        if rows:
            await connection.execute(self._database.put(prompts), rows)


_VERSIONS = sa.select(counters.c.catalogue, counters.c.callers).where(counters.c.id == 1)
_MODEL, _PROMPT = 0, 1
"""What a row of everything is."""


def _rows_of(kind: int, table: sa.Table, key: sa.Column[str]) -> sa.Select[Any]:
    """The rows of one kind; where there are none, the counter alone."""
    what = sa.literal_column(str(kind), sa.Integer).label("kind")
    columns = (what, key.label("id"), table.c.version, table.c.document)
    return (
        sa.select(counters.c.catalogue, *columns)
        .select_from(counters.outerjoin(table, sa.true()))
        .where(counters.c.id == 1)
    )


_EVERYTHING = sa.union_all(
    _rows_of(_MODEL, models, models.c.model_id), _rows_of(_PROMPT, prompts, prompts.c.prompt_id)
).order_by("kind", "id")


async def _move_on(connection: AsyncConnection, expected: int) -> int:
    result = await connection.execute(
        sa.update(counters)
        .where(counters.c.id == 1, counters.c.catalogue == max(-1, min(expected, INT64)))
        .values(catalogue=counters.c.catalogue + 1)
        .returning(counters.c.catalogue)
    )
    version = result.scalar_one_or_none()
    if version is None:
        raise StaleVersion(f"the catalogue is no longer at version {expected}")
    return int(version)


async def _last_versions(connection: AsyncConnection, ids: Sequence[str]) -> dict[str, int]:
    columns = model_versions.c
    last: dict[str, int] = {}
    for some in _chunks(ids):
        rows = await connection.execute(
            sa.select(columns.model_id, sa.func.max(columns.version))
            .where(columns.model_id.in_(some))
            .group_by(columns.model_id)
        )
        last.update((model_id, version) for model_id, version in rows)
    return last


async def _delete(
    connection: AsyncConnection, change: CatalogueChange, last: dict[str, int]
) -> None:
    for some in _chunks(change.delete):
        await connection.execute(sa.delete(models).where(models.c.model_id.in_(some)))
    gone = [
        {"model_id": model_id, "version": last[model_id] + 1, "document": None}
        for model_id in change.delete
        if model_id in last
    ]
    if gone:
        await _remember(connection, change, gone)


async def _delete_prompts(connection: AsyncConnection, ids: Sequence[str]) -> None:
    for some in _chunks(ids):
        await connection.execute(sa.delete(prompts).where(prompts.c.prompt_id.in_(some)))


async def _remember(
    connection: AsyncConnection, change: CatalogueChange, rows: Sequence[dict[str, Any]]
) -> None:
    stamp = {"at": micros(change.at), "actor": change.actor}
    await connection.execute(sa.insert(model_versions), [{**row, **stamp} for row in rows])


def _chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]


def _catalogue(rows: Sequence[sa.Row[Any]]) -> StoredCatalogue:
    return StoredCatalogue(
        version=rows[0].catalogue,
        models=[
            StoredModel(row.id, row.version, load(row.document))
            for row in rows
            if row.kind == _MODEL and row.id is not None
        ],
        prompts=[
            StoredPrompt(row.id, row.version, load(row.document))
            for row in rows
            if row.kind == _PROMPT and row.id is not None
        ],
    )


def _version(row: sa.Row[Any]) -> ModelVersion:
    return ModelVersion(
        model_id=row.model_id,
        version=row.version,
        document=load_or_none(row.document),
        at=seconds(row.at),
        actor=row.actor,
    )
