"""Counts as JSON tells them, and when they are not to be believed: for the readers of all kinds.

What the readers share: a count is a whole number from 0 to ``MOST``, and 12.0 is 12. A field that
is absent or ``null`` was not told. Amounts of money are decimals, never binary floats.
"""

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Generic, TypeVar

import msgspec

from ...core.money import Cost, from_decimal
from ...core.usage import Unusable, Usage

MOST = 10**12
"""No answer uses more than this of anything."""

Count = Annotated[int, msgspec.Meta(ge=0, le=MOST)] | None
"""A count, or None where it was not told."""

_MOST_USD = 10**9
_UNBELIEVED = (ValueError, RecursionError)


def exact(digits: str) -> Decimal:
    """A JSON number with a point or an exponent; not a number beyond all bounds."""
    try:
        return Decimal(digits)
    except InvalidOperation:
        return Decimal("NaN")


plain_decoder = msgspec.json.Decoder(float_hook=exact)
"""JSON as it stands, its numbers exact."""

Told = TypeVar("Told")


class Reader(Generic[Told]):
    """Reads objects of one type, from JSON or decoded."""

    __slots__ = ("_decode", "_type")

    def __init__(self, told: type[Told]) -> None:
        self._type = told
        self._decode = msgspec.json.Decoder(told, float_hook=exact).decode

    def read(self, raw: Any) -> Told | Unusable:
        """The object, or what is wrong with it. A sound amount in ``cost`` is kept even then."""
        is_json = isinstance(raw, bytes | msgspec.Raw)
        try:
            return self._decode(raw) if is_json else msgspec.convert(raw, self._type)
        except _UNBELIEVED:
            return self._look_again(raw, is_json=is_json)

    def _look_again(self, raw: Any, *, is_json: bool) -> Told | Unusable:
        """The same with 12.0 taken for 12, which in JSON it is; or what is wrong with it."""
        try:
            plain = plain_decoder.decode(raw) if is_json else raw
        except _UNBELIEVED:
            return Unusable("usage is not JSON")
        try:
            return msgspec.convert(_whole_numbers(plain), self._type)
        except (msgspec.ValidationError, RecursionError) as fault:
            costs = plain if isinstance(plain, dict) else {}
            return Unusable(str(fault), billed(costs.get("cost"), costs.get("cost_in_usd_ticks")))


def _whole_numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _whole_numbers(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_whole_numbers(inner) for inner in value]
    if isinstance(value, float | Decimal):
        number = amount(value, MOST)
        if number is not None and number == number.to_integral_value():
            return int(number)
    return value


def amount(value: object, most: int) -> Decimal | None:
    """A JSON number from 0 to ``most``, exactly; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    number = Decimal(str(value)) if isinstance(value, float) else Decimal(value)
    return abs(number) if number.is_finite() and 0 <= number <= most else None


def billed(cost: object, ticks: object = None) -> Cost | None:
    """What the provider says it billed, in ``10**-10`` USD; None if it says nothing sound.

    ``cost`` is a number of USD or an object with ``total_cost``, ``ticks`` are ``10**-10`` USD.
    """
    if cost is None and ticks is None:
        return None
    dollars = amount(cost.get("total_cost") if isinstance(cost, dict) else cost, _MOST_USD)
    if dollars is not None:
        return from_decimal(dollars)
    counted = amount(ticks, MOST**2)
    return None if counted is None else from_decimal(counted.scaleb(-10))


def label(value: object) -> str | None:
    """A word such as a service tier; None for anything that is not one."""
    return value if isinstance(value, str) and value else None


def believed(usage: Usage) -> Usage | Unusable:
    """The usage, unless a part of it is larger than its whole."""
    wrong = _larger_than_whole(usage)
    return usage if wrong is None else Unusable(wrong, usage.upstream_cost)


def _larger_than_whole(usage: Usage) -> str | None:
    """Which part is larger than what it is a part of, if any."""
    whole = usage.input_tokens
    written = usage.cache_write_tokens + usage.cache_write_1h_tokens
    if usage.cached_input_tokens > whole or written > whole or usage.cache_write_tokens < 0:
        return "cached tokens are more than the input"
    if usage.audio_input_tokens > whole or usage.image_input_tokens > whole:
        return "audio or image tokens are more than the input"
    whole = usage.output_tokens
    if usage.reasoning_tokens > whole:
        return "reasoning tokens are more than the output"
    if usage.audio_output_tokens > whole or not 0 <= usage.image_output_tokens <= whole:
        return "audio or image tokens are more than the output"
    return None
