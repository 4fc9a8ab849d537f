"""Requests to one place: what is the same in all of them is worked out once."""

from typing import Final

from ..core.faults import Fault, FaultKind
from ..core.model import Timeouts
from ..ports import Exchange
from .fast_connection import Connection
from .fast_exchange import WholeExchange, still_coming
from .fast_pool import Pool

_WITH_LENGTH: Final = frozenset({"POST", "PUT", "PATCH"})
"""Methods whose requests say their length even if it is 0."""
_NO_ANSWER: Final = Fault(FaultKind.DISCONNECTED, detail="there is no answer")


class Sender:
    """``head`` is all of a request's head but for its length."""

    __slots__ = ("_bodiless", "_head", "_measured", "_pool")

    def __init__(self, pool: Pool, method: str, head: bytes) -> None:
        self._pool = pool
        self._head = head
        self._measured = method in _WITH_LENGTH
        self._bodiless = method == "HEAD"

    async def send(self, body: bytes, limits: Timeouts, total: float) -> Exchange | Fault:
        """Send, and wait for the head of the answer; ``total`` counts, not ``limits.total``."""
        pool = self._pool
        if body or self._measured:
            head = b"%bcontent-length: %d\r\n\r\n" % (self._head, len(body))
        else:
            head = self._head + b"\r\n"
        deadline = pool.loop.time() + total
        found: Connection | Fault | None = pool.idle()
        if found is None:
            found = await pool.take(limits, deadline)
        while isinstance(found, Connection):
            try:
                found.begin(head, body, limits, deadline, bodiless=self._bodiless)
                if found.fault is None:
                    await found.arrival()
            except BaseException:
                pool.drop(found)
                raise
            answer = found.answer
            if answer.head_done:
                if answer.coded or not answer.complete:
                    return still_coming(found, pool)
                exchange = WholeExchange(answer)
                pool.give_back(found)
                return exchange
            fault = found.fault or _NO_ANSWER
            stale = found.reused and not found.received
            if fault.kind is not FaultKind.DISCONNECTED or not stale:
                pool.drop(found)
                return fault
            found = await pool.replace(found, limits, deadline)
        return found


class Unwritable:
    """Stands for a place that no request can be written for."""

    __slots__ = ()

    async def send(self, body: bytes, limits: Timeouts, total: float) -> Fault:
        """Send nothing."""
        del body, limits, total
        return Fault(FaultKind.CONNECT, detail="the request cannot be written", sent=False)
