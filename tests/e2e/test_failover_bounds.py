"""How far a request goes to be answered: so many attempts, each model once, no other retries."""

import logging
from collections.abc import AsyncIterator

import openai
import pytest
import pytest_asyncio

from e2e.failing import failing, fails, told, tried
from e2e.stage import Stage, error_of
from fakes.answers import redirect
from fakes.gateway import chat
from fakes.openai_answers import Chat
from fakes.upstream import FakeUpstream

pytestmark = pytest.mark.asyncio(loop_scope="module")

MAX_ATTEMPTS = 4


@pytest_asyncio.fixture(name="stage", scope="module", loop_scope="module")
async def _stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    limits = {"max_attempts": MAX_ATTEMPTS}
    async with failing(tmp_path_factory.mktemp("bounds"), failover=limits) as stage:
        yield stage


async def chain(stage: Stage, length: int, status: int = 500) -> list[str]:
    """So many failing models, each the failover of the one before."""
    ids: list[str] = []
    for _ in range(length):
        made = await stage.model(fails(status), failover=ids[0] if ids else None)
        ids.insert(0, made)
    return ids


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
