"""Money is whole numbers, written without noise."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollhouse.core.money import from_decimal, round_to_cost, to_decimal, to_rate, write


@pytest.mark.parametrize(
    ("cost", "written"),
    [
        (0, "0"),
        (1, "0.0000000001"),
        (100, "0.00000001"),
        (1_110_000, "0.000111"),
        (10**10, "1"),
        (12 * 10**10 + 5, "12.0000000005"),
        (-5, "-0.0000000005"),
        (-(10**10), "-1"),
    ],
)
def test_A22_a_cost_is_written_plainly(cost: int, written: str) -> None:
    """No exponent, no trailing zeros, never more than ten decimals."""
    assert write(cost) == written


@given(st.integers(min_value=-(10**25), max_value=10**25))
def test_A22_what_is_written_is_what_it_is(cost: int) -> None:
    """A written cost read as a decimal is the cost."""
    assert Decimal(write(cost)) == to_decimal(cost)
    assert from_decimal(to_decimal(cost)) == cost


@pytest.mark.parametrize(
    ("amount", "cost"),
    [
        (149_999_999, 1),
        (150_000_000, 2),  # a half goes to the even neighbour
        (250_000_000, 2),
        (250_000_001, 3),
        (0, 0),
    ],
)
def test_a_sum_is_rounded_once_half_to_even(amount: int, cost: int) -> None:
    """Rates have eight digits more than costs."""
    assert round_to_cost(amount) == cost


def test_a_rate_keeps_every_digit_or_is_refused() -> None:
    """Twelve decimals per million fit; one more would be lost, so it is an error."""
    assert to_rate(Decimal("0.000000000001"), per=10**6) == 1
    with pytest.raises(ValueError, match="decimals"):
        to_rate(Decimal("0.0000000000001"), per=10**6)
