"""How the pipeline answers, without knowing of connections."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol

Headers = Sequence[tuple[bytes, bytes]]


class Reply(Protocol):
    """One answer to one client."""

    started: bool
    """Whether the head was sent: from then on an error can only be part of the body."""

    task: asyncio.Task[Any] | None
    """The task that answers; to be cancelled by who ends the request from outside."""

    async def answer(self, status: int, headers: Headers, body: bytes) -> None:
        """Send a whole answer; its length is told for us."""
        ...

    async def start(self, status: int, headers: Headers) -> None:
        """Send the head of a stream."""
        ...

    def send(self, data: bytes, *, more: bool) -> Coroutine[Any, Any, None]:
        """Send a piece of a stream, the last one with ``more=False``."""
        ...

    def watch(self, on_gone: Callable[[], None]) -> None:
        """Call ``on_gone`` if the client leaves, or has left already."""
        ...

    def unwatch(self) -> None:
        """Stop watching."""
        ...
