"""Bringing a database's schema up to date: forward only, once, however many start at the same time.

- All of it is one transaction, so a schema is whole or was never there.
- The lock is the database's own: the write lock on SQLite, an advisory lock on PostgreSQL. Who
  comes second waits, then finds nothing left to do.
- Alembic is imported only when there is something to do; a start that finds the schema right pays
  for one look-up.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import SQLITE_BUSY, Connection

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random

from ..ports import StoreUnavailable
from . import revision
from .address import Address, parse
from .engine import missing_driver

WAIT_SECONDS = 60
"""How long to wait for another process that migrates."""
_LOCK = 0x746F6C6C686F7573
"""Ours among the advisory locks of a PostgreSQL database."""


def migrate(url: str) -> str:
    """Bring the schema up to date and return its revision; blocks, so not for an event loop.

    ``StoreUrlError`` for a URL that cannot be used, ``StoreUnavailable`` when the database does not
    answer or ends up without a schema that can be used.
    """
    address = parse(url)
    patiently = Retrying(
        retry=retry_if_exception(_busy),
        wait=wait_random(0.01, 0.1),
        stop=stop_after_delay(WAIT_SECONDS),
        reraise=True,
    )
    try:
        if address.file is not None:
            address.file.parent.mkdir(parents=True, exist_ok=True)
        return patiently(_bring_up, address)
    except (SQLAlchemyError, OSError) as error:
        reason = getattr(error, "orig", None) or error
        raise StoreUnavailable(f"the schema could not be brought up to date: {reason}") from error


def _bring_up(address: Address) -> str:
    with _engine(address) as engine:
        with engine.connect() as connection:
            done = revision.whole(connection)
        if not done:
            with engine.begin() as connection:
                _upgrade(connection)
        with engine.connect() as connection:
            return _checked(connection)


def _busy(error: BaseException) -> bool:
    # SQLite does not wait for the lock that turning on its write-ahead log needs.
    return (
        isinstance(error, OperationalError)
        and getattr(error.orig, "sqlite_errorcode", None) == SQLITE_BUSY
    )


@contextmanager
def _engine(address: Address) -> Iterator[sa.Engine]:
    server = address.file is None
    try:
        engine = sa.create_engine(
            address.founding,
            poolclass=NullPool,
            connect_args={"connect_timeout": 10} if server else {"timeout": WAIT_SECONDS},
        )
    except ModuleNotFoundError as error:
        raise missing_driver() from error
    event.listen(engine, "begin", _lock_server if server else _lock_file)
    if not server:
        event.listen(engine, "connect", _prepare_file)
    try:
        yield engine
    finally:
        engine.dispose()


def _prepare_file(connection: Connection, _entry: object) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")


def _lock_file(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _lock_server(connection: sa.Connection) -> None:
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{WAIT_SECONDS}s'")
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")


def _upgrade(connection: sa.Connection) -> None:
    if revision.suffices(revision.found(connection)):
        return  # another process was quicker, or newer
    from alembic import command  # noqa: PLC0415 - ten megabytes, seldom needed
    from alembic.config import Config  # noqa: PLC0415 - the same

    config = Config()
    config.set_main_option("path_separator", "os")
    config.set_main_option(
        "script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%")
    )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _checked(connection: sa.Connection) -> str:
    at = revision.found(connection)
    if at is None or not revision.whole(connection):
        raise StoreUnavailable(
            f"the database says its schema is at revision {at}, but tables or columns are missing;"
            " restore it from a backup, or use an empty one"
        )
    return at
