"""Connections to one origin: opened when none is idle, bounded, and closed when not used.

The idle ones are a stack: the one used last is used next, so that what is not needed grows old and
expires. Closed by the provider, a connection leaves the stack at once. Slots are taken and given
back by plain calls; one that comes free goes to who has waited longest, and nobody else can take it
meanwhile. A slot is held from ``idle`` or ``take`` until ``give_back`` or ``drop``, ``replace``
included.
"""

import asyncio
import contextlib
import socket
import ssl
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from ..core.faults import Fault, FaultKind
from ..core.model import Timeouts
from .fast_connection import Connection
from .fast_request import Origin
from .fast_watch import Watch
from .guard import Guard, NotPublic
from .trust import Unreadable

KEEP_IDLE = 30.0
"""Seconds for which an unused connection is kept: less than the 60 s of common load balancers."""


class Pool:
    """At most ``limit`` connections under way; ``tls`` makes the context of a secure origin.

    With a ``guard``, every address that is dialled passes it.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        origin: Origin,
        limit: int,
        tls: Callable[[], Awaitable[ssl.SSLContext]],
        guard: Guard | None = None,
    ) -> None:
        self.loop = loop
        self._origin = origin
        self._tls = tls
        self._guard = guard
        self._free = limit
        self._waiting: OrderedDict[asyncio.Future[None], None] = OrderedDict()
        self._idle: dict[Connection, None] = {}
        self._alive: set[Connection] = set()
        """The idle ones, and those that carry an exchange."""
        self._watch = Watch(loop, self._alive)
        # One bound method for all of them.
        self._on_lost = self._lost
        self._sweep: asyncio.TimerHandle | None = None
        self._closed = False

    def idle(self) -> Connection | None:
        """An idle connection, at once; None when there is none, or no slot for it."""
        if not (self._idle and self._free):
            return None
        self._free -= 1
        return self._idle.popitem()[0]

    async def take(self, limits: Timeouts, deadline: float) -> Connection | Fault:
        """An idle connection, else a new one; a fault when none can be had in time."""
        if self._closed:
            return _none()
        if self._free:
            self._free -= 1
        elif not await self._wait(limits, deadline):
            return _none()
        if self._idle:
            return self._idle.popitem()[0]
        return await self._dial(limits, deadline)

    async def replace(
        self, connection: Connection, limits: Timeouts, deadline: float
    ) -> Connection | Fault:
        """A new connection in place of one that turned out stale, in the same slot."""
        self._end(connection)
        return await self._dial(limits, deadline)

    def give_back(self, connection: Connection) -> None:
        """An exchange's answer has come to its end."""
        if connection.finish() and not self._closed:
            self._idle[connection] = None
            if self._sweep is None:
                self._sweep = self.loop.call_later(KEEP_IDLE, self._expire)
        else:
            self._end(connection)
        if self._waiting:
            self._release()
        else:
            self._free += 1

    def drop(self, connection: Connection) -> None:
        """An exchange ended badly, or its answer is not wanted."""
        self._end(connection)
        self._release()

    def close(self) -> None:
        """Close everything; who waits for a connection, or still asks for one, gets none."""
        self._closed = True
        if self._sweep is not None:
            self._sweep.cancel()
        self._watch.stop()
        for connection in [*self._alive]:
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
        loop = self.loop
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
            self._alive.add(connection)
        return connection

    async def _connect(self, limits: Timeouts, deadline: float) -> Connection | Fault:
        give_up = self.loop.time() + limits.connect
        try:
            async with asyncio.timeout_at(min(give_up, deadline)):
                return await self._open()
        except TimeoutError:
            kind = FaultKind.TOTAL_TIMEOUT if deadline < give_up else FaultKind.CONNECT
            return Fault(kind, detail="the time for it was up", sent=False)
        except (OSError, ValueError, Unreadable, NotPublic) as trouble:
            return Fault(FaultKind.CONNECT, detail=_connect_trouble(trouble), sent=False)

    async def _open(self) -> Connection:
        origin = self._origin
        if self._guard is None:
            return await self._open_to(origin.host)
        addresses = await self._guard.addresses(origin.host, origin.port, secure=origin.secure)
        for address in addresses[:-1]:
            with contextlib.suppress(OSError):
                return await self._open_to(address)
        return await self._open_to(addresses[-1])

    async def _open_to(self, place: str) -> Connection:
        """Connect to a name or an address; TLS asks for the certificate of the origin's name."""
        origin = self._origin
        _, connection = await self.loop.create_connection(
            lambda: Connection(self.loop, self._watch, self._on_lost),
            place,
            origin.port,
            ssl=await self._tls() if origin.secure else None,
            server_hostname=origin.host if origin.secure else None,
        )
        return connection

    def _end(self, connection: Connection) -> None:
        self._alive.discard(connection)
        connection.abort()

    def _lost(self, connection: Connection) -> None:
        self._alive.discard(connection)
        self._idle.pop(connection, None)

    def _expire(self) -> None:
        """Close what was not used for long enough, and look again while anything is idle."""
        oldest = self.loop.time() - KEEP_IDLE
        for connection in [one for one in self._idle if one.idle_since <= oldest]:
            del self._idle[connection]
            self._end(connection)
        self._sweep = self.loop.call_later(KEEP_IDLE / 2, self._expire) if self._idle else None


def _none() -> Fault:
    return Fault(FaultKind.POOL, detail="no free connection", sent=False)


def _connect_trouble(trouble: BaseException) -> str:
    match trouble:
        case Unreadable() | NotPublic():
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
