"""The options that many commands share, and the forms their values take."""

import re
from pathlib import Path
from typing import Annotated

import typer

from .exits import wrong_use

DEFAULT_CONFIG = Path("config/tollhouse.yaml")
_SPAN = re.compile(r"([0-9]{1,9})([smhdw]?)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}

Config = Annotated[
    Path,
    typer.Option("--config", "-c", envvar="TOLLHOUSE_CONFIG", help="The settings file."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
FromStore = Annotated[
    bool, typer.Option("--store", help="Use the store's catalogue, not the seed files.")
]


def span(text: str) -> int | None:
    """Seconds of a length of time as 90, 30m, 12h, 7d or 2w; None when it is none."""
    match = _SPAN.fullmatch(text)
    return int(match[1]) * _SECONDS[match[2]] if match else None


def moment(text: str, now: float) -> str:
    """A time as it stands, or the time that a length of time leads to from ``now``."""
    from ..core.times import write_time

    seconds = span(text)
    return text if seconds is None else write_time(int(now) + seconds)


def past(text: str | None, now: float, option: str) -> float | None:
    """Unix seconds of a time, or of a length of time ago; wrong use when it is neither."""
    from ..admin.times import read_time

    if text is None:
        return None
    seconds = span(text)
    found = read_time(text) if seconds is None else now - seconds
    if found is None:
        raise wrong_use(f"{option} takes a time as 2027-01-31T00:00:00Z, or 7d for 7 days ago")
    return found


def listed(text: str | None) -> list[str]:
    """The parts of a list written with commas."""
    return [part.strip() for part in (text or "").split(",") if part.strip()]
