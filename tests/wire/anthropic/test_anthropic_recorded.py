"""Real exchanges with Anthropic, at home, at Vertex and at Bedrock."""

import json
from typing import Any

import msgspec
import pytest

from fakes.recorded import Recording, each
from tollhouse.core.errors import CallerError
from tollhouse.core.needs import Endpoint
from tollhouse.wire.anthropic.answer import read_answer
from tollhouse.wire.anthropic.asked import read_asked
from tollhouse.wire.anthropic.body import body_for_hop
from tollhouse.wire.anthropic.conversation import read_conversation
from tollhouse.wire.anthropic.events import EventReader
from tollhouse.wire.anthropic.message_stream import MessageStream
from tollhouse.wire.anthropic.models import abilities
from tollhouse.wire.anthropic.reply import write_answer
from tollhouse.wire.anthropic.request import write_request
from tollhouse.wire.anthropic.stream import EventWriter
from tollhouse.wire.anthropic.whole import Whole, read_whole
from tollhouse.wire.json_object import read_request
from tollhouse.wire.neutral.answer import Answer, NotAnAnswer
from tollhouse.wire.neutral.events import (
    ArgumentsDelta,
    Event,
    PartBegan,
    ReasoningDelta,
    TextDelta,
)
from tollhouse.wire.neutral.heading import Heading
from tollhouse.wire.neutral.losses import Losses
from tollhouse.wire.neutral.parts import Text, ToolCall
from wire.anthropic.anthropic_streams import pieces
from wire.openai.streams import priced

HOMES = ("anthropic-messages", "vertex-anthropic", "bedrock-invoke")
HEADING = Heading("abc-1", "our/claude", 1_700_000_000)
TWICE = "rec_a1adc98987"
"""A stream in which a second answer begins before the first has ended."""
ONLY_ANTHROPICS = frozenset(
    {
        *("server_tool_use", "tool_search_tool_result", "advisor_tool_result", "tool_reference"),
        *("bash_code_execution_tool_result", "container_upload", "tool_addition"),
    }
)
"""Blocks in these requests that have no neutral form."""


def encoded(value: Any) -> bytes:
    """A recorded value as JSON again."""
    return json.dumps(value, default=float).encode()


def asks(recording: Recording) -> bool:
    """Whether it is a request for a message: Bedrock's other models are invoked the same way."""
    return bool(recording.request) and "messages" in recording.request


def kinds(value: Any) -> set[str]:
    """The kinds of all blocks in a value."""
    if isinstance(value, list):
        return {kind for one in value for kind in kinds(one)}
    if not isinstance(value, dict):
        return set()
    here = {value["type"]} if isinstance(value.get("type"), str) else set()
    return here | kinds(value.get("content")) | kinds(value.get("messages"))


def normal(body: Any) -> Any:
    """A request less what may be said in more than one way, and what only Anthropic is told."""
    body = json.loads(encoded(body))
    said = {
        name: value
        for name, value in body.items()
        if name not in {"model", "stream", "anthropic_version", "container", "mcp_servers"}
    }
    # A mark for all is one behind the last block; five minutes are the default.
    mark = said.pop("cache_control", None)
    system, said["messages"] = _blocks(said.pop("system", [])), _turns(said["messages"])
    if mark is not None:
        said["messages"][-1]["content"][-1]["cache_control"] = mark
    for turn in list(said["messages"]):
        if turn["role"] == "system":
            system += turn["content"]
            said["messages"].remove(turn)
    if system:
        said["system"] = system
    if "tools" in said:
        said["tools"] = [
            {name: value for name, value in tool.items() if name != "defer_loading"}
            for tool in said["tools"]
        ]
    if "tool_choice" in said and not said["tool_choice"].get("disable_parallel_tool_use"):
        said["tool_choice"].pop("disable_parallel_tool_use", None)
    return _plain(said)


def _blocks(content: Any) -> list[Any]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content)


def _turns(messages: list[Any]) -> list[Any]:
    turns: list[Any] = []
    for message in messages:
        content = _blocks(message["content"])
        if turns and turns[-1]["role"] == message["role"]:
            turns[-1]["content"] += content
        else:
            turns.append({"role": message["role"], "content": content})
    return turns


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _plain(one)
        for name, one in value.items()
        if not (name == "is_error" and one is False)
        and not (name == "ttl" and one == "5m")
        and not (name == "caller" and one == {"type": "direct"})
    }


@pytest.mark.parametrize(
    "recording", each(*HOMES, "bedrock-invoke-with-response-stream", "count-tokens")
)
def test_a_request_is_the_same_request_again(recording: Recording) -> None:
    """Through the neutral form and back; what has none is refused by its place."""
    if not asks(recording):
        return
    fields = read_request(encoded(recording.request))
    conversation = read_conversation(fields)
    # One recording is of an effort that its model refused; it is written as one that it takes.
    model = recording.request.get("model", "claude-sonnet-4-5")
    model = "claude-opus-5" if recording.status == 400 else model
    if kinds(recording.request) & ONLY_ANTHROPICS:
        with pytest.raises(CallerError) as caught:
            write_request(conversation, model, Losses(allowed=True))
        assert (caught.value.param or "").startswith("messages[")
        return
    losses = Losses(allowed=True)
    written = write_request(conversation, model, losses)
    same = {"max_tokens": abilities(model).output} | recording.request
    assert normal(msgspec.json.decode(msgspec.json.encode(written))) == normal(same)
    assert set(losses.dropped) == set(conversation.unknown)


