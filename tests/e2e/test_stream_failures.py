"""Streams that break: before content another hop answers, after it the client is told the truth."""

import asyncio
from typing import Any

import httpx
import pytest

from e2e.stage import (
    Stage,
    assert_shape,
    chunk,
    chunks,
    data_lines,
    error_of,
    exact,
    per_million,
    spent,
    text_of,
)
from e2e.wire import dial
from fakes.answers import (
    Answer,
    Framing,
    Shape,
    Stream,
    drops,
    frame,
    head_then,
    html,
    json_answer,
    silent,
    typed,
)
from fakes.gateway import chat
from fakes.http_server import End, Pause
from fakes.openai_answers import Chat, ToolCall
from fakes.responses_answers import Responses
from fakes.slowness import in_time

pytestmark = pytest.mark.asyncio(loop_scope="module")

SSE = "text/event-stream"


ROLE = chunk({"role": "assistant", "content": ""})
HEL = chunk({"content": "Hel"})
LO = chunk({"content": "lo"})
STOP = chunk({}, "stop")


def failing(code: Any, kind: str = "server_error", message: str = "no") -> dict[str, Any]:
    """An error as an event."""
    return {"error": {"message": message, "type": kind, "code": code, "param": None}}


async def pair(stage: Stage, *behaviours: Any, **fields: Any) -> tuple[str, str]:
    """A model that misbehaves and the one it fails over to."""
    good = await stage.model(Chat("from the other"), name="good")
    bad = await stage.model(*behaviours, failover=good, name="bad", **fields)
    return bad, good


# --- After content ---


@pytest.mark.parametrize("end", [End.CLOSE, End.RESET], ids=["fin", "rst"])
@pytest.mark.parametrize(
    ("framing", "mid_frame"),
    [(Framing.CHUNKED, False), (Framing.CHUNKED, True), (Framing.UNTIL_CLOSE, False)],
    ids=["chunked", "mid_frame", "until_close"],
)
async def test_B03_B10_B11_a_cut_after_content_is_an_error_and_not_an_end(
    stage: Stage, end: End, framing: Framing, *, mid_frame: bool
) -> None:
    """The client gets what was said, an error event and no terminator; no other model goes on."""
    shape = Shape(stop_after=3, mid_frame=mid_frame, end=end, framing=framing, done=1)
    bad, good = await pair(stage, Stream([ROLE, HEL, LO, STOP], shape))
    answer = await stage.stream(bad)
    assert text_of(answer) == "Hello"
    assert "[DONE]" not in data_lines(answer)
    assert not any(one.get("usage") for one in chunks(answer))
    error = chunks(answer)[-1]["error"]
    assert_shape(error)
    assert error["code"] == "upstream_disconnected"
    assert error["request_id"] == answer.headers["x-request-id"]
    assert [attempt["fault"] for attempt in error["attempts"]] == ["disconnected"]
    assert stage.calls(good) == []
    record = await stage.record(answer)
    assert (record.status, record.code) == ("upstream_error", "upstream_disconnected")
    assert record.cost_status == "partial"
    assert record.cost
    lost = await stage.metric("tollhouse_attempts_total", model=bad, result="disconnected")
    assert lost == 1


@pytest.mark.parametrize(
    "after",
    [
        [failing(503, message="sk-provider-secret-value-0123456789 broke")],
        [b'event: error\ndata: {"message": "it broke"}\n\n'],
        [b'data: {"choices": [{\n\n'],
        [b"data: <html>\n\n"],
    ],
    ids=["error", "error_event", "cut_json", "html"],
)
async def test_B10_an_error_in_the_middle_is_told_in_the_client_s_protocol(
    stage: Stage, after: list[Any]
) -> None:
    """A broken event after content ends the stream with our error, and nothing hangs."""
    model_id = await stage.model(Stream([ROLE, HEL, *after, LO, STOP], Shape(done=1)))
    async with asyncio.timeout(5):
        answer = await stage.stream(model_id)
    assert text_of(answer) == "Hel"
    error = chunks(answer)[-1]["error"]
    assert_shape(error)
    assert "secret" not in error["message"]
    assert "[DONE]" not in data_lines(answer)
    assert (await stage.record(answer)).status == "upstream_error"


