"""Closed-loop load with wrk: as many requests as 32 connections get through."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.machine import cpu_seconds
from bench.process import Chat, Cores, Failed, pinned

CONNECTIONS = 32
_SATURATED = 0.9
"""Share of its core that a subject must have used, or the load was what limited it."""
_SCRIPT = """\
local requests, turn = {}, 0
function init(args)
%s
end
function request()
  turn = turn %% #requests + 1
  return requests[turn]
end
function done(summary, latency, all)
  local e = summary.errors
  io.write(string.format('{"requests": %%d, "microseconds": %%d, "errors": %%d}\\n',
    summary.requests, summary.duration, e.connect + e.read + e.write + e.status + e.timeout))
end
"""


@dataclass(frozen=True, slots=True)
class Throughput:
    """What a closed loop got through."""

    per_second: float
    cpu_share: float
    """Of one core, used by what was measured."""
    cpu_per_request: float
    """Seconds."""

    @property
    def notes(self) -> list[str]:
        """What a reader must know of the figure."""
        if self.cpu_share >= _SATURATED:
            return []
        return [f"used less than {_SATURATED:.0%} of its core: the load may have been the limit"]


@dataclass(frozen=True, slots=True)
class Load:
    """What was asked and answered in how long."""

    requests: int
    seconds: float


def measure(
    chat: Chat,
    pid: int,
    cores: Cores,
    folder: Path,
    *,
    seconds: float,
    warm_up: float,
    models: Sequence[str] = (),
) -> Throughput:
    """Load a subject and count; ``models`` are asked in turn. ``Failed`` at any error."""
    if warm_up:
        load(chat, cores, folder, warm_up, models)
    before = cpu_seconds(pid)
    done = load(chat, cores, folder, seconds, models)
    used = cpu_seconds(pid) - before
    if not done.requests:
        raise Failed(f"no request was answered within {done.seconds:.0f} s")
    return Throughput(done.requests / done.seconds, used / done.seconds, used / done.requests)


def load(
    chat: Chat, cores: Cores, folder: Path, seconds: float, models: Sequence[str] = ()
) -> Load:
    """Load a subject for whole seconds, at least one; ``Failed`` at any error."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise Failed("wrk is needed for this row: apt-get install wrk")
    script = folder / "wrk.lua"
    script.write_text(_script(chat, models or [chat.model]))
    command = [wrk, "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s"]
    command += ["--timeout", "10s", "-s", str(script), chat.url]
    told = _told(pinned(cores.load, command), seconds + 30)
    if told["errors"]:
        raise Failed(f"{told['errors']} of {told['requests']} requests failed")
    return Load(told["requests"], told["microseconds"] / 1e6)


def _told(command: Sequence[str], timeout: float) -> dict[str, int]:
    try:
        ran = subprocess.run(command, capture_output=True, timeout=timeout, check=True)  # noqa: S603 - wrk
        told: dict[str, int] = json.loads(ran.stdout.splitlines()[-1])
    except (subprocess.SubprocessError, ValueError, IndexError) as error:
        raise Failed(f"wrk did not run: {error}") from error
    return told


def _script(chat: Chat, models: Sequence[str]) -> str:
    head = ", ".join(f"[{json.dumps(name)}] = {json.dumps(text)}" for name, text in _head(chat))
    lines = []
    for model in models:
        body = json.dumps(chat.body(model=model), separators=(",", ":"))
        # wrk sets the length itself; JSON's string escapes of plain ASCII are Lua's too.
        lines.append(
            f'  requests[#requests + 1] = wrk.format("POST", {json.dumps(chat.path)}, '
            f"{{{head}}}, {json.dumps(body)})"
        )
    return _SCRIPT % "\n".join(lines)


def _head(chat: Chat) -> list[tuple[str, str]]:
    return list(chat.head().items())
