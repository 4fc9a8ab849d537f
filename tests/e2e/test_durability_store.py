"""A store that is lost or stuck: requests go on, writes are refused, it comes back by itself."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from fakes.gateway import RunningGateway, chat, model
from fakes.slowness import in_time
from fakes.tcp_proxy import TcpProxy
from fakes.upstream import FakeUpstream
from store.databases import PostgresSchema, require_postgres
from tollhouse.pipeline.watch import LOOK_SECONDS

PATH = "/v1/chat/completions"
UNKNOWN_KEY = "iak_aaaaaaaaaaaaaaaa_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"


@dataclass
class Outage:
    """A gateway, and how to take its store away and give it back."""

    gw: RunningGateway
    up: FakeUpstream
    begin: Callable[[], Awaitable[None]]
    end: Callable[[], Awaitable[None]]


@pytest.fixture(name="schema")
def _schema() -> Iterator[PostgresSchema]:
    require_postgres()
    schema = PostgresSchema()
    yield schema
    schema.drop()


@pytest.fixture(name="outage", params=["sqlite", "postgresql"])
async def _outage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Outage]:
    """A SQLite file that is moved away, or a PostgreSQL server that is out of reach."""
    models = [model("a"), model("b")]
    if request.param == "postgresql":
        schema: PostgresSchema = request.getfixturevalue("schema")
        async with TcpProxy(5432) as proxy, FakeUpstream() as up:
            store = {"url": schema.url.replace(":5432/", f":{proxy.port}/")}
            async with RunningGateway(
                tmp_path, providers={"up": up.url}, models=models, store=store
            ) as gw:
                yield Outage(gw, up, proxy.cut, proxy.mend)
        return
    database, away = tmp_path / "tollhouse.db", tmp_path / "away.db"

    async def begin() -> None:
        database.rename(away)

    async def end() -> None:
        away.rename(database)

    async with (
        FakeUpstream() as up,
        RunningGateway(tmp_path, providers={"up": up.url}, models=models) as gw,
    ):
        yield Outage(gw, up, begin, end)


def _age(gw: RunningGateway) -> None:
    """As after a minute: every known caller has to be looked up again."""
    known = gw.app.callers._known
    known.update({digest: (caller, 0.0) for digest, (caller, _) in known.items()})


async def test_J04_lost_store_keeps_known_callers_and_comes_back_by_itself(outage: Outage) -> None:
    """Without its store the gateway serves whom it knows, says 503 to the rest, and reconnects."""
    gw = outage.gw
    await _known(gw)
    await outage.begin()
    _age(gw)
    assert (await gw.client.post(PATH, json=chat("a"))).status_code == 200
    assert (await gw.client.get("/v1/models")).status_code == 200
    unknown = await gw.as_caller(UNKNOWN_KEY).post(PATH, json=chat("a"))
    _assert_503(unknown)
    _assert_503(await gw.admin.patch("/v1/models/a", json={"enabled": False}))
    _assert_503(await gw.admin.post("/admin/v1/keys", json={"org": "acme", "name": "x"}))
    assert (await gw.client.get("/readyz")).status_code == 200
    await _until(lambda: _store_up(gw), 0.0, seconds=8)
    await outage.end()
    await _until(lambda: _store_up(gw), 1.0, seconds=8)
    assert (await gw.as_caller(UNKNOWN_KEY).post(PATH, json=chat("a"))).status_code == 401
    patched = await gw.admin.patch("/v1/models/a", json={"enabled": False})
    assert patched.status_code == 200, patched.text
    assert (await gw.client.post(PATH, json=chat("a"))).status_code == 403


async def test_E08_requests_during_an_outage_are_all_in_the_ledger_after_it(
    outage: Outage,
) -> None:
    """No request waits for a store that is gone, and none is missing once it is back."""
    gw = outage.gw
    await _known(gw)
    await outage.begin()
    slowest = 0.0
    for turn in range(40):
        before = time.perf_counter()
        answer = await gw.client.post(PATH, json=chat("ab"[turn % 2]))
        slowest = max(slowest, time.perf_counter() - before)
        assert answer.status_code == 200, answer.text
    assert slowest < 0.5
    assert gw.app.journal.backlog >= 40
    await outage.end()
    assert len({record.id for record in await gw.records()}) == 41


async def test_E08_locked_store_holds_up_no_request(tmp_path: Path) -> None:
    """While somebody else holds SQLite's write lock, requests are served at their usual pace."""
    async with (
        FakeUpstream() as up,
        RunningGateway(tmp_path, providers={"up": up.url}, models=[model("a")]) as gw,
    ):
        await gw.client.post(PATH, json=chat("a"))
        with closing(sqlite3.connect(gw.folder / "tollhouse.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            began = time.perf_counter()
            for _ in range(100):
                answer = await gw.client.post(PATH, json=chat("a"))
                assert answer.status_code == 200, answer.text
            in_time(time.perf_counter() - began, 2.5)
            assert (await gw.as_caller(UNKNOWN_KEY).post(PATH, json=chat("a"))).status_code == 401
            other.execute("ROLLBACK")
        assert len(await gw.records()) == 101


async def test_J04_key_revoked_just_before_the_outage_is_not_served_from_memory(
    outage: Outage,
) -> None:
    """What is known for want of a store never includes what was revoked while there was one."""
    gw = outage.gw
    made = (await gw.admin.post("/admin/v1/keys", json={"org": "acme", "name": "x"})).json()
    caller = gw.as_caller(made["key"])
    assert (await caller.post(PATH, json=chat("a"))).status_code == 200
    assert (await gw.admin.delete(f"/admin/v1/keys/{made['id']}")).status_code == 204
    await outage.begin()
    _assert_503(await caller.post(PATH, json=chat("a")))
    await outage.end()
    await _until(lambda: _status(caller), 401, seconds=8)
    assert outage.up.count == 1


async def _known(gw: RunningGateway) -> None:
    """Let the key that was made last be looked up after every worker has heard of it."""
    await asyncio.sleep(2 * LOOK_SECONDS)
    assert (await gw.client.post(PATH, json=chat("a"))).status_code == 200


def _assert_503(answer: httpx.Response) -> None:
    assert answer.status_code == 503, answer.text
    assert answer.json()["error"]["code"] == "store_unavailable"
    assert answer.headers["retry-after"]


async def _store_up(gw: RunningGateway) -> float:
    told = (await gw.admin.get("/metrics")).text
    (line,) = [line for line in told.splitlines() if line.startswith("tollhouse_store_up ")]
    return float(line.split()[1])


async def _status(caller: httpx.AsyncClient) -> int:
    return (await caller.post(PATH, json=chat("a"))).status_code


async def _until(read: Callable[[], Awaitable[float]], wanted: float, *, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while await read() != wanted:
            await asyncio.sleep(0.05)
