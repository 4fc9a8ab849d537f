"""Every request has its line in the log, however soon after it the gateway is told to stop."""

import asyncio
import json
import logging
from pathlib import Path

import pytest

from fakes.gateway import RunningGateway, chat, model
from fakes.line import Line
from fakes.process import GatewayProcess
from fakes.upstream import FakeUpstream

PATH = "/v1/chat/completions"


@pytest.mark.parametrize("workers", [1, 2])
async def test_no_line_is_lost_when_the_gateway_is_told_to_stop(
    tmp_path: Path, workers: int
) -> None:
    """SIGTERM right behind the last answers: each has one whole line, with when it ended."""
    async with (
        FakeUpstream() as up,
        GatewayProcess(
            tmp_path, providers={"up": up.url}, models=[model("a")], workers=workers
        ) as gw,
    ):

        async def client(number: int) -> None:
            async with Line(gw.url, gw.key) as line:
                for turn in range(10):
                    answer = await line.post(PATH, chat("a"), x_request_id=f"{number}-{turn}")
                    assert answer.status == 200

        await asyncio.gather(*(client(number) for number in range(8)))
        gw.terminate()
        assert await gw.ended() == 0
        told = [json.loads(line) for line in gw.err.read_text().splitlines()]
    lines = [line for line in told if line["message"] == "request"]
    names = sorted(line["request_id"] for line in lines)
    assert names == sorted(f"{number}-{turn}" for number in range(8) for turn in range(10))
    assert all(line["status"] == "ok" and line["at"].endswith("Z") for line in lines)


async def test_line_of_a_request_that_outlives_its_gateway_does_not_wait(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Once the application has stopped, a line is written at once: no later time may come."""
    async with (
        FakeUpstream() as up,
        RunningGateway(tmp_path, providers={"up": up.url}, models=[model("a")]) as gw,
    ):
        assert (await gw.client.post(PATH, json=chat("a"))).status_code == 200
        record = await gw.record()
    with caplog.at_level(logging.INFO, logger="tollhouse.requests"):
        caplog.clear()
        gw.app.telemetry.closed(record)
        assert [line.getMessage() for line in caplog.records] == ["request"]
