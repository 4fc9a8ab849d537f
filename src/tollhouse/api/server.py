"""The HTTP server: uvicorn, with bounds on heads, our error shape, and a shutdown that drains.

Theory of operation of the shutdown. On the first SIGTERM or SIGINT the server goes on listening, so
that ``/livez`` still answers and ``/readyz`` can say 503; requests in hand run on and new ones are
turned away. When none is left, or ``drain_seconds`` have passed, the rest are interrupted (streams
end with an error event), and only then is uvicorn told to stop. A second signal skips the wait. No
signal is raised again at the end, so a drained process exits with 0.
"""

import asyncio
import signal
import socket
from collections.abc import Callable
from types import FrameType

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ..core.errors import CallerError, Code, invalid
from ..core.tasks import spawn
from ..pipeline.state import ServingState
from ..wire.openai.errors import error_body
from .headers import MAX_HEADER_BYTES, MAX_HEADERS

KEEP_ALIVE_SECONDS = 75
"""Longer than the idle limit of common load balancers (60 s), so that they close first."""
_LAST_WORDS_SECONDS = 5.0
_POLL_SECONDS = 0.05


class BoundedHttp(HttpToolsProtocol):
    """uvicorn's protocol; heads are bounded while they arrive, and refusals are in our shape."""

    _count = 0
    _size = 0

    def on_message_begin(self) -> None:
        """A request starts."""
        super().on_message_begin()
        self._count = self._size = 0

    def on_url(self, url: bytes) -> None:
        """A piece of the request line."""
        self._grow(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, whole."""
        self._count += 1
        self._grow(len(name) + len(value))
        super().on_header(name, value)

    def _grow(self, size: int) -> None:
        """Give up on a head that grows past twice the bound; below that the application answers."""
        self._size += size
        if self._size > 2 * MAX_HEADER_BYTES or self._count > 10 * MAX_HEADERS:
            raise httptools.HttpParserError("the head is too large")

    def send_400_response(self, msg: str) -> None:
        """Answer something that is not HTTP, or more head than anybody sends."""
        error = invalid(msg)
        if self._size > 2 * MAX_HEADER_BYTES or self._count > 10 * MAX_HEADERS:
            error = CallerError(Code.HEADERS_TOO_LARGE, "The request's head is too large.")
        body = error_body(error, "")
        head = (
            f"HTTP/1.1 {error.status} Bad Request\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()


class DrainingServer(uvicorn.Server):
    """uvicorn's server with the shutdown described above."""

    def __init__(
        self,
        config: uvicorn.Config,
        state: ServingState,
        drain_seconds: float,
        monotonic: Callable[[], float],
    ) -> None:
        super().__init__(config)
        self._state = state
        self._drain_seconds = drain_seconds
        self._monotonic = monotonic
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Start to drain; at the second signal stop at once."""
        del frame
        if self._state.draining:
            self.should_exit = True
            self.force_exit = sig == signal.SIGINT
            return
        self._state.draining = True
        if self._loop is None:
            self.should_exit = True
        else:
            self._loop.call_soon_threadsafe(self._start_draining)

    def _start_draining(self) -> None:
        spawn(self._drain(), name="drain")

    async def _drain(self) -> None:
        await self._wait_until_idle(self._drain_seconds)
        self._state.interrupt_all()
        await self._wait_until_idle(_LAST_WORDS_SECONDS)
        self.should_exit = True

    async def _wait_until_idle(self, seconds: float) -> None:
        deadline = self._monotonic() + seconds
        # Polled, since nothing else of a request should know that somebody waits for its end.
        while (  # noqa: ASYNC110
            self._state.flights and self._monotonic() < deadline and not self.should_exit
        ):
            await asyncio.sleep(_POLL_SECONDS)


def server_config(app: Callable[..., object], host: str, port: int) -> uvicorn.Config:
    """The server library as we run it: its own logs, lifespan and identity off."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=BoundedHttp,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=int(_LAST_WORDS_SECONDS),
    )
