"""Every recorded exchange of chat hosts: requests there and back, answers and streams read."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from fakes.recorded import Recording, each
from tollhouse.wire.chat.answer import read_answer
from tollhouse.wire.chat.conversation import read_conversation
from tollhouse.wire.chat.reply import write_answer
from tollhouse.wire.chat.request import write_request
from tollhouse.wire.json_object import read_request
from tollhouse.wire.neutral.answer import Answer, NotAnAnswer, Stop
from tollhouse.wire.neutral.events import Cited
from tollhouse.wire.neutral.losses import Losses, Unsupported
from tollhouse.wire.neutral.parts import Part, Reasoning, Text, ToolCall
from wire.chat.chat_streams import HEADING, every_way, play, sse, written

STOPS = {
    "stop": Stop.END,
    "length": Stop.LENGTH,
    "tool_calls": Stop.TOOLS,
    "content_filter": Stop.FILTERED,
}
UNSAID = {"metadata", "stream_options", "usage", "model", "store", "user"}
"""Fields that are not compared: they are told otherwise, or have their own tests."""


def of_kind(kind: str) -> list[Any]:
    """Exchanges of one kind that hold an answer."""
    found = [one for one in each("openai-chat") if one.values[0] is None or one.values[0].is_answer]
    return [one for one in found if one.values[0] is None or one.values[0].kind == kind]


def with_request() -> list[Any]:
    """Exchanges whose request was kept."""
    return [
        one
        for one in each("openai-chat")
        if one.values[0] is None or isinstance(one.values[0].request, dict)
    ]


# --- requests ---


@pytest.mark.parametrize("recording", with_request())
def test_requests_there_and_back(recording: Recording) -> None:
    """A body comes back from the neutral form with the same meaning, less what is declared."""
    request = json.loads(json.dumps(recording.request, default=float))
    conversation = read_conversation(read_request(json.dumps(request).encode()))
    losses = Losses(allowed=True)
    body = write_request(conversation, request["model"], losses)
    again = json.loads(msgspec.json.encode(body))
    assert losses.dropped == list(conversation.unknown)
    assert meaning(again) == meaning({k: v for k, v in request.items() if k not in losses.dropped})
    if losses.dropped:
        with pytest.raises(Unsupported):
            write_request(conversation, request["model"], Losses(allowed=False))


def meaning(body: dict[str, Any]) -> dict[str, Any]:
    """What a chat body says, in one spelling."""
    said = {name: value for name, value in body.items() if name not in UNSAID and value is not None}
    limits = [said.pop(name, 0) for name in ("max_tokens", "max_completion_tokens")]
    said["limit"] = max(limits)
    stop = said.pop("stop", [])
    said["stop"] = [stop] if isinstance(stop, str) else stop
    said["stream"] = said.get("stream", False)
    if said.get("n") == 1:
        del said["n"]
    for name in ("presence_penalty", "frequency_penalty"):
        if said.get(name) == 0:
            del said[name]
    said["tools"] = [tool_meaning(tool) for tool in said.get("tools", [])]
    if not said["tools"]:
        said.pop("tool_choice", None)
    choice = said.get("tool_choice")
    if isinstance(choice, dict):
        said["tool_choice"] = choice["function"]["name"]
    said["messages"] = list(messages_meaning(said["messages"]))
    return said


def tool_meaning(tool: dict[str, Any]) -> Any:
    """A tool, without its cache mark."""
    if "function" not in tool:
        return tool
    return {name: value for name, value in tool["function"].items() if value is not None}


def messages_meaning(messages: list[dict[str, Any]]) -> Iterator[Any]:
    """Instructions in one, neighbours of one role joined, ids of calls by their order."""
    ids: dict[str, int] = {}
    systems: list[str] = []
    turns: list[tuple[str, list[Any]]] = []
    for message in messages:
        role = message["role"]
        said = list(words_of(message.get("content")))
        if role in {"system", "developer"}:
            systems += said
            continue
        if role == "tool":
            said = [("result", ids[message["tool_call_id"]], "".join(said))]
            role = "user"
        for call in message.get("tool_calls") or []:
            ids.setdefault(call["id"], len(ids))
            said.append(("call", ids[call["id"]], call["function"]))
        if turns and turns[-1][0] == role:
            turns[-1][1].extend(said)
        elif said:
            turns.append((role, said))
    yield "\n\n".join(systems)
    for role, said in turns:
        # A line break between pieces of text is all that joining may add.
        yield role, [piece for piece in said if not isinstance(piece, str)]
        yield "".join(piece for piece in said if isinstance(piece, str)).replace("\n\n", "")


def words_of(content: Any) -> Iterator[Any]:
    """The pieces of a content."""
    if isinstance(content, str):
        yield content
        return
    for part in content or []:
        if part["type"] == "text":
            yield part["text"]
        else:
            given = part[part["type"]]
            yield (part["type"], given if isinstance(given, str) else given["url"])


# --- answers ---


def content_of(content: Any) -> tuple[str, str]:
    """Words and thoughts in a content."""
    if not isinstance(content, list):
        return content or "", ""
    words = "".join(piece.get("text", "") for piece in content if piece["type"] == "text")
    inner = [piece["thinking"] for piece in content if piece["type"] == "thinking"]
    return words, "".join(piece["text"] for thinking in inner for piece in thinking)


def thought_of(message: dict[str, Any]) -> str:
    """The thoughts beside a content."""
    return message.get("reasoning_content") or message.get("reasoning") or ""


def holds(parts: list[Part], words: str, thought: str, calls: list[Any]) -> None:
    """Hold that the parts are what the provider's JSON says."""
    assert "".join(part.text for part in parts if isinstance(part, Text)) == words
    assert "".join(part.text for part in parts if isinstance(part, Reasoning)) == thought
    assert [
        (part.id, part.name, part.arguments) for part in parts if isinstance(part, ToolCall)
    ] == calls


