"""Bytes in, nothing undeclared out: every reader of the house against what no provider should send.

Each subject of ``fuzz_house`` is given its sound seeds and some examples made of them, the same in
every run. ``TOLLHOUSE_TEST_FUZZ_SECONDS=3600`` goes on for an hour with examples that are new each
time (``pytest -s -k for_long``); it says how many there were of each and how to make one that
failed again.
"""

import os
import signal
import struct
import sys
import time
import traceback
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from typing import Any
from zlib import crc32

import pytest

from fakes.slowness import in_time
from tollhouse.core.dialect import Dialect
from tollhouse.core.needs import Endpoint
from tollhouse.wire import tongues
from tollhouse.wire.anthropic.message_stream import MessageStream
from tollhouse.wire.event_stream import MAX_MESSAGE, FrameReader
from tollhouse.wire.event_stream_chunks import ChunkUnwrapper
from tollhouse.wire.openai.chunk_stream import ChunkStream
from tollhouse.wire.openai.typed_stream import TypedStream
from tollhouse.wire.sse import MAX_FRAME, FrameSplitter, FrameTooLarge
from wire.fuzz_house import SUBJECTS

SECONDS = os.environ.get("TOLLHOUSE_TEST_FUZZ_SECONDS", "")
EXAMPLES = 100
MOST_SEEDS = 25
MOST_CPU = 5.0
"""Seconds of the processor for one example."""
TURN = 1.0
TOLD_EVERY = 60.0
SHOWN = 2500
ENDLESS = 40 * 1024 * 1024
SAID = 512 * 1024
PIECE = b"a" * (256 * 1024)
MOST_HELD = 3 * MAX_FRAME
MOST_LEFT = 1024 * 1024
"""Bytes."""


def attempt(name: str, number: str) -> None:
    """One example; an error tells how to make it again, and what it was."""
    dice = Random(number)
    subject, data = SUBJECTS[name], b""
    before = time.process_time()
    try:
        data = subject.make(dice)
        subject.run(data, dice)
        in_time(time.process_time() - before, MOST_CPU)
    except Exception as error:
        error.add_note(f"attempt({name!r}, {number!r}) of {len(data)} bytes: {data[:SHOWN]!r}")
        raise


