"""What a usage costs, and what it says when it costs nothing known."""

from decimal import Decimal

import pytest

from pricing.tables import Prices, table
from tollhouse.core.charge import Charge, Unpriced
from tollhouse.core.money import write
from tollhouse.core.prices import PriceClass, PriceTable
from tollhouse.core.record import CostStatus
from tollhouse.core.usage import Unusable, Usage
from tollhouse.pricing.charge import charge, in_credits, total

D = Decimal
PLAIN: Prices = {"input": "3", "output": "15"}
CACHING: Prices = {**PLAIN, "cached_input": "0.3", "cache_write": "3.75", "cache_write_1h": "6"}
MINI: Prices = {"input": "0.15", "cached_input": "0.075", "output": "0.6"}
ONLY_IN: Prices = {"input": "0.02"}

UNPRICED = [
    pytest.param(None, Usage(input_tokens=1), Unpriced.NO_PRICING, id="A14 no pricing"),
    pytest.param(table({}), Usage(input_tokens=1), Unpriced.NO_PRICING, id="an empty table"),
    pytest.param(table({}), Usage(), Unpriced.NO_PRICING, id="an empty table and nothing used"),
    pytest.param(table(PLAIN), None, Unpriced.NO_USAGE, id="no usage"),
    pytest.param(table(PLAIN), Unusable("x"), Unpriced.UNUSABLE_USAGE, id="A07 unusable"),
    pytest.param(
        table(ONLY_IN),
        Usage(input_tokens=1, output_tokens=1),
        Unpriced.NO_RATE,
        id="output without a price",
    ),
    pytest.param(
        table({"output": "1"}),
        Usage(input_tokens=1, output_tokens=1),
        Unpriced.NO_RATE,
        id="input without a price",
    ),
    pytest.param(
        table({"cached_input": "1", "output": "1"}),
        Usage(input_tokens=2, cached_input_tokens=1),
        Unpriced.NO_RATE,
        id="the uncached part without a price",
    ),
    pytest.param(
        table({"second": "0.0001"}),
        Usage(output_tokens=12),
        Unpriced.NO_RATE,
        id="a length that nobody told",
    ),
    pytest.param(
        table({"image": "0.04"}),
        Usage(input_tokens=12),
        Unpriced.NO_RATE,
        id="images that nobody counted",
    ),
    pytest.param(
        table(PLAIN), Usage(characters=12), Unpriced.NO_RATE, id="characters at token prices"
    ),
    pytest.param(
        table(PLAIN, from_upstream=True),
        Usage(input_tokens=1),
        Unpriced.NO_UPSTREAM_COST,
        id="a provider that names no amount",
    ),
]


@pytest.mark.parametrize(("prices", "usage", "reason"), UNPRICED)
def test_unknown_costs_are_none_and_say_why(
    prices: PriceTable | None, usage: Usage | Unusable | None, reason: Unpriced
) -> None:
    """What has no price costs nothing known: not 0."""
    found = charge(prices, usage)
    assert found.cost is None
    assert found.items == {}
    assert found.unpriced_reason is reason
    assert found.status is CostStatus.UNPRICED


def test_A01_anthropic_cache_write_costs_what_the_invoice_says() -> None:
    """The reported invoice line is met to the digit."""
    usage = Usage(input_tokens=12307, cache_write_tokens=12304, output_tokens=550)
    found = charge(table(CACHING), usage)
    assert write(found.cost or 0) == "0.054399"


def test_items_are_named_by_the_class_that_priced_them() -> None:
    """Cached tokens without a price of their own are part of the input item."""
    usage = Usage(input_tokens=10, cached_input_tokens=4, output_tokens=3, reasoning_tokens=1)
    assert charge(table(PLAIN), usage).items == {
        PriceClass.INPUT: 10 * 30_000,
        PriceClass.OUTPUT: 3 * 150_000,
    }
    priced = charge(table({**PLAIN, "cached_input": "1", "reasoning": "2"}), usage)
    assert priced.items == {
        PriceClass.CACHED_INPUT: 4 * 10_000,
        PriceClass.INPUT: 6 * 30_000,
        PriceClass.REASONING: 1 * 20_000,
        PriceClass.OUTPUT: 2 * 150_000,
    }


def test_the_item_with_the_largest_rest_is_rounded_up() -> None:
    """0.4 and 0.3 and 0.3 steps make one, and it goes to the 0.4."""
    prices = {"input": "0.00004", "cached_input": "0.00003", "output": "0.00003"}
    found = charge(table(prices), Usage(input_tokens=2, cached_input_tokens=1, output_tokens=1))
    assert found.cost == 1
    assert found.items == {
        PriceClass.INPUT: 1,
        PriceClass.CACHED_INPUT: 0,
        PriceClass.OUTPUT: 0,
    }


