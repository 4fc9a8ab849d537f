"""The network under one connection: counts what passes and sets how long each step may take.

httpx knows one limit per read and per write and cannot tell whether a connection was re-used or how
many bytes came back. Both are needed here, so they are kept where the bytes are: below httpx, at
the network interface that its engine offers.

An ``AnswerReader`` reads along, since httpx's own is more lenient (folded headers, bare line feeds,
one length said twice, spaces in chunk sizes): where the two do not agree there is no answer.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Iterable, Sequence
from typing import Any

import httpcore

from ..core.faults import FaultKind
from ..core.model import Timeouts
from .answer_reader import AnswerReader
from .guard import Guard

_EARLY = 0.001
"""Seconds by which a timer may fire early."""


class Meter(httpcore.AsyncNetworkBackend):
    """Limits and counts of the exchange that a connection is carrying now.

    With a ``guard``, every address that is dialled passes it.
    """

    def __init__(self, guard: Guard | None = None, *, secure: bool = False) -> None:
        self._network = httpcore.AnyIOBackend()
        self._guard = guard
        self._secure = secure
        self.begin(Timeouts(), 0.0)

    def begin(self, limits: Timeouts, deadline: float, *, bodiless: bool = False) -> None:
        """A new exchange starts, to be over at a loop time."""
        self._limits = limits
        self._deadline = deadline
        self._connect_by = 0.0
        self._sent_at = 0.0
        self.answering = False
        """Whether the head of the answer is complete."""
        self.dialled = False
        """Whether this exchange opened its connection, rather than found one."""
        self.written = 0
        """Bytes of the request that were handed to the network."""
        self.received = 0
        """Bytes of the answer, head included."""
        self.ended = False
        """Whether the provider closed its side."""
        self.witness = AnswerReader()
        """Reads what httpx reads; its ``head_done`` and ``complete`` must confirm httpx's."""
        self.witness.begin(bodiless=bodiless)

    @property
    def remaining(self) -> float:
        """Seconds left of the total."""
        return self._deadline - asyncio.get_running_loop().time()

    def expired(self) -> FaultKind:
        """Which limit a time-out that has just happened was."""
        if self.remaining <= _EARLY:
            return FaultKind.TOTAL_TIMEOUT
        return FaultKind.IDLE_TIMEOUT if self.answering else FaultKind.FIRST_BYTE_TIMEOUT

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface's
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Dial; the connect limit covers the name, the connection and TLS together."""
        del timeout
        self.dialled = True
        self._connect_by = asyncio.get_running_loop().time() + self._limits.connect

        async def dial(place: str) -> httpcore.AsyncNetworkStream:
            stream = await self._network.connect_tcp(
                place, port, self.to_connect(), local_address, socket_options
            )
            return _Stream(stream, self)

        *places, last = await self._places(host, port)
        for place in places:
            with contextlib.suppress(httpcore.ConnectError):
                return await dial(place)
        return await dial(last)

    async def _places(self, host: str, port: int) -> Sequence[str]:
        """What to dial for a host, in order: never nothing."""
        if self._guard is None:
            return (host,)
        try:
            async with asyncio.timeout(self.to_connect()):
                return await self._guard.addresses(host, port, secure=self._secure)
        except TimeoutError:
            raise httpcore.ConnectTimeout from None

    def to_connect(self) -> float:
        """Seconds left for dialling."""
        return min(self._connect_by - asyncio.get_running_loop().time(), self.remaining)

    def to_write(self) -> float:
        """Seconds for handing over the next part of the request."""
        return min(self._limits.first_byte, self.remaining)

    def to_read(self) -> float:
        """Seconds for the next part of the answer: for its head counted from the last write."""
        if self.answering:
            return min(self._limits.idle, self.remaining)
        waited = asyncio.get_running_loop().time() - self._sent_at
        return min(self._limits.first_byte - waited, self.remaining)

    def wrote(self, size: int) -> None:
        """Part of the request was handed over."""
        self.written += size
        self._sent_at = asyncio.get_running_loop().time()

    def read(self, data: bytes) -> None:
        """Part of the answer arrived; none means that the provider closed."""
        self.received += len(data)
        self.ended = not data
        if data:
            self.witness.feed(data)
            self.witness.pieces.clear()
        else:
            self.witness.eof()


class _Stream(httpcore.AsyncNetworkStream):
    """A connection's bytes, under its meter's limits instead of those httpx hands down."""

    def __init__(self, stream: httpcore.AsyncNetworkStream, meter: Meter) -> None:
        self._stream = stream
        self._meter = meter

    async def read(
        self,
        max_bytes: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface's
    ) -> bytes:
        """Read what is there, at most ``max_bytes``; ``b""`` when the provider closed."""
        del timeout
        if self._meter.witness.bad is not None:
            raise httpcore.RemoteProtocolError("only httpx believes this answer")
        data = await self._stream.read(max_bytes, self._meter.to_read())
        self._meter.read(data)
        return data

    async def write(
        self,
        buffer: bytes,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface's
    ) -> None:
        """Write all of ``buffer``."""
        del timeout
        # Counted before: of a write that fails half-way some bytes may have arrived.
        self._meter.wrote(len(buffer))
        await self._stream.write(buffer, self._meter.to_write())
        self._meter.wrote(0)

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface's
    ) -> httpcore.AsyncNetworkStream:
        """Shake hands."""
        del timeout
        stream = await self._stream.start_tls(
            ssl_context, server_hostname, self._meter.to_connect()
        )
        return _Stream(stream, self._meter)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._stream.aclose()

    def get_extra_info(self, info: str) -> Any:
        """What httpx's engine asks of a socket."""
        return self._stream.get_extra_info(info)
