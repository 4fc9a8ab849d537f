"""Starting: quick and small, without rights it does not need, not at all with weak secrets."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from fakes.answers import Shape
from fakes.gateway import RunningGateway, chat, model, write_config
from fakes.line import Line
from fakes.openai_answers import Chat
from fakes.process import COMMAND, GatewayProcess, status_of, upstream_process
from fakes.slowness import in_time, slowness
from fakes.upstream import FakeUpstream

CHAT = "/v1/chat/completions"
MEGABYTE = 1024
NOBODY = 65534
MOST_CONNECTIONS = 20
"""To a provider; those that leave early may be many at once on a busy machine."""


async def test_start_is_quick_and_idle_is_small(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """A start costs at most a second of CPU, and an idle worker at most 90 MB of memory."""
    async with (
        FakeUpstream() as up,
        GatewayProcess(tmp_path, providers={"up": up.url}, models=[model("a")]) as gw,
    ):
        seconds: list[float] = []
        for _ in range(5):  # each beside what a start costs here just then
            gw.terminate()
            await gw.ended()
            await gw.start()
            spent = cpu_seconds(gw.pid)
            seconds.append(spent / await asyncio.to_thread(slowness, 1))
            if seconds[-1] < 1.0:
                break
        await asyncio.sleep(0.5)
        resident = gw.rss()
        record_property("start_cpu_seconds", min(seconds))
        record_property("idle_rss_kilobytes", resident)
        in_time(min(seconds), 1.0)
        assert resident < 90 * MEGABYTE


@pytest.mark.slow
async def test_E02_thousands_of_requests_leave_nothing_behind(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """After 3000 requests of every kind memory and open files are what they were after 500."""
    async with (
        upstream_process("small") as url,
        upstream_process("500") as broken,
        GatewayProcess(
            tmp_path,
            providers={
                name: {"base_url": base, "max_connections": MOST_CONNECTIONS}
                for name, base in (("up", url), ("down", broken))
            },
            models=[
                model("a"),
                model("b", "down", failover="a"),
                model("c", "down", provider_config={"retries": 0}),
            ],
        ) as gw,
        AsyncExitStack() as stack,
    ):
        lines = [await stack.enter_async_context(Line(gw.url, gw.key)) for _ in range(10)]

        async def use(line: Line, turns: int) -> None:
            for turn in range(turns):
                name = ("a", "a", "b", "c", "unknown")[turn % 5]
                answer = await line.post(CHAT, chat(name, stream=turn % 2 == 0))
                assert answer.status in (200, 404, 502), answer.body

        async def leave(turns: int) -> None:
            for _ in range(turns):
                async with Line(gw.url, gw.key) as line:
                    body = b'{"model":"a","messages":[],"stream":true}'
                    line.send(line.head("POST", CHAT, len(body)) + body)
                    await asyncio.sleep(0.002)

        async def work(turns: int) -> tuple[int, int]:
            await asyncio.gather(*(use(line, turns) for line in lines), leave(turns))
            await _settled(gw)
            return gw.rss(), gw.descriptors()

        await work(50)
        memory, files = await work(50)
        later_memory, later_files = await work(200)
        record_property("soak_rss_kilobytes", f"{memory} {later_memory}")
        # What differs are the connections to both providers, kept for what may come.
        assert later_files <= files + 2 * MOST_CONNECTIONS
        assert later_memory - memory < 6 * MEGABYTE
        assert (await gw.metrics())["tollhouse_inflight_requests"] == 0


async def test_E02_no_task_and_no_connection_outlives_its_request(tmp_path: Path) -> None:
    """When streams, failures and clients that leave are over, as many tasks run as before."""
    async with (
        FakeUpstream() as up,
        RunningGateway(tmp_path, providers={"up": up.url}, models=[model("a")]) as gw,
    ):
        up.script(Chat("word " * 20, words=20, shape=Shape(delay=0.01)))

        async def read_all() -> None:
            async with Line(gw.url, gw.key) as line:
                assert (await line.post(CHAT, chat("a", stream=True))).status == 200

        async def leave_early() -> None:
            async with Line(gw.url, gw.key) as line:
                body = b'{"model":"a","messages":[],"stream":true}'
                line.send(line.head("POST", CHAT, len(body)) + body)
                await line.answer_head()

        await read_all()
        await asyncio.sleep(0.3)
        # The store is polled now and then: that task is gone in a moment.
        before = _tasks()
        for _ in range(5):
            await asyncio.sleep(0.03)
            before = min(before, _tasks(), key=len)
        await asyncio.gather(*(read_all() for _ in range(40)), *(leave_early() for _ in range(40)))
        async with asyncio.timeout(5):
            while up.open or gw.app.state.flights:
                await asyncio.sleep(0.02)
        for _ in range(40):
            await asyncio.sleep(0.05)
            if (after := _tasks()) == before:
                break
        assert after == before


def _tasks() -> list[str]:
    """The running tasks, by what they run, without those of the provider's connections."""
    names = [getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks()]
    return sorted(name for name in names if name != "Connection._serve")


