"""One request and its answer: bodies in pieces, answers in one write, clients that leave."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tollhouse.api.exchange import HANDED_ON_BYTES, ClientLeft, HeaderPairs, HttpExchange


class Connection:
    """Keeps what is written, and says so when an answer is out."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.stuffed = False
        self.standing: HeaderPairs = [(b"date", b"now")]
        self.written: list[bytes] = []
        self.done: list[HttpExchange] = []
        self.asked = 0
        self._free = asyncio.Event()

    def write(self, data: bytes) -> None:
        """Keep it."""
        self.written.append(data)

    async def unstuffed(self) -> None:
        """Wait for ``free``."""
        await self._free.wait()

    def free(self) -> None:
        """The client reads again."""
        self.stuffed = False
        self._free.set()

    def want_body(self) -> None:
        """Count who asks."""
        self.asked += 1

    def finished(self, exchange: HttpExchange) -> None:
        """Keep it."""
        self.done.append(exchange)


Make = Callable[..., tuple[Connection, HttpExchange]]


@pytest.fixture(name="make")
async def _make() -> Make:
    def made(method: str = "POST", **named: Any) -> tuple[Connection, HttpExchange]:
        connection = Connection()
        return connection, HttpExchange(connection, method, b"/x", [], path="/x", **named)

    return made


async def test_whole_answer_is_one_write(make: Make) -> None:
    """Head, length and body go out together, and the connection hears that it is over."""
    connection, exchange = make()
    await exchange.answer(200, [(b"a", b"b")], b"body")
    assert connection.written == [
        b"HTTP/1.1 200 OK\r\ndate: now\r\na: b\r\ncontent-length: 4\r\n\r\nbody"
    ]
    assert connection.done == [exchange]
    assert exchange.started
    assert exchange.finished


async def test_large_answer_is_not_copied_behind_its_head(make: Make) -> None:
    """The very bytes that were given are written."""
    connection, exchange = make()
    body = b"x" * 1_000_000
    await exchange.answer(200, [], body)
    assert connection.written[1] is body


@pytest.mark.parametrize(
    ("method", "status", "end"),
    [
        pytest.param("HEAD", 200, b"content-length: 4\r\n\r\n", id="head"),
        pytest.param("GET", 304, b"date: now\r\n\r\n", id="not modified"),
        pytest.param("GET", 204, b"date: now\r\n\r\n", id="no content"),
    ],
)
async def test_answer_without_a_body_has_none(
    make: Make, method: str, status: int, end: bytes
) -> None:
    """To a HEAD request the length is told and the body left out (RFC 9110, 9.3.2)."""
    connection, exchange = make(method)
    await exchange.answer(status, [], b"body")
    assert b"".join(connection.written).endswith(end)


async def test_stream_is_framed_in_chunks(make: Make) -> None:
    """Pieces are chunks, an empty one is none, and the last one has the end behind it."""
    connection, exchange = make()
    await exchange.start(200, [(b"a", b"b")])
    await exchange.send(b"", more=True)
    await exchange.send(b"hello", more=True)
    assert connection.done == []
    await exchange.send(b"x" * 17, more=False)
    head, *pieces = connection.written
    assert head.endswith(b"a: b\r\ntransfer-encoding: chunked\r\n\r\n")
    assert pieces == [b"5\r\nhello\r\n", b"11\r\n" + b"x" * 17 + b"\r\n0\r\n\r\n"]
    assert connection.done == [exchange]


async def test_stream_to_an_old_client_ends_with_the_connection(make: Make) -> None:
    """HTTP/1.0 knows no chunks."""
    connection, exchange = make(old=True)
    await exchange.start(200, [])
    await exchange.send(b"hello", more=False)
    assert connection.written == [
        b"HTTP/1.1 200 OK\r\ndate: now\r\nconnection: close\r\n\r\n",
        b"hello",
    ]
    assert not exchange.keep_alive


