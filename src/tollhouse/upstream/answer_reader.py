"""Reads HTTP/1.1 answers: bytes in; head, content and end out, or what is wrong with them.

Theory of operation. One reader reads the answers of one connection, one after the other. ``begin``
is called for each; then bytes are fed until ``complete`` or ``bad`` says that it is over. An answer
is interim heads (1xx, forgotten), a head, content and an end; content collects in ``pieces`` until
it is taken. No socket, no clock, no wait in here.

The framing is llhttp's, in its strict mode, and then some: whoever reads a message otherwise than
the next reader down the line lets bytes of one caller become the answer of another (RFC 9112,
11.2). What llhttp lets through and we do not, looked at when a head is whole:

- transfer codings but plain ``chunked``, said once; versions but 1.0 and 1.1; statuses below 100;
- lengths of more than 20 digits; interim answers with a body; a change of protocol;
- blank lines before a head, control characters after a status;
- heads, trailers and chunk extensions without bound.

llhttp is not asked for the headers, which would cost two strings and a call for each: it reads them
by its rules, and the bytes of a head that it found sound are kept for ``Headers``.

Bytes beyond the end of an answer belong to nobody, and only end the use of its connection.
"""

import re
from typing import Final

import httptools

from .answer_headers import Headers

MAX_FRAMING: Final = 128 * 1024
"""Bytes of head, trailers or chunk extensions that may come without a byte of content."""
MAX_HEADERS: Final = 200

_PLAIN: Final = b"HTTP/1.1 200 OK\r\n"
"""How nearly every head begins: with no interim one, and with a line that needs no look."""
_CURRENT: Final = b"HTTP/1.1 "
_VERSIONS: Final = (_CURRENT, b"HTTP/1.0 ")
_FIRST: Final = ord("H")
_MINOR: Final = len("HTTP/1.")
_ONE: Final = ord("1")
_END: Final = b"\r\n\r\n"
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_MUCH: Final = MAX_HEADERS * len("x:\r\n")
_LENGTH_DIGITS: Final = 20
_TELLING: Final = re.compile(
    rb"\n(content-(?:type|length|encoding)|transfer-encoding):[ \t]*([^\r]*)", re.IGNORECASE
)
"""The headers that are looked at here; what llhttp took for sound has them at a line's start."""
_LOWEST: Final = 100
_SWITCHING: Final = 101
_FINAL: Final = 200
_NO_BODY: Final = frozenset({204, 304})
_BARE: Final = frozenset({100, 102, 103})
"""Interim statuses after which llhttp expects no body whatever their headers say."""


