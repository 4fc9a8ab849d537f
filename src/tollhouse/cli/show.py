"""What commands print on stdout: tables for people, JSON for programs.

Neither holds anything that the other lacks the use of: JSON is whole, a table is what fits. Nothing
printed is read as markup, so that a name cannot colour the screen.
"""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

_WIDE = 240
"""Columns for a table that goes to a file or a pipe, where nothing has to be folded."""


def print_json(value: Any) -> None:
    """One JSON value, numbers with all their digits."""
    import msgspec

    print(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def print_table(columns: Sequence[str], rows: Sequence[Mapping[str, Any]], *, empty: str) -> None:
    """Rows under the columns of these names, or one line when there are none."""
    if not rows:
        print(empty)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell(row.get(column))) for column in columns))
    console = Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False)
    console.print(table)


def print_rows(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool, empty: str
) -> None:
    """A list: the whole rows as a JSON array, or some columns as a table."""
    if as_json:
        print_json(rows)
    else:
        print_table(columns, rows, empty=empty)


def cell(value: Any) -> str:
    """One value as a table shows it; nothing for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(map(cell, value))
    if isinstance(value, str | int | float):
        return str(value)
    import msgspec

    return msgspec.json.encode(value).decode()
