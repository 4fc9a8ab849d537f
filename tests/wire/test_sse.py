"""Frames cut from bytes, whatever the line ends and however the bytes arrive."""

import time
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.slowness import in_time
from tollhouse.wire import sse
from tollhouse.wire.sse import FrameSplitter, FrameTooLarge, data_of, name_of, with_data

ODD_TEXT = "日本🙂ь \u2028 \u2029 \x85 \u0085\u000b\u000c\x1c"
"""Letters of 1 to 4 bytes, and what Unicode calls a line end and the standard does not."""

STREAMS = {
    "LF": b"data: a\n\ndata: b\n\n",
    "CRLF": b"data: a\r\n\r\ndata: b\r\n\r\n",
    "CR": b"data: a\r\rdata: b\r\rdata: c\r\r",
    "mixed": b"data: a\n\r\ndata: b\r\n\ndata: c\r\rdata: d\n\rdata: e\r\r\ndata: f\n\n",
    "blank lines": b"\n\n\n\ndata: a\n\n\ndata: b\n\n\n",
    "one line end too many": b"data: a\n\n\n",
    "comments": b": hi\n\n: PROCESSING\n\ndata: a\n\n:\n\n",
    "fields": b"event: x\nid: 1\nretry: 10\ndata: a\n\n",
    "BOM": b"\xef\xbb\xbfdata: a\n\ndata: b\n\n",
    "odd text": f"data: {ODD_TEXT}\n\ndata: x{ODD_TEXT}\r\n\r\n".encode(),
    "no end": b"data: a\n\ndata: b",
    "one line end": b"data: a\n\ndata: b\n",
    "nothing": b"",
}


def cut(pieces: Sequence[bytes]) -> tuple[list[bytes], bytes]:
    """The frames of a stream that arrives in pieces, and its rest."""
    splitter = FrameSplitter()
    frames = [frame for piece in pieces for frame in splitter.feed(piece)]
    return frames, splitter.rest()


def bytewise(stream: bytes) -> list[bytes]:
    """A stream as single bytes."""
    return [stream[i : i + 1] for i in range(len(stream))]


@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
def test_frames_do_not_depend_on_how_the_bytes_arrive(stream: bytes) -> None:
    """Whole, byte by byte and at every split point, frames and rest are the same."""
    expected = cut([stream])
    assert cut(bytewise(stream)) == expected
    for i in range(len(stream) + 1):
        assert cut([stream[:i], stream[i:]]) == expected


@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
def test_no_byte_is_lost_or_made_up(stream: bytes) -> None:
    """Frames and rest together are the stream, but for blank lines that nothing follows."""
    frames, rest = cut([stream])
    assert (b"".join(frames) + rest).rstrip() == stream.rstrip()


@given(
    st.lists(
        st.sampled_from(
            [b"\n", b"\r", b"\r\n", b"data: ", b":", b"x", b"\xe2\x80\xa8", b"\xc2\x85"]
        ),
        max_size=24,
    ),
    st.data(),
)
@settings(max_examples=250, deadline=None)
def test_any_bytes_give_the_same_frames_in_any_pieces(
    parts: list[bytes], data: st.DataObject
) -> None:
    """Random line ends, cut at random points, give the same frames and lose nothing."""
    stream = b"".join(parts)
    marks = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    pieces = [stream[a:b] for a, b in zip([0, *marks], [*marks, len(stream)], strict=True)]
    frames, rest = cut(pieces)
    assert (frames, rest) == cut([stream])
    assert stream.startswith(b"".join(frames) + rest)


def test_a_frame_is_out_as_soon_as_its_blank_line_is_there() -> None:
    """Neither LF nor CRLF streams hold an event back until the next one."""
    for end in (b"\n\n", b"\r\n\r\n"):
        splitter = FrameSplitter()
        assert splitter.feed(b"data: a" + end) == [b"data: a" + end]
        assert splitter.feed(b"data: b" + end) == [b"data: b" + end]


