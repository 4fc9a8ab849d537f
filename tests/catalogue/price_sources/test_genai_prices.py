"""The data of genai-prices: units, tiers, dates, conditions, and how its names are matched."""

import dataclasses
import json
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

from tollhouse.catalogue.price_sources.book import Origin, PriceBook, PriceEntry
from tollhouse.catalogue.price_sources.genai_prices import from_package, providers_of, read

NOW = datetime(2026, 6, 1, tzinfo=UTC).timestamp()


def book_of(*models: dict[str, Any], **provider: Any) -> PriceBook:
    """A list of one provider."""
    raw = {"id": "acme", "name": "Acme", "api_pattern": "https://api\\.acme\\.test", **provider}
    data = json.loads(json.dumps([{**raw, "models": models}]), parse_float=Decimal)
    return read(data, NOW)


def entry_of(prices: Any, **model: Any) -> PriceEntry:
    """The one entry of a list."""
    raw = {"id": "m-1", "match": {"equals": "m-1"}, "prices": prices, **model}
    (entry,) = book_of(raw).entries
    return entry


def left_of(entry: PriceEntry) -> dict[str, str]:
    """Why what was not placed has no place, by name."""
    return {one.field: one.reason for one in entry.unplaced}


@pytest.mark.parametrize(
    ("field", "price", "ours", "kept"),
    [
        ("input_mtok", 2.5, "input_per_1m_tokens", "2.5"),
        ("output_mtok", 10, "output_per_1m_tokens", "10"),
        ("cache_read_mtok", 0.075, "cached_input_per_1m_tokens", "0.075"),
        ("cache_write_mtok", 3.75, "cache_write_per_1m_tokens", "3.75"),
        ("cache_write_5m_mtok", 3.75, "cache_write_per_1m_tokens", "3.75"),
        ("cache_write_1h_mtok", 6, "cache_write_1h_per_1m_tokens", "6"),
        ("input_audio_mtok", 40, "audio_input_per_1m_tokens", "40"),
        ("input_image_mtok", 10, "image_input_per_1m_tokens", "10"),
        ("output_reasoning_mtok", 3, "reasoning_per_1m_tokens", "3"),
        ("output_audio_mtok", 80, "audio_output_per_1m_tokens", "80"),
        ("output_image_mtok", 40, "image_output_per_1m_tokens", "40"),
        ("requests_kcount", 5, "per_request", "0.005"),
        ("web_searches_kcount", 10, "per_search", "0.01"),
        ("rerank_searches_kcount", 2, "per_search", "0.002"),
        ("input_mchars", 15, "per_character", "0.000015"),
        ("audio_hours", 0.36, "per_second", "0.0001"),
        ("input_audio_hours", 0.36, "per_second", "0.0001"),
        ("input_audio_minutes", 0.006, "per_second", "0.0001"),
    ],
)
def test_unit_of_the_list_becomes_ours(field: str, price: float, ours: str, kept: str) -> None:
    """Prices are per million, per thousand or per minute there; each becomes the unit here."""
    entry = entry_of({field: price})

    assert (entry.pricing, entry.unplaced, entry.faults) == ({ours: kept}, (), ())


def test_tiers_of_several_prices_become_tiers_of_a_block() -> None:
    """Each price has tiers of its own there, each tier all of its prices here."""
    entry = entry_of(
        {
            "input_mtok": {"base": 3, "tiers": [{"start": 200_000, "price": 6}]},
            "output_mtok": {"base": 15, "tiers": [{"start": 200_000, "price": 22.5}]},
            "cache_read_mtok": 0.3,
        }
    )

    assert entry.pricing == {
        "input_per_1m_tokens": "3",
        "output_per_1m_tokens": "15",
        "cached_input_per_1m_tokens": "0.3",
        "tiers": [
            {
                "above_input_tokens": 200_000,
                "input_per_1m_tokens": "6",
                "output_per_1m_tokens": "22.5",
            }
        ],
    }


