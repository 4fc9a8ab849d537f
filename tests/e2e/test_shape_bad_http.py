"""Bad HTTP: lies about lengths, heads without end, garbage. A clear error, no hang, no call."""

import asyncio
import json
from typing import Any

import pytest

from e2e.stage import Stage, error_of, text_of
from e2e.wire import Wire, dial, head, request
from fakes.answers import silent
from fakes.gateway import chat
from fakes.openai_answers import Chat
from fakes.slowness import within
from tollhouse.api import connection

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHAT = "/v1/chat/completions"
JSON_TYPE = {"content-type": "application/json"}


@pytest.fixture(name="calls")
def _calls(stage: Stage) -> int:
    """How many calls the provider has had."""
    return stage.up.count


# --- Lies about lengths ---


async def told(wire: Wire) -> dict[str, Any]:
    """The error that a bare connection gets."""
    status, headers, body = await wire.answer()
    error: dict[str, Any] = json.loads(body)["error"]
    assert headers["content-type"] == "application/json"
    assert error["request_id"] == headers["x-request-id"]
    return error | {"status": status}


async def test_a_body_shorter_than_its_length_gets_a_408(
    stage: Stage, calls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that owes bytes and stays silent is told so, whether or not any of them came."""
    monkeypatch.setattr(connection, "SILENCE_SECONDS", 0.15)
    whole = request(CHAT, stage.gw.key, b'{"model":"x"}', content_length="500")
    for sent in (whole, whole[: whole.index(b"{")], whole[:40]):
        async with dial(stage.gw.url) as wire:
            await wire.send(sent)
            error = await told(wire)
            assert (error["status"], error["code"]) == (408, "request_timeout")
            assert await wire.is_closed()
    async with dial(stage.gw.url) as wire:
        assert await wire.is_closed()
    assert stage.up.count == calls


async def test_a_body_that_ends_early_is_no_request(stage: Stage, calls: int) -> None:
    """A client that hangs up half-way through its body leaves nothing behind."""
    async with dial(stage.gw.url) as wire:
        await wire.send(request(CHAT, stage.gw.key, b'{"model":"x"}', content_length="500"))
        wire.end_of_request()
        assert await wire.is_closed()
    assert stage.up.count == calls
    assert not stage.gw.app.state.flights


async def test_a_body_longer_than_its_length_is_cut_there(stage: Stage, calls: int) -> None:
    """What is behind the length is no part of the body, and no request either."""
    model_id = await stage.model()
    body = json.dumps(chat(model_id)).encode()
    async with dial(stage.gw.url) as wire:
        await wire.send(request(CHAT, stage.gw.key, body, content_length="20"))
        error = await told(wire)
        assert (error["status"], error["code"]) == (400, "invalid_request_error")
        assert await wire.is_closed()
    assert stage.up.count == calls


@pytest.mark.parametrize(
    "lies",
    [
        {"content_length": "-1"},
        {"content_length": "12abc"},
        {"content_length": "9" * 5000},
        {"content_length": "0x10"},
        {"transfer_encoding": "chunked"},
        {"transfer_encoding": "gzip"},
        {"transfer_encoding": "chunked, identity"},
    ],
    ids=["negative", "letters", "huge", "hex", "both", "unknown", "not_last"],
)
async def test_lengths_that_make_no_sense_are_refused(
    stage: Stage, calls: int, lies: dict[str, str]
) -> None:
    """Two lengths, or none that can be read, are a 400 and the end of the connection."""
    async with dial(stage.gw.url) as wire:
        await wire.send(request(CHAT, stage.gw.key, b'{"model":"x"}', **lies))
        error = await told(wire)
        assert (error["status"], error["code"]) == (400, "invalid_request_error")
        assert await wire.is_closed()
    assert stage.up.count == calls


async def test_a_broken_chunk_is_a_400(stage: Stage, calls: int) -> None:
    """A chunked body that is not one ends the connection with a reason."""
    headers = {"host": "x", "authorization": f"Bearer {stage.gw.key}", **JSON_TYPE}
    start = head(f"POST {CHAT} HTTP/1.1", {**headers, "transfer-encoding": "chunked"}.items())
    async with dial(stage.gw.url) as wire:
        await wire.send(start + b'd\r\n{"model":"x"}\r\nzz\r\n')
        error = await told(wire)
        assert error["status"] == 400
        assert await wire.is_closed()
    assert stage.up.count == calls


# --- Heads ---


async def test_a_hundred_and_one_headers_are_too_many(stage: Stage, calls: int) -> None:
    """One more header than the bound is a 431 that names the bound."""
    more = {f"x-{number}": "1" for number in range(101)}
    answer = await stage.gw.client.post(CHAT, json=chat("x"), headers=more)
    assert answer.status_code == 431
    error = error_of(answer)
    assert error["code"] == "headers_too_large"
    assert "100" in error["message"]
    assert stage.up.count == calls


@pytest.mark.parametrize("size", [70_000, 200_000, 5_000_000])
async def test_a_header_that_is_too_large_is_refused_whatever_its_size(
    stage: Stage, calls: int, size: int
) -> None:
    """A head above the bound gets a 431 that its client can read, and is never kept whole."""
    async with dial(stage.gw.url) as wire:
        await wire.send(request(CHAT, stage.gw.key, b"{}", x_large="x" * size))
        error = await told(wire)
        assert (error["status"], error["code"]) == (431, "headers_too_large")
    assert stage.up.count == calls


async def test_a_head_that_never_ends_is_cut_off(stage: Stage) -> None:
    """Bytes of one header for ever are refused while they come, not kept."""
    async with dial(stage.gw.url) as wire:
        await wire.send(f"GET /livez HTTP/1.1\r\nhost: x\r\nx-long: {'x' * 1000}".encode())
        await pour(wire, 20)
        error = await told(wire)
        assert (error["status"], error["code"]) == (431, "headers_too_large")


STRANGE: dict[str, bytes] = {
    "nul": b"Bearer iak_\x00nul",
    "control": b"Bearer iak_\x01\x02",
    "tab": b"Bearer iak_tab\tin",
    "delete": b"Bearer iak_\x7f",
    "not_utf8": b"Bearer \xff\xfe",
    "accent": b"Bearer iak_caf\xc3\xa9_x",
    "sql": b"Bearer iak_' OR 1=1 --",
    "long": b"Bearer " + b"x" * 5000,
    "basic": b"Basic dXNlcjpwYXNz",
    "no_token": b"Bearer",
    "empty": b"",
}


@pytest.mark.parametrize("name", list(STRANGE))
@pytest.mark.parametrize("header", [b"authorization", b"x-api-key"])
async def test_credentials_with_strange_characters_are_refused(
    stage: Stage, calls: int, header: bytes, name: str
) -> None:
    """They answer 401 like any wrong one, or 400 where they are no header at all, unrepeated."""
    given = STRANGE[name] if header == b"authorization" else STRANGE[name].removeprefix(b"Bearer ")
    lines = [b"POST /v1/chat/completions HTTP/1.1", b"host: x", b"content-length: 2"]
    async with dial(stage.gw.url) as wire:
        await wire.send(b"\r\n".join([*lines, header + b": " + given, b"", b"{}"]))
        status, headers, body = await wire.answer()
    assert status in {400, 401}
    assert json.loads(body)["error"]["code"] in {"invalid_request_error", "invalid_api_key"}
    answered = repr(headers).encode("latin-1") + body
    assert len(given) < 8 or given not in answered
    assert stage.up.count == calls


# --- Garbage ---

GARBAGE: dict[str, bytes] = {
    "words": b"hello there\r\n\r\n",
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    "http2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "zeros": bytes(500),
    "version": b"GET / HTTP/9.9\r\nhost: x\r\n\r\n",
    "space_in_name": b"GET /livez HTTP/1.1\r\nbad name: x\r\n\r\n",
    "folded": b"GET /livez HTTP/1.1\r\nhost: x\r\nx-a: 1\r\n 2\r\n\x00\r\n\r\n",
    "not_ascii": b"GET /caf\xc3\xa9 HTTP/1.1\r\nhost: x\r\n\r\n",
}


@pytest.mark.parametrize("name", list(GARBAGE))
async def test_what_is_not_http_is_a_400(stage: Stage, name: str) -> None:
    """Bytes of another protocol, or of none, get our error and the end of the connection."""
    async with dial(stage.gw.url) as wire:
        await wire.send(GARBAGE[name])
        error = await told(wire)
        assert (error["status"], error["code"]) == (400, "invalid_request_error")
        assert await wire.is_closed()


def said(answer: bytes) -> Any:
    """The text of a whole answer."""
    return json.loads(answer)["choices"][0]["message"]["content"]


@pytest.mark.parametrize("stream", [False, True])
async def test_garbage_behind_a_request_does_not_spoil_its_answer(
    stage: Stage, *, stream: bool
) -> None:
    """The sound request is answered in full, and the connection ends with it."""
    model_id = await stage.model(Chat("Hello"))
    body = json.dumps(chat(model_id, stream=stream)).encode()
    async with dial(stage.gw.url) as wire:
        await wire.send(request(CHAT, stage.gw.key, body) + b"\x00garbage\r\n\r\n" * 50)
        status, _, answer = await wire.answer()
        assert status == 200
        assert (text_of(answer) if stream else said(answer)) == "Hello"
        assert await wire.is_closed()
    assert len(stage.calls(model_id)) == 1
    assert (await stage.gw.records())[-1].status == "ok"


async def test_a_client_that_was_answered_early_can_go_on(stage: Stage) -> None:
    """What is left of a refused body is read past, and the next request is answered."""
    async with dial(stage.gw.url) as wire:
        body = b"x" * 3_000_000
        await wire.send(request(CHAT, "nobody", body) + request("/livez", "", b"", method="GET"))
        assert (await wire.answer())[0] == 401
        assert (await wire.answer())[0] == 200


async def pour(wire: Wire, times: int) -> None:
    """Write and write."""
    for _ in range(times):
        await wire.send(b"x" * 50_000)
        await asyncio.sleep(0)


async def test_a_client_that_sends_on_for_ever_is_cut_off(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only so much is read past, behind an early answer and behind a refusal alike."""
    monkeypatch.setattr(connection, "MAX_DISCARDED", 1_000_000)
    early = request(CHAT, "nobody", b"", content_length="999999999")
    for start in (early, b"\x00garbage"):
        async with dial(stage.gw.url) as wire:
            await wire.send(start)
            assert (await wire.head())[0] in {400, 401}
            with pytest.raises(ConnectionError):
                await pour(wire, 200)


async def test_a_refused_client_that_stays_is_closed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a while to read why, the connection is gone whether or not the client closes."""
    monkeypatch.setattr(connection, "LINGER_SECONDS", 0.05)
    connections = stage.gw.server.server_state.connections
    async with dial(stage.gw.url) as wire:
        before = len(connections)
        await wire.send(b"\x00garbage")
        assert (await told(wire))["status"] == 400
        async with within(2):
            while len(connections) >= before:
                await asyncio.sleep(0.01)


async def test_garbage_behind_an_answered_request_is_a_400(stage: Stage) -> None:
    """On a connection that is idle it is told what it is."""
    async with dial(stage.gw.url) as wire:
        await wire.send(request("/livez", "", b"", method="GET"))
        assert (await wire.answer())[0] == 200
        await wire.send(b"\x00garbage")
        assert (await told(wire))["status"] == 400
        assert await wire.is_closed()


async def test_requests_in_one_write_are_answered_in_their_order(stage: Stage) -> None:
    """Pipelined requests each get their own answer; a broken one ends the line."""
    slow, quick = await stage.model(Chat("slow")), await stage.model(Chat("quick"))
    bodies = [json.dumps(chat(one)).encode() for one in (slow, quick, slow)]
    async with dial(stage.gw.url) as wire:
        sent = b"".join(request(CHAT, stage.gw.key, body) for body in bodies)
        await wire.send(sent + b"\x00\x00\x00\x00")
        for model_id in (slow, quick, slow):
            status, _, answer = await wire.answer()
            assert (status, json.loads(answer)["model"]) == (200, model_id)
        assert await wire.is_closed()


async def test_E01_a_client_with_several_requests_that_leaves_is_noticed(stage: Stage) -> None:
    """The one that runs is ended, and those behind it never begin."""
    model_id = await stage.model(silent(), name="pipelined")
    body = json.dumps(chat(model_id)).encode()
    async with dial(stage.gw.url) as wire:
        await wire.send(request(CHAT, stage.gw.key, body, x_request_id="E01-first") * 3)
        while not stage.calls(model_id):
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.1)
        wire.leave()
        async with within(1):
            await stage.up.until(idle=True)
    assert (await stage.record("E01-first")).status == "client_disconnected"
    assert len(stage.calls(model_id)) == 1
