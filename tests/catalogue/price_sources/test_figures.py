"""Published numbers as prices: exact, whatever way they are spelled, or refused."""

import json
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollhouse.catalogue.documents.fields import MAX_PRICE, PRICE_DECIMALS
from tollhouse.catalogue.documents.pricing import Pricing
from tollhouse.catalogue.price_sources.figures import NoPriceError, price_text, same_price


@pytest.mark.parametrize(
    ("spelled", "times", "per", "kept"),
    [
        ("1.5e-07", 1_000_000, 1, "0.15"),
        ("1e-05", 1_000_000, 1, "10"),
        ("3E-6", 1_000_000, 1, "3"),
        ("0.0000000375", 1_000_000, 1, "0.0375"),
        ("0", 1_000_000, 1, "0"),
        ("0.0", 1_000_000, 1, "0"),
        ("2.50", 1, 1, "2.5"),
        ("10", 1, 1000, "0.01"),
        ("0.006", 1, 60, "0.0001"),
        ("1e-12", 1, 1, "0.000000000001"),
        ("1.8749999999e-06", 1_000_000, 1, "1.8749999999"),
        ("10000000", 1, 1, "10000000"),
    ],
)
def test_number_becomes_plain_decimal_text(spelled: str, times: int, per: int, kept: str) -> None:
    """As JSON spells it, per token or per unit; no exponent and no trailing zero is left."""
    value = json.loads(spelled, parse_float=Decimal)

    assert price_text(value, times=times, per=per) == kept


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (Decimal("-1e-7"), "negative"),
        (Decimal("NaN"), "not a number"),
        (Decimal("Infinity"), "not a number"),
        (Decimal("1e-999999"), "out of range"),
        (Decimal("1e999999"), "out of range"),
        (Decimal("3.0000000000000004e-07"), "no exact form"),
        (10**4000, "out of range"),
        (MAX_PRICE + 1, "more than"),
        (0.1, "not a number"),
        (True, "not a number"),
        ("0.1", "not a number"),
        (None, "not a number"),
        ([], "not a number"),
    ],
)
def test_what_is_no_price_is_refused(value: Any, reason: str) -> None:
    """A binary float, a sign, a size or a text is never made into a price."""
    with pytest.raises(NoPriceError, match=reason):
        price_text(value)


def test_inexact_division_is_refused_and_not_rounded() -> None:
    """A minute's price that no second's decimals can hold has no place."""
    with pytest.raises(NoPriceError, match="no exact form"):
        price_text(Decimal("0.0025"), per=60)


@given(
    digits=st.integers(min_value=0, max_value=10**12),
    exponent=st.integers(min_value=-24, max_value=3),
    form=st.sampled_from(["{:f}", "{:e}", "{:E}", "{}"]),
    zeros=st.integers(min_value=0, max_value=3),
)
def test_every_spelling_of_a_number_is_the_same_price(
    digits: int, exponent: int, form: str, zeros: int
) -> None:
    """Text in, text out: the amount is the number's a million times, or it is refused."""
    number = Decimal(digits).scaleb(exponent)
    spelled = form.format(number)
    if "." in spelled and "e" not in spelled.lower():
        spelled += "0" * zeros
    read = json.loads(spelled, parse_float=Decimal)
    exact = Fraction(number) * 10**6

    try:
        kept = price_text(read, times=10**6)
    except NoPriceError:
        assert exact > MAX_PRICE or (exact * 10**PRICE_DECIMALS).denominator != 1
        return

    assert Fraction(kept) == exact
    assert "e" not in kept.lower()
    assert Pricing(input_per_1m_tokens=kept).input_per_1m_tokens == kept


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("3", "3.00", True),
        ("0", "0.0", True),
        ("3", "3.01", False),
        (None, None, True),
        ("0", None, False),
        (None, "0", False),
    ],
)
def test_prices_are_compared_by_amount(one: str | None, other: str | None, *, same: bool) -> None:
    """A spelling is no difference; a price of nothing is not the lack of one."""
    assert same_price(one, other) is same
