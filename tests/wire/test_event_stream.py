"""AWS event stream framing: messages out of bytes, whatever the cuts, and breaks that are told."""

import struct
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.event_stream import error, frame, message
from fakes.recorded import Recording, each
from tollhouse.wire.event_stream import MAX_MESSAGE, Frame, FrameReader, Kind

EVERY_TYPE = message(
    {
        "true": True,
        "false": False,
        "byte": (2, b"\x07"),
        "short": (3, b"\x00\x07"),
        "integer": (4, b"\x00" * 4),
        "long": (5, b"\x00" * 8),
        "bytes": b"\xff\x00",
        ":event-type": "métadonnées",
        "timestamp": (8, b"\x00" * 8),
        "uuid": (9, b"\x00" * 16),
        ":message-type": "event",
    },
    b"{}",
)
STREAM = (
    frame("messageStart", b'{"role":"assistant"}')
    + EVERY_TYPE
    + frame("contentBlockDelta", '{"delta":{"text":"çà ☀"}}'.encode())
    + frame("throttlingException", b'{"message":"slow down"}', "exception")
    + error("InternalError", 'it "broke"')
    + frame("messageStop", b"")
)
FRAMES = [
    Frame(Kind.EVENT, "messageStart", b'{"role":"assistant"}'),
    Frame(Kind.EVENT, "métadonnées", b"{}"),
    Frame(Kind.EVENT, "contentBlockDelta", '{"delta":{"text":"çà ☀"}}'.encode()),
    Frame(Kind.EXCEPTION, "throttlingException", b'{"message":"slow down"}'),
    Frame(Kind.ERROR, "InternalError", b'{"message":"it \\"broke\\""}'),
    Frame(Kind.EVENT, "messageStop", b""),
]


def resealed(data: bytes) -> bytes:
    """A message with its checksums worked out anew."""
    data = data[:8] + struct.pack(">I", crc32(data[:8])) + data[12:-4]
    return data + struct.pack(">I", crc32(data))


def with_headers(written: bytes) -> bytes:
    """A message with header bytes of one's own."""
    head = struct.pack(">II", 16 + len(written), len(written))
    return resealed(head + bytes(4) + written + bytes(4))


def test_a_stream_is_cut_into_its_messages() -> None:
    """Events, exceptions and errors, with headers of every type."""
    reader = FrameReader()
    assert reader.feed(STREAM) == FRAMES
    assert (reader.broken, reader.is_inside) == (None, False)


def test_the_cuts_of_the_bytes_do_not_matter() -> None:
    """Byte by byte, and cut in two at every point, the frames are the same."""
    reader = FrameReader()
    assert [one for byte in STREAM for one in reader.feed(bytes((byte,)))] == FRAMES
    for cut in range(len(STREAM) + 1):
        reader = FrameReader()
        assert reader.feed(STREAM[:cut]) + reader.feed(STREAM[cut:]) == FRAMES


def test_a_message_that_has_not_ended_is_told() -> None:
    """So that a body cut short is not taken for a whole one."""
    reader = FrameReader()
    assert reader.feed(STREAM[:-1]) == FRAMES[:-1]
    assert reader.is_inside


BROKEN = {
    "the checksum of a prelude is wrong": [b"HTTP/1.1 502 Bad Gateway", b"<html><head></head>"],
    "a message is too large": [
        resealed(struct.pack(">II", MAX_MESSAGE + 1, 0) + bytes(8)),
        resealed(struct.pack(">II", 1 << 20, (128 << 10) + 1) + bytes(8)),
    ],
    "a message is shorter than its headers": [
        resealed(struct.pack(">II", 15, 0) + bytes(8)),
        resealed(struct.pack(">II", 20, 5) + bytes(12)),
    ],
    "the checksum of a message is wrong": [STREAM[:40] + b"?" + STREAM[41:]],
    "a message does not say what it is": [
        message({":event-type": "x"}, b"{}"),
        message({":message-type": "telegram"}),
        message({":message-type": b"event"}),
    ],
    "a header is of no known type": [message({"x": (10, b"abc")})],
    "a header is longer than all of them": [
        with_headers(b"\x01x\x05\x00"),
        with_headers(b"\x01x\x07\x00\x09short"),
    ],
    "a header cannot be read": [
        with_headers(b"\x09x"),
        with_headers(b"\x01x\x07\x00"),
        with_headers(b"\x01\xff\x00"),
        message({"x": (7, b"\x00\x01\xff")}),
    ],
}


@pytest.mark.parametrize(
    ("reason", "data"), [(reason, data) for reason, several in BROKEN.items() for data in several]
)
def test_broken_framing_is_told_and_is_for_good(reason: str, data: bytes) -> None:
    """With its reason; what was sound before it is given, nothing after it, whatever the cuts."""
    reader = FrameReader()
    assert reader.feed(EVERY_TYPE + data) == [FRAMES[1]]
    assert reader.broken == reason
    assert reader.feed(EVERY_TYPE) == []
    reader = FrameReader()
    assert [f for byte in EVERY_TYPE + data for f in reader.feed(bytes((byte,)))] == [FRAMES[1]]
    assert reader.broken == reason


def test_a_large_message_in_small_pieces_is_not_copied_for_each() -> None:
    """16 MB in pieces of 4 kB are looked at when they are complete."""
    payload = b"x" * (16 << 20)
    data = frame("chunk", payload)
    reader = FrameReader()
    found = [one for at in range(0, len(data), 4096) for one in reader.feed(data[at : at + 4096])]
    assert found == [Frame(Kind.EVENT, "chunk", payload)]


def test_headers_of_ever_new_kinds_are_not_kept_for_ever() -> None:
    """What is remembered of them is bounded."""
    reader = FrameReader()
    for number in range(1000):
        assert reader.feed(frame(str(number), b""))[0].name == str(number)
    assert len(reader._heads) <= 64


@given(st.lists(st.binary(max_size=64), max_size=6), st.integers(0, len(STREAM)))
@settings(max_examples=150, deadline=None)
def test_any_bytes_end_in_frames_or_in_a_break(pieces: list[bytes], cut: int) -> None:
    """Nothing raises, and the whole gives what its pieces give."""
    whole, cutting = FrameReader(), FrameReader()
    frames = [one for piece in (STREAM[:cut], *pieces) for one in cutting.feed(piece)]
    assert whole.feed(STREAM[:cut] + b"".join(pieces)) == frames
    assert whole.broken == cutting.broken


@pytest.mark.parametrize(
    "recording",
    [
        one
        for one in each("bedrock-converse-stream")
        if one.values[0] is None or one.values[0].is_answer
    ],
)
def test_recorded_streams_are_read_to_their_end(recording: Recording) -> None:
    """Each begins with ``messageStart`` and ends with ``metadata``."""
    reader = FrameReader()
    names = [one.name for one in reader.feed(recording.body)]
    assert (names[0], names[-1]) == ("messageStart", "metadata")
    assert (reader.broken, reader.is_inside) == (None, False)
