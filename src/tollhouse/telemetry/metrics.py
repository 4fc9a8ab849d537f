"""Counts what happens, from the record of each request, and says it in Prometheus's words.

Rules that hold here:

- labels come from the catalogue, the orgs and fixed sets, never from what a client sent: a model
  that is not in the catalogue is ``_unknown``, a place that was never reached is ``_none``;
- what every request reports is only kept at first; it is added up, and its line written, some
  milliseconds later with that of others (``batch``). A process that is killed loses the log lines
  of its last 20 ms and the figures of its last 240 ms; the ledger, which is the truth, loses
  nothing;
- what is rare is counted, and its line written, at once: such a line may stand before those of
  requests that had ended a little earlier. Each tells its own time;
- no method lets an exception out: accounting must not fail a request.
"""

import asyncio
import functools
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Concatenate, ParamSpec

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    disable_created_metrics,
    generate_latest,
    multiprocess,
)

from ..core.caller import Caller
from ..core.errors import Refusal
from ..core.faults import FaultKind
from ..core.record import Attempt, Record
from ..ports import Clock
from .batch import Batch, do_nothing
from .instruments import NONE, Children, Instruments
from .lines import Lines
from .scrapes import Merged, Turn, wait_for_others
from .tally import Tally
from .workers import VARIABLE

CONTENT_TYPE = CONTENT_TYPE_LATEST
UNKNOWN = "_unknown"

_AUTH = FaultKind.AUTH.value
_LOST = "an observation was lost"
_LAG_INTERVAL = 0.5
_log = logging.getLogger("tollhouse.telemetry")
_P = ParamSpec("_P")


def _harmless(
    method: Callable[Concatenate["Telemetry", _P], None],
) -> Callable[Concatenate["Telemetry", _P], None]:
    @functools.wraps(method)
    def guarded(self: "Telemetry", /, *args: _P.args, **kwargs: _P.kwargs) -> None:
        try:
            method(self, *args, **kwargs)
        except Exception:  # noqa: BLE001 - whatever it is, the request goes on
            _log.exception(_LOST)

    return guarded


class Telemetry:
    """The ``Observer`` port: metrics, and the log lines that go with them."""

    def __init__(self, lines: Lines | None = None) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._lines = lines
        self._registry = CollectorRegistry()
        self._metrics = metrics = Instruments(self._registry)
        self._refusals = Children(metrics.refusals)
        self._failovers = Children(metrics.failovers)
        self._tally = Tally(metrics)
        self._in_flight = 0
        shared = os.environ.get(VARIABLE)
        self._directory = None if shared is None else Path(shared)
        turned = do_nothing if shared is None else Turn().next
        self._batch: Batch[Record | Attempt] = Batch(self._take, self._put, turned=turned)

    # --- The port ---

    def admitted(self) -> None:
        """A request entered."""
        self._in_flight += 1
        self._batch.wake()

    def left(self) -> None:
        """A request that had entered is over."""
        self._in_flight -= 1
        self._batch.wake()

    @_harmless
    def refused(self, refusal: Refusal, *, model: str | None, caller: Caller | None) -> None:
        """A request was turned away; ``model`` is a catalogue id or None."""
        org = caller.org if caller is not None else None
        self._refusals[refusal.code.value, model or UNKNOWN, org or NONE].inc()
        if self._lines is not None:
            self._lines.refused(refusal, model, caller)

    def attempted(self, attempt: Attempt) -> None:
        """An attempt ended."""
        self._batch.add(attempt)
        try:
            if attempt.result == _AUTH and self._lines is not None:
                self._lines.credential_rejected(attempt)
        except Exception:  # noqa: BLE001 - as in ``_harmless``, whose call every request would pay
            _log.exception(_LOST)

    @_harmless
    def failed_over(self, from_model: str, to_model: str, reason: str) -> None:
        """The plan moved on."""
        self._failovers[from_model, to_model, reason].inc()

    @_harmless
    def breaker(self, model: str, provider: str, *, is_open: bool) -> None:
        """A breaker changed state."""
        self._metrics.breaker.labels(model, provider).set(is_open)

    def closed(self, record: Record) -> None:
        """A request ended; the record says it all, and is not changed any more."""
        self._batch.add(record)

    # --- What was reported, some milliseconds later ---

    @_harmless
    def _take(self, reported: list[Record | Attempt]) -> None:
        records: list[Record] = []
        for one in reported:
            try:
                if isinstance(one, Attempt):
                    self._tally.attempt(one)
                else:
                    self._tally.request(one)
                    records.append(one)
            except Exception:  # noqa: BLE001 - whatever it is, the others are counted
                _log.exception(_LOST)
        if self._lines is not None:
            self._write(self._lines, records)

    @_harmless
    def _put(self) -> None:
        self._metrics.inflight.set(self._in_flight)
        self._tally.put()

    def _write(self, lines: Lines, records: list[Record]) -> None:
        try:
            lines.finished(records)
        except Exception:  # noqa: BLE001 - as above
            if len(records) == 1:
                _log.exception(_LOST)
                return
            for record in records:
                self._write(lines, [record])

    def settle(self) -> None:
        """Count and write what was reported, and from now on everything at once: it ends."""
        self._batch.settle()

    # --- What the rest of the process reports ---

    @_harmless
    def catalogue_version(self, version: int) -> None:
        """This version of the catalogue is in force now."""
        self._metrics.catalogue_version.set(version)

    @_harmless
    def catalogue_rejected(self) -> None:
        """A version of the catalogue did not compile; the one before stays in force."""
        self._metrics.catalogue_rejected.inc()

    @_harmless
    def ledger_backlog(self, records: int) -> None:
        """So many records are in this worker's journal and not yet in the store."""
        self._metrics.ledger_backlog.set(records)

    @_harmless
    def store_up(self, *, is_up: bool) -> None:
        """The store answers, or does not."""
        self._metrics.store_up.set(is_up)

    async def watch_event_loop(self, clock: Clock, interval: float = _LAG_INTERVAL) -> None:
        """Measure, until cancelled, how late the event loop wakes a sleeper."""
        lag = self._metrics.event_loop_lag.series()
        while True:
            before = clock.monotonic()
            await asyncio.sleep(interval)
            lag.observe(max(0.0, clock.monotonic() - before - interval))
            lag.put()

    # --- Reading ---

    def render(self) -> bytes:
        """The text of ``/metrics``, of all workers where there are several.

        It holds every request that had ended when it was asked for. It reads files and takes
        milliseconds per thousand series, and waits some for other workers: call it in a thread.
        """
        if self._directory is None:
            self._batch.flush()
            return generate_latest(self._registry)
        _forget_the_dead(self._directory)
        wait_for_others(self._directory)
        self._batch.flush()
        merged = CollectorRegistry()
        merged.register(Merged(self._directory, self._metrics.histograms))
        return generate_latest(merged)


def mark_dead(pid: int, directory: Path) -> None:
    """Drop a dead worker's gauges; what it counted stays counted."""
    multiprocess.mark_process_dead(pid, str(directory))  # type: ignore[no-untyped-call]


def _forget_the_dead(directory: Path) -> None:
    """A worker that was killed could not say goodbye, and who restarts it need not know of us."""
    pids = {int(path.stem.rpartition("_")[2]) for path in directory.glob("gauge_live*.db")}
    for pid in pids:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            mark_dead(pid, directory)
        except PermissionError:
            continue
