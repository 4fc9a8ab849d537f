"""Metrics: their names and labels, what each observation counts, and that there are few."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from telemetry.conftest import Log, record
from tollhouse.core.caller import Caller, CredentialKind
from tollhouse.core.errors import Code, Refusal
from tollhouse.core.record import Attempt, Outcome
from tollhouse.core.usage import Usage
from tollhouse.ports import Observer
from tollhouse.telemetry.lines import Lines
from tollhouse.telemetry.metrics import Telemetry

Value = Callable[..., float]
CALLER = Caller(CredentialKind.ORG_KEY, "k1", org="acme", plan="free")
GEN_AI = {
    "gen_ai_operation_name",
    "gen_ai_request_model",
    "gen_ai_response_model",
    "gen_ai_provider_name",
}
NAMES: dict[str, set[str]] = {
    "tollhouse_requests_total": {
        *("endpoint", "model", "served_model", "provider", "org", "outcome"),
    },
    "tollhouse_refusals_total": {"code", "model", "org"},
    "tollhouse_attempts_total": {"model", "provider", "result"},
    "tollhouse_failovers_total": {"from_model", "to_model", "reason"},
    "tollhouse_cost_usd_total": {"model", "org"},
    "tollhouse_unpriced_requests_total": {"model", "reason"},
    "tollhouse_overhead_seconds": set(),
    "tollhouse_event_loop_lag_seconds": set(),
    "tollhouse_inflight_requests": set(),
    "tollhouse_breaker_open": {"model", "provider"},
    "tollhouse_catalogue_version": set(),
    "tollhouse_catalogue_rejected_total": set(),
    "tollhouse_ledger_backlog": set(),
    "tollhouse_store_up": set(),
    "gen_ai_client_token_usage": GEN_AI | {"gen_ai_token_type"},
    "gen_ai_server_request_duration_seconds": GEN_AI,
    "gen_ai_server_time_to_first_token_seconds": GEN_AI,
    "gen_ai_server_time_per_output_token_seconds": GEN_AI,
}


@pytest.fixture(name="telemetry")
def _telemetry() -> Telemetry:
    """Metrics without log lines."""
    return Telemetry()


@pytest.fixture(name="value")
def _value(telemetry: Telemetry) -> Value:
    """The sum of the samples of a name that have these labels."""

    def value(name: str, **labels: str) -> float:
        return sum(
            sample.value
            for family in text_string_to_metric_families(telemetry.render().decode())
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    return value


def observe_everything(telemetry: Telemetry) -> None:
    """Make every metric have a value."""
    observer: Observer = telemetry
    observer.admitted()
    observer.refused(Refusal(Code.TIER_INSUFFICIENT, "no"), model="m", caller=CALLER)
    observer.attempted(Attempt("m", "p", "ok", 5))
    observer.failed_over("a", "b", "status_500")
    observer.breaker("m", "p", is_open=True)
    observer.closed(record())
    observer.closed(record(cost=None, unpriced_reason="no_pricing"))


def written_names(telemetry: Telemetry) -> dict[str, set[str]]:
    """Metric name to labels, as a scraper sees them."""
    names: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(telemetry.render().decode()):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        labels = names.setdefault(name, set())
        for sample in family.samples:
            labels |= set(sample.labels) - {"le"}
    return names


def test_metrics_and_labels_are_those_that_were_promised(telemetry: Telemetry) -> None:
    """Every metric is there under its name, with exactly its labels, and no other metric is."""
    observe_everything(telemetry)
    assert written_names(telemetry) == NAMES


def test_promised_names_are_those_of_the_contract() -> None:
    """The table above holds what the contract's section on operations names."""
    contract = Path(__file__).parents[2] / ".." / "shared" / "contract.md"
    if not contract.is_file():
        pytest.skip("the contract is not beside the project")
    section = contract.read_text(encoding="utf-8").split("## 12.")[1].split("## 13.")[0]
    section = section.split("Metrics (labels")[1]
    for name, labels in re.findall(
        r"`(tollhouse_[a-z_]+|gen_ai_[a-z_]+)(?:\{([a-z_,]+)\})?`", section
    ):
        assert name in NAMES
        if labels:
            assert NAMES[name] == set(labels.split(","))


