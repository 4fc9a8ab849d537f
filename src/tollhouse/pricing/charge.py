"""What a usage costs: the one function for streamed answers and whole ones.

Rules that hold here:

- Each token is priced once, by its most specific class that has a rate, else by that class's
  parent. Where parts overlap, the order of ``_INPUT_PARTS`` and ``_OUTPUT_PARTS`` decides, and no
  part takes more than what is left of the whole.
- The rates are the base ones, replaced class by class by those of the highest tier whose bound the
  input (all of it) exceeds, then by those of the service tier. They hold for the whole request.
- Tokens of a kind with no rate make the cost unknown, unless the table prices by units only.
- The sum is rounded once. Each item is its exact amount rounded up or down to ``10**-10``, those
  with the largest rest up, so that the items add up to the cost.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from ..core.charge import Charge, Unpriced
from ..core.money import COST_UNIT, RATE_UNIT, Cost, round_to_cost
from ..core.prices import PriceClass, PriceTable, Rates
from ..core.record import CostStatus
from ..core.usage import Unusable, Usage

UPSTREAM_CURRENCY = "USD"
"""What providers that report a cost report it in."""

_INPUT = PriceClass.INPUT
_OUTPUT = PriceClass.OUTPUT
_SECOND = PriceClass.SECOND

_Parts = tuple[tuple[PriceClass, PriceClass, str], ...]
# A class, the one whose rate it takes where it has none, and the field that counts it. What was
# done with a token comes before what kind it is: a cached audio token is priced as cached. One that
# was written to a cache has been worked through in full, so a write comes before a read.
_INPUT_PARTS: _Parts = (
    (PriceClass.CACHE_WRITE_1H, PriceClass.CACHE_WRITE, "cache_write_1h_tokens"),
    (PriceClass.CACHE_WRITE, _INPUT, "cache_write_tokens"),
    (PriceClass.CACHED_INPUT, _INPUT, "cached_input_tokens"),
    (PriceClass.AUDIO_INPUT, _INPUT, "audio_input_tokens"),
    (PriceClass.IMAGE_INPUT, _INPUT, "image_input_tokens"),
)
_OUTPUT_PARTS: _Parts = (
    (PriceClass.REASONING, _OUTPUT, "reasoning_tokens"),
    (PriceClass.AUDIO_OUTPUT, _OUTPUT, "audio_output_tokens"),
    (PriceClass.IMAGE_OUTPUT, _OUTPUT, "image_output_tokens"),
)

_UNITS = frozenset(
    {PriceClass.REQUEST, PriceClass.IMAGE, _SECOND, PriceClass.CHARACTER, PriceClass.SEARCH}
)
_COST_STEP = RATE_UNIT // COST_UNIT
_MICRO = 10**6

# From the least to the most certain; a sum is as certain as its least certain part.
_CERTAINTY = (CostStatus.UNPRICED, CostStatus.ESTIMATED, CostStatus.PARTIAL, CostStatus.EXACT)

_Amounts = dict[PriceClass, int]
"""Exact amounts in ``10**-18``, by the class whose rate applied."""


def charge(
    table: PriceTable | None,
    usage: Usage | Unusable | None,
    *,
    requests: int = 1,
    status: CostStatus = CostStatus.EXACT,
) -> Charge:
    """Price one attempt's usage; ``status`` says how far the usage can be trusted."""
    upstream_cost = None if usage is None else usage.upstream_cost
    if table is None:
        return Charge(unpriced_reason=Unpriced.NO_PRICING, upstream_cost=upstream_cost)
    if table.from_upstream:
        return _upstream_charge(table, upstream_cost, status)
    amounts = _price(table, usage, requests)
    if isinstance(amounts, Unpriced):
        return Charge(
            unpriced_reason=amounts,
            currency=table.currency,
            price_version=table.version,
            upstream_cost=upstream_cost,
        )
    cost = round_to_cost(sum(amounts.values()))
    return Charge(
        cost=cost,
        items=_itemise(amounts, cost),
        status=status,
        currency=table.currency,
        price_version=table.version,
        upstream_cost=upstream_cost,
    )


def total(charges: Iterable[Charge]) -> Charge:
    """The billed attempts of a request together: 0 for none, unknown as soon as one of them is.

    The version is the last one's, which is that of the model served.
    """
    cost: Cost = 0
    upstream_cost: Cost | None = None
    items: dict[PriceClass, Cost] = {}
    status = CostStatus.EXACT
    currency: str | None = None
    version: int | None = None
    for part in charges:
        version = part.price_version
        if part.cost is None:
            return Charge(
                unpriced_reason=part.unpriced_reason, currency=part.currency, price_version=version
            )
        if currency not in {None, part.currency}:
            return Charge(unpriced_reason=Unpriced.MIXED_CURRENCIES)
        currency = part.currency
        cost += part.cost
        for kind, amount in part.items.items():
            items[kind] = items.get(kind, 0) + amount
        if part.upstream_cost is not None:
            upstream_cost = (upstream_cost or 0) + part.upstream_cost
        status = min(status, part.status, key=_CERTAINTY.index)
    return Charge(
        cost=cost,
        items=items,
        status=status,
        currency=currency,
        price_version=version,
        upstream_cost=upstream_cost,
    )


