"""Where the database is: a store URL turned into what the drivers understand.

``sqlite:///relative/path``, ``sqlite:////absolute/path`` and ``postgresql://user@host/database``
(``postgres://`` is accepted too). Nothing here connects.
"""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError


class StoreUrlError(ValueError):
    """The store cannot be used as configured; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Address:
    """A database, and how the drivers are told of it."""

    shared: sa.URL
    """For the gateway: asynchronous, and on SQLite never creating a file."""
    founding: sa.URL
    """For migrations: synchronous, and on SQLite creating the file if it is not there."""
    file: Path | None = None
    """The database file; None when it is a server."""


def parse(url: str) -> Address:
    """Read a store URL; ``StoreUrlError`` when it names no database that can be used."""
    try:
        parsed = sa.make_url(url)
    except ArgumentError as error:
        raise StoreUrlError(
            "store.url is not a URL; use sqlite:///path or postgresql://…"
        ) from error
    if parsed.drivername == "sqlite":
        return _sqlite(parsed)
    if parsed.drivername in {"postgresql", "postgres"}:
        server = parsed.set(drivername="postgresql+psycopg")
        return Address(shared=server, founding=server)
    raise StoreUrlError(
        f"store.url has the scheme {parsed.drivername!r}; use sqlite:///path or postgresql://…"
    )


def _sqlite(parsed: sa.URL) -> Address:
    if not parsed.database or parsed.database == ":memory:":
        raise StoreUrlError("store.url names no file; several connections share it: sqlite:///path")
    file = Path(parsed.database).absolute()

    def opened(driver: str, mode: str) -> sa.URL:
        return sa.URL.create(
            driver, database=f"file:{quote(str(file))}", query={"mode": mode, "uri": "true"}
        )

    return Address(
        shared=opened("sqlite+aiosqlite", "rw"), founding=opened("sqlite", "rwc"), file=file
    )
