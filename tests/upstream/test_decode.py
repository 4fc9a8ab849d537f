"""Undoing compression in bounded steps."""

import gzip
import random
import zlib

import pytest

from tollhouse.upstream.decode import PIECE, Decoder

TEXT = bytes(random.Random(1).choices(b"abcdef ", k=300_000))


def compressed(coding: str) -> bytes:
    """``TEXT`` in a coding; ``raw`` is deflate without its wrapping."""
    if coding == "gzip":
        return gzip.compress(TEXT)
    maker = zlib.compressobj(wbits=-zlib.MAX_WBITS if coding == "raw" else zlib.MAX_WBITS)
    return maker.compress(TEXT) + maker.flush()


@pytest.mark.parametrize("coding", ["gzip", "zlib", "raw"])
@pytest.mark.parametrize("size", [1, 7, 1000, 10**6])
def test_H06_any_cutting_gives_the_same_bytes(coding: str, size: int) -> None:
    """Fed in pieces of any size, the text comes out whole, in pieces of bounded size."""
    data = compressed(coding)
    decoder = Decoder("gzip" if coding == "gzip" else "deflate")
    out: list[bytes] = []
    for at in range(0, len(data), size):
        out += decoder.feed(data[at : at + size])
    assert b"".join(out) == TEXT
    assert max(map(len, out)) <= PIECE
    assert decoder.complete


def test_H06_cut_data_is_not_complete() -> None:
    """Data without its end is not complete; no data at all is."""
    decoder = Decoder("gzip")
    assert decoder.complete
    list(decoder.feed(compressed("gzip")[:-1]))
    assert not decoder.complete
    assert Decoder("deflate").complete


def test_H06_only_known_codings_are_undone() -> None:
    """Gzip under both its names, and deflate; nothing else."""
    assert [c for c in ("gzip", "x-gzip", "deflate", "br", "identity") if Decoder.knows(c)] == [
        "gzip",
        "x-gzip",
        "deflate",
    ]


def test_H06_other_data_is_an_error() -> None:
    """Bytes that are not what the header says raise."""
    with pytest.raises(zlib.error):
        list(Decoder("gzip").feed(b'{"plain": 1}'))
