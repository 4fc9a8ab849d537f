"""Workers that die, gateways that start together: nothing is lost or counted twice."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from fakes.answers import Shape
from fakes.gateway import chat, model
from fakes.line import Line
from fakes.openai_answers import Chat
from fakes.process import GatewayProcess, command_line
from fakes.upstream import FakeUpstream
from store.databases import PostgresSchema, require_postgres

PATH = "/v1/chat/completions"


@pytest.mark.slow
async def test_killed_worker_is_replaced_and_its_records_arrive(tmp_path: Path) -> None:
    """After ``kill -9`` of one of two workers two serve again, and no answer is without a row."""
    async with (
        FakeUpstream() as up,
        GatewayProcess(tmp_path, providers={"up": up.url}, models=[model("a")], workers=2) as gw,
    ):
        answered: list[str] = []
        over = asyncio.Event()

        async def client(number: int) -> None:
            turn = 0
            while not over.is_set():
                try:
                    async with Line(gw.url, gw.key) as line:
                        while not over.is_set():
                            turn += 1
                            name = f"{number}-{turn}"
                            answer = await line.post(PATH, chat("a"), x_request_id=name)
                            assert answer.status == 200
                            answered.append(name)
                except ConnectionError:
                    continue

        running = [asyncio.create_task(client(number)) for number in range(6)]
        await asyncio.sleep(0.5)
        before = await gw.metrics()
        victim = gw.workers()[0]
        assert "spawn_main" in command_line(victim)
        os.kill(victim, signal.SIGKILL)
        async with asyncio.timeout(15):
            while victim in gw.workers() or not gw.all_listen():
                await asyncio.sleep(0.05)
        after = await gw.metrics()
        over.set()
        await asyncio.gather(*running)
        counters = [name for name in before if "_total{" in name]
        assert counters
        assert [name for name in counters if after[name] < before[name]] == []
        async with asyncio.timeout(10):
            while not (rows := await _rows(gw)).keys() >= set(answered):
                await asyncio.sleep(0.2)
        assert set(rows.values()) == {1}
        idle = await gw.metrics()
        assert idle["tollhouse_inflight_requests"] == 0
        gw.terminate()
        assert await gw.ended() == 0


@pytest.mark.slow
async def test_workers_drain_together_and_exit_with_0(tmp_path: Path) -> None:
    """On SIGTERM to the parent the streams of every worker end properly, then all are gone."""
    async with (
        FakeUpstream() as up,
        GatewayProcess(
            tmp_path,
            providers={"up": up.url},
            models=[model("a")],
            workers=2,
            server={"drain_seconds": 10},
        ) as gw,
    ):
        up.script(Chat("word " * 20, words=20, shape=Shape(delay=0.05)))

        async def stream() -> bytes:
            async with Line(gw.url, gw.key) as line:
                return (await line.post(PATH, chat("a", stream=True))).body

        streams = [asyncio.create_task(stream()) for _ in range(12)]
        await up.until(count=12)
        pids = gw.workers()
        gw.terminate()
        bodies = await asyncio.gather(*streams)
        assert all(body.rstrip().endswith(b"data: [DONE]") for body in bodies)
        assert await gw.ended() == 0
        assert [pid for pid in pids if "tollhouse" in command_line(pid)] == []
    assert [record.status for record in await gw.stored()] == ["ok"] * 12


@pytest_asyncio.fixture(name="store_section", params=["sqlite", "postgresql"])
async def _store_section(request: pytest.FixtureRequest) -> AsyncIterator[dict[str, str]]:
    if request.param == "sqlite":
        yield {}
        return
    require_postgres()
    schema = PostgresSchema()
    yield {"url": schema.url}
    schema.drop()


async def test_J05_two_gateways_started_at_once_on_an_empty_store_both_serve(
    tmp_path: Path, store_section: dict[str, str]
) -> None:
    """One of them migrates and seeds, the other waits; both are ready and see one catalogue."""
    async with FakeUpstream() as up:
        store = store_section or {"url": f"sqlite:///{tmp_path}/shared.db"}
        pair = [
            GatewayProcess(
                tmp_path / name,
                providers={"up": up.url},
                models=[model("a"), model("b")],
                store=store,
            )
            for name in ("first", "second")
        ]
        for gw in pair:
            gw.launch()
        try:
            for gw in pair:
                await gw.ready()
            first, second = pair
            first.key = second.key = await first.new_key("acme")
            for gw in pair:
                client = gw.as_caller(gw.key)
                assert (await client.post(PATH, json=chat("a"))).status_code == 200
            documents = [await gw.listed("/admin/v1/models") for gw in pair]
            assert documents[0] == documents[1]
            assert [document["model_id"] for document in documents[0]] == ["a", "b"]
            seeded = await first.listed("/admin/v1/audit", action="model.created")
            assert sorted(event["target"] for event in seeded) == ["a", "b"]
        finally:
            for gw in pair:
                await gw.stop()


async def _rows(gw: GatewayProcess) -> Counter[str]:
    return Counter(record["request_id"] for record in await gw.records())
