"""Migrations: once, by whoever comes first, and never at the expense of anybody's tables."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from store.databases import PostgresSchema
from store.samples import change
from tollhouse.ports import StoreUnavailable
from tollhouse.store import address, migrations, revision
from tollhouse.store.migrate import migrate
from tollhouse.store.schema import metadata
from tollhouse.store.sql import open_store

MIGRATE = """
import sys
from tollhouse.store.migrate import migrate
print("ready", flush=True)
sys.stdin.readline()
migrate(sys.argv[1])
print("alembic" in sys.modules)
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without a table, on each engine in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/new folder/100% #1?.db".replace("?", "%3F")
    schema: PostgresSchema = request.getfixturevalue("new_schema")
    return schema.url


@pytest.fixture
def connection(empty_url: str) -> Iterator[sa.Connection]:
    """A connection of somebody else to the same database."""
    if empty_url.startswith("sqlite"):
        file = address.parse(empty_url).file
        assert file is not None
        file.parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(address.parse(empty_url).founding)
    with engine.connect() as opened:
        yield opened
    engine.dispose()


def start_together(url: str, count: int) -> Sequence[str]:
    """Migrate in several processes at the same moment; what each of them printed."""
    processes = [
        subprocess.Popen(  # noqa: S603 - our own interpreter and script
            [sys.executable, "-W", "error", "-c", MIGRATE, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(count)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    printed = []
    for process in processes:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        printed.append(out.strip())
    return printed


async def test_J05_processes_starting_together_migrate_once(empty_url: str) -> None:
    """Of several that find an empty database one migrates, all succeed, and the store works."""
    printed = start_together(empty_url, 4)

    assert "True" in printed
    store = open_store(empty_url)
    assert await store.schema_ok()
    assert await store.commit(change(0, "a")) == 1
    await store.aclose()


def test_a_second_migration_does_nothing_and_does_not_load_alembic(empty_url: str) -> None:
    """A start on a schema that is right pays for a look-up only."""
    assert migrate(empty_url) == "0002"
    assert start_together(empty_url, 1) == ["False"]


def test_the_migrations_make_the_tables_that_the_statements_use(
    empty_url: str, connection: sa.Connection
) -> None:
    """A migrated schema and the declared tables have no difference, and one head."""
    migrate(empty_url)
    found = compare_metadata(
        MigrationContext.configure(connection, opts={"version_table": revision.TABLE}), metadata
    )
    assert found == []
    assert migrations.__file__ is not None
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert scripts.get_heads() == [revision.NEEDED]


async def test_J05_foreign_tables_are_untouched(empty_url: str, connection: sa.Connection) -> None:
    """Tables of others, an Alembic of theirs included, survive with their rows."""
    for statement in (
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)",
        "INSERT INTO alembic_version VALUES ('theirs')",
        "CREATE TABLE orders (id INTEGER PRIMARY KEY)",
        "INSERT INTO orders VALUES (7)",
    ):
        connection.exec_driver_sql(statement)
    connection.commit()

    migrate(empty_url)

    assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").all() == [
        ("theirs",)
    ]
    assert connection.exec_driver_sql("SELECT id FROM orders").all() == [(7,)]
    names = set(sa.inspect(connection).get_table_names()) - {"alembic_version", "orders"}
    assert all(name.startswith("tollhouse_") for name in names)
    assert names == {*metadata.tables, revision.TABLE}


@pytest.mark.parametrize(
    ("statement", "right"),
    [
        ("UPDATE tollhouse_schema_revision SET version_num = '0099'", True),
        ("ALTER TABLE tollhouse_models ADD COLUMN later TEXT", True),
        ("UPDATE tollhouse_schema_revision SET version_num = '0000'", False),
        ("DROP TABLE tollhouse_schema_revision", False),
        ("ALTER TABLE tollhouse_orgs DROP COLUMN plan", False),
        ("DROP TABLE tollhouse_usage_hourly", False),
    ],
)
async def test_J05_the_schema_is_judged_by_what_is_there(
    empty_url: str, connection: sa.Connection, statement: str, *, right: bool
) -> None:
    """A later schema can be used, an earlier or damaged one cannot, whatever it says of itself."""
    migrate(empty_url)
    connection.exec_driver_sql(statement)
    connection.commit()

    store = open_store(empty_url)
    assert await store.schema_ok() is right
    if right:
        assert await store.commit(change(0, "a")) == 1
    await store.aclose()


async def test_J05_an_older_gateway_leaves_a_later_schema_alone(
    empty_url: str, connection: sa.Connection
) -> None:
    """Migrating a database that is ahead changes nothing and succeeds."""
    migrate(empty_url)
    connection.exec_driver_sql("UPDATE tollhouse_schema_revision SET version_num = '0099'")
    connection.commit()
    assert migrate(empty_url) == "0099"


def test_J02_a_schema_that_stays_unusable_is_an_error(
    empty_url: str, connection: sa.Connection
) -> None:
    """A revision that says done over missing tables does not count as migrated."""
    migrate(empty_url)
    connection.exec_driver_sql("DROP TABLE tollhouse_models")
    connection.commit()
    with pytest.raises(StoreUnavailable, match="missing"):
        migrate(empty_url)


async def test_an_unmigrated_database_is_not_right(
    empty_url: str, connection: sa.Connection
) -> None:
    """Before the first migration the schema is not right, and reading is a store failure."""
    connection.exec_driver_sql("CREATE TABLE orders (id INTEGER PRIMARY KEY)")
    connection.commit()
    store = open_store(empty_url)
    assert not await store.schema_ok()
    with pytest.raises(StoreUnavailable):
        await store.versions()
    await store.aclose()


def test_a_database_that_cannot_be_reached_is_unavailable(tmp_path: Path) -> None:
    """Neither a folder in the file's place nor a closed port is a crash."""
    (tmp_path / "folder.db").mkdir()
    with pytest.raises(StoreUnavailable):
        migrate(f"sqlite:///{tmp_path}/folder.db")
    with pytest.raises(StoreUnavailable):
        migrate("postgresql://nobody@127.0.0.1:1/none")


def test_the_file_uses_the_write_ahead_log(tmp_path: Path) -> None:
    """Readers and the writer do not wait for each other."""
    migrate(f"sqlite:///{tmp_path}/store.db")
    with sqlite3.connect(tmp_path / "store.db") as opened:
        assert opened.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    opened.close()
