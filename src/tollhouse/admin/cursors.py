"""Cursors of lists that are answered from memory: where the last page ended, opaque to clients."""

import base64
import binascii

from ..core.errors import invalid


def write_cursor(last: str) -> str:
    """The cursor for what follows a name."""
    return base64.urlsafe_b64encode(last.encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> str:
    """The name that a cursor stands for; 400 when it is none of ours."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (ValueError, binascii.Error):
        raise invalid("The cursor is not one that this list gave out.", "cursor") from None
