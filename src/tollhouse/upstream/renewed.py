"""A short-lived token, renewed before it runs out, by one renewal at a time.

While an old token still holds, callers get it and the renewal goes on behind them; only when there
is none that holds do they wait, all for the same one. After a renewal that failed, the next is not
tried at once.
"""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from ..core.tasks import spawn
from ..ports import Clock

_EARLY = 300.0
"""Seconds before its end at which a token is renewed …"""
_LAST = 30.0
"""… and at which it is not used any more: a request may be on its way for a while."""
_PATIENCE = 5.0
"""Seconds after a failure in which no renewal is tried."""


class NoToken(Exception):
    """There is no token: whoever gives them refused or is out of reach. Says nothing secret."""


class Token(msgspec.Struct, frozen=True, gc=False):
    """A token and its end, in Unix seconds."""

    value: str
    expires_at: float


class RenewedToken:
    """Keeps one token; ``renew`` fetches another, or raises ``NoToken``."""

    def __init__(self, renew: Callable[[], Awaitable[Token]], clock: Clock, name: str) -> None:
        self._renew = renew
        self._clock = clock
        self._name = name
        self._token: Token | None = None
        self._failed: tuple[float, NoToken] | None = None
        self._renewal: asyncio.Task[None] | None = None

    async def value(self) -> str:
        """A token that holds; ``NoToken``."""
        left = self._left()
        if left > _EARLY and self._token is not None:
            return self._token.value
        renewal = self._renewing()
        if left > _LAST and self._token is not None:
            return self._token.value
        if renewal is not None:
            await asyncio.shield(renewal)
        if self._token is not None and self._left() > 0:
            return self._token.value
        raise NoToken("no token was given") if self._failed is None else self._failed[1]

    def _left(self) -> float:
        return 0.0 if self._token is None else self._token.expires_at - self._clock.now()

    def _renewing(self) -> asyncio.Task[None] | None:
        """The renewal that is under way, begun now if need be; None too soon after a failure."""
        if self._renewal is None or self._renewal.done():
            if self._failed and self._clock.monotonic() - self._failed[0] < _PATIENCE:
                return None
            self._renewal = spawn(self._try(), name=self._name)
        return self._renewal

    async def _try(self) -> None:
        try:
            self._token = await self._renew()
        except NoToken as failure:
            self._failed = (self._clock.monotonic(), failure)
        else:
            self._failed = None
