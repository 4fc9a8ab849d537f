"""``tollhouse serve`` with several workers: one port, one truth, and nobody left behind."""

import contextlib
import os
import signal
from pathlib import Path

import pytest

from cli.shell import METRICS_TOKEN, Running, Shell, until, write_settings


def workers_of(gateway: Running) -> set[int]:
    """The processes that the parent started to serve."""
    children = Path(f"/proc/{gateway.process.pid}/task/{gateway.process.pid}/children")
    found: set[int] = set()
    try:
        pids = children.read_text().split()
    except FileNotFoundError:
        return found
    for pid in map(int, pids):
        with contextlib.suppress(FileNotFoundError):
            if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.add(pid)
    return found


def alive(pid: int) -> bool:
    """Whether a process is there and not only waiting to be buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def metric(gateway: Running, name: str) -> float:
    """The sum of a metric's samples."""
    text = gateway.get("/metrics", METRICS_TOKEN).text
    lines = (line for line in text.splitlines() if line.startswith(name))
    return sum(float(line.rpartition(" ")[2]) for line in lines)


@pytest.mark.slow
def test_two_workers_share_port_store_and_metrics(shell: Shell) -> None:
    """A key made at the shell is known to both within a second, and every refusal is counted."""
    with Running(["serve", "--workers", "2"], shell.site) as gateway:
        gateway.wait_until_ready()
        assert until(lambda: len(workers_of(gateway)) == 2, 5)
        key = shell("keys", "create", "--org", "hobby", "--json").json["key"]
        assert until(lambda: gateway.get("/v1/models", key).status_code == 200, 1)

        for _ in range(20):
            assert gateway.chat("lab/large", key).status_code == 403
        assert metric(gateway, "tollhouse_refusals_total") == 20

        assert shell("models", "set", "lab/small", "enabled=false").code == 0
        path = "/v1/models/lab/small"
        assert until(lambda: gateway.get(path, key).status_code == 403, 1)
        assert gateway.stop() == 0


@pytest.mark.slow
def test_worker_that_dies_is_replaced_and_the_rest_go_on(site: Path) -> None:
    """After a kill there are two again, answers never stop, and all end well together."""
    with Running(["serve", "--workers", "2"], site) as gateway:
        gateway.wait_until_ready()
        assert until(lambda: len(workers_of(gateway)) == 2, 5)
        before = workers_of(gateway)
        victim = min(before)
        os.kill(victim, signal.SIGKILL)

        assert until(lambda: len(workers_of(gateway) - before) == 1, 10)
        assert gateway.get("/livez").status_code == 200
        assert "a worker died and is started again" in gateway.errors()
        after = workers_of(gateway)
        os.killpg(gateway.process.pid, signal.SIGINT)

        assert gateway.process.wait(20) == 0
        assert not any(map(alive, before | after))


@pytest.mark.slow
def test_workers_leave_when_their_parent_is_gone(site: Path) -> None:
    """A parent that is killed leaves no worker holding the port."""
    with Running(["serve", "--workers", "2"], site) as gateway:
        gateway.wait_until_ready()
        assert until(lambda: len(workers_of(gateway)) == 2, 5)
        workers = workers_of(gateway)
        gateway.process.kill()
        gateway.process.wait()

        assert until(lambda: not any(map(alive, workers)), 10)


@pytest.mark.slow
def test_workers_that_keep_dying_end_in_giving_up(site: Path) -> None:
    """When every worker dies young again and again, the parent says so and ends with 3."""
    with Running(["serve", "--workers", "2"], site) as gateway:

        def given_up() -> bool:
            for pid in workers_of(gateway):
                os.kill(pid, signal.SIGKILL)
            return gateway.process.poll() is not None

        assert until(given_up, 20)
        assert gateway.process.returncode == 3
        assert gateway.errors().endswith("tollhouse: workers keep dying (exit code -9)\n")


@pytest.mark.slow
def test_signal_while_workers_start_is_a_clean_end(site: Path) -> None:
    """SIGTERM right after the start ends everything with 0."""
    write_settings(site, server={"listen": "127.0.0.1:0", "workers": 2, "drain_seconds": 2})

    with Running(["serve"], site) as gateway:
        assert until(lambda: len(workers_of(gateway)) > 0, 5)
        workers = workers_of(gateway)

        assert gateway.stop() == 0
        assert not any(map(alive, workers))
        assert "Traceback" not in gateway.errors()
