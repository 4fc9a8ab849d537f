"""What runs in a process ends by itself, by its own error, or by a signal."""

import asyncio
import contextlib
import os
import signal
import time

import pytest

from fakes.slowness import in_time
from tollhouse.cli import process


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_a_block_and_is_no_fault(ending: int) -> None:
    """What comes after it in the block does not happen; what comes after the block does."""
    before = signal.getsignal(ending)
    reached = []

    with process.until_told():
        reached.append("start")
        os.kill(os.getpid(), ending)
        time.sleep(5)
        reached.append("end")

    assert reached == ["start"]
    assert signal.getsignal(ending) is before


def test_signal_cancels_what_runs_and_is_no_fault() -> None:
    """It may clean up behind itself, and the loop is closed without an error."""
    reached = []

    async def main() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(30)
        finally:
            reached.append("cleaned")

    process.run(main())

    assert reached == ["cleaned"]


def test_own_errors_pass_through() -> None:
    """What goes wrong inside is for the command to tell."""

    async def main() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        process.run(main())


def test_task_that_does_not_end_keeps_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A left-over task that takes no cancel is waited for, but not for ever."""
    monkeypatch.setattr(process, "LAST_SECONDS", 0.1)
    stubborn: list[asyncio.Task[None]] = []

    async def never() -> None:
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(3600)

    async def main() -> None:
        stubborn.append(asyncio.get_running_loop().create_task(never()))
        await asyncio.sleep(0)

    started = time.monotonic()
    process.run(main())

    in_time(time.monotonic() - started, 2)
    assert not stubborn[0].done()
