"""Every recorded exchange with Gemini: what was said, called and used is what the JSON says."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from fakes.recorded import Recording, each
from tollhouse.core.usage import Usage
from tollhouse.wire.gemini.answer import read_answer
from tollhouse.wire.gemini.events import EventReader
from tollhouse.wire.gemini.schema import sanitised
from tollhouse.wire.neutral.answer import Answer, NotAnAnswer, Stop
from tollhouse.wire.neutral.events import Began, Ended, Event
from tollhouse.wire.neutral.parts import Reasoning, Text, ToolCall
from tollhouse.wire.usage.gemini import read_usage
from wire.gemini.gemini_said import parts_of, read

_SOUND = {"STOP": Stop.END, "MAX_TOKENS": Stop.LENGTH}


def _raw_parts(chunks: list[Any]) -> Iterator[dict[str, Any]]:
    for chunk in chunks:
        for candidate in chunk.get("candidates", []):
            yield from candidate.get("content", {}).get("parts", [])


def _words(chunks: list[Any]) -> str:
    parts = _raw_parts(chunks)
    return "".join(part["text"] for part in parts if "text" in part and not part.get("thought"))


def _calls(chunks: list[Any]) -> list[tuple[Any, ...]]:
    return [
        (call["id"], call["name"], call.get("args", {}), part.get("thoughtSignature"))
        for part in _raw_parts(chunks)
        if (call := part.get("functionCall"))
    ]


def _chunks(body: bytes) -> list[Any]:
    lines = body.decode().splitlines()
    return [json.loads(line[5:]) for line in lines if line.startswith("data:")]


def _check(parts: list[Any], stop: Stop, chunks: list[Any]) -> None:
    assert "".join(part.text for part in parts if isinstance(part, Text)) == _words(chunks)
    calls = [part for part in parts if isinstance(part, ToolCall)]
    told = [(one.id, one.name, json.loads(one.arguments), one.signature) for one in calls]
    assert told == _calls(chunks)
    reason = next(c["finishReason"] for c in _last_candidates(chunks) if "finishReason" in c)
    assert stop is (Stop.TOOLS if calls and reason == "STOP" else _SOUND[reason])
    signatures = [p.signature for p in parts if isinstance(p, Reasoning) and p.signature]
    assert signatures == [
        part["thoughtSignature"]
        for part in _raw_parts(chunks)
        if "thoughtSignature" in part and "text" in part
    ]


def _last_candidates(chunks: list[Any]) -> list[Any]:
    return [candidate for chunk in reversed(chunks) for candidate in chunk.get("candidates", [])]


@pytest.mark.parametrize("recording", each("gemini-generate"))
def test_recorded_answer_is_read(recording: Recording) -> None:
    """Text, calls, signatures, stop and usage are those of the JSON; an error is told as one."""
    raw = json.loads(recording.body)
    answer = read_answer(recording.body)
    if not recording.is_answer:
        assert isinstance(answer, NotAnAnswer)
        assert answer.error is not None
        assert json.loads(answer.error) == raw["error"]
        return
    assert isinstance(answer, Answer)
    _check(list(answer.parts), answer.stop, [raw])
    assert answer.id == raw["responseId"]
    assert answer.usage is not None
    assert json.loads(answer.usage) == recording.usage
    assert isinstance(read_usage(answer.usage, service_tier=answer.service_tier), Usage)


@pytest.mark.parametrize("recording", each("gemini-stream"))
def test_recorded_stream_is_read(recording: Recording) -> None:
    """The events of a stream make what its chunks say; its last usage counts; it ends soundly."""
    events, reader = read(recording.body)
    chunks = _chunks(recording.body)
    assert reader.ended
    assert not reader.malformed
    assert reader.error is None
    last = events[-1]
    assert isinstance(last, Ended)
    assert isinstance(events[0], Began)
    assert events[0].id == chunks[0]["responseId"]
    _check(parts_of(events), last.stop, chunks)
    assert reader.usage is not None
    assert json.loads(reader.usage) == recording.usage
    assert reader.content_bytes > 0


@pytest.mark.parametrize("recording", each("gemini-stream"))
def test_recorded_stream_may_be_cut_anywhere(recording: Recording) -> None:
    """The events are the same byte by byte and cut at any point."""
    body = recording.body
    whole, _ = read(body)
    step = max(1, len(body) // 60)
    for cut in range(0, len(body), step):
        assert read(body, cut)[0] == whole
    if len(body) < 20_000:
        assert read(body, *range(1, len(body)))[0] == whole


@pytest.mark.parametrize("recording", each("gemini-stream"))
def test_recorded_stream_that_breaks_off_has_no_end(recording: Recording) -> None:
    """Without its last event a stream is not complete, wherever it was cut."""
    body = recording.body.rstrip()
    start = body.rfind(b"data:")
    for cut in range(0, len(body) - 1, max(1, len(body) // 40)):
        reader = EventReader()
        events: list[Event] = reader.feed(body[:cut])
        events += reader.end()
        if cut <= start or not reader.ended:
            assert not any(isinstance(event, Ended) for event in events)
            assert not reader.ended
            assert not reader.malformed
        else:
            raise AssertionError(f"cut at {cut} of {len(body)}, yet it ended")


def _schemas(request: Any) -> Iterator[dict[str, Any]]:
    for tool in request.get("tools", []):
        for function in tool.get("functionDeclarations", []):
            schema = function.get("parametersJsonSchema", function.get("parameters_json_schema"))
            if schema is not None:
                yield schema
    schema = request.get("generationConfig", {}).get("responseJsonSchema")
    if schema is not None:
        yield schema


@pytest.mark.parametrize("recording", each("gemini-generate", "gemini-stream"))
def test_schema_that_gemini_took_stays(recording: Recording) -> None:
    """Of schemas that Gemini accepted nothing is left out; references are put in place."""
    for schema in _schemas(recording.request or {}):
        written, dropped = sanitised(schema)
        assert not dropped
        plain = msgspec.json.encode(schema)
        if b"$ref" not in plain:
            assert written == schema
        else:
            assert b"$" not in msgspec.json.encode(written)
