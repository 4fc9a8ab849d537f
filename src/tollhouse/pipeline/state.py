"""Whether this process should get traffic, and the requests it has in hand."""

from ..core.errors import Code, GatewayError
from .flight import Flight, Interrupt
from .live import LiveCatalogue


class ServingState:
    """Starting, serving or draining; counts what is in flight and bounds it."""

    def __init__(self, live: LiveCatalogue, *, max_inflight: int) -> None:
        self._live = live
        self._max_inflight = max_inflight
        self.draining = False
        self.schema_ok = False
        self.flights: set[Flight] = set()

    def not_ready(self) -> list[str]:
        """Why ``/readyz`` says no; empty when it says yes."""
        reasons = {
            "draining": self.draining,
            "schema is not up to date: run tollhouse migrate": not self.schema_ok,
            "no catalogue has been compiled": not self._live.loaded,
        }
        return [reason for reason, holds in reasons.items() if holds]

    def catalogue_version(self) -> int:
        """The version in force."""
        return self._live.snapshot.version

    def check_room(self) -> None:
        """Raise a 503 when no more requests are taken."""
        if self.draining:
            raise GatewayError(
                Code.GATEWAY_DRAINING,
                "The gateway is shutting down; try again.",
                headers={"retry-after": "1", "connection": "close"},
            )
        if len(self.flights) >= self._max_inflight:
            raise GatewayError(
                Code.GATEWAY_OVERLOADED,
                "The gateway has all the requests it can hold; try again shortly.",
                headers={"retry-after": "1"},
            )

    def interrupt_overdue(self, now: float) -> None:
        """End every request whose total time is up at ``now`` (monotonic seconds)."""
        for flight in [flight for flight in self.flights if flight.deadline <= now]:
            flight.interrupt(Interrupt.DEADLINE)

    def interrupt_all(self) -> None:
        """End every request in hand: the time to drain is over."""
        for flight in list(self.flights):
            flight.interrupt(Interrupt.SHUTDOWN)
