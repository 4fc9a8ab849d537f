"""The replaying provider itself: what tests of recorded traffic believe of it."""

import json
import struct
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from fakes.http_server import End
from fakes.recorded import Recording, each
from fakes.replay import Cut, ReplayUpstream, content_type, pieces

SSE = b"event: a\ndata: 1\n\n: a comment\r\n\r\ndata: \xc3\xa9\n\ndata: unfinished"
FRAMES = [b"\0\0\0\x08abcd", b"\0\0\0\x06xy"]


def recording(name: str, kind: str, body: bytes, **more: Any) -> Recording:
    """A recording of the test's own."""
    told: dict[str, Any] = {
        "dialect": "openai-chat",
        "host": "api.example.com",
        "path": "/v1/chat/completions",
        "request": None,
        "status": 200,
        "headers": {},
        "usage": None,
        "cost": None,
        "rates": None,
        "features": (),
    }
    return Recording(name=name, kind=kind, body=body, **(told | more))


OWN = [
    recording("rec_json", "json", b'{"a": 1}'),
    recording("rec_sse", "sse", SSE, headers={"content-type": "text/event-stream; x=1"}),
    recording("rec_frames", "eventstream", b"".join(FRAMES), status=None),
    recording("rec_refused", "json", b'{"error": {}}', status=429),
    recording("rec_empty", "opaque", b"", status=503),
]


@pytest.fixture
async def up() -> AsyncIterator[ReplayUpstream]:
    """The provider with recordings of our own."""
    async with ReplayUpstream(OWN) as made:
        yield made


@pytest.fixture
async def http(up: ReplayUpstream) -> AsyncIterator[httpx.AsyncClient]:
    """A client of it."""
    async with httpx.AsyncClient(base_url=up.origin, trust_env=False) as made:
        yield made


async def test_a_recording_is_chosen_by_the_model_in_the_body(
    up: ReplayUpstream, http: httpx.AsyncClient
) -> None:
    """Status, type and bytes are the recording's; the request is kept as it came."""
    sent = b'{"messages": [ ],  "model":"rec_json"}'
    got = await http.post("/v1/chat/completions", content=sent, headers={"x-mine": "1"})
    assert (got.status_code, got.headers["content-type"]) == (200, "application/json")
    assert got.content == b'{"a": 1}'
    assert up.sent("rec_json") == sent
    assert up.calls[0].header("x-mine") == "1"


@pytest.mark.parametrize(
    "path",
    [
        "/openai/deployments/rec_sse/chat/completions?api-version=1",
        "/model/rec_sse/converse-stream",
        "/v1beta/models/rec_sse:streamGenerateContent?alt=sse",
    ],
)
async def test_a_recording_is_chosen_by_the_model_in_the_path(
    up: ReplayUpstream, http: httpx.AsyncClient, path: str
) -> None:
    """As Azure, Bedrock and Google have it, the query along with it."""
    got = await http.post(path, json={"contents": []})
    assert got.content == SSE
    assert got.headers["content-type"] == "text/event-stream; x=1"
    assert up.calls[0].path == path


async def test_an_error_is_replayed_as_one(http: httpx.AsyncClient) -> None:
    """A status that is recorded is answered, an empty body too."""
    assert (await http.post("/v1/x", json={"model": "rec_refused"})).status_code == 429
    empty = await http.post("/v1/x", json={"model": "rec_empty"})
    assert (empty.status_code, empty.content) == (503, b"")
    assert empty.headers["content-type"] == "application/octet-stream"


async def test_what_was_not_recorded_is_not_found(http: httpx.AsyncClient) -> None:
    """A test with a wrong name hears of it."""
    for model in ("gpt-4o", "rec_none"):
        got = await http.post("/v1/chat/completions", json={"model": model})
        assert got.status_code == 404
        assert "there is no recording" in got.json()["error"]["message"]


