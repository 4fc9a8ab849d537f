"""What the ledger keeps of a request: one record, however it ended, with what it truly cost."""

import asyncio

import pytest

from e2e.stage import (
    Stage,
    chunk,
    chunks,
    data_lines,
    exact,
    per_million,
    spent,
    streamed_usage,
)
from e2e.wire import dial
from fakes.answers import Shape, Stream, error, json_answer, steps
from fakes.gateway import chat
from fakes.http_server import End, Pause
from fakes.openai_answers import USAGE, Chat

pytestmark = pytest.mark.asyncio(loop_scope="module")

BOTH = [{}, {"stream_options": {"include_usage": True}}]
ASKED = BOTH[1]


def counted(prompt: int, completion: int) -> dict[str, int]:
    """A usage."""
    total = prompt + completion
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": total}


ROLE = chunk({"role": "assistant", "content": ""})
HELLO = chunk({"content": "Hello"})
STOP = chunk({}, "stop")
TOLD = counted(12, 5)


@pytest.mark.parametrize("options", BOTH, ids=["unasked", "asked"])
@pytest.mark.parametrize(
    "events",
    [
        [ROLE, HELLO, chunk({}, "stop", usage=TOLD)],
        [ROLE, HELLO, STOP, chunk(None, usage=TOLD)],
        [ROLE, HELLO, STOP, chunk({}, usage=TOLD)],
        [
            chunk({"role": "assistant"}, usage=counted(12, 0)),
            chunk({"content": "Hello"}, usage=counted(12, 3)),
            chunk({}, "stop", usage=TOLD),
        ],
        [
            chunk({"content": "Hello"}, usage=counted(12, 1)),
            chunk({}, "stop", usage=None),
            chunk(None, usage=TOLD),
        ],
        [HELLO, STOP, chunk(None, usage=counted(12, 1)), chunk(None, usage=TOLD)],
    ],
    ids=["finish", "empty_choices", "empty_delta", "cumulative", "null_between", "twice"],
)
async def test_A03_usage_on_any_chunk_counts_and_the_last_one_wins(
    stage: Stage, events: list[object], options: dict[str, object]
) -> None:
    """Wherever the provider puts its usage, the record has the last one, and nothing is summed."""
    model_id = await stage.model(Stream(events, Shape(done=1)))
    answer = await stage.stream(model_id, **options)
    assert [one["usage"] for one in chunks(answer) if one.get("usage")][-1]["cost"]
    record = await stage.record(answer)
    assert record.usage is not None
    assert (record.usage.input_tokens, record.usage.output_tokens) == (12, 5)
    assert spent(record) == per_million((12, "3"), (5, "15"))


async def test_A04_a_client_that_leaves_pays_for_what_it_was_sent(stage: Stage) -> None:
    """Leaving after three pieces closes the upstream and leaves one record with a cost."""
    paced = Chat("word " * 60, words=60, shape=Shape(delay=0.03))
    model_id = await stage.model(paced, name="left")
    async with dial(stage.gw.url) as wire:
        body = chat(model_id, stream=True)
        await wire.post("/v1/chat/completions", stage.gw.key, body, x_request_id="A04-left")
        await wire.head()
        for _ in range(3):
            await wire.frame()
        wire.leave()
        record = await stage.record("A04-left")
    assert (record.status, record.http_status) == ("client_disconnected", 499)
    assert record.cost_status == "partial"
    assert record.cost is not None
    assert record.cost > 0
    (call,) = stage.calls(model_id)
    assert call.left_at is not None
    assert call.finished_at is None


