"""Reading answers without a socket: any cutting, every framing, and what may follow."""

from itertools import pairwise

import pytest

from fakes.answer_streams import wire_answer
from tollhouse.upstream.answer_reader import MAX_FRAMING, AnswerReader

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n"
Outcome = tuple[int, dict[str, str], bytes, bool, bool] | None


def fed(reader: AnswerReader, *pieces: bytes, ended: bool = False) -> AnswerReader:
    """The reader after an answer in these pieces."""
    reader.begin()
    for piece in pieces:
        reader.feed(piece)
    if ended:
        reader.eof()
    return reader


def outcome(*pieces: bytes) -> Outcome:
    """What an answer in these pieces, and an end of the connection after it, comes to."""
    reader = fed(AnswerReader(), *[piece for piece in pieces if piece], ended=True)
    if reader.bad is not None:
        return None
    body = b"".join(reader.pieces)
    return reader.status, dict(reader.headers), body, reader.complete, reader.keep_alive


@pytest.mark.parametrize("number", range(300))
def test_any_cutting_reads_the_same(number: int) -> None:
    """Whole, byte by byte and cut in two at any point: the same answer, or none."""
    data = wire_answer(number).whole[:1500]
    whole = outcome(data)
    assert outcome(*[data[at : at + 1] for at in range(len(data))]) == whole
    for at in range(1, len(data), 1 + len(data) // 100):
        assert outcome(data[:at], data[at:]) == whole, at


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", True),
        (b"HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n", True),
        (CHUNKED + b"0\r\n\r\n", True),
        (CHUNKED + b"0\r\nx: y\r\n\r\n", True),
        (CHUNKED + b"0\r\ntransfer-encoding: gzip\r\n\r\n", False),
        (HEAD + b"content-length: 0\r\nconnection: close\r\n\r\n", False),
        (HEAD + b"content-length: 0\r\nconnection: X, Close\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\ncontent-length: 0\r\nconnection: keep-alive\r\n\r\n", False),
        (HEAD + b"content-length: 0\r\n\r\nX", False),
        (HEAD + b"content-length: 0\r\n\r\nHTTP/1.1 200 OK\r\n", False),
        (HEAD + b"content-length: 0\r\n\r\n" + HEAD + b"content-length: 2\r\n\r\n{}", False),
        (HEAD + b"\r\nuntil close", False),
    ],
)
def test_connection_is_kept_only_when_all_is_clear(answer: bytes, kept: bool) -> None:  # noqa: FBT001 - a case
    """What says close, has no length, speaks 1.0 or is followed by anything is not used again."""
    reader = fed(AnswerReader(), answer, ended=True)
    assert (reader.complete, reader.bad, reader.keep_alive) == (True, None, kept)


@pytest.mark.parametrize(
    "framing",
    [
        b"content-length: 2\r\ntransfer-encoding: chunked",
        b"transfer-encoding: chunked\r\ncontent-length: 2",
        b"content-length: 2\r\nContent-Length: 2",
        b"transfer-encoding: chunked\r\nx: y\r\nTRANSFER-ENCODING: chunked",
        b"transfer-encoding: gzip, chunked",
        b"transfer-encoding: gzip",
        b"transfer-encoding: chunked\t",
        b"transfer-encoding:",
        b"content-length: " + b"2".zfill(21),
        b"content-length:\t" + b"2".zfill(21) + b" ",
    ],
)
@pytest.mark.parametrize("cut", [0, 20])
def test_framing_that_could_be_read_otherwise_is_refused(framing: bytes, cut: int) -> None:
    """Two framings, or an odd one, are no answer, however its head was cut."""
    for status in (b"200 OK", b"429 Too Many Requests", b"104 Early"):
        answer = b"HTTP/1.1 " + status + b"\r\n" + framing + b"\r\n\r\n{}"
        pieces = [piece for piece in (answer[:cut], answer[cut:]) if piece]
        reader = fed(AnswerReader(), *pieces)
        assert reader.bad is not None, status
        assert not reader.head_done


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: " + b"2".zfill(20) + b"   ",
        b"CONTENT-LENGTH:2",
        b"Transfer-Encoding: Chunked  ",
    ],
)
@pytest.mark.parametrize("cut", [0, 20])
def test_framing_may_be_said_in_any_case(framing: bytes, cut: int) -> None:
    """Letters' case and blanks around a value change nothing."""
    body = b"2\r\n{}\r\n0\r\n\r\n" if b"Chunked" in framing else b"{}"
    answer = HEAD + framing + b"\r\nContent-Type: text/plain \t\r\n\r\n" + body
    reader = fed(AnswerReader(), *[piece for piece in (answer[:cut], answer[cut:]) if piece])
    assert (reader.complete, reader.keep_alive, reader.content_type) == (True, True, "text/plain")
    assert reader.take() == b"{}"


