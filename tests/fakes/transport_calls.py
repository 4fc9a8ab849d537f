"""Calling a transport in a test: requests with a secret in them, and reading what comes back."""

from collections.abc import Awaitable, Sequence

import pytest

from tollhouse.core.faults import Fault
from tollhouse.core.model import Provider, Secret, Timeouts
from tollhouse.ports import Exchange, Transport, UpstreamRequest

CANARY = "sk-canary-0123456789"
"""The provider's key, which no fault may repeat."""
BODY = b'{"model": "m", "top_p": 1.0, "odd":"\\u00e9"}'


def to(
    url: str,
    *,
    connect: float = 2.0,
    first_byte: float = 2.0,
    idle: float = 2.0,
    total: float = 10.0,
    connections: int = 1000,
    headers: Sequence[tuple[str, str]] = (),
    method: str = "POST",
    body: bytes = BODY,
    ca_file: str | None = None,
    client_cert: str | None = None,
) -> UpstreamRequest:
    """A request to a provider at ``url``, with a secret where secrets are."""
    provider = Provider(
        "p",
        "openai",
        url,
        Secret(CANARY),
        max_connections=connections,
        ca_file=ca_file,
        client_cert=client_cert,
    )
    limits = Timeouts(connect, first_byte, idle, total)
    usual = (("Authorization", f"Bearer {CANARY}"), ("content-type", "application/json"))
    sent = (*usual, *headers)
    return UpstreamRequest(provider, method, f"{url}/chat/completions", sent, body, limits)


async def body_of(exchange: Exchange | Fault) -> bytes:
    """The whole body of an answer that ends well."""
    return b"".join(await pieces_of(exchange))


async def pieces_of(exchange: Exchange | Fault) -> list[bytes]:
    """The pieces of an answer that ends well."""
    assert not isinstance(exchange, Fault), exchange
    pieces = []
    while piece := await exchange.read():
        assert not isinstance(piece, Fault), piece
        pieces.append(piece)
    return pieces


async def outcome(transport: Transport, request: UpstreamRequest) -> Fault:
    """The fault that a call ends with, in its head or in its body."""
    exchange = await transport.send(request)
    if isinstance(exchange, Fault):
        return exchange
    while piece := await exchange.read():
        if isinstance(piece, Fault):
            exchange.close()
            return piece
    pytest.fail("the answer ended as if nothing were wrong")


async def finished(call: Awaitable[Exchange | Fault]) -> bytes:
    """The whole body of a call that is still to be made."""
    return await body_of(await call)
