"""A published price as the decimal text that a pricing block holds; never by way of a float."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

from ..documents.fields import MAX_PRICE, PRICE_DECIMALS

_WIDEST = 60
"""Digits of a number that are looked at: no price has more, and a hostile one costs no time."""
_UNIT = 10**PRICE_DECIMALS


class NoPriceError(ValueError):
    """A value that cannot stand as a price; says why, as the end of a sentence."""


def price_text(value: Any, *, times: int = 1, per: int = 1) -> str:
    """A price times ``times`` and divided by ``per``, as plain decimal text without exponent.

    ``value`` is an int or a ``Decimal``, as JSON is read with ``parse_float=Decimal``. What cannot
    be written exactly with the decimals that a price may have is refused, not rounded.
    """
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise NoPriceError("is not a number")
    amount = Decimal(value)
    if not amount.is_finite():
        raise NoPriceError("is not a number")
    if amount < 0:
        raise NoPriceError("is negative")
    if abs(amount.adjusted()) > _WIDEST or len(amount.as_tuple().digits) > _WIDEST:
        raise NoPriceError("is out of range")
    steps = Fraction(amount) * times / per * _UNIT
    if steps > MAX_PRICE * _UNIT:
        raise NoPriceError(f"is more than {MAX_PRICE}")
    if steps.denominator != 1:
        raise NoPriceError(f"has no exact form with {PRICE_DECIMALS} decimals")
    whole, rest = divmod(steps.numerator, _UNIT)
    return f"{whole}.{rest:0{PRICE_DECIMALS}}".rstrip("0").rstrip(".")


def same_price(one: Any, other: Any) -> bool:
    """Whether two prices of pricing blocks are the same amount, however they are spelled."""
    if one is None or other is None:
        return one is other
    return Decimal(one) == Decimal(other)
