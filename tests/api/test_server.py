"""The server's own settings, and how a shutdown goes when there is nothing to serve."""

import asyncio
import math
import signal
import socket
import time
from collections.abc import AsyncIterator
from typing import cast

import pytest

from fakes.line import Line
from tollhouse.api.exchange import HttpExchange
from tollhouse.api.server import KEEP_ALIVE_SECONDS, DrainingServer, server_config
from tollhouse.pipeline.flight import Flight, Interrupt
from tollhouse.pipeline.live import LiveCatalogue
from tollhouse.pipeline.state import ServingState
from tollhouse.system import SystemIds


async def nothing(exchange: HttpExchange) -> None:
    """Answers everything with nothing."""
    await exchange.answer(200, [], b"")


class Request:
    """A request in hand, as a drain sees it: it ends when it is interrupted, or on its own."""

    def __init__(self, state: ServingState) -> None:
        self._state = state
        self.reason: Interrupt | None = None
        self.deadline = math.inf
        state.flights.add(cast("Flight", self))

    def interrupt(self, reason: Interrupt) -> None:
        """End it from outside."""
        self.reason = reason
        self.end()

    def end(self) -> None:
        """It is over."""
        self._state.flights.discard(cast("Flight", self))


class Drained:
    """A server that is to drain within half a second."""

    def __init__(self, port: int) -> None:
        # No catalogue is asked of it: only what is in flight counts here.
        self.state = ServingState(cast("LiveCatalogue", None), max_inflight=10)
        config = server_config(nothing, SystemIds(), "127.0.0.1", port)
        self.server = DrainingServer(config, self.state, 0.5, time.monotonic)
        self.url = f"http://127.0.0.1:{port}"
        self.serving: asyncio.Task[None]

    async def told(self) -> float:
        """Tell it SIGTERM; the seconds until it has stopped."""
        before = time.monotonic()
        self.server.handle_exit(signal.SIGTERM, None)
        async with asyncio.timeout(5):
            await self.serving
        return time.monotonic() - before


@pytest.fixture(name="drained")
async def _drained() -> AsyncIterator[Drained]:
    listener = socket.socket(proto=socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    made = Drained(listener.getsockname()[1])
    made.serving = asyncio.create_task(made.server._serve([listener]))
    while not made.server.started:
        await asyncio.sleep(0.005)
    yield made
    made.server.should_exit = True
    await made.serving


def test_connections_outlive_those_of_load_balancers() -> None:
    """Whoever is in front closes first, so that no request meets a connection being closed."""
    assert KEEP_ALIVE_SECONDS > 60
    assert (
        server_config(nothing, SystemIds(), "127.0.0.1", 1).timeout_keep_alive == KEEP_ALIVE_SECONDS
    )


def test_server_believes_no_forwarding_header_and_tells_no_name() -> None:
    """Addresses come from sockets, and answers do not say what serves them."""
    config = server_config(nothing, SystemIds(), "127.0.0.1", 1)
    assert (config.proxy_headers, config.server_header, config.access_log) == (False, False, False)


async def test_idle_server_stops_at_once(drained: Drained) -> None:
    """With nothing in hand there is nothing to wait for."""
    async with Line(drained.url) as idle:
        assert (await idle.get("/")).status == 200
        assert await drained.told() < 0.4


async def test_request_that_ends_in_time_is_not_interrupted(drained: Drained) -> None:
    """The drain is over when the last request is, and until then the server answers."""
    request = Request(drained.state)
    asyncio.get_running_loop().call_later(0.2, request.end)
    telling = asyncio.create_task(drained.told())
    await asyncio.sleep(0.1)
    assert drained.state.draining
    async with Line(drained.url) as late:
        assert (await late.get("/livez")).status == 200
    assert 0.15 < await telling < 0.5
    assert request.reason is None


async def test_request_that_outlasts_the_drain_is_interrupted(drained: Drained) -> None:
    """After ``drain_seconds`` it is told that the gateway stops."""
    request = Request(drained.state)
    assert 0.45 < await drained.told() < 1.5
    assert request.reason is Interrupt.SHUTDOWN


async def test_second_signal_cuts_the_drain_short(drained: Drained) -> None:
    """It skips the wait, not the words."""
    request = Request(drained.state)
    telling = asyncio.create_task(drained.told())
    await asyncio.sleep(0.1)
    drained.server.handle_exit(signal.SIGTERM, None)
    assert await telling < 0.45
    assert request.reason is Interrupt.SHUTDOWN
