"""Connections and places: bounded, given back after every end, and no reason to fail over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from e2e.failing import breaker, failing, fails
from e2e.stage import Stage, error_of
from e2e.wire import Wire, dial
from fakes.answers import Shape
from fakes.gateway import RunningGateway, chat, model
from fakes.http_server import End, Pause, Step
from fakes.openai_answers import Chat
from fakes.slowness import in_time
from fakes.upstream import FakeUpstream

pytestmark = pytest.mark.asyncio(loop_scope="module")

ENDLESS = Chat("word " * 2000, words=2000, shape=Shape(delay=0.05))


@pytest_asyncio.fixture(name="stage", scope="module", loop_scope="module")
async def _stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with failing(tmp_path_factory.mktemp("connections")) as stage:
        yield stage


async def hold(stage_url: str, key: str, stack: AsyncExitStack, model_id: str) -> Wire:
    """A stream that has begun and goes on until its client leaves."""
    wire = await stack.enter_async_context(dial(stage_url))
    await wire.post("/v1/chat/completions", key, chat(model_id, stream=True))
    assert (await wire.head())[0] == 200
    return wire


async def test_C18_idle_connections_that_the_provider_closes_cost_nothing(
    tmp_path: Path,
) -> None:
    """Requests spaced like the provider's idle limit all succeed, each executed once."""
    idle = 0.03
    async with (
        FakeUpstream() as up,
        RunningGateway(tmp_path, providers={"up": up.url}, models=[model("m")]) as gw,
    ):
        up.keep_idle(idle)
        for number in range(40):
            answer = await gw.client.post("/v1/chat/completions", json=chat("m"))
            assert answer.status_code == 200, answer.text
            assert answer.headers["x-tollhouse-attempts"] == "1"
            await asyncio.sleep(idle - 0.006 + number % 12 / 1000)
        assert up.count == 40
        assert up.server.accepted > 5
        assert gw.app.targets._breakers == {}


async def test_E04_a_full_pool_is_503_and_no_storm(tmp_path: Path) -> None:
    """What finds no connection in time is told so: no other provider is asked, no breaker moves."""
    async with (
        FakeUpstream() as up,
        FakeUpstream() as other,
        RunningGateway(
            tmp_path,
            providers={"up": {"base_url": up.url, "max_connections": 2}, "other": other.url},
            models=[model("m", failover="spare"), model("spare", "other")],
            timeouts={"connect": 0.2},
        ) as gw,
    ):
        up.script(ENDLESS)
        async with AsyncExitStack() as stack:
            for _ in range(2):
                await hold(gw.url, gw.key, stack, "m")
            began = asyncio.get_running_loop().time()
            posts = [gw.client.post("/v1/chat/completions", json=chat("m")) for _ in range(20)]
            answers = await asyncio.gather(*posts)
            in_time(asyncio.get_running_loop().time() - began, 2)
            assert {error_of(answer)["code"] for answer in answers} == {"gateway_overloaded"}
            assert {answer.status_code for answer in answers} == {503}
            assert {answer.headers["retry-after"] for answer in answers} == {"1"}
            assert (up.count, up.peak, other.count) == (2, 2, 0)
            assert gw.app.targets.states().get(("m", "up"), "closed") == "closed"
        await up.until(idle=True)
        up.script(Chat())
        assert (await gw.client.post("/v1/chat/completions", json=chat("m"))).status_code == 200
        records = await gw.records()
        assert sum(record.status == "gateway_error" for record in records) == 20
        assert {record.code for record in records if record.http_status == 503} == {
            "gateway_overloaded"
        }


async def test_E04_a_waiting_request_gets_the_connection_that_comes_free(tmp_path: Path) -> None:
    """More requests than connections, each short: all are served, never more than two at once."""
    async with (
        FakeUpstream() as up,
        RunningGateway(
            tmp_path,
            providers={"up": {"base_url": up.url, "max_connections": 2}},
            models=[model("m")],
        ) as gw,
    ):
        up.script(Chat(shape=Shape(delay=0.005)))
        posts = [
            gw.client.post("/v1/chat/completions", json=chat("m", stream=i % 2 == 0))
            for i in range(20)
        ]
        assert {answer.status_code for answer in await asyncio.gather(*posts)} == {200}
        assert (up.count, up.peak) == (20, 2)
        assert up.server.accepted == 2