def test_I03_request_is_counted_with_both_models_and_its_org(
    telemetry: Telemetry, value: Value
) -> None:
    """A request is found by what was asked for, what served, who and how it ended."""
    telemetry.closed(record())
    telemetry.closed(record(status=Outcome.CLIENT_DISCONNECTED))
    labels = {
        "endpoint": "chat",
        "model": "openai/gpt-4o",
        "served_model": "azure/gpt-4o",
        "provider": "azure",
        "org": "acme",
    }
    assert value("tollhouse_requests_total", **labels, outcome="ok") == 1
    assert value("tollhouse_requests_total", **labels, outcome="client_disconnected") == 1


def test_I03_failed_request_has_all_labels(telemetry: Telemetry, value: Value) -> None:
    """A request that nobody served says ``_none`` where there is nothing, never an empty label."""
    telemetry.closed(
        record(
            served_model=None,
            provider=None,
            org=None,
            usage=None,
            cost=None,
            status=Outcome.UPSTREAM_ERROR,
        )
    )
    assert value(
        "tollhouse_requests_total",
        served_model="_none",
        provider="_none",
        org="_none",
        outcome="upstream_error",
    )


def test_I03_refusal_is_counted_by_its_code(telemetry: Telemetry, value: Value) -> None:
    """A 403 for the tier is counted with code, model and org."""
    telemetry.refused(Refusal(Code.TIER_INSUFFICIENT, "no"), model="openai/gpt-5", caller=CALLER)
    telemetry.refused(Refusal(Code.INVALID_API_KEY, "no"), model=None, caller=None)
    assert value(
        "tollhouse_refusals_total", code="tier_insufficient", model="openai/gpt-5", org="acme"
    )
    assert value("tollhouse_refusals_total", code="invalid_api_key", model="_unknown", org="_none")


def test_I01_unknown_models_make_one_series(telemetry: Telemetry) -> None:
    """A thousand misspelt models leave as many series as one."""
    refusal = Refusal(Code.MODEL_NOT_FOUND, "The model does not exist.")
    telemetry.refused(refusal, model=None, caller=CALLER)
    before = telemetry.render().count(b"\n")
    for number in range(1000):
        refusal = Refusal(Code.MODEL_NOT_FOUND, f"The model gpt-{number} does not exist.")
        telemetry.refused(refusal, model=None, caller=CALLER)
    assert telemetry.render().count(b"\n") == before


def test_I01_what_a_client_sends_is_no_label(telemetry: Telemetry) -> None:
    """The requested string, the request id, the user and the key are in no series."""
    telemetry.closed(
        record(
            requested_model="canary-m", request_id="canary-r", user="canary-u", key_id="canary-k"
        )
    )
    assert b"canary" not in telemetry.render()


def test_attempts_and_failovers_are_counted(telemetry: Telemetry, value: Value) -> None:
    """Each attempt by what it met, each move by why."""
    for attempt in record().attempts:
        telemetry.attempted(attempt)
    telemetry.failed_over("openai/gpt-4o", "azure/gpt-4o", "status_500")
    assert value("tollhouse_attempts_total", provider="openai", result="status_500") == 1
    assert value("tollhouse_attempts_total", model="azure/gpt-4o", result="ok") == 1
    assert value("tollhouse_failovers_total", to_model="azure/gpt-4o", reason="status_500") == 1


def test_cost_is_counted_in_dollars_for_the_served_model(
    telemetry: Telemetry, value: Value
) -> None:
    """Costs add up per served model and org; 0 and other currencies add nothing."""
    telemetry.closed(record())
    telemetry.closed(record(cost=5_000_000_000))
    telemetry.closed(record(cost=0))
    telemetry.closed(record(currency="EUR"))
    assert value("tollhouse_cost_usd_total", model="azure/gpt-4o", org="acme") == 1.7345
    assert value("tollhouse_unpriced_requests_total") == 0