def test_last_price_that_has_started_counts() -> None:
    """An earlier one is past; one to come is named with its day."""
    entry = entry_of(
        [
            {"prices": {"input_mtok": 5}},
            {"constraint": {"start_date": "2026-03-13"}, "prices": {"input_mtok": 4}},
            {"constraint": {"start_date": "2026-06-02"}, "prices": {"input_mtok": 3}},
        ]
    )

    assert entry.pricing == {"input_per_1m_tokens": "4"}
    assert left_of(entry) == {"input_mtok": "has no place before 2026-06-02"}


@pytest.mark.parametrize(
    ("constraint", "reason"),
    [
        (
            {"start_time": "00:30:00Z", "end_time": "16:30:00Z"},
            "has no place: it holds from 00:30:00Z to 16:30:00Z of a day",
        ),
        ({"weekday": 6}, "has no place: it holds under a condition (weekday: 6)"),
        ({"start_date": "2026-13-45"}, None),
        ("soon", "has no place: it holds under a condition (soon)"),
    ],
)
def test_price_under_a_condition_is_named(constraint: Any, reason: str | None) -> None:
    """The price of every hour is taken; one that holds at times only has no place."""
    entry = entry_of(
        [
            {"prices": {"input_mtok": 1}},
            {"constraint": constraint, "prices": {"input_mtok": 2}},
        ]
    )

    assert entry.pricing == {"input_per_1m_tokens": "1"}
    told = left_of(entry)["input_mtok"]
    assert told == reason if reason else "2026-13-45" in told


def test_variants_by_service_tier_and_batch_have_a_place() -> None:
    """Other conditions, and sizes of input within a service tier, are named."""
    tiered = {"base": 0.5, "tiers": [{"start": 200_000, "price": 1}]}
    entry = entry_of(
        {"input_mtok": 1},
        price_variants=[
            {"when": {"processing": "batch"}, "prices": {"input_mtok": tiered}},
            {"when": {"service_tier": "priority"}, "prices": {"input_mtok": 2}},
            {"when": {"speed": "fast"}, "prices": {"input_mtok": 6}},
            {"when": {"service_tier": "flex", "route": "eu"}, "prices": {"input_mtok": 7}},
        ],
    )

    assert entry.pricing["service_tiers"] == {
        "batch": {"input_per_1m_tokens": "0.5"},
        "priority": {"input_per_1m_tokens": "2"},
    }
    assert set(left_of(entry)) == {
        "batch.input_mtok above 200000",
        "input_mtok (speed: fast)",
        "input_mtok (service_tier: flex, route: eu)",
    }


@pytest.mark.parametrize(
    "field",
    ["cache_audio_read_mtok", "input_gpixels", "input_document_kpages", "a_unit_that_is_new"],
)
def test_price_without_a_place_is_named(field: str) -> None:
    """Nothing is dropped silently."""
    assert list(left_of(entry_of({field: 1}))) == [field]


def test_special_name_has_a_place_where_the_general_one_is_not_or_agrees() -> None:
    """The price of text is that of the input, unless the input has another."""
    alone = entry_of({"input_text_mtok": 5, "input_image_mtok": 10})
    other = entry_of({"input_text_mtok": 5, "input_mtok": 6})

    assert alone.pricing == {"input_per_1m_tokens": "5", "image_input_per_1m_tokens": "10"}
    assert other.pricing == {"input_per_1m_tokens": "6"}
    assert list(left_of(other)) == ["input_text_mtok"]


@pytest.mark.parametrize(
    "prices",
    [
        {"input_mtok": -1},
        {"input_mtok": "3"},
        {"input_mtok": {"tiers": []}},
        {"input_mtok": {"base": 1, "tiers": [{"start": "many", "price": 2}]}},
        {"input_audio_minutes": 0.0025},
        ["none"],
    ],
)
def test_unreadable_price_is_a_fault(prices: Any) -> None:
    """What has a place and cannot be read is told, never guessed."""
    assert len(entry_of(prices).faults) == 1


