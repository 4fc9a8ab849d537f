"""When a stream is committed: until then any trouble is a failover, from then on an error event."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
import pytest_asyncio

from e2e.failing import PROVIDER_TEXT, breaker, failing, tried
from e2e.stage import Stage, assert_shape, chunks, data_lines, per_million, spent, text_of
from e2e.wire import Wire, dial
from fakes.answers import Shape, Stream, chunk, head, steps, typed
from fakes.gateway import RunningGateway, chat
from fakes.gateway import model as gw_model
from fakes.http_server import Behaviour, End, Pause
from fakes.openai_answers import CREATED, USAGE, Chat
from fakes.upstream import FakeUpstream

pytestmark = pytest.mark.asyncio(loop_scope="module")

COMMIT_AFTER, KEEP_ALIVE = 0.3, 0.1


def piece(delta: dict[str, Any], finish: str | None = None, **more: Any) -> dict[str, Any]:
    """A chunk."""
    top = {"id": "c", "object": "chat.completion.chunk", "created": CREATED, "model": "up"}
    return {**top, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}


ROLE = piece({"role": "assistant", "content": ""})
HELLO = piece({"content": "Hel"})
STOP = piece({}, "stop", usage=USAGE)
ERROR = {"error": {"message": PROVIDER_TEXT, "type": "server_error", "code": 503}}
OPEN = Shape(done=0)
"""No ``[DONE]``."""


@pytest_asyncio.fixture(name="stage", scope="module", loop_scope="module")
async def _stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with failing(
        tmp_path_factory.mktemp("streams"),
        failover={"commit_after": COMMIT_AFTER, "retries": 0},
        server={"keepalive_seconds": KEEP_ALIVE},
    ) as stage:
        yield stage


async def chain(stage: Stage, *behaviours: Behaviour, **fields: Any) -> tuple[str, str]:
    """A model that plays these, and its sound failover."""
    spare = await stage.model(Chat("from the spare"), name="spare")
    first = await stage.model(*behaviours, name="first", failover=spare, **fields)
    return first, spare


async def ask(stage: Stage, wire: Wire, model_id: str) -> None:
    """Send a streamed chat request."""
    await wire.post("/v1/chat/completions", stage.gw.key, chat(model_id, stream=True))


def broken_off(answer: httpx.Response) -> tuple[str, dict[str, Any]]:
    """The text and the error of a stream that broke off after its head was sent."""
    assert answer.status_code == 200
    lines = data_lines(answer)
    assert "[DONE]" not in lines
    shown: dict[str, Any] = json.loads(lines[-1])["error"]
    assert_shape(shown)
    assert PROVIDER_TEXT not in answer.text
    assert not any(chunk["choices"][0]["finish_reason"] for chunk in chunks(answer)[:-1])
    return text_of(answer), shown


async def test_B04_an_error_as_the_first_event_is_its_status(stage: Stage) -> None:
    """A 429 in a 200 fails over; a 400 is the client's, with no other model asked."""
    limited, spare = await chain(stage, Stream([{"error": {"message": "slow", "code": 429}}]))
    answer = await stage.stream(limited)
    assert (answer.status_code, text_of(answer)) == (200, "from the spare")
    wrong, spare = await chain(stage, Stream([{"error": {"message": "no", "code": 400}}]))
    answer = await stage.stream(wrong)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/json"
    assert stage.calls(spare) == []


@pytest.mark.parametrize("end", [ERROR, End.RESET, "<html>", None], ids=repr)
async def test_B05_frames_before_the_content_do_not_commit(stage: Stage, end: Any) -> None:
    """A role chunk and comments, then trouble: the spare's answer, with a single role chunk."""
    begun = [b": PROCESSING\n\n", ROLE, piece({"content": None}), *([end] if end else [])]
    first, spare = await chain(stage, Stream(begun, OPEN))
    answer = await stage.stream(first)
    assert answer.status_code == 200
    assert text_of(answer) == "from the spare"
    roles = [one for one in chunks(answer) if one["choices"][0]["delta"].get("role")]
    assert len(roles) == 1
    assert {one["model"] for one in chunks(answer)} == {spare}
    assert b"PROCESSING" not in answer.content
    assert data_lines(answer)[-1] == "[DONE]"


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


async def test_B07_a_slow_stream_is_committed_in_time_and_kept_alive(stage: Stage) -> None:
    """Without content for ``commit_after`` seconds the head and what is held go out; then comments.

    The provider's own comments are relayed and never taken for events.
    """
    slow = [ROLE, b": PROCESSING\n\n", Pause(0.9), HELLO, Pause(0.25), STOP]
    model_id = await stage.model(Stream(slow), name="slow")
    now = asyncio.get_running_loop().time
    async with dial(stage.gw.url) as wire:
        began = now()
        await ask(stage, wire, model_id)
        status, _ = await wire.head()
        assert status == 200
        assert COMMIT_AFTER <= now() - began < 0.85
        frames = [frame async for frame in _frames(wire)]
        assert now() - began >= 1.15
    first, comment, *rest = frames
    assert json.loads(first[6:])["choices"][0]["delta"]["role"] == "assistant"
    assert comment == b": PROCESSING\n\n"
    at = next(i for i, frame in enumerate(rest) if b"Hel" in frame)
    assert rest[:at] == [b": keep-alive\n\n"] * at
    assert at >= 3
    after = rest[at + 1 : -2]
    assert after == [b": keep-alive\n\n"] * len(after)
    assert rest[-1] == b"data: [DONE]\n\n"


