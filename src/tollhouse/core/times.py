"""How a moment is written for people and programs: RFC 3339 in UTC."""

from datetime import UTC, datetime


def write_time(seconds: float) -> str:
    """Unix seconds as RFC 3339, with a fraction where there is one."""
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