@pytest.mark.parametrize("recording", of_kind("json"))
def test_answers(recording: Recording) -> None:
    """Text, thoughts, calls, stop and usage are those in the raw JSON; written, they stay so."""
    told = json.loads(recording.body)
    choice = told["choices"][0]
    message = choice["message"]
    found = read_answer(recording.body)
    assert isinstance(found, Answer)
    words, inner = content_of(message.get("content"))
    calls = [
        (call["id"], call["function"]["name"], call["function"]["arguments"])
        for call in message.get("tool_calls") or []
    ]
    holds(list(found.parts), words, inner or thought_of(message), calls)
    assert found.stop is STOPS[choice["finish_reason"]]
    assert json.loads(found.usage or b"null") == told["usage"]
    again = read_answer(write_answer(found, HEADING, b"{}"))
    assert isinstance(again, Answer)
    assert [unplaced(part) for part in again.parts] == [unplaced(part) for part in found.parts]
    assert (again.stop, again.id, again.logprobs) == (found.stop, found.id, found.logprobs)


def unplaced(part: Part) -> Part:
    """A part whose sources have no place: chat gives one to those that had none."""
    if not isinstance(part, Text):
        return part
    sources = [msgspec.structs.replace(one, start=None, end=None) for one in part.citations]
    return msgspec.structs.replace(part, citations=tuple(sources))


@pytest.mark.parametrize(
    "recording",
    [one for one in each("openai-chat") if one.values[0] and not one.values[0].is_answer]
    or each("openai-chat"),
)
def test_refusals_are_no_answers(recording: Recording) -> None:
    """Error bodies are told from answers."""
    found = read_answer(recording.body)
    assert isinstance(found, NotAnAnswer)
    assert json.loads(found.error or b"null") == json.loads(recording.body)["error"]


# --- streams ---


@pytest.mark.parametrize("recording", of_kind("sse"))
def test_streams(recording: Recording) -> None:
    """The same for streams, however they arrive."""
    cuts = 60 if len(recording.body) < 60_000 else 12
    heard = every_way(recording.body, cuts)
    chunks = [
        json.loads(line[5:])
        for line in recording.body.decode().splitlines()
        if line.startswith("data:") and "[DONE]" not in line
    ]
    errors = [chunk["error"] for chunk in chunks if chunk.get("error")]
    if errors:
        assert json.loads(heard.error or b"") == errors[0]
        return
    assert heard.ended
    assert not heard.malformed
    words, thought, calls = "", "", dict[int, list[str]]()
    reason = None
    for choice in [choice for chunk in chunks for choice in chunk["choices"][:1]]:
        delta = choice.get("delta") or {}
        said, inner = content_of(delta.get("content"))
        words += said
        thought += inner + thought_of(delta)
        reason = choice.get("finish_reason") or reason
        for call in delta.get("tool_calls") or []:
            one = calls.setdefault(call.get("index", 0), ["", "", ""])
            one[0] = one[0] or call.get("id", "")
            one[1] = one[1] or call["function"].get("name", "")
            one[2] += call["function"].get("arguments", "")
    holds(heard.parts, words, thought, [tuple(call) for call in calls.values()])
    assert heard.stop is (Stop.TOOLS if calls else STOPS[str(reason)])
    told = [chunk["usage"] for chunk in chunks if chunk.get("usage")]
    assert json.loads(heard.usage or b"null") == (told[-1] if told else None)
    again = play([sse(*written(heard.events), "[DONE]")])
    plain = [event for event in heard.events if not isinstance(event, Cited)]
    assert [event for event in again.events if not isinstance(event, Cited)] == plain
