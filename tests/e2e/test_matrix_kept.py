"""How the matrix keeps what it sees: nothing that a client would stumble on goes unseen."""

import base64
import struct
import zlib

import httpx
import pytest

from e2e.matrix import answered, plain
from e2e.matrix_asks import PIXEL
from tollhouse.core.dialect import Dialect

ONE, OTHER = "0199e7c2-0000-7000-8000-00000000000a", "0199e7c2-0000-7000-8000-00000000000b"


def test_the_picture_is_a_png_of_one_pixel() -> None:
    """Every chunk is whole, by its own check sum, from the header to the end."""
    data = base64.b64decode(PIXEL, validate=True)
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    at, chunks = 8, {}
    while at < len(data):
        (size,) = struct.unpack(">I", data[at : at + 4])
        kind, content = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        (told,) = struct.unpack(">I", data[at + 8 + size : at + 12 + size])
        assert told == zlib.crc32(kind + content)
        chunks[kind] = content
        at += size + 12
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    assert chunks[b"IHDR"] == struct.pack(">IIBBBBB", 1, 1, 8, 6, 0, 0, 0)
    assert len(zlib.decompress(chunks[b"IDAT"])) == 1 + 4


@pytest.mark.parametrize(
    ("client", "names"),
    [
        (Dialect.CHAT, b"event: a\n"),
        (Dialect.RESPONSES, b""),
        (Dialect.RESPONSES, b"event: b\n"),
        (Dialect.MESSAGES, b""),
        (Dialect.MESSAGES, b"event: b\n"),
    ],
)
def test_an_event_that_its_client_would_pass_over_does_not_pass(
    client: Dialect, names: bytes
) -> None:
    """Its name is its type; in chat there is none."""
    own = b"" if client is Dialect.CHAT else b"event: a\n"
    data = b'data: {"type":"a"}\n\n'
    assert answered(_stream(own + data), client) == [{"type": "a"}]
    with pytest.raises(AssertionError):
        answered(_stream(own + data + names + data), client)


def _stream(content: bytes) -> httpx.Response:
    return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=content)


def test_ids_are_numbered_as_they_are_met() -> None:
    """The same one has the same number wherever it stands."""
    told = {"id": f"chatcmpl-{OTHER}", "of": [f"msg_{ONE}_1", f"rs_{OTHER}", "chatcmpl-fake17"]}
    kept = {"id": "chatcmpl-<id1>", "of": ["msg_<id2>_1", "rs_<id1>", "chatcmpl-fake<id3>"]}
    assert plain(told) == kept