async def test_A09_a_slash_id_that_is_cut_short_has_its_price(stage: Stage) -> None:
    """The price is bound when the request is resolved, so the clean-up needs no name."""
    told = {**USAGE, "prompt_tokens_details": {"cached_tokens": 8}}
    events = [ROLE, chunk({"content": "Hi"}, usage=told), Pause(5), STOP]
    model_id = await stage.model(
        Stream(events),
        name="bedrock/us.anthropic.claude-v1:0",
        pricing={
            "input_per_1m_tokens": "3",
            "output_per_1m_tokens": "15",
            "cached_input_per_1m_tokens": "0.3",
        },
    )
    async with dial(stage.gw.url) as wire:
        body = chat(model_id, stream=True)
        await wire.post("/v1/chat/completions", stage.gw.key, body, x_request_id="A09-left")
        await wire.head()
        await wire.frame()
        wire.leave()
        record = await stage.record("A09-left")
    assert record.status == "client_disconnected"
    assert spent(record) == per_million((4, "3"), (8, "0.3"), (5, "15"))


async def test_A08_usage_is_asked_for_and_hidden_from_who_did_not(stage: Stage) -> None:
    """The provider is asked for usage; the client that was silent sees no chunk without choices."""
    model_id = await stage.model()
    silent = await stage.stream(model_id)
    (call,) = stage.calls(model_id)
    assert call.json["stream_options"] == {"include_usage": True}
    assert all(one["choices"] for one in chunks(silent))
    (priced,) = [one for one in chunks(silent) if one.get("usage")]
    assert priced["choices"][0]["finish_reason"] == "stop"
    assert spent(await stage.record(silent)) == per_million((12, "3"), (5, "15"))


async def test_A08_a_host_that_refuses_the_question_is_not_asked(stage: Stage) -> None:
    """With ``stream_usage: false`` nothing is added to the request."""
    model_id = await stage.model(provider_config={"stream_usage": False})
    await stage.stream(model_id)
    (call,) = stage.calls(model_id)
    assert "stream_options" not in call.json


async def test_A20_a_provider_that_tells_usage_only_if_asked_is_asked(stage: Stage) -> None:
    """Output tokens are recorded exactly although the client asked for nothing."""
    model_id = await stage.model(Chat(usage=counted(12, 5)))
    record = await stage.record(await stage.stream(model_id))
    assert record.cost_status == "exact"
    assert record.usage is not None
    assert record.usage.output_tokens == 5


async def test_A11_an_error_is_not_billed_as_output(stage: Stage) -> None:
    """A 200 whose first event is an error costs nothing: its text is nobody's output."""
    told = {"error": {"message": "overloaded " * 200, "type": "server_error", "code": 503}}
    model_id = await stage.model(Stream([told]))
    answer = await stage.stream(model_id)
    assert answer.status_code == 502
    record = await stage.record(answer)
    assert (record.status, record.cost, record.usage) == ("upstream_error", 0, None)


async def test_A11_a_timeout_before_any_output_is_not_billed(stage: Stage) -> None:
    """Not a byte of an answer and no usage: no cost."""
    model_id = await stage.model(steps(End.HANG), provider_config={"timeouts": {"first_byte": 0.1}})
    for fields in ({}, {"stream": True}):
        answer = await stage.chat(model_id, **fields)
        assert answer.status_code == 504
        record = await stage.record(answer)
        assert (record.status, record.cost) == ("upstream_error", 0)


async def test_A15_an_attempt_that_failed_but_was_billed_is_in_the_sum(stage: Stage) -> None:
    """Each attempt has its own usage at its own model's price, and the record has the sum."""
    events = [chunk({"role": "assistant"}, usage=counted(100, 20)), End.RESET]
    good = await stage.model(
        pricing={"input_per_1m_tokens": "1", "output_per_1m_tokens": "2"}, name="good"
    )
    bad = await stage.model(Stream(events), failover=good, name="bad")
    answer = await stage.stream(bad)
    assert exact(streamed_usage(answer)["cost"]) == per_million((12, "1"), (5, "2"))
    record = await stage.record(answer)
    failed, served = record.attempts
    assert (failed.model, failed.result) == (bad, "disconnected")
    assert failed.cost == per_million((100, "3"), (20, "15")).scaleb(10)
    assert (served.model, served.result) == (good, "ok")
    assert spent(record) == per_million((100, "3"), (20, "15"), (12, "1"), (5, "2"))


