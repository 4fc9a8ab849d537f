"""What every transport makes of answers that are bad, slow or never come: faults, as values."""

import time
from dataclasses import dataclass

import pytest

from fakes.answers import (
    CHUNK_END,
    Answer,
    Chunking,
    Framing,
    Shape,
    Stream,
    chunk,
    drops,
    error,
    head,
    head_then,
    huge_header,
    silent,
    steps,
)
from fakes.http_server import Behaviour, End, Pause
from fakes.slowness import in_time, within
from fakes.transport_calls import CANARY, body_of, outcome, to
from fakes.upstream import FakeUpstream, mute_port, refused_url
from tollhouse.core.faults import Fault, FaultKind
from tollhouse.ports import Transport, UpstreamRequest

JSON = b'{"answer": 42}'


@dataclass(frozen=True)
class Case:
    """A behaviour and the fault that it must become."""

    does: Behaviour
    kind: FaultKind


CASES = {
    "closed before a byte": Case(drops(), FaultKind.DISCONNECTED),
    "reset before a byte": Case(drops(End.RESET), FaultKind.DISCONNECTED),
    "closed within the head": Case(
        steps(b"HTTP/1.1 200 OK\r\nx-", End.CLOSE), FaultKind.DISCONNECTED
    ),
    "closed after 1xx": Case(steps(head(103, []), End.CLOSE), FaultKind.DISCONNECTED),
    "closed after the head": Case(head_then(End.CLOSE), FaultKind.DISCONNECTED),
    "reset after the head": Case(head_then(Pause(0.05), End.RESET), FaultKind.DISCONNECTED),
    "shorter than it claims": Case(
        Answer(JSON, claimed_length=99, end=End.CLOSE), FaultKind.DISCONNECTED
    ),
    "chunks without their end": Case(head_then(chunk(b"{}"), End.CLOSE), FaultKind.DISCONNECTED),
    "cut within a chunk": Case(head_then(b"ff\r\nshort", End.CLOSE), FaultKind.DISCONNECTED),
    "cut within a chunk's size": Case(
        head_then(chunk(b"a"), b"1", End.CLOSE), FaultKind.DISCONNECTED
    ),
    "cut after two events": Case(
        Stream(["a", "b", "c"], Shape(stop_after=2, end=End.CLOSE)), FaultKind.DISCONNECTED
    ),
    "reset in mid-frame": Case(
        Stream(["one", "two"], Shape(stop_after=1, mid_frame=True, end=End.RESET)),
        FaultKind.DISCONNECTED,
    ),
    "not HTTP": Case(steps(b"SSH-2.0-OpenSSH_9.2\r\n\r\n", End.HANG), FaultKind.INVALID_RESPONSE),
    "bad status": Case(steps(b"HTTP/1.1 abc OK\r\n\r\n"), FaultKind.INVALID_RESPONSE),
    "bad header": Case(
        steps(b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n"), FaultKind.INVALID_RESPONSE
    ),
    "bad chunk size": Case(head_then(b"zz\r\n{}\r\n", CHUNK_END), FaultKind.INVALID_RESPONSE),
    "two lengths": Case(
        steps(head(200, [("content-length", "2"), ("content-length", "3")]) + b"{} "),
        FaultKind.INVALID_RESPONSE,
    ),
    "chunked with a length": Case(
        steps(head(200, [("transfer-encoding", "chunked"), ("content-length", "2")]) + CHUNK_END),
        FaultKind.INVALID_RESPONSE,
    ),
    "negative length": Case(
        steps(head(200, [("content-length", "-1")])), FaultKind.INVALID_RESPONSE
    ),
    "another protocol": Case(
        steps(head(101, [("upgrade", "websocket"), ("connection", "upgrade")])),
        FaultKind.INVALID_RESPONSE,
    ),
    "huge header": Case(huge_header(400_000), FaultKind.INVALID_RESPONSE),
    "endless head": Case(
        steps(b"HTTP/1.1 200 OK\r\n", *[b"x-more: " + b"y" * 8000 + b"\r\n"] * 50, End.HANG),
        FaultKind.INVALID_RESPONSE,
    ),
    "silence": Case(silent(), FaultKind.FIRST_BYTE_TIMEOUT),
    "endless interim answers": Case(
        steps(*(head(103, []), Pause(0.05)) * 20, End.HANG), FaultKind.FIRST_BYTE_TIMEOUT
    ),
    "a head that trickles": Case(
        steps(*[step for byte in b"HTTP/1.1 200 OK\r\n" for step in (bytes([byte]), Pause(0.1))]),
        FaultKind.FIRST_BYTE_TIMEOUT,
    ),
    "a head, then silence": Case(head_then(End.HANG), FaultKind.IDLE_TIMEOUT),
    "a piece, then silence": Case(head_then(chunk(b"{}"), End.HANG), FaultKind.IDLE_TIMEOUT),
    "all but the end": Case(Answer(JSON, claimed_length=99, end=End.HANG), FaultKind.IDLE_TIMEOUT),
}


@pytest.mark.parametrize("name", CASES)
async def test_bad_answers_become_faults(transport: Transport, up: FakeUpstream, name: str) -> None:
    """Every way of answering badly is the fault it should be, in time, and sent only once."""
    case = CASES[name]
    up.script(case.does)
    began = time.monotonic()
    fault = await outcome(transport, to(up.url, first_byte=0.3, idle=0.3))
    assert (fault.kind, fault.sent, up.count) == (case.kind, True, 1)
    assert (fault.status, fault.message, fault.code) == (None, None, None)
    in_time(time.monotonic() - began, 1)


async def test_refused_connection_is_a_connect_fault(transport: Transport) -> None:
    """A port nobody listens on: CONNECT, and not a byte was sent."""
    fault = await outcome(transport, to(refused_url()))
    assert (fault.kind, fault.sent) == (FaultKind.CONNECT, False)
    assert fault.detail == "the connection was refused"


async def test_unknown_host_is_a_connect_fault(transport: Transport) -> None:
    """A name that does not resolve, or cannot be one: CONNECT, unsent."""
    for host in ("nowhere.invalid", "a" * 80 + ".example", "bad host"):
        fault = await outcome(transport, to(f"http://{host}/v1", connect=3))
        assert (fault.kind, fault.sent) == (FaultKind.CONNECT, False)


@pytest.mark.parametrize(
    "request_",
    [
        to("ftp://127.0.0.1/v1"),
        to("http:///v1"),
        to("http://127.0.0.1:99999/v1"),
        to("http://127.0.0.1:9/v1", headers=[("x", "a\r\nb: c")]),
        to("http://127.0.0.1:9/v1", headers=[("x y", "a")]),
        to("http://127.0.0.1:9/v1", headers=[("x", "\u2028")]),
    ],
    ids=["scheme", "no host", "port", "header value", "header name", "header letters"],
)
async def test_unusable_request_is_a_fault(transport: Transport, request_: UpstreamRequest) -> None:
    """A URL or a header that cannot be written is a fault, not an exception."""
    fault = await outcome(transport, request_)
    assert (fault.kind, fault.sent) == (FaultKind.CONNECT, False)


async def test_connect_limit_covers_the_handshake(transport: Transport) -> None:
    """A peer that accepts and never shakes hands is given up at the connect limit."""
    with mute_port() as port:
        began = time.monotonic()
        fault = await outcome(transport, to(f"https://127.0.0.1:{port}/v1", connect=0.3))
    assert (fault.kind, fault.sent) == (FaultKind.CONNECT, False)
    in_time(time.monotonic() - began, 0.8, least=0.25)


@pytest.mark.parametrize(
    ("does", "limits"),
    [
        (silent(), {"first_byte": 0.3}),
        (head_then(End.HANG), {"idle": 0.3}),
        (silent(), {"total": 0.3}),
        (Stream(["x"] * 50, Shape(delay=0.05)), {"total": 0.3}),
    ],
    ids=["first byte", "idle", "total in the head", "total in the body"],
)
async def test_C04_limits_are_kept(
    transport: Transport, up: FakeUpstream, does: Behaviour, limits: dict[str, float]
) -> None:
    """Each limit ends the call at its time, and the provider's socket with it."""
    up.script(does)
    began = time.monotonic()
    fault = await outcome(transport, to(up.url, **limits))  # type: ignore[arg-type]
    in_time(time.monotonic() - began, 0.8, least=0.25)
    expected = {
        "first_byte": "first_byte_timeout",
        "idle": "idle_timeout",
        "total": "total_timeout",
    }
    assert fault.kind.value == expected[next(iter(limits))]
    async with within(1):
        await up.until(idle=True)


async def test_slow_but_steady_is_no_fault(transport: Transport, up: FakeUpstream) -> None:
    """The idle limit starts anew with every piece."""
    up.script(Answer(JSON, between=0.04, chunking=Chunking.BYTE, framing=Framing.CHUNKED))
    assert await body_of(await transport.send(to(up.url, idle=0.2, first_byte=0.2))) == JSON


async def test_upload_that_nobody_reads_is_given_up(transport: Transport) -> None:
    """A provider that accepts the connection and takes no bytes runs into the first-byte limit."""
    with mute_port() as port:
        request = to(f"http://127.0.0.1:{port}/v1", first_byte=0.3, body=bytes(20_000_000))
        fault = await outcome(transport, request)
    assert (fault.kind, fault.sent) == (FaultKind.FIRST_BYTE_TIMEOUT, True)


async def test_G01_faults_tell_no_secret(transport: Transport, up: FakeUpstream) -> None:
    """No fault repeats the URL, a header or the provider's words."""
    told = error(500, f"bad key {CANARY}")
    for does in (drops(), steps(f"HTTP/1.1 {CANARY}\r\n\r\n".encode()), told, silent()):
        up.script(does)
        exchange = await transport.send(to(up.url, first_byte=0.1))
        if not isinstance(exchange, Fault):
            exchange.close()
            continue
        assert CANARY not in repr(exchange)
        assert up.origin not in repr(exchange)
