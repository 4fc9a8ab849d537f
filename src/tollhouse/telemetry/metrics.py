"""Counts what happens, from the record of each request, and says it in Prometheus's words.

Rules that hold here:

- labels come from the catalogue, the orgs and fixed sets, never from what a client sent: a model
  that is not in the catalogue is ``_unknown``, a place that was never reached is ``_none``;
- the child of a metric is bound once for its labels; from then on counting is a look-up and a call;
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
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
    multiprocess,
)

from ..core import money
from ..core.caller import Caller
from ..core.errors import Refusal
from ..core.faults import FaultKind
from ..core.record import Attempt, Outcome, Record
from ..ports import Clock
from .instruments import Instruments
from .lines import Lines
from .workers import VARIABLE

CONTENT_TYPE = CONTENT_TYPE_LATEST
UNKNOWN = "_unknown"
NONE = "_none"

_MICRO = 1_000_000
_LAG_INTERVAL = 0.5
_log = logging.getLogger("tollhouse.telemetry")
_P = ParamSpec("_P")

# The names that the GenAI conventions have for operations; others keep ours.
_OPERATIONS = {"responses": "chat", "completions": "text_completion"}


def _harmless(
    method: Callable[Concatenate["Telemetry", _P], None],
) -> Callable[Concatenate["Telemetry", _P], None]:
    @functools.wraps(method)
    def guarded(self: "Telemetry", /, *args: _P.args, **kwargs: _P.kwargs) -> None:
        try:
            method(self, *args, **kwargs)
        except Exception:  # noqa: BLE001 - whatever it is, the request goes on
            _log.exception("an observation was lost")

    return guarded


class _Bound(dict[tuple[str, ...], Callable[[float], None]]):
    """The counting methods of a metric's children, by their labels' values."""

    def __init__(self, metric: Counter | Histogram) -> None:
        super().__init__()
        self._metric = metric

    def __missing__(self, labels: tuple[str, ...]) -> Callable[[float], None]:
        child = self._metric.labels(*labels)
        method = child.inc if isinstance(child, Counter) else child.observe
        self[labels] = method
        return method


class Telemetry:
    """The ``Observer`` port: metrics, and the log lines that go with them."""

    def __init__(self, lines: Lines | None = None) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._lines = lines
        self._registry = CollectorRegistry()
        self._metrics = metrics = Instruments(self._registry)
        self._requests = _Bound(metrics.requests)
        self._refusals = _Bound(metrics.refusals)
        self._attempts = _Bound(metrics.attempts)
        self._failovers = _Bound(metrics.failovers)
        self._cost = _Bound(metrics.cost)
        self._unpriced = _Bound(metrics.unpriced)
        self._tokens = _Bound(metrics.token_usage)
        self._duration = _Bound(metrics.request_duration)
        self._first_token = _Bound(metrics.time_to_first_token)
        self._per_token = _Bound(metrics.time_per_output_token)
        self._overhead = metrics.overhead.observe
        self._directory = os.environ.get(VARIABLE)

    # --- The port ---

    @_harmless
    def admitted(self) -> None:
        """A request entered."""
        self._metrics.inflight.inc()

    @_harmless
    def left(self) -> None:
        """A request that had entered is over."""
        self._metrics.inflight.dec()

    @_harmless
    def refused(self, refusal: Refusal, *, model: str | None, caller: Caller | None) -> None:
        """A request was turned away; ``model`` is a catalogue id or None."""
        org = caller.org if caller is not None else None
        self._refusals[refusal.code.value, model or UNKNOWN, org or NONE](1)
        if self._lines is not None:
            self._lines.refused(refusal, model, caller)

    @_harmless
    def attempted(self, attempt: Attempt) -> None:
        """An attempt ended."""
        self._attempts[attempt.model, attempt.provider, attempt.result](1)
        if self._lines is not None and attempt.result == FaultKind.AUTH:
            self._lines.credential_rejected(attempt)

    @_harmless
    def failed_over(self, from_model: str, to_model: str, reason: str) -> None:
        """The plan moved on."""
        self._failovers[from_model, to_model, reason](1)

    @_harmless
    def breaker(self, model: str, provider: str, *, is_open: bool) -> None:
        """A breaker changed state."""
        self._metrics.breaker.labels(model, provider).set(is_open)

    @_harmless
    def closed(self, record: Record) -> None:
        """A request ended; the record says it all."""
        self._count(record)
        self._measure(record)
        if self._lines is not None:
            self._lines.finished(record)

    def _count(self, record: Record) -> None:
        org = record.org or NONE
        served = record.served_model
        self._requests[
            record.endpoint,
            record.model,
            served or NONE,
            record.provider or NONE,
            org,
            record.status.value,
        ](1)
        if record.cost is not None:
            if record.currency == "USD" and record.cost > 0:
                self._cost[served or record.model, org](record.cost / money.COST_UNIT)
        elif record.unpriced_reason is not None:
            self._unpriced[served or record.model, record.unpriced_reason](1)

    def _measure(self, record: Record) -> None:
        self._overhead(record.overhead_us / _MICRO)
        if record.ended_at is None or record.status is Outcome.INTERRUPTED:
            return
        key = (
            _OPERATIONS.get(record.endpoint, record.endpoint),
            record.model,
            record.served_model or NONE,
            record.provider or NONE,
        )
        duration = record.ended_at - record.started_at
        self._duration[key](duration / _MICRO)
        usage = record.usage
        output = 0
        if usage is not None:
            output = usage.output_tokens
            self._tokens[(*key, "input")](usage.input_tokens)
            if output:
                self._tokens[(*key, "output")](output)
        if record.stream and record.first_byte_us is not None:
            self._first_token[key](record.first_byte_us / _MICRO)
            if output > 1:
                rest = max(0, duration - record.first_byte_us)
                self._per_token[key](rest / (output - 1) / _MICRO)

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
        observe = self._metrics.event_loop_lag.observe
        while True:
            before = clock.monotonic()
            await asyncio.sleep(interval)
            observe(max(0.0, clock.monotonic() - before - interval))

    # --- Reading ---

    def render(self) -> bytes:
        """The text of ``/metrics``, of all workers where there are several.

        It reads files and takes milliseconds per thousand series: call it in a thread.
        """
        if self._directory is None:
            return generate_latest(self._registry)
        _forget_the_dead(Path(self._directory))
        merged = CollectorRegistry()
        multiprocess.MultiProcessCollector(merged, path=self._directory)  # type: ignore[no-untyped-call]
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
