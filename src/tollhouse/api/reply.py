"""One answer over ASGI, and the watch for a client that leaves.

The watch costs a task, so it starts only once an answer has taken a while: a fast request never
pays for it. When the client is found gone the request's own task is told through ``on_gone``.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from ..core.tasks import spawn
from .body import Receive

Send = Callable[[dict[str, Any]], Coroutine[Any, Any, None]]

WATCH_AFTER_SECONDS = 0.05


class AsgiReply:
    """Implements ``pipeline.reply.Reply``."""

    __slots__ = ("_receive", "_send", "_timer", "_watch", "started")

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._timer: asyncio.TimerHandle | None = None
        self._watch: asyncio.Task[Any] | None = None
        self.started = False

    async def start(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Send the head. May be called once."""
        self.started = True
        await self._send(
            {"type": "http.response.start", "status": status, "headers": list(headers)}
        )

    def send(self, data: bytes, *, more: bool) -> Coroutine[Any, Any, None]:
        """Send a piece of the body; waits while the client reads slower than we write."""
        return self._send({"type": "http.response.body", "body": data, "more_body": more})

    def watch(self, on_gone: Callable[[], None]) -> None:
        """Call ``on_gone`` if the client leaves before ``unwatch``."""
        self._timer = asyncio.get_running_loop().call_later(
            WATCH_AFTER_SECONDS, self._start_watch, on_gone
        )

    def unwatch(self) -> None:
        """The answer is over: leaving is no news any more."""
        if self._timer is not None:
            self._timer.cancel()
        if self._watch is not None:
            self._watch.cancel()

    def _start_watch(self, on_gone: Callable[[], None]) -> None:
        self._watch = spawn(self._wait(on_gone), name="client-watch")

    async def _wait(self, on_gone: Callable[[], None]) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        on_gone()