def test_what_follows_an_answer_is_not_in_it() -> None:
    """A second answer in the same bytes changes neither the head nor the body of the first."""
    stray = b"HTTP/1.1 500 No\r\ncontent-length: 5\r\nx: y\r\n\r\nSTRAY"
    reader = fed(AnswerReader(), HEAD + b"content-length: 2\r\n\r\n{}" + stray)
    assert (reader.status, reader.take()) == (200, b"{}")
    assert dict(reader.headers) == {"content-length": "2"}


def test_one_reader_reads_answer_after_answer() -> None:
    """Nothing of an answer is left in the next one."""
    reader = AnswerReader()
    for number in range(3):
        body = b"x" * number
        answer = b"HTTP/1.1 20%d OK\r\nx-%d: y\r\ncontent-length: %d\r\n\r\n%b"
        fed(reader, answer % (number, number, number, body))
        assert reader.status == 200 + number
        assert set(reader.headers) == {f"x-{number}", "content-length"}
        assert b"".join(reader.pieces) == body


@pytest.mark.parametrize(
    "head",
    [b"content-length: 5\r\n\r\n", b"transfer-encoding: chunked\r\n\r\n", b"\r\n"],
)
@pytest.mark.parametrize("more", [b"", b"hello"])
def test_answer_to_head_ends_with_its_head(head: bytes, more: bytes) -> None:
    """The answer to a HEAD request has no body whatever its length says, and is the last one."""
    reader = AnswerReader()
    reader.begin(bodiless=True)
    reader.feed(HEAD + head + more)
    assert (reader.complete, reader.pieces, reader.keep_alive) == (True, [], False)


@pytest.mark.parametrize(
    ("interim", "read"),
    [
        (b"HTTP/1.1 100 Continue\r\n\r\n", True),
        (b"HTTP/1.1 104 Whatever\r\nx: y\r\n\r\n", True),
        (b"HTTP/1.1 103 Early Hints\r\ncontent-length: 0\r\n\r\n", True),
        (b"HTTP/1.1 104 Whatever\r\ncontent-length: 5\r\n\r\nhello", False),
        (b"HTTP/1.1 104 Whatever\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", False),
        (b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", False),
        (b"HTTP/1.1 099 Low\r\n\r\n", False),
    ],
)
def test_interim_answers_have_no_body(interim: bytes, read: bool) -> None:  # noqa: FBT001 - a case
    """An interim answer leaves nothing behind; one that has a body is none."""
    reader = fed(AnswerReader(), interim + HEAD + b"content-length: 2\r\n\r\n{}")
    assert (reader.bad is None) is read
    if read:
        assert dict(reader.headers) == {"content-length": "2"}
        assert reader.take() == b"{}"


ENDLESS = {
    "a header": (HEAD + b"x: ", b"y" * 1000),
    "headers": (HEAD, b"x: " + b"y" * 1000 + b"\r\n"),
    "interim answers": (b"HTTP/1.1 103 Early Hints\r\n\r\n", b"HTTP/1.1 103 No\r\n\r\n" * 30),
    "a reason": (b"HTTP/1.1 200 ", b"O" * 1000),
    "zeros of a chunk size": (CHUNKED, b"0" * 1000),
    "a chunk extension": (CHUNKED + b"5", b";a=b" * 250),
    "a quoted chunk extension": (CHUNKED + b'5;a="', b"b" * 1000),
    "a trailer": (CHUNKED + b"0\r\nx: ", b"y" * 1000),
    "trailers": (CHUNKED + b"0\r\n", b"x: " + b"y" * 1000 + b"\r\n"),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_framing_is_bounded(name: str) -> None:
    """What never comes to content is given up at the bound."""
    start, more = ENDLESS[name]
    reader = fed(AnswerReader(), start)
    size = len(start)
    while reader.bad is None:
        reader.feed(more)
        size += len(more)
        assert size < MAX_FRAMING + 2000
    assert size > MAX_FRAMING


def test_content_is_counted_until_it_is_taken() -> None:
    """``buffered`` is what waits, so that whoever feeds knows when to stop."""
    reader = fed(AnswerReader(), HEAD + b"content-length: 9\r\n\r\nab", b"cde")
    assert reader.buffered == 5
    assert reader.take() == b"abcde"
    assert reader.buffered == 0
    reader.feed(b"fghi")
    assert (reader.take(), reader.complete) == (b"fghi", True)


def test_pieces_are_handed_on_as_they_come() -> None:
    """Content is there as soon as its bytes are, whatever of its framing is missing."""
    reader = AnswerReader()
    reader.begin()
    wire = CHUNKED + b"5\r\nhello\r\n0\r\n\r\n"
    seen = []
    for start, end in pairwise([0, len(CHUNKED), len(CHUNKED) + 5, len(wire)]):
        reader.feed(wire[start:end])
        seen.append(reader.take() if reader.pieces else b"")
    assert seen == [b"", b"he", b"llo"]