def test_a_carriage_return_at_the_end_waits_for_its_line_feed() -> None:
    """A CR that is the last byte so far may be half of a CRLF, so it is no line end yet."""
    splitter = FrameSplitter()
    assert splitter.feed(b"data: a\r\n\r") == []
    assert splitter.feed(b"\ndata: b") == [b"data: a\r\n\r\n"]


@pytest.mark.parametrize("stream", [STREAMS["odd text"]])
def test_B01_letters_split_over_two_reads_stay_whole(stream: bytes) -> None:
    """Data is never decoded, so a letter of four bytes survives being cut anywhere."""
    frames, _ = cut(bytewise(stream))
    assert [(data_of(frame) or b"").decode() for frame in frames] == [ODD_TEXT, f"x{ODD_TEXT}"]


@pytest.mark.parametrize("odd", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c"])
def test_B02_only_LF_and_CR_end_a_line(odd: str) -> None:
    """What else Unicode calls a line end is content."""
    (frame,) = FrameSplitter().feed(f'data: {{"a":"x{odd}y"}}\n\n'.encode())
    assert data_of(frame) == f'{{"a":"x{odd}y"}}'.encode()


def test_events_over_64_KiB_are_whole() -> None:
    """A frame of a megabyte is one frame, in pieces of any size."""
    stream = b"data: " + b"x" * 1_000_000 + b"\n\n"
    pieces = [stream[i : i + 65536] for i in range(0, len(stream), 65536)]
    assert cut(pieces) == ([stream], b"")


def test_a_large_event_in_tiny_pieces_takes_time_in_proportion() -> None:
    """Single bytes are taken in without going over the whole buffer for each."""
    splitter = FrameSplitter()
    splitter.feed(b"data: " + b"x" * 1_000_000)
    began = time.perf_counter()
    for _ in range(100_000):
        splitter.feed(b"x")
    in_time(time.perf_counter() - began, 4)
    assert len(splitter.feed(b"\n\n")) == 1


def test_an_event_without_an_end_is_refused() -> None:
    """The buffer is bounded, whichever way it is filled."""
    with pytest.raises(FrameTooLarge):
        FrameSplitter().feed(b"x" * (sse.MAX_FRAME + 1))
    with pytest.raises(FrameTooLarge):
        FrameSplitter().feed(b"data: a\n\n" + b"x" * (sse.MAX_FRAME + 1) + b"\n")
    splitter = FrameSplitter()
    splitter.feed(b"x" * sse.MAX_FRAME)
    with pytest.raises(FrameTooLarge):
        splitter.feed(b"x")


@pytest.mark.parametrize(
    ("frame", "data"),
    [
        (b"data: a\n\n", b"a"),
        (b"data:a\n\n", b"a"),
        (b"data:  a \n\n", b" a "),
        (b"data: a\r\n\r\n", b"a"),
        (b"data: a\r\r", b"a"),
        (b"data: a\ndata: b\n\n", b"a\nb"),
        (b"data: a\rdata: b\n\n", b"a\nb"),
        (b"data: a\r\ndata:b\n\n", b"a\nb"),
        (b"data: a\nid: 3\ndata: b\n\n", b"a\nb"),
        (b"event: e\ndata: a\n\n", b"a"),
        (b"event: e\rdata: a\n\n", b"a"),
        (b"id: 1\nevent: e\ndata: a\n\n", b"a"),
        (b"retry: 5\ndata: a\n\n", b"a"),
        (b": hi\ndata: a\n\n", b"a"),
        (b"\xef\xbb\xbfdata: a\n\n", b"a"),
        (b"\xef\xbb\xbfevent: e\ndata: a\n\n", b"a"),
        (b"\ndata: a\n\n", b"a"),
        (b"data\n\n", b""),
        (b"data:\n\n", b""),
        (b"data: \n\n", b""),
        (b"data: a: b\n\n", b"a: b"),
        (b"event: data: a\n\n", None),
        (b"datax: a\n\n", None),
        (b"xdata: a\n\n", None),
        (b" data: a\n\n", None),
        (b"\xbfdata: a\n\n", None),
        (b": data: a\n\n", None),
        (b"event: e\n\n", None),
        (b"\n\n", None),
        (b"", None),
    ],
)
def test_data_is_what_the_standard_says(frame: bytes, data: bytes | None) -> None:
    """Data lines are joined by LF; one space is taken off; other fields are none."""
    assert data_of(frame) == data


@pytest.mark.parametrize(
    ("frame", "name"),
    [
        (b"event: error\ndata: a\n\n", b"error"),
        (b"event:error\r\ndata: a\r\n\r\n", b"error"),
        (b"data: a\nevent: error\n\n", b"error"),
        (b"event: a\nevent: b\ndata: x\n\n", b"b"),
        (b"data: event: error\n\n", None),
        (b'data: {"a":"event: error"}\n\n', None),
        (b": event: error\n\n", None),
    ],
)
def test_the_name_is_the_last_event_field(frame: bytes, name: bytes | None) -> None:
    """Text that merely looks like a name is none."""
    assert name_of(frame) == name


@pytest.mark.parametrize(
    ("frame", "edited"),
    [
        (b"data: a\n\n", b"data: NEW\n\n"),
        (b"data:a\n\n", b"data: NEW\n\n"),
        (b"event: e\ndata: a\n\n", b"event: e\ndata: NEW\n\n"),
        (b"data: a\r\n\r\n", b"data: NEW\n\n"),
        (b"data: a\ndata: b\n\n", b"data: NEW\n\n"),
        (b"data: a\rdata: b\n\n", b"data: NEW\n\n"),
        (b": hi\nid: 1\ndata: a\ndata: b\n\n", b": hi\nid: 1\ndata: NEW\n\n"),
        (b"\xef\xbb\xbfdata: a\n\n", b"data: NEW\n\n"),
        (b"database: 1\ndata: a\n\n", b"database: 1\ndata: NEW\n\n"),
    ],
)
def test_other_data_leaves_the_other_fields(frame: bytes, edited: bytes) -> None:
    """A frame with new data holds it once, and keeps its comments and fields."""
    assert with_data(frame, b"NEW") == edited
    assert data_of(edited) == b"NEW"


@pytest.mark.parametrize(
    ("frame", "left"),
    [
        (b": hi\n\n", b": hi\n\n"),
        (b": hi\r\n: ho\r\n\r\n", b": hi\r\n: ho\r\n\r\n"),
        (b"\n\n", b"\n\n"),
        (b"event: ping\n\n", b""),
        (b"retry: 3000\n\n", b""),
        (b"id: 7\n: hi\n\n", b": hi\n\n"),
    ],
)
def test_B07_a_frame_without_data_keeps_only_its_comments(frame: bytes, left: bytes) -> None:
    """SDKs dispatch fields without data and fail on them; comments they ignore."""
    assert sse.without_fields(frame) == left


def test_new_frames_are_frames() -> None:
    """What is written is read back."""
    assert sse.event(b"a") == b"data: a\n\n"
    frame = sse.event(b"a", b"error")
    assert FrameSplitter().feed(frame) == [frame]
    assert (name_of(frame), data_of(frame)) == (b"error", b"a")


def test_B07_the_keep_alive_is_a_pure_comment() -> None:
    """It has no field that a client could take for an event."""
    assert data_of(sse.COMMENT) is None
    assert sse.without_fields(sse.COMMENT) == sse.COMMENT


@pytest.mark.parametrize("frame", [b"data: a\n\n", b"event: x\ndata: a\n\n", b"id: 1\rdata: a\r\r"])
def test_data_on_several_lines_stays_one_event(frame: bytes) -> None:
    """Each of its lines is a line of data, so that nothing of it is lost."""
    data = b'{"a":\n1,\n"b":2}'
    edited = with_data(frame, data)
    assert cut([edited]) == ([edited], b"")
    assert data_of(edited) == data
    assert data_of(sse.event(data, b"x")) == data


def test_nothing_is_kept_of_what_is_too_large() -> None:
    """Whoever goes on feeding makes it hold no more than before."""
    splitter = FrameSplitter()
    with pytest.raises(FrameTooLarge):
        splitter.feed(b"data: " + b"a" * sse.MAX_FRAME)
    assert splitter.rest() == b""
