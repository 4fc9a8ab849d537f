"""Providers that misbehave on the fast transport; the common cases are its contract suite's."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence

import pytest

from fakes.answers import CHUNK_END, Answer, chunk, gzipped, head, head_then, huge_header, steps
from fakes.http_server import Behaviour, End, Pause, Step
from fakes.raw_server import request_of, serving
from fakes.slowness import in_time, within
from fakes.transport_calls import body_of, outcome, to
from fakes.upstream import FakeUpstream, refused_url
from tollhouse.core.faults import Fault, FaultKind
from tollhouse.upstream.fast_transport import FastTransport
from upstream.fast_pools import pool_of, slots

JSON = b'{"answer": 42}'


@pytest.fixture(name="transport")
async def _transport() -> AsyncIterator[FastTransport]:
    """The fast transport."""
    made = FastTransport()
    yield made
    await made.aclose()


def dripping(data: bytes, seconds: float) -> list[Step]:
    """Bytes one by one."""
    return [step for byte in data for step in (bytes([byte]), Pause(seconds))]


ENDLESS: dict[str, Sequence[Step]] = {
    "a header of a megabyte": list(huge_header(1_000_000)(None)),  # type: ignore[arg-type]
    "headers": [b"HTTP/1.1 200 OK\r\n", *[b"x: " + b"y" * 5000 + b"\r\n"] * 100],
    "a chunk extension": [
        head(200, [("transfer-encoding", "chunked")]),
        b"5;",
        *[b"a=b;" * 2000] * 100,
    ],
    "trailers": [
        head(200, [("transfer-encoding", "chunked")]),
        b"0\r\n",
        *[b"x: " + b"y" * 5000 + b"\r\n"] * 100,
    ],
    "zeros before a chunk size": [
        head(200, [("transfer-encoding", "chunked")]),
        *[b"0" * 5000] * 100,
    ],
    "interim answers": [head(103, []) * 200] * 100,
}


@pytest.mark.parametrize("name", ENDLESS)
async def test_endless_framing_is_given_up(
    transport: FastTransport, up: FakeUpstream, name: str
) -> None:
    """What has no end and no content is no answer, long before a time limit."""
    up.script(steps(*ENDLESS[name], End.HANG))
    began = time.monotonic()
    fault = await outcome(transport, to(up.url))
    assert (fault.kind, fault.sent) == (FaultKind.INVALID_RESPONSE, True)
    in_time(time.monotonic() - began, 1)
    async with within(1):
        await up.until(idle=True)


TRICKLES: dict[str, tuple[Behaviour, FaultKind]] = {
    "a head": (steps(*dripping(head(200, []), 0.02)), FaultKind.FIRST_BYTE_TIMEOUT),
    "a chunk extension": (
        head_then(b"5;", *dripping(b"a" * 30, 0.02)),
        FaultKind.IDLE_TIMEOUT,
    ),
    "trailers": (
        head_then(chunk(b"{}"), b"0\r\n", *dripping(b"x: y\r\n" * 5, 0.02)),
        FaultKind.IDLE_TIMEOUT,
    ),
    "a body": (
        steps(head(200, [("content-length", "99")]), *dripping(b"x" * 99, 0.02)),
        FaultKind.TOTAL_TIMEOUT,
    ),
}


@pytest.mark.parametrize("name", TRICKLES)
async def test_trickles_end_at_a_limit(
    transport: FastTransport, up: FakeUpstream, name: str
) -> None:
    """Bytes that come one by one do not put off the limit that they are no answer to."""
    does, kind = TRICKLES[name]
    up.script(does)
    began = time.monotonic()
    fault = await outcome(transport, to(up.url, first_byte=0.2, idle=0.2, total=0.4))
    assert fault.kind is kind
    in_time(time.monotonic() - began, 0.8)


@pytest.mark.parametrize(
    "sent",
    [b"", b"HTTP/1.1 200 OK\r\n", head(200, [("content-length", "9")])],
    ids=["nothing", "part of a head", "a head"],
)
async def test_half_closed_connection_is_a_disconnect(
    transport: FastTransport, sent: bytes
) -> None:
    """A provider that will send no more, though it still listens, is not waited for."""

    async def fall_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(sent)
        writer.write_eof()
        await reader.read()

    async with serving(fall_silent) as url:
        began = time.monotonic()
        fault = await outcome(transport, to(url))
        assert fault.kind is FaultKind.DISCONNECTED
        in_time(time.monotonic() - began, 0.5)


async def test_half_closed_answer_may_be_whole(transport: FastTransport) -> None:
    """An answer that its provider's half-close ends is one; the connection is not used again."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(head(200, []) + JSON)
        writer.write_eof()
        await reader.read()

    async with serving(answer) as url:
        for _ in range(2):
            assert await body_of(await transport.send(to(url))) == JSON


