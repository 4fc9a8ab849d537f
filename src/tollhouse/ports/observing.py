"""Accounting and observing."""

from typing import Protocol

from ..core.caller import Caller
from ..core.errors import Refusal
from ..core.record import Attempt, Record


class Ledger(Protocol):
    """Takes records without making anybody wait."""

    def open(self, record: Record) -> None:
        """A request was admitted; ``GatewayError`` when no more can be accounted for."""
        ...

    def close(self, record: Record) -> None:
        """It ended; on disk, or kept until it can be, on return. The first close counts."""
        ...


class Observer(Protocol):
    """Metrics and log lines. Every method is a plain call and never raises."""

    def admitted(self) -> None:
        """A request entered."""
        ...

    def left(self) -> None:
        """A request that had entered is over."""
        ...

    def refused(self, refusal: Refusal, *, model: str | None, caller: Caller | None) -> None:
        """A request was turned away; ``model`` is a catalogue id or None."""
        ...

    def attempted(self, attempt: Attempt) -> None:
        """An attempt ended."""
        ...

    def failed_over(self, from_model: str, to_model: str, reason: str) -> None:
        """The plan moved on."""
        ...

    def breaker(self, model: str, provider: str, *, is_open: bool) -> None:
        """A breaker changed state."""
        ...

    def closed(self, record: Record) -> None:
        """A request ended; the record says it all."""
        ...
