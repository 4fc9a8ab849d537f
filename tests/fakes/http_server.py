"""A small HTTP/1.1 server on loopback that plays scripted bytes, so that it can misbehave at will.

It understands requests properly and knows nothing of answers: a behaviour turns a request into
steps (bytes, pauses, an end), and the server plays them. It notes every call and whether the client
left before its answer was over.
"""

import asyncio
import json
import socket
import ssl
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, cast

STATUS_PATH = "/_calls"


@dataclass(slots=True)
class Call:
    """One request as it arrived, and what became of its answer."""

    method: str
    path: str
    """The request target, query included, as sent."""
    headers: list[tuple[str, str]]
    """In order, names as sent."""
    body: bytes
    connection: int
    """The number of the connection it came on, from 1."""
    at: float
    """Loop time at which it was complete."""
    finished_at: float | None = None
    """Loop time at which the whole answer had been written."""
    left_at: float | None = None
    """Loop time at which the client closed before that."""
    form: dict[str, bytes] = field(default_factory=dict)
    """The fields of a multipart body."""

    def header(self, name: str) -> str | None:
        """The value of a header, any case."""
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)

    @property
    def json(self) -> Any:
        """The decoded body, ``{}`` when it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return {}

    @property
    def model(self) -> str | None:
        """The model asked for: in the body, the form, or an Azure deployment in the path."""
        if "model" in self.form:
            return self.form["model"].decode()
        body = self.json
        if isinstance(body, dict) and isinstance(body.get("model"), str):
            return str(body["model"])
        _, found, rest = self.path.partition("/deployments/")
        return rest.partition("/")[0] if found else None


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait; a client that leaves meanwhile is noted at once."""

    seconds: float


class End(Enum):
    """How an answer can end other than by its own framing, which leaves the connection open."""

    CLOSE = "close"
    """The connection is closed in the ordinary way (FIN)."""
    RESET = "reset"
    """The connection is torn down (RST)."""
    HANG = "hang"
    """Nothing more happens until the client leaves."""


Step = bytes | Pause | End
Behaviour = Callable[[Call], Iterable[Step]]
"""What to do about a call: bytes to write one by one, pauses, an end."""


class Server:
    """Accepts connections and plays what ``choose`` says for each call."""

    def __init__(self, choose: Callable[[Call], Behaviour], *, remember: bool = True) -> None:
        self.choose = choose
        self.remember = remember
        self.calls: list[Call] = []
        self.count = 0
        """Calls so far, remembered or not."""
        self.open = 0
        """Answers being played now."""
        self.peak = 0
        """The most that were played at once."""
        self.accepted = 0
        """Connections so far."""
        self.idle_seconds: float | None = None
        """How long an idle connection is kept; None: for ever."""
        self.connections: set[Connection] = set()
        self.failure: Exception | None = None
        """What a behaviour raised; the end of the server raises it again."""
        self._server: asyncio.Server | None = None

    async def start(self, port: int = 0, tls: ssl.SSLContext | None = None) -> int:
        """Listen on loopback; returns the port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self), "127.0.0.1", port, ssl=tls, backlog=4096
        )
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening and drop every connection."""
        if self._server is not None:
            self._server.close()
        tasks = [connection.drop() for connection in list(self.connections)]
        await asyncio.gather(*tasks, return_exceptions=True)
        if self.failure is not None:
            raise self.failure

    def note(self, call: Call) -> bool:
        """Count a call and remember it; a look at the counts is none."""
        if call.path == STATUS_PATH:
            return False
        self.count += 1
        self.open += 1
        self.peak = max(self.peak, self.open)
        if self.remember:
            self.calls.append(call)
        return True

    def drop_idle(self) -> None:
        """Close the connections on which nothing is being played, as a restart would."""
        for connection in list(self.connections):
            if not connection.playing:
                connection.transport.close()


