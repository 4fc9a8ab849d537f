"""How values are written in columns, and how lists are cut into pages.

A cursor is the sort key of a page's last row, in JSON, in base64: opaque to clients, and checked
as strictly as any other input when it comes back.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from ..core.errors import invalid
from ..ports import Page

MICROSECONDS = 1_000_000
INT64 = 2**63 - 1
"""The largest number a column holds."""
LONGEST_PAGE = 1_000
_FAR = 2**62

Key = str | int


def micros(seconds: float) -> int:
    """Unix seconds as a column holds them; what is out of range becomes its far end."""
    return round(max(-_FAR, min(_FAR, seconds * MICROSECONDS)))


def micros_or_none(seconds: float | None) -> int | None:
    """The same, for a time that may be absent."""
    return None if seconds is None else micros(seconds)


def seconds(us: int) -> float:
    """A column's time as Unix seconds."""
    return us / MICROSECONDS


def seconds_or_none(us: int | None) -> float | None:
    """The same, for a time that may be absent."""
    return None if us is None else seconds(us)


def storable(text: str) -> str:
    """Text from anywhere, so that every engine stores it alike.

    PostgreSQL refuses U+0000 and neither engine takes a lone surrogate, so both are replaced.
    """
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def dump(document: Any) -> str:
    """A document as a column holds it."""
    return msgspec.json.encode(document).decode()


def dump_or_none(document: Any | None) -> str | None:
    """The same, for a document that may be absent."""
    return None if document is None else dump(document)


def load(text: str) -> Any:
    """A column's document."""
    return msgspec.json.decode(text)


def load_or_none(text: str | None) -> Any | None:
    """The same, for a document that may be absent."""
    return None if text is None else load(text)


def page_size(limit: int) -> int:
    """The page size in force for the one asked for."""
    return max(1, min(limit, LONGEST_PAGE))


def page(
    rows: Sequence[sa.Row[Any]],
    limit: int,
    *,
    read: Callable[[sa.Row[Any]], Any],
    key: Callable[[sa.Row[Any]], tuple[Key, ...]],
) -> Page:
    """Cut what a query for ``page_size(limit) + 1`` rows gave into a page."""
    size = page_size(limit)
    kept = rows[:size]
    more = len(rows) > size
    return Page(
        rows=[read(row) for row in kept], next_cursor=_write(key(kept[-1])) if more else None
    )


def beyond(
    columns: Sequence[sa.ColumnElement[Any]], cursor: str | None, *, newest_first: bool
) -> sa.ColumnElement[bool]:
    """The condition for what follows a cursor in the order of ``columns``.

    Raises a 400 naming ``cursor`` when it is not one of ours.
    """
    if cursor is None:
        return sa.true()
    kinds = [int if isinstance(column.type, sa.Integer) else str for column in columns]
    here = sa.tuple_(*columns)
    last = sa.tuple_(
        *(
            sa.literal(value, column.type)
            for value, column in zip(_read(cursor, kinds), columns, strict=True)
        )
    )
    return here < last if newest_first else here > last


def _write(key: tuple[Key, ...]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def _read(cursor: str, kinds: Sequence[type]) -> Sequence[Key]:
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        key = msgspec.json.decode(text, type=list[Key])
    except (ValueError, binascii.Error, msgspec.DecodeError) as error:
        raise invalid("the cursor is not one that this list gave out", "cursor") from error
    if [type(value) for value in key] != list(kinds) or any(
        isinstance(value, int) and abs(value) > INT64 for value in key
    ):
        raise invalid("the cursor is not one that this list gave out", "cursor")
    return key
