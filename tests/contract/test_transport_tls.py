"""How every transport shakes hands: whom it trusts, who it says it is, and what is shared."""

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from fakes.answers import Answer, Framing, Stream
from fakes.certificates import Authority, authority, self_signed
from fakes.http_server import End
from fakes.slowness import within
from fakes.transport_calls import body_of, outcome, to
from fakes.upstream import FakeUpstream
from tollhouse.core.faults import FaultKind
from tollhouse.ports import Transport

JSON = b'{"answer": 42}'
LARGE = bytes(range(256)) * 20_000


@pytest.fixture(name="ours")
def _ours() -> Authority:
    """The authority that vouches for the provider."""
    return authority()


async def test_own_authority_is_trusted(
    transport: Transport, ours: Authority, tmp_path: Path
) -> None:
    """A provider whose authority is in its ``ca_file`` is reached, over one connection."""
    async with FakeUpstream(tls=ours.serving("127.0.0.1", tmp_path)) as up:
        up.script(Answer(JSON))
        for _ in range(3):
            request = to(secure(up), ca_file=ours.file(tmp_path))
            assert await body_of(await transport.send(request)) == JSON
        assert up.server.accepted == 1


async def test_other_authorities_are_not_trusted_beside_it(
    transport: Transport, ours: Authority, tmp_path: Path
) -> None:
    """A ``ca_file`` takes the place of all other authorities, for its provider alone."""
    theirs = authority()
    async with FakeUpstream(tls=ours.serving("127.0.0.1", tmp_path)) as up:
        for ca_file in (theirs.file(tmp_path), None):
            fault = await outcome(transport, to(secure(up), ca_file=ca_file))
            assert fault.kind is FaultKind.CONNECT
            assert fault.detail == "the provider's certificate was refused"
            assert not fault.sent
        assert up.count == 0


@pytest.mark.parametrize("wrong", ["name", "date", "self-signed"])
async def test_bad_certificate_is_refused(
    transport: Transport, ours: Authority, tmp_path: Path, wrong: str
) -> None:
    """A wrong name, an old date, no authority: refused even with a ``ca_file``, unsent."""
    serving = ours.serving(
        "provider.example" if wrong == "name" else "127.0.0.1", tmp_path, expired=wrong == "date"
    )
    if wrong == "self-signed":
        serving = self_signed("127.0.0.1", tmp_path)
    async with FakeUpstream(tls=serving) as up:
        fault = await outcome(transport, to(secure(up), ca_file=ours.file(tmp_path)))
        assert (fault.kind, fault.sent, up.count) == (FaultKind.CONNECT, False, 0)
        assert fault.detail == "the provider's certificate was refused"


async def test_client_certificate_is_shown(
    transport: Transport, ours: Authority, tmp_path: Path
) -> None:
    """A provider that wants to know who calls is shown the ``client_cert``."""
    serving = ours.serving("127.0.0.1", tmp_path, clients=ours)
    async with FakeUpstream(tls=serving) as up:
        up.script(Answer(JSON))
        ca_file, cert = ours.file(tmp_path), ours.client_file(tmp_path)
        request = to(secure(up), ca_file=ca_file, client_cert=cert)
        assert await body_of(await transport.send(request)) == JSON


@pytest.mark.parametrize("shown", ["nothing", "another authority's"])
async def test_wrong_client_certificate_is_a_fault(
    transport: Transport, ours: Authority, tmp_path: Path, shown: str
) -> None:
    """Without the certificate that a provider wants, no request reaches it."""
    serving = ours.serving("127.0.0.1", tmp_path, clients=ours)
    cert = None if shown == "nothing" else authority().client_file(tmp_path)
    async with FakeUpstream(tls=serving) as up:
        request = to(secure(up), ca_file=ours.file(tmp_path), client_cert=cert)
        fault = await outcome(transport, request)
        # In TLS 1.3 the server judges after the client believes to be connected.
        assert fault.kind in {FaultKind.CONNECT, FaultKind.DISCONNECTED}
        assert up.count == 0


