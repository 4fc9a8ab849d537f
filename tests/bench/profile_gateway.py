"""Tells where the gateway's CPU time goes under load, by functions, system calls and the kernel.

    python tests/bench/profile_gateway.py                  chat requests, 32 connections
    python tests/bench/profile_gateway.py --streams        events of 200 streams, 10 000 a second
    python tests/bench/profile_gateway.py --translated     either, for Anthropic's dialect

Each question has a run of its own, so that no instrument is in another's figures: CPU time and
sleeps are the kernel's own counts of a run that nobody watched; system calls are counted by
``strace``, the functions of the event loop's thread sampled by ``py-spy`` (other threads mostly
wait, which a sample cannot tell from work). Both are optional and left out where they are not on
the PATH. A function's own time is that in which it was the innermost of Python: it includes the C
functions that it calls. A room's is all in which one of its functions was the innermost of ours,
with what libraries did for it; ``cli``, which runs it, stands for the event loop itself. Gateway,
upstream and load run as in ``run.py``.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

if __package__ in (None, ""):
    # In place of this folder, whose modules are no top-level ones.
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from bench import closed_loop, gateway
from bench.machine import cpu_seconds, family, raise_file_limit
from bench.process import Cores, Failed
from bench.stream_reader import StreamReader
from bench.subjects import running
from bench.upstreams import begin, fast_upstream, scripted_upstream

STREAMS = 200
EVENTS_PER_SECOND = 10_000
WATCHED_EVENTS_PER_SECOND = 1_000
"""Under ``strace`` more would come late, and several in one read."""
_SAMPLES_PER_SECOND = 250
_OURS = "tollhouse/"
_LOOP_THREAD = ": MainThread"
_WATCHED_FOR = 3.0
_ATTACHED_WITHIN = 0.5
_ENDED_WITHIN = 20.0

Work = Callable[[float], int]
"""Loads the gateway for so many seconds; how many requests or events that were."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A gateway that runs, and what loads it."""

    pid: int
    work: Work
    watched: Work
    """The same, at a pace that a slowed gateway can keep."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What the kernel has counted for a process."""

    cpu: float
    """Seconds, exactly."""
    loop: float
    """Those of them that its first thread, the event loop's, has used."""
    user: int
    """Ticks."""
    system: int
    """Ticks."""
    sleeps: int
    """Times that the event loop had nothing to do."""


def usage(pid: int) -> Usage:
    """So far."""
    # The name before it may hold blanks and brackets.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    first = Path(f"/proc/{pid}/task/{pid}")
    loop = int((first / "schedstat").read_text().split()[0]) / 1e9
    status = (first / "status").read_text()
    sleeps = int(status.partition("\nvoluntary_ctxt_switches:")[2].split()[0])
    return Usage(cpu_seconds(pid), loop, int(fields[11]), int(fields[12]), sleeps)


def told_by_the_kernel(setting: Setting, seconds: float) -> list[str]:
    """CPU time of one unit of work, its share in the kernel, and the sleeps."""
    before = usage(setting.pid)
    count = setting.work(seconds)
    after = usage(setting.pid)
    cpu = (after.cpu - before.cpu) / count * 1e6
    loop = (after.loop - before.loop) / count * 1e6
    user, system = after.user - before.user, after.system - before.system
    inside = system / (user + system) if user + system else 0.0
    return [
        f"{count / seconds:,.0f} a second",
        f"{cpu:.1f} µs of CPU time: {cpu * (1 - inside):.1f} user, {cpu * inside:.1f} kernel",
        f"{loop:.1f} µs of it on the event loop, {cpu - loop:.1f} in other threads",
        f"{(after.sleeps - before.sleeps) / count:.2f} sleeps of the event loop",
    ]


def system_calls(setting: Setting, folder: Path) -> list[str]:
    """System calls of one unit of work, most frequent first."""
    strace = shutil.which("strace")
    if strace is None:
        return ["strace is not installed"]
    told = folder / "strace"
    command = [strace, "-f", "-c", "-S", "calls", "-U", "calls,name", "-o", str(told)]
    with _attached([*command, *(f"--attach={one}" for one in family(setting.pid))]):
        count = setting.watched(_WATCHED_FOR)
    rows = [line.split() for line in told.read_text().splitlines()]
    calls = [(int(row[0]), row[1]) for row in rows if len(row) == 2 and row[0].isdigit()]
    return [f"{number / count:7.2f}  {name}" for number, name in calls if number / count >= 0.005]


def functions(setting: Setting, seconds: float, folder: Path, most: int) -> list[str]:
    """Shares of the samples by room and by function."""
    spy = shutil.which("py-spy", path=f"{os.environ['PATH']}:{Path(sys.executable).parent}")
    if spy is None:
        return ["py-spy is not installed"]
    told = folder / "samples"
    command = [spy, "record", "--function", "--threads", "--format", "raw"]
    command += ["--rate", str(_SAMPLES_PER_SECOND), "--pid", str(setting.pid)]
    command += ["--output", str(told)]
    with _attached(command):
        setting.work(seconds)
    return flat(told.read_text().splitlines(), most)


