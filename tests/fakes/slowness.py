"""How slow this machine is just now, so that a bound in seconds can be a bound of work.

Bounds are written for the machine that README's figures are from, at rest. The same work costs more
CPU on a slower one, and on one whose cores are shared with others.
"""

import asyncio
import resource
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

_WORK = (
    "import asyncio, decimal, email, http.client, json, logging.config, multiprocessing, pydoc,"
    "sqlite3, ssl, tomllib, unittest, xml.dom.minidom, xmlrpc.client"
)
_AT_REST = 0.11
"""CPU seconds that it costs there to begin an interpreter and import all that."""
TOO_SLOW = "too slow"
"""What ``in_time`` says first of all."""


def slowness(tries: int = 3) -> float:
    """By how much a start of an interpreter is dearer here and now; at least 1."""
    return max(1.0, min(_cost() for _ in range(tries)) / _AT_REST)


def _cost() -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-I", "-c", _WORK], check=True)  # noqa: S603 - our own words
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def in_time(took: float, most: float, *, least: float = 0.0) -> None:
    """What took so many seconds stayed below ``most``, and was not over before ``least``.

    A machine that stood still may be why a clock ran on, so a test that is too slow is tried three
    times (``tests/conftest.py``): what is slow by itself is slow each time.
    """
    assert took >= least, f"over after {took:.3f} s, before {least}"
    if took >= most:
        pytest.fail(f"{TOO_SLOW}: {took:.3f} s, and not below {most}", pytrace=False)


@asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    """What is waited for here comes in time; given up is it much later."""
    began = time.monotonic()
    async with asyncio.timeout(5 * seconds):
        yield
    in_time(time.monotonic() - began, seconds)
