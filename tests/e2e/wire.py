"""A bare HTTP/1.1 connection: bytes written as a test has them, bytes read as they come.

For what an HTTP library hides or forbids: lies about lengths, half requests, several requests in
one write, the moment at which a piece arrives, and leaving in the middle of it.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

PATIENCE = 10.0
"""Seconds after which an answer that has not come is taken for a hang."""


class Wire:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._chunked = False
        self._left = 0
        self._unread = b""

    async def send(self, data: bytes) -> None:
        """Write bytes."""
        self._writer.write(data)
        await self._writer.drain()

    async def post(self, path: str, key: str, body: Any, **headers: str) -> None:
        """Write a whole JSON request."""
        await self.send(request(path, key, json.dumps(body).encode(), **headers))

    def leave(self) -> None:
        """Close, in the ordinary way."""
        self._writer.close()

    def end_of_request(self) -> None:
        """Say that nothing more will be written, and go on reading."""
        self._writer.write_eof()

    async def head(self) -> tuple[int, dict[str, str]]:
        """The next answer's status and headers, names in lower case."""
        async with asyncio.timeout(PATIENCE):
            told = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status, *lines = told.rstrip().split("\r\n")
        pairs = [line.split(": ", 1) for line in lines]
        headers = {pair[0].lower(): pair[-1] for pair in pairs}
        self._chunked = headers.get("transfer-encoding") == "chunked"
        self._left = int(headers.get("content-length", "0"))
        return int(status.split()[1]), headers

    async def piece(self) -> bytes:
        """The next piece of the body as it was sent; ``b""`` at its end."""
        async with asyncio.timeout(PATIENCE):
            if not self._chunked:
                data = await self._reader.read(self._left)
                self._left -= len(data)
                return data
            size = int(await self._reader.readuntil(b"\r\n"), 16)
            return (await self._reader.readexactly(size + 2))[:-2]

    async def frame(self) -> bytes:
        """The next event of a stream with its blank line; ``b""`` at the end of the stream."""
        while b"\n\n" not in self._unread:
            piece = await self.piece()
            if not piece:
                return b""
            self._unread += piece
        frame, _, self._unread = self._unread.partition(b"\n\n")
        return frame + b"\n\n"

    async def body(self) -> bytes:
        """The rest of the body."""
        pieces = [self._unread]
        while piece := await self.piece():
            pieces.append(piece)
        return b"".join(pieces)

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        """A whole answer."""
        status, headers = await self.head()
        return status, headers, await self.body()

    async def is_closed(self) -> bool:
        """Whether the other side closes, without another byte."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._reader.read(1) == b""
        except ConnectionError:
            return True


@asynccontextmanager
async def dial(url: str) -> AsyncIterator[Wire]:
    """A connection to a server."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    wire = Wire(reader, writer)
    try:
        yield wire
    finally:
        writer.transport.abort()


def request(path: str, key: str, body: bytes, method: str = "POST", **headers: str) -> bytes:
    """A request as it stands on the wire; ``headers`` replace or add, underscores as dashes."""
    usual = {
        "host": "gateway",
        "authorization": f"Bearer {key}",
        "content-type": "application/json",
        "content-length": str(len(body)),
    }
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return head(f"{method} {path} HTTP/1.1", (usual | given).items()) + body


def head(first: str, headers: Iterable[tuple[str, str]]) -> bytes:
    """A request's head."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"{first}\r\n{lines}\r\n".encode("latin-1")