async def test_B09_silence_after_the_first_content_ends_in_an_error(stage: Stage) -> None:
    """The idle limit ends a stalled stream, and the upstream connection with it."""
    model_id = await stage.model(
        Stream([ROLE, HEL, End.HANG]), provider_config={"timeouts": {"idle": 0.2}}
    )
    answer = await stage.stream(model_id)
    assert text_of(answer) == "Hel"
    assert chunks(answer)[-1]["error"]["code"] == "upstream_idle_timeout"
    await stage.up.until(idle=True)
    (call,) = stage.calls(model_id)
    assert call.left_at is not None
    assert 0.15 < call.left_at - call.at < 1


async def test_B09_the_idle_limit_starts_anew_with_every_piece(stage: Stage) -> None:
    """A stream that is slow but alive is not cut."""
    slow = Chat("a b c d e f", words=6, shape=Shape(delay=0.2))
    model_id = await stage.model(slow, provider_config={"timeouts": {"idle": 0.9}})
    assert text_of(await stage.stream(model_id)) == "a b c d e f"


async def test_B09_a_trickle_ends_at_the_total_limit(stage: Stage) -> None:
    """Bytes that never end keep a request no longer than its total time."""
    drip = Stream([HEL, *[step for _ in range(100) for step in (Pause(0.05), LO)]])
    model_id = await stage.model(drip, provider_config={"timeouts": {"total": 0.4}})
    answer = await stage.stream(model_id)
    assert text_of(answer).startswith("Hello")
    assert chunks(answer)[-1]["error"]["code"] == "upstream_timeout"
    await stage.up.until(idle=True)


# --- Before content ---

NOT_YET: dict[str, Any] = {
    "nothing": drops(),
    "reset": drops(End.RESET),
    "headers": head_then(End.CLOSE, content_type=SSE),
    "empty": Stream([]),
    "done_only": Stream([], Shape(done=1)),
    "role_then_cut": Stream([ROLE, End.CLOSE]),
    "role_then_reset": Stream([ROLE, End.RESET]),
    "half_an_event": Stream([HEL], Shape(stop_after=0, mid_frame=True, end=End.CLOSE)),
    "overloaded": Stream([failing(529, "overloaded_error")]),
    "error_429": Stream([failing(429)]),
    "error_quota": Stream([failing("insufficient_quota", "insufficient_quota")]),
    "error_503_string": Stream([failing("503")]),
    "error_401": Stream([failing("invalid_api_key", "authentication_error")]),
    "role_then_error": Stream([ROLE, failing(500)]),
    "roles_then_error": Stream([ROLE, chunk({}), chunk({"content": None}), failing(500)]),
    "error_event": Stream([b'event: error\ndata: {"message":"no"}\n\n']),
    "not_json": Stream([b"data: oops\n\n"]),
    "html": html(),
    "whole": json_answer({"choices": [{"index": 0, "message": {"content": "Hello"}}]}),
}


@pytest.mark.parametrize("name", sorted(NOT_YET))
async def test_B03_B04_B05_trouble_before_content_moves_to_the_next_hop(
    stage: Stage, name: str
) -> None:
    """The other model's whole answer comes, with one role chunk and its cost, as if alone."""
    bad, good = await pair(stage, NOT_YET[name])
    answer = await stage.stream(bad)
    assert answer.status_code == 200, answer.text
    assert text_of(answer) == "from the other"
    roles = [one for one in chunks(answer) if one["choices"][0]["delta"].get("role")]
    assert len(roles) == 1
    assert {one["model"] for one in chunks(answer)} == {good}
    assert data_lines(answer)[-1] == "[DONE]"
    assert answer.headers["x-tollhouse-model"] == good
    assert answer.headers["x-tollhouse-attempts"] == "2"
    assert answer.headers["x-tollhouse-failover"] != "none"
    record = await stage.record(answer)
    assert (record.status, record.served_model, len(record.attempts)) == ("ok", good, 2)
    assert record.attempts[1].cost == per_million((12, "3"), (5, "15")).scaleb(10)


