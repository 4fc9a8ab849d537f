"""What every transport sends and brings back when all is well; and compression nobody asked for."""

import gzip
import time
import zlib
from itertools import pairwise

import pytest

from fakes.answers import (
    JSON_TYPE,
    Answer,
    Chunking,
    Framing,
    Shape,
    Stream,
    frames,
    gzipped,
    head,
    json_answer,
    redirect,
    steps,
)
from fakes.transport_calls import BODY, body_of, outcome, pieces_of, to
from fakes.upstream import FakeUpstream, refused_url
from tollhouse import __version__
from tollhouse.core.faults import Fault, FaultKind
from tollhouse.ports import Transport

JSON = b'{"answer": 42}'


async def test_request_goes_out_as_given(transport: Transport, up: FakeUpstream) -> None:
    """Method, target, headers and body bytes arrive as given, and no header is made up."""
    exchange = await transport.send(to(up.url, headers=[("X-Two", "a"), ("X-Two", "b")]))
    await body_of(exchange)
    call = up.calls[0]
    assert (call.method, call.path, call.body) == ("POST", "/v1/chat/completions", BODY)
    names = sorted(name.lower() for name, _ in call.headers)
    assert names == [
        "accept-encoding",
        "authorization",
        "content-length",
        "content-type",
        "host",
        "user-agent",
        "x-two",
        "x-two",
    ]
    assert call.header("accept-encoding") == "identity"
    assert call.header("user-agent") == f"tollhouse/{__version__}"
    assert call.header("host") == up.origin.removeprefix("http://")


async def test_given_user_agent_is_kept(transport: Transport, up: FakeUpstream) -> None:
    """A configured user agent replaces our own."""
    await body_of(await transport.send(to(up.url, headers=[("User-Agent", "acme/1")])))
    assert [v for n, v in up.calls[0].headers if n.lower() == "user-agent"] == ["acme/1"]


async def test_get_goes_out_without_a_body(transport: Transport, up: FakeUpstream) -> None:
    """A request without a body claims none."""
    await body_of(await transport.send(to(up.url, method="GET", body=b"")))
    assert (up.calls[0].method, up.calls[0].header("content-length")) == ("GET", None)


async def test_encoded_path_stays_encoded(transport: Transport, up: FakeUpstream) -> None:
    """A percent-encoded slash and a query go out as they are."""
    url = f"{up.url}/deployments/a%2Fb"
    request = to(url)
    await body_of(await transport.send(request))
    assert up.calls[0].path == "/v1/deployments/a%2Fb/chat/completions"


async def test_cookies_are_not_kept(transport: Transport, up: FakeUpstream) -> None:
    """A provider's cookie is not sent back with the next request."""
    up.script(json_answer({}, headers=[("set-cookie", "session=1; Path=/")]))
    for _ in range(2):
        await body_of(await transport.send(to(up.url)))
    assert up.calls[1].header("cookie") is None