async def _frames(wire: Wire) -> AsyncIterator[bytes]:
    while frame := await wire.frame():
        yield frame


async def test_B07_a_busy_stream_gets_no_comments(stage: Stage) -> None:
    """While events come more often than the interval, nothing is put between them."""
    paced = Chat("word " * 30, words=30, shape=Shape(delay=0.02))
    answer = await stage.stream(await stage.model(paced, name="paced"))
    assert answer.text.count(": keep-alive") <= 1
    assert text_of(answer) == "word " * 30


async def test_B05_after_the_timer_trouble_is_told_and_not_repaired(stage: Stage) -> None:
    """A stream that was sent on without content cannot change its model any more."""
    late = [ROLE, Pause(COMMIT_AFTER + 0.2), ERROR]
    first, spare = await chain(stage, Stream(late, OPEN))
    text, shown = broken_off(await stage.stream(first))
    assert (text, shown["code"]) == ("", "upstream_error")
    assert stage.calls(spare) == []


async def test_B05_before_the_timer_a_slow_failure_is_still_a_failover(stage: Stage) -> None:
    """The time runs from the first byte of each attempt: a second slow one has its own."""
    slow = [ROLE, Pause(COMMIT_AFTER * 0.6), ERROR]
    last = await stage.model(Chat("from the last"), name="last")
    spare = await stage.model(Stream(slow), name="spare", failover=last)
    first = await stage.model(Stream(slow), name="first", failover=spare)
    answer = await stage.stream(first)
    assert text_of(answer) == "from the last"
    assert answer.headers["x-tollhouse-attempts"] == "3"


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
    assert 0.4 <= now() - began < 1.4
    assert (text, shown["code"]) == ("Hel", "upstream_idle_timeout")
    await stage.up.until(idle=True)
    (call,) = stage.calls(model_id)
    assert call.left_at is not None
    assert call.left_at - began < 1.4


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
    assert 0.6 <= asyncio.get_running_loop().time() - began < 1.6
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


async def test_A11_speech_of_which_nothing_came_costs_nothing(stage: Stage) -> None:
    """What is priced by its text is priced once it is sent, and only for the model that spoke."""
    priced = {"per_character": "0.000015"}
    spare = await stage.model(name="spare", type="speech", pricing=priced)
    begun = head(200, [("content-type", "audio/mpeg"), ("transfer-encoding", "chunked")])
    first = await stage.model(
        steps(begun, End.RESET), name="mute", type="speech", pricing=priced, failover=spare
    )
    body = {"model": first, "input": "Hello", "voice": "alloy"}
    answer = await stage.gw.client.post("/v1/audio/speech", json=body)
    assert answer.headers["x-tollhouse-cost"] == "0.000075"
    record = await stage.record(answer)
    assert tried(record) == [(first, "disconnected"), (spare, "ok")]
    assert [attempt.cost for attempt in record.attempts] == [None, 750_000]
    assert record.cost == 750_000


async def test_A15_a_whole_answer_to_a_stream_was_billed(stage: Stage) -> None:
    """An answer that cannot be used has cost something all the same."""
    spare = await stage.model(name="spare")
    first = await stage.model(not_streamed, name="whole", failover=spare)
    record = await stage.record(await stage.stream(first))
    each = per_million((12, "3"), (5, "15"))
    assert [attempt.cost for attempt in record.attempts] == [each.scaleb(10)] * 2
    assert spent(record) == 2 * each


def not_streamed(call: Any) -> Any:
    """A chat answer that is not streamed, whatever was asked."""
    body = json.dumps(Chat().whole(call)).encode()
    length = ("content-length", str(len(body)))
    return [head(200, [("content-type", "application/json"), length]), body]


async def test_E01_a_long_stream_leaves_its_connection_for_the_next(stage: Stage) -> None:
    """A stream that came to its end is no reason to dial again, however late its last chunk is."""
    body = b"".join(chunk(f"data: {json.dumps(one)}\n\n".encode()) for one in (ROLE, HELLO, STOP))
    begun = head(200, [("content-type", "text/event-stream"), ("transfer-encoding", "chunked")])
    done, end = chunk(b"data: [DONE]\n\n"), b"0\r\n\r\n"
    model_id = await stage.model(
        steps(begun, body, Pause(0.12), done, Pause(0.05), end), name="reused"
    )
    for _ in range(3):
        assert data_lines(await stage.stream(model_id))[-1] == "[DONE]"
        await stage.up.until(idle=True)
        await asyncio.sleep(0.02)
    assert len({call.connection for call in stage.calls(model_id)}) == 1


async def test_A15_time_of_a_streamed_attempt_runs_from_its_request(stage: Stage) -> None:
    """The wait for the head is part of the attempt's milliseconds and no part of the overhead."""
    late = steps(Pause(0.3), *Stream([ROLE, HELLO, STOP])(stage.up.calls[0]))
    answer = await stage.stream(await stage.model(late, name="late"))
    record = await stage.record(answer)
    assert record.attempts[0].milliseconds >= 300
    assert float(answer.headers["x-tollhouse-overhead-ms"]) < 250


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
