"""The head of an answer: names that any id survives in, costs without noise, dates of an end."""

from collections.abc import Iterable
from decimal import Decimal

import pytest

from pipeline.rig import NOW, Aloft, metered, model, prices, record
from tollhouse.core.model import Model
from tollhouse.core.record import Attempt
from tollhouse.pipeline.head import (
    answer_head,
    cost_headers,
    error_head,
    lifecycle_headers,
    stream_head,
)

DAY = 86_400.0


def read(head: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by name; none is there twice."""
    pairs = [(name.decode(), value.decode("ascii")) for name, value in head]
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


@pytest.fixture(name="aloft")
async def _aloft() -> Aloft:
    return Aloft()


async def test_an_answer_says_who_served_it_and_after_what(aloft: Aloft) -> None:
    """Served and requested model, provider, attempts, first fault, version, overhead."""
    flight = aloft.flight
    flight.record = record(requested_model="asked", catalogue_version=7)
    flight.attempts = [Attempt("asked", "x", "status_500", 1), Attempt("m", "p", "ok", 1)]
    flight.first_fault = "status_500"
    aloft.clock.time += 0.25
    flight.upstream_wait = 0.125
    assert read(answer_head(flight, model(), "application/json", NOW)) == {
        "content-type": "application/json",
        "x-request-id": "r-1",
        "x-tollhouse-model": "m",
        "x-tollhouse-requested-model": "asked",
        "x-tollhouse-provider": "p",
        "x-tollhouse-attempts": "2",
        "x-tollhouse-failover": "status_500",
        "x-tollhouse-catalogue-version": "7",
        "x-tollhouse-overhead-ms": "125.000",
    }


async def test_B08_a_stream_counts_the_attempt_under_way_and_asks_not_to_be_buffered(
    aloft: Aloft,
) -> None:
    """Its own attempt is not over yet when its head goes out."""
    head = read(stream_head(aloft.flight, model(), "text/event-stream", NOW))
    assert head["x-tollhouse-attempts"] == "1"
    assert head["x-tollhouse-failover"] == "none"
    assert (head["cache-control"], head["x-accel-buffering"]) == ("no-cache", "no")
    assert "x-tollhouse-cost" not in head


async def test_an_error_tells_of_the_attempts_too(aloft: Aloft) -> None:
    """All but who served it, since nobody did."""
    aloft.flight.attempts = [Attempt("m", "p", "connect", 1)]
    aloft.flight.first_fault = "connect"
    assert error_head(aloft.flight) == {
        "x-tollhouse-requested-model": "m",
        "x-tollhouse-attempts": "1",
        "x-tollhouse-failover": "connect",
        "x-tollhouse-catalogue-version": "0",
        "x-tollhouse-overhead-ms": "0.000",
    }


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("bedrock/anthropic.claude-3:0@v1+x", "bedrock/anthropic.claude-3:0@v1+x"),
        ("modèle/日本", "mod%C3%A8le/%E6%97%A5%E6%9C%AC"),
        ("50%", "50%"),
    ],
)
async def test_F01_ids_of_any_letters_fit_into_a_header(
    aloft: Aloft, name: str, shown: str
) -> None:
    """ASCII as it is, everything else percent-encoded as UTF-8."""
    aloft.flight.record = record(requested_model=name)
    head = read(answer_head(aloft.flight, model(name), "application/json", NOW))
    assert head["x-tollhouse-model"] == head["x-tollhouse-requested-model"] == shown
    assert error_head(aloft.flight)["x-tollhouse-requested-model"] == shown


# --- Costs ---


@pytest.mark.parametrize(
    ("tokens", "cost"),
    [((3, 7), "0.000114"), ((0, 0), "0"), ((1, 0), "0.000003"), ((10**6, 0), "3")],
)
def test_A22_a_cost_is_written_without_noise(tokens: tuple[int, int], cost: str) -> None:
    """A plain number: no exponent, no rest of a binary fraction."""
    told = b'{"prompt_tokens": %d, "completion_tokens": %d}' % tokens
    head = read(cost_headers(metered(told).metered))
    assert head == {"x-tollhouse-cost": cost, "x-tollhouse-cost-status": "exact"}
    assert Decimal(cost) == (tokens[0] * Decimal(3) + tokens[1] * Decimal(15)) / 10**6


def test_A14_no_price_is_no_number() -> None:
    """Unpriced says so and shows no cost; free shows 0."""
    told = b'{"prompt_tokens": 1, "completion_tokens": 1}'
    assert read(cost_headers(metered(told, model(pricing=None)).metered)) == {
        "x-tollhouse-cost-status": "unpriced"
    }
    assert read(cost_headers(None)) == {"x-tollhouse-cost-status": "unpriced"}
    free = read(cost_headers(metered(told, model(pricing=prices("0", "0"))).metered))
    assert free["x-tollhouse-cost"] == "0"


# --- Lifecycle ---


def ending(**fields: object) -> Model:
    """A model that ends a day after now, announced a day before."""
    usual = {"end_of_life_at": NOW + DAY, "deprecated_at": NOW - DAY}
    return model(**{**usual, **fields})  # type: ignore[arg-type]


def test_F10_an_announced_end_is_told_in_three_headers() -> None:
    """When it was announced, when it comes, and what comes after (RFC 9745, RFC 8594, RFC 5829)."""
    head = read(lifecycle_headers(ending(replacement_model_id="new/m:1"), NOW))
    assert head == {
        "deprecation": "@1759913600",
        "sunset": "Fri, 10 Oct 2025 08:53:20 GMT",
        "link": '</v1/models/new/m:1>; rel="successor-version"',
    }


def test_F10_without_a_replacement_there_is_no_link() -> None:
    """And without a date of announcement the model's own beginning stands for it."""
    head = read(lifecycle_headers(ending(deprecated_at=None, created_at=NOW - 9 * DAY), NOW))
    assert set(head) == {"deprecation", "sunset"}
    assert head["deprecation"] == "@1759222400"


def test_F10_only_a_model_whose_end_is_ahead_is_deprecated() -> None:
    """Not one without an end, one past it, or a disabled one."""
    assert lifecycle_headers(model(), NOW) == []
    assert lifecycle_headers(ending(), NOW + DAY) == []
    assert lifecycle_headers(ending(enabled=False), NOW) == []


def test_F10_a_replacement_of_odd_letters_is_a_valid_link() -> None:
    """Quotes and brackets cannot end the target early."""
    (link,) = [
        value
        for name, value in lifecycle_headers(ending(replacement_model_id='x">é'), NOW)
        if name == b"link"
    ]
    assert link == b'</v1/models/x%22%3E%C3%A9>; rel="successor-version"'


async def test_F10_a_deprecated_model_has_them_on_its_answers(aloft: Aloft) -> None:
    """Whole and streamed."""
    for make in (answer_head, stream_head):
        assert "sunset" in read(make(aloft.flight, ending(), "application/json", NOW))
