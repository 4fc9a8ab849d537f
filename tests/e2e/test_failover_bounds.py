"""How far a request goes to be answered: attempts, waits, connections, and no other retries."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
import pytest_asyncio

from e2e.failing import EagerIds, breaker, failing, fails, told, tried
from e2e.stage import Stage, error_of
from e2e.wire import Wire, dial
from fakes.answers import Shape, rate_limited, redirect
from fakes.gateway import RunningGateway, chat, model
from fakes.http_server import End, Pause, Step
from fakes.openai_answers import Chat
from fakes.upstream import FakeUpstream
from tollhouse.routing.decide import BACKOFF_BASE

pytestmark = pytest.mark.asyncio(loop_scope="module")

CAP = 3
MAX_ATTEMPTS = 4


@pytest_asyncio.fixture(name="stage", scope="module", loop_scope="module")
async def _stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    limits = {"retry_after_cap": CAP, "max_attempts": MAX_ATTEMPTS}
    async with failing(tmp_path_factory.mktemp("bounds"), failover=limits) as stage:
        yield stage


async def chain(stage: Stage, length: int, status: int = 500) -> list[str]:
    """So many failing models, each the failover of the one before."""
    ids: list[str] = []
    for _ in range(length):
        made = await stage.model(fails(status), failover=ids[0] if ids else None)
        ids.insert(0, made)
    return ids


@contextmanager
def jitter(stage: Stage, part: float) -> Iterator[None]:
    """Waits with this part of their longest."""
    ids = stage.gw.app.ids
    assert isinstance(ids, EagerIds)
    ids.part = part
    try:
        yield
    finally:
        ids.part = 0.0


# --- How many ---


@pytest.mark.parametrize("stream", [False, True])
async def test_C02_no_request_has_more_than_max_attempts(stage: Stage, *, stream: bool) -> None:
    """Six failing models in a row: four are tried, once each, in their order."""
    ids = await chain(stage, 6)
    answer = await stage.chat(ids[0], stream=stream)
    assert answer.status_code == 502
    assert told(answer) == [(each, "status_500") for each in ids[:MAX_ATTEMPTS]]
    assert [len(stage.calls(each)) for each in ids] == [1, 1, 1, 1, 0, 0]


@pytest.mark.parametrize(("retries", "calls"), [(None, 2), (0, 1), (2, 3), (9, MAX_ATTEMPTS)])
async def test_C13_retries_are_counted_and_bounded(
    stage: Stage, retries: int | None, calls: int
) -> None:
    """One retry by default, the model's own number where it has one, and the bound above all."""
    model_id = await stage.model(fails(500), provider_config={"retries": retries})
    answer = await stage.chat(model_id)
    assert told(answer) == [(model_id, "status_500")] * calls
    assert len(stage.calls(model_id)) == calls


async def test_C12_only_the_last_of_a_chain_is_tried_again(stage: Stage) -> None:
    """The failing first model gets one call; what is left of the attempts goes to the last."""
    last = await stage.model(fails(503), provider_config={"retries": 9})
    first = await stage.model(fails(500), failover=last, provider_config={"retries": 9})
    answer = await stage.chat(first)
    assert told(answer) == [(first, "status_500"), *[(last, "status_503")] * 3]


async def test_C12_a_retry_that_succeeds_is_the_answer(stage: Stage) -> None:
    """A fault that passes costs one more call on the same model, and the client never hears."""
    model_id = await stage.model(fails(500), Chat("back again"))
    answer = await stage.chat(model_id)
    assert answer.status_code == 200
    assert answer.headers["x-tollhouse-attempts"] == "2"
    assert answer.headers["x-tollhouse-failover"] == "status_500"
    assert answer.headers["x-tollhouse-model"] == model_id


async def test_C02_a_model_is_tried_once_however_many_name_it(stage: Stage) -> None:
    """Two hops that fail over to the same third: it is asked once, after both."""
    shared = await stage.model(Chat("from the shared"), name="shared")
    left = await stage.model(fails(500), name="left", failover=shared)
    right = await stage.model(fails(500), name="right", failover=[shared, left])
    first = await stage.model(fails(500), name="first", failover=[left, right])
    answer = await stage.chat(first)
    assert answer.headers["x-tollhouse-model"] == shared
    assert tried(await stage.record(answer)) == [
        (first, "status_500"),
        (left, "status_500"),
        (right, "status_500"),
        (shared, "ok"),
    ]


