"""Which schema a database has, asked in plain SQL.

Revisions are numbered ``0001``, ``0002`` and so on, and a migration only ever adds. So a database
at our revision or a later one, even one that we have never heard of, can be used, and one at an
earlier revision cannot. The number alone is not believed: every column used has to be there.
"""

import sqlalchemy as sa

from .schema import metadata

NEEDED = "0002"
"""The revision of the statements in this package; a test holds it to the migrations."""
TABLE = "tollhouse_schema_revision"
"""Ours alone: the default name belongs to whoever else migrates in this database."""

_revision = sa.table(TABLE, sa.column("version_num", sa.Text))


def found(connection: sa.Connection) -> str | None:
    """The revision of the database; None for one that was never migrated."""
    if not sa.inspect(connection).has_table(TABLE):
        return None
    revision: str | None = connection.execute(sa.select(_revision)).scalar()
    return revision


def suffices(revision: str | None) -> bool:
    """Whether statements of this version work on a database at ``revision``."""
    return revision is not None and revision >= NEEDED


def whole(connection: sa.Connection) -> bool:
    """Whether the schema can be used: its revision suffices and no column is missing."""
    if not suffices(found(connection)):
        return False
    there = sa.inspect(connection).get_multi_columns(filter_names=list(metadata.tables))
    columns = {table: {column["name"] for column in found} for (_, table), found in there.items()}
    return all(
        set(table.c.keys()) <= columns.get(name, set()) for name, table in metadata.tables.items()
    )
