"""Two workers, one catalogue: what is written on one is in force on both within a second."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from fakes.gateway import ADMIN_TOKEN, chat, model
from fakes.line import Answer, Line
from fakes.process import GatewayProcess
from fakes.slowness import in_time
from fakes.upstream import FakeUpstream
from store.databases import PostgresSchema, require_postgres

pytestmark = pytest.mark.asyncio(loop_scope="module")
PATH = "/v1/chat/completions"
MODELS = ("off", "busy", "stale", "counted", "other", "prompted")
WITHIN = 1.0
"""Seconds after which a change is in force everywhere."""


@dataclass
class Pair:
    """A gateway with two workers, and the provider behind it."""

    gw: GatewayProcess
    up: FakeUpstream

    async def lines(self, stack: AsyncExitStack, key: str, *, each: int = 2) -> list[Line]:
        """Connections until each worker has at least ``each`` of them; theirs take turns."""
        by_worker: dict[int, list[Line]] = {pid: [] for pid in self.gw.workers()}
        async with asyncio.timeout(10):
            while min(map(len, by_worker.values())) < each:
                line = await stack.enter_async_context(Line(self.gw.url, key))
                assert (await line.get("/livez")).status == 200
                taker = self.gw.worker_of(line.port)
                assert taker is not None
                by_worker[taker].append(line)
        return [line for turn in zip(*by_worker.values(), strict=False) for line in turn]


@pytest_asyncio.fixture(
    name="pair", scope="module", loop_scope="module", params=["sqlite", "postgresql"]
)
async def _pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Pair]:
    folder = tmp_path_factory.mktemp("pair") / "gateway"
    sections: dict[str, Any] = {}
    schema = None
    if request.param == "postgresql":
        require_postgres()
        schema = PostgresSchema()
        sections = {"store": {"url": schema.url}}
    try:
        async with (
            FakeUpstream() as up,
            GatewayProcess(
                folder,
                providers={"up": up.url},
                models=[model(name) for name in MODELS],
                workers=2,
                **sections,
            ) as gw,
        ):
            yield Pair(gw, up)
    finally:
        if schema is not None:
            schema.drop()


async def test_F03_model_that_was_disabled_is_served_by_no_worker_after_a_second(
    pair: Pair,
) -> None:
    """A PATCH through one worker ends the service of both; so does its opposite."""
    async with AsyncExitStack() as stack:
        lines = await pair.lines(stack, pair.gw.key)
        assert {answer.status for answer in await _ask_all(lines, "off")} == {200}
        waits = []
        for enabled, expected in ((False, 403), (True, 200)):
            patched = await pair.gw.admin.patch("/v1/models/off", json={"enabled": enabled})
            assert patched.status_code == 200
            waits.append(await _seconds_until(lambda: _statuses(lines, "off"), {expected}))
            before = pair.up.count
            for _ in range(25):
                assert {answer.status for answer in await _ask_all(lines, "off")} == {expected}
            assert (pair.up.count > before) == enabled
        versions = {answer.json["catalogue_version"] for answer in await _versions(lines)}
        assert len(versions) == 1
    in_time(max(waits), WITHIN)


async def test_F03_changed_system_prompt_is_put_in_front_by_every_worker_after_a_second(
    pair: Pair,
) -> None:
    """A PATCH of the prompt alone, through one worker, is what both send a second later."""
    admin, path = pair.gw.admin, "/admin/v1/prompts"
    particle = {"kind": "role", "text": "prompt-0"}
    made = await admin.post(path, json={"name": "P", "particles": [particle]})
    path = f"{path}/{made.json()['prompt_id']}"
    patch = {"system_prompt_id": made.json()["prompt_id"]}
    assert (await admin.patch("/v1/models/prompted", json=patch)).status_code == 200
    async with AsyncExitStack() as stack:
        lines = await pair.lines(stack, pair.gw.key)

        async def seen() -> set[int]:
            before = len(pair.up.calls)
            await _ask_all(lines, "prompted")
            sent = [call.json["messages"][0]["content"] for call in pair.up.calls[before:]]
            return {int(text.rpartition("-")[2]) if "prompt-" in text else -1 for text in sent}

        in_time(await _seconds_until(seen, {0}), WITHIN)
        for number in (1, 2, 3):
            particles = [{**particle, "text": f"prompt-{number}"}]
            assert (await admin.patch(path, json={"particles": particles})).status_code == 200
            in_time(await _seconds_until(seen, {number}), WITHIN)
            assert await seen() == {number}


async def test_F06_hundred_concurrent_patches_of_different_fields_all_survive(pair: Pair) -> None:
    """Patches through both workers at once lose nothing; each is a version and an audit event."""
    gw = pair.gw
    before = (await gw.admin.get("/admin/v1/models/busy")).json()["version"]
    async with AsyncExitStack() as stack:
        lines = await pair.lines(stack, ADMIN_TOKEN, each=5)

        async def patch(number: int) -> Answer:
            line = lines[number % 10]
            body = b'{"metadata":{"field-%d":"%d"}}' % (number, number)
            line.send(
                line.head("PATCH", "/v1/models/busy", len(body), x_request_id=f"busy-{number}")
                + body
            )
            return await line.answer()

        async def patches(first: int) -> list[Answer]:
            return [await patch(number) for number in range(first, 100, 10)]

        runs = await asyncio.gather(*(patches(first) for first in range(10)))
        assert [answer.status for run in runs for answer in run] == [200] * 100
        waited = await _seconds_until(lambda: _fields(lines), {100})
    after = (await gw.admin.get("/admin/v1/models/busy")).json()
    assert after["metadata"] == {f"field-{number}": str(number) for number in range(100)}
    assert after["version"] == before + 100
    in_time(waited, WITHIN)
    trail = await gw.listed("/admin/v1/audit", target="busy", action="model.updated")
    assert {event["request_id"] for event in trail} == {f"busy-{number}" for number in range(100)}
    assert len(trail) == 100
    assert all(len(event["changed"]) == 1 for event in trail)


async def test_F06_stale_etag_is_refused_by_either_worker_and_audited(pair: Pair) -> None:
    """Of two PATCHes with one ETag the second gets 412, whichever worker takes it."""
    gw = pair.gw
    async with AsyncExitStack() as stack:
        lines = await pair.lines(stack, ADMIN_TOKEN, each=1)
        etag = (await gw.admin.get("/admin/v1/models/stale")).headers["etag"]
        body = b'{"tags":["x"]}'
        statuses = []
        for line in (*lines, *lines):
            head = line.head("PATCH", "/v1/models/stale", len(body), if_match=etag)
            line.send(head + body)
            answer = await line.answer()
            statuses.append(answer.status)
        assert statuses == [200, 412, 412, 412]
        assert answer.code == "version_conflict"
    trail = await gw.listed("/admin/v1/audit", target="stale")
    assert [event["action"] for event in trail].count("model.updated") == 4


async def test_G07_revoked_key_is_refused_by_every_worker_after_a_second(pair: Pair) -> None:
    """A key works on both workers as soon as it is made, and on none a second after its end."""
    gw = pair.gw
    made = (await gw.admin.post("/admin/v1/keys", json={"org": "acme", "name": "x"})).json()
    async with AsyncExitStack() as stack:
        lines = await pair.lines(stack, made["key"])
        assert {answer.status for answer in await _ask_all(lines, "other")} == {200}
        assert (await gw.admin.delete(f"/admin/v1/keys/{made['id']}")).status_code == 204
        in_time(await _seconds_until(lambda: _statuses(lines, "other"), {401}), WITHIN)
        for _ in range(25):
            assert {answer.status for answer in await _ask_all(lines, "other")} == {401}


async def test_G07_demoted_user_loses_the_admin_plane_on_every_worker(pair: Pair) -> None:
    """A revoked user token opens the admin plane of neither worker a second later."""
    gw = pair.gw
    asked = {"user": "eve", "org": "acme", "role": "org_admin"}
    made = (await gw.admin.post("/admin/v1/tokens", json=asked)).json()
    async with AsyncExitStack() as stack:
        lines = await pair.lines(stack, made["token"])

        async def statuses() -> set[int]:
            return {(await line.get("/admin/v1/models")).status for line in lines}

        assert await statuses() == {200}
        assert (await gw.admin.delete(f"/admin/v1/tokens/{made['id']}")).status_code == 204
        in_time(await _seconds_until(statuses, {401}), WITHIN)


async def test_I02_every_scrape_tells_the_same_whichever_worker_answers(pair: Pair) -> None:
    """Ten scrapes over both workers agree on every counter, and a later one is never lower."""
    gw = pair.gw
    name = (
        'tollhouse_requests_total{endpoint="chat",model="counted",org="acme",'
        'outcome="ok",provider="up",served_model="counted"}'
    )
    async with AsyncExitStack() as stack:
        lines = await pair.lines(stack, gw.key)
        for _ in range(25):
            await _ask_all(lines[:4], "counted")
        scrapers = await pair.lines(stack, ADMIN_TOKEN, each=5)
        scrapes = [_counters(await line.get("/metrics")) for line in scrapers[:10]]
        assert [scrape[name] for scrape in scrapes] == [100] * 10
        assert all(scrape == scrapes[0] for scrape in scrapes)
        await _ask_all(lines[:1], "counted")
        later = _counters(await scrapers[1].get("/metrics"))
        assert later[name] == 101
        assert all(later[series] >= value for series, value in scrapes[0].items())


async def _ask_all(lines: list[Line], model_id: str) -> list[Answer]:
    return await asyncio.gather(*(line.post(PATH, chat(model_id)) for line in lines))


async def _statuses(lines: list[Line], model_id: str) -> set[int]:
    return {answer.status for answer in await _ask_all(lines, model_id)}


async def _fields(lines: list[Line]) -> set[int]:
    answers = [await line.get("/admin/v1/models/busy") for line in lines]
    return {len(answer.json["metadata"]) for answer in answers}


async def _versions(lines: list[Line]) -> list[Answer]:
    return [await line.get("/version") for line in lines]


async def _seconds_until(read: Callable[[], Awaitable[set[int]]], wanted: set[int]) -> float:
    began = time.monotonic()
    async with asyncio.timeout(10):
        while await read() != wanted:
            await asyncio.sleep(0.02)
    return time.monotonic() - began


def _counters(answer: Answer) -> dict[str, float]:
    """The counters of a scrape, which only what was asked of the gateway moves."""
    assert answer.status == 200
    lines = [line for line in answer.body.decode().splitlines() if line.startswith("tollhouse_")]
    samples = {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}
    return {name: value for name, value in samples.items() if "_total" in name}
