"""Clients that leave: the provider is hung up on, the record says what it cost, nothing is left."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from e2e.failing import breaker, failing, fails, tried
from e2e.stage import Stage, per_million, spent
from e2e.wire import Wire, dial
from fakes.answers import Shape, Stream, chunk, head, head_then, rate_limited, silent, steps
from fakes.gateway import RunningGateway, chat, model
from fakes.http_server import Call, End, Pause, Step
from fakes.openai_answers import CREATED, USAGE, Chat
from fakes.slowness import in_time
from fakes.upstream import FakeUpstream

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROLE = {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]}
HELLO = {"created": CREATED, "choices": [{"index": 0, "delta": {"content": "Hello"}}]}
EVENTS = "text/event-stream"


@pytest_asyncio.fixture(name="stage", scope="module", loop_scope="module")
async def _stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with failing(tmp_path_factory.mktemp("leaving"), failover={"commit_after": 30}) as stage:
        yield stage


def seconds() -> float:
    """The time by which durations are measured."""
    return asyncio.get_running_loop().time()


class Leaver:
    """A client that asks and goes."""

    def __init__(self, stage: Stage, model_id: str, **fields: Any) -> None:
        self.stage = stage
        self.model_id = model_id
        self.name = f"left-{model_id}"
        self._body = chat(model_id, **fields)

    async def ask(self, wire: Wire) -> None:
        """Send the request and see it arrive at the provider."""
        path, key = "/v1/chat/completions", self.stage.gw.key
        await wire.post(path, key, self._body, x_request_id=self.name)
        while not self.stage.calls(self.model_id):
            await asyncio.sleep(0.005)

    async def gone(self, wire: Wire) -> Any:
        """Leave; the record, once the provider has seen its connection close within a second."""
        left = seconds()
        wire.leave()
        call = self.stage.calls(self.model_id)[-1]
        while call.left_at is None:
            in_time(seconds() - left, 1)
            await asyncio.sleep(0.005)
        assert call.finished_at is None
        record = await self.stage.record(self.name)
        assert (record.status, record.http_status) == ("client_disconnected", 499)
        assert record.code is None
        return record


WAITING = {
    "no_answer_yet": (silent(), {}),
    "no_head_yet": (silent(), {"stream": True}),
    "half_an_answer": (head_then(chunk(b'{"choices": ['), End.HANG), {}),
    "head_only": (head_then(End.HANG, content_type=EVENTS), {"stream": True}),
    "role_only": (Stream([ROLE, End.HANG]), {"stream": True}),
}


@pytest.mark.parametrize(("behaviour", "fields"), WAITING.values(), ids=WAITING)
async def test_A18_leaving_before_the_first_byte(
    stage: Stage, behaviour: Any, fields: dict[str, Any]
) -> None:
    """The upstream is closed within a second; one record, at no cost, labelled an estimate."""
    model_id = await stage.model(behaviour, name="waiting")
    leaver = Leaver(stage, model_id, **fields)
    async with dial(stage.gw.url) as wire:
        await leaver.ask(wire)
        await asyncio.sleep(0.1)
        record = await leaver.gone(wire)
    assert (record.cost, record.cost_status) == (0, "estimated")
    assert record.served_model is None
    assert tried(record) == [(model_id, "client_gone")]
    assert record.first_byte_us is None


async def test_A04_leaving_after_some_of_it(stage: Stage) -> None:
    """What was relayed is paid by estimate, and the record names who served it."""
    model_id = await stage.model(Stream([ROLE, *[HELLO] * 8, End.HANG]), name="some")
    leaver = Leaver(stage, model_id, stream=True)
    async with dial(stage.gw.url) as wire:
        await leaver.ask(wire)
        await wire.head()
        for _ in range(9):
            await wire.frame()
        record = await leaver.gone(wire)
    assert record.cost_status == "partial"
    assert record.usage is not None
    assert 1 <= record.usage.output_tokens <= 40
    each = (record.usage.input_tokens, "3"), (record.usage.output_tokens, "15")
    assert spent(record) == per_million(*each)
    assert (record.served_model, record.provider) == (model_id, "up")
    (attempt,) = record.attempts
    assert (attempt.result, attempt.cost) == ("client_gone", record.cost)


async def test_A04_leaving_after_usage_was_told(stage: Stage) -> None:
    """Usage that came before the client left is what it pays, to the last digit."""
    told = {**HELLO, "usage": USAGE}
    model_id = await stage.model(Stream([ROLE, told, End.HANG]), name="told")
    leaver = Leaver(stage, model_id, stream=True)
    async with dial(stage.gw.url) as wire:
        await leaver.ask(wire)
        await wire.head()
        record = await leaver.gone(wire)
    assert spent(record) == per_million((12, "3"), (5, "15"))


async def test_A15_leaving_while_a_retry_is_waited_for(stage: Stage) -> None:
    """Between two attempts there is none to end: the record has the one that was made."""
    model_id = await stage.model(rate_limited("5"), name="between")
    async with dial(stage.gw.url) as wire:
        leaver = Leaver(stage, model_id, stream=True)
        await leaver.ask(wire)
        await asyncio.sleep(0.15)
        wire.leave()
        record = await stage.record(leaver.name)
    assert record.status == "client_disconnected"
    assert tried(record) == [(model_id, "rate_limited")]
    assert len(stage.calls(model_id)) == 1


async def test_A15_an_attempt_that_was_billed_before_the_client_left_is_paid_once(
    stage: Stage,
) -> None:
    """Usage of a failed attempt is in the sum once, whether or not a later one was under way."""
    cut = Stream([{**ROLE, "usage": USAGE}, End.CLOSE])
    once = per_million((12, "3"), (5, "15"))
    alone = await stage.model(cut, rate_limited("5"), name="alone")
    spare = await stage.model(silent(), name="asleep")
    first = await stage.model(cut, name="first", failover=spare)
    for model_id, waiting in ((alone, alone), (first, spare)):
        async with dial(stage.gw.url) as wire:
            leaver = Leaver(stage, model_id, stream=True)
            await leaver.ask(wire)
            while not stage.calls(waiting):
                await asyncio.sleep(0.005)
            await asyncio.sleep(0.15)
            wire.leave()
            record = await stage.record(leaver.name)
        assert record.status == "client_disconnected"
        assert [attempt.cost for attempt in record.attempts] == [once.scaleb(10), None]
        assert spent(record) == once


async def test_E01_leaving_during_the_second_hop_closes_the_second_hop(stage: Stage) -> None:
    """The attempts say which one failed and which one nobody waited for."""
    spare = await stage.model(silent(), name="asleep")
    first = await stage.model(fails(500), name="first", failover=spare)
    async with dial(stage.gw.url) as wire:
        leaver = Leaver(stage, first)
        await leaver.ask(wire)
        while not stage.calls(spare):
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.1)
        left = seconds()
        wire.leave()
        record = await stage.record(leaver.name)
    assert tried(record) == [(first, "status_500"), (spare, "client_gone")]
    (call,) = stage.calls(spare)
    assert call.left_at is not None
    assert call.left_at - left < 1


async def test_C07_a_client_that_leaves_is_no_fault_of_the_provider(stage: Stage) -> None:
    """Ten of them in a row open no breaker, and are no failed attempts in the metrics."""
    model_id = await stage.model(silent(), name="patient")
    for number in range(10):
        async with dial(stage.gw.url) as wire:
            leaver = Leaver(stage, model_id)
            leaver.name = f"patient-{number}"
            await leaver.ask(wire)
            while len(stage.calls(model_id)) <= number:
                await asyncio.sleep(0.005)
            await asyncio.sleep(0.06)
        await stage.record(leaver.name)
    assert breaker(stage, model_id) == "closed"
    attempts = "tollhouse_attempts_total"
    assert await stage.metric(attempts, model=model_id) == 10
    assert await stage.metric(attempts, model=model_id, result="client_gone") == 10
    gone = {"model": model_id, "outcome": "client_disconnected"}
    assert await stage.metric("tollhouse_requests_total", **gone) == 10


@pytest.mark.parametrize("stream", [False, True])
async def test_A04_leaving_with_the_whole_answer_is_no_leaving(
    stage: Stage, *, stream: bool
) -> None:
    """A client that has everything may close at once: its request has ended well."""
    slow = Chat(shape=Shape(delay=0.03)) if stream else steps(Pause(0.1), *_whole())
    model_id = await stage.model(slow, name="all")
    async with dial(stage.gw.url) as wire:
        leaver = Leaver(stage, model_id, stream=stream)
        await leaver.ask(wire)
        await wire.answer()
        wire.leave()
        record = await stage.record(leaver.name)
    assert (record.status, record.http_status) == ("ok", 200)
    assert record.cost_status == "exact"


def _whole() -> list[Step]:
    body = b'{"choices": [], "usage": {"prompt_tokens": 12, "completion_tokens": 5}}'
    kind = ("content-type", "application/json")
    return [head(200, [kind, ("content-length", str(len(body)))]), body]


async def test_A18_leaving_before_the_body_is_whole_is_no_request(stage: Stage) -> None:
    """Half a request is nothing: no call, no record, no charge."""
    before = stage.up.count
    async with dial(stage.gw.url) as wire:
        told = f"authorization: Bearer {stage.gw.key}\r\ncontent-type: application/json\r\n"
        start = f"POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\n{told}content-length: 99\r\n\r\n"
        await wire.send(start.encode() + b'{"model"')
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.05)
    assert stage.up.count == before
    assert not stage.gw.app.state.flights


# --- Many ---


def sockets() -> int:
    """How many sockets this process has open; files are the store's own matter."""
    found = 0
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            found += str(entry.readlink()).startswith("socket:")
    return found


