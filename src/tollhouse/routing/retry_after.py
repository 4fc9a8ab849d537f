"""When a provider says to come back, in the three spellings that providers use."""

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

_MILLISECONDS = ("retry-after-ms", "x-ms-retry-after-ms")
_NUMBER = re.compile(r"\d{1,12}(\.\d{1,9})?", re.ASCII)


def parse(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds from ``now`` (Unix) until a retry is welcome; None when no header says so.

    Header names are in lower case. A date that has passed is 0.
    """
    for name in _MILLISECONDS:
        value = _number(headers.get(name))
        if value is not None:
            return value / 1000
    text = headers.get("retry-after")
    value = _number(text)
    return value if value is not None or text is None else _until(text, now)


def _number(text: str | None) -> float | None:
    found = _NUMBER.fullmatch(text.strip()) if text is not None else None
    return float(found[0]) if found else None


def _until(text: str, now: float) -> float | None:
    try:
        date = parsedate_to_datetime(text.strip())
    except ValueError:
        return None
    # An HTTP date is in GMT whether or not it says so (RFC 9110, 5.6.7).
    moment = date if date.tzinfo else date.replace(tzinfo=UTC)
    return max(0.0, moment.timestamp() - now)
