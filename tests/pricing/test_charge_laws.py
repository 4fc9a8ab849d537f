"""Laws of pricing that hold for any prices and any usage."""

from decimal import ROUND_HALF_EVEN, Decimal

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tollhouse.core.charge import Charge
from tollhouse.core.money import to_decimal
from tollhouse.core.prices import PriceClass, PriceTable, PriceTier
from tollhouse.core.usage import Usage
from tollhouse.pricing.charge import charge, total

_TOKENS = st.integers(0, 10**6) | st.integers(0, 10**12)
_RATE = st.integers(0, 10**15) | st.integers(0, 10**9)
_RATES = st.dictionaries(st.sampled_from(PriceClass), _RATE)
_FULL_RATES = _RATES.map(
    lambda rates: {PriceClass.INPUT: 3 * 10**12, PriceClass.OUTPUT: 15 * 10**12} | rates
)


@st.composite
def _token_usages(draw: st.DrawFn) -> Usage:
    entered, left = draw(_TOKENS), draw(_TOKENS)
    written = draw(st.integers(0, entered))
    return Usage(
        input_tokens=entered,
        cached_input_tokens=draw(st.integers(0, entered)),
        cache_write_tokens=written // 3,
        cache_write_1h_tokens=written - written // 3,
        audio_input_tokens=draw(st.integers(0, entered)),
        image_input_tokens=draw(st.integers(0, entered)),
        output_tokens=left,
        reasoning_tokens=draw(st.integers(0, left)),
        audio_output_tokens=draw(st.integers(0, left)),
        image_output_tokens=draw(st.integers(0, left)),
    )


_USAGES = st.builds(
    msgspec.structs.replace,
    _token_usages(),
    images=st.integers(0, 100),
    microseconds=st.integers(0, 10**10),
    characters=st.integers(0, 10**6),
    searches=st.integers(0, 100),
)
_TABLES = st.builds(
    PriceTable,
    rates=_RATES,
    tiers=st.lists(st.integers(0, 10**6), unique=True, max_size=3).flatmap(
        lambda bounds: st.tuples(
            *(st.builds(PriceTier, st.just(bound), _RATES) for bound in sorted(bounds))
        )
    ),
)


@given(_TABLES, _USAGES)
def test_costs_are_never_negative_and_items_add_up(prices: PriceTable, usage: Usage) -> None:
    """A cost is at least 0 and is the sum of its items, each of which is at least 0."""
    found = charge(prices, usage)
    if found.cost is None:
        assert found.unpriced_reason is not None
        return
    assert found.cost >= 0
    assert sum(found.items.values()) == found.cost
    assert all(item >= 0 for item in found.items.values())


@given(_FULL_RATES, _token_usages(), st.integers(0, 10**6), st.integers(0, 10**6))
def test_more_tokens_never_cost_less(
    rates: dict[PriceClass, int], usage: Usage, more_in: int, more_out: int
) -> None:
    """With one set of rates the cost grows with the input and with the output."""
    prices = PriceTable(rates=rates)
    larger = msgspec.structs.replace(
        usage,
        input_tokens=usage.input_tokens + more_in,
        output_tokens=usage.output_tokens + more_out,
    )
    assert _known(charge(prices, larger)) >= _known(charge(prices, usage))


@given(_RATE, _RATE, _TOKENS, _TOKENS)
def test_plain_costs_are_the_exact_sum_rounded_once(
    rate_in: int, rate_out: int, entered: int, left: int
) -> None:
    """Input and output cost what decimal arithmetic says, half to even at ten decimals."""
    prices = PriceTable(rates={PriceClass.INPUT: rate_in, PriceClass.OUTPUT: rate_out})
    found = charge(prices, Usage(input_tokens=entered, output_tokens=left))
    exact = Decimal((0, tuple(map(int, str(rate_in * entered + rate_out * left))), -18))
    assert to_decimal(_known(found)) == exact.quantize(Decimal("1E-10"), ROUND_HALF_EVEN)


@given(_FULL_RATES, _token_usages())
def test_a_token_is_priced_once(rates: dict[PriceClass, int], usage: Usage) -> None:
    """With one rate for every class of token, only the two wholes matter."""
    tokens = dict.fromkeys(
        (kind for kind in rates if kind.value.endswith(("input", "output", "reasoning"))), 10**12
    )
    tokens |= {PriceClass.CACHE_WRITE: 10**12, PriceClass.CACHE_WRITE_1H: 10**12}
    found = charge(PriceTable(rates=tokens), usage)
    assert found.cost == (usage.input_tokens + usage.output_tokens) * 10**4


@given(st.lists(_token_usages(), max_size=4), _FULL_RATES)
@settings(max_examples=50)
def test_A15_a_sum_is_the_sum_of_its_attempts(
    usages: list[Usage], rates: dict[PriceClass, int]
) -> None:
    """Summing rounds nothing."""
    charges = [charge(PriceTable(rates=rates), usage) for usage in usages]
    found = total(charges)
    assert found.cost == sum(_known(part) for part in charges)
    assert sum(found.items.values()) == found.cost


def test_A22_ten_thousand_small_costs_add_up_exactly() -> None:
    """Ten thousand times 0.00000465 is 0.0465."""
    prices = PriceTable(rates={PriceClass.INPUT: 150 * 10**9, PriceClass.OUTPUT: 600 * 10**9})
    one = charge(prices, Usage(input_tokens=3, output_tokens=7))
    assert to_decimal(_known(total([one] * 10_000))) == Decimal("0.0465")


def _known(found: Charge) -> int:
    assert found.cost is not None
    return found.cost
