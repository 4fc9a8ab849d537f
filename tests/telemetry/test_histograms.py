"""Histograms that are told many observations at a time read like the library's own."""

import random

import prometheus_client
import pytest
from prometheus_client import CollectorRegistry, disable_created_metrics, generate_latest

from tollhouse.telemetry.histograms import Histogram

BUCKETS = (0.001, 0.1, 1.0, 4.0**13)
LABELS = ("model", "kind")


@pytest.fixture(name="registry")
def _registry() -> CollectorRegistry:
    disable_created_metrics()  # type: ignore[no-untyped-call]
    return CollectorRegistry()


@pytest.mark.parametrize("every", [1, 7, 1000])
def test_scrape_is_that_of_the_librarys_own_histogram(
    registry: CollectorRegistry, every: int
) -> None:
    """Same observations, same text, however many are put at a time."""
    own = Histogram("a", "What it is.", LABELS, registry=registry, buckets=BUCKETS)
    theirs_registry = CollectorRegistry()
    theirs = prometheus_client.Histogram(
        "a", "What it is.", LABELS, registry=theirs_registry, buckets=BUCKETS
    )
    random_ = random.Random(1)
    series = {model: own.series(model, "x") for model in ("m", 'n"\n')}
    for number in range(500):
        model = random_.choice(list(series))
        # Quarters, so that a sum does not depend on its order.
        amount = random_.choice([0.0, 0.25, 1.0, 1.25, 4.0**13, 4.0**14])
        series[model].observe(amount)
        theirs.labels(model, "x").observe(amount)
        if number % every == 0:
            series[model].put()
    for one in series.values():
        one.put()
    assert _lines(registry) == _lines(theirs_registry)


def test_histogram_without_labels_is_there_before_its_first_observation(
    registry: CollectorRegistry,
) -> None:
    """All its buckets are 0, as the library's own are."""
    Histogram("a", "What it is.", (), registry=registry, buckets=BUCKETS)
    theirs = CollectorRegistry()
    prometheus_client.Histogram("a", "What it is.", (), registry=theirs, buckets=BUCKETS)
    assert _lines(registry) == _lines(theirs)


def test_series_that_was_never_observed_is_in_no_scrape(registry: CollectorRegistry) -> None:
    """To have a series at hand makes none, nor does putting nothing."""
    own = Histogram("a", "What it is.", LABELS, registry=registry, buckets=BUCKETS)
    own.series("m", "x").put()
    assert b"{" not in generate_latest(registry)


def test_what_is_not_put_is_in_no_scrape(registry: CollectorRegistry) -> None:
    """And what is put is there once."""
    series = Histogram("a", "What it is.", (), registry=registry, buckets=BUCKETS).series()
    series.observe(0.5)
    assert registry.get_sample_value("a_count") == 0
    series.put()
    series.put()
    assert registry.get_sample_value("a_count") == 1
    assert registry.get_sample_value("a_sum") == 0.5
    assert registry.get_sample_value("a_bucket", {"le": "0.1"}) == 0
    assert registry.get_sample_value("a_bucket", {"le": "1.0"}) == 1


def test_name_is_taken(registry: CollectorRegistry) -> None:
    """Two histograms of one name cannot be in a registry."""
    Histogram("a", "What it is.", (), registry=registry, buckets=BUCKETS)
    with pytest.raises(ValueError, match="Duplicated"):
        Histogram("a", "What it is.", (), registry=registry, buckets=BUCKETS)


def _lines(registry: CollectorRegistry) -> list[bytes]:
    return sorted(generate_latest(registry).splitlines())
