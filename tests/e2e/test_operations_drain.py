"""SIGTERM: what is under way is finished or told, what is new is turned away, nothing is lost."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from fakes.answers import Shape, silent
from fakes.gateway import RunningGateway, chat, model
from fakes.line import Answer, Line
from fakes.openai_answers import Chat
from fakes.process import GatewayProcess
from fakes.slowness import in_time, within
from fakes.upstream import FakeUpstream

CHAT = "/v1/chat/completions"


@asynccontextmanager
async def _gateway(
    folder: Path, up: FakeUpstream, *, drain_seconds: float
) -> AsyncIterator[GatewayProcess]:
    async with GatewayProcess(
        folder,
        providers={"up": up.url},
        models=[model("a"), model("b")],
        server={"drain_seconds": drain_seconds},
    ) as gw:
        yield gw


async def test_J01_stream_is_finished_after_sigterm(tmp_path: Path) -> None:
    """An open stream ends with usage and ``[DONE]``; probes tell; new requests get 503; exit 0."""
    async with (
        FakeUpstream() as up,
        _gateway(tmp_path, up, drain_seconds=20) as gw,
        AsyncExitStack() as stack,
    ):
        up.script(Chat("word " * 20, words=20, shape=Shape(delay=0.1)))
        streaming = await stack.enter_async_context(Line(gw.url, gw.key))
        other = await stack.enter_async_context(Line(gw.url, gw.key))
        assert (await other.get("/readyz")).status == 200
        running = asyncio.create_task(streaming.post(CHAT, chat("a", stream=True)))
        await up.until(count=1)
        gw.terminate()
        before = time.monotonic()
        async with within(1):
            while (await other.get("/readyz")).status != 503:
                await asyncio.sleep(0.01)
        in_time(time.monotonic() - before, 0.5)
        assert (await other.get("/livez")).status == 200
        assert (await other.get("/metrics")).status == 403
        ready = (await other.get("/readyz")).json
        assert ready == {"ready": False, "reasons": ["draining"]}
        refused = await other.post(CHAT, chat("a"))
        assert (refused.status, refused.code) == (503, "gateway_draining")
        assert refused.headers["retry-after"] == "1"
        assert refused.headers["connection"] == "close"
        async with Line(gw.url, gw.key) as late:
            assert (await late.get("/livez")).status == 200
            assert (await late.post(CHAT, chat("a", stream=True))).status == 503
        answer = await running
        assert answer.body.rstrip().endswith(b"data: [DONE]")
        assert _usage(answer)["completion_tokens"] == 5
        assert _usage(answer)["cost"] > 0
        assert await gw.ended() == 0
        assert up.count == 1
    (record,) = await gw.stored()
    assert record.status == "ok"
    assert not list((tmp_path / "ledger").glob("*.journal"))


async def test_J01_what_outlasts_the_drain_is_told_so(tmp_path: Path) -> None:
    """After ``drain_seconds`` a stream gets an error event, a waiting request a 503, exit is 0."""
    async with (
        FakeUpstream() as up,
        _gateway(tmp_path, up, drain_seconds=0.5) as gw,
        AsyncExitStack() as stack,
    ):
        up.script(Chat("word " * 600, words=600, shape=Shape(delay=0.05)), model="a-upstream")
        up.script(silent(), model="b-upstream")
        lines = [await stack.enter_async_context(Line(gw.url, gw.key)) for _ in range(2)]
        streamed = asyncio.create_task(lines[0].post(CHAT, chat("a", stream=True)))
        waiting = asyncio.create_task(lines[1].post(CHAT, chat("b")))
        await up.until(count=2)
        await asyncio.sleep(0.2)
        before = time.monotonic()
        gw.terminate()
        stream, whole = await streamed, await waiting
        in_time(time.monotonic() - before, 3, least=0.4)
        assert b"[DONE]" not in stream.body
        last = json.loads(stream.body.strip().rpartition(b"data: ")[2])
        assert last["error"]["code"] == "gateway_draining"
        assert last["error"]["request_id"] == stream.headers["x-request-id"]
        assert (whole.status, whole.code) == (503, "gateway_draining")
        assert whole.headers["retry-after"] == "1"
        assert await gw.ended() == 0
    records = {record.model: record for record in await gw.stored()}
    assert {record.status for record in records.values()} == {"gateway_error"}
    assert {record.code for record in records.values()} == {"gateway_draining"}
    assert (records["a"].cost or 0) > 0
    assert records["a"].cost_status == "partial"


async def test_J01_idle_gateway_ends_at_once_on_ctrl_c(tmp_path: Path) -> None:
    """With nothing under way SIGINT ends it within two seconds, open connections or not."""
    async with (
        FakeUpstream() as up,
        _gateway(tmp_path, up, drain_seconds=60) as gw,
        Line(gw.url, gw.key) as idle,
    ):
        assert (await idle.post(CHAT, chat("a"))).status == 200
        before = time.monotonic()
        os.kill(gw.pid, signal.SIGINT)
        assert await gw.ended() == 0
        in_time(time.monotonic() - before, 2)
    assert len(await gw.stored()) == 1


async def test_J01_second_signal_does_not_wait(tmp_path: Path) -> None:
    """Who asks twice is served at once: the stream is told and its record is kept."""
    async with (
        FakeUpstream() as up,
        RunningGateway(
            tmp_path, providers={"up": up.url}, models=[model("a")], server={"drain_seconds": 60}
        ) as gw,
    ):
        up.script(Chat("word " * 600, words=600, shape=Shape(delay=0.05)))
        async with Line(gw.url, gw.key) as line:
            streamed = asyncio.create_task(line.post(CHAT, chat("a", stream=True)))
            await up.until(count=1)
            await asyncio.sleep(0.2)
            gw.server.handle_exit(signal.SIGTERM, None)
            await asyncio.sleep(0.3)
            assert not streamed.done()
            before = time.monotonic()
            gw.server.handle_exit(signal.SIGTERM, None)
            assert b"gateway_draining" in (await streamed).body
            await gw._serving
            in_time(time.monotonic() - before, 3)
        record = await gw.record()
        assert (record.status, record.cost_status) == ("gateway_error", "partial")


async def test_J01_client_that_left_does_not_hold_the_drain(tmp_path: Path) -> None:
    """Requests whose clients are gone are not waited for."""
    async with (
        FakeUpstream() as up,
        RunningGateway(
            tmp_path, providers={"up": up.url}, models=[model("a")], server={"drain_seconds": 60}
        ) as gw,
    ):
        up.script(silent())
        async with Line(gw.url, gw.key) as line:
            body = json.dumps(chat("a")).encode()
            line.send(line.head("POST", CHAT, len(body)) + body)
            await up.until(count=1)
        before = time.monotonic()
        gw.server.handle_exit(signal.SIGTERM, None)
        await gw._serving
        in_time(time.monotonic() - before, 2)
        assert (await gw.record()).status == "client_disconnected"


def _usage(answer: Answer) -> dict[str, Any]:
    events = [line for line in answer.body.split(b"\n\n") if b'"usage":{' in line]
    usage: dict[str, Any] = json.loads(events[-1].removeprefix(b"data: "))["usage"]
    return usage
