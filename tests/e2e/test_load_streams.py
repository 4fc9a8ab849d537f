"""Many streams at once: no pool, lock or limit of ours makes one wait for another."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

from e2e.wire import dial
from fakes.answers import Stream
from fakes.gateway import RunningGateway, chat, model
from fakes.http_server import Call, Pause, Step
from fakes.openai_answers import USAGE
from fakes.upstream import FakeUpstream

STREAMS = 250
HELLO = {"choices": [{"index": 0, "delta": {"content": "Hello"}}]}
STOP = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": USAGE}


async def test_E04_streams_run_side_by_side(tmp_path: Path) -> None:
    """All are open at the provider at the same time, all end well, each has its record."""
    async with (
        FakeUpstream() as up,
        RunningGateway(tmp_path, providers={"up": up.url}, models=[model("m")]) as gw,
        AsyncExitStack() as stack,
    ):

        def until_all_are_there(call: Call) -> Iterator[Step]:
            begin, *rest = Stream([HELLO, STOP])(call)
            yield begin
            yield rest[0]
            while up.peak < STREAMS:
                yield Pause(0.05)
            yield from rest[1:]

        up.script(until_all_are_there)
        wires = [await stack.enter_async_context(dial(gw.url)) for _ in range(STREAMS)]
        for wire in wires:
            await wire.post("/v1/chat/completions", gw.key, chat("m", stream=True))
        bodies = await asyncio.gather(*(wire.answer() for wire in wires))
        assert {status for status, _, _ in bodies} == {200}
        assert all(body.endswith(b"data: [DONE]\n\n") for _, _, body in bodies)
        assert up.peak == STREAMS
        records = await gw.records()
        assert len(records) == STREAMS
        assert {(one.status, one.cost) for one in records} == {("ok", 1_110_000)}
