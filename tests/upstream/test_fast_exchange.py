"""Answers on the fast transport, and what a caller may do with them and with who sends for them."""

import asyncio
import gzip
from collections.abc import AsyncIterator

import pytest

from fakes.answers import Answer, Stream, gzipped
from fakes.http_server import End, Pause
from fakes.slowness import within
from fakes.transport_calls import BODY, body_of, pieces_of, to
from fakes.upstream import FakeUpstream
from tollhouse.core.faults import Fault, FaultKind
from tollhouse.core.model import Provider, Timeouts
from tollhouse.upstream import fast_transport
from tollhouse.upstream.fast_exchange import OpenExchange, WholeExchange
from tollhouse.upstream.fast_transport import FastTransport
from upstream.fast_pools import slots

JSON = b'{"answer": 42}'


@pytest.fixture(name="transport")
async def _transport() -> AsyncIterator[FastTransport]:
    """The fast transport."""
    made = FastTransport()
    yield made
    await made.aclose()


async def whole(transport: FastTransport, up: FakeUpstream) -> WholeExchange:
    """An answer that came to its end with its head."""
    exchange = await transport.send(to(up.url, connections=1))
    assert isinstance(exchange, WholeExchange)
    return exchange


async def test_whole_answer_holds_no_connection(transport: FastTransport, up: FakeUpstream) -> None:
    """What came whole leaves its connection at once: the next call goes over it, unread or not."""
    up.script(Answer(b"one"), Answer(b"two"))
    one, two = await whole(transport, up), await whole(transport, up)
    assert slots(transport) == (1, 0, 0)
    assert up.server.accepted == 1
    assert (one.whole, two.whole) == (b"one", b"two")
    assert await pieces_of(one) == [b"one"]
    assert await pieces_of(two) == [b"two"]


async def test_whole_answer_may_be_empty(transport: FastTransport, up: FakeUpstream) -> None:
    """No content is whole, too."""
    up.script(Answer(b""))
    exchange = await whole(transport, up)
    assert (exchange.whole, await exchange.read()) == (b"", b"")


async def test_whole_answer_that_is_given_up_is_a_fault(
    transport: FastTransport, up: FakeUpstream
) -> None:
    """After a close nothing is read that was not read before; what was read to its end is over."""
    up.script(Answer(JSON))
    given_up, read = await whole(transport, up), await whole(transport, up)
    given_up.close()
    given_up.close()
    fault = await given_up.read()
    assert isinstance(fault, Fault)
    assert fault.kind is FaultKind.DISCONNECTED
    await body_of(read)
    read.close()
    assert await read.read() == b""


async def test_stream_is_not_whole(transport: FastTransport, up: FakeUpstream) -> None:
    """An answer that is still coming holds its connection, and says its end as often as asked."""
    up.script(Stream(["one", Pause(0.02), "two"]))
    exchange = await transport.send(to(up.url))
    assert isinstance(exchange, OpenExchange)
    assert exchange.whole is None
    assert exchange.content_type.startswith("text/event-stream")
    assert exchange.content_type == exchange.headers["content-type"]
    assert await body_of(exchange)
    assert await exchange.read() == await exchange.read() == b""
    exchange.close()
    assert up.server.connections


async def test_headers_of_a_compression_are_gone(
    transport: FastTransport, up: FakeUpstream
) -> None:
    """What tells of a compression that was undone does not reach the caller, the length neither."""
    up.script(gzipped(Answer(JSON)))
    exchange = await transport.send(to(up.url))
    assert not isinstance(exchange, Fault)
    assert {"content-encoding", "content-length"} & set(exchange.headers) == set()
    assert await body_of(exchange) == JSON


@pytest.mark.parametrize(
    ("coding", "content"),
    [("gzip", gzip.compress(JSON)[:-1]), ("gzip", b"none at all"), ("br", JSON)],
    ids=["cut", "broken", "unknown"],
)
async def test_broken_compression_ends_its_connection(
    transport: FastTransport, up: FakeUpstream, coding: str, content: bytes
) -> None:
    """Content that is not what it claims to be is a fault, as often as it is read."""
    up.script(Answer(content, headers=(("content-encoding", coding),)))
    exchange = await transport.send(to(up.url))
    assert not isinstance(exchange, Fault)
    while not isinstance(fault := await exchange.read(), Fault):
        assert fault
    assert fault.kind is FaultKind.INVALID_RESPONSE
    assert await exchange.read() == fault
    exchange.close()
    async with within(1):
        while up.server.connections:
            await asyncio.sleep(0.005)


async def test_cut_compression_is_a_disconnect(transport: FastTransport, up: FakeUpstream) -> None:
    """An answer that ends before its end is no broken compression."""
    content = gzip.compress(JSON)
    up.script(
        Answer(
            content,
            headers=(("content-encoding", "gzip"),),
            claimed_length=len(content) + 1,
            end=End.CLOSE,
        )
    )
    exchange = await transport.send(to(up.url))
    assert not isinstance(exchange, Fault)
    while isinstance(fault := await exchange.read(), bytes):
        assert fault
    assert fault.kind is FaultKind.DISCONNECTED


# --- Who sends for them ---

HEADERS = (("content-type", "application/json"),)


def provider(up: FakeUpstream, connections: int = 5) -> Provider:
    """A provider without a secret."""
    return Provider("p", "openai", up.url, max_connections=connections)


async def test_sender_may_be_kept(transport: FastTransport, up: FakeUpstream) -> None:
    """A sender sends any number of bodies, each under its own total."""
    up.script(Answer(JSON))
    sender = transport.sender(provider(up), "POST", f"{up.url}/chat/completions", HEADERS)
    for body in (BODY, b"", b"x" * 100_000):
        assert await body_of(await sender.send(body, Timeouts(), 5.0)) == JSON
    assert [call.body for call in up.calls] == [BODY, b"", b"x" * 100_000]
    up.script(Answer(JSON, before=1.0))
    fault = await sender.send(BODY, Timeouts(), 0.05)
    assert isinstance(fault, Fault)
    assert fault.kind is FaultKind.TOTAL_TIMEOUT


async def test_same_place_has_the_same_sender(transport: FastTransport, up: FakeUpstream) -> None:
    """Place, words and terms make a sender; the provider's other fields do not."""

    def sender(connections: int = 5, method: str = "POST", url: str = up.url, *more: str) -> object:
        headers = (*HEADERS, *((name, "1") for name in more))
        return transport.sender(provider(up, connections), method, url, headers)

    assert sender() is sender()
    others = [
        sender(6),
        sender(5, "PUT"),
        sender(5, "POST", f"{up.url}/x"),
        sender(5, "POST", up.url, "x"),
    ]
    assert len({sender(), *others}) == 5


async def test_senders_are_bounded(
    transport: FastTransport, up: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many places there are, only so many are known by heart; all can be sent to."""
    monkeypatch.setattr(fast_transport, "_PLACES", 3)
    up.script(Answer(JSON))
    for number in range(10):
        sender = transport.sender(provider(up), "POST", f"{up.url}/{number % 5}", HEADERS)
        assert await body_of(await sender.send(BODY, Timeouts(), 5.0)) == JSON
    assert len(transport._senders) == 3
    assert up.server.accepted == 1