@pytest.mark.parametrize("name", SUBJECTS)
def test_whatever_bytes_come(name: str) -> None:
    """What is sound is read, and what is not raises nothing but what the reader declares."""
    seeds = list(dict.fromkeys(SUBJECTS[name].sound()))
    for seed in seeds[:: -(-len(seeds) // MOST_SEEDS)]:
        SUBJECTS[name].run(seed, Random(0))
    for number in range(EXAMPLES):
        attempt(name, f"{name}:{number}")


# --- For long ---


def _rings(*_: Any) -> None:
    raise AssertionError("it takes forever")


def _place(error: BaseException) -> str:
    """Where an error came from, for one bug shows in many examples."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/src/tollhouse/" in frame.filename] or frames
    return f"{type(error).__name__} at {ours[-1].name}:{ours[-1].lineno}: {str(error)[:80]}"


def _turns(until: float) -> Iterator[str]:
    """Every subject in turn, until the time is over."""
    while True:
        for name in SUBJECTS:
            if time.monotonic() > until:
                return
            yield name


@pytest.mark.skipif(not SECONDS, reason="TOLLHOUSE_TEST_FUZZ_SECONDS says for how long")
@pytest.mark.timeout(0)
def test_whatever_bytes_come_for_long(capsys: pytest.CaptureFixture[str]) -> None:
    """The same with new examples each time."""
    began, start = time.monotonic(), os.urandom(4).hex()
    counted: Counter[str] = Counter()
    failed: dict[str, str] = {}
    told = began
    _say(capsys, f"the examples of {start}")
    signal.signal(signal.SIGPROF, _rings)
    for name in _turns(began + float(SECONDS)):
        ends = time.monotonic() + TURN
        while time.monotonic() < ends:
            counted[name] += 1
            signal.setitimer(signal.ITIMER_PROF, 4 * MOST_CPU)
            try:
                attempt(name, f"{start}:{name}:{counted[name]}")
            except Exception as error:  # noqa: BLE001 - all of them are told at the end
                told_now = "".join(traceback.format_exception(error))
                if failed.setdefault(f"{name}: {_place(error)}", told_now) is told_now:
                    _say(capsys, told_now)
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
        if time.monotonic() > told + TOLD_EVERY:
            told = time.monotonic()
            _say(
                capsys, f"{told - began:.0f} s, {counted.total()} examples, {len(failed)} failures"
            )
    lines = [f"{name:24} {counted[name]:10}" for name in SUBJECTS]
    _say(capsys, "\n".join([*lines, f"{'in all':24} {counted.total():10}", *failed]))
    assert not failed


def _say(capsys: pytest.CaptureFixture[str], words: str) -> None:
    with capsys.disabled():
        print(words, file=sys.stderr, flush=True)  # noqa: T201 - a long run is watched


# --- Without an end ---


def _complete(told: bytes | None, tier: str | None, *, content_bytes: int) -> bytes:
    del told, tier, content_bytes
    return b"{}"


def _events(provider: Dialect) -> Any:
    return tongues.target(provider).events()


_SSE: dict[str, Callable[[], Any]] = {
    **{
        f"events of {provider}": partial(_events, provider)
        for provider in Dialect
        if provider is not Dialect.CONVERSE
    },
    "chunks": partial(ChunkStream, "m", asked_usage=True, complete=_complete),
    "typed events": partial(TypedStream, Endpoint.RESPONSES, "m", complete=_complete),
    "messages": partial(MessageStream, "m", complete=_complete),
}
_BINARY: dict[str, Callable[[], Any]] = {
    "events of converse": partial(_events, Dialect.CONVERSE),
    "unwrapped chunks": ChunkUnwrapper,
}


def _held(feed: Callable[[bytes], Any], beginning: bytes, piece: bytes, size: int = ENDLESS) -> int:
    """The most memory that was taken while the same came on and on."""
    tracemalloc.start()
    try:
        feed(beginning)
        for _ in range(size // len(piece)):
            feed(piece)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _prelude(total: int) -> bytes:
    head = struct.pack(">II", total, 0)
    return head + struct.pack(">I", crc32(head))


@pytest.mark.parametrize("name", _SSE)
def test_an_event_without_an_end(name: str) -> None:
    """It is malformed, and no more of it is kept than an event may have."""
    reader = _SSE[name]()
    assert _held(reader.feed, b"data: ", PIECE) < MOST_HELD
    assert reader.malformed


@pytest.mark.parametrize("name", _BINARY)
def test_a_message_that_is_too_large(name: str) -> None:
    """It is malformed at its beginning, and none of it is kept."""
    reader = _BINARY[name]()
    assert _held(reader.feed, _prelude(MAX_MESSAGE + 1), PIECE) < MOST_LEFT
    assert reader.malformed


def test_the_largest_message() -> None:
    """It is waited for, and what comes in its place is no message."""
    reader = FrameReader()
    assert _held(reader.feed, _prelude(MAX_MESSAGE), PIECE) < MOST_HELD
    assert reader.broken is not None


@pytest.mark.parametrize("piece", [b"data: a\n" * 8000, b": a\r" * 8000, b"\x00" * 65536])
def test_lines_without_a_blank_one(piece: bytes) -> None:
    """Many lines are one event as well."""
    splitter = FrameSplitter()
    with pytest.raises(FrameTooLarge):
        _held(splitter.feed, b"", piece)
    assert splitter.rest() == b""


@pytest.mark.parametrize("name", _SSE)
def test_events_that_say_nothing(name: str) -> None:
    """Of comments, and of events of kinds that are new, nothing is kept, however many come."""
    unknown = b'event: x\ndata: {"type":"x","choices":[]}\n\n'
    reader = _SSE[name]()
    assert _held(reader.feed, b"", (b": keep-alive\n\n" + unknown) * 5, SAID) < SAID // 8
    assert not reader.malformed
