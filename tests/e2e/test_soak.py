"""Mixed traffic for a while: nothing grows, and the ledger has every record exactly once.

After a warm-up the gateway is brought to rest and looked at, then traffic runs, then it is looked
at again at rest: tasks and descriptors must be the same, and what the interpreter holds may have
grown by the odd cache entry, not by anything per request. Meanwhile memory is sampled, whose median
at the end is held against that of the beginning. Seconds by default;
``TOLLHOUSE_TEST_SOAK_SECONDS=600`` runs it for ten minutes, ``TOLLHOUSE_TEST_SOAK_RATE`` says how
many requests per second. What was measured is printed (``pytest -s``).
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import pytest

from bench.machine import cpu_seconds
from e2e.mixed_traffic import Traffic, catalogue, play, providers
from e2e.soaking import soak_rate, soak_seconds
from fakes.gateway import ADMIN_TOKEN
from fakes.line import Line
from fakes.probed_gateway import Alive, ProbedGateway
from fakes.upstream import FakeUpstream
from tollhouse.store.sql import open_store

SECONDS = soak_seconds() or 6.0
WARM_UP = min(60.0, max(3.0, SECONDS / 10))
EVERY = max(0.4, SECONDS / 60)
"""Seconds between samples."""
SHIPPED_WITHIN = 20.0
BLOCKS_PER_REQUEST = 1.0
GROWTH_AT_REST = 8_000_000
"""Bytes that the store's caches and the like may still take after the warm-up."""
GROWTH = 12_000_000
"""Bytes, while some requests with large bodies may be under way."""


@dataclass(frozen=True, slots=True)
class State:
    """The process at one moment."""

    files: int
    alive: Alive


@asynccontextmanager
async def sampled(gw: ProbedGateway) -> AsyncIterator[list[State]]:
    """Look at the process again and again while the block runs."""
    samples: list[State] = []

    async def look() -> None:
        while True:
            await asyncio.sleep(EVERY)
            samples.append(State(gw.descriptors(), await gw.alive(looks=1)))

    looking = asyncio.create_task(look())
    try:
        yield samples
    finally:
        looking.cancel()


async def at_rest(gw: ProbedGateway, up: FakeUpstream, files: int | None = None) -> State:
    """The process once every record is shipped and no provider's connection is left.

    There may be a while in which more than ``files`` are open.
    """
    async with asyncio.timeout(SHIPPED_WITHIN):
        await up.until(idle=True)
        while await _backlog(gw):
            await asyncio.sleep(0.1)
    up.server.drop_idle()
    return State(await gw.settled_descriptors(files), await gw.alive())


async def _backlog(gw: ProbedGateway) -> float:
    """Records that are not in the store yet, and requests that have none yet."""
    async with Line(gw.url, ADMIN_TOKEN) as line:
        told = (await line.get("/metrics")).body.decode()
    names = ("tollhouse_ledger_backlog ", "tollhouse_inflight_requests ")
    return sum(float(line.split()[1]) for line in told.splitlines() if line.startswith(names))


async def recorded(folder: Path) -> list[tuple[str, str]]:
    """The request's name and the status of every record in the store."""
    store = open_store(f"sqlite:///{folder}/tollhouse.db")
    found: list[tuple[str, str]] = []
    cursor = None
    try:
        while True:
            page = await store.records(filters={}, limit=1000, cursor=cursor)
            found += [(record.request_id, record.status.value) for record in page.rows]
            cursor = page.next_cursor
            if cursor is None:
                return found
    finally:
        await store.aclose()


def windows(figures: Sequence[int]) -> tuple[float, float]:
    """The medians of the first and of the last third."""
    third = len(figures) // 3
    return median(figures[:third]), median(figures[-third:])


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + WARM_UP + 240)
async def test_nothing_grows_and_every_request_has_its_record(tmp_path: Path) -> None:
    """Chats, streams, failovers, refusals, leavers, PATCHes, large bodies, embeddings at once."""
    rate = soak_rate()
    async with (
        FakeUpstream(remember=False) as up,
        ProbedGateway(tmp_path, providers=providers(up), models=catalogue()) as gw,
    ):
        play(up)
        traffic = Traffic(gw, up)
        await traffic.run(WARM_UP, rate)
        before = await at_rest(gw, up)
        sent, cpu = traffic.sent.total(), cpu_seconds(gw.pid)
        async with sampled(gw) as samples:
            await traffic.run(SECONDS, rate)
        requests = traffic.sent.total() - sent
        cpu = (cpu_seconds(gw.pid) - cpu) / SECONDS
        after = await at_rest(gw, up, before.files)
        usage = (await gw.admin.get("/admin/v1/usage")).json()["totals"]["requests"]
        said = gw.err.read_text()
    records = await recorded(tmp_path)

    memory = windows([one.alive.memory for one in samples])
    blocks = (after.alive.blocks - before.alive.blocks) / requests
    grown = after.alive.grown(before.alive)
    told(
        f"{traffic.sent.total()} requests, {requests} after the warm-up: {dict(traffic.sent)}",
        f"CPU {cpu:.0%}, a chat's median and p99 {milliseconds(traffic.chat_seconds)}",
        f"records {len(records)}, objects left per request {blocks:.2f}: {grown}",
        f"MB {[one.alive.memory // 1_000_000 for one in samples]}",
        f"MB at rest {before.alive.memory / 1e6:.1f} and {after.alive.memory / 1e6:.1f}",
        f"descriptors {[one.files for one in samples]}, at rest {before.files} and {after.files}",
        f"tasks at rest {dict(after.alive.tasks)}",
    )
    assert traffic.troubles == []
    assert traffic.owed.troubles(records) == []
    assert usage == len(records)
    assert "Traceback" not in said
    assert after.alive.tasks == before.alive.tasks
    assert after.files <= before.files
    assert blocks < BLOCKS_PER_REQUEST, grown
    assert after.alive.memory - before.alive.memory < GROWTH_AT_REST
    assert memory[1] - memory[0] < GROWTH


def milliseconds(took: Sequence[float]) -> str:
    """The median and the 99th percentile of durations in seconds, for people."""
    ordered = sorted(took)
    return f"{median(ordered) * 1e3:.1f} and {ordered[len(ordered) * 99 // 100] * 1e3:.1f} ms"


def told(*lines: str) -> None:
    """Print what was measured."""
    sys.stdout.write("\n".join(["", *lines, ""]))