async def test_C02_a_circle_is_refused_when_it_is_written(stage: Stage) -> None:
    """A failover that leads back, or to itself, is 422, and the models stay as they were."""
    second = await stage.model(fails(500))
    first = await stage.model(fails(500), failover=second)
    for names in ([first], [second]):
        patched = await stage.gw.admin.patch(f"/v1/models/{second}", json={"failover": names})
        assert patched.status_code == 422, patched.text
    await stage.chat(first)
    assert [len(stage.calls(each)) for each in (first, second)] == [1, 2]


async def test_C02_a_request_that_cannot_be_sent_is_not_tried(stage: Stage) -> None:
    """A body that is wrong here is 400 at once: no call, no failover, no breaker."""
    first, spare = await chain(stage, 2)
    answer = await stage.chat(first, max_tokens="lots")
    assert answer.status_code == 400
    assert error_of(answer)["param"] == "max_tokens"
    assert stage.calls(first) == stage.calls(spare) == []


@pytest.mark.parametrize("value", ["off", "OFF"])
async def test_C09_a_request_can_insist_on_its_model(stage: Stage, value: str) -> None:
    """``x-tollhouse-failover: off`` keeps it there; retries of the same target remain."""
    spare = await stage.model()
    first = await stage.model(fails(503), failover=spare)
    answer = await stage.gw.client.post(
        "/v1/chat/completions", json=chat(first), headers={"x-tollhouse-failover": value}
    )
    assert answer.status_code == 502
    assert told(answer) == [(first, "status_503")] * 2
    assert stage.calls(spare) == []


async def test_C05_other_values_of_the_header_change_nothing(stage: Stage) -> None:
    """Only ``off`` means off."""
    spare = await stage.model()
    first = await stage.model(fails(503), failover=spare)
    answer = await stage.gw.client.post(
        "/v1/chat/completions", json=chat(first), headers={"x-tollhouse-failover": "on"}
    )
    assert answer.headers["x-tollhouse-model"] == spare


# --- How long ---


def gaps(stage: Stage, model_id: str) -> list[float]:
    """Seconds between the calls of a model."""
    at = [call.at for call in stage.calls(model_id)]
    return [later - earlier for earlier, later in pairwise(at)]


async def test_C13_waits_between_tries_are_jittered_and_grow(stage: Stage) -> None:
    """A known part of a wait that doubles; waiting is no overhead of ours."""
    model_id = await stage.model(fails(500), provider_config={"retries": 2})
    with jitter(stage, 0.3):
        answer = await stage.chat(model_id)
    first, second = gaps(stage, model_id)
    assert 0.3 * BACKOFF_BASE <= first < 0.3 * BACKOFF_BASE + 0.2
    assert 0.6 * BACKOFF_BASE <= second < 0.6 * BACKOFF_BASE + 0.2
    assert float(answer.headers["x-tollhouse-overhead-ms"]) < 150


def in_two_seconds() -> str:
    """An HTTP date; it has no fractions of a second."""
    return format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [({"ms": "250"}, 0.25, 1.0), ({"retry_after": "0"}, 0.0, 0.6)],
    ids=["milliseconds", "at_once"],
)
async def test_C06_a_limited_provider_is_waited_for(
    stage: Stage, headers: dict[str, Any], least: float, most: float, *, stream: bool
) -> None:
    """With no hop left and a time below the cap, the same target is asked again after it."""
    limited = rate_limited(**({"retry_after": None} | headers))
    model_id = await stage.model(limited, Chat("at last"))
    answer = await stage.chat(model_id, stream=stream)
    assert answer.status_code == 200
    (waited,) = gaps(stage, model_id)
    assert least <= waited < most


async def test_C06_seconds_and_dates_are_understood(stage: Stage) -> None:
    """The two spellings of ``Retry-After``, both at once."""
    seconds = await stage.model(rate_limited("1"), Chat())
    date = await stage.model(rate_limited(in_two_seconds()), Chat())
    answers = await asyncio.gather(stage.chat(seconds), stage.chat(date))
    assert [answer.status_code for answer in answers] == [200, 200]
    ((by_number,), (by_date,)) = gaps(stage, seconds), gaps(stage, date)
    assert 1.0 <= by_number < 1.8
    assert 0.9 <= by_date < 2.6


async def test_C06_a_longer_wait_is_the_clients_to_make(stage: Stage) -> None:
    """Above the cap the 429 is passed on at once, with its time."""
    model_id = await stage.model(rate_limited("7"))
    answer = await stage.chat(model_id)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert error_of(answer)["code"] == "upstream_rate_limited"
    assert "x-should-retry" not in answer.headers
    assert len(stage.calls(model_id)) == 1


