"""HTTP as it comes off the wire: bounds on heads, patience with the slow, answers to garbage."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import pytest
import pytest_asyncio

from fakes.line import Line
from fakes.slowness import within
from tollhouse.api import connection
from tollhouse.api.asgi import bridged
from tollhouse.api.server import DrainingServer, server_config
from tollhouse.pipeline.live import LiveCatalogue
from tollhouse.pipeline.state import ServingState
from tollhouse.system import SystemIds

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Echo:
    """Answers with what it was asked; ``/slow`` takes its time, ``/early`` reads no body."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, bytes]] = []
        self.left = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        body, more = b"", scope["path"] != "/early"
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.left += 1
                return
            body += message["body"]
            more = message["more_body"]
        if scope["path"] == "/slow":
            await asyncio.sleep(0.15)
        self.seen.append((scope["method"], scope["path"], body))
        told = json.dumps([scope["method"], scope["path"], len(body)]).encode()
        head = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(told))]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": told, "more_body": False})


class Served:
    """The echo on a socket."""

    def __init__(self, app: Echo, url: str) -> None:
        self.app = app
        self.url = url

    async def raw(self, *pieces: bytes, pause: float = 0.0) -> bytes:
        """Send bytes on a new connection; all that comes back until it is closed."""
        async with Line(self.url) as line:
            for piece in pieces:
                line.send(piece)
                await asyncio.sleep(pause)
            async with asyncio.timeout(5):
                return await line.rest()


@pytest_asyncio.fixture(name="running", scope="module", loop_scope="module")
async def _running() -> AsyncIterator[Served]:
    app = Echo()
    # With its protocol named, or accepted sockets would keep Nagle's delay.
    listener = socket.socket(proto=socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    # No catalogue is asked of it.
    state = ServingState(cast("LiveCatalogue", None), max_inflight=10)
    config = server_config(bridged(app), SystemIds(), "127.0.0.1", port)
    server = DrainingServer(config, state, 0.5, time.monotonic)
    serving = asyncio.create_task(server._serve([listener]))
    while not server.started:
        await asyncio.sleep(0.005)
    yield Served(app, f"http://127.0.0.1:{port}")
    server.should_exit = True
    await serving


@pytest.fixture(name="served")
def _served(running: Served) -> Served:
    running.app.seen.clear()
    return running


Quick = Callable[[float], None]


@pytest.fixture(name="silence")
def _silence(monkeypatch: pytest.MonkeyPatch) -> Quick:
    """Sets how long a client may be silent."""
    return lambda seconds: monkeypatch.setattr(connection, "SILENCE_SECONDS", seconds)


def parts(told: bytes) -> tuple[int, dict[str, str], Any]:
    """Status, headers and JSON of the one answer in these bytes."""
    head, _, body = told.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name: value for name, _, value in (line.partition(": ") for line in lines)}
    assert len(body) == int(headers["content-length"])
    return int(first.split()[1]), headers, json.loads(body)


