"""Times as the admin plane reads and writes them: RFC 3339 in UTC, microseconds where there are."""

import re
from typing import Annotated

from pydantic import TypeAdapter, ValidationError

from ..catalogue.documents.fields import Time, parse_time
from ..core.times import write_time

_time = TypeAdapter(Annotated[Time, "any zone"])
_MAX_DIGITS = 12
_DURATION = re.compile(r"(\d{1,6})([dhms])", re.ASCII)
_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}


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


def read_duration(text: str) -> float | None:
    """Seconds of a duration as ``30d``, ``12h``, ``15m`` or ``90s``; None when it is none."""
    found = _DURATION.fullmatch(text)
    return None if found is None else float(int(found[1]) * _UNITS[found[2]])
