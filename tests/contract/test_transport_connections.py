"""How every transport keeps, re-uses and lets go of connections, alone and under load."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from fakes.answers import (
    CHUNK_END,
    JSON_TYPE,
    Answer,
    Stream,
    chunk,
    drops,
    head,
    head_then,
    rate_limited,
    silent,
    steps,
)
from fakes.certificates import authority
from fakes.http_server import Behaviour, Call, End, Pause, Step
from fakes.openai_answers import Chat
from fakes.raw_server import request_of, serving
from fakes.slowness import within
from fakes.transport_calls import body_of, finished, outcome, to
from fakes.upstream import FakeUpstream
from tollhouse.core.faults import Fault, FaultKind
from tollhouse.ports import Transport

JSON = b'{"answer": 42}'


async def test_finished_answer_leaves_its_connection(
    transport: Transport, up: FakeUpstream
) -> None:
    """A body read to its end leaves the connection for the next request."""
    for _ in range(3):
        exchange = await transport.send(to(up.url))
        await body_of(exchange)
        assert not isinstance(exchange, Fault)
        exchange.close()
    assert up.server.accepted == 1


async def test_closed_answer_closes_its_connection(transport: Transport, up: FakeUpstream) -> None:
    """An answer given up half-way takes its connection with it; later reads are no end."""
    up.script(Stream(["one", End.HANG]), Chat())
    exchange = await transport.send(to(up.url))
    assert not isinstance(exchange, Fault)
    assert await exchange.read()
    exchange.close()
    exchange.close()
    async with within(1):
        await up.until(idle=True)
    assert up.calls[0].left_at is not None
    after = await exchange.read()
    assert isinstance(after, Fault)
    assert after.kind is FaultKind.DISCONNECTED
    await body_of(await transport.send(to(up.url)))
    assert up.server.accepted == 2


async def test_bytes_after_an_answer_are_nobodys(transport: Transport, up: FakeUpstream) -> None:
    """What a provider writes beyond the end of an answer never becomes another one's beginning."""
    stray = head(200, [("content-length", "5")]) + b"STRAY"
    up.script(steps(head(200, [("content-length", "2")]) + b"{}" + stray), Answer(JSON))
    assert await body_of(await transport.send(to(up.url))) == b"{}"
    assert await body_of(await transport.send(to(up.url))) == JSON


async def test_provider_may_ask_to_close(transport: Transport, up: FakeUpstream) -> None:
    """After ``connection: close`` the next request dials anew."""
    up.script(Answer(JSON, headers=(JSON_TYPE, ("connection", "close")), end=End.CLOSE))
    for _ in range(2):
        assert await body_of(await transport.send(to(up.url))) == JSON
    assert up.server.accepted == 2


async def test_C18_idle_connections_that_the_server_closes_do_no_harm(
    transport: Transport, up: FakeUpstream
) -> None:
    """Calls on connections that the server closes when idle all succeed, each exactly once."""
    up.keep_idle(0.05)
    for _ in range(8):
        await body_of(await transport.send(to(up.url)))
        await asyncio.sleep(0.06)
    assert up.count == 8


