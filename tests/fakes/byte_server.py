"""A provider that writes given bytes: request number ``n`` (``/n/…``) gets ``answer(n)``."""

import asyncio
import re
from collections.abc import Callable
from types import TracebackType
from typing import Self, cast

from fakes.answer_streams import WireAnswer

_NUMBER = re.compile(rb"\S+ /(\d+)")
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class ByteServer:
    """Listens on loopback while it is entered."""

    def __init__(self, answer: Callable[[int], WireAnswer]) -> None:
        self.answer = answer
        self.connections: set[_Connection] = set()
        self.accepted = 0
        self.tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.get_running_loop().create_server(
            lambda: _Connection(self), "127.0.0.1", 0, backlog=1024
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        for connection in list(self.connections):
            connection.transport.abort()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def url(self, number: int) -> str:
        """Where answer ``number`` is had."""
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/{number}"


class _Connection(asyncio.Protocol):
    transport: asyncio.Transport

    def __init__(self, server: ByteServer) -> None:
        self._server = server
        self._got = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._server.accepted += 1
        self._server.connections.add(self)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._server.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, ended, body = self._got.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not ended or len(body) < int(length[1] if length else 0):
            return
        self._got = b""
        asked = _NUMBER.match(head)
        assert asked is not None
        task = asyncio.get_running_loop().create_task(self._play(int(asked[1])))
        self._server.tasks.add(task)
        task.add_done_callback(self._server.tasks.discard)

    async def _play(self, number: int) -> None:
        answer = self._server.answer(number)
        for piece in answer.pieces:
            if piece and not self.transport.is_closing():
                self.transport.write(piece)
            # The client reads in between, so that it meets the pieces as they were cut.
            await asyncio.sleep(0)
        if answer.closes:
            self.transport.close()
