"""Processes that are measured or that measure: started on a core of their own, ended by their ids.

Only processes that were started here are ever signalled, and what they have started themselves.
"""

import http.client
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from bench.machine import family

STARTED_WITHIN = 120.0
"""Seconds; a gateway with a hundred thousand models takes the longest."""
ENDED_WITHIN = 5.0
_OK = 200


class Failed(Exception):
    """Something could not be measured; the text is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Cores:
    """Which cores do what, in the words of ``taskset -c``."""

    subject: str = "0"
    """What is measured."""
    load: str = "1"
    """Everything else: clients, upstream, the measuring program."""


@dataclass(frozen=True, slots=True)
class Chat:
    """How a chat request reaches somebody."""

    port: int
    headers: Mapping[str, str] = field(default_factory=dict)
    path: str = "/v1/chat/completions"
    model: str = "bench/chat"

    @property
    def url(self) -> str:
        """Where it goes."""
        return f"http://127.0.0.1:{self.port}{self.path}"

    def body(self, **fields: object) -> dict[str, object]:
        """What it says."""
        messages = [{"role": "user", "content": "Hello there"}]
        return {"model": self.model, "messages": messages, "temperature": 0.5, **fields}

    def head(self) -> dict[str, str]:
        """Its headers."""
        return {"content-type": "application/json", "authorization": "Bearer none", **self.headers}


@dataclass(frozen=True, slots=True)
class Launch:
    """A command that serves, and how it is asked."""

    argv: Sequence[str]
    chat: Chat
    env: Mapping[str, str] = field(default_factory=dict)


def pinned(core: str, argv: Sequence[str]) -> list[str]:
    """A command on its core; ``exec``, so the process id is the command's."""
    taskset = shutil.which("taskset")
    if taskset is None:
        raise Failed("taskset is needed to keep processes apart: install util-linux")
    return [taskset, "-c", core, *argv]


@contextmanager
def started(
    argv: Sequence[str], core: str, folder: Path, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command until the end of the block; what it writes goes nowhere."""
    process = subprocess.Popen(  # noqa: S603 - a command of ours or of a peer
        pinned(core, argv),
        cwd=folder,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process and what it has started: asked first, then made."""
    everyone = family(process.pid) if process.poll() is None else []
    if everyone:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(ENDED_WITHIN)
    for pid in everyone:
        # A number that was freed may be another's by now; its session says whose it is.
        with suppress(ProcessLookupError):
            if os.getsid(pid) == process.pid:
                os.kill(pid, signal.SIGKILL)
    process.wait(ENDED_WITHIN)


def until_it_answers(process: subprocess.Popen[bytes], chat: Chat, body: bytes) -> None:
    """Wait for the first chat answer; ``Failed`` when it dies or takes too long."""
    deadline = time.monotonic() + STARTED_WITHIN
    said = "nothing"
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise Failed(f"it ended by itself, with exit code {process.returncode}")
        try:
            status, text = ask(chat, body)
        except (OSError, http.client.HTTPException):
            time.sleep(0.002)
            continue
        if status == _OK and b'"choices"' in text:
            return
        said = f"{status}: {text[:300].decode(errors='replace')}"
        time.sleep(0.01)
    raise Failed(f"no chat answer within {STARTED_WITHIN:g} s; the last one was {said}")


def ask(chat: Chat, body: bytes, method: str = "POST", seconds: float = 10.0) -> tuple[int, bytes]:
    """One request on a connection of its own; the status and the whole body."""
    connection = http.client.HTTPConnection("127.0.0.1", chat.port, timeout=seconds)
    try:
        connection.request(method, chat.path, body, chat.head())
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
