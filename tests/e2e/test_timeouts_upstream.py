"""The four time limits, on every endpoint: a slow provider holds nobody longer than said."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from e2e.failing import breaker, failing, told, tried
from e2e.stage import Stage, chunks, error_of
from e2e.wire import dial
from fakes.answers import Answer, Shape, chunk, frame, head, head_then, silent, steps
from fakes.gateway import RunningGateway, chat, model
from fakes.http_server import Call, End, Pause, Step
from fakes.openai_answers import Chat
from fakes.slowness import in_time
from fakes.upstream import FakeUpstream, mute_port, sound
from tollhouse.core.needs import Endpoint, ModelType

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIMIT = 0.2
SLACK = 0.5
FILE = {"file": ("a.mp3", b"ID3" * 50, "audio/mpeg")}
PICTURE = {"image": ("a.png", b"\x89PNG" * 50, "image/png")}
PRICES: dict[ModelType, dict[str, str]] = {
    ModelType.SPEECH: {"per_character": "0.00001"},
    ModelType.TRANSCRIPTION: {"per_second": "0.0001"},
    ModelType.RERANK: {"per_request": "0.002"},
    ModelType.MODERATION: {"per_request": "0"},
}
BODIES: dict[Endpoint, dict[str, Any]] = {
    Endpoint.CHAT: {"messages": [{"role": "user", "content": "Hi"}]},
    Endpoint.COMPLETIONS: {"prompt": "Hi"},
    Endpoint.RESPONSES: {"input": "Hi"},
    Endpoint.MESSAGES: {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 5},
    Endpoint.EMBEDDINGS: {"input": "Hi"},
    Endpoint.IMAGES_GENERATIONS: {"prompt": "Hi"},
    Endpoint.IMAGES_EDITS: {"prompt": "Hi"},
    Endpoint.IMAGES_VARIATIONS: {},
    Endpoint.SPEECH: {"input": "Hi", "voice": "alloy"},
    Endpoint.TRANSCRIPTIONS: {},
    Endpoint.TRANSLATIONS: {},
    Endpoint.RERANK: {"query": "Hi", "documents": ["a", "b"]},
    Endpoint.MODERATIONS: {"input": "Hi"},
}
STREAMED = [
    *(Endpoint.CHAT, Endpoint.COMPLETIONS, Endpoint.RESPONSES, Endpoint.MESSAGES),
    Endpoint.TRANSCRIPTIONS,
]
WAYS = [*((each, False) for each in BODIES), *((each, True) for each in STREAMED)]


@pytest_asyncio.fixture(name="stage", scope="module", loop_scope="module")
async def _stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with failing(tmp_path_factory.mktemp("timeouts"), failover={"retries": 0}) as stage:
        yield stage


def limits(**seconds: float) -> dict[str, Any]:
    """A model's own time limits."""
    return {"timeouts": seconds}


def seconds() -> float:
    """The time by which durations are measured."""
    return asyncio.get_running_loop().time()


async def ask(stage: Stage, endpoint: Endpoint, model_id: str, *, stream: bool) -> httpx.Response:
    """A request that suits the endpoint."""
    fields = {"model": model_id, **BODIES[endpoint]} | ({"stream": True} if stream else {})
    path = f"/v1/{endpoint.path}"
    if not endpoint.multipart:
        return await stage.gw.client.post(path, json=fields)
    files = FILE if endpoint.model_type is ModelType.TRANSCRIPTION else PICTURE
    form = {name: str(value).lower() if value is True else value for name, value in fields.items()}
    return await stage.gw.client.post(path, data=form, files=files)


def way(value: Any) -> str:
    """How a test's parameter is called."""
    return str(value.value if isinstance(value, Endpoint) else "streamed" if value else "whole")


