"""A gateway in processes of its own, as an operator runs it: started, signalled, killed, restarted.

In a test::

    async with FakeUpstream() as up, GatewayProcess(tmp_path, providers={"up": up.url},
                                                    models=[model("a")], workers=2) as gw:
        await gw.client.post("/v1/chat/completions", json=chat("a"))
        gw.kill()
        await gw.start()

It is always another port after a start. Only processes that were started here are ever signalled.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from fakes.gateway import ADMIN_TOKEN, write_config
from fakes.gateway_callers import GatewayCallers
from tollhouse.core.record import Record
from tollhouse.store.sql import open_store

COMMAND = (sys.executable, "-m", "tollhouse", "serve")
STARTED_WITHIN = 30.0


class GatewayProcess(GatewayCallers):
    """``tollhouse serve`` and what a test needs of it."""

    def __init__(
        self,
        folder: Path,
        *,
        providers: Mapping[str, str | Mapping[str, Any]],
        models: Sequence[Mapping[str, Any]],
        orgs: Sequence[Mapping[str, Any]] = ({"slug": "acme", "plan": "pro"},),
        workers: int = 1,
        prefix: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        **sections: Any,
    ) -> None:
        super().__init__()
        server = {"listen": "127.0.0.1:0", "workers": workers, **sections.pop("server", {})}
        self.folder = folder
        self.config = write_config(folder, providers, models, orgs, {**sections, "server": server})
        self.prefix = prefix
        self.out = folder / "stdout"
        self.err = folder / "stderr"
        self.process: subprocess.Popen[bytes] | None = None
        self._workers = workers
        self._env = {**os.environ, **(env or {})}

    async def __aenter__(self) -> Self:
        try:
            await self.start()
            self.key = await self.new_key("acme")
        except BaseException:
            await self.stop()
            raise
        self.client = self.as_caller(self.key)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    # --- Its life ---

    async def stop(self) -> None:
        """Close the clients and end it, with SIGTERM or, if that takes long, without."""
        await self.close_clients()
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                await self.ended(20)
            except TimeoutError:
                self.kill()

    async def start(self) -> None:
        """Start it and wait until it is ready; ``AssertionError`` with its words if it ends."""
        self.launch()
        await self.ready()

    def launch(self) -> None:
        """Start it and wait for nothing."""
        self.url = ""
        with self.out.open("ab") as out, self.err.open("ab") as err:
            self._told = out.tell()
            self.process = subprocess.Popen(  # noqa: S603 - our own command
                [*self.prefix, *COMMAND, "--config", str(self.config)],
                stdout=out,
                stderr=err,
                env=self._env,
                start_new_session=True,
            )

    async def ready(self) -> None:
        """Wait until every worker answers that it is ready."""
        await _until(lambda: self._listening() or self._over(), STARTED_WITHIN)
        async with (
            asyncio.timeout(STARTED_WITHIN),
            httpx.AsyncClient(base_url=self.url, timeout=5) as probe,
        ):
            while not await self._is_ready(probe):
                assert not self._over(), self.logs()
                await asyncio.sleep(0.01)
        self.admin = self.as_caller(ADMIN_TOKEN)
        if self.key:
            self.client = self.as_caller(self.key)

    async def _is_ready(self, probe: httpx.AsyncClient) -> bool:
        with suppress(httpx.TransportError):
            return (await probe.get("/readyz")).status_code == 200 and self.all_listen()
        return False

    def _listening(self) -> bool:
        said = self.out.read_bytes()[self._told :].decode()
        if "\n" in said:
            self.url = next(word for word in said.split() if word.startswith("http")).rstrip(",")
        return bool(self.url)

    def _over(self) -> bool:
        return self.process is None or self.process.poll() is not None

    @property
    def pid(self) -> int:
        """The process that was started: with several workers their parent."""
        assert self.process is not None
        return self.process.pid

    def workers(self) -> list[int]:
        """The ids of the processes that serve."""
        if self._workers == 1:
            return [self.pid]
        return [pid for pid in children(self.pid) if "spawn_main" in command_line(pid)]

    def all_listen(self) -> bool:
        """Whether as many workers as there should be have said that they serve."""
        said = self.err.read_text()
        serving = [pid for pid in self.workers() if f"Started server process [{pid}]" in said]
        return len(serving) == self._workers

    def terminate(self) -> None:
        """SIGTERM."""
        os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        """``kill -9`` of every process there is."""
        pids = [self.pid, *children(self.pid)]
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        assert self.process is not None
        self.process.wait(5)

    async def ended(self, seconds: float = 10.0) -> int:
        """Wait for its end; its exit code."""
        await _until(self._over, seconds)
        assert self.process is not None
        return int(self.process.returncode)

    def worker_of(self, port: int) -> int | None:
        """The worker that took the connection from a client's port; None while none has."""
        inode = _accepted(port, int(self.url.rpartition(":")[2]))
        for pid in self.workers():
            with suppress(OSError):
                for descriptor in Path(f"/proc/{pid}/fd").iterdir():
                    with suppress(OSError):
                        if str(descriptor.readlink()) == f"socket:[{inode}]":
                            return pid
        return None

    def logs(self) -> str:
        """All that it has written, on stdout and stderr, in all its lives."""
        return self.out.read_text() + self.err.read_text()

    def rss(self) -> int:
        """Resident kilobytes of the first worker."""
        return int(status_of(self.workers()[0], "VmRSS")[0])

    def descriptors(self) -> int:
        """Open files of the first worker."""
        return len(list(Path(f"/proc/{self.workers()[0]}/fd").iterdir()))

    # --- What a test asks of it ---

    async def records(self, **filters: str) -> list[dict[str, Any]]:
        """Every record that the store has, newest first."""
        return await self.listed("/admin/v1/records", **filters)

    async def stored(self) -> Sequence[Record]:
        """The records in its SQLite store, read past it; newest first."""
        store = open_store(f"sqlite:///{self.folder}/tollhouse.db")
        try:
            return (await store.records(filters={}, limit=1000, cursor=None)).rows
        finally:
            await store.aclose()

    async def listed(self, path: str, **filters: str) -> list[dict[str, Any]]:
        """All rows of a list of the admin plane."""
        rows: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            page = await self.admin.get(path, params={"limit": "1000", **filters, **cursor})
            assert page.status_code == 200, page.text
            told = page.json()
            rows += told["data"]
            if not told["next_cursor"]:
                return rows
            cursor = {"cursor": told["next_cursor"]}

    async def metrics(self) -> dict[str, float]:
        """Every sample of one scrape, by its name and labels as written."""
        answer = await self.admin.get("/metrics")
        assert answer.status_code == 200, answer.text
        lines = [line for line in answer.text.splitlines() if line and not line.startswith("#")]
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


