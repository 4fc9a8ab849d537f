"""Many open streams in one gateway process: what each holds, and that no reader slows another.

Three kinds of streams are open at once: *fast* ones with many events, whose delay is measured,
*plain* ones with an event now and then, and *slow* ones, whose provider sends as fast as it can and
whose client takes nothing or a kilobyte a second. They are 300, and 2 000 of them with
``TOLLHOUSE_TEST_SOAK_SECONDS`` set. What was measured is printed (``pytest -s``).
"""

import asyncio
import resource
import sys
from array import array
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from math import inf

import pytest
import pytest_asyncio

from bench.machine import raise_file_limit
from e2e.open_streams import (
    OPENED_WITHIN,
    Clients,
    Flood,
    Reader,
    SlowReader,
    limit_buffers,
    stamped,
    trickle,
)
from e2e.soaking import soak_seconds
from fakes.gateway import model
from fakes.probed_gateway import ProbedGateway
from fakes.slowness import in_time
from fakes.upstream import FakeUpstream

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.slow,
    pytest.mark.timeout(300),
]

FAST_GAP = 0.1
PLAIN_GAP = 5.0
SETTLE = 1.0
ROUNDS = 2 if soak_seconds() is None else 4
LEAVING = 100
"""Of plain streams, and as many of slow ones."""
LEFT_WITHIN = 1.0
PLAIN_BYTES = 60_000
"""Of memory for an open stream; the contract's bound is 20 kB, which ``tests/bench`` measures."""
SLOW_BYTES = 1_500_000
"""For one whose client does not read: what waits on the provider's side, and on the client's."""


@dataclass(frozen=True, slots=True)
class Size:
    """How many streams of each kind."""

    fast: int
    plain: int
    slow: int


SIZE = Size(30, 170, 100) if soak_seconds() is None else Size(50, 1_550, 400)


@dataclass
class Crowd:
    """A gateway with fast and plain streams, all of them open for as long as the tests run."""

    up: FakeUpstream
    gw: ProbedGateway
    clients: Clients
    flood: Flood
    delays: "array[int]" = field(default_factory=lambda: array("q"))
    """Of the fast streams' events, in nanoseconds."""
    grown: int = 0
    """Bytes by which the process grew when the plain streams were opened."""

    async def plain(self, count: int) -> list[Reader]:
        """More plain streams."""
        return await self.clients.readers(count, "plain", array("q"))

    @asynccontextmanager
    async def slow(self) -> AsyncIterator[list[SlowReader]]:
        """Slow readers, half of which take nothing, once all that is held for them is full."""
        count = self.up.open + SIZE.slow
        readers = await self.clients.slow_readers(SIZE.slow, "slow")
        taking = asyncio.create_task(trickle(readers[::2]))
        try:
            async with asyncio.timeout(OPENED_WITHIN):
                while self.up.open < count:
                    await asyncio.sleep(0.01)
            await self.flood.stemmed()
            yield readers
        finally:
            taking.cancel()
            for reader in readers:
                reader.leave()
            with suppress(asyncio.CancelledError):
                await taking

    async def watched(self, seconds: float) -> "Delays":
        """The fast streams' delays during so many seconds from now."""
        del self.delays[:]
        await asyncio.sleep(seconds)
        return Delays.of(self.delays)


@dataclass(frozen=True, slots=True)
class Delays:
    """How long events took from the provider to the client, in seconds."""

    count: int
    median: float
    p99: float

    @classmethod
    def of(cls, nanoseconds: "array[int]") -> "Delays":
        """The percentiles of these; without any, an event took for ever."""
        if not nanoseconds:
            return cls(0, inf, inf)
        ordered = sorted(nanoseconds)
        middle, high = (ordered[int(len(ordered) * part)] / 1e9 for part in (0.5, 0.99))
        return cls(len(ordered), middle, high)