@pytest.mark.parametrize(
    ("clause", "name", "holds"),
    [
        ({"equals": "GPT-4o"}, "gpt-4o", True),
        ({"starts_with": "gpt-4o"}, "GPT-4o-2024-08-06", True),
        ({"ends_with": "mini"}, "gpt-4o", False),
        ({"contains": "claude"}, "us.anthropic.claude-3", True),
        ({"regex": "^o[13]$"}, "o3", True),
        ({"regex": "(["}, "o3", False),
        ({"or": [{"equals": "a"}, {"equals": "b"}]}, "b", True),
        ({"and": [{"starts_with": "a"}, {"ends_with": "z"}]}, "ab", False),
        ({"like": "a"}, "a", False),
        ({"equals": 3}, "3", False),
        ({}, "a", False),
        (None, "a", False),
    ],
)
def test_clauses_say_which_names_mean_a_model(clause: Any, name: str, *, holds: bool) -> None:
    """Letters' case plays no part; what cannot be understood matches nothing."""
    entry = entry_of({"input_mtok": 1}, match=clause)

    assert entry.matches is not None
    assert entry.matches(name) is holds


@pytest.mark.parametrize(
    ("origin", "providers"),
    [
        (Origin("main", None, "https://api.acme.test/v1"), ("acme", "other")),
        (Origin("acme", None, None), ("acme", "other")),
        (Origin("acme-eu", None, "http://127.0.0.1:9"), ("acme", "other")),
        (Origin("lab", None, "http://127.0.0.1:9"), ()),
        (Origin(None, None, None), ()),
    ],
)
def test_provider_is_told_by_address_then_by_name(
    origin: Origin, providers: tuple[str, ...]
) -> None:
    """Whoever stands in for it comes after it."""
    book = book_of(provider_match={"contains": "acme"}, fallback_model_providers=["other"])

    assert book.providers_at(origin) == providers


def test_data_is_recognised_with_and_without_its_units() -> None:
    """Earlier data is the list of providers itself."""
    providers = [{"id": "acme", "models": []}]

    assert providers_of(providers) == providers
    assert providers_of({"units": {}, "providers": providers}) == providers
    others: list[Any] = [None, [], {}, {"providers": {}}, [1], [{"id": "acme"}]]
    for other in others:
        assert providers_of(other) is None


@dataclasses.dataclass
class Clause:
    """As the package's objects are: a name that Python reserves ends in an underscore."""

    or_: list[Any]


class ModelPrice:
    """The package's one object that is no dataclass."""

    def __init__(self, **prices: Any) -> None:
        self.__dict__.update(prices)


@dataclasses.dataclass
class Start:
    """A condition."""

    start_date: date | None = None
    start_time: time | None = None


def test_objects_of_the_package_become_the_data_they_were_made_of() -> None:
    """Decimals stay; what is absent is left out; days and times are text again."""
    plain = from_package(
        [
            Clause(
                [Start(start_date=date(2026, 3, 13)), Start(start_time=time(0, 30, tzinfo=UTC))]
            ),
            {"prices": ModelPrice(input_mtok=Decimal("0.3"), output_mtok=None)},
        ]
    )

    assert plain == [
        {"or": [{"start_date": "2026-03-13"}, {"start_time": "00:30:00+00:00"}]},
        {"prices": {"input_mtok": Decimal("0.3")}},
    ]


def test_installed_package_is_read_whole() -> None:
    """The data of the real package, where it is installed: nothing in it is a fault."""
    data = pytest.importorskip("genai_prices.data")

    book = read(from_package(data.providers), NOW)

    assert len(book.entries) > 500
    assert book.unread == ()
    inexact = {"has no exact form with 12 decimals"}
    assert {one.reason for entry in book.entries for one in entry.faults} <= inexact
