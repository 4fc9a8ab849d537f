"""Whose turn it is to write, where what is written is computed from what was read.

Theory of operation. A write reads the present state, computes the next one from it and puts that in
its place, saying what it replaces. If another process wrote in between, the store says so, and the
write is computed again from the new state with all its checks: a merge patch then merges into what
the other one wrote, an ``If-Match`` meets the new version, a name that was free may be taken, what
was revoked is found revoked. Writes of one process wait for each other on a lock, so that only
processes ever compete.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from ..core.errors import Code, GatewayError
from ..ports import Ids, StaleVersion

MAX_TRIES = 100
_LONGEST_PAUSE = 0.02
"""Seconds between tries, at random, so that competing processes do not keep in step."""

T = TypeVar("T")


class Turns:
    """The turns of one process at one kind of thing."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._lock = asyncio.Lock()

    async def take(self, write: Callable[[], Awaitable[T]]) -> T:
        """What ``write`` gives, called again for as long as it raises ``StaleVersion``.

        503 if other processes keep coming first.
        """
        async with self._lock:
            for _ in range(MAX_TRIES):
                try:
                    return await write()
                except StaleVersion:
                    await asyncio.sleep(self._ids.fraction() * _LONGEST_PAUSE)
        raise GatewayError(
            Code.STORE_UNAVAILABLE,
            "Other writes kept coming first; nothing was changed. Try again.",
            headers={"retry-after": "1"},
        )