async def test_length_that_lies_is_held_to(transport: FastTransport, up: FakeUpstream) -> None:
    """Fewer bytes than claimed are a disconnect; more are cut, and are nobody's."""
    short = Answer(JSON, claimed_length=len(JSON) + 1, end=End.CLOSE)
    up.script(short, Answer(JSON, claimed_length=len(JSON) - 1), Answer(JSON))
    assert (await outcome(transport, to(up.url))).kind is FaultKind.DISCONNECTED
    assert await body_of(await transport.send(to(up.url))) == JSON[:-1]
    assert await body_of(await transport.send(to(up.url))) == JSON
    assert up.server.accepted == 3


async def test_unasked_bytes_close_an_idle_connection(
    transport: FastTransport, up: FakeUpstream
) -> None:
    """What a provider sends between two answers closes the connection and reaches nobody."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(head(200, [("content-length", "2")]) + b"{}")
        await asyncio.sleep(0.03)
        writer.write(head(200, [("content-length", "5")]) + b"STRAY")
        await reader.read()

    async with serving(talk) as url:
        for _ in range(3):
            assert await body_of(await transport.send(to(url))) == b"{}"
            await asyncio.sleep(0.06)
            assert not pool_of(transport)._idle


async def test_refused_connections_cost_no_slot(transport: FastTransport) -> None:
    """A provider that is not there fails each call at once, however many come."""
    request = to(refused_url(), connections=2)
    began = time.monotonic()
    faults = await asyncio.gather(*[transport.send(request) for _ in range(100)])
    assert {fault.kind for fault in faults if isinstance(fault, Fault)} == {FaultKind.CONNECT}
    in_time(time.monotonic() - began, 1)
    assert slots(transport) == (2, 0, 0)


async def test_gzip_bomb_is_read_in_steps(transport: FastTransport, up: FakeUpstream) -> None:
    """Compression nobody asked for does not make a slow reader's answer grow in memory."""
    up.script(gzipped(Answer(bytes(30_000_000))))
    exchange = await transport.send(to(up.url))
    assert not isinstance(exchange, Fault)
    assert "content-encoding" not in exchange.headers
    for _ in range(10):
        piece = await exchange.read()
        assert isinstance(piece, bytes)
        assert len(piece) <= 65_536
    exchange.close()


async def test_answer_to_head_has_no_body(transport: FastTransport, up: FakeUpstream) -> None:
    """The length in the answer to a HEAD request is not waited for."""
    up.script(steps(head(200, [("content-length", "5000")])))
    for _ in range(2):
        exchange = await transport.send(to(up.url, method="HEAD", body=b""))
        assert not isinstance(exchange, Fault)
        assert exchange.headers["content-length"] == "5000"
        assert await body_of(exchange) == b""


async def test_empty_post_says_so(transport: FastTransport, up: FakeUpstream) -> None:
    """A POST without a body has a length, so that no server waits for one."""
    up.script(Answer(JSON, framing=Answer().framing), head_then(CHUNK_END))
    await body_of(await transport.send(to(up.url, body=b"")))
    assert up.calls[0].header("content-length") == "0"
