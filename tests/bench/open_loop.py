"""Open-loop load: requests at a constant rate, whatever becomes of those before them.

Latency runs from the moment at which a request was due, not from when it could be sent, to the last
byte of its answer on the client's socket: a subject that stalls is charged for everything that had
to wait meanwhile (no coordinated omission). A busy client is charged to the subject too, so how
late the client itself was is told as well.

Theory of operation. A timer that ticks at the rate and all connections are polled together. At a
tick the next request goes out on an idle connection, or on a new one; when there are as many as
there may be, it waits for one, and its latency grows.
"""

import gc
import json
import re
import select
import socket
import time
from array import array
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.process import Chat, Failed
from bench.ticker import Ticker

PERCENTILES = (50.0, 90.0, 99.0, 99.9)
MOST_CONNECTIONS = 128
MOST_PER_SECOND = 16_000
"""Above it the client would measure itself."""
MOST_REQUESTS = 2_000_000
_LATE_ANSWERS = 5.0
"""Seconds that the last answers have."""
_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
_LAST_CHUNK = b"0\r\n\r\n"
_SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Latencies:
    """What the requests of one run took."""

    sent: int
    failed: int
    percentiles: dict[float, float]
    """Seconds by percentile; those that so few requests cannot tell are left out."""
    client_late: float
    """Seconds by which the client itself was late in noticing one request in a hundred."""
    connections: int


@dataclass(slots=True, eq=False)
class _Connection:
    socket: socket.socket
    number: int = -1
    """The request under way."""
    received: bytearray = field(default_factory=bytearray)

    def complete(self) -> bool:
        """Whether the answer is whole; ``ValueError`` for one that is no success."""
        received = self.received
        end = received.find(b"\r\n\r\n")
        if end < 0:
            return False
        if received[9:12] != b"200":
            raise ValueError("not a success")
        length = _LENGTH.search(received, 0, end + 2)
        if length is None:
            return received.endswith(_LAST_CHUNK)
        return len(received) >= end + 4 + int(length[1])


class _Client:
    """Sends and receives; owns the connections."""

    def __init__(self, chat: Chat, start_ns: int, interval_ns: int) -> None:
        body = json.dumps(chat.body(), separators=(",", ":")).encode()
        head = {"host": "127.0.0.1", **chat.head(), "content-length": str(len(body))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        self._request = f"POST {chat.path} HTTP/1.1\r\n{lines}\r\n".encode() + body
        self._port = chat.port
        self._start_ns = start_ns
        self._interval_ns = interval_ns
        self._idle: list[_Connection] = []
        self._late: deque[int] = deque()
        self.poll = select.epoll()
        self.connections: dict[int, _Connection] = {}
        self.latencies = array("q")
        self.lags = array("q")
        self.failed = 0

    def due(self, number: int) -> None:
        """Send a request, or let it wait when every connection is busy."""
        self.lags.append(time.monotonic_ns() - self._due_ns(number))
        if self._idle:
            self._send(self._idle.pop(), number)
        elif len(self.connections) < MOST_CONNECTIONS:
            self._send(self._dial(), number)
        else:
            self._late.append(number)

    def _dial(self) -> _Connection:
        made = socket.create_connection(("127.0.0.1", self._port), timeout=5)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made.setblocking(False)
        connection = _Connection(made)
        self.connections[made.fileno()] = connection
        self.poll.register(made.fileno(), select.EPOLLIN)
        return connection

    def _send(self, connection: _Connection, number: int) -> None:
        connection.number = number
        # A request is far smaller than a socket's buffer, so it goes out whole.
        connection.socket.send(self._request)

    def _due_ns(self, number: int) -> int:
        return self._start_ns + number * self._interval_ns

    def readable(self, fd: int) -> None:
        """Take what has arrived; an answer that is whole is timed."""
        connection = self.connections.get(fd)
        if connection is None:
            return
        try:
            piece = connection.socket.recv(65536)
            connection.received += piece
            whole = connection.complete() if piece else None
        except (OSError, ValueError):
            whole = None
        if whole:
            self.latencies.append(time.monotonic_ns() - self._due_ns(connection.number))
            connection.received.clear()
            connection.number = -1
            if self._late:
                self._send(connection, self._late.popleft())
            else:
                self._idle.append(connection)
        elif whole is None:
            self._lost(fd, connection)

    def _lost(self, fd: int, connection: _Connection) -> None:
        self.failed += connection.number >= 0
        if connection in self._idle:
            self._idle.remove(connection)
        del self.connections[fd]
        connection.socket.close()

    def close(self) -> None:
        """Close everything."""
        for connection in self.connections.values():
            connection.socket.close()
        self.poll.close()


def measure(chat: Chat, rate: float, seconds: float, *, warm_up: float = 0.5) -> Latencies:
    """Send ``rate`` requests a second; the first ``warm_up`` seconds are not counted."""
    most = min(int(rate * (seconds + warm_up)) + 1, MOST_REQUESTS)
    uncounted = min(int(rate * warm_up), most - 1)
    gc.collect()  # before the clock starts: in a large process it takes a while
    ticker = Ticker(rate)
    client = _Client(chat, ticker.start_ns, ticker.interval_ns)
    client.poll.register(ticker.fileno(), select.EPOLLIN)
    end_ns = ticker.start_ns + most * ticker.interval_ns + int(_LATE_ANSWERS * _SECOND)
    sent = 0
    gc.disable()
    try:
        while len(client.latencies) + client.failed < most and time.monotonic_ns() < end_ns:
            for fd, _ in client.poll.poll(0.1):
                if fd != ticker.fileno():
                    client.readable(fd)
                    continue
                for _ in range(min(ticker.due(), most - sent)):
                    client.due(sent)
                    sent += 1
    except OSError as error:
        raise Failed(f"the client could not go on: {error}") from error
    finally:
        gc.enable()
        client.close()
        ticker.close()
    counted = client.latencies[uncounted:]
    if not counted:
        raise Failed("no request was answered")
    return Latencies(
        sent=sent,
        # One that was not answered by the end has failed too.
        failed=most - len(client.latencies),
        percentiles=percentiles(counted),
        client_late=_rank(sorted(client.lags[uncounted:]), 99.0),
        connections=len(client.connections),
    )


def percentiles(nanoseconds: Sequence[int]) -> dict[float, float]:
    """The value that so many percent do not exceed, in seconds, where samples are beyond it."""
    ordered = sorted(nanoseconds)
    return {p: _rank(ordered, p) for p in PERCENTILES if len(ordered) * (100 - p) >= 100}


def _rank(ordered: Sequence[int], percentile: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * percentile / 100))] / _SECOND