def test_I06_every_unpriced_request_is_counted(telemetry: Telemetry, value: Value) -> None:
    """A thousand requests without a cost are a thousand, by model and reason."""
    for _ in range(1000):
        telemetry.closed(record(cost=None, unpriced_reason="no_pricing"))
    assert (
        value("tollhouse_unpriced_requests_total", model="azure/gpt-4o", reason="no_pricing")
        == 1000
    )


def test_failed_request_without_a_reason_is_not_unpriced(
    telemetry: Telemetry, value: Value
) -> None:
    """Where nothing was billed, nothing lacks a price."""
    telemetry.closed(record(cost=None, usage=None, status=Outcome.UPSTREAM_ERROR))
    assert value("tollhouse_unpriced_requests_total") == 0


def test_time_is_measured(telemetry: Telemetry, value: Value) -> None:
    """Overhead, duration, time to the first token and time per further token, in seconds."""
    telemetry.closed(record())
    assert value("tollhouse_overhead_seconds_sum") == pytest.approx(0.0003)
    assert value("gen_ai_server_request_duration_seconds_sum") == pytest.approx(1.2)
    assert value("gen_ai_server_time_to_first_token_seconds_sum") == pytest.approx(0.2)
    assert value("gen_ai_server_time_per_output_token_seconds_sum") == pytest.approx(0.02)


def test_tokens_are_measured_by_type(telemetry: Telemetry, value: Value) -> None:
    """Input and output are apart, under the names of the GenAI conventions."""
    telemetry.closed(record())
    labels = {
        "gen_ai_operation_name": "chat",
        "gen_ai_request_model": "openai/gpt-4o",
        "gen_ai_response_model": "azure/gpt-4o",
        "gen_ai_provider_name": "azure",
    }
    assert value("gen_ai_client_token_usage_sum", **labels, gen_ai_token_type="input") == 100
    assert value("gen_ai_client_token_usage_sum", **labels, gen_ai_token_type="output") == 51


@pytest.mark.parametrize(
    ("endpoint", "operation"),
    [
        ("chat", "chat"),
        ("responses", "chat"),
        ("completions", "text_completion"),
        ("embeddings", "embeddings"),
    ],
)
def test_operations_have_the_names_of_the_conventions(
    telemetry: Telemetry, value: Value, endpoint: str, operation: str
) -> None:
    """An endpoint is an operation of the GenAI conventions where they know it."""
    telemetry.closed(record(endpoint=endpoint))
    name = "gen_ai_server_request_duration_seconds_count"
    assert value(name, gen_ai_operation_name=operation) == 1


def test_answer_that_is_not_streamed_has_no_first_token(telemetry: Telemetry, value: Value) -> None:
    """Only streams have a time to the first token and a time per token."""
    telemetry.closed(record(stream=False))
    telemetry.closed(record(usage=Usage(input_tokens=5, output_tokens=1)))
    telemetry.closed(record(first_byte_us=None))
    assert value("gen_ai_server_time_to_first_token_seconds_count") == 1
    assert value("gen_ai_server_time_per_output_token_seconds_count") == 0


def test_embeddings_have_no_output_tokens(telemetry: Telemetry, value: Value) -> None:
    """No series is made for tokens that there cannot be."""
    telemetry.closed(record(endpoint="embeddings", usage=Usage(input_tokens=8)))
    assert value("gen_ai_client_token_usage_count") == 1


def test_interrupted_record_has_no_duration(telemetry: Telemetry, value: Value) -> None:
    """What a crash cut off is counted, and not measured."""
    telemetry.closed(record(status=Outcome.INTERRUPTED))
    telemetry.closed(record(ended_at=None))
    assert value("tollhouse_requests_total", outcome="interrupted") == 1
    assert value("gen_ai_server_request_duration_seconds_count") == 0


