"""What guarded connections dial: one resolution, every address checked, the checked one dialled."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from fakes.answers import Answer, json_answer
from fakes.certificates import Authority, authority
from fakes.transport_calls import body_of, outcome, to
from fakes.transports import make_transport
from fakes.upstream import FakeUpstream
from tollhouse.core.faults import Fault, FaultKind
from tollhouse.ports import Transport, UpstreamRequest
from tollhouse.upstream.guard import Guard, NotPublic, system_addresses

__all__ = ["make_transport"]

NAME = "llm.example.com"
PRIVATE = "the provider's host name leads to an address that is not public"
HERE, VICTIM = "127.0.0.1", "127.0.0.2"


class Dns:
    """An attacker's name server: its answers one after the other, the last again and again."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def guarded(url: str, **fields: object) -> UpstreamRequest:
    """A request by a connection that is not the operator's."""
    request = to(url, **fields)  # type: ignore[arg-type]
    return msgspec.structs.replace(request, provider=replace(request.provider, guarded=True))


@pytest.fixture(name="ours", scope="module")
def _ours() -> Authority:
    return authority()


@asynccontextmanager
async def provider(ours: Authority, folder: Path) -> AsyncIterator[tuple[FakeUpstream, str]]:
    """A provider on loopback with a certificate for the name, and its URL by that name."""
    async with FakeUpstream(tls=ours.serving(NAME, folder)) as up:
        up.script(Answer(b"{}"))
        yield up, f"https://{NAME}:{up.origin.rpartition(':')[2]}/v1"


@asynccontextmanager
async def listening(port: int) -> AsyncIterator[list[str]]:
    """Something private at another address, same port; the list is who connected to it."""
    met: list[str] = []

    async def meet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        met.append("connected")
        writer.close()

    server = await asyncio.start_server(meet, VICTIM, port)
    try:
        yield met
    finally:
        server.close()


async def told(transport: Transport, request: UpstreamRequest) -> str:
    """The detail of a fault before anything was sent."""
    fault = await outcome(transport, request)
    assert (fault.kind, fault.sent) == (FaultKind.CONNECT, False)
    return fault.detail


# --- The rule ---


@pytest.mark.parametrize(
    "answer",
    [
        ["127.0.0.1"],
        ["8.8.8.8", "127.0.0.1"],
        ["127.0.0.1", "8.8.8.8"],
        ["169.254.169.254"],
        ["8.8.8.8", "::ffff:169.254.169.254"],
        ["2606:4700::1", "fd00::1"],
        ["64:ff9b::a00:1"],
        ["fe80::1%eth0"],
        ["not an address"],
        [],
    ],
)
async def test_one_private_answer_refuses_the_name(answer: list[str]) -> None:
    """A name that leads anywhere private is not dialled at its public addresses either."""
    with pytest.raises(NotPublic):
        await Guard(Dns(answer)).addresses(NAME, 443, secure=True)


async def test_public_answers_are_dialled_in_their_order() -> None:
    """Each address once, as the resolver prefers them."""
    dns = Dns(["2606:4700::1", "8.8.8.8", "8.8.8.8"])
    found = await Guard(dns).addresses(NAME, 443, secure=True)
    assert list(found) == ["2606:4700::1", "8.8.8.8"]
    assert dns.asked == [(NAME, 443)]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "db.internal", "0x7f.1", "a.b."])
async def test_name_is_judged_again_before_it_is_resolved(host: str) -> None:
    """A stored address from before the rule, or from another way in, is refused at the dial."""
    dns = Dns(["8.8.8.8"])
    with pytest.raises(NotPublic):
        await Guard(dns).addresses(host, 443, secure=True)
    assert not dns.asked


async def test_public_address_needs_no_resolver() -> None:
    """An address is its own answer."""
    dns = Dns([HERE])
    assert await Guard(dns).addresses("8.8.8.8", 443, secure=True) == ("8.8.8.8",)
    assert not dns.asked


async def test_machines_own_resolver_gives_plain_addresses() -> None:
    """What the real one says of loopback is what the rule reads."""
    assert HERE in await system_addresses("localhost", 443)


# --- Both transports, real sockets ---


async def test_checked_address_is_dialled_with_the_name_in_tls_and_host(
    make_transport: Callable[..., Transport], ours: Authority, tmp_path: Path
) -> None:
    """The certificate is the name's and so is the host header; the name resolves nowhere else."""
    dns = Dns([HERE])
    async with provider(ours, tmp_path) as (up, url):
        transport = make_transport(tls=ours.trusting, guard=Guard(dns, public=HERE.__eq__))
        assert await body_of(await transport.send(guarded(url))) == b"{}"
        assert up.calls[0].header("host") == url.removeprefix("https://").removesuffix("/v1")
        assert len(dns.asked) == 1
        await transport.aclose()


