"""Which transport sends a request: the fast one, unless its provider asks for httpx.

httpx is imported when a provider first needs it: most workers never pay for its memory and time.
"""

from collections.abc import Coroutine
from typing import Any

from ..core.faults import Fault
from ..ports import Exchange, Transport, UpstreamRequest
from .fast_transport import FastTransport
from .guard import Guard


class ChosenTransport:
    """Sends each request by the transport that ``provider.transport`` names."""

    def __init__(self, guard: Guard | None = None) -> None:
        self._guard = guard or Guard()
        self._fast = FastTransport(guard=self._guard)
        self._httpx: Transport | None = None

    def send(self, request: UpstreamRequest) -> Coroutine[Any, Any, Exchange | Fault]:
        """Send, and wait for the head of the answer."""
        chosen = self._by_httpx() if request.provider.transport == "httpx" else self._fast
        return chosen.send(request)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._fast.aclose()
        if self._httpx is not None:
            await self._httpx.aclose()

    def _by_httpx(self) -> Transport:
        if self._httpx is None:
            from .httpx_transport import HttpxTransport  # noqa: PLC0415 - see above

            self._httpx = HttpxTransport(guard=self._guard)
        return self._httpx