@pytest.mark.parametrize(("endpoint", "stream"), WAYS, ids=way)
async def test_C04_a_silent_provider_is_given_up_in_time(
    stage: Stage, endpoint: Endpoint, *, stream: bool
) -> None:
    """On each endpoint: at the first-byte limit 504, or the failover's answer where there is one.

    Either way the silent provider's socket is closed.
    """
    kind = endpoint.model_type
    fields: dict[str, Any] = {"type": kind.value, "pricing": PRICES.get(kind)}
    asleep = {"provider_config": limits(first_byte=LIMIT), **fields}
    spare = await stage.model(_sound(endpoint), name="spare", **fields)
    alone = await stage.model(silent(), **asleep)
    first = await stage.model(silent(), failover=spare, **asleep)
    began = seconds()
    given_up, replaced = await asyncio.gather(
        ask(stage, endpoint, alone, stream=stream), ask(stage, endpoint, first, stream=stream)
    )
    in_time(seconds() - began, LIMIT + SLACK, least=LIMIT)
    assert given_up.status_code == 504, given_up.text
    assert error_of(given_up)["code"] == "upstream_timeout"
    assert told(given_up) == [(alone, "first_byte_timeout")]
    assert replaced.status_code == 200, replaced.text
    assert replaced.headers["x-tollhouse-model"] == spare
    assert replaced.headers["x-tollhouse-failover"] == "first_byte_timeout"
    await stage.up.until(idle=True)
    for call in (*stage.calls(alone), *stage.calls(first)):
        assert call.left_at is not None
        assert call.left_at - began < LIMIT + SLACK


def _sound(endpoint: Endpoint) -> Callable[[Call], Any]:
    """What a healthy provider does; a streamed transcript it has to be told."""

    def answer(call: Call) -> Any:
        streamed = endpoint is Endpoint.TRANSCRIPTIONS and call.form.get("stream") == b"true"
        if not streamed:
            return sound(call)(call)
        done = b'data: {"type":"transcript.text.done","text":"Hi"}\n\n'
        kind = ("content-type", "text/event-stream")
        return [head(200, [kind, ("transfer-encoding", "chunked")]), chunk(done), b"0\r\n\r\n"]

    return answer


# --- Connect ---


async def test_C04_a_handshake_that_hangs_meets_the_connect_limit(tmp_path: Path) -> None:
    """A port that takes connections and says nothing is not reached, within the connect limit."""
    with mute_port() as port:
        providers = {"up": f"https://127.0.0.1:{port}/v1"}
        async with RunningGateway(
            tmp_path,
            providers=providers,
            models=[model("m")],
            timeouts={"connect": LIMIT},
            failover={"retries": 0},
        ) as gw:
            began = seconds()
            answer = await gw.client.post("/v1/chat/completions", json=chat("m"))
            in_time(seconds() - began, LIMIT + SLACK, least=LIMIT)
            assert error_of(answer)["code"] == "upstream_unreachable"


# --- Idle ---


@pytest.mark.parametrize("stream", [False, True])
async def test_B12_a_head_and_then_silence_is_given_up(stage: Stage, *, stream: bool) -> None:
    """A provider that answers 200 and goes to sleep is left for the failover."""
    kind = "text/event-stream" if stream else "application/json"
    asleep = head_then(End.HANG, content_type=kind)
    spare = await stage.model(name="spare")
    first = await stage.model(asleep, provider_config=limits(idle=LIMIT), failover=spare)
    began = seconds()
    answer = await stage.chat(first, stream=stream)
    in_time(seconds() - began, LIMIT + SLACK, least=LIMIT)
    assert answer.headers["x-tollhouse-failover"] == "idle_timeout"
    assert answer.headers["x-tollhouse-model"] == spare
    alone = await stage.model(asleep, provider_config=limits(idle=LIMIT))
    answer = await stage.chat(alone, stream=stream)
    assert answer.status_code == 504
    assert error_of(answer)["code"] == "upstream_idle_timeout"


async def test_B12_half_an_answer_and_then_silence_is_given_up(stage: Stage) -> None:
    """A body that stops in the middle is no answer, and nothing of it reaches the client."""
    begun: list[Step] = [
        head(200, [("content-length", "500")]),
        b'{"id": "x", "choices": [',
        End.HANG,
    ]
    model_id = await stage.model(steps(*begun), provider_config=limits(idle=LIMIT))
    answer = await stage.chat(model_id)
    assert answer.status_code == 504
    assert error_of(answer)["code"] == "upstream_idle_timeout"


