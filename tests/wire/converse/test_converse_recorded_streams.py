"""Recorded streams of Converse, read whole and cut."""

import json
from typing import Any

import pytest

from fakes.event_stream import frame
from fakes.recorded import Recording, each
from tollhouse.wire.converse.events import EventReader
from tollhouse.wire.neutral.parts import ToolCall
from wire.converse.converse_streams import METADATA, parts_of, read


def _streams() -> list[Any]:
    found = [*each("bedrock-converse-stream"), *each("bedrock-converse")]
    return [
        one
        for one in found
        if one.values[0] is None or (one.values[0].is_answer and one.values[0].kind != "json")
    ]


def framed(recording: Recording) -> bytes:
    """A recorded stream as binary frames; some were kept as payloads alone, and a few shortened."""
    if recording.kind == "eventstream":
        return recording.body
    told = [json.loads(line[6:]) for line in recording.body.splitlines() if line.strip()]
    frames = [
        frame(name, json.dumps(payload).encode()) for one in told for name, payload in one.items()
    ]
    return b"".join(frames) + (b"" if "metadata" in told[-1] else METADATA)


@pytest.mark.parametrize("recording", _streams())
def test_recorded_streams_are_read(recording: Recording) -> None:
    """Content, a stop, and usage; cut at some sixty points the events are the same."""
    body = framed(recording)
    model = recording.path.split("/")[2] if recording.path else ""
    events, reader = read(body, model)
    assert (reader.error, reader.malformed, reader.ended) == (None, False, True)
    parts = parts_of(events)
    assert parts
    if recording.usage is not None:
        assert json.loads(reader.usage or b"") == recording.usage
    for part in parts:
        if isinstance(part, ToolCall):
            assert isinstance(json.loads(part.arguments or "{}"), dict)
    for cut in range(0, len(body), max(1, len(body) // 60)):
        halves = EventReader(model)
        assert [*halves.feed(body[:cut]), *halves.feed(body[cut:]), *halves.end()] == events
