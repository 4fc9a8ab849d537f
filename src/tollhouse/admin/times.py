"""Times as the admin plane reads and writes them: RFC 3339 in UTC, microseconds where there are."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import TypeAdapter, ValidationError

from ..catalogue.documents.fields import Time, parse_time

_time = TypeAdapter(Annotated[Time, "any zone"])
_MAX_DIGITS = 12


def write_time(seconds: float) -> str:
    """Unix seconds as RFC 3339."""
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def write_time_or_none(seconds: float | None) -> str | None:
    """The same, for a time that may be absent."""
    return None if seconds is None else write_time(seconds)


def read_time(text: str) -> float | None:
    """Unix seconds of a time in RFC 3339 or in Unix seconds; None when it is neither."""
    whole, _, fraction = text.partition(".")
    if whole.isascii() and whole.isdigit() and len(whole) <= _MAX_DIGITS:
        return float(text) if not fraction or (fraction.isascii() and fraction.isdigit()) else None
    try:
        return parse_time(_time.validate_python(text))
    except ValidationError:
        return None
