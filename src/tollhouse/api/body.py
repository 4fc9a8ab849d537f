"""A request's body: read whole, bounded before and after decompression.

How long a client may be silent is the protocol's matter.
"""

import zlib
from typing import Protocol

from ..core.errors import CallerError, Code, invalid
from .headers import Headers

_WINDOW = {b"gzip": 31, b"x-gzip": 31, b"deflate": 15}


class Sent(Protocol):
    """What a client sends, piece by piece."""

    async def read(self) -> tuple[bytes, bool]:
        """The next piece, and whether more may follow; ``ClientLeft`` if it cannot."""
        ...


async def read_body(sent: Sent, headers: Headers, most: int) -> bytes:
    """The body, decompressed; 413 above ``most`` bytes, 415 for a coding we do not take."""
    coding = headers.get(b"content-encoding", b"identity").strip().lower()
    if coding != b"identity" and coding not in _WINDOW:
        raise CallerError(
            Code.UNSUPPORTED_MEDIA_TYPE, "Content-Encoding must be identity, gzip or deflate."
        )
    length = headers.get(b"content-length", b"")
    if length.isdigit() and int(length) > most:
        raise too_large(most)
    body = await _gather(sent, most)
    return body if coding == b"identity" else _inflate(body, _WINDOW[coding], most)


async def _gather(sent: Sent, most: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while True:
        piece, more = await sent.read()
        size += len(piece)
        if size > most:
            raise too_large(most)
        if not more:
            return b"".join([*pieces, piece]) if pieces else piece
        pieces.append(piece)


def _inflate(body: bytes, window: int, most: int) -> bytes:
    """Decompress at most ``most`` bytes: a bomb is refused before it unfolds."""
    inflater = zlib.decompressobj(window)
    try:
        plain = inflater.decompress(body, most + 1)
    except zlib.error:
        raise invalid("The body does not decompress as its Content-Encoding says.") from None
    if len(plain) > most:
        raise too_large(most)
    if not inflater.eof or inflater.unused_data:
        raise invalid("The compressed body is cut off or has something after its end.")
    return plain


def too_large(most: int) -> CallerError:
    """A 413 that names the bound."""
    return CallerError(Code.REQUEST_TOO_LARGE, f"The body is larger than {most} bytes.")
