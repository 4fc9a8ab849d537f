"""What a usage costs, each row with its arithmetic."""

from decimal import Decimal
from typing import Any

import pytest

from pricing.tables import Prices, table
from tollhouse.core.money import to_decimal
from tollhouse.core.prices import PriceTable
from tollhouse.core.usage import Usage
from tollhouse.pricing.charge import charge

D = Decimal
M = D(1_000_000)

PLAIN: Prices = {"input": "3", "output": "15"}
CACHING: Prices = {**PLAIN, "cached_input": "0.3", "cache_write": "3.75", "cache_write_1h": "6"}
REASONING: Prices = {"input": "2", "output": "8", "reasoning": "3"}
AUDIO: Prices = {"input": "2.5", "output": "10", "audio_input": "40", "audio_output": "80"}
PICTURES: Prices = {"input": "5", "image_input": "10", "output": "12", "image_output": "30"}
MINI: Prices = {"input": "0.15", "cached_input": "0.075", "output": "0.6"}
HIGH: Prices = {"input": "6", "output": "22.5"}
ONLY_IN: Prices = {"input": "0.02"}

LONG = table(CACHING, tiers={200_000: HIGH})
LONG_CACHED = table(CACHING, tiers={200_000: {**HIGH, "cached_input": "0.6"}})
STEPS = table(PLAIN, tiers={1000: {"input": "4"}, 2000: {"input": "5", "output": "20"}})
NARROW = table(PLAIN, tiers={1000: {"cached_input": "1"}})
TIERS_BY_SERVICE = table(
    PLAIN, service_tiers={"flex": {"output": "7.5"}, "priority": {"input": "6", "output": "30"}}
)
LONG_FLEX = table(PLAIN, tiers={1000: HIGH}, service_tiers={"flex": {"output": "7.5"}})


def case(name: str, prices: Prices | PriceTable, used: dict[str, Any], cost: D) -> Any:
    """One row: prices, usage (field names without ``_tokens``) and the exact cost."""
    counts = {_FIELDS.get(field, field): value for field, value in used.items()}
    compiled = prices if isinstance(prices, PriceTable) else table(prices)
    return pytest.param(compiled, Usage(**counts), cost, id=name)


_FIELDS = {
    field.removesuffix("_tokens"): field
    for field in Usage.__struct_fields__
    if field.endswith("_tokens")
}

