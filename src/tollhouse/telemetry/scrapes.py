"""Makes a scrape of several workers a whole one, whichever of them answers it.

A worker adds up for a moment before it writes to the values that all share. It says so in a gauge,
its *turn*: an odd number from the first thing that waits until all of it is written, when the turn
becomes even. A scrape waits until every turn that it found odd has become another one; what ended
before the scrape began is in it then. For a worker that is stuck it does not wait long.
"""

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from prometheus_client import Gauge, multiprocess
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from .histograms import Histogram

_TURN = "tollhouse_turn"
_LOOKS = 200
_BETWEEN_LOOKS = 0.005
"""Seconds."""


class Turn:
    """This worker's."""

    def __init__(self) -> None:
        # No other gauge may have this mode, since its files are read for this one alone.
        self._gauge = Gauge(_TURN, "A worker's turn.", registry=None, multiprocess_mode="liveall")
        self._number = 0

    def next(self) -> None:
        """Something waits now, or nothing any more."""
        self._number += 1
        self._gauge.set(self._number)


def wait_for_others(directory: Path, sleep: Callable[[float], None] = time.sleep) -> None:
    """Return when the other workers have written what they hold now, or after a second."""
    behind = {pid: turn for pid, turn in _turns(directory).items() if turn % 2}
    behind.pop(str(os.getpid()), None)
    for _ in range(_LOOKS):
        if not behind:
            return
        sleep(_BETWEEN_LOOKS)
        turns = _turns(directory)
        behind = {pid: turn for pid, turn in behind.items() if turns.get(pid) == turn}


class Merged(Collector):
    """The metrics of all workers, with their histograms put together."""

    def __init__(self, directory: Path, histograms: Sequence[Histogram]) -> None:
        self._values = multiprocess.MultiProcessCollector(None, path=str(directory))  # type: ignore[no-untyped-call]
        self._histograms = histograms

    def collect(self) -> Iterable[Metric]:
        """Every family once."""
        families = {family.name: family for family in self._values.collect()}  # type: ignore[no-untyped-call]
        for histogram in self._histograms:
            yield histogram.put_together(families)
            for part in histogram.parts:
                families.pop(part, None)
        families.pop(_TURN, None)
        yield from families.values()


def _turns(directory: Path) -> Mapping[str, float]:
    """The turn of each worker that lives, by its process id."""
    files = [str(path) for path in directory.glob("gauge_liveall_*.db")]
    families = multiprocess.MultiProcessCollector.merge(files)  # type: ignore[no-untyped-call]
    return {sample.labels["pid"]: sample.value for family in families for sample in family.samples}
