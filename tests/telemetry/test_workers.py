"""Metrics of several workers are one truth: real processes, one directory."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tollhouse.telemetry.workers import VARIABLE, prepare_multiprocess

WORKER = """
import os, sys
from tollhouse.core.record import Outcome, Record
from tollhouse.telemetry.metrics import Telemetry

telemetry = Telemetry()
telemetry.catalogue_version(int(sys.argv[1]))
telemetry.store_up(is_up=True)
telemetry.ledger_backlog(2)
telemetry.breaker("m", "p", is_open=sys.argv[1] == "5")
for line in sys.stdin:
    if line == "render\\n":
        text = telemetry.render()
        sys.stdout.buffer.write(b"%d\\n" % len(text) + text)
    else:
        for _ in range(int(line)):
            telemetry.admitted()
            telemetry.closed(Record(
                id="i", request_id="r", started_at=0, ended_at=1000, org="acme", endpoint="chat",
                requested_model="m", model="m", served_model="m", provider="p", status=Outcome.OK,
                cost=10**10, overhead_us=100,
            ))
        sys.stdout.buffer.write(b"0\\n")
    sys.stdout.flush()
"""


class Worker:
    """A process with metrics of its own."""

    def __init__(self, directory: Path, version: int) -> None:
        self.process = subprocess.Popen(  # noqa: S603 - our own script
            [sys.executable, "-c", WORKER, str(version)],
            env={**os.environ, VARIABLE: str(directory)},
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

    def values(self) -> dict[str, float]:
        """What a scrape of this worker says; series of one name added up."""
        values: dict[str, float] = {}
        for family in text_string_to_metric_families(self.ask("render").decode()):
            for sample in family.samples:
                values[sample.name] = values.get(sample.name, 0) + sample.value
        return values

    def kill(self) -> None:
        """End it without a goodbye."""
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()


@pytest.fixture(name="workers", scope="module")
def _workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Worker, Worker]]:
    """Two workers at different catalogue versions that have served 40 and 60 requests."""
    directory = tmp_path_factory.mktemp("metrics")
    workers = Worker(directory, 5), Worker(directory, 4)
    for worker, count in zip(workers, ("40", "60"), strict=True):
        worker.ask(count)
    yield workers
    for worker in workers:
        worker.kill()


def test_I02_every_worker_tells_the_whole(workers: tuple[Worker, Worker]) -> None:
    """Ten scrapes of either worker all count one hundred requests."""
    for scrape in range(10):
        values = workers[scrape % 2].values()
        assert values["tollhouse_requests_total"] == 100
        assert values["tollhouse_cost_usd_total"] == 100
        assert values["tollhouse_overhead_seconds_count"] == 100
        assert values["gen_ai_server_request_duration_seconds_count"] == 100


def test_I02_gauges_show_the_worker_that_matters(workers: tuple[Worker, Worker]) -> None:
    """Sums where they add up, else the lagging catalogue and the open breaker."""
    values = workers[0].values()
    assert values["tollhouse_inflight_requests"] == 100
    assert values["tollhouse_ledger_backlog"] == 4
    assert values["tollhouse_catalogue_version"] == 4
    assert values["tollhouse_breaker_open"] == 1
    assert values["tollhouse_store_up"] == 1


def test_I02_dead_worker_keeps_its_counts_and_loses_its_gauges(
    tmp_path: Path,
) -> None:
    """A killed worker's counters never go back; what it was doing is forgotten at once."""
    lost, left = Worker(tmp_path, 3), Worker(tmp_path, 9)
    lost.ask("5")
    left.ask("2")
    lost.kill()
    values = left.values()
    left.kill()
    assert values["tollhouse_requests_total"] == 7
    assert values["tollhouse_inflight_requests"] == 2
    assert values["tollhouse_catalogue_version"] == 9


def test_directory_is_emptied_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an earlier run counted is not counted again."""
    monkeypatch.setenv(VARIABLE, "before")
    directory = tmp_path / "new" / "metrics"
    prepare_multiprocess(directory)
    (directory / "counter_1.db").touch()
    (directory / "other.txt").touch()
    prepare_multiprocess(directory)
    assert [path.name for path in directory.iterdir()] == ["other.txt"]
    assert os.environ[VARIABLE] == str(directory)


def test_preparing_imports_no_metrics() -> None:
    """The parent can prepare before prometheus_client chooses where it keeps values."""
    code = "import sys, tollhouse.telemetry.workers; print('prometheus_client' in sys.modules)"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, check=True)  # noqa: S603 - our own script
    assert done.stdout == b"False\n"
