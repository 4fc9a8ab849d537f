"""Hourly sums of the ledger: kept as records come in, and what usage reports are read from.

An hour is that of a request's start, in UTC. ``failed`` counts what did not end ``ok``;
``unpriced`` counts what has no cost and so is not in ``cost``.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from ..core.errors import invalid
from ..core.record import Outcome, Record
from ..ports import UsageQuery
from .bulk import Row, insert_or_add
from .engine import Database
from .schema import usage_hourly as table
from .values import MICROSECONDS, micros, storable

HOUR = 3_600 * MICROSECONDS
MOST_ROWS = 50_000
_LARGEST = 10**16
"""A batch that adds more tells of a lying provider; its records say so, the sums stay in range."""
_SUMS = (
    "requests",
    "failed",
    "input_tokens",
    "cached_input_tokens",
    "output_tokens",
    "reasoning_tokens",
    "cost",
    "unpriced",
)
_INTERVALS = {"hour": HOUR, "day": 24 * HOUR}
_Group = tuple[int, str, str, str]
"""Hour, org, model and key: the table's primary key."""
_GROUPS = {"org": table.c.org, "model": table.c.model, "key": table.c.key}


class UsageTable:
    """The sums of ``ports.LedgerStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def usage(self, query: UsageQuery) -> Sequence[Mapping[str, Any]]:
        """Sums by bucket (Unix seconds of its start) and group; costs in ``10**-10``.

        Hours are counted whole: ``start`` reaches back to the beginning of its hour. A 400 for an
        unknown group or interval, and for an answer of more than ``MOST_ROWS`` rows.
        """
        rows = await self._database.read(_statement(query))
        if len(rows) > MOST_ROWS:
            raise invalid(f"more than {MOST_ROWS} rows; ask for less time or fewer groups", "from")
        return [_row(row) for row in rows]


async def add_sums(connection: AsyncConnection, records: Sequence[Record]) -> None:
    """Add new records to the sums, within the transaction that inserts them."""
    sums: dict[_Group, list[int]] = {}
    known: dict[_Group, list[int]] = {}
    for record in records:
        hour = record.started_at - record.started_at % HOUR
        group = (hour, record.org or "", record.served_model or record.model, record.key_id or "")
        counts = known.get(group)
        if counts is None:
            # Two that differ in what cannot be stored are one row.
            counts = known[group] = sums.setdefault(_stored(group), [0] * len(_SUMS))
        _count(record, counts)
    if sums:
        rows = [_summed(group, sums[group]) for group in sorted(sums)]
        await insert_or_add(connection, table, _SUMS, rows)


def _summed(group: _Group, counts: Sequence[int]) -> Row:
    return (*group, *(max(-_LARGEST, min(count, _LARGEST)) for count in counts))


def _stored(group: _Group) -> _Group:
    hour, org, model, key = group
    return hour, storable(org), storable(model), storable(key)


def _count(record: Record, counts: list[int]) -> None:
    counts[0] += 1
    counts[1] += record.status is not Outcome.OK
    usage = record.usage
    if usage is not None:
        counts[2] += usage.input_tokens
        counts[3] += usage.cached_input_tokens
        counts[4] += usage.output_tokens
        counts[5] += usage.reasoning_tokens
    if record.cost is None:
        counts[7] += 1
    else:
        counts[6] += record.cost


def _statement(query: UsageQuery) -> sa.Select[Any]:
    for name in query.group_by:
        if name not in _GROUPS:
            raise invalid(f"usage cannot be grouped by {name!r}", "group_by")
    if query.interval is not None and query.interval not in _INTERVALS:
        raise invalid("the interval is hour or day", "interval")
    groups = [_GROUPS[name].label(name) for name in _GROUPS if name in query.group_by]
    if query.interval is not None:
        length = _INTERVALS[query.interval]
        groups.insert(0, (table.c.hour - table.c.hour % length).label("bucket"))
    statement = sa.select(
        *groups, *(sa.func.coalesce(sa.func.sum(table.c[name]), 0).label(name) for name in _SUMS)
    )
    if query.start is not None:
        start = micros(query.start)
        statement = statement.where(table.c.hour >= start - start % HOUR)
    if query.end is not None:
        statement = statement.where(table.c.hour < micros(query.end))
    if query.org is not None:
        statement = statement.where(table.c.org == query.org)
    if query.models is not None:
        statement = statement.where(table.c.model.in_(query.models))
    return statement.group_by(*groups).order_by(*groups).limit(MOST_ROWS + 1)


def _row(row: sa.Row[Any]) -> dict[str, Any]:
    values = row._mapping  # noqa: SLF001 - SQLAlchemy's public name for it
    bucket = values.get("bucket")
    return {
        **{name: values.get(name) or None for name in _GROUPS},
        "bucket": None if bucket is None else int(bucket) // MICROSECONDS,
        # PostgreSQL sums BIGINT to NUMERIC, which arrives as Decimal.
        **{name: int(values[name]) for name in _SUMS},
    }
