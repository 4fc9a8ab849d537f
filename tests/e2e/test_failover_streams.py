"""Until a stream is committed: any trouble is a failover, and what was held is not shown."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from e2e.breaking import (
    COMMIT_AFTER,
    ERROR,
    HELLO,
    OPEN,
    ROLE,
    STOP,
    breaking,
    broken_off,
    chain,
    piece,
)
from e2e.failing import tried
from e2e.stage import Stage, chunks, data_lines, per_million, spent, text_of
from e2e.wire import Wire, dial
from fakes.answers import Shape, Stream, chunk, head, steps
from fakes.gateway import chat
from fakes.http_server import End, Pause
from fakes.openai_answers import Chat
from fakes.slowness import in_time

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(name="stage", scope="module", loop_scope="module")
async def _stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with breaking(tmp_path_factory.mktemp("streams")) as stage:
        yield stage


async def ask(stage: Stage, wire: Wire, model_id: str) -> None:
    """Send a streamed chat request."""
    await wire.post("/v1/chat/completions", stage.gw.key, chat(model_id, stream=True))


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
        in_time(now() - began, 0.85, least=COMMIT_AFTER)
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
    in_time(float(answer.headers["x-tollhouse-overhead-ms"]) / 1e3, 0.25)
