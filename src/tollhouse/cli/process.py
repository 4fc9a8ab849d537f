"""Runs servers in this process: on uvloop, with an end to every signal from the first moment on.

Theory of operation. A server takes SIGINT and SIGTERM over once it listens, and drains. Until then,
and once it is done, they are ours, and the first one is a proper end too: while modules are loaded
it leaves the block of ``until_told``, and while a loop runs it cancels what runs in it. Both hold
even where the shell had them ignored, as it does for what it starts in the background.
"""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_ENDING = (signal.SIGINT, signal.SIGTERM)


class _Told(BaseException):
    """A signal came; not an ``Exception``, so that nothing on the way takes it for a fault."""


@contextmanager
def until_told() -> Iterator[None]:
    """Run the block to its end or to a signal, whichever is first; neither is a fault."""

    def leave(_signal: int, _frame: FrameType | None) -> None:
        raise _Told

    try:
        with _handled_by(leave):
            yield
    except _Told:
        return


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run in a loop until it is done or a signal ends it; its own errors pass through."""
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        loop = runner.get_loop()
        task = loop.create_task(main)

        def cancel(_signal: int, _frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(task.cancel)

        with _handled_by(cancel):
            try:
                loop.run_until_complete(task)
            except asyncio.CancelledError:
                if not task.cancelled():
                    raise


@contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    before = {ending: signal.signal(ending, handler) for ending in _ENDING}
    try:
        yield
    finally:
        for ending, earlier in before.items():
            signal.signal(ending, earlier)