@pytest.mark.parametrize("value", [b"a\nb", b"a\r\nset-cookie: x", b"a\rb"])
async def test_header_that_ends_its_line_is_not_written(make: Make, value: bytes) -> None:
    """Nothing may become a second header, whoever made it."""
    connection, exchange = make()
    with pytest.raises(ValueError, match="end of a line"):
        await exchange.start(200, [(b"a", value)])
    with pytest.raises(ValueError, match="end of a line"):
        await exchange.answer(200, [(b"a", value)], b"body")
    assert connection.written == []
    assert connection.done == []
    await exchange.answer(500, [], b"")
    assert connection.written[0].startswith(b"HTTP/1.1 500 ")
    assert connection.done == [exchange]


async def test_answer_that_says_close_closes(make: Make) -> None:
    """The header and what is done agree, either way round."""
    connection, exchange = make()
    await exchange.answer(503, [(b"connection", b"close")], b"")
    assert not exchange.keep_alive
    connection, exchange = make(keep_alive=False)
    await exchange.answer(200, [], b"")
    assert connection.written[0].count(b"connection: close\r\n") == 1


async def test_body_that_is_there_needs_no_wait(make: Make) -> None:
    """Pieces that have come are joined."""
    connection, exchange = make()
    assert not exchange.arrived(b"ab")
    assert not exchange.arrived(b"cd")
    exchange.complete()
    assert await exchange.read() == (b"abcd", False)
    assert connection.asked == 0


async def test_large_body_is_read_in_pieces(make: Make) -> None:
    """A reader hears of much or of all, and reading goes on when it asks."""
    connection, exchange = make()
    reading = asyncio.create_task(exchange.read())
    await asyncio.sleep(0)
    assert not exchange.arrived(b"x")
    await asyncio.sleep(0)
    assert not reading.done()
    assert exchange.arrived(b"y" * HANDED_ON_BYTES)
    piece, more = await reading
    assert (len(piece), more) == (HANDED_ON_BYTES + 1, True)
    assert connection.asked == 1
    exchange.complete()
    assert await exchange.read() == (b"", False)


async def test_client_that_waits_to_be_told_is_told_once(make: Make) -> None:
    """``Expect: 100-continue`` is answered when somebody wants the body, and not before."""
    connection, exchange = make(expects_continue=True)
    assert connection.written == []
    reading = asyncio.create_task(exchange.read())
    await asyncio.sleep(0)
    exchange.arrived(b"x")
    exchange.complete()
    assert await reading == (b"x", False)
    assert connection.written == [b"HTTP/1.1 100 Continue\r\n\r\n"]


async def test_slow_client_is_waited_for(make: Make) -> None:
    """A piece is written when the ones before it have been taken."""
    connection, exchange = make()
    await exchange.start(200, [])
    connection.stuffed = True
    sending = asyncio.create_task(exchange.send(b"x", more=True))
    await asyncio.sleep(0.01)
    assert len(connection.written) == 1
    connection.free()
    await sending
    assert connection.written[1] == b"1\r\nx\r\n"


async def test_client_that_leaves_is_told_of_once(make: Make) -> None:
    """Who watches hears of it at once; what is said afterwards goes nowhere."""
    connection, exchange = make()
    told: list[bool] = []
    exchange.watch(lambda: told.append(True))
    await exchange.start(200, [])
    exchange.leave()
    exchange.leave()
    assert told == [True]
    await exchange.send(b"x", more=False)
    assert len(connection.written) == 1
    assert connection.done == []


async def test_client_that_left_before_is_told_of_when_somebody_asks(make: Make) -> None:
    """The watch may begin too late."""
    _, exchange = make()
    exchange.leave()
    told: list[bool] = []
    exchange.watch(lambda: told.append(True))
    assert told == [True]


async def test_departure_after_the_answer_is_no_news(make: Make) -> None:
    """Who has its answer may leave."""
    _, exchange = make()
    told: list[bool] = []
    exchange.watch(lambda: told.append(True))
    exchange.unwatch()
    exchange.leave()
    assert told == []


async def test_client_that_leaves_half_way_ends_the_reading(make: Make) -> None:
    """A body that will never be whole is no body."""
    _, exchange = make()
    reading = asyncio.create_task(exchange.read())
    await asyncio.sleep(0)
    exchange.arrived(b"half")
    exchange.leave()
    with pytest.raises(ClientLeft):
        await reading
