"""Time and names, passed in."""

from typing import Protocol


class Clock(Protocol):
    """Time, passed in."""

    def now(self) -> float:
        """Unix seconds."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back; only differences mean anything."""
        ...


class Ids(Protocol):
    """Names and secrets, passed in."""

    def uuid(self) -> str:
        """A new UUID in canonical text form; later ones sort after earlier ones (RFC 9562, v7)."""
        ...

    def secret(self, nbytes: int) -> str:
        """``nbytes`` of randomness in URL-safe base64 without padding, from the system's source."""
        ...

    def fraction(self) -> float:
        """A number in [0, 1), for jitter."""
        ...
