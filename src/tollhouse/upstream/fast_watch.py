"""The time limits of many exchanges by one timer, since nearly all exchanges end long before them.

The timer is set for the first limit that may come due. When it fires, every exchange under way is
looked at: what has waited too long fails, and the timer is set for the first of the others. So an
exchange costs a comparison, unless its limit comes before all others.
"""

import asyncio
import math
from collections.abc import Collection
from typing import Final, Protocol

_APART: Final = 0.005
_APART_EACH: Final = 20e-6
"""Seconds between two looks, and as many more for each exchange.

Limits that come due one by one do not cost a look each: looking takes about a hundredth of that.
"""


class Watched(Protocol):
    """Something with a time limit."""

    def check(self, now: float) -> float:
        """Fail if a limit is over at this loop time; else when to look again at the latest."""
        ...


class Watch:
    """Looks at all of ``watched``, which may change at any time."""

    __slots__ = ("_loop", "_timer", "_watched", "at")

    def __init__(self, loop: asyncio.AbstractEventLoop, watched: Collection[Watched]) -> None:
        self._loop = loop
        self._watched = watched
        self._timer: asyncio.TimerHandle | None = None
        self.at = math.inf
        """Loop time of the next look."""

    def by(self, due: float) -> None:
        """Look no later than at this loop time."""
        if due < self.at:
            self.stop()
            self.at = due
            self._timer = self._loop.call_at(due, self._look)

    def stop(self) -> None:
        """Look no more, until asked to."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.at = math.inf

    def _look(self) -> None:
        self._timer = None
        self.at = math.inf
        now = self._loop.time()
        watched = [*self._watched]
        due = min([one.check(now) for one in watched], default=math.inf)
        if due < math.inf:
            self.by(max(due, now + _APART + _APART_EACH * len(watched)))
