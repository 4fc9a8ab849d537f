"""Large requests on the fast transport: never piled up here, and answered whenever it suits."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from fakes.answers import Answer
from fakes.raw_server import head_of, request_of, reset, serving
from fakes.slowness import in_time
from fakes.transport_calls import body_of, outcome, to
from fakes.upstream import FakeUpstream, mute_port
from tollhouse.core.faults import Fault, FaultKind
from tollhouse.upstream.fast_connection import SLICE
from tollhouse.upstream.fast_transport import FastTransport
from upstream.fast_pools import busy

LARGE = bytes(range(256)) * 80_000
TOO_LARGE = b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\n{}"


@pytest.fixture(name="transport")
async def _transport() -> AsyncIterator[FastTransport]:
    """The fast transport."""
    made = FastTransport()
    yield made
    await made.aclose()


async def test_unread_request_does_not_pile_up(transport: FastTransport) -> None:
    """Of 20 MB that a provider does not take, no more than a slice or two is buffered."""
    with mute_port() as port:
        sending = asyncio.create_task(
            transport.send(to(f"http://127.0.0.1:{port}/v1", first_byte=0.5, body=LARGE))
        )
        await asyncio.sleep(0.3)
        (connection,) = busy(transport)
        assert connection._transport is not None
        assert connection._transport.get_write_buffer_size() <= 2 * SLICE
        fault = await sending
    assert isinstance(fault, Fault)
    assert (fault.kind, fault.sent) == (FaultKind.FIRST_BYTE_TIMEOUT, True)
    assert connection._unsent is None


async def test_large_request_arrives_whole_and_leaves_its_connection(
    transport: FastTransport, up: FakeUpstream
) -> None:
    """Twenty megabytes arrive as they were given, twice, over one connection."""
    up.script(Answer(b"{}"))
    for _ in range(2):
        assert await body_of(await transport.send(to(up.url, body=LARGE))) == b"{}"
    assert [call.body == LARGE for call in up.calls] == [True, True]
    assert up.server.accepted == 1


async def test_slow_but_steady_upload_is_no_fault(transport: FastTransport) -> None:
    """The wait for the first byte begins when the request is sent, however long that took."""

    async def sip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        left = len(LARGE)
        while left:
            left -= len(await reader.read(400_000))
            await asyncio.sleep(0.005)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
        await asyncio.sleep(1)

    async with serving(sip) as url:
        began = time.monotonic()
        exchange = await transport.send(to(url, first_byte=0.2, body=LARGE))
        assert await body_of(exchange) == b"{}"
        assert time.monotonic() - began > 0.25


async def test_total_limit_holds_for_an_upload(transport: FastTransport) -> None:
    """A provider that takes the request too slowly runs into the total."""

    async def sip(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        while await reader.read(50_000):
            await asyncio.sleep(0.01)

    async with serving(sip) as url:
        began = time.monotonic()
        fault = await outcome(transport, to(url, total=0.4, body=LARGE))
        assert (fault.kind, fault.sent) == (FaultKind.TOTAL_TIMEOUT, True)
        in_time(time.monotonic() - began, 0.8)


@pytest.mark.parametrize("then", ["stays", "closes"])
async def test_early_refusal_is_the_answer(transport: FastTransport, then: str) -> None:
    """A 413 that comes before the request is read is the answer, and ends the connection."""
    accepted = 0

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal accepted
        accepted += 1
        await head_of(reader)
        writer.write(TOO_LARGE)
        await writer.drain()
        if then == "stays":
            await asyncio.sleep(5)

    async with serving(refuse) as url:
        for _ in range(3):
            exchange = await transport.send(to(url, body=LARGE))
            assert not isinstance(exchange, Fault)
            assert exchange.status == 413
            assert await body_of(exchange) == b"{}"
        assert accepted == 3
        assert not busy(transport)


async def test_answer_may_stream_while_the_request_does(transport: FastTransport) -> None:
    """A provider that answers as it reads is read as it answers, to the end of both."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await head_of(reader)
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(LARGE))
            left = len(LARGE)
            while left:
                piece = await reader.read(min(left, 100_000))
                left -= len(piece)
                writer.write(piece)
                await writer.drain()

    async with serving(echo) as url:
        for _ in range(2):
            exchange = await transport.send(to(url, body=LARGE))
            assert busy(transport)[0]._unsent is not None
            assert await body_of(exchange) == LARGE


async def test_request_cut_off_half_way_is_a_disconnect(transport: FastTransport) -> None:
    """A provider that closes, half-closes or resets in the middle of a request: DISCONNECTED."""
    ways = iter(["close", "half", "reset"])

    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(100_000)
        match next(ways):
            case "reset":
                reset(writer)
            case "half":
                writer.write_eof()
                await asyncio.sleep(5)
            case _:
                writer.close()

    async with serving(cut) as url:
        for _ in range(3):
            began = time.monotonic()
            fault = await outcome(transport, to(url, body=LARGE))
            assert (fault.kind, fault.sent) == (FaultKind.DISCONNECTED, True)
            in_time(time.monotonic() - began, 0.5)


async def test_stale_connection_sends_a_large_request_again(transport: FastTransport) -> None:
    """A large request that found its connection stale goes out whole on the next one."""
    bodies: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        bodies.append(len(await request_of(reader)))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
        await reader.readexactly(10_000)
        reset(writer)

    async with serving(serve) as url:
        for body in (b"{}", LARGE):
            assert await body_of(await transport.send(to(url, body=body))) == b"{}"
    assert bodies == [2, len(LARGE)]