async def test_environment_does_not_steer(
    transport: Transport, up: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy in the environment is not used."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, refused_url())
    await body_of(await transport.send(to(up.url)))
    assert up.count == 1


@pytest.mark.parametrize("framing", [Framing.LENGTH, Framing.CHUNKED, Framing.UNTIL_CLOSE])
@pytest.mark.parametrize("status", [200, 400, 429, 503])
async def test_answer_arrives_as_sent(
    transport: Transport, up: FakeUpstream, framing: Framing, status: int
) -> None:
    """Status, headers (names in lower case, the last of equals) and body, in every framing."""
    headers = (JSON_TYPE, ("X-Same", "first"), ("x-same", "last"))
    up.script(Answer(JSON, status, headers, framing))
    exchange = await transport.send(to(up.url))
    assert not isinstance(exchange, Fault)
    assert (exchange.status, exchange.headers["x-same"]) == (status, "last")
    assert exchange.headers["content-type"] == "application/json"
    assert await body_of(exchange) == JSON


@pytest.mark.parametrize("status", [204, 304])
async def test_answer_without_a_body_ends_at_once(
    transport: Transport, up: FakeUpstream, status: int
) -> None:
    """Statuses that have no body are over with their head, and leave the connection."""
    up.script(steps(head(status, [])))
    for _ in range(2):
        assert await body_of(await transport.send(to(up.url))) == b""
    assert up.server.accepted == 1


async def test_interim_answers_are_passed_over(transport: Transport, up: FakeUpstream) -> None:
    """1xx answers before the real one are not the answer."""
    up.script(Answer(JSON, interim=(100, 103, 102)))
    exchange = await transport.send(to(up.url))
    assert not isinstance(exchange, Fault)
    assert (exchange.status, await body_of(exchange)) == (200, JSON)
    assert "x-interim" not in exchange.headers


@pytest.mark.parametrize("chunking", [*Chunking, (1, 5, 40)])
@pytest.mark.parametrize("framing", [Framing.CHUNKED, Framing.UNTIL_CLOSE])
async def test_stream_bytes_survive_any_cutting(
    transport: Transport,
    up: FakeUpstream,
    chunking: Chunking | tuple[int, ...],
    framing: Framing,
) -> None:
    """The bytes of a stream are the bytes of its frames, however they were cut."""
    events = [{"text": "é \u2028"}, b": comment\r\n\r\n", "the last"]
    up.script(Stream(events, Shape(chunking=chunking, framing=framing, done=0)))
    assert await body_of(await transport.send(to(up.url))) == frames(events)


async def test_each_piece_comes_when_it_is_sent(transport: Transport, up: FakeUpstream) -> None:
    """A piece is handed on before the next one has been sent, and not glued to it."""
    up.script(Stream(["one", "two", "three"], Shape(delay=0.15)))
    exchange = await transport.send(to(up.url))
    assert not isinstance(exchange, Fault)
    times = []
    for _ in range(3):
        piece = await exchange.read()
        assert isinstance(piece, bytes)
        assert piece.count(b"data:") == 1
        times.append(time.monotonic())
    assert all(b - a > 0.1 for a, b in pairwise(times))
    exchange.close()


async def test_large_bodies_pass_both_ways(transport: Transport, up: FakeUpstream) -> None:
    """Five megabytes go out and come back unchanged."""
    large = bytes(range(256)) * 20_000
    up.script(Answer(large))
    assert await body_of(await transport.send(to(up.url, body=large))) == large
    assert up.calls[0].body == large


async def test_G02_redirects_are_not_followed(transport: Transport, up: FakeUpstream) -> None:
    """A redirect is an answer like any other; nobody is called because of it."""
    up.script(redirect(f"{up.url}/elsewhere", 307))
    exchange = await transport.send(to(up.url))
    assert not isinstance(exchange, Fault)
    assert exchange.status == 307
    await body_of(exchange)
    assert up.count == 1


# --- Compression that nobody asked for ---


@pytest.mark.parametrize("status", [200, 429])
@pytest.mark.parametrize("framing", [Framing.LENGTH, Framing.CHUNKED])
async def test_H06_gzip_is_undone(
    transport: Transport, up: FakeUpstream, status: int, framing: Framing
) -> None:
    """A gzipped answer arrives as what it means, without the headers that no longer hold."""
    up.script(gzipped(Answer(JSON * 1000, status, framing=framing)))
    exchange = await transport.send(to(up.url))
    assert not isinstance(exchange, Fault)
    assert await body_of(exchange) == JSON * 1000
    assert not {"content-encoding", "content-length"} & set(exchange.headers)
    await body_of(await transport.send(to(up.url)))
    assert up.server.accepted == 1


@pytest.mark.parametrize("wrapped", [True, False])
async def test_H06_deflate_is_undone(
    transport: Transport,
    up: FakeUpstream,
    wrapped: bool,  # noqa: FBT001 - a case
) -> None:
    """Deflate is undone in both forms in which servers send it."""
    maker = zlib.compressobj(wbits=zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)
    body = maker.compress(JSON) + maker.flush()
    up.script(Answer(body, headers=(JSON_TYPE, ("content-encoding", "deflate"))))
    assert await body_of(await transport.send(to(up.url))) == JSON


async def test_H06_empty_body_may_be_called_gzip(transport: Transport, up: FakeUpstream) -> None:
    """An empty error body under a gzip header is empty."""
    up.script(Answer(b"", 503, (("content-encoding", "gzip"),)))
    assert await body_of(await transport.send(to(up.url))) == b""


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip"])
async def test_H06_unknown_compression_is_a_fault(
    transport: Transport, up: FakeUpstream, coding: str
) -> None:
    """A coding we cannot undo keeps its status and headers; its body is a fault."""
    up.script(Answer(JSON, 429, (("content-encoding", coding), ("retry-after", "3"))))
    exchange = await transport.send(to(up.url))
    assert not isinstance(exchange, Fault)
    assert (exchange.status, exchange.headers["retry-after"]) == (429, "3")
    fault = await exchange.read()
    assert isinstance(fault, Fault)
    assert fault.kind is FaultKind.INVALID_RESPONSE


@pytest.mark.parametrize(
    "body",
    [gzip.compress(JSON)[:-9], b"\x1f\x8bnonsense", JSON],
    ids=["cut off", "nonsense", "not compressed"],
)
async def test_H06_broken_gzip_is_a_fault(
    transport: Transport, up: FakeUpstream, body: bytes
) -> None:
    """A gzip body that is cut short, or is none, is a fault."""
    up.script(Answer(body, headers=(("content-encoding", "gzip"),)))
    assert (await outcome(transport, to(up.url))).kind is FaultKind.INVALID_RESPONSE


async def test_H06_small_gzip_cannot_flood(transport: Transport, up: FakeUpstream) -> None:
    """A few kilobytes that would grow to megabytes come out in pieces of bounded size."""
    up.script(gzipped(Answer(bytes(20_000_000))))
    pieces = await pieces_of(await transport.send(to(up.url)))
    assert sum(map(len, pieces)) == 20_000_000
    assert max(map(len, pieces)) <= 65_536
