"""Which transport a provider gets, and what a worker pays for the other one: nothing."""

import asyncio
import subprocess
import sys
from dataclasses import replace

import msgspec
import pytest

from fakes.answers import Answer
from fakes.slowness import within
from fakes.transport_calls import body_of, to
from fakes.upstream import FakeUpstream
from tollhouse.upstream.choose import ChosenTransport


@pytest.mark.parametrize(
    ("named", "taken"), [("auto", "fast_exchange"), ("httpx", "httpx_transport")]
)
async def test_provider_names_its_transport(up: FakeUpstream, named: str, taken: str) -> None:
    """Requests go by the fast transport unless their provider asks for httpx; both are closed."""
    up.script(Answer(b"{}"))
    transport = ChosenTransport()
    request = to(up.url)
    request = msgspec.structs.replace(request, provider=replace(request.provider, transport=named))
    exchange = await transport.send(request)
    assert type(exchange).__module__.endswith(taken)
    assert await body_of(exchange) == b"{}"
    assert len(up.server.connections) == 1
    await transport.aclose()
    async with within(1):
        while up.server.connections:
            await asyncio.sleep(0.005)


def test_httpx_is_not_loaded_before_it_is_needed() -> None:
    """A worker whose providers all take the fast transport never imports httpx."""
    code = "import sys, tollhouse.app; print({'httpx', 'httpcore', 'h11'} & set(sys.modules))"
    command = [sys.executable, "-c", code]
    told = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - ours
    assert told.stdout.strip() == "set()"