@pytest.mark.parametrize(
    "garbage",
    [
        pytest.param(b"hello there\r\n\r\n", id="no HTTP"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", id="TLS"),
        pytest.param(b"GET / HTTP/9.9\r\n\r\n", id="unknown version"),
        pytest.param(b"GET  HTTP/1.1\r\nhost: x\r\n\r\n", id="no target"),
        pytest.param(b"GET / HTTP/1.1\r\nno colon here\r\n\r\n", id="header without colon"),
        pytest.param(b"GET / HTTP/1.1\r\nx-a: \x00\r\n\r\n", id="NUL in a header"),
        pytest.param(b"GET / HTTP/1.1\r\nx a: 1\r\n\r\n", id="space in a name"),
        pytest.param(b"POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n", id="negative length"),
        pytest.param(b"POST / HTTP/1.1\r\ncontent-length: 1e3\r\n\r\n", id="odd length"),
        pytest.param(
            b"POST / HTTP/1.1\r\ncontent-length: 99999999999999999999999\r\n\r\n", id="huge length"
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab", id="two lengths"
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            id="length and chunks",
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n\r\n", id="bad chunk size"
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n",
            id="chunk longer than told",
        ),
        pytest.param(b"CONNECT other:443 HTTP/1.1\r\nhost: x\r\n\r\n", id="a tunnel"),
        pytest.param(b"GET /\xff HTTP/1.1\r\nhost: x\r\n\r\n", id="bytes in the target"),
    ],
)
async def test_what_is_not_http_gets_a_400_in_our_shape(served: Served, garbage: bytes) -> None:
    """Garbage and shapes that smuggle requests are refused, and no application sees them."""
    status, headers, body = parts(await served.raw(garbage))
    assert status == 400
    assert headers["connection"] == "close"
    assert headers["content-type"] == "application/json"
    error = body["error"]
    assert error["code"] == "invalid_request_error"
    assert error["type"] == "invalid_request_error"
    assert error["request_id"] == headers["x-request-id"]
    assert served.app.seen == []


@pytest.mark.parametrize("piece", [b"x" * 1000, b"y: z\r\n" * 200])
async def test_head_without_end_is_431(served: Served, piece: bytes) -> None:
    """A head may grow to twice its bound, then it is refused while it still grows."""
    async with Line(served.url) as line:
        line.send(b"GET / HTTP/1.1\r\nhost: x\r\nx-endless: ")
        for _ in range(2 * connection.MAX_HEAD_BYTES // len(piece)):
            line.send(piece)
            await asyncio.sleep(0)
        status, _, body = parts(await line.rest())
    assert status == 431
    assert body["error"]["code"] == "headers_too_large"
    assert served.app.seen == []


async def test_garbage_behind_a_request_does_not_take_its_answer(served: Served) -> None:
    """The sound request is answered, and the connection ends with that."""
    told = await served.raw(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n\x00\x00garbage")
    status, headers, body = parts(told)
    assert (status, body) == (200, ["GET", "/slow", 0])
    assert headers["connection"] == "close"


async def test_requests_sent_ahead_are_answered_in_order(served: Served) -> None:
    """Pipelined requests, with bodies, get their own answers one after the other."""
    first = b"POST /slow HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc"
    second = b"GET /two HTTP/1.1\r\nhost: x\r\n\r\n"
    async with Line(served.url) as line:
        line.send(first + second + second)
        answers = [(await line.answer()).json for _ in range(3)]
    assert answers == [["POST", "/slow", 3], ["GET", "/two", 0], ["GET", "/two", 0]]


async def test_request_that_comes_byte_by_byte_is_one(served: Served) -> None:
    """Where the network cuts a request means nothing."""
    whole = b"POST /x HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\nconnection: close\r\n\r\nabc"
    pieces = [whole[at : at + 1] for at in range(len(whole))]
    status, _, body = parts(await served.raw(*pieces))
    assert (status, body) == (200, ["POST", "/x", 3])


async def test_connection_is_kept_for_further_requests(served: Served) -> None:
    """A hundred requests come on one connection, some with chunked bodies."""
    chunked = (
        b"POST /c HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"
    )
    async with Line(served.url) as line:
        for turn in range(100):
            if turn % 2:
                assert (await line.get("/x")).status == 200
            else:
                line.send(chunked)
                assert (await line.answer()).json == ["POST", "/c", 2]


@pytest.mark.parametrize("offered", ["h2c", "websocket"])
async def test_offer_to_change_protocols_is_passed_over(served: Served, offered: str) -> None:
    """A client that offers HTTP/2 or WebSocket is served in HTTP/1.1, again and again."""
    offer = {"connection": "Upgrade, HTTP2-Settings", "upgrade": offered, "http2-settings": "AAA"}
    async with Line(served.url) as line:
        for body in (b"{}", b"x" * 300_000):
            line.send(line.head("POST", "/x", len(body), **offer) + body)
            assert (await line.answer()).json == ["POST", "/x", len(body)]
        assert (await line.get("/plain", **offer)).json == ["GET", "/plain", 0]
        head = line.head("POST", "/c", None, **offer, transfer_encoding="chunked")
        line.send(head + b"2\r\nab\r\n0\r\n\r\n" + line.head("GET", "/ahead", None))
        assert (await line.answer()).json == ["POST", "/c", 2]
        assert (await line.answer()).json == ["GET", "/ahead", 0]
        assert (await line.get("/plain")).json == ["GET", "/plain", 0]
    assert [body[:2] for _, _, body in served.app.seen] == [b"{}", b"xx", b"", b"ab", b"", b""]


@pytest.mark.parametrize(
    "begun",
    [
        pytest.param(b"GET /x HTTP/1.1\r\nhost: x\r\n", id="head"),
        pytest.param(b"POST /x HTTP/1.1\r\ncontent-length: 5\r\n\r\n", id="no body"),
        pytest.param(b"POST /x HTTP/1.1\r\ncontent-length: 5\r\n\r\nab", id="half a body"),
        pytest.param(
            b"POST /x HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n", id="chunk"
        ),
    ],
)
async def test_client_that_stops_half_way_gets_408(
    served: Served, silence: Quick, begun: bytes
) -> None:
    """A request that is begun and not ended does not hold its connection for ever."""
    silence(0.2)
    status, headers, body = parts(await served.raw(begun))
    assert status == 408
    assert headers["connection"] == "close"
    assert body["error"]["code"] == "request_timeout"
    assert served.app.seen == []


async def test_slow_client_that_keeps_sending_is_waited_for(served: Served, silence: Quick) -> None:
    """Only silence counts: a body may take longer than that as a whole."""
    silence(0.3)
    head = b"POST /x HTTP/1.1\r\ncontent-length: 6\r\nconnection: close\r\n\r\n"
    status, _, body = parts(await served.raw(head, *[b"a"] * 6, pause=0.1))
    assert (status, body) == (200, ["POST", "/x", 6])


async def test_connection_that_never_says_anything_is_closed(
    served: Served, silence: Quick
) -> None:
    """Who connects and sends nothing is let go without a word."""
    silence(0.2)
    assert await served.raw() == b""


async def test_waiting_for_an_answer_is_not_silence(served: Served, silence: Quick) -> None:
    """A client that has sent its request may wait as long as the answer takes."""
    silence(0.05)
    async with Line(served.url) as line:
        assert (await line.get("/slow")).status == 200


async def test_answer_before_the_end_of_the_body_arrives(served: Served) -> None:
    """An application that answers early is heard although the client is still sending."""
    async with Line(served.url) as line:
        line.send(line.head("POST", "/early", 5_000_000))
        for _ in range(50):
            line.send(b"x" * 100_000)
        assert (await line.answer()).json == ["POST", "/early", 0]
        await line.writer.drain()
        assert (await line.get("/next")).json == ["GET", "/next", 0]


async def test_application_hears_of_a_client_that_leaves_half_way(served: Served) -> None:
    """A body that will never be whole ends the request's task."""
    async with Line(served.url) as line:
        line.send(line.head("POST", "/x", 100) + b"half")
        await asyncio.sleep(0.05)
    async with within(2):
        while not served.app.left:
            await asyncio.sleep(0.01)


async def test_client_that_asks_to_continue_is_told_to(served: Served) -> None:
    """``Expect: 100-continue`` gets its interim answer before the body is sent."""
    async with Line(served.url) as line:
        line.send(line.head("POST", "/x", 3, expect="100-continue"))
        assert (await line.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100")
        line.send(b"abc")
        assert (await line.answer()).json == ["POST", "/x", 3]
