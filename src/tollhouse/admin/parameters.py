"""Query parameters, read strictly: an unknown one, one given twice or a bad value is a 400.

A filter with a typo in its name must not silently show everything.
"""

from collections.abc import Iterable
from typing import TypeVar
from urllib.parse import unquote_plus, unquote_to_bytes

from starlette.requests import Request

from ..core.errors import CallerError, Code, FieldFault
from .times import read_duration, read_time

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000
_MAX_DIGITS = 6

T = TypeVar("T")


class Parameters:
    """The query of one request."""

    def __init__(self, request: Request, *known: str) -> None:
        self._raw: dict[str, str] = {}
        query = request.scope.get("query_string", b"").decode("latin-1")
        for pair in filter(None, query.split("&")):
            name, _, value = pair.partition("=")
            name = unquote_plus(name)
            if name not in known:
                expected = f"; there are {', '.join(known)}" if known else ""
                raise fault(name[:64], f"is not a parameter here{expected}")
            if name in self._raw:
                raise fault(name, "is given twice")
            self._raw[name] = value

    def text(self, name: str) -> str | None:
        """A text; None when it is absent or empty."""
        return self._decoded(name, self._raw.get(name, "").replace("+", " "))

    def name(self, name: str) -> str:
        """The id of a model, which never holds a space: a plus sign is one."""
        value = self._decoded(name, self._raw.get(name, ""))
        if value is None:
            raise fault(name, "is required")
        return value

    def choice(self, name: str, choices: Iterable[str]) -> str | None:
        """One of a fixed set."""
        value = self.text(name)
        if value is not None and value not in choices:
            raise fault(name, f"must be one of {', '.join(choices)}")
        return value

    def flag(self, name: str) -> bool | None:
        """``true`` or ``false``."""
        value = self.choice(name, ("true", "false"))
        return None if value is None else value == "true"

    def time(self, name: str) -> float | None:
        """Unix seconds of a time in RFC 3339 or in Unix seconds."""
        value = self.text(name)
        if value is None:
            return None
        # A plus sign of a zone that was not encoded has become a space.
        seconds = read_time(value.replace(" ", "+"))
        if seconds is None:
            raise fault(name, "must be an RFC 3339 time or Unix seconds")
        return seconds

    def duration(self, name: str) -> float | None:
        """Seconds of a duration as ``30d`` or ``12h``."""
        value = self.text(name)
        seconds = None if value is None else read_duration(value)
        if value is not None and seconds is None:
            raise fault(name, "must be a number of days, hours, minutes or seconds, as 30d or 12h")
        return seconds

    def limit(self, usual: int = DEFAULT_LIMIT, most: int = MAX_LIMIT) -> int:
        """How many rows a page has at most."""
        value = self.text("limit")
        if value is None:
            return usual
        whole = value.isascii() and value.isdigit() and len(value) <= _MAX_DIGITS
        if not whole or not 1 <= int(value) <= most:
            raise fault("limit", f"must be a whole number from 1 to {most}")
        return int(value)

    def cursor(self) -> str | None:
        """Where the page before ended."""
        return self.text("cursor")

    def _decoded(self, name: str, raw: str) -> str | None:
        try:
            value = unquote_to_bytes(raw.encode("latin-1")).decode()
        except UnicodeDecodeError:
            raise fault(name, "is not valid UTF-8") from None
        if any(char < " " or char == "\x7f" for char in value):
            raise fault(name, "holds a control character")
        return value or None


def fault(name: str, message: str) -> CallerError:
    """A 400 for one parameter."""
    return CallerError(
        Code.INVALID_REQUEST_ERROR,
        f"The parameter {name} {message}.",
        fields=[FieldFault(name, message)],
    )
