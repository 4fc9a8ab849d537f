"""The fast transport: asyncio sockets and llhttp, for the providers that need nothing more.

It does what ``httpx_transport`` does (the same contract suite says so) at a fraction of the cost.
Proxies and HTTP/2 are not for it: ``transport: httpx`` on a provider takes the other one.
"""

import asyncio
import ssl
import zlib
from collections.abc import Iterator, Mapping
from functools import partial

from ..core.faults import Fault, FaultKind
from ..core.model import Provider
from ..ports import Exchange, UpstreamRequest
from .decode import Decoder
from .fast_connection import Connection
from .fast_pool import Pool
from .fast_request import Origin, prepared
from .trust import Trust

_WITH_LENGTH = frozenset({"POST", "PUT", "PATCH"})
"""Methods whose requests say their length even if it is 0."""
_PoolKey = tuple[Origin, int, str | None, str | None]


class FastTransport:
    """Sends requests; ``tls`` replaces the usual certificate authorities."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._trust = Trust(tls)
        self._pools: dict[_PoolKey, Pool] = {}

    async def send(self, request: UpstreamRequest) -> Exchange | Fault:
        """Send, and wait for the head of the answer."""
        method, body, limits = request.method, request.body, request.timeouts
        try:
            origin, head = prepared(method, request.url, tuple(request.headers))
        except ValueError:
            return Fault(FaultKind.CONNECT, detail="the request cannot be written", sent=False)
        if body or method in _WITH_LENGTH:
            head += b"content-length: %d\r\n\r\n" % len(body)
        else:
            head += b"\r\n"
        pool = self._pool(origin, request.provider)
        deadline = asyncio.get_running_loop().time() + limits.total
        connection = await pool.take(limits, deadline)
        while isinstance(connection, Connection):
            try:
                connection.begin(head, body, limits, deadline, bodiless=method == "HEAD")
                fault = await connection.head()
            except BaseException:
                pool.drop(connection)
                raise
            if fault is None:
                return FastExchange(connection, pool)
            stale = connection.reused and not connection.received
            if fault.kind is not FaultKind.DISCONNECTED or not stale:
                pool.drop(connection)
                return fault
            connection = await pool.replace(connection, limits, deadline)
        return connection

    async def aclose(self) -> None:
        """Close every connection."""
        for pool in self._pools.values():
            pool.close()
        # Sockets are closed by what the loop does next.
        await asyncio.sleep(0)

    def _pool(self, origin: Origin, provider: Provider) -> Pool:
        # What a connection was verified by is part of it: other trust, other connections.
        key = (origin, provider.max_connections, provider.ca_file, provider.client_cert)
        pool = self._pools.get(key)
        if pool is None:
            tls = partial(self._trust.context, provider)
            pool = self._pools[key] = Pool(origin, provider.max_connections, tls)
        return pool


class FastExchange:
    """An answer whose head has arrived."""

    __slots__ = (
        "_connection",
        "_decoded",
        "_decoder",
        "_fault",
        "_over",
        "_pool",
        "headers",
        "status",
    )

    def __init__(self, connection: Connection, pool: Pool) -> None:
        answer = connection.answer
        self.status = answer.status
        self.headers: Mapping[str, str] = answer.headers
        self._connection = connection
        self._pool = pool
        self._over = False
        self._fault: Fault | None = None
        self._decoder: Decoder | None = None
        self._decoded: Iterator[bytes] = iter(())
        if "content-encoding" in answer.headers:
            self._undo(answer.headers)

    def _undo(self, headers: dict[str, str]) -> None:
        coding = headers.pop("content-encoding").strip().lower()
        if Decoder.knows(coding):
            self._decoder = Decoder(coding)
            headers.pop("content-length", None)
        elif coding not in {"identity", ""}:
            self._fault = _invalid("the answer is compressed in an unknown way")

    async def read(self) -> bytes | Fault:
        """The next piece of the body, ``b""`` at its proper end, or what went wrong."""
        if self._over or self._fault is not None:
            self.close()
            return self._fault or b""
        if self._decoder is None:
            piece = await self._connection.read()
        else:
            piece = await self._decode(self._decoder)
        if isinstance(piece, Fault):
            self._fault = self._fault or piece
            self.close()
        elif not (piece or self._over):
            self._over = True
            self._pool.give_back(self._connection)
        return piece

    async def _decode(self, decoder: Decoder) -> bytes | Fault:
        try:
            while True:
                for piece in self._decoded:
                    return piece
                raw = await self._connection.read()
                if isinstance(raw, Fault):
                    return raw
                if not raw:
                    return raw if decoder.complete else _invalid("the compression is broken")
                self._decoded = decoder.feed(raw)
        except zlib.error:
            return _invalid("the answer's compression is broken")

    def close(self) -> None:
        """Give up the answer: a plain call, safe while a task is being cancelled."""
        if self._over:
            return
        self._over = True
        if self._fault is None:
            self._fault = Fault(FaultKind.DISCONNECTED, detail="the answer was given up here")
        # Even if all of it has come: another task may be about to read it, and must not find
        # the next exchange in its place.
        self._pool.drop(self._connection)


def _invalid(detail: str) -> Fault:
    return Fault(FaultKind.INVALID_RESPONSE, detail=detail)
