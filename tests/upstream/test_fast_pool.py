"""Connections of the fast transport under races: none lost, none shared, none left open."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from fakes.answers import Answer, Stream, chunk, drops, head, head_then, silent, steps
from fakes.http_server import End, Pause
from fakes.openai_answers import Chat
from fakes.raw_server import request_of, reset, serving
from fakes.slowness import in_time, within
from fakes.transport_calls import body_of, finished, outcome, to
from fakes.upstream import FakeUpstream, mute_port
from tollhouse.core.faults import Fault, FaultKind
from tollhouse.ports import UpstreamRequest
from tollhouse.upstream import fast_pool
from tollhouse.upstream.fast_connection import HIGH
from tollhouse.upstream.fast_transport import FastTransport
from upstream.fast_pools import pool_of, slots

JSON = b'{"answer": 42}'
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


@pytest.fixture(name="transport")
async def _transport() -> AsyncIterator[FastTransport]:
    """The fast transport."""
    made = FastTransport()
    yield made
    await made.aclose()


async def closed(up: FakeUpstream) -> None:
    """Wait until the provider has no connection left."""
    async with within(1):
        while up.server.connections:
            await asyncio.sleep(0.005)


# --- Slots ---


@pytest.mark.parametrize("behaviour", [Answer(JSON), silent(), drops(), head_then(End.HANG)])
async def test_E01_cancelling_at_any_step_loses_nothing(
    transport: FastTransport, up: FakeUpstream, behaviour: Answer
) -> None:
    """Cancelled at each step of its way, alone and among others, a call leaves every slot free."""
    up.script(behaviour)
    for turns in range(20):
        request = to(up.url, connections=2, first_byte=0.02, idle=0.02)
        calls = [asyncio.create_task(whole_call(transport, request)) for _ in range(4)]
        for _ in range(turns):
            await asyncio.sleep(0)
        for task in calls[::2]:
            task.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        assert slots(transport) == (2, 0, 0), turns


async def whole_call(transport: FastTransport, request: UpstreamRequest) -> None:
    """A call read to whatever end it has, and closed in any case."""
    exchange = await transport.send(request)
    if isinstance(exchange, Fault):
        return
    try:
        while not isinstance(piece := await exchange.read(), Fault) and piece:
            pass
    finally:
        exchange.close()


async def test_waiting_that_is_given_up_leaves_nothing(
    transport: FastTransport, up: FakeUpstream
) -> None:
    """However many calls wait in vain for a busy provider, none of them is remembered."""
    up.script(head_then(End.HANG))
    busy = await transport.send(to(up.url, connections=1))
    assert not isinstance(busy, Fault)
    request = to(up.url, connections=1, connect=0.05)
    faults = await asyncio.gather(*[transport.send(request) for _ in range(200)])
    assert {fault.kind for fault in faults if isinstance(fault, Fault)} == {FaultKind.POOL}
    assert not pool_of(transport)._waiting
    busy.close()


async def test_freed_slot_goes_to_who_waited_longest(
    transport: FastTransport, up: FakeUpstream
) -> None:
    """Calls are served in the order in which they came, newcomers included."""
    up.script(Answer(JSON, before=0.01))
    order: list[int] = []

    async def call(number: int) -> None:
        await body_of(await transport.send(to(up.url, connections=1)))
        order.append(number)

    first = [asyncio.create_task(call(number)) for number in range(3)]
    await asyncio.sleep(0.015)
    await asyncio.gather(*first, *[call(number) for number in range(3, 6)])
    assert order == list(range(6))


async def test_C18_second_send_keeps_its_slot(transport: FastTransport, up: FakeUpstream) -> None:
    """A call whose connection was stale is sent again although others wait for its slot."""
    up.script(Chat(), drops(), Answer(JSON))
    await body_of(await transport.send(to(up.url, connections=1)))
    calls = [finished(transport.send(to(up.url, connections=1))) for _ in range(5)]
    assert await asyncio.gather(*calls) == [JSON] * 5
    assert up.server.accepted == 2


async def test_total_limit_covers_queue_and_dialling(transport: FastTransport) -> None:
    """The wait for a slot, the dialling after it and the answer share one total."""
    with mute_port() as port:
        url = f"https://127.0.0.1:{port}/v1"
        began = time.monotonic()
        request = to(url, connections=1, connect=5, total=0.3)
        faults = await asyncio.gather(*[transport.send(request) for _ in range(3)])
        in_time(time.monotonic() - began, 0.6)
    kinds = {fault.kind for fault in faults if isinstance(fault, Fault)}
    assert kinds <= {FaultKind.POOL, FaultKind.TOTAL_TIMEOUT}


# --- Closing ---


async def test_closing_wakes_who_waits(transport: FastTransport, up: FakeUpstream) -> None:
    """When the transport closes, who waits for a slot, a head or a body is told at once."""
    up.script(head_then(End.HANG), silent())
    reading = await transport.send(to(up.url, connections=2))
    assert not isinstance(reading, Fault)
    request = to(up.url, connections=2)
    calls = [
        asyncio.create_task(reading.read()),
        asyncio.create_task(transport.send(request)),
        asyncio.create_task(transport.send(request)),
    ]
    await asyncio.sleep(0.05)
    began = time.monotonic()
    await transport.aclose()
    faults = await asyncio.gather(*calls)
    in_time(time.monotonic() - began, 0.5)
    kinds = [fault.kind for fault in faults if isinstance(fault, Fault)]
    assert kinds == [FaultKind.DISCONNECTED, FaultKind.DISCONNECTED, FaultKind.POOL]
    reading.close()
    await closed(up)


async def test_closed_transport_opens_nothing(transport: FastTransport, up: FakeUpstream) -> None:
    """After the close no connection is opened or kept, not even one that was being dialled."""
    dialling = asyncio.create_task(transport.send(to(up.url)))
    await asyncio.sleep(0)
    await transport.aclose()
    assert isinstance(await dialling, Fault)
    assert isinstance(await transport.send(to(up.url)), Fault)
    await closed(up)


async def test_unused_connections_are_closed(
    transport: FastTransport, up: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that nobody needs is closed after a while; one that is in use is not."""
    monkeypatch.setattr(fast_pool, "KEEP_IDLE", 0.1)
    up.script(Answer(JSON), Answer(JSON), Stream(["one", Pause(0.3), "two"]))
    await asyncio.gather(*[finished(transport.send(to(up.url))) for _ in range(2)])
    assert len(up.server.connections) == 2
    stream = await transport.send(to(up.url))
    await asyncio.sleep(0.2)
    assert len(up.server.connections) == 1
    await body_of(stream)
    await closed(up)
    assert pool_of(transport)._sweep is None


