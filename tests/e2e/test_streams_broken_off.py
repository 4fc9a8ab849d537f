"""After a stream is committed: trouble is an error event, and never another model's answer."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openai
import pytest
import pytest_asyncio

from e2e.breaking import (
    ERROR,
    HELLO,
    OPEN,
    ROLE,
    breaking,
    broken_off,
    chain,
    piece,
)
from e2e.failing import breaker, tried
from e2e.stage import Stage, chunks, data_lines, per_million, spent
from e2e.wire import dial
from fakes.answers import Shape, Stream, chunk, head, steps, typed
from fakes.gateway import RunningGateway, chat
from fakes.gateway import model as gw_model
from fakes.http_server import End, Pause
from fakes.openai_answers import Chat
from fakes.slowness import in_time
from fakes.upstream import FakeUpstream

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(name="stage", scope="module", loop_scope="module")
async def _stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with breaking(tmp_path_factory.mktemp("broken")) as stage:
        yield stage


COMMITTING = {
    "text": {"content": "Hel"},
    "tool_call": {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f"}}]},
    "reasoning": {"reasoning_content": "hm"},
    "refusal": {"refusal": "I"},
    "audio": {"audio": {"id": "a", "data": "UklG"}},
}


@pytest.mark.parametrize("delta", COMMITTING.values(), ids=COMMITTING)
async def test_B11_after_content_there_is_no_failover(stage: Stage, delta: dict[str, Any]) -> None:
    """Whatever the content is, what follows it is an error event and not another model's answer."""
    first, spare = await chain(stage, Stream([ROLE, piece(delta), ERROR], OPEN))
    text, shown = broken_off(await stage.stream(first))
    assert text == delta.get("content", "")
    assert shown["code"] == "upstream_error"
    assert stage.calls(spare) == []


async def test_B11_a_finish_reason_commits(stage: Stage) -> None:
    """A choice that has finished is an answer: trouble after it is told and not repaired."""
    two = [piece({"content": ""}, "stop"), ERROR]
    first, spare = await chain(stage, Stream(two, OPEN))
    answer = await stage.stream(first)
    assert answer.status_code == 200
    assert "[DONE]" not in data_lines(answer)
    assert chunks(answer)[-1]["error"]["code"] == "upstream_error"
    assert stage.calls(spare) == []


@pytest.mark.parametrize(
    ("rest", "code", "result"),
    [
        ([End.CLOSE], "upstream_disconnected", "disconnected"),
        ([End.RESET], "upstream_disconnected", "disconnected"),
        ([], "upstream_disconnected", "disconnected"),
        (["{not json"], "upstream_invalid_response", "invalid_response"),
        ([ERROR], "upstream_error", "status_503"),
        ([{"error": {"code": "rate_limited"}}], "upstream_rate_limited", "rate_limited"),
    ],
    ids=["cut", "reset", "no_terminal_event", "not_json", "error", "limited"],
)
async def test_B03_a_stream_that_breaks_off_never_looks_complete(
    stage: Stage, rest: list[Any], code: str, result: str
) -> None:
    """What came stays, an error event says that it is not all, and the record says failed."""
    model_id = await stage.model(Stream([ROLE, HELLO, HELLO, *rest], OPEN), name="broken")
    answer = await stage.stream(model_id)
    text, shown = broken_off(answer)
    assert (text, shown["code"]) == ("HelHel", code)
    assert shown["request_id"]
    (attempt,) = shown["attempts"]
    assert (attempt["model"], attempt["fault"]) == (model_id, result)
    record = await stage.record(answer)
    assert (record.status, record.http_status, record.code) == ("upstream_error", 200, code)
    assert tried(record) == [(model_id, result)]
    assert (record.served_model, record.cost_status) == (model_id, "partial")
    assert record.usage is not None
    assert 1 <= record.usage.output_tokens <= 5
    estimate = (record.usage.input_tokens, "3"), (record.usage.output_tokens, "15")
    assert spent(record) == per_million(*estimate)
    assert await stage.metric("tollhouse_attempts_total", model=model_id, result=result) == 1


