"""Answers on the fast transport: come as a whole, still coming, and compressed."""

import zlib
from collections.abc import Iterator, Mapping
from typing import ClassVar, Final

from ..core.faults import Fault, FaultKind
from ..ports import Exchange
from .answer_headers import Headers
from .answer_reader import AnswerReader
from .decode import Decoder
from .fast_connection import Connection
from .fast_pool import Pool

_GIVEN_UP: Final = Fault(FaultKind.DISCONNECTED, detail="the answer was given up here")


def still_coming(connection: Connection, pool: Pool) -> Exchange:
    """The exchange of an answer whose head has arrived, and maybe more."""
    answer = connection.answer
    if not answer.coded:
        return OpenExchange(connection, pool)
    coding = answer.headers["content-encoding"].lower()
    if Decoder.knows(coding):
        return CodedExchange(connection, pool, Decoder(coding))
    exchange = UncodedExchange(connection, pool)
    if coding not in {"identity", ""}:
        exchange.fail(_invalid("the answer is compressed in an unknown way"))
    return exchange


class WholeExchange:
    """An answer that came to its end with its head: it holds no connection any more."""

    __slots__ = ("_head", "_left", "content_type", "status", "whole")

    def __init__(self, answer: AnswerReader) -> None:
        self.status = answer.status
        self.content_type = answer.content_type
        self._head = answer.head
        self._left: bytes | Fault
        self.whole: bytes | None
        """All of the body, which need not be read."""
        self.whole = self._left = answer.take() if answer.pieces else b""

    @property
    def headers(self) -> Mapping[str, str]:
        """Names in lower case; the last of equal names wins."""
        return Headers(self._head)

    async def read(self) -> bytes | Fault:
        """The body, then ``b""``."""
        left = self._left
        if isinstance(left, bytes):
            self._left = b""
        return left

    def close(self) -> None:
        """Give up what was not read."""
        if self._left:
            self._left = _GIVEN_UP


class OpenExchange:
    """An answer that is still coming, and the connection that it holds until its end."""

    __slots__ = ("_connection", "_end", "_head", "_pool", "content_type", "status")

    whole: bytes | None = None

    def __init__(self, connection: Connection, pool: Pool) -> None:
        answer = connection.answer
        self.status = answer.status
        self.content_type = answer.content_type
        self._head = answer.head
        self._connection = connection
        self._pool = pool
        self._end: bytes | Fault | None = None
        """What a read brings once the answer is over; then the connection may be another's."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Names in lower case; the last of equal names wins."""
        return Headers(self._head)

    async def read(self) -> bytes | Fault:
        """The next piece of the body, ``b""`` at its proper end, or what went wrong."""
        connection = self._connection
        answer = connection.answer
        while self._end is None:
            if answer.pieces:
                return connection.take()
            if answer.complete:
                self._finish()
            elif connection.fault is not None:
                self.fail(connection.fault)
            else:
                await connection.arrival()
        return self._end

    def close(self) -> None:
        """Give up the answer: a plain call, safe while a task is being cancelled."""
        # Even if all of it has come: another task may be about to read it, and must not find the
        # next exchange in its place.
        self.fail(_GIVEN_UP)

    def fail(self, fault: Fault) -> None:
        """End the answer, unless it is over, and its connection with it."""
        if self._end is None:
            self._end = fault
            self._pool.drop(self._connection)

    def _finish(self) -> None:
        self._end = b""
        self._pool.give_back(self._connection)


class UncodedExchange(OpenExchange):
    """An answer whose header of a compression says nothing, or nothing that is known here."""

    __slots__ = ()

    _GONE: ClassVar = frozenset({"content-encoding"})

    @property
    def headers(self) -> Mapping[str, str]:
        """As the answer has them, but for what no longer holds."""
        headers = super().headers
        return {name: value for name, value in headers.items() if name not in self._GONE}


class CodedExchange(UncodedExchange):
    """An answer that came compressed although nobody had asked for it."""

    __slots__ = ("_decoded", "_decoder")

    _GONE = frozenset({"content-encoding", "content-length"})

    def __init__(self, connection: Connection, pool: Pool, decoder: Decoder) -> None:
        super().__init__(connection, pool)
        self._decoder = decoder
        self._decoded: Iterator[bytes] = iter(())

    async def read(self) -> bytes | Fault:
        """The next piece of the body as it was meant."""
        connection = self._connection
        answer = connection.answer
        try:
            while self._end is None:
                for piece in self._decoded:
                    return piece
                if answer.pieces:
                    self._decoded = self._decoder.feed(connection.take())
                elif answer.complete and self._decoder.complete:
                    self._finish()
                elif answer.complete:
                    self.fail(_invalid("the compression is broken"))
                elif connection.fault is not None:
                    self.fail(connection.fault)
                else:
                    await connection.arrival()
        except zlib.error:
            broken = _invalid("the answer's compression is broken")
            self.fail(broken)
            return broken
        return self._end


def _invalid(detail: str) -> Fault:
    return Fault(FaultKind.INVALID_RESPONSE, detail=detail)