@pytest.mark.parametrize(
    "events",
    [
        [failing(400, "invalid_request_error")],
        [failing("context_length_exceeded", "invalid_request_error")],
        [ROLE, failing(None, "invalid_request_error")],
    ],
    ids=["400", "code", "role_first"],
)
async def test_B04_a_first_event_that_blames_the_client_is_a_400(
    stage: Stage, events: list[Any]
) -> None:
    """The client's own mistake has its status, and no other model is asked."""
    bad, good = await pair(stage, Stream(events))
    answer = await stage.stream(bad)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/json"
    assert error_of(answer)["message"] == "no"
    assert stage.calls(good) == []


@pytest.mark.parametrize(
    ("code", "status"), [(429, 429), (400, 400), (401, 502), (404, 502), (503, 502), ("x", 502)]
)
async def test_B04_a_first_event_that_is_an_error_has_its_status(
    stage: Stage, code: Any, status: int
) -> None:
    """With no hop left the error inside a 200 is an error of the same kind, not a stream."""
    model_id = await stage.model(Stream([failing(code)]))
    answer = await stage.stream(model_id)
    assert answer.status_code == status
    error_of(answer)


async def test_B05_tool_calls_and_reasoning_count_as_content(stage: Stage) -> None:
    """After a tool call, reasoning or a refusal the hop stays, since the client has part of it."""
    openers: list[dict[str, Any]] = [
        {"tool_calls": ToolCall("f").deltas(0)[:1]},
        {"reasoning_content": "Hm"},
        {"refusal": "No"},
        {"audio": {"id": "a", "data": "AAAA"}},
    ]
    for delta in openers:
        bad, good = await pair(stage, Stream([ROLE, chunk(delta), End.CLOSE]))
        answer = await stage.stream(bad)
        assert chunks(answer)[1]["choices"][0]["delta"] == delta
        assert chunks(answer)[-1]["error"]["code"] == "upstream_disconnected"
        assert stage.calls(good) == []


# --- Silence ---


@pytest.mark.parametrize("stream", [False, True])
async def test_B12_a_silent_upstream_is_a_504_in_time(stage: Stage, *, stream: bool) -> None:
    """The first-byte limit ends the wait, with the other hop's answer or with a 504."""
    limits = {"timeouts": {"first_byte": 0.2}}
    lone = await stage.model(silent(), provider_config=limits)
    before = asyncio.get_running_loop().time()
    answer = await stage.chat(lone, stream=stream)
    in_time(asyncio.get_running_loop().time() - before, 1.5)
    assert answer.status_code == 504
    assert error_of(answer)["code"] == "upstream_timeout"
    bad, good = await pair(stage, silent(), provider_config=limits)
    moved = await stage.chat(bad, stream=stream)
    assert moved.status_code == 200
    assert moved.headers["x-tollhouse-model"] == good
    assert moved.headers["x-tollhouse-failover"] == "first_byte_timeout"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("played", ["silent", "head", "body"])
async def test_B12_the_upstream_is_closed_when_the_client_leaves(
    stage: Stage, played: str, *, stream: bool
) -> None:
    """Whatever the upstream is at, it sees the close within a second of the client's."""
    kind = SSE if stream else "application/json"
    behaviours = {
        "silent": silent(),
        "head": head_then(End.HANG, content_type=kind),
        "body": head_then(_chunked(frame(HEL)), End.HANG, content_type=kind),
    }
    model_id = await stage.model(behaviours[played])
    loop = asyncio.get_running_loop()
    async with dial(stage.gw.url) as wire:
        await wire.post("/v1/chat/completions", stage.gw.key, chat(model_id, stream=stream))
        while not stage.calls(model_id):
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.1)
        left = loop.time()
        wire.leave()
        await stage.up.until(idle=True)
    (call,) = stage.calls(model_id)
    assert call.left_at is not None
    assert call.left_at - left < 1


