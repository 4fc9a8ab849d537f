"""The work of a request, counted rather than timed, so that no busy machine can make it fail.

Counted are calls of Python functions, from the ASGI application down, with everything switched on
and a provider that answers from memory: the same number every time, on every machine, and but for
one or two on Python 3.11 to 3.13. It is no time, but on this path nearly all time goes into calls.

How to read a failure: the hot path makes more calls than it did. If the change was meant to be on
it and is worth that, raise the number below and say so in the commit; else take it off the path
(do it once per target, per snapshot or per connection, not per request and certainly not per
event). ``tests/bench/run.py --only throughput,stream-cpu`` tells what it costs in time. To see
which function it is, print ``code.co_qualname`` in ``Calls._count`` and compare with the commit
before. A number that has become much smaller should be lowered here, or the guard grows slack.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any

import pytest
import pytest_asyncio

from bench.stub_application import Calls, StubbedApplication, stubbed

pytestmark = pytest.mark.asyncio(loop_scope="module")

CALLS_OF_A_REQUEST = 178
"""Of our own functions, for a whole chat request."""
CALLS_OF_AN_EVENT = 9
"""Of our own functions, for one more event of a stream."""
LIBRARY_CALLS_OF_A_REQUEST = 127
"""Of other people's functions; their new versions may move it."""
SLACK = 1.15
LIBRARY_SLACK = 1.5
EVENTS = 100


@pytest_asyncio.fixture(name="small", scope="module", loop_scope="module")
async def _small(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[StubbedApplication]:
    """The application with one model."""
    async with stubbed(tmp_path_factory.mktemp("small")) as made:
        yield made


async def calls_of(request: Callable[[], Awaitable[bytes]]) -> Calls:
    """What a request comes to, when nothing that has a time limit of its own was due meanwhile."""
    counts = []
    for _ in range(3):
        with Calls() as calls:
            await request()
        counts.append(calls)
    return min(counts, key=lambda calls: calls.all)


async def calls_of_a_stream(application: StubbedApplication, events: int) -> Calls:
    """What a stream of so many events comes to."""
    application.upstream.events = events
    return await calls_of(partial(application.chat, stream=True))


async def test_a_chat_request_makes_no_more_calls_than_it_did(small: StubbedApplication) -> None:
    """A whole request stays within its number of calls of our own functions."""
    assert (await calls_of(small.chat)).own <= CALLS_OF_A_REQUEST * SLACK


async def test_a_chat_request_asks_no_more_of_libraries(small: StubbedApplication) -> None:
    """No library in pure Python has crept onto the path."""
    calls = await calls_of(small.chat)
    assert calls.all - calls.own <= LIBRARY_CALLS_OF_A_REQUEST * LIBRARY_SLACK


async def test_a_streamed_event_makes_no_more_calls_than_it_did(small: StubbedApplication) -> None:
    """One more event costs its few calls, whatever the libraries: they are counted too."""
    few = await calls_of_a_stream(small, EVENTS)
    many = await calls_of_a_stream(small, 2 * EVENTS)
    assert many.own - few.own <= EVENTS * CALLS_OF_AN_EVENT * SLACK
    assert many.all - few.all <= EVENTS * CALLS_OF_AN_EVENT * SLACK


async def test_the_count_is_the_same_every_time(small: StubbedApplication) -> None:
    """The guard measures the request and nothing that happens to run beside it."""
    assert len({(await calls_of(small.chat)).own for _ in range(20)}) == 1


async def test_a_large_body_makes_no_more_calls_than_a_small_one(small: StubbedApplication) -> None:
    """Two megabytes are passed on, not walked."""
    little = await calls_of(partial(small.chat, text="Hello"))
    large = await calls_of(partial(small.chat, text="Hello" * 400_000))
    assert large.own <= little.own + 2


async def test_a_large_catalogue_makes_no_more_calls_than_a_small_one(
    small: StubbedApplication, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A look-up is a look-up among three hundred models too."""
    async with stubbed(tmp_path_factory.mktemp("large"), models=300) as large:
        assert (await calls_of(large.chat)).own == (await calls_of(small.chat)).own


async def test_a_request_that_is_answered_at_once_starts_no_task(small: StubbedApplication) -> None:
    """Neither a whole answer nor a stream has a task besides its own."""
    loop = asyncio.get_running_loop()
    names: list[str] = []

    def note(loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> asyncio.Task[Any]:
        names.append(repr(work))
        return asyncio.Task(work, loop=loop, **options)

    loop.set_task_factory(note)
    try:
        await small.chat()
        await small.chat(stream=True)
    finally:
        loop.set_task_factory(None)
    assert names == []
