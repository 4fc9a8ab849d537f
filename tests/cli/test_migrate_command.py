"""``tollhouse migrate``."""

import sqlite3
import subprocess

from cli.shell import COMMAND, Shell, clean_environment


def test_migration_twice_changes_nothing(shell: Shell) -> None:
    """The second run finds the schema there and says the same."""
    first, second = shell("migrate"), shell("migrate")

    assert (first.code, second.code) == (0, 0)
    assert first.out == second.out
    assert shell("migrate", "--json").json["revision"] in first.out


def test_J05_five_migrations_at_once_make_one_schema(shell: Shell) -> None:
    """Several that start on an empty store all succeed, and tables of others stay as they were."""
    with sqlite3.connect(shell.site / "store.db") as others:
        others.execute("CREATE TABLE accounts (name TEXT)")
        others.execute("INSERT INTO accounts VALUES ('theirs')")
    others.close()

    started = [
        subprocess.Popen(  # noqa: S603 - our own command
            [*COMMAND, "migrate"],
            cwd=shell.site,
            env=clean_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(5)
    ]
    said = [process.communicate(timeout=60) for process in started]

    assert [process.returncode for process in started] == [0] * 5
    assert len(set(said)) == 1
    store = sqlite3.connect(shell.site / "store.db")
    assert store.execute("SELECT name FROM accounts").fetchall() == [("theirs",)]
    store.close()
    assert shell("orgs", "list").code == 0


def test_migration_that_cannot_be_is_told(shell: Shell) -> None:
    """A store that cannot be made ends with 3 and one sentence."""
    (shell.site / "store.db").mkdir()

    ran = shell("migrate")

    assert ran.code == 3
    assert len(ran.sentences) == 1
