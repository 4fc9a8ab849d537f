"""Runs a Python program with a probe in it: at every SIGUSR1 it says what is alive in there.

    python tests/fakes/probe.py REPORT python -m tollhouse serve …

The report is written as JSON, in one go: ``tasks`` of asyncio by the name of their coroutine,
``blocks`` of memory that the interpreter holds for objects of any kind (what a leak of a single
object per request makes grow, and what no allocator's habits blur), ``kinds`` of the objects that
the garbage collector knows, to tell which they are, and resident ``memory`` in bytes. Garbage is
collected first, and what the C library keeps for later is given back where it can be told to.
Nothing but the standard library is loaded, so that the program is as it would be without it.
"""

import asyncio
import ctypes
import gc
import json
import os
import runpy
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path


def tell(report: Path) -> None:
    """Write the report; called on the thread of the event loop, wherever it happens to be."""
    gc.collect()
    blocks, memory = sys.getallocatedblocks(), _resident()
    kinds = Counter(f"{type(one).__module__}.{type(one).__qualname__}" for one in gc.get_objects())
    tasks = Counter(getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks())
    written = report.with_suffix(".new")
    found = {"blocks": blocks, "tasks": tasks, "kinds": kinds, "memory": memory}
    written.write_text(json.dumps(found))
    written.replace(report)


def _resident() -> int:
    with suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def main(arguments: Sequence[str]) -> None:
    """Run ``python -m MODULE …`` as it stands in the arguments, in this process."""
    report, _python, _m, module, *rest = arguments
    signal.signal(signal.SIGUSR1, lambda _signal, _frame: tell(Path(report)))
    # The folder of this file would shadow modules of the standard library.
    sys.path.pop(0)
    sys.argv = [module, *rest]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
