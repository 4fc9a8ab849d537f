"""One timer for many time limits: none missed, none early, and few looks."""

import asyncio
import math

from tollhouse.upstream.fast_watch import Watch


class Waiting:
    """Something whose limit comes due at a loop time."""

    def __init__(self, due: float) -> None:
        self.due = due
        self.failed_at: float | None = None
        self.looks = 0

    def check(self, now: float) -> float:
        """Fail, or say when to look again."""
        self.looks += 1
        if self.failed_at is None and now >= self.due - 0.001:
            self.failed_at = now
        return self.due if self.failed_at is None else math.inf


async def test_each_fails_in_its_time() -> None:
    """Whatever comes due, in whatever order it came to be watched, fails within milliseconds."""
    now = asyncio.get_running_loop().time()
    watched = [Waiting(now + after) for after in (0.15, 0.05, 0.1, 0.05)]
    watch = Watch(asyncio.get_running_loop(), watched)
    for one in watched:
        watch.by(one.due)
    await asyncio.sleep(0.3)
    for one in watched:
        assert one.failed_at is not None
        assert -0.001 <= one.failed_at - one.due < 0.05


async def test_limit_that_moved_is_looked_at_again() -> None:
    """Who has got something meanwhile is not failed, and not forgotten."""
    loop = asyncio.get_running_loop()
    one = Waiting(loop.time() + 0.05)
    watch = Watch(loop, [one])
    watch.by(one.due)
    one.due += 0.1
    await asyncio.sleep(0.08)
    assert one.failed_at is None
    await asyncio.sleep(0.15)
    assert one.failed_at is not None


async def test_limits_that_come_due_one_by_one_cost_few_looks() -> None:
    """A thousand limits within a fifth of a second are not looked at a thousand times."""
    loop = asyncio.get_running_loop()
    watched = [Waiting(loop.time() + 0.05 + number / 5000) for number in range(1000)]
    watch = Watch(loop, watched)
    for one in watched:
        watch.by(one.due)
    await asyncio.sleep(0.4)
    assert all(one.failed_at is not None for one in watched)
    assert watched[-1].looks < 30


async def test_nothing_watched_needs_no_timer() -> None:
    """When nothing is left the timer rests, until there is something again."""
    loop = asyncio.get_running_loop()
    watched: list[Waiting] = []
    watch = Watch(loop, watched)
    watch.by(loop.time() + 0.01)
    await asyncio.sleep(0.03)
    assert watch.at == math.inf
    watched.append(Waiting(loop.time() + 0.02))
    watch.by(watched[0].due)
    assert watch.at == watched[0].due
    await asyncio.sleep(0.05)
    assert watched[0].failed_at is not None


async def test_stopped_watch_looks_no_more() -> None:
    """After the stop nothing is looked at."""
    loop = asyncio.get_running_loop()
    one = Waiting(loop.time() + 0.02)
    watch = Watch(loop, [one])
    watch.by(one.due)
    watch.stop()
    await asyncio.sleep(0.05)
    assert (one.looks, watch.at) == (0, math.inf)
