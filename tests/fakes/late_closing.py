"""A provider that closes idle connections, as seen from afar: its close takes a while to arrive.

A server that gives a connection up reads nothing more from it, and its client learns that only when
the close has crossed the network. A request that is sent in between is lost. On loopback "between"
is a few microseconds; here it lasts ``on_its_way`` seconds, so that steady traffic whose gaps are
about the idle limit meets it again and again::

    async with LateClosingUpstream(idle=1.0, on_its_way=0.05) as up:
        ... up.given_up, up.missed
"""

import asyncio
import ssl
from collections.abc import Callable

from fakes.http_server import Behaviour, Call, Connection, End, Server
from fakes.upstream import FakeUpstream


class LateClosingUpstream(FakeUpstream):
    """The scripted provider, which keeps an idle connection for ``idle`` seconds."""

    def __init__(self, *, idle: float, on_its_way: float) -> None:
        super().__init__()
        self.server = self._late = _LateServer(self._choose, on_its_way)
        self.keep_idle(idle)

    @property
    def given_up(self) -> int:
        """Connections whose time was up."""
        return self._late.given_up

    @property
    def missed(self) -> int:
        """Those of them on which a request came all the same; nobody read it."""
        return self._late.missed


class _LateServer(Server):
    def __init__(self, choose: Callable[[Call], Behaviour], on_its_way: float) -> None:
        super().__init__(choose)
        self.on_its_way = on_its_way
        self.given_up = 0
        self.missed = 0

    async def start(self, port: int = 0, tls: ssl.SSLContext | None = None) -> int:
        """Listen on loopback; returns the port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _LateConnection(self), "127.0.0.1", port, ssl=tls, backlog=4096
        )
        return int(self._server.sockets[0].getsockname()[1])


class _LateConnection(Connection):
    def __init__(self, server: _LateServer) -> None:
        super().__init__(server)
        self._late = server
        self._used = False

    async def _head(self) -> bytes | None:
        if not self._used:
            # Nobody's idle connection, however late this process comes to look at it.
            self._used = True
            return await self._until(b"\r\n\r\n")
        head = await super()._head()
        if head is None and not self._lost.is_set():
            self._late.given_up += 1
            await self._lost_within(self._late.on_its_way)
            self._late.missed += bool(self._buffer)
            # A close over unread bytes is a reset, one that crosses them on the way is not.
            self._end(End.RESET if self._number % 2 else End.CLOSE)
        return head
