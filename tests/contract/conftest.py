"""Databases and transports for the tests of this folder; transports on the loop of production."""

import asyncio
from collections.abc import Callable, Mapping

import pytest
import uvloop

from fakes.transports import make_transport, transport, up
from store.databases import (
    migrated_file,
    migrated_schema,
    new_schema,
    postgres,
    sqlite_file,
    store,
    store_url,
)

__all__ = [
    "make_transport",
    "migrated_file",
    "migrated_schema",
    "new_schema",
    "postgres",
    "sqlite_file",
    "store",
    "store_url",
    "transport",
    "up",
]


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Transports run on uvloop, as in the gateway; stores have no preference."""
    del config
    if item.path.name.startswith("test_transport"):
        return {"uvloop": uvloop.new_event_loop}
    return {"asyncio": asyncio.new_event_loop}
