"""A scrape shows what every worker has counted, though each writes it down a little later."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from fakes.slowness import in_time
from tollhouse.telemetry.workers import VARIABLE

WORKER = """
import asyncio, sys, time
from telemetry.conftest import record
from tollhouse.telemetry.metrics import Telemetry

async def main():
    telemetry = Telemetry()
    while True:
        word, _, number = (await asyncio.to_thread(sys.stdin.readline)).partition(" ")
        answer = b""
        if word.strip() == "render":
            answer = await asyncio.to_thread(telemetry.render)
        else:
            for _ in range(int(number)):
                telemetry.admitted()
                telemetry.closed(record())
                telemetry.left()
        sys.stdout.buffer.write(b"%d\\n" % len(answer) + answer)
        sys.stdout.flush()
        if word == "stick":
            time.sleep(60)
        if word == "end":
            telemetry.settle()
            return

asyncio.run(main())
"""


class Worker:
    """A process with an event loop and metrics of its own."""

    def __init__(self, directory: Path) -> None:
        self.process = subprocess.Popen(  # noqa: S603 - our own script
            [sys.executable, "-c", WORKER],
            env={**os.environ, VARIABLE: str(directory), "PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def ask(self, line: str) -> bytes:
        """Send a line, wait for the answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()
        return self.process.stdout.read(int(self.process.stdout.readline()))

    def requests(self) -> float:
        """How many requests a scrape of this worker shows."""
        families = text_string_to_metric_families(self.ask("render").decode())
        samples = [sample for family in families for sample in family.samples]
        counts = [one.value for one in samples if one.name == "tollhouse_requests_total"]
        measured = [one.value for one in samples if one.name == "tollhouse_overhead_seconds_count"]
        assert [sum(counts)] == measured
        assert not any("turn" in one.name or one.labels.get("pid") for one in samples)
        return sum(counts)

    def kill(self) -> None:
        """End it without a goodbye."""
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()


@pytest.fixture(name="pair")
def _pair(tmp_path: Path) -> Iterator[tuple[Worker, Worker]]:
    """Two workers."""
    pair = Worker(tmp_path), Worker(tmp_path)
    yield pair
    for worker in pair:
        worker.kill()


def test_I02_scrape_of_one_worker_shows_what_has_just_ended_at_the_other(
    pair: tuple[Worker, Worker],
) -> None:
    """Neither is asked when it pleases it, and yet no scrape is behind."""
    shown = 0
    for turn in range(12):
        here, there = pair[turn % 2], pair[1 - turn % 2]
        count = 1 + 50 * turn
        here.ask(f"serve {count}")
        shown += count
        assert there.requests() == shown


def test_I02_worker_that_is_stuck_holds_no_scrape_up_for_long(pair: tuple[Worker, Worker]) -> None:
    """After a second a scrape goes on without what that worker has not written."""
    first, second = pair
    first.ask("serve 3")
    assert second.requests() == 3
    first.ask("stick 5")
    before = time.monotonic()
    assert second.requests() == 3
    in_time(time.monotonic() - before, 10, least=0.5)


def test_I02_worker_that_died_holds_no_scrape_up(pair: tuple[Worker, Worker]) -> None:
    """What it had not written is lost with it, and nobody waits for it."""
    first, second = pair
    first.ask("stick 5")
    first.kill()
    before = time.monotonic()
    assert second.requests() == 0
    in_time(time.monotonic() - before, 1)


def test_I02_worker_that_ends_leaves_everything_counted(pair: tuple[Worker, Worker]) -> None:
    """Its last requests are written before it goes."""
    first, second = pair
    first.ask("end 7")
    assert first.process.wait(10) == 0
    assert second.requests() == 7
