"""Reads HTTP/1.1 answers: bytes in; head, content and end out, or what is wrong with them.

Theory of operation. One reader reads the answers of one connection, one after the other. ``begin``
is called for each; then bytes are fed until ``complete`` or ``bad`` says that it is over. An answer
is interim heads (1xx, forgotten), a head, content and an end; content collects in ``pieces`` until
it is taken. No socket, no clock, no wait in here.

The framing is llhttp's, in its strict mode, and then some: whoever reads a message otherwise than
the next reader down the line lets bytes of one caller become the answer of another (RFC 9112,
11.2). What llhttp lets through and we do not:

- transfer codings but plain ``chunked``, said once; versions but 1.0 and 1.1; statuses below 100;
- lengths of more than 20 digits; interim answers with a body; a change of protocol;
- blank lines before a head, control characters after a status;
- heads, trailers and chunk extensions without bound.

Bytes beyond the end of an answer belong to nobody, and only end the use of its connection.
"""

import re
from typing import Final

import httptools

MAX_FRAMING: Final = 128 * 1024
"""Bytes of head, trailers or chunk extensions that may come without a byte of content."""
MAX_HEADERS: Final = 200

_FIRST: Final = ord("H")
_CLASS: Final = len("HTTP/1.1 ")
_INTERIM: Final = ord("1")
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_LOWEST: Final = 100
_SWITCHING: Final = 101
_FINAL: Final = 200
_LENGTH_DIGITS: Final = 20
_VERSIONS: Final = frozenset({"1.0", "1.1"})
_NO_BODY: Final = frozenset({204, 304})
_BARE: Final = frozenset({100, 102, 103})
"""Interim statuses after which llhttp expects no body whatever their headers say."""


class AnswerReader:
    """The answers of one connection; between them it is ``complete``."""

    __slots__ = (
        "_between",
        "_bodiless",
        "_final",
        "_framing",
        "_parser",
        "_until_close",
        "bad",
        "buffered",
        "complete",
        "head_done",
        "headers",
        "keep_alive",
        "pieces",
        "status",
    )

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self.pieces: list[bytes] = []
        """Content that nobody has taken yet."""
        self.begin()
        self.complete = True

    def begin(self, *, bodiless: bool = False) -> None:
        """Expect an answer; ``bodiless`` when it is to a HEAD request."""
        self._bodiless = bodiless
        self._between = True
        self._final = False
        self._framing = 0
        self._until_close = False
        self.pieces.clear()
        self.buffered = 0
        """Bytes in ``pieces``."""
        self.status = 0
        self.headers: dict[str, str] = {}
        """Names in lower case; the last of equal names wins."""
        self.head_done = False
        self.complete = False
        """Whether the answer has arrived to its proper end."""
        self.bad: str | None = None
        """Why this is no answer, in words that hold nothing of it."""
        self.keep_alive = False
        """Whether, once complete, the connection may carry another exchange."""

    def feed(self, data: bytes) -> None:
        """Read some more, not empty; a no-op once something was found to be bad."""
        if not self._final and self._between and len(data) > _CLASS:
            self._final = data[0] == _FIRST and data[_CLASS] != _INTERIM
        if self._final:
            self._feed(data)
            return
        # llhttp skips blank lines before a head. So that they are seen, what may be or follow an
        # interim answer is read line by line.
        for line in data.splitlines(keepends=True):
            if self._between and line[0] != _FIRST:
                self._refuse("the answer is not HTTP")
            self._feed(line)

    def _feed(self, data: bytes) -> None:
        if self.bad is not None:
            return
        self._framing += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._refuse("the answer is not HTTP")
        if self._framing > MAX_FRAMING:
            self._refuse("the answer's head or framing is too large")

    def eof(self) -> None:
        """The provider will send no more, which is the end of an answer that has no other."""
        if self._until_close and self.bad is None:
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

    def on_status(self, status: bytes) -> None:
        """The words after the status, which nobody reads."""
        if status != b"OK" and _CONTROL.search(status):
            raise self._unreadable("the answer's status line is none")

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer, which has no meaning here."""
        if self.head_done:
            return
        headers = self.headers
        key = name.decode("latin-1").lower()
        if key == "transfer-encoding":
            # llhttp forgives spaces after the coding, and takes it with a tab for another one.
            if key in headers or value.rstrip(b" ").lower() != b"chunked":
                raise self._unreadable("the answer's transfer coding is not known")
            value = b"chunked"
        headers[key] = value.decode("latin-1").rstrip(" \t")
        if len(headers) > MAX_HEADERS:
            raise self._unreadable("the answer has too many headers")

    def on_headers_complete(self) -> None:
        """The head is there."""
        parser = self._parser
        headers = self.headers
        status = parser.get_status_code()
        version = parser.get_http_version()
        length = headers.get("content-length")
        chunked = "transfer-encoding" in headers
        if version not in _VERSIONS:
            raise self._unreadable("the answer's HTTP version is not known")
        if length is not None and len(length) > _LENGTH_DIGITS:
            raise self._unreadable("the answer's length is none")
        if status < _FINAL:
            self._interim(status, body=chunked or length is not None)
            return
        self.status = status
        self.head_done = True
        self._framing = 0
        if self._bodiless:
            # llhttp would go on to a body; a request that has none is too rare to teach it.
            self.complete = True
            raise self._unreadable("nothing follows a head without a body")
        self._until_close = not chunked and length is None and status not in _NO_BODY
        self.keep_alive = version == "1.1" and not self._until_close and parser.should_keep_alive()

    def _interim(self, status: int, *, body: bool) -> None:
        if status < _LOWEST:
            raise self._unreadable("the answer's status is none")
        if status == _SWITCHING:
            raise self._unreadable("the provider changed protocols")
        if body and status not in _BARE:
            raise self._unreadable("an interim answer has a body")
        self.headers.clear()

    def on_body(self, data: bytes) -> None:
        """Content."""
        self.pieces.append(data)
        self.buffered += len(data)
        self._framing = 0

    def on_message_complete(self) -> None:
        """The message has ended; an interim one has only begun the wait for the real one."""
        if self.head_done:
            # A trailer may still have said that the connection closes.
            self.keep_alive = self.keep_alive and self._parser.should_keep_alive()
            self.complete = True
        else:
            self._between = True

    def _unreadable(self, why: str) -> ValueError:
        self._refuse(why)
        return ValueError(why)
