"""Probes, version and metrics: who gets them, what they say, and that they never cost anything."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import AsyncExitStack, closing
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from e2e.stage import error_of
from fakes.answers import Shape
from fakes.gateway import ADMIN_TOKEN, RunningGateway, chat, model
from fakes.line import Answer, Line
from fakes.openai_answers import Chat
from fakes.process import GatewayProcess, upstream_process
from fakes.slowness import in_time
from fakes.upstream import FakeUpstream
from tollhouse import __version__

pytestmark = pytest.mark.asyncio(loop_scope="module")
CHAT = "/v1/chat/completions"
METRICS_TOKEN = "scrape-5d0b7c1e9f3a4826"
PROMISED = (
    "tollhouse_requests_total",
    "tollhouse_refusals_total",
    "tollhouse_attempts_total",
    "tollhouse_failovers_total",
    "tollhouse_cost_usd_total",
    "tollhouse_unpriced_requests_total",
    "tollhouse_overhead_seconds",
    "tollhouse_event_loop_lag_seconds",
    "tollhouse_inflight_requests",
    "tollhouse_breaker_open",
    "tollhouse_catalogue_version",
    "tollhouse_ledger_backlog",
    "tollhouse_store_up",
    "gen_ai_client_token_usage",
    "gen_ai_server_request_duration_seconds",
    "gen_ai_server_time_to_first_token_seconds",
    "gen_ai_server_time_per_output_token_seconds",
)


class Watched:
    """A gateway, its provider, and somebody without a credential."""

    def __init__(self, gw: RunningGateway, up: FakeUpstream, nobody: httpx.AsyncClient) -> None:
        self.gw = gw
        self.up = up
        self.nobody = nobody


@pytest_asyncio.fixture(name="watched", scope="module", loop_scope="module")
async def _watched(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Watched]:
    async with (
        FakeUpstream() as up,
        RunningGateway(
            tmp_path_factory.mktemp("watched"),
            providers={"up": up.url},
            models=[model("a"), model("b", failover="a"), model("free", pricing=None)],
            telemetry={"metrics_token": METRICS_TOKEN},
            server={"max_inflight": 3},
            failover={"retries": 0},
        ) as gw,
        httpx.AsyncClient(base_url=gw.url) as nobody,
    ):
        yield Watched(gw, up, nobody)


@pytest.mark.parametrize("path", ["/", "/livez", "/readyz", "/version"])
async def test_probe_needs_no_credential_and_takes_get_and_head(
    watched: Watched, path: str
) -> None:
    """Anybody may ask; a HEAD has the head of a GET and no body; nothing is cached."""
    got = await watched.nobody.get(path)
    assert got.status_code == 200
    assert got.headers["content-type"] == "application/json"
    assert got.headers["cache-control"] == "no-store"
    head = await watched.nobody.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == got.headers["content-length"]
    refused = await watched.nobody.post(path)
    assert refused.status_code == 405
    assert {method.strip() for method in refused.headers["allow"].split(",")} == {"GET", "HEAD"}
    assert error_of(refused)["code"] == "method_not_allowed"


async def test_version_names_the_program_and_the_catalogue(watched: Watched) -> None:
    """``/`` and ``/version`` say the same."""
    for path in ("/", "/version"):
        told = (await watched.nobody.get(path)).json()
        assert told["name"] == "tollhouse"
        assert told["version"] == __version__
        assert told["catalogue_version"] >= 1


async def test_bad_credential_does_not_disturb_a_probe(watched: Watched) -> None:
    """A probe that happens to carry a credential is answered without looking at it."""
    headers = {"authorization": "Bearer iak_wrong_wrongwrongwrongwrong"}
    assert (await watched.nobody.get("/livez", headers=headers)).status_code == 200
    assert (await watched.nobody.get("/readyz", headers=headers)).status_code == 200


async def test_metrics_are_for_the_token_and_for_users_who_may_read_them(watched: Watched) -> None:
    """The metrics token, the bootstrap token and viewers read; keys, members and nobody do not."""
    gw = watched.gw
    expected = {METRICS_TOKEN: 200, ADMIN_TOKEN: 200, gw.key: 403, f"{METRICS_TOKEN}x": 401}
    for role, status in (("viewer", 200), ("system_admin", 200), ("member", 403)):
        asked = {"user": role, "org": "acme", "role": role}
        made = (await gw.admin.post("/admin/v1/tokens", json=asked)).json()
        expected[made["token"]] = status
    for credential, status in expected.items():
        answer = await gw.as_caller(credential).get("/metrics")
        assert answer.status_code == status, (credential, answer.text)
    nothing = await watched.nobody.get("/metrics")
    assert nothing.status_code == 401
    assert error_of(nothing)["code"] == "invalid_api_key"
    refused = await gw.client.get("/metrics")
    assert error_of(refused)["code"] == "user_identity_required"


async def test_metrics_token_opens_nothing_else(watched: Watched) -> None:
    """It is no credential of the data plane or of the admin plane."""
    caller = watched.gw.as_caller(METRICS_TOKEN)
    for path in ("/v1/models", "/admin/v1/models", "/admin/v1/audit"):
        assert (await caller.get(path)).status_code == 401
    assert (await caller.post(CHAT, json=chat("a"))).status_code == 401


async def test_every_promised_metric_is_there_with_its_meaning(watched: Watched) -> None:
    """Names, help and types of all metrics are told from the start, whatever has happened."""
    answer = await watched.gw.as_caller(METRICS_TOKEN).get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    for name in PROMISED:
        assert f"# TYPE {name} " in answer.text, name
        assert f"# HELP {name} " in answer.text, name


async def test_requests_above_max_inflight_get_503_and_cost_nothing(watched: Watched) -> None:
    """The fourth of three is told to come back; probes and lists go on; room is made again."""
    gw, up = watched.gw, watched.up
    up.script(Chat(words=2, shape=Shape(first=0.3)), model="a-upstream")
    before = up.count
    running = [
        asyncio.create_task(gw.client.post(CHAT, json=chat("a", stream=True))) for _ in range(3)
    ]
    await up.until(count=before + 3)
    for stream in (False, True):
        refused = await gw.client.post(CHAT, json=chat("a", stream=stream))
        assert refused.status_code == 503
        assert error_of(refused)["code"] == "gateway_overloaded"
        assert refused.headers["retry-after"] == "1"
    assert (await watched.nobody.get("/livez")).status_code == 200
    assert (await watched.nobody.get("/readyz")).status_code == 200
    assert (await gw.client.get("/v1/models")).status_code == 200
    scrape = (await gw.admin.get("/metrics")).text
    assert "tollhouse_inflight_requests 3.0" in scrape
    assert {answer.status_code for answer in await asyncio.gather(*running)} == {200}
    assert up.count == before + 3
    assert (await gw.client.post(CHAT, json=chat("a"))).status_code == 200
    assert "tollhouse_inflight_requests 0.0" in (await gw.admin.get("/metrics")).text


async def test_J03_probes_ask_no_provider_and_no_store(watched: Watched) -> None:
    """With the store locked and gone, and the provider counting, probes touch neither."""
    gw = watched.gw
    database, away = gw.folder / "tollhouse.db", gw.folder / "away.db"
    before = watched.up.count
    opened = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
    with closing(opened) as other:
        # In a thread: a write that the gateway has begun must be able to end.
        await asyncio.to_thread(other.execute, "BEGIN EXCLUSIVE")
        database.rename(away)
        for path in ("/livez", "/readyz", "/version", "/"):
            assert (await watched.nobody.get(path)).status_code == 200
        away.rename(database)
        other.execute("ROLLBACK")
    assert watched.up.count == before


async def test_J03_probes_are_quick_beside_large_bodies(tmp_path: Path) -> None:
    """While twenty 5 MB requests are under way at once, liveness is told within 200 ms."""
    picture = {
        "type": "image_url",
        "image_url": {"url": f"data:image/png;base64,{'A' * 5_000_000}"},
    }
    body = json.dumps({"model": "a", "messages": [{"role": "user", "content": [picture]}]}).encode()
    async with (
        upstream_process("small") as url,
        GatewayProcess(tmp_path, providers={"up": url}, models=[model("a")]) as gw,
        AsyncExitStack() as stack,
    ):
        lines = [await stack.enter_async_context(Line(gw.url, gw.key)) for _ in range(20)]
        probe = await stack.enter_async_context(Line(gw.url))
        slowest = []
        for _ in range(4):  # something else may have had the processor
            waits = await _waits_beside(probe, [line.post(CHAT, body) for line in lines])
            assert len(waits) > 5
            slowest.append(sorted(waits)[int(len(waits) * 0.95)])
            if slowest[-1] < 0.2:
                break
        in_time(min(slowest), 0.2)


async def _waits_beside(probe: Line, requests: Sequence[Awaitable[Answer]]) -> list[float]:
    """How long liveness took to be told, each time that it was asked while the requests ran."""
    running, waits = asyncio.gather(*requests), []
    loop = asyncio.get_running_loop()
    while not running.done():
        before = loop.time()
        assert (await probe.get("/livez")).status == 200
        waits.append(loop.time() - before)
        await asyncio.sleep(0.01)
    assert {answer.status for answer in await running} == {200}
    return waits
