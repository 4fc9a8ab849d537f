"""How an answer says what it cost: the provider's ``usage`` object, completed.

What the provider wrote stays byte for byte, but for its own ``cost`` and ``cost_details``, which
ours replace; what it billed is kept as ``cost_details.upstream_cost``. Amounts are plain JSON
numbers, exact to ten decimals, never in exponent form; an unknown cost is ``null``.
"""

from decimal import Decimal
from functools import lru_cache

import msgspec

from ..core import money
from ..core.charge import Charge
from ..core.needs import Endpoint
from ..core.prices import PriceClass
from ..core.record import CostStatus
from ..core.usage import Usage
from .spelled import spelled

_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
_encoder = msgspec.json.Encoder()

_ESCAPE = ord("\\")
_NAMES = {kind: f'"{kind.value}":' for kind in PriceClass}


def write_usage(
    told: bytes | None,
    usage: Usage | None,
    charge: Charge,
    endpoint: Endpoint,
    *,
    in_credits: Decimal | None = None,
) -> bytes:
    """Complete what the provider told, or, where it told nothing, write ``usage`` out instead."""
    ours = _cost_members(charge, in_credits)
    if told is None:
        return _joined(_token_members(usage, endpoint), ours)
    if not _has_ours(told, in_credits):
        body = told.strip()
        if body.startswith(b"{") and body.endswith(b"}"):
            return _joined(body[:-1].rstrip(), ours)
    try:
        theirs = _decoder.decode(told)
    except (ValueError, RecursionError):
        return _joined(_token_members(usage, endpoint), ours)
    theirs.pop("cost", None)
    theirs.pop("cost_details", None)
    if in_credits is not None:
        theirs.pop("credits", None)
    return _joined(_encoder.encode(theirs)[:-1], ours)


def _has_ours(told: bytes, in_credits: Decimal | None) -> bool:
    """Whether a name that we write may be there already, perhaps spelled with escapes."""
    return _ESCAPE in told or b'"cost' in told or (in_credits is not None and b'"credits"' in told)


def _joined(theirs: bytes, ours: str) -> bytes:
    """An object that is still to be closed, and what else belongs in it."""
    return b"%b%b%b}" % (theirs, b"" if theirs == b"{" else b",", ours.encode())


def _cost_members(charge: Charge, in_credits: Decimal | None) -> str:
    cost = "null" if charge.cost is None else money.write(charge.cost)
    written = f'"cost":{cost},"cost_details":{{{_details(charge)}}}'
    if in_credits is not None:
        written += f',"credits":{_plain(in_credits)}'
    return written


def _details(charge: Charge) -> str:
    members = [_NAMES[kind] + money.write(cost) for kind, cost in charge.items.items()]
    if charge.currency is not None or charge.price_version is not None:
        members.append(_price_named(charge.currency, charge.price_version))
    if charge.upstream_cost is not None:
        members.append(f'"upstream_cost":{money.write(charge.upstream_cost)}')
    if charge.status is not CostStatus.EXACT:
        members.append(f'"status":"{charge.status.value}"')
    return ",".join(members)


@lru_cache(maxsize=1024)
def _price_named(currency: str | None, version: int | None) -> str:
    """Which price it was: the same for every answer of a model."""
    members = []
    if currency is not None:
        members.append(f'"currency":{_encoder.encode(currency).decode()}')
    if version is not None:
        members.append(f'"price_version":{version}')
    return ",".join(members)


def _token_members(usage: Usage | None, endpoint: Endpoint) -> bytes:
    """The counts under the names that clients of the endpoint look for, still to be closed."""
    return _encoder.encode(spelled(usage, endpoint))[:-1]


def _plain(value: Decimal) -> str:
    """A decimal as a JSON number without exponent or trailing zeros."""
    written = f"{value:f}"
    return written.rstrip("0").rstrip(".") if "." in written else written