CASES = [
    # Plain input and output.
    case("one of each", PLAIN, {"input": 1, "output": 1}, (1 * D(3) + 1 * D(15)) / M),
    case(
        "a thousand and a few", PLAIN, {"input": 1000, "output": 7}, (1000 * D(3) + 7 * D(15)) / M
    ),
    case("input only", PLAIN, {"input": 42}, 42 * D(3) / M),
    case("output only", PLAIN, {"output": 42}, 42 * D(15) / M),
    case("nothing used", PLAIN, {}, D(0)),
    case("a million in", PLAIN, {"input": 10**6}, D(3)),
    case("a million million in", PLAIN, {"input": 10**12}, D(3_000_000)),
    case("embeddings", ONLY_IN, {"input": 4}, D("0.00000008")),
    case("embeddings of a book", ONLY_IN, {"input": 123_457}, 123_457 * D("0.02") / M),
    case("A22 no float noise", MINI, {"input": 3, "output": 7}, D("0.00000465")),
    case("A22 a hundred-millionth", {"input": "0.01"}, {"input": 1}, D("0.00000001")),
    case("A22 a sum that floats miss", PLAIN, {"input": 235, "output": 61}, D("0.00162")),
    case("A22 below a nano", {"input": "0.0375"}, {"input": 1}, D("0.0000000375")),
    case("mini model", MINI, {"input": 99, "output": 13}, D("0.00002265")),
    # Free is a price.
    case("A14 free model", {"input": "0", "output": "0"}, {"input": 9, "output": 9}, D(0)),
    case("A10 free input", {"input": "0", "output": "2"}, {"input": 9, "output": 9}, 9 * D(2) / M),
    case("A10 free output", {"input": "2", "output": "0"}, {"input": 9, "output": 9}, 9 * D(2) / M),
    case(
        "free cached input", {**PLAIN, "cached_input": "0"}, {"input": 9, "cached_input": 8}, 3 / M
    ),
    # Caches.
    case(
        "A01 a cache write is not also input",
        CACHING,
        {"input": 12307, "cache_write": 12304, "output": 550},
        (3 * D(3) + 12304 * D("3.75") + 550 * D(15)) / M,  # 0.054399
    ),
    case(
        "A01 a cache read is not also input",
        CACHING,
        {"input": 12307, "cached_input": 12304, "output": 550},
        (3 * D(3) + 12304 * D("0.3") + 550 * D(15)) / M,
    ),
    case(
        "read and write together",
        CACHING,
        {"input": 2600, "cached_input": 2000, "cache_write": 400, "output": 1},
        (200 * D(3) + 2000 * D("0.3") + 400 * D("3.75") + 1 * D(15)) / M,
    ),
    case(
        "both kinds of write",
        CACHING,
        {"input": 1000, "cache_write": 300, "cache_write_1h": 200},
        (500 * D(3) + 300 * D("3.75") + 200 * D(6)) / M,
    ),
    case("all of it cached", CACHING, {"input": 500, "cached_input": 500}, 500 * D("0.3") / M),
    case("cached without its price", PLAIN, {"input": 500, "cached_input": 400}, 500 * D(3) / M),
    case("written without its price", PLAIN, {"input": 500, "cache_write": 400}, 500 * D(3) / M),
    case("1h without its price", PLAIN, {"input": 500, "cache_write_1h": 400}, 500 * D(3) / M),
    case(
        "1h falls back to the 5m write",
        {**PLAIN, "cache_write": "3.75"},
        {"input": 500, "cache_write": 100, "cache_write_1h": 200},
        (200 * D(3) + 300 * D("3.75")) / M,
    ),
    case(
        "a 5m write never takes the 1h price",
        {**PLAIN, "cache_write_1h": "6"},
        {"input": 500, "cache_write": 100, "cache_write_1h": 200},
        (300 * D(3) + 200 * D(6)) / M,
    ),
    case(
        "all cached and no input price",
        {"cached_input": "0.3"},
        {"input": 10, "cached_input": 10},
        10 * D("0.3") / M,
    ),
    # Reasoning.
    case(
        "A05 reasoning is in the output",
        PLAIN,
        {"input": 64, "output": 135, "reasoning": 78},
        (64 * D(3) + 135 * D(15)) / M,
    ),
    case(
        "A05 reasoning from outside",
        PLAIN,
        {"input": 10, "output": 376, "reasoning": 375},
        (10 * D(3) + 376 * D(15)) / M,
    ),
    case(
        "A12 reasoning at its own price",
        {**REASONING, "input": "0"},
        {"input": 5, "output": 100, "reasoning": 60},
        (40 * D(8) + 60 * D(3)) / M,
    ),
    case("A12 nothing but reasoning", REASONING, {"output": 60, "reasoning": 60}, 60 * D(3) / M),
    case(
        "A12 dearer reasoning", {**PLAIN, "reasoning": "40"}, {"output": 3, "reasoning": 1}, 70 / M
    ),
    case("free reasoning", {**PLAIN, "reasoning": "0"}, {"output": 3, "reasoning": 2}, 15 / M),
    # Audio.
    case(
        "audio both ways",
        AUDIO,
        {"input": 100, "audio_input": 80, "output": 50, "audio_output": 30},
        (20 * D("2.5") + 80 * D(40) + 20 * D(10) + 30 * D(80)) / M,
    ),
    case("audio without its price", PLAIN, {"input": 100, "audio_input": 80}, 100 * D(3) / M),
    case(
        "audio in a transcript",
        {"input": "2.5", "audio_input": "6", "output": "10"},
        {"input": 14, "audio_input": 14, "output": 45},
        (14 * D(6) + 45 * D(10)) / M,
    ),
    case(
        "cached and audio overlap",
        {**AUDIO, "cached_input": "1"},
        {"input": 100, "cached_input": 80, "audio_input": 50},
        (80 * D(1) + 20 * D(40)) / M,
    ),
    case(
        "a cached audio token without a cached price is audio",
        AUDIO,
        {"input": 100, "cached_input": 80, "audio_input": 50},
        (50 * D("2.5") + 50 * D(40)) / M,
    ),
    case(
        "written and read overlap",
        CACHING,
        {"input": 2168, "cached_input": 2161, "cache_write": 2161},
        (2161 * D("3.75") + 7 * D("0.3")) / M,
    ),
    case(
        "reasoning and audio overlap",
        {**AUDIO, "reasoning": "3"},
        {"output": 100, "reasoning": 70, "audio_output": 60},
        (70 * D(3) + 30 * D(80)) / M,
    ),
    # Images.
    case(
        "A21 image output at its rate",
        PICTURES,
        {"input": 23, "output": 1056, "image_output": 1056},
        (23 * D(5) + 1056 * D(30)) / M,
    ),
    case(
        "A21 picture and words in, picture and words out",
        PICTURES,
        {"input": 400, "image_input": 323, "output": 1100, "image_output": 1056},
        (77 * D(5) + 323 * D(10) + 44 * D(12) + 1056 * D(30)) / M,
    ),
    case("A21 image output without its price", PLAIN, {"output": 9, "image_output": 9}, 135 / M),
    case("A21 three images", {"image": "0.04"}, {"images": 3}, D("0.12")),
    case(
        "A21 images, whatever their tokens",
        {"image": "0.04"},
        {"images": 3, "input": 50, "output": 4000, "image_output": 4000},
        D("0.12"),
    ),
    case(
        "images and tokens both priced",
        {"image": "0.04", "input": "5", "output": "0"},
        {"images": 2, "input": 50, "output": 4000},
        D("0.08") + 50 * D(5) / M,
    ),
    # Units.
    case("a request", {"request": "0.005"}, {"input": 9, "output": 9}, D("0.005")),
    case(
        "a request and its tokens",
        {**PLAIN, "request": "0.005"},
        {"input": 9, "output": 9},
        D("0.005") + (9 * D(3) + 9 * D(15)) / M,
    ),
    case("seconds", {"second": "0.0001"}, {"microseconds": 12_500_000}, D("0.00125")),
    case("a millionth of a second", {"second": "0.0001"}, {"microseconds": 1}, D("0.0000000001")),
    case(
        "a third of a minute price",
        {"second": "0.006"},
        {"microseconds": 333_333},
        D("0.001999998"),
    ),
    case("characters", {"character": "0.000015"}, {"characters": 1234}, 1234 * D(15) / M),
    case("searches", {**PLAIN, "search": "0.005"}, {"input": 1, "searches": 18}, D("0.090003")),
    case("no searches", {**PLAIN, "search": "0.005"}, {"input": 1}, D("0.000003")),
    case("searches without a price", PLAIN, {"input": 1, "searches": 18}, D("0.000003")),
    case(
        "deep research",
        {"input": "2", "output": "8", "reasoning": "3", "search": "0.005"},
        {"input": 33 + 19028, "output": 11395 + 193947, "reasoning": 193947, "searches": 21},
        ((33 + 19028) * D(2) + 11395 * D(8) + 193947 * D(3)) / M + 21 * D("0.005"),  # 0.816123
    ),
    # Tiers.
    case(
        "A13 exactly at the bound",
        LONG,
        {"input": 200_000, "output": 10},
        (200_000 * D(3) + 10 * D(15)) / M,
    ),
    case(
        "A13 one above switches all of it",
        LONG,
        {"input": 200_001, "output": 10},
        (200_001 * D(6) + 10 * D("22.5")) / M,
    ),
    case(
        "A13 cached tokens count for the bound",
        LONG_CACHED,
        {"input": 200_001, "cached_input": 200_000},
        (1 * D(6) + 200_000 * D("0.6")) / M,
    ),
    case(
        "A13 cached below the bound",
        LONG_CACHED,
        {"input": 200_000, "cached_input": 199_999},
        (1 * D(3) + 199_999 * D("0.3")) / M,
    ),
    case(
        "A13 output does not count for the bound",
        LONG,
        {"input": 10, "output": 250_000},
        (10 * D(3) + 250_000 * D(15)) / M,
    ),
    case(
        "a class that the tier does not name keeps its rate",
        LONG,
        {"input": 200_001, "cached_input": 200_000},
        (1 * D(6) + 200_000 * D("0.3")) / M,
    ),
    case(
        "a class without any rate takes its parent's of the tier",
        table(PLAIN, tiers={200_000: HIGH}),
        {"input": 200_001, "cached_input": 200_000},
        200_001 * D(6) / M,
    ),
    case("below every step", STEPS, {"input": 1000, "output": 1}, (1000 * D(3) + 15) / M),
    case("first step", STEPS, {"input": 1001, "output": 1}, (1001 * D(4) + 15) / M),
    case("at the second bound", STEPS, {"input": 2000, "output": 1}, (2000 * D(4) + 15) / M),
    case("second step", STEPS, {"input": 2001, "output": 1}, (2001 * D(5) + 20) / M),
    case("a tier may add a class", NARROW, {"input": 1001, "cached_input": 1000}, D("0.001003")),
    case("a tier's class below it", NARROW, {"input": 1000, "cached_input": 999}, 1000 * D(3) / M),
    # Service tiers.
    case(
        "flex halves the output",
        TIERS_BY_SERVICE,
        {"input": 10, "output": 10, "service_tier": "flex"},
        (10 * D(3) + 10 * D("7.5")) / M,
    ),
    case(
        "priority doubles both",
        TIERS_BY_SERVICE,
        {"input": 10, "output": 10, "service_tier": "priority"},
        (10 * D(6) + 10 * D(30)) / M,
    ),
    case(
        "default is the base",
        TIERS_BY_SERVICE,
        {"input": 10, "output": 10, "service_tier": "default"},
        (10 * D(3) + 10 * D(15)) / M,
    ),
    case(
        "no service tier is the base",
        TIERS_BY_SERVICE,
        {"input": 10, "output": 10},
        (10 * D(3) + 10 * D(15)) / M,
    ),
    case(
        "the service tier goes on top of the tier",
        LONG_FLEX,
        {"input": 1001, "output": 10, "service_tier": "flex"},
        (1001 * D(6) + 10 * D("7.5")) / M,
    ),
    # Rounding, half to even, once for the whole request.
    case("half down to even", {"input": "0.00005"}, {"input": 1}, D(0)),
    case("half up to even", {"input": "0.00015"}, {"input": 1}, D("0.0000000002")),
    case("above half", {"input": "0.000051"}, {"input": 1}, D("0.0000000001")),
    case(
        "two halves make one",
        {"input": "0.00005", "output": "0.00005"},
        {"input": 1, "output": 1},
        D("0.0000000001"),
    ),
    case(
        "A23 a price ten times higher",
        {"input": "30", "output": "150"},
        {"input": 235, "output": 61},
        D("0.0162"),
    ),
]


@pytest.mark.parametrize(("prices", "usage", "expected"), CASES)
def test_costs_are_exact_to_ten_decimals(prices: PriceTable, usage: Usage, expected: D) -> None:
    """Every row costs what its arithmetic says, and its items add up to that."""
    found = charge(prices, usage)
    assert found.cost is not None
    assert to_decimal(found.cost) == expected
    assert sum(found.items.values()) == found.cost
    assert found.unpriced_reason is None
