"""Inserts of many rows at once, for the one table that grows with every request.

SQLAlchemy's own way writes a statement as long as the batch and looks at every value of it, which
costs more than the database's work. Here the statement is one short text per table and engine, and
a row is a plain tuple in the order of the table's columns:

- SQLite's driver takes the tuples one after the other, with the statement prepared once;
- PostgreSQL takes them all as one parameter, in JSON: its driver works per value, its server is
  good at taking JSON apart, and there is one round trip whatever the size.

Values must be storable as they are (``schema.Word`` says how text becomes so): no type looks at
them on their way. Rows go in in the order in which they are given.
"""

from collections.abc import Sequence
from functools import cache

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

Row = tuple[str | int, ...]

_encode = msgspec.json.Encoder().encode


async def insert_new(connection: AsyncConnection, table: sa.Table, rows: Sequence[Row]) -> int:
    """Insert those whose primary key is new, and leave the others alone; how many went in."""
    return await _run(connection, _text(table, (), connection.dialect.name), rows)


async def insert_or_add(
    connection: AsyncConnection, table: sa.Table, sums: tuple[str, ...], rows: Sequence[Row]
) -> None:
    """Insert, or add ``sums`` to those of the row with the same primary key.

    No key may be there twice: PostgreSQL adds to a row once per statement.
    """
    await _run(connection, _text(table, sums, connection.dialect.name), rows)


async def _run(connection: AsyncConnection, text: str, rows: Sequence[Row]) -> int:
    if connection.dialect.name == "sqlite":
        return (await connection.exec_driver_sql(text, list(rows))).rowcount
    return (await connection.exec_driver_sql(text, (_encode(rows).decode(),))).rowcount


@cache
def _text(table: sa.Table, sums: tuple[str, ...], engine: str) -> str:
    # Nothing but names of our own schema is put into the text.
    columns = ", ".join(f'"{column.name}"' for column in table.c)
    key = ", ".join(f'"{column.name}"' for column in table.primary_key)
    added = ", ".join(f'"{name}" = "{table.name}"."{name}" + excluded."{name}"' for name in sums)
    action = f"UPDATE SET {added}" if sums else "NOTHING"
    rows = _question_marks(table) if engine == "sqlite" else _json_rows(table)
    return f'INSERT INTO "{table.name}" ({columns}) {rows} ON CONFLICT ({key}) DO {action}'


def _question_marks(table: sa.Table) -> str:
    return f"VALUES ({', '.join('?' for _ in table.c)})"


def _json_rows(table: sa.Table) -> str:
    values = ", ".join(
        f"(value ->> {place})::{'bigint' if isinstance(column.type, sa.Integer) else 'text'}"
        for place, column in enumerate(table.c)
    )
    return f"SELECT {values} FROM json_array_elements(%s::json)"  # noqa: S608 - names of ours
