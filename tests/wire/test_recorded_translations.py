"""Every recorded conversation in every other dialect: words, calls, ends and usage survive."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec
import pytest

from fakes.recorded import Recording, each
from tollhouse.core.dialect import Dialect
from tollhouse.core.needs import Endpoint
from tollhouse.core.usage import Usage
from tollhouse.pricing.spelled import spelled
from tollhouse.wire.json_object import read_request
from tollhouse.wire.neutral.answer import Answer, Stop
from tollhouse.wire.neutral.conversation import Conversation, Tool
from tollhouse.wire.neutral.events import Ended, Event
from tollhouse.wire.neutral.heading import Heading
from tollhouse.wire.neutral.losses import Losses, Unsupported
from tollhouse.wire.neutral.parts import Part, Reasoning, Refusal, Text, ToolCall, ToolResult
from tollhouse.wire.tongues import client as client_of
from tollhouse.wire.tongues import target as target_of
from tollhouse.wire.usage.table import read_usage
from wire.declared_losses import (
    ANSWERED_OTHERWISE,
    COUNTED_OTHERWISE,
    REFUSED_BY_OTHERS,
    REFUSED_BY_SOME,
    refuses,
)
from wire.responses.response_samples import parts_of

SPOKEN: Mapping[str, Dialect] = {
    "openai-chat": Dialect.CHAT,
    "openai-responses": Dialect.RESPONSES,
    "anthropic-messages": Dialect.MESSAGES,
    "vertex-anthropic": Dialect.MESSAGES,
    "bedrock-invoke": Dialect.MESSAGES,
    "bedrock-invoke-with-response-stream": Dialect.MESSAGES,
    "bedrock-converse": Dialect.CONVERSE,
    "bedrock-converse-stream": Dialect.CONVERSE,
    "gemini-generate": Dialect.GEMINI,
    "gemini-stream": Dialect.GEMINI,
}
FRAMED = "bedrock-invoke-with-response-stream"
"""Anthropic's events in Bedrock's frames: their answers are read where the frames are undone."""
CLIENTS = {
    Dialect.CHAT: Endpoint.CHAT,
    Dialect.RESPONSES: Endpoint.RESPONSES,
    Dialect.MESSAGES: Endpoint.MESSAGES,
}
MODELS = {
    Dialect.CHAT: "gpt-5.1",
    Dialect.RESPONSES: "gpt-5.1",
    Dialect.MESSAGES: "claude-sonnet-4-5",
    Dialect.CONVERSE: "anthropic.claude-sonnet-4-5",
    Dialect.GEMINI: "gemini-2.5-pro",
}
MERGED = {
    (Dialect.CHAT, Stop.REFUSED): Stop.FILTERED,
    (Dialect.RESPONSES, Stop.REFUSED): Stop.FILTERED,
}
"""Ends for which a dialect has one word less."""
HEADING = Heading("0b1f", "acme/large", 1_760_000_000)
_encode = msgspec.json.Encoder(decimal_format="number").encode


def asked() -> list[Any]:
    """Recorded requests of dialects that clients speak, which their providers took."""
    return [
        one
        for one in each(*(name for name, dialect in SPOKEN.items() if dialect in CLIENTS))
        if one.values[0] is None or is_conversation(one.values[0])
    ]


def is_conversation(one: Recording) -> bool:
    """Whether a request was kept that asks for a conversation."""
    request = one.request
    return one.status == 200 and bool(request) and bool({"messages", "input"} & request.keys())


def others(one: Recording, dialects: Iterable[Dialect]) -> list[Dialect]:
    """The dialects that are not a recording's own."""
    return [dialect for dialect in dialects if dialect is not SPOKEN[one.dialect]]


# --- requests ---


@pytest.mark.parametrize("recording", asked())
def test_a_request_says_the_same_in_every_other_dialect(recording: Recording) -> None:
    """Every word, tool, call and result goes on, or the request is refused by name."""
    for target in others(recording, Dialect):
        hold_request(recording, target)


def hold_request(recording: Recording, target: Dialect) -> None:
    """Hold that of one target."""
    if refuses(recording.name, target):
        with pytest.raises(Unsupported) as refusal:
            translate(recording, target)
        assert refusal.value.param
        return
    conversation, there = translate(recording, target)
    said = "".join(squeezed(text) for text in strings(json.loads(there)))
    for wanted in words(conversation):
        assert squeezed(wanted) in said
    if target in CLIENTS:
        again = client_of(target).read_conversation(read_request(there))
        assert called(again) == called(conversation)
        # Where tools were used and none are given now, Anthropic is given those that were used.
        assert not tools(conversation) or tools(again) == tools(conversation)


def translate(recording: Recording, target: Dialect) -> tuple[Conversation, bytes]:
    """What was asked, and the body for a target; knobs that it lacks are left out."""
    body = read_request(_encode({"model": "m", **recording.request}))
    asked = client_of(SPOKEN[recording.dialect]).read_conversation(body)
    losses = Losses(allowed=True)
    written = target_of(target).write_request(asked, MODELS[target], losses)
    return asked, msgspec.json.encode(written)


def words(conversation: Conversation) -> Iterator[str]:
    """All that a model must be told: instructions, words, results, and what tools are."""
    for message in conversation.messages:
        for part in message.parts:
            inner = part.content if isinstance(part, ToolResult) else (part,)
            yield from (one.text for one in inner if isinstance(one, Text | Refusal))
    for tool in conversation.tools:
        if isinstance(tool, Tool):
            yield from (tool.name, tool.description or "")


