"""Databases and transports for the tests of this folder."""

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