async def test_E04_a_storm_of_errors_leaks_no_connection(tmp_path: Path) -> None:
    """Errors with bodies, cut bodies and large ones give their slots back."""
    async with (
        FakeUpstream() as up,
        RunningGateway(
            tmp_path,
            providers={"up": {"base_url": up.url, "max_connections": 4}},
            models=[model("m")],
            timeouts={"connect": 5},
            failover={"retries": 0},
        ) as gw,
    ):
        storm = [fails(429), fails(500, x_filler="x" * 2000), lambda _call: [End.CLOSE]]
        up.script(*(storm * 50))
        for _ in range(10):
            posts = [gw.client.post("/v1/chat/completions", json=chat("m")) for _ in range(15)]
            assert 200 not in {answer.status_code for answer in await asyncio.gather(*posts)}
        up.script(Chat(shape=Shape(delay=0.002)))
        posts = [
            gw.client.post("/v1/chat/completions", json=chat("m", stream=True)) for _ in range(12)
        ]
        assert {answer.status_code for answer in await asyncio.gather(*posts)} == {200}
        assert up.peak <= 4


async def test_E04_max_parallel_bounds_one_model_and_no_other(stage: Stage) -> None:
    """Two calls of a model go on; the third is turned away at once, another model is not."""
    spare = await stage.model(name="spare")
    narrow = await stage.model(
        ENDLESS, name="narrow", failover=spare, provider_config={"max_parallel": 2}
    )
    async with AsyncExitStack() as stack:
        for _ in range(2):
            await hold(stage.gw.url, stage.gw.key, stack, narrow)
        answer = await stage.chat(narrow)
        assert answer.status_code == 503
        assert error_of(answer)["code"] == "gateway_overloaded"
        assert answer.headers["retry-after"] == "1"
        assert len(stage.calls(narrow)) == 2
        assert stage.calls(spare) == []
        assert breaker(stage, narrow) == "closed"
        assert (await stage.chat(spare)).status_code == 200
    await stage.up.until(idle=True)
    stage.up.script(Chat(), model=f"{narrow}-upstream")
    assert (await stage.chat(narrow)).status_code == 200


async def test_E04_max_inflight_turns_away_what_cannot_be_held(tmp_path: Path) -> None:
    """Above the bound requests are 503 without a record; below it again they are served."""
    async with (
        FakeUpstream() as up,
        RunningGateway(
            tmp_path,
            providers={"up": up.url},
            models=[model("m")],
            server={"max_inflight": 3},
        ) as gw,
    ):
        up.script(ENDLESS)
        async with AsyncExitStack() as stack:
            for _ in range(3):
                await hold(gw.url, gw.key, stack, "m")
            answer = await gw.client.post("/v1/chat/completions", json=chat("m"))
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
            assert error_of(answer)["code"] == "gateway_overloaded"
            assert (await gw.client.get("/livez")).status_code == 200
            assert (await gw.client.get("/v1/models")).status_code == 200
        assert len(await gw.records()) == 3
        up.script(Chat())
        assert (await gw.client.post("/v1/chat/completions", json=chat("m"))).status_code == 200


async def test_E04_an_error_body_is_read_up_to_a_bound(stage: Stage) -> None:
    """An error page without end does not hold the request up: the status has said enough."""
    page: list[Step] = [
        b"HTTP/1.1 500 Oops\r\ncontent-type: text/html\r\ntransfer-encoding: chunked\r\n\r\n",
        *[b"1000\r\n" + b"x" * 4096 + b"\r\n"] * 40,
        Pause(3),
        b"0\r\n\r\n",
    ]
    spare = await stage.model(name="spare")
    first = await stage.model(lambda _call: page, name="endless", failover=spare)
    answer: httpx.Response = await asyncio.wait_for(stage.chat(first), 2)
    assert answer.headers["x-tollhouse-failover"] == "status_500"
