"""Times and lengths of time as options take them."""

import pytest

from tollhouse.cli.exits import Stop
from tollhouse.cli.options import listed, moment, past, span

NOON = 1_900_000_000.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("90", 90),
        ("90s", 90),
        ("30m", 1_800),
        ("12h", 43_200),
        ("7d", 604_800),
        ("2w", 1_209_600),
        ("", None),
        ("-1d", None),
        ("1.5h", None),
        ("1y", None),
        ("d", None),
    ],
)
def test_length_of_time_is_read(text: str, seconds: int | None) -> None:
    """A number with a unit, seconds without one."""
    assert span(text) == seconds


def test_moment_is_a_time_or_a_length_of_time_from_now() -> None:
    """What is no length of time is left to the form that checks it."""
    assert moment("1d", NOON) == "2030-03-18T17:46:40Z"
    assert moment("2027-01-31T00:00:00Z", NOON) == "2027-01-31T00:00:00Z"


def test_past_is_a_time_or_a_length_of_time_ago() -> None:
    """Anything else is wrong use of the option."""
    assert past(None, NOON, "--since") is None
    assert past("1d", NOON, "--since") == NOON - 86_400
    assert past("1970-01-01T00:01:00Z", NOON, "--since") == 60
    with pytest.raises(Stop, match="--since takes a time"):
        past("noon", NOON, "--since")


def test_list_is_written_with_commas() -> None:
    """Blanks around the parts and empty parts do not count."""
    assert listed(" tools, vision,,") == ["tools", "vision"]
    assert listed(None) == []
