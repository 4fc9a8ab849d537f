"""The audit trail takes additions only, whoever asks."""

import sqlite3
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from store.databases import PostgresSchema
from store.samples import event
from tollhouse.store.sql import open_store

STATEMENTS = ["UPDATE tollhouse_audit SET actor = 'nobody'", "DELETE FROM tollhouse_audit"]


@pytest.mark.parametrize("statement", STATEMENTS)
async def test_sqlite_refuses_to_change_the_trail(sqlite_file: Path, statement: str) -> None:
    """An update or a delete with a plain client fails and changes nothing."""
    store = open_store(f"sqlite:///{sqlite_file}")
    await store.append(event())
    await store.aclose()
    opened = sqlite3.connect(sqlite_file)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        opened.execute(statement)
    assert opened.execute("SELECT actor FROM tollhouse_audit").fetchall() == [("user_token:ada",)]
    opened.close()


@pytest.mark.parametrize("statement", [*STATEMENTS, "TRUNCATE tollhouse_audit"])
async def test_postgresql_refuses_to_change_the_trail(
    postgres: PostgresSchema, statement: LiteralString
) -> None:
    """An update, a delete or a truncation with a plain client fails and changes nothing."""
    store = open_store(postgres.url)
    await store.append(event())
    await store.aclose()
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        postgres.run(statement)
    assert postgres.run("SELECT actor FROM tollhouse_audit") == [("user_token:ada",)]
