"""How slow this machine is just now, so that a bound in seconds can be a bound of work.

Bounds are written for the machine that README's figures are from, at rest. The same work costs more
CPU on a slower one, and on one whose cores are shared with others.
"""

import resource
import subprocess
import sys

_WORK = (
    "import asyncio, decimal, email, http.client, json, logging.config, multiprocessing, pydoc,"
    "sqlite3, ssl, tomllib, unittest, xml.dom.minidom, xmlrpc.client"
)
_AT_REST = 0.11
"""CPU seconds that it costs there to begin an interpreter and import all that."""


def slowness(tries: int = 3) -> float:
    """By how much a start of an interpreter is dearer here and now; at least 1."""
    return max(1.0, min(_cost() for _ in range(tries)) / _AT_REST)


def _cost() -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-I", "-c", _WORK], check=True)  # noqa: S603 - our own words
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
