"""How the pipeline answers, without knowing of ASGI."""

from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Protocol


class Reply(Protocol):
    """One answer to one client."""

    started: bool
    """Whether the head was sent: from then on an error can only be part of the body."""

    async def start(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Send the head."""
        ...

    def send(self, data: bytes, *, more: bool) -> Coroutine[Any, Any, None]:
        """Send a piece of the body, the last one with ``more=False``."""
        ...

    def watch(self, on_gone: Callable[[], None]) -> None:
        """Call ``on_gone`` if the client leaves."""
        ...

    def unwatch(self) -> None:
        """Stop watching."""
        ...
