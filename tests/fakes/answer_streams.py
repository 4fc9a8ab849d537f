"""Generated answers as they stand on the wire: sound, odd, broken, cut; each made from its number.

``wire_answer(n)`` is always the same for one ``n``, so that a failure names what to look at. A
third are sound, a third are odd in one place (legal or not), and a third are damaged bytes.
"""

import gzip
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

_NAMES = ("X-A", "x-a", "Content-Type", "Set-Cookie", "x-request-id", "Date", "X!#$%&'*+-.^_`|~9")
_VALUES = ("1", "application/json", "a b", "a, b;c=d", "é", "x" * 300, "\t tabs \t", "", '"q"')
_ODD_HEADERS = (
    b"x-folded: a\r\n b\r\n",
    b"x-folded: a\r\n\t\r\n",
    b"x-space : a\r\n",
    b"x y: a\r\n",
    b": nameless\r\n",
    b"colonless\r\n",
    b"x-nul: a\x00b\r\n",
    b"x-bell: a\x07b\r\n",
    b"x-delete: a\x7fb\r\n",
    b"x-return: a\rb\r\n",
    b"x-feed: a\n",
    b"x-vertical: \x0ba\r\n",
    b"x-\xe9: a\r\n",
    b" x-early: a\r\n",
    b"\r\n",
    b"x-long: " + b"y" * 20_000 + b"\r\n",
    b"".join(b"x-%d: y\r\n" % number for number in range(150)),
    b"transfer-encoding: chunked\t\r\n",
    b"connection: close\r\n",
    b"connection: close, x\r\nkeep-alive: timeout=5\r\n",
    b"proxy-connection: close\r\n",
    b"upgrade: h2c\r\nconnection: upgrade\r\n",
    b"content-encoding: identity\r\n",
    b"content-encoding: br\r\n",
    b"content-encoding: gzip\r\n",
    b"trailer: x-checksum\r\n",
)
_ODD_STATUS_LINES = (
    b"HTTP/1.1 200\r\n",
    b"HTTP/1.1 200 \r\n",
    b"HTTP/1.1 200 A\tb\xe9\r\n",
    b"HTTP/1.1  200 OK\r\n",
    b"HTTP/1.1\t200 OK\r\n",
    b"HTTP/1.1 20 OK\r\n",
    b"HTTP/1.1 2000 OK\r\n",
    b"HTTP/1.1 2x0 OK\r\n",
    b"HTTP/1.1 099 OK\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n",
    b"HTTP/1.1 204 No Content\r\n",
    b"HTTP/1.1 205 Reset Content\r\n",
    b"HTTP/1.1 304 Not Modified\r\n",
    b"HTTP/1.1 600 Beyond\r\n",
    b"HTTP/1.1 999 Last\r\n",
    b"HTTP/1.0 200 OK\r\n",
    b"HTTP/1.0 200 OK\r\nconnection: keep-alive\r\n",
    b"HTTP/0.9 200 OK\r\n",
    b"HTTP/1.2 200 OK\r\n",
    b"HTTP/2.0 200 OK\r\n",
    b"HTTP/11 200 OK\r\n",
    b"http/1.1 200 OK\r\n",
    b"ICY 200 OK\r\n",
    b"RTSP/1.0 200 OK\r\n",
    b"\r\nHTTP/1.1 200 OK\r\n",
    b" HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 200 OK\n",
    b"HTTP/1.1 200 OK\r\r\n",
)
_INTERIMS = (
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 102 Processing\r\nx-interim: 1\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\nx-a: interim\r\n\r\n",
    b"HTTP/1.1 104 Upload Resumption\r\n\r\n",
    b"HTTP/1.1 199 Unheard Of\r\nx-interim: 1\r\n\r\n",
    b"HTTP/1.0 100 Continue\r\n\r\n",
)
SMUGGLING = {
    "both lengths": b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "both lengths the other way round": (
        b"transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n"
    ),
    "two lengths": b"content-length: 5\r\ncontent-length: 6\r\n\r\nhello!",
    "one length twice": b"content-length: 5\r\ncontent-length: 5\r\n\r\nhello",
    "a list of lengths": b"content-length: 5, 5\r\n\r\nhello",
    "a list of unequal lengths": b"content-length: 5, 6\r\n\r\nhello!",
    "a length with a sign": b"content-length: +5\r\n\r\nhello",
    "a negative length": b"content-length: -5\r\n\r\nhello",
    "a hexadecimal length": b"content-length: 0x5\r\n\r\nhello",
    "a length with a space": b"content-length: 5 5\r\n\r\nhello",
    "a length with a point": b"content-length: 5.0\r\n\r\nhello",
    "a length with an underscore": b"content-length: 0_5\r\n\r\nhello",
    "an empty length": b"content-length:\r\n\r\nhello",
    "a length beyond 64 bits": b"content-length: 18446744073709551621\r\n\r\nhello",
    "a length of 30 digits": b"content-length: " + b"0" * 29 + b"5\r\n\r\nhello",
    "a folded length": b"content-length: 5\r\n 6\r\n\r\nhello!",
    "a length on a fold": b"x: y\r\n content-length: 5\r\n\r\nhello",
    "a space before the colon of the length": b"content-length : 5\r\n\r\nhello",
    "a space before the colon of the coding": b"transfer-encoding : chunked\r\n\r\n0\r\n\r\n",
    "a coding after a vertical tab": b"transfer-encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "a coding before a null": b"transfer-encoding: chunked\x00\r\n\r\n0\r\n\r\n",
    "an unknown coding": b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a coding in quotes": b'transfer-encoding: "chunked"\r\n\r\n0\r\n\r\n',
    "the coding identity": b"transfer-encoding: identity\r\n\r\nhello",
    "the coding identity with a length": (
        b"transfer-encoding: identity\r\ncontent-length: 5\r\n\r\nhello"
    ),
    "compressed within chunks": b"transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunks within a compression": b"transfer-encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "chunked twice": b"transfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "chunked and an empty coding": b"transfer-encoding: chunked,\r\n\r\n0\r\n\r\n",
    "chunked with a parameter": b"transfer-encoding: chunked;q=1\r\n\r\n0\r\n\r\n",
    "an empty coding": b"transfer-encoding:\r\n\r\n0\r\n\r\n",
    "two codings, chunked last": (
        b"transfer-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "two codings, chunked first": (
        b"transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n0\r\n\r\n"
    ),
    "the same coding twice": (
        b"transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "a folded coding": b"transfer-encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "a chunk size with a prefix": b"transfer-encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n",
    "a chunk size with a sign": b"transfer-encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n",
    "a negative chunk size": b"transfer-encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n",
    "a space before a chunk size": b"transfer-encoding: chunked\r\n\r\n 5\r\nhello\r\n0\r\n\r\n",
    "a space after a chunk size": b"transfer-encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n",
    "a chunk size beyond 64 bits": (
        b"transfer-encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n0\r\n\r\n"
    ),
    "an empty chunk size": b"transfer-encoding: chunked\r\n\r\n\r\nhello\r\n0\r\n\r\n",
    "a chunk longer than its size": (b"transfer-encoding: chunked\r\n\r\n5\r\nhello!\r\n0\r\n\r\n"),
    "a chunk shorter than its size": (b"transfer-encoding: chunked\r\n\r\n6\r\nhello\r\n0\r\n\r\n"),
    "a chunk without its line end": b"transfer-encoding: chunked\r\n\r\n5\r\nhello0\r\n\r\n",
    "a chunk size ended by a line feed": (
        b"transfer-encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n"
    ),
    "a chunk ended by a line feed": b"transfer-encoding: chunked\r\n\r\n5\r\nhello\n0\r\n\r\n",
    "a chunk size ended by a return": (b"transfer-encoding: chunked\r\n\r\n5\rhello\r\n0\r\n\r\n"),
    "a line feed in a chunk extension": (
        b"transfer-encoding: chunked\r\n\r\n5;a\nb\r\nhello\r\n0\r\n\r\n"
    ),
    "a return in a chunk extension": (
        b"transfer-encoding: chunked\r\n\r\n5;a\rb\r\nhello\r\n0\r\n\r\n"
    ),
    "an open quote in a chunk extension": (
        b'transfer-encoding: chunked\r\n\r\n5;a="b\r\nhello\r\n0\r\n\r\n'
    ),
    "a length in the trailers": (
        b"transfer-encoding: chunked\r\n\r\n0\r\ncontent-length: 5\r\n\r\n"
    ),
    "a folded trailer": b"transfer-encoding: chunked\r\n\r\n0\r\nx: a\r\n b\r\n\r\n",
    "head lines ended by line feeds": b"x: y\ncontent-length: 5\n\nhello",
    "a head ended by a line feed": b"content-length: 5\r\n\nhello",
    "a head ended by a return": b"content-length: 5\r\n\rhello",
}
"""Heads after the status line, and bodies, that two readers could read in two ways."""


@dataclass(frozen=True, slots=True)
class WireAnswer:
    """The bytes of an answer, cut as they are to be written, and what follows them."""

    pieces: Sequence[bytes]
    closes: bool = True
    """Whether the connection is closed after them; else it stays for the next answer."""

    @property
    def whole(self) -> bytes:
        """All the bytes."""
        return b"".join(self.pieces)


def wire_answer(number: int) -> WireAnswer:
    """The answer of a number."""
    dice = random.Random(number)
    kind = number % 3
    if kind == 1 and dice.random() < 0.2:
        data = b"HTTP/1.1 200 OK\r\n" + dice.choice(list(SMUGGLING.values()))
        return WireAnswer(_cut(dice, data))
    made = _Sound(dice, odd=kind == 1)
    data = made.data
    if kind == 0:
        return WireAnswer(_cut(dice, data), closes=made.closes)
    if kind == 2:
        data = dice.choice(_DAMAGES)(dice, data)
    return WireAnswer(_cut(dice, data))


def smuggled(name: str) -> WireAnswer:
    """One of ``SMUGGLING``, followed by what would be an answer to somebody else."""
    stray = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nSTRAY"
    return WireAnswer([b"HTTP/1.1 200 OK\r\n" + SMUGGLING[name], stray])


def truncated(answer: WireAnswer) -> list[WireAnswer]:
    """The same answer ended at every point before its end."""
    data = answer.whole
    return [replace(answer, pieces=[data[:end]], closes=True) for end in range(len(data))]


class _Sound:
    """A sound answer, or one with a single oddity."""

    def __init__(self, dice: random.Random, *, odd: bool) -> None:
        self.closes = False
        self._dice = dice
        status = dice.choice([200, 200, 200, 201, 204, 304, 400, 429, 500, 529])
        self._bodiless = status in {204, 304}
        lines = [b"HTTP/1.1 %d Some Words\r\n" % status]
        lines += [
            f"{dice.choice(_NAMES)}: {dice.choice(_VALUES)}\r\n".encode("latin-1")
            for _ in range(dice.randrange(5))
        ]
        place = dice.choice(["status", "header", "framing"]) if odd else ""
        if place == "status":
            lines[0] = dice.choice(_ODD_STATUS_LINES)
        if place == "header":
            lines.insert(dice.randrange(1, len(lines) + 1), dice.choice(_ODD_HEADERS))
        framing, body = self._framed(self._body(lines), odd=place == "framing")
        dice.shuffle(framing)
        interims = [dice.choice(_INTERIMS) for _ in range(dice.choice([0] * 8 + [1, 2]))]
        self.data = b"".join([*interims, *lines, *framing, b"\r\n", body])

    def _body(self, lines: list[bytes]) -> bytes:
        dice = self._dice
        body = dice.randbytes(dice.choice([0, 1, 2, 5, 40, 300, 5000]))
        if dice.random() < 0.1:
            lines.append(b"Content-Encoding: gzip\r\n")
            body = gzip.compress(body, mtime=0)
        return body

    def _framed(self, body: bytes, *, odd: bool) -> tuple[list[bytes], bytes]:
        dice = self._dice
        if self._bodiless and not odd:
            return dice.choice([[], [b"content-length: 0\r\n"]]), b""
        match dice.randrange(5):
            case 0:
                self.closes = True
                return [], body
            case 1 | 2:
                claimed = len(body) + (dice.choice([-1, 1, 100]) if odd else 0)
                return [b"Content-Length: %d\r\n" % claimed], body
            case _:
                coding = dice.choice([b"chunked", b"Chunked", b" chunked "])
                return [b"Transfer-Encoding: %b\r\n" % coding], self._chunked(body, odd=odd)

    def _chunked(self, body: bytes, *, odd: bool) -> bytes:
        dice = self._dice
        wire = b"".join(
            b"%b%b\r\n%b\r\n" % (self._size(len(piece)), self._extension(odd=odd), piece)
            for piece in _cut(dice, body)
        )
        trailers = dice.choice([b""] * 4 + [b"x-checksum: 1\r\n", b"x-a: trailer\r\nx-b:\r\n"])
        if odd and dice.random() < 0.5:
            trailers = dice.choice(_ODD_HEADERS)
        return wire + b"0%b\r\n%b\r\n" % (self._extension(odd=odd), trailers)

    def _size(self, size: int) -> bytes:
        return self._dice.choice([b"%x", b"%X", b"%x", b"000%x"]) % size

    def _extension(self, *, odd: bool) -> bytes:
        sound = [b""] * 6 + [b";a", b";a=b", b';a="b c"', b";a=b;c=d"]
        broken = [b" ", b";", b";=", b"; a = b", b";a\x00", b';"', b";\x7f", b" ;a", b"\t", b"g"]
        return self._dice.choice(broken if odd and self._dice.random() < 0.3 else sound)


def _cut(dice: random.Random, data: bytes) -> list[bytes]:
    """``data`` in pieces: whole, in a few places, or, when it is short, byte by byte."""
    if len(data) < 200 and dice.random() < 0.1:
        return [data[at : at + 1] for at in range(len(data))]
    places = [dice.randrange(len(data) + 1) for _ in range(dice.choice([0, 0, 1, 2, 5]))]
    edges = sorted({0, len(data), *places})
    return [data[start:end] for start, end in pairwise(edges)]


def _at(dice: random.Random, data: bytes) -> int:
    """A place to damage: mostly in the head, where it matters."""
    return dice.randrange(min(len(data), 200) if dice.random() < 0.8 else len(data))


def _ended_early(dice: random.Random, data: bytes) -> bytes:
    return data[: dice.randrange(len(data))]


def _bit_flipped(dice: random.Random, data: bytes) -> bytes:
    at = _at(dice, data)
    return data[:at] + bytes([data[at] ^ (1 << dice.randrange(8))]) + data[at + 1 :]


def _byte_lost(dice: random.Random, data: bytes) -> bytes:
    at = _at(dice, data)
    return data[:at] + data[at + 1 :]


def _byte_added(dice: random.Random, data: bytes) -> bytes:
    at = _at(dice, data)
    return data[:at] + dice.choice([b"\r", b"\n", b" ", b"\x00", b":", b"0", b"\xff"]) + data[at:]


def _part_repeated(dice: random.Random, data: bytes) -> bytes:
    at = _at(dice, data)
    return data[:at] + data[at : at + dice.randrange(1, 30)] + data[at:]


def _line_feeds(dice: random.Random, data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n", dice.choice([1, 2, -1]))


def _followed(dice: random.Random, data: bytes) -> bytes:
    more = (b"\r\n", b"X", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nz")
    return data + dice.choice(more)


_DAMAGES: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    _ended_early,
    _ended_early,
    _bit_flipped,
    _byte_lost,
    _byte_added,
    _part_repeated,
    _line_feeds,
    _followed,
)