# --- Connections that are not what they seem ---


@pytest.mark.parametrize("way", ["close", "reset", "greeting"])
async def test_connection_that_dies_at_once_is_a_fault(transport: FastTransport, way: str) -> None:
    """A provider that accepts and hangs up, or talks before it is asked, is a fault, in time."""

    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if way == "greeting":
            writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
            await asyncio.sleep(1)
        elif way == "reset":
            reset(writer)

    async with serving(hang_up) as url:
        for _ in range(50):
            began = time.monotonic()
            fault = await outcome(transport, to(url))
            expected = {FaultKind.DISCONNECTED, FaultKind.CONNECT, FaultKind.INVALID_RESPONSE}
            assert fault.kind in expected
            in_time(time.monotonic() - began, 0.5)


async def test_connection_lost_before_its_use_is_a_fault(transport: FastTransport) -> None:
    """A connection that closes between its dialling and its use is an unsent fault."""

    async def hang_up(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0)

    async with serving(hang_up) as url:
        request = to(url)
        await outcome(transport, request)
        pool = pool_of(transport)
        loop = asyncio.get_running_loop()
        connection = await pool.take(request.timeouts, loop.time() + 1)
        assert not isinstance(connection, Fault)
        await asyncio.sleep(0.05)
        connection.begin(b"GET / HTTP/1.1\r\n\r\n", b"", request.timeouts, loop.time() + 1)
        fault = connection.fault
        assert fault is not None
        assert (fault.kind, fault.sent) == (FaultKind.DISCONNECTED, False)
        pool.drop(connection)


async def test_connection_closed_with_its_answer_is_not_kept(transport: FastTransport) -> None:
    """A provider that closes right behind its answer costs nobody a failed attempt."""
    accepted = 0

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal accepted
        accepted += 1
        await request_of(reader)
        writer.write(OK)
        await writer.drain()

    async with serving(once) as url:
        for _ in range(20):
            assert await body_of(await transport.send(to(url))) == b"{}"
    assert accepted == 20


async def test_large_answer_in_one_go_leaves_a_working_connection(
    transport: FastTransport, up: FakeUpstream
) -> None:
    """An answer that filled the buffer with its very end does not leave the socket unread."""
    large = bytes(HIGH + 10_000)
    up.script(Answer(large))
    for _ in range(5):
        exchange = await transport.send(to(up.url))
        await asyncio.sleep(0.03)
        assert await body_of(exchange) == large
    assert up.server.accepted == 1


@pytest.mark.parametrize("end", [End.RESET, End.CLOSE])
async def test_what_came_before_the_end_can_be_read(
    transport: FastTransport, up: FakeUpstream, end: End
) -> None:
    """Content that waits when the connection is lost is handed on, and then the fault."""
    first = chunk(bytes(HIGH + 1000))
    up.script(head_then(first, Pause(0.05), end))
    exchange = await transport.send(to(up.url))
    assert not isinstance(exchange, Fault)
    await asyncio.sleep(0.15)
    size = 0
    while isinstance(piece := await exchange.read(), bytes):
        assert piece
        size += len(piece)
    assert piece.kind is FaultKind.DISCONNECTED
    # A reset may take with it what the kernel still held.
    assert size > HIGH / 2


async def test_closed_exchange_never_reads_the_next_one(
    transport: FastTransport, up: FakeUpstream
) -> None:
    """A reader whose exchange is closed in the very moment of its end gets nothing of another."""
    for turns in range(12):
        up.script(steps(head(200, [("content-length", "2")]), Pause(0.01), b"{}"), Answer(b"OTHER"))
        exchange = await transport.send(to(up.url, connections=1))
        assert not isinstance(exchange, Fault)
        reader = asyncio.create_task(exchange.read())
        await asyncio.sleep(0.009)
        for _ in range(turns):
            await asyncio.sleep(0)
        exchange.close()
        other = await transport.send(to(up.url, connections=1))
        assert await reader != b"OTHER"
        assert await body_of(other) == b"OTHER"
