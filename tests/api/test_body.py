"""Bodies are read whole, and never more of them than is allowed, packed or unpacked."""

import gzip
import zlib
from collections.abc import Sequence

import pytest

from tollhouse.api.body import read_body
from tollhouse.api.exchange import ClientLeft
from tollhouse.core.errors import CallerError, Code

MOST = 1000


class Client:
    """Sends a body in pieces, and notes how many were taken."""

    def __init__(self, *pieces: bytes, leaves: bool = False) -> None:
        self._pieces = list(pieces)
        self._leaves = leaves
        self.taken = 0

    async def read(self) -> tuple[bytes, bool]:
        """The next piece."""
        if self._leaves and not self._pieces:
            raise ClientLeft
        self.taken += 1
        return self._pieces.pop(0), bool(self._pieces) or self._leaves


async def test_pieces_are_joined() -> None:
    """A body is the bytes of all its pieces."""
    assert await read_body(Client(b"ab", b"", b"cd"), {}, MOST) == b"abcd"


async def test_body_may_be_empty() -> None:
    """No byte is a body too."""
    assert await read_body(Client(b""), {}, MOST) == b""


@pytest.mark.parametrize("pieces", [[b"x" * MOST], [b"x" * 400, b"x" * 600]])
async def test_body_of_the_largest_size_is_taken(pieces: Sequence[bytes]) -> None:
    """The bound itself is allowed."""
    assert len(await read_body(Client(*pieces), {}, MOST)) == MOST


async def test_one_byte_too_many_is_413() -> None:
    """One above the bound is not."""
    with pytest.raises(CallerError) as refused:
        await read_body(Client(b"x" * 600, b"x" * 401), {}, MOST)
    assert refused.value.code is Code.REQUEST_TOO_LARGE
    assert refused.value.status == 413


async def test_announced_length_above_the_bound_is_413_before_a_byte_is_read() -> None:
    """40 MiB that are announced are refused on the announcement."""
    client = Client(b"x")
    with pytest.raises(CallerError) as refused:
        await read_body(client, {b"content-length": b"41943040"}, 33_554_432)
    assert refused.value.code is Code.REQUEST_TOO_LARGE
    assert "33554432" in refused.value.message
    assert client.taken == 0


async def test_unannounced_body_is_read_no_further_than_the_bound() -> None:
    """A chunked body stops being read at the piece that is too much."""
    client = Client(*[b"x" * 100] * 100)
    with pytest.raises(CallerError):
        await read_body(client, {}, MOST)
    assert client.taken == 11


async def test_length_that_is_no_number_changes_nothing() -> None:
    """What is counted is what comes."""
    assert await read_body(Client(b"ab"), {b"content-length": b"many"}, MOST) == b"ab"


async def test_client_that_leaves_half_way_is_told_apart() -> None:
    """There is nobody left to answer."""
    with pytest.raises(ClientLeft):
        await read_body(Client(b"half", leaves=True), {}, MOST)


@pytest.mark.parametrize("coding", [b"gzip", b"GZIP", b" x-gzip ", b"deflate"])
async def test_compressed_body_is_unpacked(coding: bytes) -> None:
    """Gzip and deflate are undone, however their names are written."""
    text = b'{"model":"a"}' * 20
    packed = zlib.compress(text) if coding == b"deflate" else gzip.compress(text)
    pieces = [packed[:10], packed[10:]]
    assert await read_body(Client(*pieces), {b"content-encoding": coding}, MOST) == text


@pytest.mark.parametrize("coding", [b"br", b"zstd", b"compress", b"gzip, gzip", b"*", b"", b"\xff"])
async def test_other_codings_are_415(coding: bytes) -> None:
    """What cannot be undone is refused by name, before a byte is read."""
    client = Client(b"x")
    with pytest.raises(CallerError) as refused:
        await read_body(client, {b"content-encoding": coding}, MOST)
    assert refused.value.code is Code.UNSUPPORTED_MEDIA_TYPE
    assert client.taken == 0


@pytest.mark.parametrize("layers", [1, 2])
async def test_bomb_is_413_before_it_unfolds(layers: int) -> None:
    """A few kilobytes that stand for gigabytes are never unpacked beyond the bound."""
    packed = gzip.compress(b"\0" * 50_000_000, 9)
    if layers == 2:
        packed = packed * 20
    with pytest.raises(CallerError) as refused:
        await read_body(Client(packed), {b"content-encoding": b"gzip"}, 1_000_000)
    assert refused.value.code is Code.REQUEST_TOO_LARGE


@pytest.mark.parametrize(
    "packed",
    [
        pytest.param(gzip.compress(b"x" * 100)[:-3], id="cut off"),
        pytest.param(gzip.compress(b"x" * 100) + b"tail", id="with a tail"),
        pytest.param(gzip.compress(b"x") + gzip.compress(b"y"), id="two members"),
        pytest.param(b"not packed at all", id="not packed"),
        pytest.param(gzip.compress(b"x" * 100)[:-8] + b"\0" * 8, id="wrong checksum"),
        pytest.param(b"", id="empty"),
    ],
)
async def test_broken_compression_is_400(packed: bytes) -> None:
    """Half a body is never taken for a whole one."""
    with pytest.raises(CallerError) as refused:
        await read_body(Client(packed), {b"content-encoding": b"gzip"}, MOST)
    assert refused.value.code is Code.INVALID_REQUEST_ERROR
    assert refused.value.status == 400


async def test_packed_size_counts_too() -> None:
    """Something that does not shrink is bounded as it comes."""
    with pytest.raises(CallerError) as refused:
        await read_body(Client(b"x" * (MOST + 1)), {b"content-encoding": b"gzip"}, MOST)
    assert refused.value.code is Code.REQUEST_TOO_LARGE
