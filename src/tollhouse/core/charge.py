"""What one attempt, or a whole request, costs."""

from collections.abc import Mapping

import msgspec

from .label import Label
from .money import Cost
from .prices import PriceClass
from .record import CostStatus


class Unpriced(Label):
    """Why there is no cost; the ``reason`` label of metrics and records."""

    NO_PRICING = "no_pricing"
    """The model has no prices."""
    NO_RATE = "no_rate"
    """It has prices, but none for something that was used."""
    NO_USAGE = "no_usage"
    """The provider did not report what was used, and nothing was estimated."""
    UNUSABLE_USAGE = "unusable_usage"
    """It reported something that cannot be believed."""
    NO_UPSTREAM_COST = "no_upstream_cost"
    """The price is the provider's own, and it named none."""
    MIXED_CURRENCIES = "mixed_currencies"
    """Attempts of one request cost money of different kinds."""


class Charge(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A cost with its parts. Without a cost there is a reason; unpriced is never 0."""

    cost: Cost | None = None
    items: Mapping[PriceClass, Cost] = {}
    """Parts by the class that priced them. They add up to ``cost``, unless that is upstream's."""
    unpriced_reason: Unpriced | None = None
    status: CostStatus = CostStatus.UNPRICED
    currency: str | None = None
    price_version: int | None = None
    upstream_cost: Cost | None = None
    """What the provider said it billed, in ``10**-10`` USD."""
