"""Headers read from the bytes of a head when they are asked for: the same as llhttp reads in it."""

import contextlib

import httptools
import pytest

from fakes.answer_streams import wire_answer
from tollhouse.upstream.answer_headers import Headers
from tollhouse.upstream.answer_reader import AnswerReader

HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type:application/json \r\nX-A: 1\r\nx-a:\t2: b \t\r\n"
    b"x-empty:\r\nx-letters: \xe9\r\nTransfer-Encoding: CHUNKED  \r\n"
)


def test_headers_are_those_of_the_head() -> None:
    """Names are in lower case, the last of equal names wins, blanks around a value are not it."""
    assert dict(Headers(HEAD)) == {
        "content-type": "application/json",
        "x-a": "2: b",
        "x-empty": "",
        "x-letters": "é",
        "transfer-encoding": "chunked",
    }
    assert len(Headers(HEAD)) == 5


def test_one_header_is_what_it_is_among_all() -> None:
    """Asking for one gives the value that all of them together have."""
    headers = Headers(HEAD)
    assert {name: headers[name] for name in headers} == dict(headers)


@pytest.mark.parametrize("name", ["x-b", "X-A", "http/1.1 200 ok", "x-a:\t2", "", "x-letters: é"])
def test_what_is_no_name_has_no_value(name: str) -> None:
    """Only whole names in lower case are found."""
    assert name not in Headers(HEAD)
    assert Headers(HEAD).get(name, "none") == "none"


class Listener:
    """Takes the headers of an answer the way that llhttp hands them out."""

    def __init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.headers: dict[str, str] = {}
        self.done = False

    def on_message_begin(self) -> None:
        """A head follows, maybe an interim one."""
        if not self.done:
            self.headers = {}

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer."""
        if not self.done:
            self.headers[name.decode("latin-1").lower()] = value.decode("latin-1").rstrip(" \t")

    def on_headers_complete(self) -> None:
        """The head is there."""
        self.done = self.parser.get_status_code() >= 200


def test_generated_heads_are_read_as_llhttp_reads_them() -> None:
    """Whatever head is taken for sound, its headers are what llhttp would have handed out."""
    heads = 0
    for number in range(1500):
        data = wire_answer(number).whole
        reader = AnswerReader()
        reader.begin()
        reader.feed(data)
        if not reader.head_done:
            continue
        heads += 1
        listener = Listener()
        with contextlib.suppress(httptools.HttpParserError):
            listener.parser.feed_data(data)
        expected = listener.headers
        if "transfer-encoding" in expected:
            expected["transfer-encoding"] = "chunked"
        assert dict(reader.headers) == expected, number
        assert reader.content_type == expected.get("content-type", ""), number
        assert reader.coded is ("content-encoding" in expected), number
    assert heads > 500