async def test_connections_are_not_shared_across_trust(
    transport: Transport, ours: Authority, tmp_path: Path
) -> None:
    """What one provider's certificate opened, another provider at the same address cannot use."""
    serving = ours.serving("127.0.0.1", tmp_path, clients=ours)
    async with FakeUpstream(tls=serving) as up:
        up.script(Answer(JSON))
        ca_file, cert = ours.file(tmp_path), ours.client_file(tmp_path)
        known = to(secure(up), ca_file=ca_file, client_cert=cert)
        assert await body_of(await transport.send(known)) == JSON
        await outcome(transport, to(secure(up), ca_file=ca_file))
        await outcome(transport, to(secure(up), client_cert=cert))
        assert up.count == 1


@pytest.mark.parametrize("files", [{"ca_file": "no.pem"}, {"client_cert": "no.pem"}])
async def test_unreadable_file_is_a_fault(
    transport: Transport, tmp_path: Path, files: dict[str, str]
) -> None:
    """A file that has gone, or holds something else, is a fault that says so."""
    paths = {key: str(tmp_path / name) for key, name in files.items()}
    for text in (None, "nothing in PEM"):
        if text is not None:
            (tmp_path / "no.pem").write_text(text)
        fault = await outcome(transport, to("https://127.0.0.1:9/v1", **paths))  # type: ignore[arg-type]
        assert (fault.kind, fault.sent) == (FaultKind.CONNECT, False)
        assert fault.detail == "the provider's ca_file or client_cert cannot be read"


async def test_name_is_told_in_the_handshake(
    transport: Transport, ours: Authority, tmp_path: Path
) -> None:
    """The provider's host name is sent in the handshake (SNI), where many share an address."""
    names: list[str | None] = []
    serving = ours.serving("localhost", tmp_path)
    serving.sni_callback = lambda _socket, name, _context: names.append(name)
    async with FakeUpstream(tls=serving) as up:
        up.script(Answer(JSON))
        url = secure(up).replace("127.0.0.1", "localhost")
        request = to(url, ca_file=ours.file(tmp_path))
        assert await body_of(await transport.send(request)) == JSON
    assert names == ["localhost"]


async def test_large_bodies_pass_both_ways(
    transport: Transport, ours: Authority, tmp_path: Path
) -> None:
    """Five megabytes go out and come back unchanged over TLS, and leave the connection."""
    async with FakeUpstream(tls=ours.serving("127.0.0.1", tmp_path)) as up:
        up.script(Answer(LARGE))
        for _ in range(2):
            request = to(secure(up), ca_file=ours.file(tmp_path), body=LARGE)
            assert await body_of(await transport.send(request)) == LARGE
        assert [call.body == LARGE for call in up.calls] == [True, True]
        assert up.server.accepted == 1


async def test_E01_giving_up_closes_the_socket(
    transport: Transport, ours: Authority, tmp_path: Path
) -> None:
    """An answer given up half-way takes its TLS connection with it, at once."""
    async with FakeUpstream(tls=ours.serving("127.0.0.1", tmp_path)) as up:
        up.script(Stream(["one", End.HANG]))
        exchange = await transport.send(to(secure(up), ca_file=ours.file(tmp_path)))
        assert await exchange.read()  # type: ignore[union-attr]
        exchange.close()  # type: ignore[union-attr]
        async with within(1):
            await up.until(idle=True)


async def test_orderly_end_ends_an_answer(
    transport: Transport, ours: Authority, tmp_path: Path
) -> None:
    """An answer that ends with its connection is whole when TLS was closed in order."""
    async with FakeUpstream(tls=ours.serving("127.0.0.1", tmp_path)) as up:
        up.script(Answer(JSON, framing=Framing.UNTIL_CLOSE))
        for _ in range(2):
            request = to(secure(up), ca_file=ours.file(tmp_path))
            assert await body_of(await transport.send(request)) == JSON


def secure(up: FakeUpstream) -> str:
    """The provider's base URL, over TLS."""
    return up.url.replace("http://", "https://")


async def test_context_may_be_given(
    make_transport: Callable[..., Transport], ours: Authority, tmp_path: Path
) -> None:
    """A context handed to the transport stands for the usual authorities."""
    context: ssl.SSLContext = ours.trusting
    transport = make_transport(tls=context)
    async with FakeUpstream(tls=ours.serving("127.0.0.1", tmp_path)) as up:
        up.script(Answer(JSON))
        assert await body_of(await transport.send(to(secure(up)))) == JSON
        await transport.aclose()