def in_credits(usage: Usage, multiplier: int) -> Decimal:
    """Thousands of tokens times the model's multiplier, exactly."""
    return Decimal(usage.total_tokens * multiplier) / 1000


def _upstream_charge(table: PriceTable, cost: Cost | None, status: CostStatus) -> Charge:
    """What the provider billed; the counts play no part in it."""
    return Charge(
        cost=cost,
        unpriced_reason=Unpriced.NO_UPSTREAM_COST if cost is None else None,
        status=CostStatus.UNPRICED if cost is None else status,
        currency=UPSTREAM_CURRENCY,
        price_version=table.version,
        upstream_cost=cost,
    )


def _price(table: PriceTable, usage: Usage | Unusable | None, requests: int) -> _Amounts | Unpriced:
    if usage is None:
        return Unpriced.NO_USAGE
    if isinstance(usage, Unusable):
        return Unpriced.UNUSABLE_USAGE
    rates = _rates(table, usage) if table.tiers or table.service_tiers else table.rates
    if not rates:
        return Unpriced.NO_PRICING
    amounts: _Amounts = {}
    by_units = not _UNITS.isdisjoint(rates)
    if by_units:
        _price_units(amounts, rates, usage, requests)
    if not (by_units and rates.keys() <= _UNITS):
        priced = _price_input(amounts, rates, usage) and _price_output(amounts, rates, usage)
        if not priced:
            return Unpriced.NO_RATE
    if not amounts and _used_anything(usage):
        return Unpriced.NO_RATE
    return amounts


def _rates(table: PriceTable, usage: Usage) -> Rates:
    """The rates in force for this usage, of a table that has others than the base ones."""
    rates = table.rates
    for tier in reversed(table.tiers):
        if usage.input_tokens > tier.above_input_tokens:
            rates = {**rates, **tier.rates}
            break
    if usage.service_tier is not None:
        override = table.service_tiers.get(usage.service_tier)
        if override is not None:
            rates = {**rates, **override}
    return rates


# --- Tokens ---


def _price_input(amounts: _Amounts, rates: Rates, usage: Usage) -> bool:
    """Price the input; False if some of it has no rate."""
    left = usage.input_tokens
    if (
        usage.cached_input_tokens
        or usage.cache_write_tokens
        or usage.cache_write_1h_tokens
        or usage.audio_input_tokens
        or usage.image_input_tokens
    ):
        left = _price_parts(amounts, rates, usage, (_INPUT, left), _INPUT_PARTS)
    if left:
        if _INPUT not in rates:
            return False
        amounts[_INPUT] = left * rates[_INPUT]
    return True


def _price_output(amounts: _Amounts, rates: Rates, usage: Usage) -> bool:
    """Price the output; False if some of it has no rate."""
    left = usage.output_tokens
    if usage.reasoning_tokens or usage.audio_output_tokens or usage.image_output_tokens:
        left = _price_parts(amounts, rates, usage, (_OUTPUT, left), _OUTPUT_PARTS)
    if left:
        if _OUTPUT not in rates:
            return False
        amounts[_OUTPUT] = left * rates[_OUTPUT]
    return True


def _price_parts(
    amounts: _Amounts, rates: Rates, usage: Usage, whole: tuple[PriceClass, int], parts: _Parts
) -> int:
    """Price the parts that have a rate other than the whole's; how much is left of the whole."""
    whole_class, left = whole
    for kind, parent, counted_as in parts:
        count = getattr(usage, counted_as)
        if count:
            priced_as = kind if kind in rates else parent
            if priced_as is not whole_class and priced_as in rates:
                taken = min(count, left)
                left -= taken
                amounts[priced_as] = amounts.get(priced_as, 0) + taken * rates[priced_as]
    return left


# --- Units ---


def _price_units(amounts: _Amounts, rates: Rates, usage: Usage, requests: int) -> None:
    for kind, count in (
        (PriceClass.REQUEST, requests),
        (PriceClass.IMAGE, usage.images),
        (PriceClass.CHARACTER, usage.characters),
        (PriceClass.SEARCH, usage.searches),
    ):
        if count and kind in rates:
            amounts[kind] = count * rates[kind]
    if usage.microseconds and _SECOND in rates:
        amounts[_SECOND] = usage.microseconds * rates[_SECOND] // _MICRO


def _used_anything(usage: Usage) -> bool:
    return bool(
        usage.input_tokens
        or usage.output_tokens
        or usage.images
        or usage.microseconds
        or usage.characters
        or usage.searches
    )


# --- Rounding ---


def _itemise(amounts: Mapping[PriceClass, int], cost: Cost) -> dict[PriceClass, Cost]:
    """Round the amounts down, then one step up for as many as the cost still needs."""
    items: dict[PriceClass, Cost] = {}
    missing = cost
    for kind, amount in amounts.items():
        items[kind] = whole = amount // _COST_STEP
        missing -= whole
    if missing:
        by_rest = sorted(amounts, key=lambda kind: amounts[kind] % _COST_STEP, reverse=True)
        for kind in by_rest[:missing]:
            items[kind] += 1
    return items
