"""Clients of many streams in one loop: opens them, counts the events that arrive."""

import json
import select
import socket
import time
from contextlib import suppress

from bench.process import Chat, Failed

OPENED_WITHIN = 60.0
_EVENT = b"data:"


class StreamReader:
    """Holds open streams of one subject."""

    def __init__(self, chat: Chat) -> None:
        body = json.dumps(chat.body(stream=True), separators=(",", ":")).encode()
        head = {"host": "127.0.0.1", **chat.head(), "content-length": str(len(body))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        self._request = f"POST {chat.path} HTTP/1.1\r\n{lines}\r\n".encode() + body
        self._port = chat.port
        self._poll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        self._silent: set[int] = set()
        """Streams that have not had an event yet."""
        self._refusals: list[bytes] = []

    def open(self, count: int) -> None:
        """Open so many more streams and wait until each has had an event."""
        for _ in range(count):
            made = socket.create_connection(("127.0.0.1", self._port), timeout=10)
            made.sendall(self._request)
            made.setblocking(False)
            self._sockets[made.fileno()] = made
            self._silent.add(made.fileno())
            self._poll.register(made.fileno(), select.EPOLLIN)
            self._take(0.0)
        deadline = time.monotonic() + OPENED_WITHIN
        while self._silent and time.monotonic() < deadline:
            self._take(0.1)
        if self._silent:
            raise Failed(f"{len(self._silent)} of {count} streams did not begin")

    def read(self, seconds: float) -> int:
        """Read for so long; how many events came."""
        deadline = time.monotonic() + seconds
        events = 0
        while (left := deadline - time.monotonic()) > 0:
            events += self._take(left)
        return events

    def _take(self, wait: float) -> int:
        events = 0
        for fd, _ in self._poll.poll(wait):
            one = self._sockets[fd]
            data = one.recv(262_144)
            if not data:
                raise Failed("a stream ended early")
            if data.startswith(b"HTTP/1.1 ") and data[9:12] != b"200":
                raise Failed(_refusal(one, data))
            found = data.count(_EVENT)
            if found:
                self._silent.discard(fd)
                events += found
        return events

    def close(self) -> None:
        """Leave every stream."""
        for one in self._sockets.values():
            one.close()
        self._sockets.clear()
        self._poll.close()


def _refusal(one: socket.socket, data: bytes) -> str:
    """What an answer that is no stream says; its body may come a moment after its head."""
    head, _, body = data.partition(b"\r\n\r\n")
    if not body:
        one.settimeout(1)
        with suppress(OSError):
            body = one.recv(4096)
    status = head.partition(b"\r\n")[0][9:]
    told = b"a stream was refused with %b: %b" % (status, body[:200])
    return told.decode(errors="replace")