async def test_B03_the_sdk_raises_where_a_stream_breaks_off(stage: Stage) -> None:
    """The official SDK, which ends in silence at a bare end of the bytes, sees the error."""
    model_id = await stage.model(Stream([ROLE, HELLO, End.CLOSE], OPEN), name="broken")
    async with openai.AsyncOpenAI(
        base_url=f"{stage.gw.url}/v1", api_key=stage.gw.key, max_retries=0
    ) as sdk:
        stream = await sdk.chat.completions.create(
            model=model_id, messages=[{"role": "user", "content": "Hi"}], stream=True
        )
        said = [(await anext(stream)).choices[0].delta.content for _ in range(2)]
        with pytest.raises(openai.APIError, match="closed the connection") as raised:
            await anext(stream)
    assert said == ["", "Hel"]
    assert raised.value.code == "upstream_disconnected"


async def test_B10_the_last_error_lists_every_attempt(stage: Stage) -> None:
    """A spare that breaks off as well: the error event tells of both."""
    spare = await stage.model(Stream([HELLO, End.RESET], OPEN), name="spare")
    first = await stage.model(Stream([ROLE, ERROR]), name="first", failover=spare)
    answer = await stage.stream(first)
    assert answer.headers["x-tollhouse-attempts"] == "2"
    assert answer.headers["x-tollhouse-failover"] == "status_503"
    listed = chunks(answer)[-1]["error"]["attempts"]
    assert [(one["model"], one["fault"]) for one in listed] == [
        (first, "status_503"),
        (spare, "disconnected"),
    ]


async def test_B10_a_broken_stream_counts_against_its_target(stage: Stage) -> None:
    """Faults after the commit are faults: five of them open the breaker, a good end closes it."""
    model_id = await stage.model(Stream([HELLO, End.RESET], OPEN), name="broken")
    for _ in range(4):
        await stage.stream(model_id)
    stage.up.script(Chat(), model=f"{model_id}-upstream")
    assert (await stage.stream(model_id)).status_code == 200
    stage.up.script(Stream([HELLO, End.RESET], OPEN), model=f"{model_id}-upstream")
    for _ in range(4):
        await stage.stream(model_id)
    assert breaker(stage, model_id) == "closed"
    await stage.stream(model_id)
    assert breaker(stage, model_id) == "open"


async def test_B09_a_stalled_stream_ends_at_the_idle_limit(stage: Stage) -> None:
    """One piece, then silence: an error event in time, and the provider's socket is closed."""
    model_id = await stage.model(
        Stream([ROLE, HELLO, End.HANG]),
        name="stalled",
        provider_config={"timeouts": {"idle": 0.4}},
    )
    now = asyncio.get_running_loop().time
    began = now()
    text, shown = broken_off(await stage.stream(model_id))
    in_time(now() - began, 1.4, least=0.4)
    assert (text, shown["code"]) == ("Hel", "upstream_idle_timeout")
    await stage.up.until(idle=True)
    (call,) = stage.calls(model_id)
    assert call.left_at is not None
    in_time(call.left_at - began, 1.4)


async def test_B09_every_byte_sets_the_idle_limit_back(stage: Stage) -> None:
    """A stream that takes longer than the limit but never rests that long is whole."""
    trickle = Chat("word " * 8, words=8, shape=Shape(delay=0.12))
    model_id = await stage.model(
        trickle, name="trickle", provider_config={"timeouts": {"idle": 0.5}}
    )
    answer = await stage.stream(model_id)
    assert data_lines(answer)[-1] == "[DONE]"


async def test_B09_the_total_limit_ends_a_stream_that_never_rests(stage: Stage) -> None:
    """A stream without end is told to have taken too long, and its provider is hung up on."""
    endless = Chat("word " * 500, words=500, shape=Shape(delay=0.02))
    model_id = await stage.model(
        endless, name="endless", provider_config={"timeouts": {"total": 0.6}}
    )
    began = asyncio.get_running_loop().time()
    _, shown = broken_off(await stage.stream(model_id))
    in_time(asyncio.get_running_loop().time() - began, 1.6, least=0.6)
    assert shown["code"] == "upstream_timeout"
    await stage.up.until(idle=True)
    assert stage.calls(model_id)[0].left_at is not None


