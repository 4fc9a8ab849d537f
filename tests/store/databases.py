"""Databases to test on: migrated once, and empty at the start of every test."""

import os
import shutil
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest
from psycopg import sql

from tollhouse.store.migrate import migrate
from tollhouse.store.schema import metadata
from tollhouse.store.sql import SqlStore, open_store

SERVER = "postgresql://postgres@127.0.0.1:5432/test"


class PostgresSchema:
    """A schema of our own in a PostgreSQL database, reached by an ordinary store URL."""

    def __init__(self) -> None:
        self.name = f"tollhouse_{uuid.uuid4().hex[:12]}"
        options = f"-csearch_path%3D{self.name}%20-csynchronous_commit%3Doff"
        self.url = f"{SERVER}?options={options}&application_name={self.name}"
        self._execute("CREATE SCHEMA {}")

    def run(self, statement: LiteralString) -> list[tuple[object, ...]]:
        """Run a statement inside the schema and return what it gives."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def empty(self) -> None:
        """Delete every row; the audit trail lets only a superuser's replica session do that."""
        with psycopg.connect(self.url) as connection:
            connection.execute("SET session_replication_role = replica")
            for table in metadata.tables:
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
            connection.execute("INSERT INTO tollhouse_counters VALUES (1, 0, 0)")

    def cut_connections(self) -> int:
        """End every connection of the store from the server's side; how many there were."""
        with psycopg.connect(SERVER, autocommit=True) as connection:
            ended = connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = %s",
                [self.name],
            )
            return len(ended.fetchall())

    def drop(self) -> None:
        """Take it away with all that it holds."""
        self._execute("DROP SCHEMA {} CASCADE")

    def _execute(self, statement: LiteralString) -> None:
        with psycopg.connect(SERVER, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(sql.Identifier(self.name)))


def require_postgres() -> None:
    """Skip the test when no server answers, or fail where services are required."""
    try:
        psycopg.connect(SERVER, connect_timeout=3).close()
    except psycopg.OperationalError as error:
        if os.environ.get("TOLLHOUSE_TEST_SERVICES") == "required":
            raise
        pytest.skip(f"PostgreSQL does not answer: {error}")


@pytest.fixture
def new_schema() -> Iterator[PostgresSchema]:
    """A PostgreSQL schema without a table."""
    require_postgres()
    schema = PostgresSchema()
    yield schema
    schema.drop()


@pytest.fixture(scope="session")
def migrated_schema() -> Iterator[PostgresSchema]:
    """A migrated PostgreSQL schema for the whole run."""
    require_postgres()
    schema = PostgresSchema()
    migrate(schema.url)
    yield schema
    schema.drop()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    file = tmp_path_factory.mktemp("migrated") / "store.db"
    migrate(f"sqlite:///{file}")
    return file


@pytest.fixture
def sqlite_file(migrated_file: Path, tmp_path: Path) -> Path:
    """An empty, migrated SQLite file."""
    file = tmp_path / "data" / "store.db"
    file.parent.mkdir()
    return Path(shutil.copy(migrated_file, file))


@pytest.fixture
def postgres(migrated_schema: PostgresSchema) -> PostgresSchema:
    """An empty, migrated PostgreSQL schema."""
    migrated_schema.empty()
    return migrated_schema


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty store, on each engine in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{request.getfixturevalue('sqlite_file')}"
    schema: PostgresSchema = request.getfixturevalue("postgres")
    return schema.url


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[SqlStore]:
    """An empty store, on each engine in turn."""
    opened = open_store(store_url)
    yield opened
    await opened.aclose()