def test_gauges_say_what_is_so(telemetry: Telemetry, value: Value) -> None:
    """Gauges follow what they are told."""
    telemetry.admitted()
    telemetry.admitted()
    telemetry.left()
    telemetry.breaker("m", "p", is_open=True)
    telemetry.catalogue_version(42)
    telemetry.catalogue_rejected()
    telemetry.ledger_backlog(7)
    telemetry.store_up(is_up=True)
    assert value("tollhouse_inflight_requests") == 1
    assert value("tollhouse_breaker_open", model="m", provider="p") == 1
    assert value("tollhouse_catalogue_version") == 42
    assert value("tollhouse_catalogue_rejected_total") == 1
    assert value("tollhouse_ledger_backlog") == 7
    assert value("tollhouse_store_up") == 1
    telemetry.breaker("m", "p", is_open=False)
    telemetry.store_up(is_up=False)
    assert value("tollhouse_breaker_open") == value("tollhouse_store_up") == 0


def test_two_gateways_in_one_process_count_apart(telemetry: Telemetry) -> None:
    """Metrics belong to an instance, not to the module."""
    other = Telemetry()
    other.closed(record())
    assert b'outcome="ok"' in other.render()
    assert b'outcome="ok"' not in telemetry.render()


def test_observations_never_raise(telemetry: Telemetry, log: Log) -> None:
    """A record that cannot be counted costs a log line, not a request."""
    telemetry.closed(record(started_at="not a time"))
    telemetry.closed(None)  # type: ignore[arg-type]
    telemetry.closed(record(cost="canary", currency="USD"))
    assert [line["message"] for line in log()] == ["an observation was lost"] * 3
    telemetry.attempted(None)  # type: ignore[arg-type]
    assert {line["message"] for line in log()} == {"an observation was lost"}
    assert "canary" not in str(log())


def test_lines_are_written_with_the_metrics(log: Log) -> None:
    """A request, a refusal and a rejected credential each leave a line."""
    telemetry = Telemetry(Lines())
    telemetry.closed(record())
    telemetry.refused(Refusal(Code.MODEL_DISABLED, "no"), model="m", caller=CALLER)
    telemetry.attempted(Attempt("m", "p", "auth", 5, 401))
    telemetry.attempted(Attempt("m", "p", "ok", 5, 200))
    assert [(line["level"], line["message"]) for line in log()] == [
        ("info", "request"),
        ("info", "refused"),
        ("error", "provider refused our credential"),
    ]


def test_unfit_record_costs_no_other(log: Log) -> None:
    """Of a batch with records that cannot be counted or told, the others are counted and told."""
    telemetry = Telemetry(Lines())
    good = record()
    telemetry._take([good, record(cost="canary"), record(request_id=5), None, good])  # type: ignore[list-item]
    messages = [line["message"] for line in log()]
    assert messages.count("request") == 2
    assert messages.count("an observation was lost") == 3
    assert "canary" not in str(log())
    assert re.search(rb"tollhouse_requests_total\{.*\} 3\.0", telemetry.render())


class Blocked:
    """A clock whose event loop is two seconds late."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        """Not asked for."""
        return 0.0

    def monotonic(self) -> float:
        """Two seconds more each time."""
        self.time += 2.0
        return self.time


async def test_event_loop_lag_is_measured_until_cancelled(
    telemetry: Telemetry, value: Value
) -> None:
    """How late a sleeper wakes is observed again and again."""
    watch = asyncio.ensure_future(telemetry.watch_event_loop(Blocked(), interval=0.001))
    while value("tollhouse_event_loop_lag_seconds_count") < 2:
        await asyncio.sleep(0.001)
    watch.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watch
    count = value("tollhouse_event_loop_lag_seconds_count")
    assert value("tollhouse_event_loop_lag_seconds_sum") == pytest.approx(1.999 * count)
