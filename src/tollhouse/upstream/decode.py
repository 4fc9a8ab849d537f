"""Undoing a compression that nobody asked for, in bounded steps.

The gateway asks for ``identity``. A provider, or a proxy before it, that compresses all the same
would otherwise hand its clients bytes that they cannot read.
"""

import zlib
from collections.abc import Iterator

PIECE = 64 * 1024
"""The most that one step gives out, whatever a small input would grow to."""

_GZIP = 16 + zlib.MAX_WBITS


class Decoder:
    """Bytes as sent in, bytes as meant out; ``zlib.error`` when they are not what they claim."""

    def __init__(self, coding: str) -> None:
        gzip = coding != "deflate"
        self._stream = zlib.decompressobj(_GZIP) if gzip else None
        self._fed = False

    @staticmethod
    def knows(coding: str) -> bool:
        """Whether a ``content-encoding`` can be undone here."""
        return coding in {"gzip", "x-gzip", "deflate"}

    @property
    def complete(self) -> bool:
        """Whether the compressed data has reached its own end; so has an empty body."""
        return self._stream is None or self._stream.eof or not self._fed

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What ``data`` adds, in pieces of at most ``PIECE`` bytes."""
        if self._stream is None:
            self._stream = zlib.decompressobj(_window(data))
        self._fed = True
        while data:
            piece = self._stream.decompress(data, PIECE)
            if piece:
                yield piece
            data = self._stream.unconsumed_tail
            if self._stream.eof:
                return


def _window(data: bytes) -> int:
    # "deflate" is meant to be a zlib stream (RFC 9110, 8.4.1.2); some servers send it bare.
    return zlib.MAX_WBITS if data[0] & 0x0F == zlib.DEFLATED else -zlib.MAX_WBITS