@pytest.fixture(name="files", scope="module")
def _files() -> Iterator[None]:
    """As many descriptors as two ends of every stream need, in this process as in the gateway."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    raise_file_limit()
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = 2 * (sum((SIZE.fast, SIZE.plain, SIZE.slow)) + 2 * LEAVING) + 200
    if soft != resource.RLIM_INFINITY and soft < needed:
        pytest.skip(f"{needed} open files are needed, and the system allows {soft}")
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest_asyncio.fixture(name="crowd", scope="module", loop_scope="module")
async def _crowd(files: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Crowd]:
    async with (
        FakeUpstream() as up,
        ProbedGateway(
            tmp_path_factory.mktemp("crowd"),
            providers={"up": {"base_url": up.url, "max_connections": 10_000}},
            models=[model("fast"), model("plain"), model("slow")],
            server={"drain_seconds": 1},
        ) as gw,
    ):
        limit_buffers(up.server)
        crowd = Crowd(up, gw, Clients(gw.url, gw.key), Flood())
        up.script(stamped(FAST_GAP), model="fast-upstream")
        up.script(stamped(PLAIN_GAP), model="plain-upstream")
        up.script(crowd.flood, model="slow-upstream")
        readers = await crowd.clients.readers(SIZE.fast, "fast", crowd.delays)
        await asyncio.sleep(SETTLE)
        before = gw.rss()
        readers += await crowd.plain(SIZE.plain)
        await asyncio.sleep(SETTLE)
        crowd.grown = (gw.rss() - before) * 1024
        yield crowd
        for reader in readers:
            reader.leave()


def told(line: str) -> None:
    """Print what was measured."""
    sys.stdout.write(f"\n{line}")


async def test_an_open_stream_costs_little(crowd: Crowd) -> None:
    """What the process grew by for each stream that waits for its next event is bounded."""
    each = crowd.grown / SIZE.plain
    told(f"{SIZE.plain} plain streams: {each / 1000:.1f} kB of memory each")
    assert each < PLAIN_BYTES


async def test_a_slow_reader_s_answer_waits_at_its_provider(crowd: Crowd) -> None:
    """Of a stream without an end, whose client does not read, no more than the buffers is held."""
    before, sent = crowd.gw.rss(), crowd.flood.taken
    async with crowd.slow():
        each = (crowd.gw.rss() - before) * 1024 / SIZE.slow
        taken = (crowd.flood.taken - sent) / SIZE.slow
        told(
            f"{SIZE.slow} slow streams: {each / 1000:.0f} kB of memory each, "
            f"{taken / 1e6:.1f} MB taken"
        )
        assert each < SLOW_BYTES


async def test_slow_readers_do_not_delay_the_others(crowd: Crowd) -> None:
    """Events of the fastest streams take as long with the slow readers as without them.

    Each round is measured once without and once with them. A busy machine spoils some rounds, a
    reader that holds up others spoils them all.
    """
    seconds = 1.5 if soak_seconds() is None else 5.0
    without: list[Delays] = []
    beside: list[Delays] = []
    for _ in range(ROUNDS):
        without.append(await crowd.watched(seconds))
        async with crowd.slow():
            beside.append(await crowd.watched(seconds))
        await closed(crowd, SIZE.fast + SIZE.plain)
    for name, rounds in (("without", without), ("beside", beside)):
        for one in rounds:
            told(
                f"{name} slow readers: {one.count} events, median {one.median * 1e3:.2f} ms, "
                f"p99 {one.p99 * 1e3:.2f} ms"
            )
    assert min(one.count for one in without + beside) > SIZE.fast * seconds / FAST_GAP / 2
    in_time(best(beside, "median"), 2 * best(without, "median") + 0.002)
    in_time(best(beside, "p99"), 3 * best(without, "p99") + 0.02)


def best(rounds: list[Delays], name: str) -> float:
    """The least of a figure."""
    return min(float(getattr(one, name)) for one in rounds)


async def closed(crowd: Crowd, left: int, within: float = 10.0) -> float:
    """Seconds until the provider has no more than so many open answers."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.timeout(within):
        while crowd.up.open > left:
            await asyncio.sleep(0.005)
    return loop.time() - began


async def test_E01_clients_that_leave_leave_nothing(crowd: Crowd) -> None:
    """Of 200, half of them slow: upstream sockets close at once, descriptors and tasks are back."""
    open_before = crowd.up.open
    files = await crowd.gw.settled_descriptors()
    alive = await crowd.gw.alive()
    plain = await crowd.plain(LEAVING)
    async with crowd.slow() as slow:
        between = await crowd.gw.alive()
        staying = slow[LEAVING:]
        assert sum(between.tasks.values()) > sum(alive.tasks.values()) + LEAVING
        assert crowd.gw.descriptors() == files + 2 * (LEAVING + len(slow))
        leaving: list[Reader | SlowReader] = [*plain, *slow[:LEAVING]]
        for reader in leaving:
            reader.leave()
        took = await closed(crowd, open_before + len(staying))
        told(f"{2 * LEAVING} clients left: {took * 1e3:.0f} ms until the last upstream was closed")
        assert took < LEFT_WITHIN
        most = files + 2 * len(staying)
        assert await crowd.gw.settled_descriptors(most) == most
    await closed(crowd, open_before)
    assert await crowd.gw.settled_descriptors(files) == files
    after = await crowd.gw.alive()
    assert after.tasks == alive.tasks
