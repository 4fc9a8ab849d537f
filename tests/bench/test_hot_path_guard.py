"""The work of a request, counted rather than timed, so that no busy machine can make it fail.

Counted are calls of Python functions, calls into C and lines run (``calls.py``), from the client's
connection down, with everything switched on and a provider that answers from memory: the same
numbers every time, on every machine, and a few less on later versions of Python than on 3.11, for
which they are given. They are no time, but on this path nearly all time goes into calls.

How to read a failure: the hot path does more than it did. If the change was meant to be on it and
is worth that, raise the number below and say so in the commit; else take it off the path (do it
once per target, per snapshot or per connection, not per request and certainly not per event).
``tests/bench/calls.py`` prints the numbers, with ``--functions`` of which functions they are;
``tests/bench/profile_gateway.py`` tells what they cost in time. A number that has become much
smaller should be lowered here, or the guard grows slack.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import pytest_asyncio

from bench.calls import EVENTS, REQUESTS, calls_behind, calls_of, calls_of_a_stream
from bench.stub_application import SPARED, TRANSLATED, StubbedApplication, stubbed

pytestmark = pytest.mark.asyncio(loop_scope="module")

CALLS_OF_A_REQUEST = 170
"""Of our own functions, for a whole chat request."""
NATIVE_CALLS_OF_A_REQUEST = 200
"""Of C functions, by our own."""
LINES_OF_A_REQUEST = 956
"""Of our own that are run."""
JSON_OF_A_REQUEST = 10
"""Times that JSON is read or written, small pieces included."""
LIBRARIES = {"_weakrefset", "asyncio", "selectors"}
"""Which are called in Python: what the event loop of the test consists of."""
CALLS_BEHIND_A_REQUEST = 14
"""Of our own functions, for what is left to be done later, as metrics and records."""
NATIVE_CALLS_BEHIND_A_REQUEST = 20
JSON_BEHIND_A_REQUEST = 1
CALLS_OF_AN_EVENT = 6
"""Of our own functions, for one more event of a stream."""
NATIVE_CALLS_OF_AN_EVENT = 13
"""Of C functions, by our own."""
LINES_OF_AN_EVENT = 49
"""Of our own that are run."""
CALLS_OF_A_TRANSLATED_REQUEST = 233
"""Of our own functions, for a whole chat that a provider is asked in Anthropic's dialect."""
NATIVE_CALLS_OF_A_TRANSLATED_REQUEST = 237
LINES_OF_A_TRANSLATED_REQUEST = 1265
JSON_OF_A_TRANSLATED_REQUEST = 16
CALLS_OF_A_TRANSLATED_EVENT = 13
"""Of our own functions, for one more event of such a chat's stream."""
NATIVE_CALLS_OF_A_TRANSLATED_EVENT = 17
LINES_OF_A_TRANSLATED_EVENT = 79
JSON_OF_A_TRANSLATED_EVENT = 2
"""Once read and once written."""
SLACK = 1.05
TICK = 4
"""Calls of a timer that may be due during one of two counts."""
LINES_OF_A_TICK = 20


