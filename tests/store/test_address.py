"""Store URLs, and what they cost to open."""

import subprocess
import sys
from pathlib import Path

import pytest

from tollhouse.store.address import StoreUrlError, parse


def test_a_relative_path_is_relative_to_the_working_directory() -> None:
    """Three slashes make a relative file, four an absolute one."""
    assert parse("sqlite:///data/store.db").file == Path.cwd() / "data" / "store.db"
    assert parse("sqlite:////var/store.db").file == Path("/var/store.db")


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_a_server_keeps_what_its_url_says(scheme: str) -> None:
    """Credentials, port and parameters reach the driver as they are."""
    shared = parse(f"{scheme}://me:p%40ss@db.example:6432/tolls?sslmode=require").shared
    assert (shared.drivername, shared.password, shared.port) == ("postgresql+psycopg", "p@ss", 6432)
    assert shared.query == {"sslmode": "require"}


@pytest.mark.parametrize(
    "url", ["", "store.db", "sqlite://", "sqlite:///:memory:", "mysql://host/db", "postgresql"]
)
def test_a_url_that_cannot_be_used_says_what_can(url: str) -> None:
    """The error names the setting and the two forms."""
    with pytest.raises(StoreUrlError, match=r"store\.url .*sqlite:///path"):
        parse(url)


def run(script: str) -> str:
    """What a script prints in an interpreter of its own."""
    done = subprocess.run(  # noqa: S603 - our own interpreter and script
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    "use",
    [
        "from tollhouse.store.sql import open_store as use",
        "from tollhouse.store.migrate import migrate as use",
    ],
)
def test_a_missing_driver_is_named_with_the_command_that_installs_it(use: str) -> None:
    """Without psycopg a PostgreSQL URL is refused in one sentence that helps."""
    printed = run(
        "import sys\n"
        "sys.modules['psycopg'] = None\n"
        f"{use}\n"
        "try: use('postgresql://host/db')\n"
        "except ValueError as error: print(error)\n"
    )
    assert printed == "PostgreSQL needs its driver: pip install 'tollhouse[postgres]'"


def test_opening_a_sqlite_store_loads_neither_alembic_nor_postgresql(sqlite_file: Path) -> None:
    """A start pays only for what it uses."""
    printed = run(
        "import asyncio, sys\n"
        "from tollhouse.store.sql import open_store\n"
        "async def main():\n"
        f"    store = open_store('sqlite:///{sqlite_file}')\n"
        "    print(await store.schema_ok())\n"
        "    await store.aclose()\n"
        "asyncio.run(main())\n"
        "heavy = ('alembic', 'psycopg', 'sqlalchemy.dialects.postgresql')\n"
        "print([name for name in heavy if name in sys.modules])\n"
    )
    assert printed.splitlines() == ["True", "[]"]
