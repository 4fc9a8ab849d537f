"""One client connection, byte by byte: fast enough for load, and free to send what is not HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that arrived in full."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Its decoded body."""
        return json.loads(self.body)

    @property
    def code(self) -> Any:
        """The code of an error in OpenAI's shape."""
        return self.json["error"]["code"]


class Line:
    """A connection to a gateway; ``ConnectionError`` when it ends before an answer does."""

    def __init__(self, url: str, key: str = "") -> None:
        place = urlsplit(url)
        self._host, self._port = place.hostname, place.port
        self._key = key
        self.reader: asyncio.StreamReader
        self.writer: asyncio.StreamWriter

    async def __aenter__(self) -> Self:
        self.reader, self.writer = await asyncio.open_connection(
            self._host, self._port, limit=2**20
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.writer.transport.abort()

    @property
    def port(self) -> int:
        """Our end's port."""
        return int(self.writer.get_extra_info("sockname")[1])

    async def post(self, path: str, value: Any, **headers: str) -> Answer:
        """Send JSON and read the whole answer."""
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send(self.head("POST", path, len(body), **headers) + body)
        return await self.answer()

    async def get(self, path: str, **headers: str) -> Answer:
        """Ask for a path and read the whole answer."""
        self.send(self.head("GET", path, None, **headers))
        return await self.answer()

    def head(self, method: str, path: str, size: int | None, **headers: str) -> bytes:
        """The head of a request; underscores in names stand for dashes."""
        told = {"host": f"{self._host}:{self._port}"}
        if self._key:
            told["authorization"] = f"Bearer {self._key}"
        if size is not None:
            told |= {"content-type": "application/json", "content-length": str(size)}
        told |= {name.replace("_", "-"): value for name, value in headers.items()}
        lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
        return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1")

    def send(self, data: bytes) -> None:
        """Put bytes on the wire."""
        self.writer.write(data)

    async def answer(self) -> Answer:
        """Read one answer to its end."""
        status, headers = await self.answer_head()
        body = b"".join([piece async for piece in self.pieces(headers)])
        return Answer(status, headers, body)

    async def answer_head(self) -> tuple[int, Mapping[str, str]]:
        """Read the status and the headers of an answer."""
        head = await self._until(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")[:-2]
        headers = {
            name.lower(): value.strip() for name, _, value in (it.partition(":") for it in lines)
        }
        return int(first.split()[1]), headers

    async def pieces(self, headers: Mapping[str, str]) -> AsyncIterator[bytes]:
        """The body of an answer as it comes."""
        if "chunked" not in headers.get("transfer-encoding", ""):
            size = int(headers.get("content-length", "0"))
            if size:
                yield await self._exactly(size)
            return
        while size := int(await self._until(b"\r\n"), 16):
            yield (await self._exactly(size + 2))[:-2]
        await self._exactly(2)

    async def rest(self) -> bytes:
        """All that still comes until the gateway closes."""
        return await self.reader.read()

    async def _until(self, mark: bytes) -> bytes:
        try:
            return await self.reader.readuntil(mark)
        except asyncio.IncompleteReadError as cut:
            raise ConnectionError(f"closed after {len(cut.partial)} bytes") from None

    async def _exactly(self, size: int) -> bytes:
        try:
            return await self.reader.readexactly(size)
        except asyncio.IncompleteReadError as cut:
            raise ConnectionError(f"closed after {len(cut.partial)} bytes") from None
