"""Connections to one origin: how many there may be, and which wait to be used again.

httpx's own pool is not used: a request that is cancelled while it waits there can take its slot
with it for good. Here each connection is a line of its own, a slot is taken and given back by plain
calls, and a line that did not end well is hung up rather than judged.
"""

import asyncio
import ssl

import httpcore
import httpx

from ..core.tasks import spawn
from .guard import Guard
from .metered import Meter

KEEP_IDLE = 30.0
"""Seconds for which an unused connection is kept: less than the 60 s of common load balancers.

A server that closes sooner is noticed by its closing; the moment in between is what the
transport's one re-send is for.
"""
LOOK = 1.0
"""Seconds between two looks at what is kept; httpx's engine tells of no close by itself."""


class Line(httpx.AsyncHTTPTransport):
    """At most one connection, carrying one exchange at a time."""

    def __init__(self, tls: ssl.SSLContext | None, guard: Guard | None = None) -> None:
        # httpx's initialiser has no parameter for the network interface; the rest of it would
        # build the very pool that is built here.
        self.meter = Meter(guard, secure=tls is not None)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=1,
            max_keepalive_connections=1,
            keepalive_expiry=KEEP_IDLE,
            network_backend=self.meter,
        )
        self.idle_since = 0.0

    def ended(self) -> bool:
        """Whether an idle connection is of no use any more: the server closed it, or spoke."""
        return any(connection.has_expired() for connection in self._pool.connections)

    def reusable(self) -> bool:
        """Whether another exchange may follow the one that has just ended.

        Bytes beyond the end of an answer stay in the parser and would become the beginning of the
        next one, which may be another caller's.
        """
        for connection in self._pool.connections:
            inner = getattr(connection, "_connection", None)
            parser = getattr(inner, "_h11_state", None)
            if parser is not None and connection.is_idle():
                return not parser.trailing_data[0]
        return False


class Lines:
    """The connections of one origin, at most ``limit`` of them busy."""

    def __init__(self, limit: int, tls: ssl.SSLContext | None, guard: Guard | None = None) -> None:
        self._tls = tls
        self._guard = guard
        self._slots = asyncio.Semaphore(limit)
        self._idle: list[Line] = []
        self._busy: set[Line] = set()
        self._look: asyncio.TimerHandle | None = None

    async def enter(self, patience: float) -> bool:
        """Take a slot; False when none came free in so many seconds."""
        try:
            async with asyncio.timeout(patience):
                await self._slots.acquire()
        except TimeoutError:
            return False
        return True

    def leave(self) -> None:
        """Give a slot back."""
        self._slots.release()

    def take(self) -> Line:
        """The line that was used last, else a new one."""
        if not self._idle:
            return self.new()
        line = self._idle.pop()
        self._busy.add(line)
        return line

    def new(self) -> Line:
        """A line without a connection."""
        line = Line(self._tls, self._guard)
        self._busy.add(line)
        return line

    def keep(self, line: Line) -> None:
        """Keep a line for the next exchange, for a while."""
        self._busy.discard(line)
        self._idle.append(line)
        line.idle_since = asyncio.get_running_loop().time()
        if self._look is None:
            self._look_later()

    def drop(self, line: Line) -> None:
        """Hang up without waiting; safe while the calling task is being cancelled."""
        self._busy.discard(line)
        spawn(line.aclose(), name="upstream connection closes")

    def _look_later(self) -> None:
        loop = asyncio.get_running_loop()
        self._look = loop.call_later(min(LOOK, KEEP_IDLE / 2), self._drop_useless)

    def _drop_useless(self) -> None:
        """Hang up what is too old or has ended, and look again while anything is kept."""
        oldest = asyncio.get_running_loop().time() - KEEP_IDLE
        for line in [one for one in self._idle if one.idle_since <= oldest or one.ended()]:
            self._idle.remove(line)
            self.drop(line)
        self._look = None
        if self._idle:
            self._look_later()

    async def aclose(self) -> None:
        """Close every line; who still reads from one finds it disconnected."""
        if self._look is not None:
            self._look.cancel()
            self._look = None
        while self._idle:
            self.take()
        for line in list(self._busy):
            await line.aclose()
