"""What is added is taken in batches, in order and once, and put away in rounds."""

import asyncio
import threading
import time
from collections.abc import Callable

import pytest

from tollhouse.telemetry.batch import MOST, TICKS, Batch

DELAY = 0.002


class Taker:
    """Remembers what it was given, and how much of it had come when it was told to put it away."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.puts: list[int] = []
        self.turns = 0

    @property
    def taken(self) -> list[int]:
        """All that was taken."""
        return [one for batch in self.batches for one in batch]

    def take(self, batch: list[int]) -> None:
        """Take a batch."""
        self.batches.append(batch)

    def put(self) -> None:
        """Put away."""
        self.puts.append(len(self.taken))

    def turned(self) -> None:
        """A round begins or is over."""
        self.turns += 1


@pytest.fixture(name="taker")
def _taker() -> Taker:
    return Taker()


@pytest.fixture(name="batch")
def _batch(taker: Taker) -> Batch[int]:
    return Batch(taker.take, taker.put, turned=taker.turned, delay=DELAY)


def test_without_a_loop_nothing_waits(batch: Batch[int], taker: Taker) -> None:
    """Where nobody would come back to it, each thing is taken and put away at once."""
    batch.add(1)
    batch.add(2)
    assert taker.batches == [[1], [2]]
    assert taker.puts == [1, 2]
    assert taker.turns == 0


async def test_what_comes_within_a_tick_is_taken_together(batch: Batch[int], taker: Taker) -> None:
    """The hot path only appends; the batch is whole and in order."""
    for number in range(100):
        batch.add(number)
    assert taker.batches == []
    await _until(lambda: bool(taker.batches))
    assert taker.batches == [list(range(100))]


async def test_round_ends_with_the_first_tick_that_finds_nothing(
    batch: Batch[int], taker: Taker
) -> None:
    """Then all is put away, nothing is left running, and the next thing begins another round."""
    for number in (1, 2):
        batch.add(number)
        assert taker.turns == 2 * number - 1
        await _until(lambda: taker.turns % 2 == 0)
        assert taker.puts == list(range(1, number + 1))
        assert batch._timer is None
    assert taker.batches == [[1], [2]]


async def test_round_ends_though_there_is_always_something(batch: Batch[int], taker: Taker) -> None:
    """Things that never stop coming are put away every few ticks."""
    number = 0
    while taker.turns < 4:
        batch.add(number)
        number += 1
        await asyncio.sleep(0)
    batch.flush()
    assert taker.taken == list(range(number))
    assert len(taker.puts) >= 2
    assert len(taker.batches) <= 3 * TICKS + 1


async def test_waking_makes_a_round_of_nothing(batch: Batch[int], taker: Taker) -> None:
    """What is not a thing, as a gauge, can be put away too."""
    batch.wake()
    batch.wake()
    await _until(lambda: taker.turns == 2)
    assert (taker.batches, taker.puts) == ([], [0])


async def test_memory_is_bounded(taker: Taker) -> None:
    """A loop that never comes to its timers keeps no more than so many things."""
    batch = Batch(taker.take, taker.put, delay=60.0)
    for number in range(2 * MOST + 1):
        batch.add(number)
        assert len(batch._waiting) < MOST
    assert [len(one) for one in taker.batches] == [MOST, MOST]
    batch.settle()
    assert taker.taken == list(range(2 * MOST + 1))


async def test_flush_takes_what_waits_and_the_timer_finds_the_rest(
    batch: Batch[int], taker: Taker
) -> None:
    """A flush in the middle of a round neither repeats nor forgets anything."""
    batch.add(1)
    batch.flush()
    assert (taker.batches, taker.puts) == ([[1]], [1])
    batch.add(2)
    assert taker.batches == [[1]]
    await _until(lambda: taker.turns == 2)
    assert taker.batches == [[1], [2]]
    assert taker.puts[-1] == 2


async def test_settled_batch_keeps_nothing(batch: Batch[int], taker: Taker) -> None:
    """At the end what waits is put away, and whoever comes late is not forgotten either."""
    batch.add(1)
    batch.settle()
    assert (taker.taken, taker.puts, taker.turns) == ([1], [1], 2)
    batch.add(2)
    assert (taker.taken, taker.puts) == ([1, 2], [1, 2])
    await asyncio.sleep(10 * DELAY)
    assert (taker.taken, taker.puts, taker.turns) == ([1, 2], [1, 2], 2)
    batch.settle()
    assert taker.taken == [1, 2]


async def test_another_thread_flushes_without_losing_or_repeating_anything(
    batch: Batch[int], taker: Taker
) -> None:
    """A scrape's thread takes while the loop's thread adds; order and number stay."""
    over = threading.Event()

    def flush() -> None:
        while not over.is_set():
            batch.flush()

    thread = threading.Thread(target=flush)
    thread.start()
    for number in range(20_000):
        batch.add(number)
        if number % 500 == 0:
            await asyncio.sleep(0)
    over.set()
    thread.join()
    batch.settle()
    assert taker.taken == list(range(20_000))
    assert len(taker.batches) > 2


async def test_who_flushes_waits_for_who_is_at_it(taker: Taker) -> None:
    """What came later is not taken first, though another thread is slow to take what was before."""
    begun = threading.Event()

    def take(batch: list[int]) -> None:
        if batch == [1]:
            begun.set()
            time.sleep(0.05)
        taker.take(batch)

    batch = Batch(take, taker.put, delay=60.0)
    batch.add(1)
    thread = threading.Thread(target=batch.flush)
    thread.start()
    assert begun.wait(5)
    batch.add(2)
    batch.settle()
    thread.join()
    assert taker.batches == [[1], [2]]
    assert taker.puts == [1, 2]


async def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(DELAY / 4)
