"""Claude's own events out of Bedrock's binary frames."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes import bedrock_answers as fake
from fakes.event_stream import frame
from fakes.recorded import Recording, each
from tollhouse.wire.event_stream_chunks import ChunkUnwrapper
from tollhouse.wire.sse import FrameSplitter, data_of, name_of

EVENTS: list[dict[str, Any]] = [
    {"type": "message_start", "message": {"id": "msg_1"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "ç ☀"}},
    {"type": "message_stop"},
]
STREAM = fake.chunks(EVENTS)[2]


def wrapped(data: bytes) -> bytes:
    """One chunk of any data."""
    payload = {"bytes": base64.b64encode(data).decode(), "p": "abc"}
    return frame("chunk", json.dumps(payload).encode())


def test_chunks_become_server_sent_events() -> None:
    """With their names, as Anthropic itself sends them, without what Bedrock has measured."""
    told = FrameSplitter().feed(ChunkUnwrapper().feed(STREAM))
    assert [name_of(one) for one in told] == [str(one["type"]).encode() for one in EVENTS]
    assert [json.loads(data_of(one) or b"") for one in told] == EVENTS


def test_only_what_bedrock_measured_is_taken_out() -> None:
    """Whatever else the last event says stays as it was spelled; other events are not looked at."""
    more = b'"x": 1.50, "amazon-bedrock-guardrailAction":"NONE"'
    measured = b'"amazon-bedrock-invocationMetrics": {"inputTokenCount": 3}'
    last = wrapped(b'{"type":"message_stop", %b, %b}' % (measured, more))
    (event,) = FrameSplitter().feed(ChunkUnwrapper().feed(last))
    assert data_of(event) == (
        b'{"type":"message_stop","x":1.50,"amazon-bedrock-guardrailAction":"NONE"}'
    )
    for data in (b'{"type": "message_stop" }', b'{"type": "ping", %b}' % measured):
        (event,) = FrameSplitter().feed(ChunkUnwrapper().feed(wrapped(data)))
        assert data_of(event) == data


def test_the_data_is_the_models_byte_for_byte() -> None:
    """Numbers, spaces and all; only what is not on one line is written anew."""
    data = '{"type": "x", "a": 1.50, "b": "ç\\n"}'.encode()
    assert ChunkUnwrapper().feed(wrapped(data)) == b"event: x\ndata: " + data + b"\n\n"
    assert ChunkUnwrapper().feed(wrapped(b'{"type":\n"x\\ny"}')) == b'data: {"type":"x\\ny"}\n\n'


def test_the_cuts_of_the_bytes_do_not_matter() -> None:
    """Byte by byte, and cut in two at every point."""
    expected = ChunkUnwrapper().feed(STREAM)
    reader = ChunkUnwrapper()
    assert b"".join(reader.feed(bytes((byte,))) for byte in STREAM) == expected
    for cut in range(len(STREAM)):
        reader = ChunkUnwrapper()
        assert reader.feed(STREAM[:cut]) + reader.feed(STREAM[cut:]) == expected


def test_an_exception_is_an_error_and_ends_it() -> None:
    """What came before it is given, nothing after it."""
    reader = ChunkUnwrapper()
    told = fake.exception("modelTimeoutException", "too slow")
    assert reader.feed(STREAM[:400] + STREAM[400:] + told + STREAM) == ChunkUnwrapper().feed(STREAM)
    assert json.loads(reader.error or b"") == {
        "code": "modelTimeoutException",
        "type": "modelTimeoutException",
        "message": "too slow",
    }
    assert not reader.malformed
    assert reader.feed(STREAM) == b""


@pytest.mark.parametrize(
    "data",
    [
        b"event: message_start\ndata: {}\n\n",
        frame("chunk", b"{}"),
        frame("chunk", b'{"bytes":"%%%"}'),
        frame("chunk", b'{"bytes":"\xc3\xa9"}'),
        wrapped(b"no JSON"),
        wrapped(b"{}"),
        wrapped(b'{"type":5}'),
        wrapped(b"\xff\xfe"),
    ],
)
def test_what_is_no_chunk_is_malformed(data: bytes) -> None:
    """Nothing is raised, what was sound before is given, and nothing more comes."""
    reader = ChunkUnwrapper()
    assert reader.feed(wrapped(b'{"type":"ping"}') + data).startswith(b"event: ping\n")
    assert reader.malformed
    assert reader.feed(STREAM) == b""


def test_other_events_are_passed_over() -> None:
    """There are none yet."""
    reader = ChunkUnwrapper()
    assert reader.feed(frame("somethingNew", b"?") + STREAM) == ChunkUnwrapper().feed(STREAM)


@given(st.lists(st.binary(max_size=60), max_size=5))
@settings(max_examples=80, deadline=None)
def test_any_bytes_are_read_without_failing(pieces: list[bytes]) -> None:
    """As frames' contents, or as they are."""
    reader = ChunkUnwrapper()
    for piece in pieces:
        reader.feed(wrapped(piece))
        ChunkUnwrapper().feed(piece)


@pytest.mark.parametrize("recording", each("bedrock-invoke-with-response-stream"))
def test_recorded_streams_are_unwrapped(recording: Recording) -> None:
    """From ``message_start`` to ``message_stop``; cut at some sixty points they are the same."""
    reader = ChunkUnwrapper()
    told = reader.feed(recording.body)
    assert (reader.error, reader.malformed) == (None, False)
    frames = FrameSplitter().feed(told)
    assert (name_of(frames[0]), name_of(frames[-1])) == (b"message_start", b"message_stop")
    for one in frames:
        assert json.loads(data_of(one) or b"")["type"].encode() == name_of(one)
    for cut in range(0, len(recording.body), max(1, len(recording.body) // 60)):
        halves = ChunkUnwrapper()
        assert halves.feed(recording.body[:cut]) + halves.feed(recording.body[cut:]) == told
