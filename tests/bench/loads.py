"""What more than one row does to a subject: full load, and streams whose events are paid for."""

from collections.abc import Callable, Sequence

from bench import closed_loop
from bench.machine import cpu_seconds
from bench.process import Failed
from bench.rounds import Bench
from bench.stream_reader import StreamReader
from bench.subjects import Running, Subject

MICRO = 1e6
SETTLE = 1.0
"""Seconds until what was begun goes its even way."""
_KEPT_UP = 0.95
_SLOW_WARM_UP = 3


def warm_up(bench: Bench, subject: Subject) -> float:
    """Seconds; the slow ones load and compile much of themselves at their first requests."""
    return bench.scale.warm_up * (_SLOW_WARM_UP if subject.slow else 1)


def loaded(
    bench: Bench, subject: Subject, started: Running, models: Sequence[str] = ()
) -> closed_loop.Throughput:
    """As many requests as a warm subject gets through; ``models`` are asked in turn."""
    return closed_loop.measure(
        started.chat,
        started.pid,
        bench.cores,
        bench.folder,
        seconds=bench.scale.seconds,
        warm_up=warm_up(bench, subject),
        models=models,
    )


def event_cpu(
    bench: Bench,
    started: Running,
    reader: StreamReader,
    rate: float,
    note: Callable[[str], None],
) -> float:
    """Seconds of CPU time per event, of streams that come at this rate."""
    seconds = bench.scale.stream_seconds
    reader.read(SETTLE)
    before = cpu_seconds(started.pid)
    events = reader.read(seconds)
    used = cpu_seconds(started.pid) - before
    if not events:
        raise Failed("no event came")
    if events < _KEPT_UP * rate * seconds:
        note("did not keep up: events came late and in bunches")
    return used / events
