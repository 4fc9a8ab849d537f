"""Answers of the admin plane: JSON with exact numbers, lists in one envelope."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from starlette.responses import Response

from ...ports import Page

_encode = msgspec.json.Encoder().encode


def document(
    value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """One JSON value; what admins read is never kept by a cache on the way."""
    return Response(
        _encode(value),
        status_code=status,
        headers={"cache-control": "no-store", **(headers or {})},
        media_type="application/json",
    )


def listed(page: Page, show: Callable[[Any], Any] | None = None) -> Response:
    """One page of a list."""
    rows = page.rows if show is None else [show(row) for row in page.rows]
    return document({"data": rows, "next_cursor": page.next_cursor})


def nothing() -> Response:
    """204: it is done, and there is nothing to say."""
    return Response(status_code=204)