@pytest.mark.parametrize(
    "token", ["", "sk-1234", "changeme", "admin", "a" * 40, "short-token-1a2b3c"]
)
def test_J06_weak_admin_token_keeps_the_gateway_from_starting(tmp_path: Path, token: str) -> None:
    """Empty, known or short: it does not listen, and says which setting is at fault."""
    config = write_config(tmp_path, {}, [], [], {"auth": {"admin_token": token}})
    done = subprocess.run(  # noqa: S603 - our own command
        [*COMMAND, "--config", str(config), "--listen", "127.0.0.1:0"],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode not in (0, None)
    assert "auth.admin_token" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(token) < 8 or token not in done.stderr
    assert not (tmp_path / "tollhouse.db").exists()


_READ_ONLY = """
set -e
mount --make-rprivate /
mount --bind "$0" /mnt
mount -o remount,bind,ro /
exec setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs \\
  --inh-caps=-all,+dac_read_search --ambient-caps=-all,+dac_read_search \\
  --bounding-set=-all,+dac_read_search "$@"
"""
"""Runs the rest of its line as nobody on a root that nobody can write to, with a folder at /mnt.

The interpreter may be where nobody else may look, so the right to read everything is kept.
"""


_TRIAL = """
import os, sys
assert os.getuid() == 65534
try:
    open(sys.argv[1] + "/no", "w")
except OSError:
    sys.exit(0)
sys.exit("the root can be written to")
"""


@pytest.fixture(name="bare")
def _bare(tmp_path: Path) -> tuple[Path, list[str]]:
    """A folder that nobody owns, and what runs a command as nobody with nothing else to write to.

    The folder is ``/mnt`` for the command.
    """
    data = tmp_path / "data"
    (data / "tmp").mkdir(parents=True)
    for path in (data, data / "tmp"):
        os.chown(path, NOBODY, NOBODY)
    prefix = ["unshare", "--mount", "sh", "-c", _READ_ONLY, str(data)]
    trial = subprocess.run(  # noqa: S603 - our own command
        [*prefix, sys.executable, "-c", _TRIAL, str(tmp_path)], capture_output=True, check=False
    )
    if trial.returncode != 0:
        pytest.skip(f"no read-only root here: {trial.stderr.decode()[-200:]}")
    return data, prefix


async def test_J02_gateway_runs_as_nobody_on_a_read_only_root(bare: tuple[Path, list[str]]) -> None:
    """With nothing to write to but its data and temporary folders it migrates, serves and ends."""
    data, prefix = bare
    async with FakeUpstream() as up:
        gw = GatewayProcess(
            data,
            providers={"up": up.url},
            models=[model("a")],
            workers=2,
            prefix=prefix,
            env={"TMPDIR": "/mnt/tmp", "HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": ""},
        )
        gw.config = Path("/mnt/tollhouse.yaml")
        async with gw:
            assert status_of(gw.workers()[0], "Uid") == [str(NOBODY)] * 4
            for stream in (False, True):
                answer = await gw.client.post(CHAT, json=chat("a", stream=stream))
                assert answer.status_code == 200, answer.text
            async with asyncio.timeout(5):
                while len(await gw.records()) < 2:
                    await asyncio.sleep(0.05)
            gw.terminate()
            assert await gw.ended() == 0
            assert '"error"' not in gw.err.read_text()


def cpu_seconds(pid: int) -> float:
    """What a process has used of its processors."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _settled(gw: GatewayProcess) -> None:
    """Wait until the ledger is shipped and what was kept for requests can be gone."""
    async with asyncio.timeout(20):
        while (await gw.metrics())["tollhouse_ledger_backlog"]:
            await asyncio.sleep(0.1)
    await asyncio.sleep(0.7)