class Connection(asyncio.Protocol):
    """One client connection: requests in, one after the other, steps out."""

    transport: asyncio.Transport

    def __init__(self, server: Server) -> None:
        self.server = server
        self.playing = False
        self._buffer = bytearray()
        self._arrived = asyncio.Event()
        self._lost = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._number = 0
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to serve."""
        self.transport = cast("asyncio.Transport", transport)
        self.server.accepted += 1
        self._number = self.server.accepted
        self.server.connections.add(self)
        self._task = asyncio.get_running_loop().create_task(self._serve())

    def data_received(self, data: bytes) -> None:
        """Keep what came until a request is whole."""
        self._buffer += data
        self._arrived.set()

    def connection_lost(self, _exc: Exception | None) -> None:
        """Wake whoever is waiting for, or writing to, this client."""
        self.server.connections.discard(self)
        self._lost.set()
        self._arrived.set()
        self._writable.set()

    def pause_writing(self) -> None:
        """Hold back: the client reads slower than we write."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Go on."""
        self._writable.set()

    def drop(self) -> asyncio.Task[None]:
        """Tear the connection down; returns the task to wait for."""
        assert self._task is not None
        self.transport.abort()
        self._task.cancel()
        return self._task

    async def _serve(self) -> None:
        while (call := await self._next_call()) is not None:
            behaviour = self.server.choose(call)
            counted = self.server.note(call)
            self.playing = True
            try:
                kept = await self._play(call, behaviour(call))
            except Exception as failure:  # noqa: BLE001 - whatever a test's behaviour raises
                self.server.failure = failure
                self.transport.abort()
                return
            finally:
                self.playing = False
                self.server.open -= counted
            if not kept:
                return
        self.transport.close()

    async def _play(self, call: Call, steps: Iterable[Step]) -> bool:
        now = asyncio.get_running_loop().time
        for step in steps:
            match step:
                case End.HANG:
                    await self._lost.wait()
                case End.CLOSE | End.RESET:
                    self._end(step)
                    call.finished_at = now()
                    return False
                case Pause(seconds):
                    await self._lost_within(seconds)
                case _:
                    await self._write(step)
            if self._lost.is_set():
                call.left_at = now()
                return False
        call.finished_at = now()
        return True

    async def _write(self, data: bytes) -> None:
        if not self._lost.is_set():
            self.transport.write(data)
            await self._writable.wait()

    def _end(self, how: Step) -> None:
        if how is End.RESET:
            linger = struct.pack("ii", 1, 0)
            raw = self.transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.transport.abort()
        else:
            self.transport.close()

    async def _lost_within(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._lost.wait(), seconds)
        except TimeoutError:
            return

    async def _next_call(self) -> Call | None:
        head = await self._head()
        if head is None:
            return None
        request, *lines = head.decode("latin-1").split("\r\n")
        method, _, rest = request.partition(" ")
        target = rest.rpartition(" ")[0]
        headers = [(n, v.strip()) for n, _, v in (line.partition(":") for line in lines)]
        named = {name.lower(): value for name, value in headers}
        if named.get("expect", "").lower() == "100-continue":
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if "chunked" in named.get("transfer-encoding", "").lower():
            body = await self._chunked()
        else:
            body = await self._exactly(int(named.get("content-length", "0")))
        if body is None:
            return None
        at = asyncio.get_running_loop().time()
        form = parse_form(named.get("content-type", ""), body)
        return Call(method, target, headers, body, self._number, at, form=form)

    async def _head(self) -> bytes | None:
        try:
            async with asyncio.timeout(self.server.idle_seconds):
                return await self._until(b"\r\n\r\n")
        except TimeoutError:
            return None

    async def _until(self, mark: bytes) -> bytes | None:
        while (at := self._buffer.find(mark)) < 0:
            if not await self._more():
                return None
        head = bytes(self._buffer[:at])
        del self._buffer[: at + len(mark)]
        return head

    async def _exactly(self, size: int) -> bytes | None:
        while len(self._buffer) < size:
            if not await self._more():
                return None
        body = bytes(self._buffer[:size])
        del self._buffer[:size]
        return body

    async def _chunked(self) -> bytes | None:
        body = bytearray()
        while (line := await self._until(b"\r\n")) is not None:
            size = int(line.partition(b";")[0], 16)
            chunk = await self._exactly(size + 2)
            if chunk is None:
                return None
            if size == 0:
                return bytes(body)
            body += chunk[:-2]
        return None

    async def _more(self) -> bool:
        self._arrived.clear()
        if self._lost.is_set():
            return False
        await self._arrived.wait()
        return not self._lost.is_set()


def parse_form(content_type: str, body: bytes) -> dict[str, bytes]:
    """The fields of a ``multipart/form-data`` body by name; ``{}`` for any other body."""
    kind, _, rest = content_type.partition("boundary=")
    if not kind.lower().startswith("multipart/form-data"):
        return {}
    mark = b"--" + rest.partition(";")[0].strip().strip('"').encode()
    fields = {}
    for part in body.split(mark)[1:-1]:
        head, _, value = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        _, _, name = head.decode("latin-1").partition('name="')
        fields[name.partition('"')[0]] = value.removesuffix(b"\r\n")
    return fields