async def test_B07_the_gateways_own_comments_keep_no_provider_alive(tmp_path: Path) -> None:
    """Comments go to the client while the provider's silence is still measured."""
    async with (
        FakeUpstream() as up,
        RunningGateway(
            tmp_path,
            providers={"up": up.url},
            models=[model("m")],
            timeouts={"idle": 0.6},
            failover={"commit_after": 0.1, "retries": 0},
            server={"keepalive_seconds": 0.1},
        ) as gw,
    ):
        up.script(head_then(End.HANG, content_type="text/event-stream"))
        began = seconds()
        answer = await gw.client.post("/v1/chat/completions", json=chat("m", stream=True))
        in_time(seconds() - began, 0.6 + SLACK, least=0.6)
        assert answer.text.count(": keep-alive") >= 2
        assert chunks(answer)[-1]["error"]["code"] == "upstream_idle_timeout"


# --- Total ---


@pytest.mark.parametrize("stream", [False, True])
async def test_C04_one_deadline_holds_for_all_attempts(stage: Stage, *, stream: bool) -> None:
    """Two slow hops have one total between them, that of the model asked for."""
    spare = await stage.model(silent(), provider_config=limits(first_byte=5, total=9))
    first = await stage.model(
        silent(), provider_config=limits(first_byte=0.3, total=0.5), failover=spare
    )
    began = seconds()
    answer = await stage.chat(first, stream=stream)
    in_time(seconds() - began, 0.5 + SLACK, least=0.5)
    assert answer.status_code == 504
    assert told(answer) == [(first, "first_byte_timeout"), (spare, "total_timeout")]
    record = await stage.record(answer)
    assert (record.status, record.code) == ("upstream_error", "upstream_timeout")
    assert breaker(stage, spare) == "closed"


async def test_C04_a_trickle_does_not_outlast_the_total(stage: Stage) -> None:
    """One byte after the other sets the idle limit back and the total not."""
    body = b'{"choices": [{"message": {"content": "' + b"x" * 200
    trickle: list[Step] = [head(200, [("content-length", "500")])]
    for byte in body:
        trickle += [bytes([byte]), Pause(0.05)]
    model_id = await stage.model(steps(*trickle), provider_config=limits(idle=1, total=0.5))
    began = seconds()
    answer = await stage.chat(model_id)
    in_time(seconds() - began, 0.5 + SLACK, least=0.5)
    assert told(answer) == [(model_id, "total_timeout")]


async def test_C04_a_client_cannot_ask_for_more_time(stage: Stage) -> None:
    """A ``timeout`` in the body moves no limit and is not handed on."""
    model_id = await stage.model(silent(), provider_config=limits(first_byte=LIMIT))
    began = seconds()
    answer = await stage.chat(model_id, timeout=600)
    assert answer.status_code == 504
    in_time(seconds() - began, LIMIT + SLACK)
    assert "timeout" not in stage.calls(model_id)[0].json


async def test_C16_a_limit_of_nothing_is_refused_and_null_inherits(stage: Stage) -> None:
    """0 is no limit that anybody can mean; null takes the provider's."""
    model_id = await stage.model()
    for value, status in ((0, 422), (-1, 422), (None, 200)):
        changed = {"provider_config": {"timeouts": {"first_byte": value}}}
        answer = await stage.gw.admin.patch(f"/v1/models/{model_id}", json=changed)
        assert answer.status_code == status


PIECES = 512
FILLED = 1.0
"""Seconds in which the buffers between a provider and a client that reads nothing are full."""


def large(_call: Call) -> Iterator[Step]:
    """A stream of 32 MiB: more than all buffers on its way hold."""
    yield head(200, [("content-type", "text/event-stream"), ("transfer-encoding", "chunked")])
    delta = {"content": "x" * 65536}
    event = {"choices": [{"index": 0, "delta": delta, "finish_reason": None}], "model": "up"}
    for _ in range(PIECES):
        yield chunk(frame(event))
    delta.clear()
    event["choices"][0]["finish_reason"] = "stop"  # type: ignore[index]
    yield chunk(frame(event)) + chunk(frame("[DONE]")) + b"0\r\n\r\n"


