"""The fast transport over time and under load: bounded memory, nothing left, no stale surprise."""

import asyncio
import gc
import os
import random
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from fakes.answers import Answer, chunk, drops, head, head_then, silent
from fakes.http_server import End
from fakes.raw_server import request_of, serving
from fakes.slowness import within
from fakes.transport_calls import body_of, to
from fakes.upstream import FakeUpstream
from tollhouse.core.faults import Fault
from tollhouse.ports import Exchange, UpstreamRequest
from tollhouse.upstream.answer_reader import AnswerReader
from tollhouse.upstream.fast_connection import HIGH, Connection
from tollhouse.upstream.fast_transport import FastTransport
from upstream.fast_pools import busy, slots

JSON = b'{"answer": 42}'
LARGE = 50_000_000
READ = 256 * 1024
"""The most that a loop hands over at once."""


@pytest.fixture(name="transport")
async def _transport() -> AsyncIterator[FastTransport]:
    """The fast transport."""
    made = FastTransport()
    yield made
    await made.aclose()


def resident() -> int:
    """Bytes of this process in memory."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def descriptors() -> int:
    """How many descriptors this process has open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send 50 MB as fast as they are taken."""
    await request_of(reader)
    writer.write(head(200, [("content-length", str(LARGE))]))
    piece = bytes(50_000)
    for _ in range(LARGE // len(piece)):
        writer.write(piece)
        await writer.drain()
    await reader.read()


async def test_unread_answer_waits_at_its_provider(
    transport: FastTransport, up: FakeUpstream
) -> None:
    """Of 50 MB that nobody reads yet little is held here, others are served, and all arrive."""
    up.script(Answer(JSON))
    await asyncio.gather(*[body(transport, to(up.url)) for _ in range(20)])
    async with serving(flood) as url:
        before = resident()
        slow = await transport.send(to(url, total=30))
        assert not isinstance(slow, Fault)
        slowest = 0.0
        for _ in range(40):
            began = time.monotonic()
            await asyncio.gather(*[body(transport, to(up.url)) for _ in range(5)])
            slowest = max(slowest, time.monotonic() - began)
        assert resident() - before < 8_000_000
        (held,) = busy(transport)
        assert HIGH < held.answer.buffered <= HIGH + READ
        assert slowest < 0.5
        size = 0
        while piece := await slow.read():
            assert isinstance(piece, bytes)
            assert len(piece) <= HIGH + READ
            size += len(piece)
        assert size == LARGE


async def test_idle_limit_does_not_count_while_nobody_reads(transport: FastTransport) -> None:
    """A client that is slow for longer than the idle limit does not lose its answer."""
    async with serving(flood) as url:
        exchange = await transport.send(to(url, idle=0.2))
        await asyncio.sleep(0.6)
        assert len(await body_of(exchange)) == LARGE


async def test_E02_aborted_exchanges_leave_nothing(
    transport: FastTransport, up: FakeUpstream
) -> None:
    """After 500 calls given up in every phase descriptors, tasks and slots are what they were."""
    up.script(Answer(JSON))
    await body(transport, to(up.url))
    tasks, opened = len(asyncio.all_tasks()), descriptors()
    behaviours = [silent(), head_then(End.HANG), head_then(chunk(bytes(400_000)), End.HANG)]
    for batch in range(10):
        up.script(behaviours[batch % 3])
        arrived = up.count + 50
        calls = [asyncio.create_task(body(transport, to(up.url))) for _ in range(50)]
        with suppress(TimeoutError):  # a machine that stalls may let one fail on its way
            async with within(3):
                await up.until(count=arrived)
        await asyncio.sleep(0.005 * (batch % 3))
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
    async with within(1):
        await up.until(idle=True)
        while len(asyncio.all_tasks()) > tasks or descriptors() > opened:
            await asyncio.sleep(0.01)
    assert slots(transport) == (1000, 0, 0)


async def test_E02_connections_are_freed_without_a_sweep(
    transport: FastTransport, up: FakeUpstream
) -> None:
    """A connection that is over is gone at once: nothing of it waits for the garbage collector."""
    gc.collect()
    gc.disable()
    try:
        for behaviour in (Answer(JSON), drops(), head_then(End.HANG), head_then(b"bad")):
            up.script(behaviour)
            exchange = await transport.send(to(up.url))
            if not isinstance(exchange, Fault):
                exchange.close()
            del exchange
        await asyncio.sleep(0.05)
        assert not [one for one in gc.get_objects() if isinstance(one, Connection | AnswerReader)]
    finally:
        gc.enable()


async def test_E02_many_open_streams_are_cheap(transport: FastTransport, up: FakeUpstream) -> None:
    """Each of 300 streams that wait for their next event costs a few kilobytes at most."""
    up.script(head_then(chunk(b"data: 1\n\n"), End.HANG))
    warm = [await opened(transport, up) for _ in range(100)]
    before = resident()
    streams = [await opened(transport, up) for _ in range(300)]
    # The provider's side of each connection is in this process too.
    assert (resident() - before) / 300 < 40_000
    for stream in [*warm, *streams]:
        stream.close()


async def opened(transport: FastTransport, up: FakeUpstream) -> Exchange:
    """A stream of which the first event was read."""
    exchange = await transport.send(to(up.url))
    assert not isinstance(exchange, Fault)
    assert await exchange.read() == b"data: 1\n\n"
    return exchange


@pytest.mark.asyncio(loop_factories=["uvloop"])
async def test_C18_steady_traffic_on_connections_closed_after_a_second(
    transport: FastTransport, up: FakeUpstream
) -> None:
    """Calls that come about when the provider closes its idle connections all succeed."""
    up.keep_idle(1.0)
    up.script(Answer(JSON))
    over = time.monotonic() + 8.0
    dice = random.Random(1)
    answered = 0

    async def lane(number: int) -> None:
        nonlocal answered
        # Another limit is another pool: each lane has a connection of its own that grows stale.
        request = to(up.url, connections=100 + number)
        while time.monotonic() < over:
            assert await body(transport, request) == JSON
            answered += 1
            await asyncio.sleep(1.0 + dice.uniform(-0.01, 0.01))

    await asyncio.gather(*[lane(number) for number in range(60)])
    assert up.count == answered > 400
    assert 60 * 2 < up.server.accepted < answered


async def body(transport: FastTransport, request: UpstreamRequest) -> bytes:
    """The body of a whole call, which is closed in any case."""
    exchange = await transport.send(request)
    try:
        return await body_of(exchange)
    finally:
        if not isinstance(exchange, Fault):
            exchange.close()
