"""Every recorded exchange of responses: read, written for a client, and read again."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pytest

from fakes.recorded import Recording, each
from tollhouse.wire.json_object import read_request
from tollhouse.wire.neutral.answer import Answer
from tollhouse.wire.neutral.losses import Losses, Unsupported
from tollhouse.wire.neutral.parts import Opaque, Part, Reasoning, Refusal, Text, ToolCall
from tollhouse.wire.responses.answer import read_answer
from tollhouse.wire.responses.conversation import read_conversation
from tollhouse.wire.responses.events import EventReader
from tollhouse.wire.responses.reply import write_answer
from tollhouse.wire.responses.request import write_request
from tollhouse.wire.responses.stream import EventWriter
from wire.responses.response_samples import (
    FINISHED,
    assert_rules,
    events_in,
    heading,
    hear,
    hear_every_way,
    parts_of,
)

ALL = each("openai-responses")


def those(wanted: Callable[[Recording], bool]) -> list[Any]:
    """Parameters for the recordings that a test is about; the skipped one where there are none."""
    return [one for one in ALL if one.values[0] is None or wanted(one.values[0])]


_REFUSED = {"previous_response_id", "conversation"}
_VENDOR_ONLY = ("include[1]", "moderation", "prompt_cache_options", "provider", "reasoning.context")
_NOT_KEPT = {"stream", "store", "include", "phase", "id", "status", "prompt_cache_breakpoint"}


@pytest.mark.parametrize("recording", those(lambda one: bool(one.request)))
def test_a_recorded_request_is_written_back(recording: Recording) -> None:
    """Reading and writing a request loses nothing that decides an answer."""
    body = json.dumps(recording.request, default=float).encode()
    refused = _REFUSED & {name for name, value in recording.request.items() if value is not None}
    if refused:
        with pytest.raises(Unsupported) as told:
            read_conversation(read_request(body))
        assert told.value.param in refused
        return
    asked = read_conversation(read_request(body))
    losses = Losses(allowed=True)
    model = recording.request["model"]
    written = json.loads(msgspec.json.encode(write_request(asked, model, losses)))
    assert set(losses.dropped) <= {*_VENDOR_ONLY, "store"}
    assert written.pop("store") is False
    assert normal(written) == normal(recording.request)


def normal(request: Mapping[str, Any]) -> dict[str, Any]:
    """A request with one spelling for what may be spelled in several ways."""
    asked = {name: value for name, value in request.items() if value is not None}
    items = asked["input"]
    if isinstance(items, str):
        items = [{"role": "user", "content": items}]
    tools = list(asked.get("tools", ()))
    system = [asked["instructions"]] if "instructions" in asked else []
    said: list[Any] = []
    for item in items:
        if item.get("type") == "additional_tools":
            tools += item["tools"]
        elif item.get("role") in {"system", "developer"}:
            system.append(item["content"])
        else:
            said.append(plain(item))
    text = {
        name: value
        for name, value in (asked.get("text") or {}).items()
        if value not in ({"type": "text"}, None)
    }
    reasoning = {
        name: value
        for name, value in (asked.get("reasoning") or {}).items()
        if name in {"effort", "summary"}
    }
    if "summary" in reasoning:
        reasoning["summary"] = True
    for name in (*_VENDOR_ONLY, *_NOT_KEPT, "instructions"):
        asked.pop(name, None)
    if not tools:
        asked.pop("tool_choice", None)
    return {
        **asked,
        "input": said,
        "system": "\n\n".join(system),
        "tools": [
            {name: value for name, value in tool.items() if value is not None} for tool in tools
        ],
        "text": text,
        "reasoning": reasoning,
    }


def plain(item: dict[str, Any]) -> dict[str, Any]:
    """An item without hints and echoes, its content a list of parts."""
    kept = {name: value for name, value in item.items() if name not in _NOT_KEPT and value}
    if item.get("type") == "reasoning":
        kept["id"] = item["id"]
        if "summary" in kept:
            kept["summary"] = "\n\n".join(part["text"] for part in kept["summary"])
    if kept.get("type") == "message":
        del kept["type"]
    for name in ("content", "output"):
        content = kept.get(name)
        if isinstance(content, list):
            kept[name] = [
                {
                    field: value
                    for field, value in part.items()
                    if field not in _NOT_KEPT and (field, value) != ("annotations", [])
                }
                for part in content
            ]
            if [set(part) for part in kept[name]] == [{"type", "text"}]:
                kept[name] = kept[name][0]["text"]
    return kept


def kinds(parts: tuple[Part, ...]) -> list[Any]:
    """Parts by what a client must get of them."""
    told: list[Any] = []
    for part in parts:
        if isinstance(part, ToolCall):
            told.append((part.id, part.name, json.loads(part.arguments or "{}")))
        elif isinstance(part, Text):
            told.append((part.text, len(part.citations)))
        elif isinstance(part, Refusal):
            told.append(part.text)
        elif isinstance(part, Reasoning):
            told.append((part.text, part.vendor, part.signature, part.hidden, part.id))
    return told


@pytest.mark.parametrize("recording", those(lambda one: one.kind == "json" and one.is_answer))
def test_a_recorded_answer_is_read_and_written(recording: Recording) -> None:
    """Text, calls, thoughts, stop and usage of a whole answer come through to a client and back."""
    raw = json.loads(recording.body)
    answer = read_answer(recording.body)
    assert isinstance(answer, Answer)
    assert answer.parts
    assert json.loads(answer.usage or b"null") == raw.get("usage")
    assert answer.id == raw["id"]
    texts = [part.text for part in answer.parts if isinstance(part, Text)]
    assert texts == [
        part["text"]
        for item in raw["output"]
        if item["type"] == "message"
        for part in item["content"]
    ]
    custom = sum(item["type"] == "custom_tool_call" for item in raw["output"])
    assert sum(isinstance(part, ToolCall) and part.custom for part in answer.parts) == custom

    again = read_answer(write_answer(answer, heading(), FINISHED))
    assert isinstance(again, Answer)
    if not custom:
        said = tuple(part for part in answer.parts if not isinstance(part, Opaque))
        assert kinds(again.parts) == kinds(said)
    assert again.stop == answer.stop
    assert again.usage == FINISHED


@pytest.mark.parametrize("recording", those(lambda one: one.kind == "sse" and one.is_answer))
def test_a_recorded_stream_is_read_and_written(recording: Recording) -> None:
    """What a stream told comes through to a client's stream and out of it again."""
    heard = hear_every_way(recording.body, cuts=25)
    if heard.malformed:
        with pytest.raises(ValueError, match="Expecting"):
            events_in(recording.body.replace(b"data: {", b"event: x\ndata: {"))
        return
    assert_rules(heard.events, ended=heard.error is None)
    assert json.loads(heard.usage or b"null") == as_floats(recording.usage)
    if heard.error is not None:
        assert json.loads(heard.error)["code"]
        return
    assert heard.ended
    deltas = b"".join(
        json.loads(line[5:])["delta"].encode()
        for line in recording.body.split(b"\n")
        if b'"type":"response.output_text.delta"' in line and line.startswith(b"data:")
    )
    parts = parts_of(heard.events)
    texts = "".join(part.text for part in parts if isinstance(part, Text))
    assert texts.encode() == deltas

    writer = EventWriter(heading())
    frames = writer.write(list(heard.events)) + writer.finish(FINISHED)
    again = hear([frames])
    assert_rules(again.events)
    assert kinds(parts_of(again.events)) == kinds(parts)
    assert again.events[-1] == heard.events[-1]
    assert again.usage == FINISHED
    whole = read_answer(json.dumps(events_in(frames)[-1]["response"]).encode())
    assert isinstance(whole, Answer)
    assert kinds(whole.parts) == kinds(parts)


def as_floats(told: Any) -> Any:
    """The recorded usage, whose numbers are exact, as JSON has them."""
    return json.loads(json.dumps(told, default=float))


@pytest.mark.parametrize("recording", those(lambda one: not one.is_answer))
def test_a_recorded_refusal_is_no_answer(recording: Recording) -> None:
    """The body of an error is never taken for an answer."""
    assert not isinstance(read_answer(recording.body), Answer)
    reader = EventReader()
    reader.feed(recording.body)
    reader.end()
    assert reader.error is not None
    assert not reader.ended
