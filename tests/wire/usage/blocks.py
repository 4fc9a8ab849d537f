"""Usage blocks as providers report them, and what each comes to with its arithmetic written out."""

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from pricing.tables import table
from tollhouse.core.dialect import Dialect
from tollhouse.core.money import to_decimal
from tollhouse.core.needs import Endpoint
from tollhouse.core.prices import PriceTable
from tollhouse.core.usage import Usage
from tollhouse.pricing.charge import charge
from tollhouse.wire.usage.table import Kind, read_usage

HOST_PRICES = table(
    {
        "input": "0.2",
        "cached_input": "0.05",
        "cache_write": "0.25",
        "image_input": "0.4",
        "audio_input": "0.8",
        "output": "0.5",
        "search": "0.005",
    },
    tiers={128_000: {"input": "0.4", "output": "1"}},
    service_tiers={"priority": {"input": "0.3", "output": "0.75"}},
)
"""USD per million tokens, and for a search."""

_FIELDS = {field.removesuffix("_tokens"): field for field in Usage.__struct_fields__}

Item = tuple[int, str]
"""How many, and at what price for a million of them."""


class Block(msgspec.Struct, frozen=True):
    """One usage block, what it means and what is paid for it."""

    told: dict[str, Any]
    usage: Usage
    paid: tuple[Item, ...]
    tier: str | None = None
    """The service tier, where it is told beside the usage."""


def block(
    name: str, told: dict[str, Any], *paid: Item, tier: str | None = None, **usage: Any
) -> Any:
    """One row; ``usage`` are the fields of ``Usage`` without ``_tokens``."""
    meant = Usage(**{_FIELDS[field]: value for field, value in usage.items()})
    return pytest.param(Block(told, meant, paid, tier), id=name)


def comes_to(paid: Iterable[Item]) -> Decimal:
    """The sum of the products, in USD."""
    return sum((count * Decimal(price) for count, price in paid), Decimal(0)) / 1_000_000


def check(
    row: Block, spelling: Dialect | Kind, prices: PriceTable, endpoint: Endpoint = Endpoint.CHAT
) -> None:
    """The block is read as it is meant and costs what its arithmetic says, to ten decimals."""
    usage = read_usage(spelling, json.dumps(row.told).encode(), endpoint, service_tier=row.tier)
    assert usage == row.usage
    assert read_usage(spelling, row.told, endpoint, service_tier=row.tier) == usage
    found = charge(prices, usage)
    assert found.cost is not None
    assert to_decimal(found.cost) == comes_to(row.paid)
    assert sum(found.items.values()) == found.cost
