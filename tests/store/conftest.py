"""Databases for the tests of this folder."""

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
    "migrated_file",
    "migrated_schema",
    "new_schema",
    "postgres",
    "sqlite_file",
    "store",
    "store_url",
]