class AnswerReader:
    """The answers of one connection; between them it is ``complete``."""

    __slots__ = (
        "_between",
        "_bodiless",
        "_framing",
        "_lines",
        "_parser",
        "_until_close",
        "bad",
        "buffered",
        "coded",
        "complete",
        "content_type",
        "head",
        "head_done",
        "keep_alive",
        "pieces",
        "status",
    )

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self.pieces: list[bytes] = []
        """Content that nobody has taken yet."""
        self.buffered = 0
        """Bytes in ``pieces``."""
        # What follows is the head's, and there once that is done.
        self.head = b""
        """The status line and the header lines as they came."""
        self.status = 0
        self.content_type = ""
        """As its header says, ``""`` where there is none."""
        self.coded = False
        """Whether there is a ``content-encoding``."""
        self._until_close = False
        self.begin()
        self.complete = True

    def begin(self, *, bodiless: bool = False) -> None:
        """Expect an answer; ``bodiless`` when it is to a HEAD request."""
        self._bodiless = bodiless
        self._between = True
        self._lines: list[bytes] | None = None
        self._framing = 0
        self.head = b""
        self.head_done = False
        self.complete = False
        """Whether the answer has arrived to its proper end."""
        self.bad: str | None = None
        """Why this is no answer, in words that hold nothing of it."""
        self.keep_alive = False
        """Whether, once complete, the connection may carry another exchange."""
        if self.pieces:
            self.pieces.clear()
            self.buffered = 0

    @property
    def headers(self) -> Headers:
        """Names in lower case; the last of equal names wins."""
        return Headers(self.head)

    def feed(self, data: bytes) -> None:
        """Read some more, not empty; a no-op once something was found to be bad."""
        if not self.head_done:
            if self.head or self._lines or not data.startswith(_PLAIN):
                self._feed_lines(data)
                return
            self.head = data
        if self.bad is None:
            self._feed(data)

    def _feed_lines(self, data: bytes) -> None:
        """Read part of a head, or one that something may come before or after.

        llhttp skips blank lines before a head. So that they are seen, what may be or follow an
        interim answer is read line by line.
        """
        if self.head:
            self._lines, self.head = [self.head], b""
        for line in data.splitlines(keepends=True):
            if self._between and line[0] != _FIRST:
                self._refuse("the answer is not HTTP")
            if self.bad is not None:
                return
            if not self.head_done:
                self._lines = self._lines or []
                self._lines.append(line)
            self._feed(line)

    def _feed(self, data: bytes) -> None:
        self._framing += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._refuse("the answer is not HTTP")
        if self._framing > MAX_FRAMING:
            self._refuse("the answer's head or framing is too large")

    def eof(self) -> None:
        """The provider will send no more, which is the end of an answer that has no other."""
        if self.head_done and self._until_close and self.bad is None:
            self.complete = True

    def take(self) -> bytes:
        """The content that has come; not to be called when there is none."""
        pieces = self.pieces
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        self.buffered = 0
        return data

    def release(self) -> None:
        """Nothing more will come: let go of the parser, which refers back to its reader."""
        del self._parser

    def _refuse(self, why: str) -> None:
        """Note what is wrong; after the end it concerns only what would have come next."""
        self.keep_alive = False
        if not self.complete:
            self.bad = self.bad or why

    # --- What llhttp calls; what is raised in here ends in ``feed`` ---

    def on_message_begin(self) -> None:
        """A message starts: the answer, after it nothing of ours."""
        if self.head_done:
            raise self._unreadable("something follows the answer")
        self._between = False

    def on_headers_complete(self) -> None:
        """The head is there."""
        raw = self.head
        plain = raw != b""
        if not plain:
            raw = b"".join(self._lines or ())
            self._lines = None
        # Without the blank line. Should llhttp ever take something else for one, there is no head.
        head = raw[: raw.find(_END) + 2]
        if not plain:
            self._look_at_status_line(head)
        if len(head) > _MUCH and head.count(b"\n") > MAX_HEADERS + 1:
            self._count_headers(head)
        framed = self._framed(head)
        status = self._parser.get_status_code()
        if status < _FINAL:
            self._interim(status, body=framed)
            return
        self.head = head
        self.status = status
        self.head_done = True
        self._framing = 0
        if self._bodiless:
            # llhttp would go on to a body; a request that has none is too rare to teach it.
            self.complete = True
            raise self._unreadable("nothing follows a head without a body")
        self._until_close = not framed and status not in _NO_BODY
        self.keep_alive = not self._until_close and head[_MINOR] == _ONE

    def _look_at_status_line(self, head: bytes) -> None:
        if not head.startswith(_VERSIONS):
            raise self._unreadable("the answer's HTTP version is not known")
        if _CONTROL.search(head, len(_CURRENT), head.index(b"\r\n")):
            raise self._unreadable("the answer's status line is none")

    def _count_headers(self, head: bytes) -> None:
        if len(Headers(head)) > MAX_HEADERS:
            raise self._unreadable("the answer has too many headers")

    def _framed(self, head: bytes) -> bool:
        """Whether a head tells where its content ends; what it must not say is raised."""
        self.coded = False
        self.content_type = ""
        told = 0
        for name, value in _TELLING.findall(head):
            match name.lower():
                case b"content-type":
                    self.content_type = value.decode("latin-1").rstrip(" \t")
                case b"content-encoding":
                    self.coded = True
                case b"content-length":
                    told += 1
                    if len(value) > _LENGTH_DIGITS < len(value.rstrip(b" \t")):
                        raise self._unreadable("the answer's length is none")
                case _:
                    told += 1
                    # llhttp forgives spaces after the coding; with a tab it is another one to it.
                    if value.rstrip(b" ").lower() != b"chunked":
                        raise self._unreadable("the answer's transfer coding is not known")
        if told > 1:
            raise self._unreadable("the answer's framing is told twice")
        return told > 0

    def _interim(self, status: int, *, body: bool) -> None:
        if status < _LOWEST:
            raise self._unreadable("the answer's status is none")
        if status == _SWITCHING:
            raise self._unreadable("the provider changed protocols")
        if body and status not in _BARE:
            raise self._unreadable("an interim answer has a body")

    def on_body(self, data: bytes) -> None:
        """Content."""
        self.pieces.append(data)
        self.buffered += len(data)
        self._framing = 0

    def on_message_complete(self) -> None:
        """The message has ended; an interim one has only begun the wait for the real one."""
        if self.head_done:
            # A trailer, too, may have said that the connection closes.
            self.keep_alive = self.keep_alive and self._parser.should_keep_alive()
            self.complete = True
        else:
            self._between = True

    def _unreadable(self, why: str) -> ValueError:
        self._refuse(why)
        return ValueError(why)
