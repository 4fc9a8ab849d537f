"""Several workers behind one port: started, watched, started again, and stopped together.

Theory of operation. The parent binds the sockets, brings the schema up to date and starts the
workers; all of them accept from the same sockets, and the parent serves nothing itself. Then it
waits for one of three things:

- **A signal.** SIGTERM and SIGINT make it drain: every worker is told SIGTERM, and when all are
  gone the parent ends too. A second signal is passed on, which makes the workers skip the wait.
  What has not ended well after all its time limits is killed.
- **A death.** A worker that dies is started again, after a pause that doubles while workers keep
  dying young. One that says it cannot start ends everything as long as no worker has ever stood for
  a while: that is a fault of the configuration, and its sentences are told once. So does a row of
  young deaths with no worker left alive.
- **Time**, when a pause is over.

Each worker is in a session of its own, so that Ctrl-C in a terminal reaches the parent alone and is
passed on once; and each watches its parent, and drains when that is gone. Only processes started
here are ever signalled, by their ids.
"""

import contextlib
import multiprocessing
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Self

from .exits import Stop, explained, tell

if TYPE_CHECKING:
    from ..settings import Settings

STEADY_SECONDS = 10.0
"""A worker that lived this long had started well."""
MOST_YOUNG_DEATHS = 5
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 10.0
KILL_AFTER = 20.0
"""Seconds beyond ``drain_seconds`` for last words and for shipping the journal."""
_ENDING = (signal.SIGTERM, signal.SIGINT)


def supervise(settings: "Settings", sockets: Sequence[socket.socket]) -> None:
    """Run ``settings.server.workers`` workers until told to stop; ``Stop`` when that fails."""
    from ..store.migrate import migrate
    from ..telemetry.workers import prepare_multiprocess

    migrate(settings.store.url)
    metrics = Path(tempfile.mkdtemp(prefix="tollhouse-metrics-"))
    try:
        prepare_multiprocess(metrics)
        with _Signals() as signals:
            Supervisor(settings, sockets, metrics, signals).run()
    finally:
        shutil.rmtree(metrics, ignore_errors=True)


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    report: Connection
    """Where it says why it could not start."""
    began: float

    def reported(self) -> tuple[str, ...]:
        """What it said before it died."""
        try:
            return tuple(self.report.recv()) if self.report.poll() else ()
        except (EOFError, OSError):
            return ()