async def test_A16_the_record_tells_attempts_and_nobody_else_does(stage: Stage) -> None:
    """What a client says of fallbacks in its metadata goes on as it is and counts for nothing."""
    good = await stage.model(name="good")
    bad = await stage.model(error(503), failover=good, name="bad")
    metadata = {"attempted_fallbacks": 99, "original_model_group": "none", "model": "other"}
    answer = await stage.chat(good, metadata=metadata)
    assert answer.headers["x-tollhouse-attempts"] == "1"
    assert answer.headers["x-tollhouse-failover"] == "none"
    assert stage.calls(good)[-1].json["metadata"] == metadata
    assert len((await stage.record(answer)).attempts) == 1
    moved = await stage.chat(bad, metadata=metadata)
    assert moved.headers["x-tollhouse-attempts"] == "2"
    record = await stage.record(moved)
    assert [attempt.result for attempt in record.attempts] == ["status_503", "ok"]
    assert (record.requested_model, record.model, record.served_model) == (bad, bad, good)


async def test_A17_a_stream_tells_its_cost_in_its_last_chunk(stage: Stage) -> None:
    """A client that asks for usage gets one more chunk, without choices, with usage and cost."""
    model_id = await stage.model()
    answer = await stage.stream(model_id, **ASKED)
    *rest, last = chunks(answer)
    assert last["choices"] == []
    assert exact(last["usage"]["cost"]) == per_million((12, "3"), (5, "15"))
    assert last["usage"]["cost_details"]["currency"] == "USD"
    assert not any(one.get("usage") for one in rest)
    assert data_lines(answer)[-1] == "[DONE]"


@pytest.mark.parametrize("stream", [False, True])
async def test_A18_a_client_that_leaves_before_the_first_byte_is_recorded(
    stage: Stage, *, stream: bool
) -> None:
    """The record is opened at admission, so leaving early cannot lose it."""
    model_id = await stage.model(steps(End.HANG), name="early")
    request_id = f"A18-{stream}"
    async with dial(stage.gw.url) as wire:
        body = chat(model_id, stream=stream)
        await wire.post("/v1/chat/completions", stage.gw.key, body, x_request_id=request_id)
        while not stage.calls(model_id):
            await asyncio.sleep(0.005)
        wire.leave()
        record = await stage.record(request_id)
    assert (record.status, record.http_status) == ("client_disconnected", 499)
    assert record.cost == 0
    assert record.cost_status == "estimated"
    (call,) = stage.calls(model_id)
    assert call.left_at is not None


async def test_A24_each_execution_has_a_row_of_its_own(stage: Stage) -> None:
    """A repeat of a lost answer is a second execution: two rows, two ids, one request id."""
    model_id = await stage.model(name="lost")
    body = chat(model_id)
    headers = {"x_request_id": "A24-lost", "idempotency_key": "A24"}
    async with dial(stage.gw.url) as wire:
        await wire.post("/v1/chat/completions", stage.gw.key, body, **headers)
        while not any(call.finished_at for call in stage.calls(model_id)):
            await asyncio.sleep(0.005)
    named = {"x-request-id": "A24-lost", "idempotency-key": "A24"}
    again = await stage.gw.client.post("/v1/chat/completions", json=body, headers=named)
    assert again.status_code == 200
    assert len(stage.calls(model_id)) == 2
    await stage.gw.records()
    found = await stage.gw.app.store.records(
        filters={"request_id": "A24-lost"}, limit=10, cursor=None
    )
    first, second = found.rows
    assert first.id != second.id
    assert {first.request_id, second.request_id} == {"A24-lost"}
    assert spent(first) == spent(second) == per_million((12, "3"), (5, "15"))


async def test_A24_one_execution_has_one_row(stage: Stage) -> None:
    """A request that was answered is in the ledger once."""
    model_id = await stage.model(json_answer({"choices": [], "usage": TOLD}))
    answer = await stage.chat(model_id)
    assert (await stage.record(answer)).request_id == answer.headers["x-request-id"]