def _chunked(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


# --- Responses ---


def respond(model_id: str, **fields: Any) -> dict[str, Any]:
    """A request for a response."""
    return {"model": model_id, "input": "Hello", **fields}


@pytest.mark.parametrize("outcome", ["completed", "incomplete"])
@pytest.mark.parametrize("stream", [False, True])
async def test_B16_a_response_is_priced_however_it_ended(
    stage: Stage, outcome: str, *, stream: bool
) -> None:
    """Usage of every terminal event counts, whole and streamed."""
    model_id = await stage.model(Responses(outcome=outcome))
    answer = await stage.gw.client.post("/v1/responses", json=respond(model_id, stream=stream))
    told = chunks(answer)[-1]["response"] if stream else answer.json()
    assert (told["status"], told["model"]) == (outcome, model_id)
    assert exact(told["usage"]["cost"]) == per_million((12, "3"), (5, "15"))
    assert spent(await stage.record(answer)) == per_million((12, "3"), (5, "15"))


async def test_B16_a_response_that_failed_after_content_is_an_error_with_its_usage(
    stage: Stage,
) -> None:
    """What a failed response used is on record, and the client gets its protocol's error event."""
    model_id = await stage.model(Responses(outcome="failed"))
    answer = await stage.gw.client.post("/v1/responses", json=respond(model_id, stream=True))
    last = chunks(answer)[-1]
    assert last["type"] == "error"
    assert_shape(last["error"])
    assert b"event: error\n" in answer.content
    record = await stage.record(answer)
    assert (record.status, record.cost_status) == ("upstream_error", "partial")
    assert spent(record) == per_million((12, "3"), (5, "15"))


async def test_B05_a_response_that_only_began_moves_to_the_next_hop(stage: Stage) -> None:
    """Events that announce are held, so a failure behind them is not the client's."""
    good = await stage.model(Responses("from the other"), name="good")
    begun = {"type": "response.created", "response": {"id": "r", "status": "in_progress"}}
    error = {"type": "error", "code": "server_error", "message": "no"}
    bad = await stage.model(
        Stream([typed("response.created", begun), typed("error", error)]), failover=good
    )
    answer = await stage.gw.client.post("/v1/responses", json=respond(bad, stream=True))
    kinds = [event["type"] for event in chunks(answer)]
    assert kinds.count("response.created") == 1
    assert kinds[-1] == "response.completed"
    assert answer.headers["x-tollhouse-model"] == good


async def test_B03_sound_that_breaks_off_is_no_whole_file(stage: Stage) -> None:
    """Where there is no event to tell it in, the connection ends short of the answer's end."""
    sound = Answer(
        bytes(50_000), headers=(("content-type", "audio/mpeg"),), stop_at=20_000, end=End.RESET
    )
    model_id = await stage.model(sound, type="speech", pricing={"per_request": "0.1"})
    body = {"model": model_id, "input": "Hello", "voice": "alloy"}
    with pytest.raises(httpx.RemoteProtocolError):
        await stage.gw.client.post(
            "/v1/audio/speech", json=body, headers={"x-request-id": "B03-sound"}
        )
    record = await stage.record("B03-sound")
    assert (record.status, record.code) == ("upstream_error", "upstream_disconnected")


async def test_B03_a_response_without_its_last_event_is_an_error(stage: Stage) -> None:
    """A cut after text ends with an error event that the client's library knows."""
    shape = Shape(stop_after=6, end=End.CLOSE)
    model_id = await stage.model(Responses(shape=shape))
    answer = await stage.gw.client.post("/v1/responses", json=respond(model_id, stream=True))
    last = chunks(answer)[-1]
    assert (last["type"], last["code"]) == ("error", "upstream_disconnected")
