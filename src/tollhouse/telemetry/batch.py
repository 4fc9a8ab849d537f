"""Gathers what the hot path reports, and has it taken in batches and put away in rounds.

Theory of operation. The first thing that is added begins a *round* and sets a timer. When that is
due, what came meanwhile is taken, in one batch, and the timer is set again; when nothing came, or
after ``TICKS`` of them, all that was taken is put away and the round is over. So a thing is taken
after ``DELAY`` at most, and put away after ``TICKS`` times that; or sooner, when somebody asks for
it or ``MOST`` things wait. Where no event loop runs, and once the batch has been settled, both are
done at once. A process that is killed loses what waits.

``add``, ``wake`` and ``settle`` belong to the event loop's thread; ``flush`` may be called from any
thread. Things are taken in the order in which they were added, each of them once.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

DELAY = 0.02
"""Seconds from one tick to the next while the event loop is not held up."""
TICKS = 12
"""Ticks of the longest round."""
MOST = 1_000
"""Things that may wait."""

_T = TypeVar("_T")


def do_nothing() -> None:
    """For whoever is not to be told."""


class Batch(Generic[_T]):
    """What waits to be taken. No method raises, as neither of its two functions may."""

    def __init__(
        self,
        take: Callable[[list[_T]], None],
        put: Callable[[], None],
        *,
        turned: Callable[[], None] = do_nothing,
        delay: float = DELAY,
        most: int = MOST,
    ) -> None:
        """``turned`` is told when a round begins and when it is over."""
        self._take = take
        self._put = put
        self._turned = turned
        self._delay = delay
        self._most = most
        self._waiting: deque[_T] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._ticks = 0
        self._settled = False
        self._lock = threading.Lock()

    def add(self, one: _T) -> None:
        """Have it taken soon."""
        self._waiting.append(one)
        if self._timer is None:
            self._begin()
        elif len(self._waiting) >= self._most:
            self._drain()

    def wake(self) -> None:
        """Have a round, though nothing may come in it."""
        if self._timer is None:
            self._begin()

    def flush(self) -> None:
        """Have taken what waits now, and all put away."""
        with self._lock:
            self._take_all()
            self._put()

    def settle(self) -> None:
        """Flush, and from now on keep nothing: the loop is about to end."""
        self._settled = True
        if self._timer is None:
            self.flush()
        else:
            self._timer.cancel()
            self._end()

    def _begin(self) -> None:
        loop = None if self._settled else _running_loop()
        if loop is None:
            self.flush()
            return
        self._ticks = 0
        self._timer = loop.call_later(self._delay, self._tick, loop)
        self._turned()

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        self._ticks += 1
        if not self._waiting or self._ticks >= TICKS:
            self._end()
            return
        self._timer = loop.call_later(self._delay, self._tick, loop)
        self._drain()

    def _end(self) -> None:
        self._timer = None
        self.flush()
        self._turned()

    def _drain(self) -> None:
        with self._lock:
            self._take_all()

    def _take_all(self) -> None:
        # Not swapped for an empty one: another thread may be about to append to it.
        waiting = self._waiting
        if waiting:
            self._take([waiting.popleft() for _ in range(len(waiting))])


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
