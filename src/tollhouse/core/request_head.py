"""The head of a request, on either plane: how large it may be, and the name the request goes by."""

from .errors import CallerError, Code

MAX_HEADERS = 100
MAX_HEADER_BYTES = 64 * 1024
"""Of all names and values together."""
MAX_REQUEST_ID = 128


def check_size(count: int, size: int) -> None:
    """Raise a 431 for more headers, or more bytes in them, than are accepted."""
    if count > MAX_HEADERS or size > MAX_HEADER_BYTES:
        raise CallerError(
            Code.HEADERS_TOO_LARGE,
            f"At most {MAX_HEADERS} headers of together {MAX_HEADER_BYTES} bytes are accepted.",
        )


def sound_id(given: bytes) -> str | None:
    """The client's id for its request if it is 1 to 128 visible ASCII characters, else None."""
    return visible(given, MAX_REQUEST_ID)


def visible(given: bytes, most: int) -> str | None:
    """The text of 1 to ``most`` visible ASCII characters, ``!`` to ``~``; None for other bytes."""
    if not 0 < len(given) <= most:
        return None
    text = given.decode("latin-1")
    return text if text.isascii() and text.isprintable() and " " not in text else None
