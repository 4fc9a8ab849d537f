"""TLS on the fast transport where the two event loops differ: ends, refusals, giving up."""

import asyncio
import contextlib
import os
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fakes.answers import silent
from fakes.certificates import Authority, authority
from fakes.slowness import within
from fakes.transport_calls import body_of, outcome, to
from fakes.upstream import FakeUpstream, mute_port
from tollhouse.core.faults import Fault, FaultKind
from tollhouse.upstream.fast_connection import SLICE
from tollhouse.upstream.fast_transport import FastTransport
from upstream.fast_pools import busy, slots

HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture(name="ours")
def _ours() -> Authority:
    """The authority that vouches for the provider."""
    return authority()


@pytest.fixture(name="transport")
async def _transport(ours: Authority) -> AsyncIterator[FastTransport]:
    """The fast transport, which trusts that authority."""
    made = FastTransport(tls=ours.trusting)
    yield made
    await made.aclose()


@contextmanager
def one_answer(context: ssl.SSLContext, answer: bytes, *, orderly: bool) -> Iterator[str]:
    """A provider for one call in a thread, which may cut TLS off without its closing words."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        accepted, _ = listening.accept()
        secured = context.wrap_socket(accepted, server_side=True)
        while not secured.recv(65_536).endswith(b"}"):
            pass
        secured.sendall(answer)
        if orderly:
            with contextlib.suppress(OSError):
                secured.unwrap()
            secured.close()
        else:
            os.close(secured.detach())

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"https://127.0.0.1:{listening.getsockname()[1]}/v1"
    thread.join(5)
    listening.close()


def descriptors() -> int:
    """How many descriptors this process has open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@contextmanager
def one_handshake(context: ssl.SSLContext) -> Iterator[str]:
    """A provider in a thread that shakes hands once, reads nothing, and waits for the end."""
    listening = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        accepted, _ = listening.accept()
        secured = context.wrap_socket(accepted, server_side=True, do_handshake_on_connect=False)
        with contextlib.suppress(ssl.SSLError):
            secured.do_handshake()
        over.wait(5)
        secured.close()

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"https://127.0.0.1:{listening.getsockname()[1]}/v1"
    over.set()
    thread.join(5)
    listening.close()


@pytest.mark.parametrize("orderly", [True, False])
@pytest.mark.parametrize(
    ("framing", "whole_if_cut"),
    [(b"\r\n", False), (b"content-length: 5\r\n\r\n", True)],
    ids=["until close", "a length"],
)
async def test_cut_off_tls_is_no_end(
    transport: FastTransport,
    ours: Authority,
    tmp_path: Path,
    framing: bytes,
    whole_if_cut: bool,  # noqa: FBT001 - a case
    orderly: bool,  # noqa: FBT001 - a case
) -> None:
    """Who cuts the connection of an answer without a length cannot make it look whole."""
    serving = ours.serving("127.0.0.1", tmp_path)
    with one_answer(serving, HEAD + framing + b"hello", orderly=orderly) as url:
        request = to(url)
        if orderly or whole_if_cut:
            assert await body_of(await transport.send(request)) == b"hello"
        else:
            assert (await outcome(transport, request)).kind is FaultKind.DISCONNECTED


async def test_missing_client_certificate_is_told(
    transport: FastTransport, ours: Authority, tmp_path: Path
) -> None:
    """A provider that refuses our certificate is a connect fault that says so."""
    serving = ours.serving("127.0.0.1", tmp_path, clients=ours)
    with one_handshake(serving) as url:
        fault = await outcome(transport, to(url))
    assert fault.kind is FaultKind.CONNECT
    assert fault.detail == "TLS was refused by the provider"


async def test_E01_cancelling_the_handshake_closes_the_socket(transport: FastTransport) -> None:
    """A call given up while the provider does not shake hands leaves no socket."""
    opened = []
    with mute_port() as port:
        request = to(f"https://127.0.0.1:{port}/v1", connections=3)
        for _ in range(3):
            calls = [asyncio.create_task(transport.send(request)) for _ in range(10)]
            await asyncio.sleep(0.05)
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)
            await asyncio.sleep(0.05)
            opened.append(descriptors())
    assert opened[0] == opened[-1]
    assert slots(transport) == (3, 0, 0)


async def test_E01_cancelling_at_any_step_loses_nothing(
    transport: FastTransport, ours: Authority, tmp_path: Path
) -> None:
    """Cancelled at each step of its handshake or its wait, a call leaves every slot free."""
    async with FakeUpstream(tls=ours.serving("127.0.0.1", tmp_path)) as up:
        up.script(silent())
        url = up.url.replace("http://", "https://")
        for turns in range(1, 30):
            call = asyncio.create_task(transport.send(to(url, connections=1)))
            for _ in range(turns):
                await asyncio.sleep(0)
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
            assert slots(transport) == (1, 0, 0), turns
        async with within(1):
            while up.server.connections:
                await asyncio.sleep(0.005)


async def test_unread_request_does_not_pile_up(
    transport: FastTransport, ours: Authority, tmp_path: Path
) -> None:
    """Of a large request that a provider does not take, little is encrypted ahead."""
    with one_handshake(ours.serving("127.0.0.1", tmp_path)) as url:
        request = to(url, first_byte=0.4, body=bytes(20_000_000))
        sending = asyncio.create_task(transport.send(request))
        await asyncio.sleep(0.3)
        (connection,) = busy(transport)
        assert connection._unsent is not None
        assert len(connection._unsent) > 20_000_000 - 20 * SLICE
        fault = await sending
    assert isinstance(fault, Fault)
    assert fault.kind is FaultKind.FIRST_BYTE_TIMEOUT
