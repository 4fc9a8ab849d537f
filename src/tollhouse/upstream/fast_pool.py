"""Connections to one origin: opened when none is idle, bounded, and closed when not used.

The idle ones are a stack: the one used last is used next, so that what is not needed grows old and
expires. Closed by the provider, a connection leaves the stack at once. Slots are taken and given
back by plain calls; one that comes free goes to who has waited longest, and nobody else can take it
meanwhile. A slot is held from ``take`` until ``give_back`` or ``drop``, ``replace`` included.
"""

import asyncio
import socket
import ssl
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from ..core.faults import Fault, FaultKind
from ..core.model import Timeouts
from .fast_connection import Connection
from .fast_request import Origin
from .trust import Unreadable

KEEP_IDLE = 30.0
"""Seconds for which an unused connection is kept: less than the 60 s of common load balancers."""


class Pool:
    """At most ``limit`` connections under way; ``tls`` makes the context of a secure origin."""

    def __init__(
        self, origin: Origin, limit: int, tls: Callable[[], Awaitable[ssl.SSLContext]]
    ) -> None:
        self._origin = origin
        self._tls = tls
        self._free = limit
        self._waiting: OrderedDict[asyncio.Future[None], None] = OrderedDict()
        self._idle: dict[Connection, None] = {}
        self._busy: set[Connection] = set()
        self._sweep: asyncio.TimerHandle | None = None
        self._closed = False

    async def take(self, limits: Timeouts, deadline: float) -> Connection | Fault:
        """An idle connection, else a new one; a fault when none can be had in time."""
        if self._closed:
            return _none()
        if self._free:
            self._free -= 1
        elif not await self._wait(limits, deadline):
            return _none()
        while self._idle:
            connection, _ = self._idle.popitem()
            if connection.usable:
                self._busy.add(connection)
                return connection
            connection.abort()
        return await self._dial(limits, deadline)

    async def replace(
        self, connection: Connection, limits: Timeouts, deadline: float
    ) -> Connection | Fault:
        """A new connection in place of one that turned out stale, in the same slot."""
        self._busy.discard(connection)
        connection.abort()
        return await self._dial(limits, deadline)

    def give_back(self, connection: Connection) -> None:
        """An exchange's answer has come to its end."""
        self._busy.discard(connection)
        if connection.finish() and not self._closed:
            self._idle[connection] = None
            if self._sweep is None:
                loop = asyncio.get_running_loop()
                self._sweep = loop.call_later(KEEP_IDLE, self._expire)
        else:
            connection.abort()
        self._release()

    def drop(self, connection: Connection) -> None:
        """An exchange ended badly, or its answer is not wanted."""
        self._busy.discard(connection)
        connection.abort()
        self._release()

    def close(self) -> None:
        """Close everything; who waits for a connection, or still asks for one, gets none."""
        self._closed = True
        if self._sweep is not None:
            self._sweep.cancel()
        for connection in [*self._idle, *self._busy]:
            connection.abort()
        self._idle.clear()
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)

    def _release(self) -> None:
        while self._waiting:
            waiter, _ = self._waiting.popitem(last=False)
            if not waiter.done():
                waiter.set_result(None)
                return
        self._free += 1

    async def _wait(self, limits: Timeouts, deadline: float) -> bool:
        """Wait for a slot, which is then held; False when none came free in time."""
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        self._waiting[waiter] = None
        try:
            async with asyncio.timeout_at(min(loop.time() + limits.connect, deadline)):
                await waiter
        except BaseException as error:
            self._waiting.pop(waiter, None)
            if waiter.done() and not waiter.cancelled():
                self._release()
            if isinstance(error, TimeoutError):
                return False
            raise
        self._waiting.pop(waiter, None)
        return not self._closed

    async def _dial(self, limits: Timeouts, deadline: float) -> Connection | Fault:
        """Open a connection in a slot that is held; the slot is free again if that fails."""
        try:
            connection = await self._connect(limits, deadline)
        except BaseException:
            self._release()
            raise
        if isinstance(connection, Connection) and self._closed:
            connection.abort()
            connection = _none()
        if isinstance(connection, Fault):
            self._release()
        else:
            connection.on_lost = self._lost
            self._busy.add(connection)
        return connection

    async def _connect(self, limits: Timeouts, deadline: float) -> Connection | Fault:
        loop = asyncio.get_running_loop()
        origin = self._origin
        give_up = loop.time() + limits.connect
        try:
            async with asyncio.timeout_at(min(give_up, deadline)):
                _, connection = await loop.create_connection(
                    lambda: Connection(loop),
                    origin.host,
                    origin.port,
                    ssl=await self._tls() if origin.secure else None,
                    server_hostname=origin.host if origin.secure else None,
                )
        except TimeoutError:
            kind = FaultKind.TOTAL_TIMEOUT if deadline < give_up else FaultKind.CONNECT
            return Fault(kind, detail="the time for it was up", sent=False)
        except (OSError, ValueError, Unreadable) as trouble:
            return Fault(FaultKind.CONNECT, detail=_connect_trouble(trouble), sent=False)
        return connection

    def _lost(self, connection: Connection) -> None:
        self._idle.pop(connection, None)

    def _expire(self) -> None:
        """Close what was not used for long enough, and look again while anything is idle."""
        loop = asyncio.get_running_loop()
        oldest = loop.time() - KEEP_IDLE
        for connection in [one for one in self._idle if one.idle_since <= oldest]:
            del self._idle[connection]
            connection.abort()
        self._sweep = loop.call_later(KEEP_IDLE / 2, self._expire) if self._idle else None


def _none() -> Fault:
    return Fault(FaultKind.POOL, detail="no free connection", sent=False)


def _connect_trouble(trouble: BaseException) -> str:
    match trouble:
        case Unreadable():
            return str(trouble)
        case ssl.SSLCertVerificationError():
            return "the provider's certificate was refused"
        case ssl.SSLError():
            return "TLS could not be agreed"
        case socket.gaierror():
            return "the provider's host name is not known"
        case ConnectionRefusedError():
            return "the connection was refused"
        case _:
            return "no connection could be made"