async def test_C06_a_second_429_is_passed_on_with_its_own_time(stage: Stage) -> None:
    """A provider that does not keep its word is not waited for again."""
    model_id = await stage.model(rate_limited(None, ms="50"), rate_limited("2"))
    answer = await stage.chat(model_id)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")
    assert len(stage.calls(model_id)) == 2


async def test_C11_a_429_is_told_only_when_the_last_target_was_limited(stage: Stage) -> None:
    """Limited, then broken, is 502: waiting for the first would not mend the second."""
    broken = await stage.model(fails(401))
    limited = await stage.model(rate_limited("7"), failover=broken)
    answer = await stage.chat(limited)
    assert answer.status_code == 502
    assert error_of(answer)["code"] == "upstream_auth_error"
    both = await stage.model(rate_limited("5"))
    first = await stage.model(rate_limited("9"), failover=both)
    answer = await stage.chat(first)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "5")
    last = await stage.model(rate_limited("8"))
    first = await stage.model(fails(500), failover=last)
    answer = await stage.chat(first)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "8")


async def test_C06_a_wait_that_would_outlast_the_request_is_not_begun(stage: Stage) -> None:
    """With a second left a wait of two is not made."""
    model_id = await stage.model(rate_limited("2"), provider_config={"timeouts": {"total": 1}})
    began = asyncio.get_running_loop().time()
    answer = await stage.chat(model_id)
    assert answer.status_code == 429
    assert asyncio.get_running_loop().time() - began < 0.8


# --- Nobody else retries ---


async def test_C05_the_sdks_own_retries_are_all_that_multiplies(stage: Stage) -> None:
    """An always failing chain of two: three calls of ours for each of the SDK's three."""
    spare = await stage.model(fails(500))
    first = await stage.model(fails(500), failover=spare)
    async with openai.AsyncOpenAI(base_url=f"{stage.gw.url}/v1", api_key=stage.gw.key) as sdk:
        with pytest.raises(openai.InternalServerError) as raised:
            await sdk.chat.completions.create(
                model=first, messages=[{"role": "user", "content": "Hi"}]
            )
    assert raised.value.status_code == 502
    assert len(stage.calls(first)) + len(stage.calls(spare)) == 3 * (1 + 2)


@pytest.mark.parametrize("status", [401, 403, 404, 400, 413, 422])
async def test_C05_the_sdk_is_told_where_another_try_cannot_help(stage: Stage, status: int) -> None:
    """One call, one error of the SDK, no wait: a bad credential of ours is 502 and final."""
    model_id = await stage.model(fails(status))
    async with openai.AsyncOpenAI(base_url=f"{stage.gw.url}/v1", api_key=stage.gw.key) as sdk:
        with pytest.raises(openai.APIStatusError) as raised:
            await sdk.chat.completions.create(
                model=model_id, messages=[{"role": "user", "content": "Hi"}]
            )
    assert raised.value.status_code == (502 if status in {401, 403, 404} else status)
    assert len(stage.calls(model_id)) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_G02_a_redirect_is_not_followed(stage: Stage, status: int) -> None:
    """Neither to another host nor to the same one: the request, with its key, goes nowhere else."""
    async with FakeUpstream() as elsewhere:
        for where in (f"{elsewhere.url}/chat/completions", "/v1/chat/completions?again=1"):
            model_id = await stage.model(redirect(where, status), provider_config={"retries": 0})
            answer = await stage.chat(model_id)
            assert answer.status_code == 502
            assert error_of(answer)["code"] == "upstream_invalid_response"
            assert "location" not in answer.headers
            assert len(stage.calls(model_id)) == 1
        assert elsewhere.count == 0


# --- Connections ---


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


async def hold(stage_url: str, key: str, stack: AsyncExitStack, model_id: str) -> Wire:
    """A stream that has begun and goes on until its client leaves."""
    wire = await stack.enter_async_context(dial(stage_url))
    await wire.post("/v1/chat/completions", key, chat(model_id, stream=True))
    assert (await wire.head())[0] == 200
    return wire


ENDLESS = Chat("word " * 2000, words=2000, shape=Shape(delay=0.05))


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
            assert asyncio.get_running_loop().time() - began < 2
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


async def test_C02_a_thousand_failures_do_not_flood_the_log(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """A failing request is told in one line, not in one for each attempt, and without a trace."""
    ids = await chain(stage, 3)
    await stage.chat(ids[0])
    with caplog.at_level(logging.DEBUG, logger="tollhouse"):
        caplog.clear()
        answer = await stage.chat(ids[0], stream=True)
    assert answer.status_code == 502
    ours = [line for line in caplog.records if line.name.startswith("tollhouse")]
    assert len(ours) <= 2
    assert all(line.exc_info is None for line in ours)


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
