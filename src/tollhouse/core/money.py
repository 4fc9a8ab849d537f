"""Money as whole numbers: rates, costs, and how a cost is written down.

Two scales are used, both exact:

- a **rate** is an integer of ``10**-18`` currency units per counted thing (token, image, second …),
  so a price of 12 decimals per million tokens is held without rounding;
- a **cost** is an integer of ``10**-10`` currency units, the precision that clients are promised.

A cost is rounded once, half to even, when a whole request has been summed.
"""

from decimal import Decimal

RATE_SCALE = 18
COST_SCALE = 10
RATE_UNIT: int = 10**RATE_SCALE
COST_UNIT: int = 10**COST_SCALE
_STEP: int = 10 ** (RATE_SCALE - COST_SCALE)

Cost = int
"""A cost in ``10**-10`` of its currency."""


def to_rate(price: Decimal, *, per: int = 1) -> int:
    """Turn a price for ``per`` things into a rate; ``ValueError`` if it would lose digits."""
    scaled = price.scaleb(RATE_SCALE) / per
    whole = int(scaled)
    if scaled != whole:
        raise ValueError(f"has more than {RATE_SCALE} decimals for a single unit")
    return whole


def round_to_cost(amount: int) -> Cost:
    """Round a sum of rates times counts to a cost, half to even."""
    whole, rest = divmod(amount, _STEP)
    half = _STEP // 2
    if rest > half or (rest == half and whole & 1):
        whole += 1
    return whole


def from_decimal(value: Decimal) -> Cost:
    """Turn a decimal amount into a cost, half to even."""
    return round_to_cost(int(value.scaleb(RATE_SCALE)))


def to_decimal(cost: Cost) -> Decimal:
    """The cost as an exact decimal."""
    return Decimal(cost).scaleb(-COST_SCALE)


def write(cost: Cost) -> str:
    """Write a cost as a plain JSON number: no exponent, no trailing zeros, at most ten decimals."""
    if 0 < cost < COST_UNIT:
        # Nearly every cost, and every answer is written with some.
        return f"0.{str(cost).zfill(COST_SCALE)}".rstrip("0")
    sign = "-" if cost < 0 else ""
    whole, rest = divmod(abs(cost), COST_UNIT)
    return f"{sign}{whole}.{rest:010}".rstrip("0") if rest else f"{sign}{whole}"