async def test_C04_a_client_that_reads_nothing_does_not_outlast_the_total(stage: Stage) -> None:
    """With the client's window full the request ends in time all the same, and is recorded."""
    model_id = await stage.model(large, name="endless", provider_config=limits(total=FILLED))
    request_id = f"reads-nothing-{uuid4()}"
    async with dial(stage.gw.url) as wire:
        body = chat(model_id, stream=True)
        await wire.post("/v1/chat/completions", stage.gw.key, body, x_request_id=request_id)
        began = seconds()
        while not stage.gw.app.state.flights:
            await asyncio.sleep(0.005)
        while stage.gw.app.state.flights:
            await asyncio.sleep(0.02)
        took = seconds() - began
        record = await stage.record(request_id)
        assert (record.status, record.code) == ("upstream_error", "upstream_timeout")
        assert record.cost_status == "partial"
        assert tried(record) == [(model_id, "deadline")]
        (call,) = stage.calls(model_id)
        assert call.left_at is not None
        assert call.finished_at is None
    in_time(took, FILLED + 2, least=FILLED)


async def test_B12_a_client_that_reads_slowly_gets_everything(stage: Stage) -> None:
    """Backpressure reaches the provider, which is paused and not cut off."""
    model_id = await stage.model(large, name="long")
    async with dial(stage.gw.url) as wire:
        await wire.post("/v1/chat/completions", stage.gw.key, chat(model_id, stream=True))
        await wire.head()
        await asyncio.sleep(0.3)
        (call,) = stage.calls(model_id)
        assert call.finished_at is None
        body = await wire.body()
    assert body.endswith(b"data: [DONE]\n\n")
    assert body.count(b"data: {") == PIECES + 1


async def test_B18_a_long_thought_is_waited_for_and_is_no_overhead(stage: Stage) -> None:
    """A provider may take its time within the limits; the wait is not counted as ours."""
    late = Answer(b'{"choices": [], "usage": {"prompt_tokens": 1}}', before=0.5)
    model_id = await stage.model(late, provider_config=limits(first_byte=5))
    answer = await stage.chat(model_id)
    assert answer.status_code == 200
    in_time(float(answer.headers["x-tollhouse-overhead-ms"]) / 1e3, 0.25)
    record = await stage.record(answer)
    assert record.attempts[0].milliseconds >= 500
    in_time(record.overhead_us / 1e6, 0.25)


async def test_B12_a_slow_provider_holds_nobody_else(stage: Stage) -> None:
    """While fifty requests wait for a silent provider, others are answered as ever."""
    asleep = await stage.model(silent(), provider_config=limits(first_byte=0.8))
    awake = await stage.model(Chat(shape=Shape()))
    waiting = [asyncio.ensure_future(stage.chat(asleep, stream=i % 2 == 0)) for i in range(50)]
    while len(stage.calls(asleep)) < 50:
        await asyncio.sleep(0.01)
    began = seconds()
    assert (await stage.chat(awake)).status_code == 200
    in_time(seconds() - began, 0.5)
    assert {answer.status_code for answer in await asyncio.gather(*waiting)} == {504}


async def test_C04_a_client_that_reads_again_in_time_is_told(stage: Stage) -> None:
    """What was stuck goes out with an error event behind it, and without a terminator."""
    model_id = await stage.model(large, name="stuck", provider_config=limits(total=FILLED))
    async with dial(stage.gw.url) as wire:
        await wire.post("/v1/chat/completions", stage.gw.key, chat(model_id, stream=True))
        await wire.head()
        (flight,) = stage.gw.app.state.flights
        while not flight.closed:
            await asyncio.sleep(0.01)
        body = await wire.body()
    assert b"[DONE]" not in body
    last = json.loads(body.rpartition(b"data: ")[2])
    assert last["error"]["code"] == "upstream_timeout"
    assert [one["fault"] for one in last["error"]["attempts"]] == ["deadline"]
