"""What is particular to the transport over httpx; the rest is its contract suite's."""

import asyncio
import logging

import pytest

from fakes.answers import Stream, frames, silent
from fakes.http_server import Pause
from fakes.openai_answers import Chat
from fakes.slowness import within
from fakes.transport_calls import CANARY, body_of, to
from fakes.upstream import FakeUpstream
from tollhouse.core.faults import Fault, FaultKind
from tollhouse.upstream import lines
from tollhouse.upstream.httpx_transport import HttpxTransport


async def test_unused_connections_are_closed(
    up: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that nobody needs is closed after a while, without another request."""
    monkeypatch.setattr(lines, "KEEP_IDLE", 0.05)
    transport = HttpxTransport()
    for _ in range(2):
        await body_of(await transport.send(to(up.url)))
    assert len(up.server.connections) == 1
    async with within(1):
        while up.server.connections:
            await asyncio.sleep(0.01)
    await body_of(await transport.send(to(up.url)))
    assert up.server.accepted == 2
    await transport.aclose()


async def test_busy_connections_are_not_closed_for_their_age(
    up: FakeUpstream, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A re-used connection is not idle any more, however long its answer takes."""
    monkeypatch.setattr(lines, "KEEP_IDLE", 0.05)
    transport = HttpxTransport()
    await body_of(await transport.send(to(up.url)))
    up.script(Stream(["one", Pause(0.15), "two"]))
    assert await body_of(await transport.send(to(up.url))) == frames(["one", "two", "[DONE]"])
    assert up.server.accepted == 1
    assert not caplog.records
    await transport.aclose()


async def test_origins_and_limits_have_connections_of_their_own(up: FakeUpstream) -> None:
    """A full pool of one provider leaves another provider's alone."""
    transport = HttpxTransport()
    up.script(silent())
    stuck = asyncio.create_task(transport.send(to(up.url, connections=1)))
    await up.until(count=1)
    async with FakeUpstream() as other:
        await body_of(await transport.send(to(other.url, connections=1)))
    full = await transport.send(to(up.url, connections=1, connect=0.05))
    assert isinstance(full, Fault)
    assert full.kind is FaultKind.POOL
    stuck.cancel()
    await asyncio.gather(stuck, return_exceptions=True)
    await transport.aclose()


async def test_G01_library_logs_hold_no_key(
    up: FakeUpstream, caplog: pytest.LogCaptureFixture
) -> None:
    """Even at debug level the libraries below log no credential."""
    caplog.set_level(logging.DEBUG)
    transport = HttpxTransport()
    await body_of(await transport.send(to(up.url)))
    await transport.aclose()
    assert CANARY not in caplog.text


async def test_E02_many_calls_leave_nothing_behind(up: FakeUpstream) -> None:
    """After calls that ended well, ended early and were cancelled no line or slot is held."""
    transport = HttpxTransport()
    for _ in range(20):
        await body_of(await transport.send(to(up.url, connections=3)))
        early = await transport.send(to(up.url, connections=3))
        assert not isinstance(early, Fault)
        early.close()
        up.script(silent())
        task = asyncio.create_task(transport.send(to(up.url, connections=3)))
        await up.until(count=up.count + 1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        up.script(Chat())
    (pool,) = transport._lines.values()
    assert pool._busy == set()
    assert len(pool._idle) <= 1
    assert all([await pool.enter(0.1) for _ in range(3)])
    await transport.aclose()