async def at_rest() -> tuple[int, int]:
    """Tasks and sockets, once they have been the same for a while."""
    gc.collect()
    found, same = (0, 0), 0
    while same < 8:
        await asyncio.sleep(0.02)
        now = len(asyncio.all_tasks()), sockets()
        found, same = now, same + 1 if now == found else 0
    return found


async def test_E01_two_hundred_clients_leave_at_once(tmp_path: Path) -> None:
    """Every upstream is closed in two seconds, every record written, nothing is left over.

    Half of them streamed, half of those had begun to read; the next request is served at once.
    """
    many = 200
    async with (
        FakeUpstream() as up,
        RunningGateway(
            tmp_path,
            providers={"up": {"base_url": up.url, "max_connections": many}},
            models=[model("asleep"), model("talking"), model("sound")],
        ) as gw,
    ):
        up.script(silent(), model="asleep-upstream")
        up.script(Stream([ROLE, *[HELLO] * 3, End.HANG]), model="talking-upstream")
        await _warm(gw)
        before = await at_rest()
        async with AsyncExitStack() as stack:
            wires = [await stack.enter_async_context(dial(gw.url)) for _ in range(many)]
            for number, wire in enumerate(wires):
                talking = number % 4 == 0
                body = chat("talking" if talking else "asleep", stream=number % 2 == 0)
                name = f"leaver-{number}"
                await wire.post("/v1/chat/completions", gw.key, body, x_request_id=name)
            await asyncio.gather(*(wire.head() for wire in wires[::4]))
            await asyncio.wait_for(up.until(count=many + 2), 10)
            left = seconds()
            for wire in wires:
                wire.leave()
            await asyncio.wait_for(up.until(idle=True), 2)
            in_time(seconds() - left, 2)
        began = seconds()
        up.script(Chat(), model="asleep-upstream")
        answer = await gw.client.post("/v1/chat/completions", json=chat("asleep"))
        assert answer.status_code == 200
        in_time(seconds() - began, 1)
        records = [one for one in await gw.records() if one.request_id.startswith("leaver-")]
        assert len(records) == len({one.request_id for one in records}) == many
        assert {one.status for one in records} == {"client_disconnected"}
        paid = [one for one in records if one.model == "talking"]
        assert {one.cost_status for one in paid} == {"partial"}
        assert all(one.cost for one in paid)
        assert not gw.app.state.flights
        assert set(gw.app.targets._busy.values()) == {0}
        tasks, connections = await at_rest()
        assert tasks <= before[0]
        assert connections <= before[1]
        metrics = (await gw.admin.get("/metrics")).text
        assert "tollhouse_inflight_requests 0.0" in metrics