@asynccontextmanager
async def upstream_process(script: str) -> AsyncIterator[str]:
    """A provider in a process of its own, so that its work is nobody else's; its base URL."""
    command = [sys.executable, str(Path(__file__).with_name("upstream.py")), "--script", script]
    process = _piped(command)
    try:
        assert process.stdout is not None
        yield (await asyncio.to_thread(process.stdout.readline)).decode().strip()
    finally:
        process.kill()
        process.communicate()


def _piped(command: Sequence[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdout=subprocess.PIPE)  # noqa: S603 - our own script


def children(pid: int) -> list[int]:
    """The processes that a process started and that still run."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += [int(child) for child in task.read_text().split()]
    return found


def status_of(pid: int, name: str) -> list[str]:
    """The words of one line of what the system says of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.split()[1:] for line in lines if line.startswith(f"{name}:"))


def command_line(pid: int) -> str:
    """What a process was started as."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def _accepted(port: int, server: int) -> str:
    """The inode of the socket that a server on loopback has for a client's port."""
    ends = [f"0100007F:{server:04X}", f"0100007F:{port:04X}"]
    for row in Path("/proc/net/tcp").read_text().splitlines():
        columns = row.split()
        if columns[1:3] == ends and columns[9] != "0":
            return columns[9]
    return ""


async def _until(holds: Any, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.01)
