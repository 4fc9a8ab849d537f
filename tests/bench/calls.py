"""Counts what a request and an event cost, as no busy machine can change it, and prints it.

    python tests/bench/calls.py                            the counts that the guard holds
    python tests/bench/calls.py --functions                and which functions they are of

Counted are calls of our own functions, calls of libraries' functions in Python, calls from our own
functions into C, and the lines of our own that are run, loops included. ``test_hot_path_guard.py``
bounds them; two outputs with ``--functions``, before and after a change, tell what has come along.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, Self

if __package__ in (None, ""):
    # In place of this folder, whose modules are no top-level ones.
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from bench.stub_application import PASSED_ON, TRANSLATED, StubbedApplication, stubbed

EVENTS = 100
REQUESTS = 200
"""Few enough that twice as many wait to be done later, and none of it is done at once."""
_TURN = 0.05
_TURNS = 50
"""Of so many seconds on the event loop's clock, more than any timer of the hot path waits."""
_PAUSE = 0.005
_OURS = "tollhouse."
_TESTS = str(Path(__file__).parents[1])
# Later versions of Python run them without a call.
_NO_FUNCTIONS = frozenset({"<listcomp>", "<dictcomp>", "<setcomp>"})
_JSON = frozenset({"Decoder.decode", "Encoder.encode", "Encoder.encode_into", "decode", "encode"})


class Calls:
    """Counts inside a ``with`` block, on this thread."""

    def __init__(self) -> None:
        self.own: Counter[str] = Counter()
        """Calls of functions of the package."""
        self.libraries: Counter[str] = Counter()
        """Calls of other people's functions in Python."""
        self.native: Counter[str] = Counter()
        """Calls of C functions, by functions of the package."""
        self.lines = 0
        """Lines of the package that were run, each as often as it was."""

    @property
    def json(self) -> int:
        """How often JSON was read or written."""
        return sum(number for name, number in self.native.items() if name in _JSON)

    @property
    def packages(self) -> set[str]:
        """The libraries that were called."""
        return {name.partition(".")[0] for name in self.libraries}

    def __enter__(self) -> Self:
        self._trace_before = sys.gettrace()
        sys.settrace(self._enter)
        sys.setprofile(self._count)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)
        sys.settrace(self._trace_before)

    def _enter(self, frame: FrameType, event: str, _: object) -> Callable[..., Any] | None:
        del event
        return self._line if _module(frame).startswith(_OURS) else None

    def _line(self, frame: FrameType, event: str, _: object) -> Callable[..., Any]:
        del frame
        self.lines += event == "line"
        return self._line

    def _count(self, frame: FrameType, event: str, function: Any) -> None:
        module = _module(frame)
        ours = module.startswith(_OURS)
        if event == "c_call":
            if ours:
                self.native[function.__qualname__] += 1
            return
        code = frame.f_code
        if event != "call" or code.co_name in _NO_FUNCTIONS:
            return
        if ours:
            self.own[f"{module}.{code.co_qualname}"] += 1
        elif not code.co_filename.startswith(_TESTS):
            self.libraries[f"{module}.{code.co_qualname}"] += 1


def _module(frame: FrameType) -> str:
    """Whose function it is: a generated one, as of a dataclass, is its module's too."""
    name: str = frame.f_globals.get("__name__", "?")
    return name


async def calls_of(request: Callable[[], Awaitable[bytes]]) -> Calls:
    """What a request comes to, from its first byte to its last."""
    counts = []
    for _ in range(3):  # something may have been looked up anew, once
        with Calls() as calls:
            await request()
        counts.append(calls)
    return min(counts, key=lambda calls: calls.own.total() + calls.libraries.total())


async def calls_of_a_stream(
    application: StubbedApplication, events: int, model_id: str = PASSED_ON
) -> Calls:
    """What a stream of so many events comes to."""
    application.upstream.events = events
    return await calls_of(partial(application.chat, model_id, stream=True))


async def calls_behind(application: StubbedApplication, requests: int) -> Calls:
    """What so many requests have left to be done later, on the event loop's thread."""
    await _until_idle(application)
    for _ in range(requests):
        await application.chat()
    with Calls() as calls:
        await _until_idle(application)
    return calls


async def _until_idle(application: StubbedApplication) -> None:
    """Have all timers of the hot path run, and the threads that they give work to."""
    turns = 0
    while turns < _TURNS or application.app.shipper.backlog:
        turns += 1
        application.forward(_TURN)
        await asyncio.to_thread(time.sleep, _PAUSE)


async def _report(folder: Path, *, functions: bool) -> list[str]:
    none = Calls()
    async with stubbed(folder) as application:
        request = await calls_of(application.chat)
        few = await calls_of_a_stream(application, EVENTS)
        many = await calls_of_a_stream(application, 2 * EVENTS)
        translated = await calls_of(partial(application.chat, TRANSLATED))
        few_translated = await calls_of_a_stream(application, EVENTS, TRANSLATED)
        many_translated = await calls_of_a_stream(application, 2 * EVENTS, TRANSLATED)
        behind = await calls_behind(application, REQUESTS)
        more_behind = await calls_behind(application, 2 * REQUESTS)
    lines = [
        "                        own  libraries  native   lines  JSON",
        _row("a request", request, none, 1),
        _row("an event", many, few, EVENTS),
        _row("a translated request", translated, none, 1),
        _row("a translated event", many_translated, few_translated, EVENTS),
        _row("behind a request", more_behind, behind, REQUESTS),
        f"libraries called: {', '.join(sorted(request.packages | many.packages))}",
    ]
    if functions:
        kinds = {
            "a request": request,
            "a stream": many,
            "a translated request": translated,
            "a translated stream": many_translated,
            f"behind {REQUESTS} requests": behind,
        }
        for title, of in kinds.items():
            for kind in (of.own, of.libraries, of.native):
                lines += ["", f"{title}, {kind.total()} in all"]
                lines += [f"{number:6}  {name}" for name, number in kind.most_common()]
    return lines


def _row(title: str, many: Calls, few: Calls, times: int) -> str:
    pairs = (
        (many.own.total(), few.own.total()),
        (many.libraries.total(), few.libraries.total()),
        (many.native.total(), few.native.total()),
        (many.lines, few.lines),
        (many.json, few.json),
    )
    own, libraries, native, lines, json = (f"{(more - less) / times:g}" for more, less in pairs)
    return f"{title:21} {own:>5}  {libraries:>9}  {native:>6}  {lines:>6}  {json:>4}"


def main() -> None:
    """Count and print."""
    summary, _, rest = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=rest, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--functions", action="store_true", help="list every function")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tollhouse-calls-") as made:
        told = asyncio.run(_report(Path(made), functions=asked.functions))
    sys.stdout.write("\n".join(told) + "\n")


if __name__ == "__main__":
    main()