def flat(stacks: Sequence[str], most: int) -> list[str]:
    """Tables of the event loop's collapsed stacks: thread, outermost function …, blank, count."""
    own: Counter[str] = Counter()
    whole: Counter[str] = Counter()
    rooms: Counter[str] = Counter()
    for line in stacks:
        stack, _, told = line.rpartition(" ")
        thread, *names = stack.split(";")
        if not names or not thread.endswith(_LOOP_THREAD):
            continue
        number = int(told)
        own[names[-1]] += number
        rooms[_room(names)] += number
        for name in set(names):
            whole[name] += number
    samples = max(1, own.total())
    lines = [f"of {samples} samples", "", "   room"]
    lines += [f"{count / samples:7.1%}  {room}" for room, count in rooms.most_common(most)]
    lines += ["", "    own  with callees"]
    for name, count in own.most_common(most):
        lines.append(f"{count / samples:7.1%}  {whole[name] / samples:12.1%}  {name}")
    return lines


def _room(names: Sequence[str]) -> str:
    """Whose work a stack is: that of its innermost function of ours."""
    places = [name.rpartition(" (")[2].partition(":")[0] for name in reversed(names)]
    ours = [place.removeprefix(_OURS) for place in places if place.startswith(_OURS)]
    return (ours or places)[0].partition("/")[0]


@contextmanager
def _attached(command: Sequence[str]) -> Iterator[None]:
    """Watch with this command inside the block; it ends, and tells, when it is interrupted."""
    watcher = subprocess.Popen(  # noqa: S603 - strace or py-spy
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        time.sleep(_ATTACHED_WITHIN)
        yield
    finally:
        watcher.send_signal(signal.SIGINT)
        try:
            watcher.wait(_ENDED_WITHIN)
        except subprocess.TimeoutExpired:
            watcher.kill()
            watcher.wait()


@contextmanager
def _requests(cores: Cores, folder: Path, *, translates: bool) -> Iterator[Setting]:
    made = gateway.prepare(folder / "home", translates=translates)
    with (
        fast_upstream(cores, folder / "upstream") as upstream,
        running(made, upstream, cores, folder) as started,
    ):

        def work(seconds: float) -> int:
            return closed_loop.load(started.chat, cores, folder, seconds).requests

        yield Setting(started.pid, work, work)


@contextmanager
def _streams(cores: Cores, folder: Path, *, translates: bool) -> Iterator[Setting]:
    made = gateway.prepare(folder / "home", translates=translates)
    with (
        scripted_upstream(cores, folder / "upstream") as upstream,
        running(made, upstream, cores, folder) as started,
    ):
        reader = StreamReader(started.chat)

        def watched(seconds: float) -> int:
            begin(upstream, WATCHED_EVENTS_PER_SECOND)
            return reader.read(seconds)

        try:
            reader.open(STREAMS)
            begin(upstream, EVENTS_PER_SECOND)
            yield Setting(started.pid, reader.read, watched)
        finally:
            reader.close()


def main() -> int:
    """Run what was asked for; its exit code."""
    summary, _, rest = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=rest, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--streams", action="store_true", help="streamed events, not requests")
    parser.add_argument(
        "--translated", action="store_true", help="the provider speaks Anthropic's dialect"
    )
    parser.add_argument("--seconds", type=int, default=5, metavar="N", help="of each run")
    parser.add_argument("--most", type=int, default=30, metavar="N", help="functions to show")
    parser.add_argument("--core", default="0", metavar="N", help="for the gateway")
    parser.add_argument("--load-core", default="1", metavar="N", help="for all else")
    asked = parser.parse_args()
    cores = Cores(asked.core, asked.load_core)
    os.sched_setaffinity(0, {int(cores.load)})
    raise_file_limit()
    # Told to end, it ends what it has started, as at Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    running_for, unit = (_streams, "event") if asked.streams else (_requests, "request")
    with tempfile.TemporaryDirectory(prefix="tollhouse-profile-") as made:
        folder = Path(made)
        try:
            with running_for(cores, folder, translates=asked.translated) as setting:
                setting.work(1)
                _print(f"one {unit}", told_by_the_kernel(setting, asked.seconds))
                sampled = functions(setting, asked.seconds, folder, asked.most)
                _print("where its time goes", sampled)
                _print(f"system calls of one {unit}", system_calls(setting, folder))
        except Failed as error:
            sys.stderr.write(f"profile: {error}\n")
            return 1
    return 0


def _print(title: str, lines: Sequence[str]) -> None:
    sys.stdout.write("\n".join([title, *(f"  {line}" for line in lines)]) + "\n\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