async def test_B03_a_responses_stream_ends_with_its_own_error_event(stage: Stage) -> None:
    """Announcements do not commit; after content the error has the shape that SDK knows."""

    def event(kind: str, **more: Any) -> bytes:
        return typed(kind, {"type": kind, "sequence_number": 1, **more})

    begun = event("response.created", response={"id": "r", "model": "up", "status": "in_progress"})
    delta = event("response.output_text.delta", delta="Hel", item_id="i")
    failed = event("response.failed", response={"id": "r", "error": {"code": "server_error"}})
    spare = await stage.model(name="spare")
    held = await stage.model(Stream([begun, failed], OPEN), name="held", failover=spare)
    broken = await stage.model(Stream([begun, delta, failed], OPEN), name="broken", failover=spare)
    body = {"input": "Hi", "stream": True}
    answer = await stage.gw.client.post("/v1/responses", json={"model": held, **body})
    assert "response.completed" in answer.text
    assert answer.headers["x-tollhouse-model"] == spare
    answer = await stage.gw.client.post("/v1/responses", json={"model": broken, **body})
    assert "response.completed" not in answer.text
    last = json.loads(data_lines(answer.content.replace(b"event: error\n", b""))[-1])
    assert (last["type"], last["code"]) == ("error", "upstream_error")
    assert len(stage.calls(spare)) == 1


async def test_B03_spoken_audio_that_breaks_off_is_cut_short(stage: Stage) -> None:
    """Bytes have no place for an error event: the connection ends before the answer does."""
    begun = head(200, [("content-type", "audio/mpeg"), ("transfer-encoding", "chunked")])
    behaviour = steps(begun, chunk(b"ID3" + bytes(500)), Pause(0.05), End.RESET)
    priced = {"per_character": "0.000015"}
    model_id = await stage.model(behaviour, name="voice", type="speech", pricing=priced)
    async with dial(stage.gw.url) as wire:
        body = {"model": model_id, "input": "Hello", "voice": "alloy"}
        await wire.post("/v1/audio/speech", stage.gw.key, body, x_request_id="cut-speech")
        assert (await wire.head())[0] == 200
        with pytest.raises(asyncio.IncompleteReadError):
            await wire.body()
    record = await stage.record("cut-speech")
    assert (record.status, record.code) == ("upstream_error", "upstream_disconnected")


@pytest.mark.parametrize("stream", [False, True])
async def test_J01_what_the_shutdown_ends_is_told_so(tmp_path: Path, *, stream: bool) -> None:
    """A stream gets an error event, a request without an answer a 503; both are recorded."""
    events = [ROLE, HELLO, End.HANG] if stream else [End.HANG]
    async with FakeUpstream() as up:
        gateway = RunningGateway(tmp_path, providers={"up": up.url}, models=[gw_model("m")])
        async with gateway as gw, dial(gw.url) as wire:
            up.script(Stream(events))
            await wire.post("/v1/chat/completions", gw.key, chat("m", stream=stream))
            if stream:
                assert (await wire.head())[0] == 200
            await up.until(count=1)
            await asyncio.sleep(0.05)
            gw.app.state.interrupt_all()
            if not stream:
                status, headers = await wire.head()
                assert (status, headers["retry-after"]) == (503, "1")
                assert headers["x-tollhouse-attempts"] == "1"
            body = await wire.body()
            assert b"[DONE]" not in body
            shown = json.loads(body.rpartition(b"data: ")[2])["error"]
            assert shown["code"] == "gateway_draining"
            record = await gw.record()
            assert (record.status, record.code) == ("gateway_error", "gateway_draining")
            assert record.http_status == (200 if stream else 503)
            assert tried(record) == [("m", "shutdown")]
            await up.until(idle=True)
            assert up.calls[0].left_at is not None