@pytest_asyncio.fixture(name="small", scope="module", loop_scope="module")
async def _small(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[StubbedApplication]:
    """The application with one model."""
    async with stubbed(tmp_path_factory.mktemp("small")) as made:
        yield made


async def test_a_chat_request_does_no_more_than_it_did(small: StubbedApplication) -> None:
    """A whole request stays within its number of calls, own and native, and of lines."""
    calls = await calls_of(small.chat)
    assert calls.own.total() <= CALLS_OF_A_REQUEST * SLACK
    assert calls.native.total() <= NATIVE_CALLS_OF_A_REQUEST * SLACK
    assert calls.lines <= LINES_OF_A_REQUEST * SLACK


async def test_nothing_is_parsed_or_written_once_more(small: StubbedApplication) -> None:
    """One more reading of a body is one call, however long it takes."""
    assert (await calls_of(small.chat)).json <= JSON_OF_A_REQUEST


async def test_no_other_library_is_on_the_path(small: StubbedApplication) -> None:
    """Neither for a whole answer nor for a stream is anything in pure Python called."""
    whole, stream = await calls_of(small.chat), await calls_of_a_stream(small, EVENTS)
    assert whole.packages | stream.packages <= LIBRARIES


async def test_what_is_put_off_is_no_more_than_it_was(small: StubbedApplication) -> None:
    """Work that is not on the path, but on its processor, stays within its number of calls."""
    few = await calls_behind(small, REQUESTS)
    many = await calls_behind(small, 2 * REQUESTS)
    assert many.own.total() - few.own.total() <= REQUESTS * CALLS_BEHIND_A_REQUEST * SLACK
    native = many.native.total() - few.native.total()
    assert native <= REQUESTS * NATIVE_CALLS_BEHIND_A_REQUEST * SLACK
    assert many.json - few.json <= REQUESTS * JSON_BEHIND_A_REQUEST


async def test_a_streamed_event_does_no_more_than_it_did(small: StubbedApplication) -> None:
    """One more event costs its few calls and no further one, and reads no JSON."""
    few = await calls_of_a_stream(small, EVENTS)
    many = await calls_of_a_stream(small, 2 * EVENTS)
    assert many.own.total() - few.own.total() <= EVENTS * CALLS_OF_AN_EVENT + TICK
    assert many.native.total() - few.native.total() <= EVENTS * NATIVE_CALLS_OF_AN_EVENT + TICK
    assert many.lines - few.lines <= EVENTS * LINES_OF_AN_EVENT + LINES_OF_A_TICK
    assert many.json == few.json


async def test_a_translated_request_does_no_more_than_it_did(small: StubbedApplication) -> None:
    """Reading and writing two dialects stays within its number of calls, and of lines."""
    calls = await calls_of(partial(small.chat, TRANSLATED))
    assert calls.own.total() <= CALLS_OF_A_TRANSLATED_REQUEST * SLACK
    assert calls.native.total() <= NATIVE_CALLS_OF_A_TRANSLATED_REQUEST * SLACK
    assert calls.lines <= LINES_OF_A_TRANSLATED_REQUEST * SLACK
    assert calls.json <= JSON_OF_A_TRANSLATED_REQUEST
    assert calls.packages <= LIBRARIES


async def test_a_translated_event_does_no_more_than_it_did(small: StubbedApplication) -> None:
    """One more event costs exactly its few calls, and is read once and written once."""
    few = await calls_of_a_stream(small, EVENTS, TRANSLATED)
    many = await calls_of_a_stream(small, 2 * EVENTS, TRANSLATED)
    assert many.own.total() - few.own.total() <= EVENTS * CALLS_OF_A_TRANSLATED_EVENT + TICK
    native = many.native.total() - few.native.total()
    assert native <= EVENTS * NATIVE_CALLS_OF_A_TRANSLATED_EVENT + TICK
    lines = EVENTS * LINES_OF_A_TRANSLATED_EVENT + LINES_OF_A_TICK
    assert many.lines - few.lines <= lines
    assert many.json - few.json <= EVENTS * JSON_OF_A_TRANSLATED_EVENT
    assert many.packages <= LIBRARIES


async def test_hops_that_nobody_needs_cost_nothing(small: StubbedApplication) -> None:
    """While the first hop answers, its failovers are neither judged nor written for."""
    alone = await calls_of(small.chat)
    spared = await calls_of(partial(small.chat, SPARED))
    assert (spared.own, spared.lines) == (alone.own, alone.lines)


async def test_the_count_is_the_same_every_time(small: StubbedApplication) -> None:
    """The guard measures the request and nothing that happens to run beside it."""
    counts = [await calls_of(small.chat) for _ in range(20)]
    assert len({calls.own.total() for calls in counts}) == 1
    assert len({calls.native.total() for calls in counts}) == 1


async def test_a_large_body_makes_no_more_calls_than_a_small_one(small: StubbedApplication) -> None:
    """Two megabytes are passed on, not walked."""
    little = await calls_of(partial(small.chat, text="Hello"))
    large = await calls_of(partial(small.chat, text="Hello" * 400_000))
    assert large.own.total() <= little.own.total() + 5
    assert large.lines <= little.lines + 30


async def test_a_large_catalogue_makes_no_more_calls_than_a_small_one(
    small: StubbedApplication, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A look-up is a look-up among three hundred models too."""
    little = await calls_of(small.chat)
    async with stubbed(tmp_path_factory.mktemp("large"), models=300) as large:
        many = await calls_of(large.chat)
    assert (many.own, many.lines) == (little.own, little.lines)


class Unwalked(dict[str, Any]):
    """Finds what it is asked for, and nobody may go through it: in C that would be one call."""

    def _refuse(self, *_: object) -> Any:
        raise AssertionError("a request has gone through the whole catalogue")

    __iter__ = keys = values = items = copy = _refuse


async def test_no_request_goes_through_the_catalogue(
    small: StubbedApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither its models nor its aliases."""
    before = small.app.live.snapshot
    models, aliases = Unwalked(before.models), Unwalked(before.aliases)
    unwalked = replace(before, models=models, aliases=aliases)
    monkeypatch.setattr(small.app.live, "snapshot", unwalked)
    await small.chat()
    await small.chat(stream=True)


async def test_a_request_that_is_answered_at_once_starts_no_task(small: StubbedApplication) -> None:
    """Neither a whole answer nor a stream has a task besides the one that its request is."""
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
    assert len(names) == len(("whole", "stream")), names
    assert all("HttpConnection._answer" in name for name in names)
