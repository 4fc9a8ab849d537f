"""Reading when a provider says to come back."""

import pytest

from tollhouse.routing.retry_after import parse

NOW = 1_700_000_000.0
"""Tue, 14 Nov 2023 22:13:20 GMT."""


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": " 7 "}, 7),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"x-ms-retry-after-ms": "250"}, 0.25),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "2"}, 2),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:50 GMT"}, 30),
        ({"retry-after": "Tuesday, 14-Nov-23 22:13:50 GMT"}, 30),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:50 -0000"}, 30),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:10 GMT"}, 0),
    ],
)
def test_C06_every_spelling_is_read(headers: dict[str, str], seconds: float) -> None:
    """Seconds, milliseconds and HTTP dates give seconds; a passed date gives 0."""
    assert parse(headers, NOW) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "soon", "-1", "7s", "nan", "inf", "1e9", "٣", "1" * 13, "Tue, 99 Nov 2023"]
)
def test_C06_nonsense_is_no_time(text: str) -> None:
    """What is neither a number of seconds nor a date names no time."""
    assert parse({"retry-after": text}, NOW) is None
    assert parse({"retry-after-ms": text}, NOW) is None


def test_without_a_header_there_is_no_time() -> None:
    """An answer without any of the headers names no time."""
    assert parse({"content-type": "text/html"}, NOW) is None