async def test_rebinding_name_never_reaches_the_second_address(
    make_transport: Callable[..., Transport], ours: Authority, tmp_path: Path
) -> None:
    """The name is public when checked and private a moment later: what was checked is dialled."""
    dns = Dns([HERE], [VICTIM])
    async with provider(ours, tmp_path) as (up, url), listening(port_of(url)) as met:
        transport = make_transport(tls=ours.trusting, guard=Guard(dns, public=HERE.__eq__))
        assert await body_of(await transport.send(guarded(url))) == b"{}"
        up.server.drop_idle()
        await asyncio.sleep(0.05)
        assert await told(transport, guarded(url)) == PRIVATE
        assert (up.count, met, len(dns.asked)) == (1, [], 2)
        await transport.aclose()


async def test_certificate_of_another_name_is_refused(
    make_transport: Callable[..., Transport], ours: Authority, tmp_path: Path
) -> None:
    """An address that passes still has to prove that it is the name's."""
    async with provider(ours, tmp_path) as (up, url):
        transport = make_transport(tls=ours.trusting, guard=Guard(Dns([HERE]), public=HERE.__eq__))
        other = guarded(url.replace(NAME, "other.example.com"))
        assert await told(transport, other) == "the provider's certificate was refused"
        assert up.count == 0
        await transport.aclose()


async def test_next_address_is_tried_when_one_does_not_answer(
    make_transport: Callable[..., Transport], ours: Authority, tmp_path: Path
) -> None:
    """Of two public addresses the second serves when nobody listens at the first."""
    guard = Guard(Dns([VICTIM, HERE]), public={HERE, VICTIM}.__contains__)
    async with provider(ours, tmp_path) as (_, url):
        transport = make_transport(tls=ours.trusting, guard=guard)
        assert await body_of(await transport.send(guarded(url))) == b"{}"
        await transport.aclose()


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}/v1", "https://127.0.0.1:{port}/v1"])
async def test_stored_private_url_is_not_dialled(
    make_transport: Callable[..., Transport], up: FakeUpstream, url: str
) -> None:
    """With the rule as it ships nothing on loopback hears of a guarded request."""
    transport = make_transport()
    port = up.origin.rpartition(":")[2]
    assert "not" in await told(transport, guarded(url.format(port=port)))
    assert up.server.accepted == 0
    await transport.aclose()


async def test_open_connection_of_the_operator_is_not_shared(
    make_transport: Callable[..., Transport], up: FakeUpstream
) -> None:
    """An idle connection to a private host is no way around the guard."""
    up.script(Answer(b"{}"))
    transport = make_transport()
    assert await body_of(await transport.send(to(up.url))) == b"{}"
    assert await told(transport, guarded(up.url)) == "the provider's address is not https"
    assert up.count == 1
    await transport.aclose()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirect_is_not_followed(
    make_transport: Callable[..., Transport], ours: Authority, tmp_path: Path, status: int
) -> None:
    """A provider that points at a private place is answered with its own 3xx, no second call."""
    async with provider(ours, tmp_path) as (up, url), listening(port_of(url)) as met:
        away = ("location", f"http://{VICTIM}:{port_of(url)}/latest/meta-data")
        up.script(json_answer({}, status, [away]))
        transport = make_transport(tls=ours.trusting, guard=Guard(Dns([HERE]), public=HERE.__eq__))
        exchange = await transport.send(guarded(url))
        assert not isinstance(exchange, Fault)
        assert exchange.status == status
        exchange.close()
        assert (up.count, met) == (1, [])
        await transport.aclose()


@pytest.mark.parametrize("trouble", ["slow", "unknown"])
async def test_resolver_that_fails_is_a_connect_fault(
    make_transport: Callable[..., Transport], trouble: str
) -> None:
    """A name that is not there, or is long in coming, ends within the connect limit, unsent."""

    async def resolve(host: str, port: int) -> Sequence[str]:
        if trouble == "unknown":
            raise socket.gaierror(f"{host}:{port}")
        await asyncio.sleep(30)
        return []

    transport = make_transport(guard=Guard(resolve))
    detail = await told(transport, guarded(f"https://{NAME}/v1", connect=0.1))
    assert detail == (
        "the time for it was up" if trouble == "slow" else "the provider's host name is not known"
    )
    await transport.aclose()


def port_of(url: str) -> int:
    """The port of a provider's URL."""
    return int(url.removesuffix("/v1").rpartition(":")[2])
