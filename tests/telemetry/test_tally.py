"""What requests add up to, and that the library is told it once."""

import pytest
from prometheus_client import CollectorRegistry, Counter

from telemetry.conftest import START, record
from tollhouse.core.record import Attempt, Outcome
from tollhouse.telemetry.instruments import Instruments
from tollhouse.telemetry.tally import Tally

REQUESTS = {
    "endpoint": "chat",
    "model": "openai/gpt-4o",
    "served_model": "azure/gpt-4o",
    "provider": "azure",
    "org": "acme",
    "outcome": "ok",
}
GEN_AI = {
    "gen_ai_operation_name": "chat",
    "gen_ai_request_model": "openai/gpt-4o",
    "gen_ai_response_model": "azure/gpt-4o",
    "gen_ai_provider_name": "azure",
}


class Book:
    """A tally and the registry that it is put in."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.metrics = Instruments(self.registry)
        self.tally = Tally(self.metrics)

    def value(self, name: str, **labels: str) -> float | None:
        """One sample."""
        return self.registry.get_sample_value(name, labels)


@pytest.fixture(name="book")
def _book() -> Book:
    return Book()


def test_nothing_is_told_before_it_is_put(book: Book) -> None:
    """The library hears of requests and attempts at ``put``, and of each of them once."""
    for _ in range(3):
        book.tally.request(record())
        book.tally.attempt(Attempt("m", "p", "ok", 5))
    assert not book.value("tollhouse_requests_total", **REQUESTS)
    book.tally.put()
    book.tally.put()
    assert book.value("tollhouse_requests_total", **REQUESTS) == 3
    assert book.value("tollhouse_attempts_total", model="m", provider="p", result="ok") == 3
    assert book.value("tollhouse_overhead_seconds_count") == 3
    assert book.value("gen_ai_server_request_duration_seconds_count", **GEN_AI) == 3
    assert book.value("tollhouse_cost_usd_total", model="azure/gpt-4o", org="acme") == 3.7035


def test_kinds_that_differ_in_one_label_are_apart(book: Book) -> None:
    """Each label of a request tells it from others."""
    changes = {
        "endpoint": "responses",
        "model": "other",
        "served_model": "other",
        "provider": "other",
        "org": "other",
        "outcome": "client_disconnected",
    }
    book.tally.request(record())
    for name, changed in changes.items():
        field = "status" if name == "outcome" else name
        given = Outcome(changed) if name == "outcome" else changed
        book.tally.request(record(**{field: given}))
    book.tally.put()
    assert book.value("tollhouse_requests_total", **REQUESTS) == 1
    for name, changed in changes.items():
        assert book.value("tollhouse_requests_total", **REQUESTS | {name: changed}) == 1


def test_two_kinds_share_what_the_conventions_do_not_tell_apart(book: Book) -> None:
    """Orgs and outcomes are no labels of the GenAI histograms."""
    book.tally.request(record())
    book.tally.request(record(org="hobby", status=Outcome.CLIENT_DISCONNECTED))
    book.tally.put()
    assert book.value("gen_ai_server_request_duration_seconds_count", **GEN_AI) == 2
    assert book.value("gen_ai_server_time_to_first_token_seconds_sum", **GEN_AI) == 0.4


def test_sums_of_many_costs_are_exact(book: Book) -> None:
    """Costs are added up as whole numbers."""
    for _ in range(1000):
        book.tally.request(record(cost=1_000_000_001))
    book.tally.put()
    labels = {"model": "azure/gpt-4o", "org": "acme"}
    assert book.value("tollhouse_cost_usd_total", **labels) == 100.0000001


def test_clock_that_was_put_back_takes_no_time(book: Book) -> None:
    """A request that ended before it began took 0 seconds, and the sum never falls."""
    book.tally.request(record(ended_at=START - 5_000_000, first_byte_us=1))
    book.tally.put()
    assert book.value("gen_ai_server_request_duration_seconds_sum", **GEN_AI) == 0
    assert book.value("gen_ai_server_time_per_output_token_seconds_sum", **GEN_AI) == 0
    assert book.value("gen_ai_server_request_duration_seconds_count", **GEN_AI) == 1


@pytest.mark.parametrize(
    "changes", [{"started_at": "canary"}, {"cost": "canary"}, {"overhead_us": None}]
)
def test_record_that_cannot_be_counted_is_not_counted_in_part(
    book: Book, changes: dict[str, object]
) -> None:
    """It raises, and leaves every number as it was."""
    with pytest.raises(TypeError):
        book.tally.request(record(**changes))
    book.tally.put()
    assert book.value("tollhouse_requests_total", **REQUESTS) is None
    assert book.value("tollhouse_overhead_seconds_count") == 0


def test_what_the_library_does_not_take_holds_nothing_else_up(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number that could not be told is lost; the others, and that kind's next, are told."""
    book.tally.request(record(org="first"))
    book.tally.request(record(org="last"))
    with monkeypatch.context() as broken:
        broken.setattr(Counter, "inc", _refuse)
        with pytest.raises(OSError, match="full"):
            book.tally.put()
    book.tally.put()
    book.tally.request(record(org="first"))
    book.tally.request(record(org="last"))
    book.tally.put()
    counts = [
        book.value("tollhouse_requests_total", **REQUESTS | {"org": org})
        for org in ("first", "last")
    ]
    assert sorted(count or 0 for count in counts) == [1, 2]


def _refuse(_counter: Counter, _amount: float = 1) -> None:
    raise OSError("the disk is full")
