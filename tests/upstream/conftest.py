"""A provider to call, and the two event loops: the gateway serves on uvloop where there is one."""

import asyncio
from collections.abc import Callable, Mapping

import pytest
import uvloop

from fakes.transports import up

__all__ = ["up"]


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The fast transport is tested on both loops, since it stands on what they promise."""
    del config
    both = item.path.name.startswith("test_fast")
    factories = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
    return factories if both else {"asyncio": factories["asyncio"]}
