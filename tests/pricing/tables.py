"""Price tables written the way a catalogue writes them, for tests."""

from collections.abc import Mapping
from decimal import Decimal

from tollhouse.core.money import to_rate
from tollhouse.core.prices import PriceClass, PriceTable, PriceTier

MILLION = 10**6
_UNITS = {
    PriceClass.REQUEST,
    PriceClass.IMAGE,
    PriceClass.SECOND,
    PriceClass.CHARACTER,
    PriceClass.SEARCH,
}

Prices = Mapping[str, str]
"""Classes to prices: per million tokens, or for one unit."""


def rates(prices: Prices) -> dict[PriceClass, int]:
    """Prices as rates."""
    return {
        PriceClass(name): to_rate(Decimal(price), per=1 if PriceClass(name) in _UNITS else MILLION)
        for name, price in prices.items()
    }


def table(
    prices: Prices,
    *,
    tiers: Mapping[int, Prices] | None = None,
    service_tiers: Mapping[str, Prices] | None = None,
    from_upstream: bool = False,
    currency: str = "USD",
) -> PriceTable:
    """A compiled table, version 7."""
    return PriceTable(
        currency=currency,
        rates=rates(prices),
        tiers=tuple(PriceTier(bound, rates(tier)) for bound, tier in (tiers or {}).items()),
        service_tiers={name: rates(tier) for name, tier in (service_tiers or {}).items()},
        from_upstream=from_upstream,
        version=7,
    )
