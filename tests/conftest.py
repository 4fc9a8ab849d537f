"""How the tests are collected, in which order they are run, and which of them are tried again."""

import gc
from zlib import crc32

import pytest
from _pytest.runner import runtestprotocol

from fakes.slowness import TOO_SLOW

TRIES = 3


def pytest_configure() -> None:
    """Do not look for garbage while everything is collected: there is none."""
    gc.disable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mix the files, the same way each time, for some wait and leave the processor to others.

    A file's tests stay together: they share what they run against.
    """
    items.sort(key=lambda item: crc32(item.path.name.encode()))


def pytest_collection_finish() -> None:
    """Twenty thousand tests stay to the end, and are not looked through for garbage again."""
    gc.freeze()
    gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    """Run a test, and again what a clock alone found too slow (``fakes.slowness.in_time``).

    The plugin that is made for this waits 40 ms for the controller of the workers at every test.
    """
    hook = item.ihook
    hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for tried in range(1, TRIES + 1):
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
        late = any(report.failed and TOO_SLOW in report.longreprtext for report in reports)
        if not late or tried == TRIES:
            break
        if isinstance(item, pytest.Function):
            item._initrequest()
    for report in reports:
        hook.pytest_runtest_logreport(report=report)
    hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True
