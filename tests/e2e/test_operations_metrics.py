"""What operators count: bounded series, whole labels, one row a request, one warning a model."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from e2e.stage import Stage, staged
from fakes.answers import error
from fakes.gateway import chat
from fakes.line import Line

pytestmark = pytest.mark.asyncio(loop_scope="module")
CHAT = "/v1/chat/completions"


@pytest_asyncio.fixture(name="stage", scope="module", loop_scope="module")
async def _stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with staged(tmp_path_factory.mktemp("metrics")) as stage:
        yield stage


async def test_I01_random_names_and_paths_make_no_series(stage: Stage) -> None:
    """A thousand typos in models, paths, methods and orgs leave the number of series as it was."""
    gw = stage.gw
    paths = ("/v1/{}", "/{}", "/v1/models/{}", "/admin/v1/{}", "/v1/chat/{}")

    async def stray(start: int, count: int) -> None:
        async with Line(gw.url, gw.key) as line:
            for number in range(start, start + count):
                name = f"scan/{number}"
                assert (await line.post(CHAT, chat(name))).status == 404
                path = paths[number % len(paths)].format(name)
                assert (await line.get(path)).status in (401, 403, 404)
                assert (await line.post(path, b"{}")).status >= 400
        async with Line(gw.url, f"iak_{start}_{'x' * 20}") as line:
            for number in range(count // 10):
                assert (await line.post(CHAT, chat(f"scan/{number}"))).status == 401

    await stray(0, 20)
    before = await _series(stage)
    await stray(1000, 1000)
    assert await _series(stage) == before
    told = (await gw.admin.get("/metrics")).text
    assert "scan/" not in told
    assert await stage.metric("tollhouse_refusals_total", code="model_not_found") >= 1000
    assert stage.up.count == 0


async def test_I03_every_outcome_is_counted_under_whole_labels(stage: Stage) -> None:
    """Success, failover, failure and refusals of each kind: model, provider, org, never empty."""
    served = await stage.model(name="served")
    rescued = await stage.model(error(500), name="rescued", failover=served)
    failing = await stage.model(error(500), name="failing")
    rejected = await stage.model(error(400), name="rejected")
    refused = {
        "model_disabled": await stage.model(name="off", enabled=False),
        "model_not_allowed": await stage.model(name="theirs", org_slugs=["other"]),
        "model_retired": await stage.model(name="old", end_of_life_at="2020-01-01T00:00:00Z"),
        "endpoint_not_supported": await stage.model(name="embed", type="embeddings", pricing=None),
        "max_tokens_exceeded": await stage.model(name="small", limits={"max_tokens": 1}),
    }
    for model_id in (served, rescued, failing, rejected):
        await stage.chat(model_id)
    for model_id in refused.values():
        await stage.chat(model_id, max_tokens=5)
    await stage.stream(served)

    async def count(**labels: str) -> int:
        return int(await stage.metric("tollhouse_requests_total", org="acme", **labels))

    up = {"provider": "up", "endpoint": "chat"}
    assert await count(model=served, served_model=served, outcome="ok", **up) == 2
    assert await count(model=rescued, served_model=served, outcome="ok", **up) == 1
    assert await count(model=failing, outcome="upstream_error", endpoint="chat") == 1
    assert await count(model=rejected, outcome="client_error", endpoint="chat") == 1
    for code, model_id in refused.items():
        name = "tollhouse_refusals_total"
        assert await stage.metric(name, code=code, model=model_id, org="acme") == 1, code
        assert await stage.metric("tollhouse_requests_total", model=model_id) == 0
    attempts = "tollhouse_attempts_total"
    assert await stage.metric(attempts, model=rescued, provider="up", result="status_500") == 1
    assert await stage.metric(attempts, model=served, provider="up", result="ok") == 3
    failovers = "tollhouse_failovers_total"
    assert await stage.metric(failovers, from_model=rescued, to_model=served) == 1
    told = (await stage.gw.admin.get("/metrics")).text
    empty = [line for line in told.splitlines() if '=""' in line and not line.startswith("#")]
    assert empty == []


async def test_I05_listing_models_is_in_no_record(stage: Stage) -> None:
    """Of a hundred lists and one chat the ledger has the chat, with both names."""
    target = await stage.model(name="target", aliases=["nickname"])
    before = {record.id for record in await stage.gw.records()}
    for _ in range(100):
        assert (await stage.gw.client.get("/v1/models")).status_code == 200
    assert (await stage.gw.client.get(f"/v1/models/{target}")).status_code == 200
    answer = await stage.chat("nickname")
    assert answer.status_code == 200, answer.text
    (record,) = [record for record in await stage.gw.records() if record.id not in before]
    assert record.requested_model == "nickname"
    assert (record.model, record.served_model) == (target, target)


async def test_I06_unpriced_model_is_warned_of_once(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """Three hundred requests without a price are one warning and a count of three hundred."""
    model_id = await stage.model(name="unpriced", pricing=None)
    with caplog.at_level(logging.WARNING, logger="tollhouse.requests"):
        async with Line(stage.gw.url, stage.gw.key) as line:
            for _ in range(300):
                assert (await line.post(CHAT, chat(model_id))).status == 200
    warned = [line for line in caplog.records if line.getMessage() == "requests without a cost"]
    assert len(warned) == 1
    assert await stage.metric("tollhouse_unpriced_requests_total", model=model_id) == 300


async def test_I06_lost_store_does_not_flood_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A lost store is an error once, not at every request and every look for it."""
    async with staged(tmp_path) as stage:
        model_id = await stage.model()
        await stage.chat(model_id)
        database, away = stage.gw.folder / "tollhouse.db", stage.gw.folder / "away.db"
        with caplog.at_level(logging.WARNING, logger="tollhouse"):
            database.rename(away)
            for _ in range(100):
                await stage.chat(model_id)
            await stage.gw.admin.patch(f"/v1/models/{model_id}", json={"tags": ["x"]})
            away.rename(database)
            await stage.gw.records()
        assert len(caplog.records) <= 6, [line.getMessage() for line in caplog.records]


async def _series(stage: Stage) -> int:
    told = (await stage.gw.admin.get("/metrics")).text
    return sum(not line.startswith("#") for line in told.splitlines())
