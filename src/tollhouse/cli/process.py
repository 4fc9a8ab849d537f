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

LAST_SECONDS = 3.0
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

    loop = uvloop.new_event_loop()
    task = loop.create_task(main)

    def cancel(_signal: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(task.cancel)

    try:
        with _handled_by(cancel):
            loop.run_until_complete(task)
    except asyncio.CancelledError:
        if not task.cancelled():
            raise
    finally:
        _wind_down(loop)


def _wind_down(loop: asyncio.AbstractEventLoop) -> None:
    """Close a loop, waiting only so long for what is left in it.

    ``asyncio.Runner`` would wait for ever, and a database driver that is cancelled while it closes
    a connection may never end: nobody's answer depends on it any more.
    """
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(asyncio.wait(left, timeout=LAST_SECONDS))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


@contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    before = {ending: signal.signal(ending, handler) for ending in _ENDING}
    try:
        yield
    finally:
        for ending, earlier in before.items():
            signal.signal(ending, earlier)