def test_A23_a_charge_carries_the_version_of_its_prices() -> None:
    """Which prices were in force can be told afterwards, also where they did not suffice."""
    assert charge(table(PLAIN), Usage(input_tokens=1)).price_version == 7
    assert charge(table(PLAIN), None).price_version == 7
    assert charge(table(PLAIN, currency="EUR"), Usage(input_tokens=1)).currency == "EUR"


def test_requests_are_counted_by_the_caller() -> None:
    """A request that was not made is not billed."""
    assert charge(table({"request": "0.01"}), Usage(), requests=0).cost == 0
    assert charge(table({"request": "0.01"}), Usage(), requests=2).cost == 200_000_000


def test_A20_the_status_of_an_estimate_is_kept() -> None:
    """A charge says how far it can be trusted."""
    found = charge(table(PLAIN), Usage(input_tokens=1), status=CostStatus.ESTIMATED)
    assert found.status is CostStatus.ESTIMATED
    assert charge(None, Usage(), status=CostStatus.ESTIMATED).status is CostStatus.UNPRICED


def test_A19_our_price_wins_and_theirs_is_kept() -> None:
    """The catalogue's price is the cost; what the provider said stands beside it."""
    found = charge(table(PLAIN), Usage(input_tokens=1, upstream_cost=99_900_000_000))
    assert found.cost == 30_000
    assert found.upstream_cost == 99_900_000_000


def test_upstream_pricing_takes_what_the_provider_billed() -> None:
    """The amount is taken as it is, in USD, whatever the table's rates say."""
    prices = table(PLAIN, from_upstream=True, currency="EUR")
    found = charge(prices, Usage(input_tokens=1, upstream_cost=758_000))
    assert (found.cost, found.currency, found.items) == (758_000, "USD", {})
    assert charge(prices, Usage(upstream_cost=0)).cost == 0


def test_upstream_pricing_needs_no_sound_counts() -> None:
    """A billed amount holds even where the counts make no sense."""
    prices = table({}, from_upstream=True)
    assert charge(prices, Unusable("reasoning", upstream_cost=702_000)).cost == 702_000


def test_A15_attempts_add_up_each_at_its_own_price() -> None:
    """A failed attempt that was billed is part of the request's cost."""
    failed = charge(table(PLAIN), Usage(input_tokens=10, output_tokens=2))
    served = charge(table(MINI), Usage(input_tokens=10, output_tokens=20, upstream_cost=5))
    found = total([failed, served])
    assert found.cost == (10 * 30_000 + 2 * 150_000) + (10 * 1_500 + 20 * 6_000)
    assert found.items == {
        PriceClass.INPUT: 10 * 31_500,
        PriceClass.OUTPUT: 2 * 150_000 + 20 * 6_000,
    }
    assert sum(found.items.values()) == found.cost
    assert found.upstream_cost == 5


def test_A15_one_unpriced_attempt_makes_the_sum_unknown() -> None:
    """A sum that leaves something out is not a sum."""
    found = total([charge(table(PLAIN), Usage(input_tokens=1)), charge(None, Usage())])
    assert found.cost is None
    assert found.unpriced_reason is Unpriced.NO_PRICING


def test_no_billed_attempt_costs_nothing() -> None:
    """A request that never reached a provider is free."""
    assert total([]).cost == 0


def test_a_sum_is_as_certain_as_its_least_certain_part() -> None:
    """One estimate makes the sum an estimate."""
    one = Usage(input_tokens=1)
    parts = [charge(table(PLAIN), one, status=status) for status in (CostStatus.PARTIAL,) * 2]
    assert total(parts).status is CostStatus.PARTIAL
    parts.append(charge(table(PLAIN), one, status=CostStatus.ESTIMATED))
    assert total(parts).status is CostStatus.ESTIMATED


def test_money_of_two_kinds_does_not_add_up() -> None:
    """Attempts in USD and EUR have no common sum."""
    parts = [
        charge(table(PLAIN, currency=currency), Usage(input_tokens=1))
        for currency in ("USD", "EUR")
    ]
    found: Charge = total(parts)
    assert found.cost is None
    assert found.unpriced_reason is Unpriced.MIXED_CURRENCIES


@pytest.mark.parametrize(
    ("used", "multiplier", "expected"),
    [(1000, 2, "2"), (1234, 2, "2.468"), (1, 1, "0.001"), (0, 5, "0"), (999, 0, "0")],
)
def test_credits_are_thousands_of_tokens_times_the_multiplier(
    used: int, multiplier: int, expected: str
) -> None:
    """Credits are exact decimals."""
    usage = Usage(input_tokens=used - used // 2, output_tokens=used // 2)
    assert in_credits(usage, multiplier) == D(expected)
