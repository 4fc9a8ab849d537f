"""Putting published prices where a pricing block has a place for them."""

from collections.abc import Mapping
from typing import Any

from ...core.history import Document
from .book import Unplaced
from .figures import NoPriceError, price_text, same_price

MILLION = 1_000_000
MAX_TIERS = 32
NO_PLACE = "has no place in a pricing block"
TIER_IN_TIER = "has no place: a service tier has one price for every size of input"


class Placing:
    """Collects the prices of one entry; what could not be placed is kept by name."""

    def __init__(self) -> None:
        self.unplaced: list[Unplaced] = []
        self.faults: list[Unplaced] = []
        self._base: dict[str, str] = {}
        self._tiers: dict[int, dict[str, str]] = {}
        self._service: dict[str, dict[str, str]] = {}

    def base(self, to: str, name: str, value: Any, *, times: int = 1, per: int = 1) -> None:
        """Place a price that holds for all requests; ``name`` is what the list calls it."""
        self._put(self._base, to, name, value, times=times, per=per)

    def tier(
        self, above: int, to: str, name: str, value: Any, *, times: int = 1, per: int = 1
    ) -> None:
        """Place a price for requests whose input is above a number of tokens."""
        if above < 1:
            self.leave(name, value, "starts at no size of input")
        elif above not in self._tiers and len(self._tiers) == MAX_TIERS:
            self.leave(name, value, f"is one tier more than the {MAX_TIERS} that have a place")
        else:
            self._put(self._tiers.setdefault(above, {}), to, name, value, times=times, per=per)

    def service_tier(
        self, tier: str, to: str, name: str, value: Any, *, times: int = 1, per: int = 1
    ) -> None:
        """Place a price for requests that were served under a service tier."""
        self._put(self._service.setdefault(tier, {}), to, name, value, times=times, per=per)

    def leave(self, name: str, value: Any, reason: str = NO_PLACE) -> None:
        """Keep the name of what has no place."""
        self.unplaced.append(Unplaced(name, str(value), reason))

    def fault(self, name: str, value: Any, reason: str) -> None:
        """Keep what has a place and cannot be read."""
        self.faults.append(Unplaced(name, str(value)[:80], reason))

    def pricing(self) -> Document:
        """The block; a tier holds what lower tiers changed too, since one tier alone applies."""
        made: Document = dict(self._base)
        tiers: list[Document] = []
        prices: Mapping[str, str] = {}
        for above in sorted(self._tiers):
            prices = {**prices, **self._tiers[above]}
            if prices:
                tiers.append({"above_input_tokens": above, **prices})
        if tiers:
            made["tiers"] = tiers
        service = {name: dict(prices) for name, prices in self._service.items() if prices}
        if service:
            made["service_tiers"] = service
        return made

    def _put(
        self, where: dict[str, str], to: str, name: str, value: Any, *, times: int, per: int
    ) -> None:
        try:
            price = price_text(value, times=times, per=per)
        except NoPriceError as error:
            self.fault(name, value, str(error))
            return
        present = where.setdefault(to, price)
        if not same_price(present, price):
            self.leave(name, value, f"has no place: {to} is {present} by another field")
