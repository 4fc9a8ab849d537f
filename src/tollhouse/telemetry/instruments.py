"""Every metric by name, label and bucket (contract section 12), on a registry of its own.

How several workers' gauges become one number is in ``multiprocess_mode``: ``livemin`` shows the
worker that lags or has lost the store, ``livemax`` the one whose breaker is open.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge

from .histograms import Histogram

NONE = "_none"
"""The value of a label for a place that was never reached."""
_GEN_AI = (
    "gen_ai_operation_name",
    "gen_ai_request_model",
    "gen_ai_response_model",
    "gen_ai_provider_name",
)
# The buckets of the GenAI semantic conventions.
_TOKENS = tuple(4.0**power for power in range(14))
_DURATION = tuple(0.01 * 2**power for power in range(14))
_FIRST_TOKEN = (
    *(0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1),
    *(0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0),
)
_PER_TOKEN = (0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5)
# What the gateway itself adds is counted in fractions of a millisecond.
_OWN_TIME = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005),
    *(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0),
)


class Children(dict[tuple[str, ...], Counter]):
    """A counter's children by their labels' values, each bound once: that is dear, counting not."""

    def __init__(self, metric: Counter) -> None:
        super().__init__()
        self._metric = metric

    def __missing__(self, labels: tuple[str, ...]) -> Counter:
        child = self[labels] = self._metric.labels(*labels)
        return child


class Instruments:
    """The metrics themselves, without any values of labels."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self.histograms: list[Histogram] = []
        self._build_counters()
        self._build_gauges()
        self._build_histograms()

    def _build_counters(self) -> None:
        self.requests = self._counter(
            "tollhouse_requests_total",
            "Admitted requests by how they ended.",
            "endpoint model served_model provider org outcome",
        )
        self.refusals = self._counter(
            "tollhouse_refusals_total",
            "Requests that were turned away, by the code they got.",
            "code model org",
        )
        self.attempts = self._counter(
            "tollhouse_attempts_total",
            "Requests sent to providers, by what they met.",
            "model provider result",
        )
        self.failovers = self._counter(
            "tollhouse_failovers_total",
            "Moves from one model to the next.",
            "from_model to_model reason",
        )
        self.cost = self._counter(
            "tollhouse_cost_usd_total",
            "What requests cost, in US dollars, by the model that served.",
            "model org",
        )
        self.unpriced = self._counter(
            "tollhouse_unpriced_requests_total",
            "Requests whose cost is not known, by why.",
            "model reason",
        )
        self.catalogue_rejected = self._counter(
            "tollhouse_catalogue_rejected_total",
            "Catalogue versions that did not compile and were not put in force.",
        )

    def _build_gauges(self) -> None:
        self.inflight = Gauge(
            "tollhouse_inflight_requests",
            "Requests that are being served.",
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        self.breaker = Gauge(
            "tollhouse_breaker_open",
            "1 while a target is passed over for its faults.",
            ("model", "provider"),
            registry=self._registry,
            multiprocess_mode="livemax",
        )
        self.catalogue_version = Gauge(
            "tollhouse_catalogue_version",
            "The catalogue version in force; of several workers the oldest.",
            registry=self._registry,
            multiprocess_mode="livemin",
        )
        self.ledger_backlog = Gauge(
            "tollhouse_ledger_backlog",
            "Records in the journal that are not in the store yet.",
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        self.store_up = Gauge(
            "tollhouse_store_up",
            "1 while the store answers; of several workers the worst.",
            registry=self._registry,
            multiprocess_mode="livemin",
        )

    def _build_histograms(self) -> None:
        self.overhead = self._histogram(
            "tollhouse_overhead_seconds",
            "Time spent on a request other than waiting for the provider.",
            _OWN_TIME,
        )
        self.event_loop_lag = self._histogram(
            "tollhouse_event_loop_lag_seconds",
            "How much later than asked for the event loop woke a sleeper.",
            _OWN_TIME,
        )
        self.token_usage = self._histogram(
            "gen_ai_client_token_usage",
            "Tokens of a request, input and output apart.",
            _TOKENS,
            (*_GEN_AI, "gen_ai_token_type"),
        )
        self.request_duration = self._histogram(
            "gen_ai_server_request_duration_seconds",
            "Time from the first byte of a request to the last of its answer.",
            _DURATION,
            _GEN_AI,
        )
        self.time_to_first_token = self._histogram(
            "gen_ai_server_time_to_first_token_seconds",
            "Time to the first byte of a streamed answer.",
            _FIRST_TOKEN,
            _GEN_AI,
        )
        self.time_per_output_token = self._histogram(
            "gen_ai_server_time_per_output_token_seconds",
            "Time for each output token of a streamed answer after its first.",
            _PER_TOKEN,
            _GEN_AI,
        )

    def _counter(self, name: str, meaning: str, labels: str = "") -> Counter:
        return Counter(name, meaning, labels.split(), registry=self._registry)

    def _histogram(
        self, name: str, meaning: str, buckets: tuple[float, ...], labels: tuple[str, ...] = ()
    ) -> Histogram:
        made = Histogram(name, meaning, labels, registry=self._registry, buckets=buckets)
        self.histograms.append(made)
        return made