@pytest.mark.parametrize(
    "last", [b"", b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n"], ids=["end", "408"]
)
async def test_C18_idle_connection_that_the_server_ends_is_let_go(
    transport: Transport, last: bytes
) -> None:
    """Nobody has to ask again for that: its descriptor is free within seconds."""
    let_go = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(head(200, [("content-length", "2")]) + b"{}")
        await asyncio.sleep(0.05)
        writer.write(last)
        if not last:
            writer.write_eof()
        with suppress(ConnectionError):
            await reader.read()
        let_go.set()

    async with serving(handle) as url, asyncio.timeout(5):
        await body_of(await transport.send(to(url)))
        await let_go.wait()


async def test_C18_reused_connection_closed_at_once_is_sent_again(
    transport: Transport, up: FakeUpstream
) -> None:
    """A re-used connection that closes before a byte of answer leads to one more send, unseen."""
    for end in (End.CLOSE, End.RESET):
        up.script(Chat(), drops(end), Answer(JSON))
        await body_of(await transport.send(to(up.url)))
        assert await body_of(await transport.send(to(up.url))) == JSON
    assert up.count == 6


async def test_C18_is_sent_again_only_once(transport: Transport, up: FakeUpstream) -> None:
    """The second send is on a new connection, and its fate is final."""
    up.script(Chat(), drops(), drops())
    await body_of(await transport.send(to(up.url)))
    fault = await outcome(transport, to(up.url))
    assert (fault.kind, up.count) == (FaultKind.DISCONNECTED, 3)


async def test_C18_is_sent_again_on_a_new_connection(
    transport: Transport, up: FakeUpstream
) -> None:
    """Other idle connections may be as stale as the first: the second send uses none of them."""
    up.script(Answer(JSON, before=0.05))
    await asyncio.gather(*[finished(transport.send(to(up.url))) for _ in range(3)])
    up.script(drops(), Answer(JSON))
    assert await body_of(await transport.send(to(up.url))) == JSON
    assert [call.connection <= 3 for call in up.calls] == [True, True, True, True, False]


@pytest.mark.parametrize(
    "bad",
    [steps(b"HTTP/1.1 200 O", End.CLOSE), head_then(End.CLOSE), silent()],
    ids=["part of a head", "a head", "silence"],
)
async def test_C18_only_a_silent_close_is_sent_again(
    transport: Transport, up: FakeUpstream, bad: Behaviour
) -> None:
    """A byte of answer, or a time-out, on a re-used connection is never followed by a re-send."""
    up.script(Chat(), bad)
    await body_of(await transport.send(to(up.url)))
    await outcome(transport, to(up.url, first_byte=0.2))
    assert up.count == 2


async def test_POOL_full_is_our_own_trouble(transport: Transport, up: FakeUpstream) -> None:
    """With every connection busy the call is given up within the connect limit, unsent."""
    up.script(Stream(["one", End.HANG]))
    busy = await transport.send(to(up.url, connections=1))
    assert not isinstance(busy, Fault)
    fault = await transport.send(to(up.url, connections=1, connect=0.1))
    assert isinstance(fault, Fault)
    assert (fault.kind, fault.sent, up.count) == (FaultKind.POOL, False, 1)
    busy.close()
    up.script(Answer(JSON))
    assert await body_of(await transport.send(to(up.url, connections=1))) == JSON


async def test_waiting_for_a_connection_ends_when_one_is_free(
    transport: Transport, up: FakeUpstream
) -> None:
    """A call beyond the limit waits for its turn."""
    up.script(Answer(JSON, before=0.05))
    calls = [transport.send(to(up.url, connections=1)) for _ in range(3)]
    answers = await asyncio.gather(*[finished(call) for call in calls])
    assert (answers, up.peak) == ([JSON] * 3, 1)


async def test_aclose_closes_every_connection(
    make_transport: Callable[..., Transport], up: FakeUpstream
) -> None:
    """Closing the transport closes idle connections and cuts busy ones."""
    transport = make_transport()
    await body_of(await transport.send(to(up.url)))
    up.script(Stream(["one", End.HANG]))
    busy = await transport.send(to(up.url))
    assert not isinstance(busy, Fault)
    await busy.read()
    await transport.aclose()
    assert isinstance(await busy.read(), Fault)
    async with within(1):
        while up.server.connections:
            await asyncio.sleep(0.01)


# --- Leaving, and load ---


@pytest.mark.parametrize("does", [silent(), head_then(chunk(b"{}"), End.HANG)])
async def test_E01_cancelled_calls_free_the_upstream(
    transport: Transport, up: FakeUpstream, does: Behaviour
) -> None:
    """When the callers go, so do the provider's connections, within a second; their slots too."""
    up.script(does)

    async def call() -> None:
        exchange = await transport.send(to(up.url, connections=50))
        assert not isinstance(exchange, Fault)
        try:
            while await exchange.read():
                pass
        finally:
            exchange.close()

    tasks = [asyncio.create_task(call()) for _ in range(50)]
    await up.until(count=50)
    await asyncio.sleep(0.05)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    async with within(1):
        await up.until(idle=True)
    assert sum(call.left_at is not None for call in up.calls) == 50
    up.script(Answer(JSON))
    assert await body_of(await transport.send(to(up.url, connections=50))) == JSON


async def test_E01_cancelling_while_waiting_loses_no_slot(
    transport: Transport, up: FakeUpstream
) -> None:
    """Calls cancelled at any moment, also in the queue, leave every slot usable."""
    up.script(Answer(JSON, before=0.002))
    limit = 5

    async def call() -> None:
        exchange = await transport.send(to(up.url, connections=limit))
        assert not isinstance(exchange, Fault)
        try:
            await body_of(exchange)
        finally:
            exchange.close()

    for delay in range(30):
        tasks = [asyncio.create_task(call()) for _ in range(15)]
        await asyncio.sleep(delay / 2000)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    up.script(Stream(["one", End.HANG]))
    held = [await transport.send(to(up.url, connections=limit, connect=1)) for _ in range(limit)]
    assert not [answer for answer in held if isinstance(answer, Fault)]
    for answer in held:
        assert not isinstance(answer, Fault)
        answer.close()


async def test_E01_closing_from_another_task_wakes_the_reader(
    transport: Transport, up: FakeUpstream
) -> None:
    """A reader whose exchange is closed by somebody else gets a fault, at once."""
    up.script(head_then(End.HANG))
    exchange = await transport.send(to(up.url))
    assert not isinstance(exchange, Fault)
    reader = asyncio.create_task(exchange.read())
    await asyncio.sleep(0.02)
    exchange.close()
    async with within(1):
        fault = await reader
    assert isinstance(fault, Fault)
    assert fault.kind is FaultKind.DISCONNECTED


async def test_E04_five_hundred_streams_run_side_by_side(
    transport: Transport, up: FakeUpstream
) -> None:
    """No hidden limit: 500 streams are open at once, and all end well."""

    def all_at_once(_call: Call) -> Iterator[Step]:
        yield head(200, [("transfer-encoding", "chunked")]) + chunk(b"one ")
        while up.peak < 500:
            yield Pause(0.05)
        yield chunk(b"two") + CHUNK_END

    up.script(all_at_once)
    request = to(up.url, connect=10, first_byte=10, idle=10)
    calls = [finished(transport.send(request)) for _ in range(500)]
    assert set(await asyncio.gather(*calls)) == {b"one two"}
    assert up.peak == 500


async def test_E04_a_storm_of_refusals_leaks_no_slot(
    transport: Transport, up: FakeUpstream
) -> None:
    """Hundreds of 429s, read or dropped unread, and faults leave room for the next call."""
    up.script(rate_limited())
    for number in range(300):
        exchange = await transport.send(to(up.url, connections=2))
        assert not isinstance(exchange, Fault)
        if number % 2:
            await body_of(exchange)
        exchange.close()
    up.script(drops())
    for _ in range(5):
        assert isinstance(await transport.send(to(up.url, connections=2)), Fault)
    up.script(Answer(JSON))
    assert await body_of(await transport.send(to(up.url, connections=2))) == JSON


# --- TLS ---


async def test_trusted_certificate_is_accepted(
    make_transport: Callable[..., Transport], tmp_path: Path
) -> None:
    """A certificate for the right name from a trusted authority works, and is re-used."""
    trusted = authority()
    transport = make_transport(tls=trusted.trusting)
    async with FakeUpstream(tls=trusted.serving("127.0.0.1", tmp_path)) as up:
        up.script(Answer(JSON))
        for _ in range(2):
            assert await body_of(await transport.send(to(up.url))) == JSON
        assert up.server.accepted == 1
        up.script(head_then(chunk(b"{}"), End.CLOSE))
        assert (await outcome(transport, to(up.url))).kind is FaultKind.DISCONNECTED
        await transport.aclose()


@pytest.mark.parametrize("wrong", ["name", "authority", "date", "default", "plain"])
async def test_untrusted_certificate_is_refused(
    make_transport: Callable[..., Transport], tmp_path: Path, wrong: str
) -> None:
    """A wrong name, an unknown authority, an old date, no TLS at all: unsent, not called."""
    ours, theirs = authority(), authority()
    signer = theirs if wrong in {"authority", "default"} else ours
    name = "provider.example" if wrong == "name" else "127.0.0.1"
    serving = signer.serving(name, tmp_path, expired=wrong == "date")
    transport = make_transport() if wrong == "default" else make_transport(tls=ours.trusting)
    async with FakeUpstream(tls=None if wrong == "plain" else serving) as up:
        fault = await outcome(transport, to(up.url.replace("http://", "https://"), connect=0.5))
        assert (fault.kind, fault.sent, up.count) == (FaultKind.CONNECT, False, 0)
        await transport.aclose()