class Supervisor:
    """Keeps the workers running."""

    def __init__(
        self,
        settings: "Settings",
        sockets: Sequence[socket.socket],
        metrics: Path,
        signals: "_Signals",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._sockets = tuple(sockets)
        self._metrics = metrics
        self._signals = signals
        self._clock = clock
        self._context = multiprocessing.get_context("spawn")
        self._workers: list[_Worker] = []
        self._due: list[float] = []
        """When workers that died are to be started again."""
        self._young_deaths = 0
        self._steady = False
        self._kill_at: float | None = None
        self._failures: list[str] = []

    def run(self) -> None:
        """Run until drained; ``Stop`` when workers cannot start or did not end well."""
        self._due = [self._clock()] * self._settings.server.workers
        while self._workers or (self._due and not self._draining):
            self._start_due()
            self._wait()
            for received in self._signals.taken():
                self._told(received)
            for worker in [one for one in self._workers if one.process.exitcode is not None]:
                self._workers.remove(worker)
                self._buried(worker)
            self._kill_late()
        if self._failures:
            raise Stop(*dict.fromkeys(self._failures))

    @property
    def _draining(self) -> bool:
        return self._kill_at is not None

    def _start_due(self) -> None:
        now = self._clock()
        due = [when for when in self._due if when <= now and not self._draining]
        for when in due:
            self._due.remove(when)
            self._workers.append(self._start())

    def _start(self) -> _Worker:
        here, there = self._context.Pipe(duplex=False)
        process = self._context.Process(
            target=_work, args=(self._settings, self._sockets, there), name="tollhouse-worker"
        )
        with _held():
            process.start()
        there.close()
        return _Worker(process, here, self._clock())

    def _wait(self) -> None:
        moments = [*self._due, *([self._kill_at] if self._kill_at is not None else [])]
        timeout = max(0.0, min(moments) - self._clock()) if moments else None
        sentinels = [worker.process.sentinel for worker in self._workers]
        wait([*sentinels, self._signals.fileno()], timeout)

    def _told(self, received: int) -> None:
        if self._draining:
            self._tell_all(received)
        else:
            self._drain()

    def _drain(self) -> None:
        self._kill_at = self._clock() + self._settings.server.drain_seconds + KILL_AFTER
        self._tell_all(signal.SIGTERM)

    def _tell_all(self, message: int) -> None:
        for worker in self._workers:
            if worker.process.pid is not None and worker.process.exitcode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(worker.process.pid, message)

    def _buried(self, worker: _Worker) -> None:
        """Count a death, and decide what follows from it."""
        from ..telemetry.metrics import mark_dead

        process = worker.process
        code, sentences = process.exitcode, worker.reported()
        if process.pid is not None:
            mark_dead(process.pid, self._metrics)
        worker.report.close()
        process.close()
        if self._draining:
            if code not in {0, -signal.SIGTERM} and not self._failures:
                self._failures.append(f"a worker did not end well (exit code {code})")
            return
        lived = self._clock() - worker.began
        self._steady = self._steady or lived >= STEADY_SECONDS
        self._young_deaths = 0 if lived >= STEADY_SECONDS else self._young_deaths + 1
        if sentences and not self._steady:
            self._give_up(*sentences)
        elif self._young_deaths >= MOST_YOUNG_DEATHS and not self._workers:
            self._give_up(*sentences, f"workers keep dying (exit code {code})")
        else:
            pause = min(FIRST_PAUSE * 2.0 ** min(self._young_deaths, 16), LONGEST_PAUSE)
            told = "; ".join(sentences) or f"exit code {code}"
            tell(f"a worker died and is started again in {pause:g} s: {told}")
            self._due.append(self._clock() + pause)

    def _give_up(self, *sentences: str) -> None:
        self._failures.extend(sentences)
        self._drain()

    def _kill_late(self) -> None:
        if self._kill_at is not None and self._clock() >= self._kill_at:
            self._kill_at = self._clock() + KILL_AFTER
            self._tell_all(signal.SIGKILL)


class _Signals:
    """SIGTERM and SIGINT as something to wait for."""

    def __init__(self) -> None:
        self._received: list[int] = []
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)

    def __enter__(self) -> Self:
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for ending in _ENDING:
            signal.signal(ending, self._receive)
        return self

    def __exit__(self, *_: object) -> None:
        # The process is about to end: another signal must not spoil how.
        for ending in _ENDING:
            signal.signal(ending, signal.SIG_IGN)
        signal.set_wakeup_fd(-1)
        self._reader.close()
        self._writer.close()

    def fileno(self) -> int:
        """Readable when a signal came."""
        return self._reader.fileno()

    def taken(self) -> list[int]:
        """What came since the last look."""
        with contextlib.suppress(BlockingIOError):
            self._reader.recv(4096)
        taken, self._received = self._received, []
        return taken

    def _receive(self, received: int, _frame: FrameType | None) -> None:
        self._received.append(received)


@contextlib.contextmanager
def _held() -> Iterator[None]:
    """Keep SIGINT from a process that is started inside the block until it lets it in itself."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _work(
    settings: "Settings", sockets: Sequence[socket.socket], report: "Connection[object, object]"
) -> None:
    """Be one worker, in a process of its own."""
    from .worker import work

    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_follow_parent, name="parent", daemon=True).start()
    try:
        work(settings, list(sockets))
    except Exception as error:
        stop = explained(error)
        if stop is None:
            raise
        report.send(stop.sentences)
        sys.exit(stop.code)


def _follow_parent() -> None:
    """Drain when the parent is gone: nobody is left to pass signals on."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)
