"""The HTTP server: uvicorn with our protocol, and a shutdown that drains.

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
from typing import Any, cast

import uvicorn

from ..core.tasks import spawn
from ..pipeline.state import ServingState
from ..ports import Ids
from .connection import Answers, HttpConnection

KEEP_ALIVE_SECONDS = 75
"""Longer than the idle limit of common load balancers (60 s), so that they close first."""
_LAST_WORDS_SECONDS = 5.0
_POLL_SECONDS = 0.05
_LOOK_EVERY = 5
"""Ticks between two looks at every connection."""


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

    async def on_tick(self, counter: int) -> bool:
        """Called ten times a second: look after what has a time limit and no timer of its own."""
        self._state.interrupt_overdue(self._monotonic())
        if counter % _LOOK_EVERY == 0:
            for connection in list(self.server_state.connections):
                cast("HttpConnection", connection).look()
        return await super().on_tick(counter)

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


def server_config(answers: Answers, ids: Ids, host: str, port: int) -> uvicorn.Config:
    """The server library as we run it: our connections on its sockets, its own logs off."""

    class Http(HttpConnection):
        __slots__ = ()

    Http.ids = ids
    return uvicorn.Config(
        # Handed to our connections as it is, and they stand in for the library's: by shape.
        cast("Any", answers),
        host=host,
        port=port,
        http=cast("Any", Http),
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=int(_LAST_WORDS_SECONDS),
    )
