"""Fixtures: the transports that the contract suite runs on, and a provider to call."""

from collections.abc import AsyncIterator, Callable

import pytest

from fakes.upstream import FakeUpstream
from tollhouse.ports import Transport
from tollhouse.upstream.fast_transport import FastTransport
from tollhouse.upstream.httpx_transport import HttpxTransport

TRANSPORTS: dict[str, Callable[..., Transport]] = {"fast": FastTransport, "httpx": HttpxTransport}


@pytest.fixture(params=sorted(TRANSPORTS))
def make_transport(request: pytest.FixtureRequest) -> Callable[..., Transport]:
    """The transport under test, as its constructor."""
    return TRANSPORTS[request.param]


@pytest.fixture
async def transport(make_transport: Callable[..., Transport]) -> AsyncIterator[Transport]:
    """The transport under test."""
    made = make_transport()
    yield made
    await made.aclose()


@pytest.fixture
async def up() -> AsyncIterator[FakeUpstream]:
    """A provider."""
    async with FakeUpstream() as made:
        yield made
