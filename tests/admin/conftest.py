"""One worker on an empty SQLite store, and a client that is the system's admin."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from admin.house import House, SetClock, open_house
from store.databases import migrated_file, migrated_schema, postgres, sqlite_file, store_url

__all__ = ["migrated_file", "migrated_schema", "postgres", "sqlite_file", "store_url"]


@pytest.fixture
def clock() -> SetClock:
    """The clock of every worker of the test."""
    return SetClock()


@pytest.fixture
async def house(sqlite_file: Path, clock: SetClock) -> AsyncIterator[House]:
    """A worker."""
    async with open_house(sqlite_file, clock) as opened:
        yield opened


@pytest.fixture
async def sibling(house: House, sqlite_file: Path, clock: SetClock) -> AsyncIterator[House]:
    """Another worker on the same store."""
    async with open_house(sqlite_file, clock) as opened:
        yield opened


@pytest.fixture
def admin(house: House) -> httpx.AsyncClient:
    """A client with the bootstrap token."""
    return house.client()
