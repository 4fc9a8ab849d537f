"""Streams that real providers sent, through the readers."""

import json
from pathlib import Path
from typing import Any

import pytest

from tollhouse.core.needs import Endpoint
from tollhouse.wire.neutral.answer import NotAnAnswer
from tollhouse.wire.openai.answer import read_answer
from tollhouse.wire.openai.errors import read_error
from tollhouse.wire.openai.stream import StreamReader
from tollhouse.wire.openai.typed_stream import TypedStream
from wire.openai.chunks import SERVED, reader
from wire.openai.streams import DONE, deltas, play, priced

RECORDED = Path(__file__).resolve().parents[4] / "shared" / "recorded"


def recordings(dialect: str, *kinds: str) -> list[Any]:
    """The recordings of a dialect, or one that skips and says why."""
    found = [json.loads(path.read_text()) for path in sorted((RECORDED / dialect).glob("*.json"))]
    if not found:
        why = pytest.mark.skip(reason=f"there is no recorded traffic in {RECORDED / dialect}")
        return [pytest.param(None, marks=why)]
    return [pytest.param(one, id=one["id"]) for one in found if one["kind"] in kinds]


def text_of(recording: Any) -> bytes:
    """The body as it was on the wire."""
    text: str = recording["response"].get("text") or ""
    return text.encode()


def events_of(stream: bytes) -> list[Any]:
    """The JSON of every event, read in the simplest way there is."""
    lines = stream.decode().replace("\r\n", "\n").split("\n")
    data = [line.removeprefix("data:").strip() for line in lines if line.startswith("data:")]
    return [json.loads(one) for one in data if one and one != DONE]


def is_extra(chunk: Any) -> bool:
    """Whether a chunk is there for its usage alone."""
    return not chunk.get("choices") and chunk.get("usage") is not None


@pytest.mark.parametrize("recording", recordings("openai-chat", "sse"))
@pytest.mark.parametrize("asked", [False, True], ids=["not asked", "asked"])
def test_recorded_chunks_come_through(recording: Any, asked: bool) -> None:  # noqa: FBT001 - both
    """Names and usage change; every delta, extension and order is the provider's, in any pieces."""
    stream = text_of(recording)
    outcome = play(reader(asked=asked), [stream])
    assert outcome == play(reader(asked=asked), [stream[i : i + 1] for i in range(len(stream))])
    assert outcome == play(
        reader(asked=asked), [stream[i : i + 700] for i in range(0, len(stream), 700)]
    )
    sent = events_of(stream)
    told = [one["usage"] for one in sent if one.get("usage")]
    assert json.loads(outcome.usage or b"null") == (told[-1] if told else None)
    if "prompt_tokens" in (recording["usage"] or {}):
        assert told[-1] == recording["usage"]
    if any(one.get("error") for one in sent):
        assert outcome.error is not None
        assert DONE not in outcome.events
        return
    assert (outcome.error, outcome.malformed, outcome.finished) == (None, False, True)
    assert deltas(outcome.chunks) == deltas(sent)
    assert outcome.usages == [{"priced": told[-1] if told else None, "tier": outcome.tier}]
    assert outcome.events[-1] == DONE
    assert outcome.events.count(DONE) == 1
    expected = [
        {**one, "model": SERVED} | ({"usage": None} if one.get("usage") is not None else {})
        for one in sent
        if not is_extra(one)
    ]
    got = outcome.chunks[:-1] if asked else outcome.chunks
    assert [{**one, "usage": None} for one in got] == [{**one, "usage": None} for one in expected]


@pytest.mark.parametrize("recording", recordings("openai-responses", "sse"))
def test_recorded_responses_come_through(recording: Any) -> None:
    """The model is the served one, the usage is read, the end is seen, the rest is as sent."""

    def make() -> StreamReader:
        return TypedStream(Endpoint.RESPONSES, SERVED, complete=priced)

    stream = text_of(recording)
    outcome = play(make(), [stream])
    assert outcome == play(make(), [stream[i : i + 1] for i in range(len(stream))])
    try:
        sent = events_of(stream)
    except ValueError:
        assert outcome.malformed
        return
    assert not outcome.malformed
    failed = [one for one in sent if one["type"] in {"error", "response.failed"}]
    assert (outcome.error is not None) == bool(failed)
    assert outcome.finished is not bool(failed)
    if failed:
        sent = sent[: sent.index(failed[0])]
    else:
        usage = sent[-1]["response"]["usage"]
        assert json.loads(outcome.usage or b"") == usage
        assert outcome.events[-1]["response"]["usage"]["priced"] == usage
        sent[-1]["response"]["usage"] = outcome.events[-1]["response"]["usage"]
    for one in sent:
        if "model" in one.get("response", {}):
            one["response"]["model"] = SERVED
    assert outcome.events == sent


@pytest.mark.parametrize(
    ("endpoint", "recording"),
    [
        pytest.param(endpoint, *one.values, id=one.id, marks=one.marks)
        for endpoint, dialect in (
            (Endpoint.CHAT, "openai-chat"),
            (Endpoint.RESPONSES, "openai-responses"),
            (Endpoint.EMBEDDINGS, "embeddings"),
        )
        for one in recordings(dialect, "json")
    ],
)
def test_recorded_answers_come_through(endpoint: Endpoint, recording: Any) -> None:
    """An answer keeps all but its model and usage; an error is told from one, and has a message."""
    body = text_of(recording)
    answer = read_answer(body, endpoint)
    if isinstance(answer, NotAnAnswer):
        assert (recording["status"] or 400) >= 400
        assert read_error(body).message
        return
    sent = json.loads(body)
    assert json.loads(answer.usage or b"null") == recording["usage"]
    got = json.loads(answer.write(endpoint, SERVED, b'{"x":1}'))
    assert got == {**sent, "model": SERVED, "usage": {"x": 1}}
    assert answer.content_bytes > 0 or endpoint is Endpoint.EMBEDDINGS