def strings(value: Any) -> Iterator[str]:
    """Every string in a JSON value, in order."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from strings(inner)


def squeezed(text: str) -> str:
    """A text without white space: pieces are put together in more than one way."""
    return "".join(text.split())


def called(conversation: Conversation) -> list[tuple[str, str, Any]]:
    """The calls in order, and which of them the results belong to."""
    parts = [part for message in conversation.messages for part in message.parts]
    ids = [part.id for part in parts if isinstance(part, ToolCall)]
    calls = [("call", part.name, arguments(part)) for part in parts if isinstance(part, ToolCall)]
    results = [
        ("result", part.name or "", ids.index(part.call_id))
        for part in parts
        if isinstance(part, ToolResult) and part.call_id in ids
    ]
    return [*calls, *results]


def arguments(call: ToolCall) -> Any:
    """A call's arguments as a value; a custom tool's are a text."""
    return call.arguments if call.custom else json.loads(call.arguments or "{}")


def tools(conversation: Conversation) -> list[tuple[str, str | None]]:
    """The tools that are given."""
    return [(one.name, one.description) for one in conversation.tools if isinstance(one, Tool)]


def test_no_refusal_is_declared_that_is_none() -> None:
    """The table names recordings that are here, each once."""
    lists = [*REFUSED_BY_OTHERS.values(), *(names for _, names in REFUSED_BY_SOME.values())]
    declared = [name for names in lists for name in names]
    assert len(set(declared)) == len(declared)
    here = {one.values[0].name for one in asked() if one.values[0] is not None}
    assert not here or here >= set(declared)


# --- answers ---


class Said(NamedTuple):
    """An answer as it was read, whole or streamed."""

    parts: tuple[Part, ...]
    stop: Stop
    usage: bytes | None
    events: list[Event] | None = None


def read(dialect: Dialect, body: bytes, *, streamed: bool) -> Said | None:
    """What an answer says; None for one that is none, or that broke off."""
    target = target_of(dialect)
    if not streamed:
        answer = target.read_answer(body)
        if not isinstance(answer, Answer):
            return None
        return Said(answer.parts, answer.stop, answer.usage)
    reader = target.events()
    events = [*reader.feed(body), *reader.end()]
    if not reader.ended or not isinstance(events[-1], Ended):
        return None
    return Said(parts_of(events), events[-1].stop, reader.usage, events)


def answered() -> list[Any]:
    """Recorded answers that their own dialect's reader takes."""
    found = each(*(name for name in SPOKEN if name != FRAMED))
    return [one for one in found if one.values[0] is None or is_answer(one.values[0])]


def is_answer(one: Recording) -> bool:
    """Whether there is an answer to translate; what is none has its own tests."""
    streamed = one.kind in {"sse", "eventstream"}
    return one.is_answer and read(SPOKEN[one.dialect], one.body, streamed=streamed) is not None


@pytest.mark.parametrize("recording", answered())
def test_an_answer_says_the_same_in_every_other_dialect(recording: Recording) -> None:
    """Words, thoughts, calls, the end and the usage, read back by that dialect's own reader."""
    for client in others(recording, CLIENTS):
        hold_answer(recording, client)


def hold_answer(recording: Recording, client: Dialect) -> None:
    """Hold that of one client."""
    own = SPOKEN[recording.dialect]
    streamed = recording.kind != "json"
    said = read(own, recording.body, streamed=streamed)
    assert said is not None
    usage = read_usage(own, said.usage, Endpoint.CHAT) if said.usage else None
    used = usage if isinstance(usage, Usage) else None
    told = msgspec.json.encode(spelled(used, CLIENTS[client]))
    again = read(client, written(said, client, told), streamed=streamed)
    assert again is not None
    if (recording.name, client) not in ANSWERED_OTHERWISE:
        assert meaning(again.parts) == meaning(said.parts)
    assert again.stop is MERGED.get((client, said.stop), said.stop)
    if used is not None and (recording.name, client) not in COUNTED_OTHERWISE:
        assert again.usage is not None
        assert counts(read_usage(client, again.usage, CLIENTS[client])) == counts(used)


def written(said: Said, client: Dialect, usage: bytes) -> bytes:
    """An answer as a client of another dialect gets it."""
    if said.events is None:
        answer = Answer(said.parts, said.stop, usage=said.usage)
        return client_of(client).write_answer(answer, HEADING, usage)
    writer = client_of(client).writer(HEADING)
    return writer.write(said.events) + writer.finish(usage)


def meaning(parts: tuple[Part, ...]) -> dict[str, Any]:
    """What an answer says, however it is divided."""
    return {
        "words": "".join(part.text for part in parts if isinstance(part, Text)),
        "refusal": "".join(part.text for part in parts if isinstance(part, Refusal)),
        "thoughts": "".join(part.text for part in parts if isinstance(part, Reasoning)),
        "calls": [
            (part.id, part.name, arguments(part)) for part in parts if isinstance(part, ToolCall)
        ],
    }


def counts(usage: Any) -> tuple[int, ...]:
    """The counts that every dialect has words for."""
    assert isinstance(usage, Usage)
    return (
        usage.input_tokens,
        usage.cached_input_tokens,
        usage.cache_write_tokens + usage.cache_write_1h_tokens,
        usage.output_tokens,
        usage.reasoning_tokens,
    )