@pytest.mark.parametrize("cut", list(Cut))
@pytest.mark.parametrize("one", OWN, ids=lambda one: one.name)
async def test_however_it_is_cut_the_bytes_are_the_same(
    up: ReplayUpstream, http: httpx.AsyncClient, one: Recording, cut: Cut
) -> None:
    """Nothing is lost or added between the pieces."""
    up.cut(cut)
    got = await http.post("/v1/x", json={"model": one.name})
    assert got.content == one.body == b"".join(pieces(one, cut))


def test_events_are_the_pieces_of_a_stream() -> None:
    """Server-sent events end with a blank line, AWS's messages tell their length."""
    assert pieces(OWN[1], Cut.EVENT) == [
        b"event: a\ndata: 1\n\n",
        b": a comment\r\n\r\n",
        b"data: \xc3\xa9\n\n",
        b"data: unfinished",
    ]
    assert pieces(OWN[2], Cut.EVENT) == FRAMES
    assert pieces(OWN[0], Cut.EVENT) == [OWN[0].body]
    assert pieces(OWN[0], Cut.BYTE) == [bytes([byte]) for byte in OWN[0].body]


@pytest.mark.parametrize("body", [b"\0", b"\0\0\0\x01ab", b"\0\0\0\xffab"])
def test_messages_of_no_sense_are_pieces_all_the_same(body: bytes) -> None:
    """Whatever lengths they tell, the sum of the pieces is the sum of the bytes."""
    assert b"".join(pieces(recording("rec_x", "eventstream", body), Cut.EVENT)) == body


@pytest.mark.parametrize(("name", "stop_after"), [("rec_sse", 2), ("rec_json", 3), ("rec_json", 0)])
@pytest.mark.parametrize("end", [End.RESET, End.CLOSE])
async def test_an_answer_can_break_off(
    up: ReplayUpstream, http: httpx.AsyncClient, name: str, stop_after: int, end: End
) -> None:
    """So many pieces come and then the connection ends, for that recording alone."""
    up.cut(Cut.BYTE, stop_after=stop_after, end=end, name=name)
    got, broken = b"", False
    try:
        async with http.stream("POST", "/v1/x", json={"model": name}) as answer:
            async for data in answer.aiter_raw():
                got += data
    except httpx.TransportError:
        broken = True
    assert broken
    body = next(one.body for one in OWN if one.name == name)
    assert body.startswith(got)
    assert len(got) <= stop_after
    assert end is End.RESET or got == body[:stop_after]
    assert (await http.post("/v1/x", json={"model": "rec_refused"})).status_code == 429


@pytest.mark.parametrize("one", each("openai-chat", "bedrock-converse-stream", "gemini-stream"))
def test_recordings_are_cut_into_their_events(one: Recording) -> None:
    """Every real stream is the sum of its events, none of which holds two."""
    found = pieces(one, Cut.EVENT)
    assert b"".join(found) == one.body
    if one.kind == "sse":
        assert not any(b"\n\n" in piece.strip() or b"\r\n\r\n" in piece.strip() for piece in found)
    elif one.kind == "eventstream":
        assert all(int.from_bytes(piece[:4], "big") == len(piece) for piece in found)


async def test_a_real_recording_is_replayed(http: httpx.AsyncClient) -> None:
    """Those beside the checkout are found by their names."""
    for parameters in each("bedrock-converse-stream", "anthropic-messages"):
        if parameters.marks:
            pytest.skip("the recorded exchanges are not beside this checkout")
        one: Recording = parameters.values[0]
        got = await http.post("/v1/messages", content=json.dumps({"model": one.name}).encode())
        assert got.content == one.body
        assert got.status_code == (one.status or 200)
        assert got.headers["content-type"] == content_type(one)


def test_lengths_are_big_endian() -> None:
    """As AWS has them."""
    body = struct.pack(">I", 5) + b"a" + struct.pack(">I", 4)
    assert [len(piece) for piece in pieces(recording("rec_x", "eventstream", body), Cut.EVENT)] == [
        5,
        4,
    ]
