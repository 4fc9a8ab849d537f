"""The same bytes mean the same on both transports: status, headers and body, or no answer at all.

What one reader takes for the end of an answer and the other does not would let one caller's bytes
become another's answer. The answers are generated from their numbers: 1500 in every run, 10 000
with ``TOLLHOUSE_TEST_DIFFERENTIAL=10000`` (about a minute).
"""

import os
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from fakes.answer_streams import SMUGGLING, WireAnswer, smuggled, truncated, wire_answer
from fakes.byte_server import ByteServer
from fakes.transport_calls import to
from tollhouse.core.faults import Fault, FaultKind
from tollhouse.ports import Transport
from tollhouse.upstream.fast_transport import FastTransport
from tollhouse.upstream.httpx_transport import HttpxTransport

BATCH = 500
COUNT = int(os.environ.get("TOLLHOUSE_TEST_DIFFERENTIAL", "1500"))
HEAD = b"HTTP/1.1 200 OK\r\n"

BASES = {
    "a length": HEAD + b"x-a: 1\r\ncontent-length: 11\r\n\r\nhello world",
    "chunks": (
        HEAD + b"transfer-encoding: chunked\r\n\r\n"
        b'5;a="b c"\r\nhello\r\n006\r\n world\r\n0\r\nx-checksum: 1\r\n\r\n'
    ),
    "until close": HEAD + b"content-type: text/event-stream\r\n\r\ndata: 1\r\n\r\n",
    "an interim answer": (
        b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"
        b"HTTP/1.1 429 Slow Down\r\nretry-after: 1\r\ncontent-length: 2\r\n\r\n{}"
    ),
}

Outcome = tuple[int, dict[str, str], bytes] | FaultKind


@dataclass
class Pair:
    """Both transports, and a provider that answers with what is put into ``answers``."""

    server: ByteServer
    fast: Transport
    httpx: Transport
    answers: list[WireAnswer] = field(default_factory=list)

    async def outcomes(self, answer: WireAnswer) -> tuple[Outcome, Outcome]:
        """What an answer is to the fast transport and to httpx."""
        self.answers[:] = [answer]
        url = self.server.url(0)
        return await outcome(self.fast, url), await outcome(self.httpx, url)

    async def agreed(self, answer: WireAnswer) -> Outcome:
        """What it is to both."""
        fast, httpx = await self.outcomes(answer)
        assert fast == httpx, answer.whole[:400]
        return fast


async def outcome(transport: Transport, url: str) -> Outcome:
    """What a call brings back: an answer read to its end, or the kind of its fault."""
    exchange = await transport.send(to(url))
    if isinstance(exchange, Fault):
        return exchange.kind
    body = bytearray()
    while piece := await exchange.read():
        if isinstance(piece, Fault):
            exchange.close()
            return piece.kind
        body += piece
    return exchange.status, dict(exchange.headers), bytes(body)


@pytest.fixture(name="pair")
async def _pair() -> AsyncIterator[Pair]:
    """Both transports and their provider."""
    answers: list[WireAnswer] = []
    async with ByteServer(lambda _number: answers[0]) as server:
        pair = Pair(server, FastTransport(), HttpxTransport(), answers)
        yield pair
        await pair.fast.aclose()
        await pair.httpx.aclose()


@pytest.mark.parametrize("first", range(0, COUNT, BATCH))
async def test_generated_answers_are_the_same(pair: Pair, first: int) -> None:
    """Every generated answer is one and the same answer, or one and the same kind of fault."""
    seen: Counter[str] = Counter()
    for number in range(first, first + BATCH):
        answer = wire_answer(number)
        fast, httpx = await pair.outcomes(answer)
        assert fast == httpx, number
        seen["faults" if isinstance(fast, FaultKind) else "answers"] += 1
    assert min(seen["faults"], seen["answers"]) > BATCH / 4


@pytest.mark.parametrize("name", BASES)
async def test_truncated_answers_are_the_same(pair: Pair, name: str) -> None:
    """Ended at any byte before its end an answer is none, but for one that ends with its bytes."""
    for answer in truncated(WireAnswer([BASES[name]])):
        got = await pair.agreed(answer)
        if name == "until close" and b"\r\n\r\n" in answer.whole:
            assert not isinstance(got, FaultKind)
        else:
            assert got is FaultKind.DISCONNECTED, answer.whole


@pytest.mark.parametrize("name", BASES)
async def test_answers_cut_anywhere_are_the_same(pair: Pair, name: str) -> None:
    """Wherever the network cuts an answer in two it stays the same."""
    data = BASES[name]
    whole = await pair.agreed(WireAnswer([data]))
    assert not isinstance(whole, FaultKind)
    for at in range(1, len(data)):
        assert await pair.agreed(WireAnswer([data[:at], data[at:]])) == whole, at


@pytest.mark.parametrize("name", SMUGGLING)
async def test_smuggling_shapes_are_refused(pair: Pair, name: str) -> None:
    """What two readers could read in two ways is no answer, and leaves nothing for the next one."""
    got = await pair.agreed(smuggled(name))
    assert got is FaultKind.INVALID_RESPONSE
    sound = await pair.agreed(WireAnswer([HEAD + b"content-length: 4\r\n\r\nours"], closes=False))
    assert sound == (200, {"content-length": "4"}, b"ours")


@pytest.mark.parametrize("size", [60_000, 1_000_000])
async def test_large_heads_are_bounded(pair: Pair, size: int) -> None:
    """A header of 60 kB is one on both transports; one of a megabyte is none on either."""
    data = HEAD + b"x-large: " + b"y" * size + b"\r\ncontent-length: 2\r\n\r\n{}"
    got = await pair.agreed(WireAnswer([data], closes=False))
    assert isinstance(got, FaultKind) is (size == 1_000_000)


@pytest.mark.parametrize("count", [199, 200])
async def test_headers_are_counted(pair: Pair, count: int) -> None:
    """Two hundred headers are an answer's, one more is too many, on both transports."""
    lines = b"".join(b"x-%d: y\r\n" % number for number in range(count))
    got = await pair.agreed(WireAnswer([HEAD + lines + b"content-length: 2\r\n\r\n{}"]))
    assert isinstance(got, FaultKind) is (count == 200)