@pytest.mark.parametrize("recording", each(*HOMES, "bedrock-invoke-with-response-stream"))
def test_a_request_passes_through(recording: Recording) -> None:
    """With its model, and what the gateway reads of it."""
    if not asks(recording):
        return
    body = recording.request | {"model": "asked"}
    fields = read_request(encoded(body))
    asked = read_asked(fields, Endpoint.MESSAGES)
    assert asked.needs.max_tokens == body["max_tokens"]
    needs = {need.capability for need in asked.needs.capabilities}
    assert ("tools" in needs) == bool(body.get("tools"))
    assert ("vision" in needs) == ("image" in kinds(body))
    assert asked.stream == bool(body.get("stream"))
    sent = body_for_hop(fields, upstream_model="up", params={}, system_prompt=None)
    assert json.loads(sent) == json.loads(encoded(body | {"model": "up"}))


def tokens(usage: Any) -> Any:
    """What counts in a usage."""
    return {name: value for name, value in usage.items() if name.endswith("_tokens")}


@pytest.mark.parametrize("recording", each(*HOMES))
def test_a_whole_answer(recording: Recording) -> None:
    """Its content and its usage are found, and it is written so that it reads the same."""
    if recording.kind != "json" or not (asks(recording) or recording.request is None):
        return
    found, whole = read_answer(recording.body), read_whole(recording.body)
    if not recording.is_answer:
        assert isinstance(found, NotAnAnswer)
        assert isinstance(whole, NotAnAnswer)
        assert found.error
        return
    assert isinstance(found, Answer)
    assert isinstance(whole, Whole)
    told = json.loads(recording.body)
    assert json.loads(found.usage or b"") == told["usage"]
    assert whole.usage == found.usage
    words = [block["text"] for block in told["content"] if block["type"] == "text"]
    calls = [block["id"] for block in told["content"] if block["type"] == "tool_use"]
    assert [part.text for part in found.parts if isinstance(part, Text)] == words
    assert [part.id for part in found.parts if isinstance(part, ToolCall)] == calls
    again = read_answer(write_answer(found, HEADING, found.usage or b""))
    assert isinstance(again, Answer)
    assert (again.parts, again.stop, again.usage, again.id) == (
        found.parts,
        found.stop,
        found.usage,
        found.id,
    )
    passed = json.loads(whole.write("our/claude", b'{"cost":1}'))
    assert passed == told | {"model": "our/claude", "usage": {"cost": 1}}


def read_stream(*data: bytes) -> tuple[EventReader, list[Event]]:
    """Everything that comes of these bytes."""
    reader = EventReader()
    events = [event for piece in data for event in reader.feed(piece)]
    return reader, events + reader.end()


def deltas(body: bytes) -> list[dict[str, Any]]:
    """The deltas of a recorded stream, read in the simplest way there is."""
    lines = [line[6:] for line in body.split(b"\n") if line.startswith(b"data: ")]
    events = [json.loads(line) for line in lines]
    return [event["delta"] for event in events if event["type"] == "content_block_delta"]


@pytest.mark.parametrize("recording", each(*HOMES))
def test_a_stream(recording: Recording) -> None:
    """Its content and usage are found, however it is cut, and it is written to read the same."""
    if recording.kind != "sse":
        return
    if recording.name == TWICE:
        assert read_stream(recording.body)[0].malformed
        return
    reader, events = read_stream(recording.body)
    assert (reader.ended, reader.malformed, reader.error) == (True, False, None)
    assert tokens(json.loads(reader.usage or b"")) == tokens(recording.usage)
    for cut in pieces(recording.body):
        assert read_stream(*cut)[1] == events
    sent = deltas(recording.body)
    for name, kind in (("text", TextDelta), ("thinking", ReasoningDelta)):
        said = "".join(one.get(name) or "" for one in sent)
        assert "".join(one.text for one in events if isinstance(one, kind)) == said
    called = any(isinstance(one, PartBegan) and isinstance(one.part, ToolCall) for one in events)
    assert called == (b'"type":"tool_use"' in recording.body)
    arguments = "".join(one.json for one in events if isinstance(one, ArgumentsDelta))
    assert arguments in "".join(one.get("partial_json") or "" for one in sent)
    writer = EventWriter(HEADING)
    written = writer.write(events) + writer.finish(reader.usage or b"")
    assert read_stream(written)[1] == events


@pytest.mark.parametrize("recording", each(*HOMES))
def test_a_stream_passes_through(recording: Recording) -> None:
    """Byte for byte but for the model and the usage, however it is cut."""
    if recording.kind != "sse" or recording.name == TWICE:
        return
    outs = set()
    for cut in pieces(recording.body):
        reader = MessageStream("our/claude", complete=priced)
        outs.add(b"".join([reader.feed(piece) for piece in cut]) + reader.end())
        assert (reader.finished, reader.malformed, reader.error) == (True, False, None)
        assert tokens(json.loads(reader.usage or b"")) == tokens(recording.usage)
    (out,) = outs
    sent, got = (body.split(b"\n\n") for body in (recording.body, out))
    if sent[0] == sent[1]:  # one stream begins twice
        del sent[1]
    changed = [one for one, other in zip(sent, got, strict=True) if one != other]
    assert [b"message_start" in one or b"message_delta" in one for one in changed] == [True, True]
    assert b'"model":"our/claude"' in out
    assert out.count(b'"priced"') == 1
