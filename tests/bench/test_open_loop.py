"""The open-loop client: what it charges for, counts and cannot tell."""

import asyncio
import time
from collections.abc import Iterator
from itertools import count

import pytest

from bench import open_loop
from bench.process import Chat, Failed
from bench.stream_reader import StreamReader
from fakes.answers import Shape, error
from fakes.http_server import Call, Step
from fakes.openai_answers import Chat as Answer
from fakes.process import upstream_process
from fakes.slowness import in_time
from fakes.upstream import FakeUpstream, refused_url, threaded_upstream

STALL = 0.2


@pytest.fixture(name="up")
def _up() -> Iterator[FakeUpstream]:
    """A provider on a loop of its own."""
    with threaded_upstream() as made:
        yield made


def chat_with(url: str) -> Chat:
    """How a provider at a URL is asked."""
    return Chat(int(url.rpartition(":")[2].partition("/")[0]))


def test_every_request_is_sent(up: FakeUpstream) -> None:
    """None is lost, those of the warming up included."""
    got = open_loop.measure(chat_with(up.url), 100, 0.5, warm_up=0.1)
    assert (got.sent, got.failed) == (up.count, 0)
    assert 60 <= got.sent <= 61


async def test_what_has_not_to_wait_is_not_late() -> None:
    """At a rate that is no trouble; the provider has a process, so that it waits for none of us."""
    medians = []
    async with upstream_process("small") as url:
        for _ in range(10):  # for all else that runs here they may have to wait
            got = await asyncio.to_thread(open_loop.measure, chat_with(url), 100, 0.5, warm_up=0.1)
            medians.append(got.percentiles[50.0])
            if medians[-1] < STALL / 2:
                break
    in_time(min(medians), STALL / 2)


def test_a_stall_is_charged_to_all_that_had_to_wait_for_it(up: FakeUpstream) -> None:
    """Requests that were due while the provider hung count their wait, though few hung."""
    numbers = count()

    def stalls_once(call: Call) -> Iterator[Step]:
        if next(numbers) == 10:
            # Not a pause: the whole provider stands still.
            time.sleep(STALL)
        yield from Answer()(call)

    up.script(stalls_once)
    got = open_loop.measure(chat_with(up.url), 200, 0.5, warm_up=0.0)
    assert got.failed == 0
    assert got.percentiles[90.0] > STALL / 2


def test_refusals_are_failures(up: FakeUpstream) -> None:
    """What is not a 200 has no latency."""
    up.script(error(500), Answer())
    got = open_loop.measure(chat_with(up.url), 50, 0.5, warm_up=0.0)
    assert (got.sent, got.failed) == (26, 1)


def test_a_subject_that_is_not_there_cannot_be_measured() -> None:
    """The row says so instead of stopping the run."""
    with pytest.raises(Failed, match="could not go on"):
        open_loop.measure(chat_with(refused_url()), 50, 0.2)


def test_percentiles_are_told_only_with_samples_beyond_them() -> None:
    """Of a hundred requests nobody knows the slowest in a thousand."""
    told = open_loop.percentiles([n * 1_000_000 for n in range(100)])
    assert told == {50.0: 0.05, 90.0: 0.09, 99.0: 0.099}


def test_streams_are_held_and_their_events_counted(up: FakeUpstream) -> None:
    """The reader waits for each stream's first event and counts those after it."""
    up.script(Answer("a b c d e f", words=6, shape=Shape(delay=0.05)))
    reader = StreamReader(chat_with(up.url))
    try:
        reader.open(3)
        events = reader.read(0.6)
    finally:
        reader.close()
    assert up.count == 3
    assert 3 <= events <= 3 * 9


def test_a_stream_that_is_refused_is_told(up: FakeUpstream) -> None:
    """With what was said."""
    up.script(error(500, "no streams today"))
    reader = StreamReader(chat_with(up.url))
    with pytest.raises(Failed, match="no streams today"):
        reader.open(1)
    reader.close()