async def _warm(gw: RunningGateway) -> None:
    """A leaver and a good request, so that whatever is opened once is open."""
    async with dial(gw.url) as wire:
        await wire.post("/v1/chat/completions", gw.key, chat("talking", stream=True))
        await wire.head()
    await gw.client.post("/v1/chat/completions", json=chat("sound"))
    await gw.admin.get("/metrics")
    await gw.records()


def endless(_call: Call) -> Any:
    """A stream that never ends, as fast as it is taken."""
    yield head(200, [("content-type", EVENTS), ("transfer-encoding", "chunked")])
    event = b'data: {"choices":[{"index":0,"delta":{"content":"' + b"x" * 32768 + b'"}}]}\n\n'
    while True:
        yield chunk(event)
        yield Pause(0.001)


async def test_E01_clients_that_read_nothing_hold_nobody_else(stage: Stage) -> None:
    """Ten that never read are paused upstream; forty others are served as ever meanwhile."""
    stuck = await stage.model(endless, name="stuck")
    quick = await stage.model(Chat(), name="quick")
    async with AsyncExitStack() as stack:
        for _ in range(10):
            wire = await stack.enter_async_context(dial(stage.gw.url))
            await wire.post("/v1/chat/completions", stage.gw.key, chat(stuck, stream=True))
        while len(stage.calls(stuck)) < 10:
            await asyncio.sleep(0.005)
        began = seconds()
        answers = await asyncio.gather(*(stage.chat(quick, stream=i % 2 == 0) for i in range(40)))
        assert {answer.status_code for answer in answers} == {200}
        in_time(seconds() - began, 5)
    await asyncio.wait_for(stage.up.until(idle=True), 2)
    assert all(call.left_at is not None for call in stage.calls(stuck))
