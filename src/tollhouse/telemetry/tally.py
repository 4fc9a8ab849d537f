"""Adds up what requests and attempts say, so that the library is told seldom.

Requests that have all labels in common are one *kind*: it is found with one look-up, and knows
every number that a request adds to. ``put`` tells the library of the kinds that had requests since.
"""

from prometheus_client import Counter

from ..core import money
from ..core.record import Attempt, Outcome, Record
from .instruments import NONE, Children, Instruments

_MICRO = 1_000_000
_OK = Outcome.OK
_INTERRUPTED = Outcome.INTERRUPTED

# The names that the GenAI conventions have for operations; others keep ours.
_OPERATIONS = {"responses": "chat", "completions": "text_completion"}


class _Times:
    """The histograms of requests that the GenAI conventions do not tell apart."""

    __slots__ = ("all", "duration", "first_token", "input", "output", "per_token")

    def __init__(self, metrics: Instruments, labels: tuple[str, ...]) -> None:
        self.duration = metrics.request_duration.series(*labels)
        self.first_token = metrics.time_to_first_token.series(*labels)
        self.per_token = metrics.time_per_output_token.series(*labels)
        self.input = metrics.token_usage.series(*labels, "input")
        self.output = metrics.token_usage.series(*labels, "output")
        self.all = (self.duration, self.first_token, self.per_token, self.input, self.output)


class _Kind:
    """What the requests of one kind come to since the last ``put``."""

    __slots__ = ("cost", "count", "model", "org", "requests", "times")

    def __init__(self, requests: Counter, model: str, org: str, times: _Times) -> None:
        self.requests = requests
        self.model = model
        """The one that served, or else the one that was asked for."""
        self.org = org
        self.times = times
        self.count = 0
        self.cost: money.Cost = 0
        """In ``10**-10`` US dollars."""


class Tally:
    """What was added up and not yet put. Belongs to one thread at a time."""

    def __init__(self, metrics: Instruments) -> None:
        self._metrics = metrics
        self._attempts_of = Children(metrics.attempts)
        self._cost_of = Children(metrics.cost)
        self._unpriced_of = Children(metrics.unpriced)
        self._overhead = metrics.overhead.series()
        self._kinds: dict[tuple[str | None, ...], _Kind] = {}
        self._times: dict[tuple[str, ...], _Times] = {}
        self._touched: list[_Kind] = []
        self._attempts: dict[tuple[str, str, str], int] = {}

    def attempt(self, attempt: Attempt) -> None:
        """An attempt ended."""
        key = attempt.model, attempt.provider, attempt.result
        self._attempts[key] = self._attempts.get(key, 0) + 1

    def request(self, record: Record) -> None:
        """A request ended; what cannot be counted raises, and then nothing of it is counted."""
        status, ended, cost = record.status, record.ended_at, record.cost
        overhead = record.overhead_us / _MICRO
        elapsed = None if ended is None or status is _INTERRUPTED else ended - record.started_at
        dollars = cost is not None and cost > 0 and record.currency == "USD"
        kind = self._kind(record, "ok" if status is _OK else status.value)
        if not kind.count:
            self._touched.append(kind)
        kind.count += 1
        if dollars:
            kind.cost += cost or 0
        elif cost is None and record.unpriced_reason is not None:
            self._unpriced_of[kind.model, record.unpriced_reason].inc()
        self._overhead.observe(overhead)
        if elapsed is not None:
            # A clock that was put back must not make a time negative.
            _measure(record, kind.times, max(0, elapsed))

    def put(self) -> None:
        """Tell the library. What it does not take is lost, and the rest waits for the next time."""
        while self._attempts:
            labels, count = self._attempts.popitem()
            self._attempts_of[labels].inc(count)
        while self._touched:
            self._put(self._touched.pop())
        self._overhead.put()

    def _put(self, kind: _Kind) -> None:
        count, kind.count = kind.count, 0
        cost, kind.cost = kind.cost, 0
        kind.requests.inc(count)
        if cost:
            self._cost_of[kind.model, kind.org].inc(cost / money.COST_UNIT)
        for series in kind.times.all:
            series.put()

    def _kind(self, record: Record, outcome: str) -> _Kind:
        endpoint, model, served = record.endpoint, record.model, record.served_model
        provider, org = record.provider, record.org
        key = endpoint, model, served, provider, org, outcome
        kind = self._kinds.get(key)
        if kind is None:
            served, provider, org = served or NONE, provider or NONE, org or NONE
            requests = self._metrics.requests
            kind = self._kinds[key] = _Kind(
                requests.labels(endpoint, model, served, provider, org, outcome),
                record.served_model or model,
                org,
                self._times_of(_OPERATIONS.get(endpoint, endpoint), model, served, provider),
            )
        return kind

    def _times_of(self, *labels: str) -> _Times:
        times = self._times.get(labels)
        if times is None:
            times = self._times[labels] = _Times(self._metrics, labels)
        return times


def _measure(record: Record, times: _Times, elapsed: int) -> None:
    """Observe a finished request that took ``elapsed`` microseconds."""
    times.duration.observe(elapsed / _MICRO)
    usage = record.usage
    output = 0
    if usage is not None:
        output = usage.output_tokens
        times.input.observe(usage.input_tokens)
        if output:
            times.output.observe(output)
    first_byte = record.first_byte_us
    if record.stream and first_byte is not None:
        times.first_token.observe(first_byte / _MICRO)
        if output > 1:
            rest = elapsed - first_byte
            times.per_token.observe(rest / (output - 1) / _MICRO if rest > 0 else 0.0)
