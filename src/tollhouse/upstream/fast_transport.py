"""The fast transport: asyncio sockets and llhttp, for the providers that need nothing more.

It does what ``httpx_transport`` does (the same contract suite says so) at a fraction of the cost.
Proxies and HTTP/2 are not for it: ``transport: httpx`` on a provider takes the other one.
"""

import asyncio
import ssl
from collections.abc import Coroutine
from functools import partial
from typing import Any, Final

from ..core.faults import Fault
from ..core.model import Provider
from ..ports import Exchange, UpstreamRequest
from .fast_pool import Pool
from .fast_request import Origin, prepared
from .fast_sender import Sender, Unwritable
from .guard import Guard
from .trust import Trust

_PLACES: Final = 4096
"""How many places a transport knows by heart."""
_Terms = tuple[int, str | None, str | None, bool]
"""What sets connections to the same place apart: how many, whom they trust, whether guarded."""
_Place = tuple[_Terms, str, str, tuple[tuple[str, str], ...]]


class FastTransport:
    """Sends requests; ``tls`` replaces the usual certificate authorities.

    ``guard`` says where the providers that are guarded may be dialled.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, guard: Guard | None = None) -> None:
        self._trust = Trust(tls)
        self._guard = guard or Guard()
        self._pools: dict[tuple[Origin, _Terms], Pool] = {}
        self._senders: dict[_Place, Sender | Unwritable] = {}

    def send(self, request: UpstreamRequest) -> Coroutine[Any, Any, Exchange | Fault]:
        """Send, and wait for the head of the answer."""
        sender = self.sender(request.provider, request.method, request.url, request.headers)
        return sender.send(request.body, request.timeouts, request.total)

    def sender(
        self, provider: Provider, method: str, url: str, headers: tuple[tuple[str, str], ...]
    ) -> Sender | Unwritable:
        """What sends requests that differ in nothing but their bodies and time limits.

        Whoever keeps it spares each of his requests the work of finding it.
        """
        terms = (
            provider.max_connections,
            provider.ca_file,
            provider.client_cert,
            provider.guarded,
        )
        place = (terms, method, url, headers)
        sender = self._senders.get(place)
        if sender is None:
            if len(self._senders) >= _PLACES:
                del self._senders[next(iter(self._senders))]
            sender = self._senders[place] = self._new(provider, terms, method, url, headers)
        return sender

    async def aclose(self) -> None:
        """Close every connection."""
        for pool in self._pools.values():
            pool.close()
        # Sockets are closed by what the loop does next.
        await asyncio.sleep(0)

    def _new(
        self,
        provider: Provider,
        terms: _Terms,
        method: str,
        url: str,
        headers: tuple[tuple[str, str], ...],
    ) -> Sender | Unwritable:
        try:
            origin, head = prepared(method, url, headers)
        except ValueError:
            return Unwritable()
        # What a connection was verified by is part of it: other trust, other connections.
        pool = self._pools.get((origin, terms))
        if pool is None:
            loop = asyncio.get_running_loop()
            tls = partial(self._trust.context, provider)
            guard = self._guard if provider.guarded else None
            pool = Pool(loop, origin, provider.max_connections, tls, guard)
            self._pools[origin, terms] = pool
        return Sender(pool, method, head)
