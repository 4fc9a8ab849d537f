"""Calls that no client can act on make an answer malformed, in every dialect, whole and streamed.

The body is the provider's fault then, and another hop may be tried.
"""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from fakes import bedrock_answers as bedrock
from fakes.event_stream import frame
from tollhouse.core.dialect import Dialect
from tollhouse.wire import tongues
from tollhouse.wire.neutral.answer import Answer, NotAnAnswer
from tollhouse.wire.neutral.events import PartBegan
from tollhouse.wire.neutral.parts import ToolCall
from wire.chat import chat_streams as chat


class Spoken(NamedTuple):
    """How a dialect tells one call, given its name and its arguments in JSON."""

    dialect: Dialect
    whole: Callable[[bytes, bytes], bytes]
    streamed: Callable[[bytes, bytes], bytes]


def sse(*events: bytes) -> bytes:
    """Events of these bytes."""
    return b"".join(b"data: " + event + b"\n\n" for event in events)


def chat_whole(name: bytes, arguments: bytes) -> bytes:
    """A choice with a call."""
    call = b'{"id":"t1","function":{"name":%b,"arguments":%b}}' % (name, arguments)
    return b'{"choices":[{"message":{"tool_calls":[%b]},"finish_reason":"tool_calls"}]}' % call


def chat_streamed(name: bytes, arguments: bytes) -> bytes:
    """A call in one chunk."""
    call = b'{"index":0,"id":"t1","function":{"name":%b,"arguments":%b}}' % (name, arguments)
    chunk = b'{"choices":[{"delta":{"tool_calls":[%b]}}]}' % call
    return sse(chunk) + chat.sse(chat.CALLS, chat.DONE)


def legacy_whole(name: bytes, arguments: bytes) -> bytes:
    """The one call of the legacy way."""
    call = b'{"name":%b,"arguments":%b}' % (name, arguments)
    return b'{"choices":[{"message":{"function_call":%b},"finish_reason":"stop"}]}' % call


def legacy_streamed(name: bytes, arguments: bytes) -> bytes:
    """The same in one chunk."""
    call = b'{"name":%b,"arguments":%b}' % (name, arguments)
    chunk = b'{"choices":[{"delta":{"function_call":%b}}]}' % call
    return sse(chunk) + chat.sse(chat.STOP, chat.DONE)


def responses_item(name: bytes, arguments: bytes) -> bytes:
    """A call is an item, whose arguments are a string."""
    item = b'{"type":"function_call","id":"i1","call_id":"t1","name":%b,"arguments":%b}'
    return item % (name, b'"%b"' % arguments.replace(b'"', b'\\"'))


def responses_whole(name: bytes, arguments: bytes) -> bytes:
    """A response of one item."""
    return b'{"status":"completed","output":[%b]}' % responses_item(name, arguments)


def responses_streamed(name: bytes, arguments: bytes) -> bytes:
    """The item is told at its begin and at its end."""
    event = b'{"type":"response.output_item.%b","output_index":0,"item":%b}'
    return sse(
        event % (b"added", responses_item(name, b"")),
        event % (b"done", responses_item(name, arguments)),
        b'{"type":"response.completed","response":{"status":"completed","output":[]}}',
    )


def messages_whole(name: bytes, arguments: bytes) -> bytes:
    """A block."""
    block = b'{"type":"tool_use","id":"t1","name":%b,"input":%b}' % (name, arguments)
    return b'{"content":[%b],"stop_reason":"tool_use"}' % block


def messages_streamed(name: bytes, arguments: bytes) -> bytes:
    """A host that tells the input with the start of its block."""
    block = b'{"type":"tool_use","id":"t1","name":%b,"input":%b}' % (name, arguments)
    return sse(
        b'{"type":"message_start","message":{"id":"m"}}',
        b'{"type":"content_block_start","index":0,"content_block":%b}' % block,
        b'{"type":"content_block_stop","index":0}',
        b'{"type":"message_delta","delta":{"stop_reason":"tool_use"}}',
        b'{"type":"message_stop"}',
    )


def converse_whole(name: bytes, arguments: bytes) -> bytes:
    """A block."""
    call = b'{"toolUse":{"toolUseId":"t1","name":%b,"input":%b}}' % (name, arguments)
    return b'{"output":{"message":{"content":[%b]}},"stopReason":"tool_use","usage":{}}' % call


def converse_streamed(name: bytes, arguments: bytes) -> bytes:
    """A block's start, and its input as a string."""
    start = b'{"contentBlockIndex":0,"start":{"toolUse":{"toolUseId":"t1","name":%b}}}' % name
    told = b'"%b"' % arguments.replace(b'"', b'\\"')
    delta = b'{"contentBlockIndex":0,"delta":{"toolUse":{"input":%b}}}' % told
    return (
        frame("contentBlockStart", start)
        + frame("contentBlockDelta", delta)
        + bedrock.event("messageStop", stopReason="tool_use")
        + bedrock.event("metadata", usage=bedrock.USAGE)
    )


def gemini_whole(name: bytes, arguments: bytes) -> bytes:
    """A part, the same in a stream."""
    call = b'{"functionCall":{"id":"t1","name":%b,"args":%b}}' % (name, arguments)
    return b'{"candidates":[{"content":{"parts":[%b]},"finishReason":"STOP"}]}' % call


def gemini_streamed(name: bytes, arguments: bytes) -> bytes:
    """One event."""
    return sse(gemini_whole(name, arguments))


SPOKEN = {
    "chat": Spoken(Dialect.CHAT, chat_whole, chat_streamed),
    "chat, the legacy way": Spoken(Dialect.CHAT, legacy_whole, legacy_streamed),
    "responses": Spoken(Dialect.RESPONSES, responses_whole, responses_streamed),
    "messages": Spoken(Dialect.MESSAGES, messages_whole, messages_streamed),
    "converse": Spoken(Dialect.CONVERSE, converse_whole, converse_streamed),
    "gemini": Spoken(Dialect.GEMINI, gemini_whole, gemini_streamed),
}
each_dialect = pytest.mark.parametrize("spoken", SPOKEN.values(), ids=SPOKEN)


def heard(spoken: Spoken, stream: bytes) -> tuple[list[ToolCall], Any]:
    """The calls of a stream, and the reader at its end."""
    reader = tongues.target(spoken.dialect).events()
    events = reader.feed(stream) + reader.end()
    begun = [event.part for event in events if isinstance(event, PartBegan)]
    return [part for part in begun if isinstance(part, ToolCall)], reader


@each_dialect
def test_a_sound_call_is_an_answer(spoken: Spoken) -> None:
    """What the others differ from."""
    answer = tongues.target(spoken.dialect).read_answer(spoken.whole(b'"f"', '{"a":"é"}'.encode()))
    assert isinstance(answer, Answer)
    (call,) = answer.parts
    assert isinstance(call, ToolCall)
    assert (call.name, json.loads(call.arguments)) == ("f", {"a": "é"})
    calls, reader = heard(spoken, spoken.streamed(b'"f"', '{"a":"é"}'.encode()))
    assert [one.name for one in calls] == ["f"]
    assert reader.ended


@each_dialect
def test_a_call_without_a_name_is_none(spoken: Spoken) -> None:
    """No client could say what it answers."""
    body = spoken.whole(b'""', b'{"a":1}')
    reason = "a tool call has no name"
    assert tongues.target(spoken.dialect).read_answer(body) == NotAnAnswer(None, reason)
    calls, reader = heard(spoken, spoken.streamed(b'""', b'{"a":1}'))
    assert calls == []
    assert (reader.malformed, reader.ended, reader.error) == (True, False, None)


@each_dialect
def test_arguments_that_are_no_utf_8_are_none(spoken: Spoken) -> None:
    """A client would act on words that were guessed: they are as unreadable as any text is."""
    answer = tongues.target(spoken.dialect).read_answer(spoken.whole(b'"f"', b'{"a":"\xff"}'))
    assert isinstance(answer, NotAnAnswer)
    assert answer.error is None
    _, reader = heard(spoken, spoken.streamed(b'"f"', b'{"a":"\xff"}'))
    assert (reader.malformed, reader.ended, reader.error) == (True, False, None)


WORDS = {
    Dialect.CHAT: b'{"choices":[{"message":{"content":"\xff"},"finish_reason":"stop"}]}',
    Dialect.RESPONSES: b'{"status":"completed","output":[{"type":"message","content":'
    b'[{"type":"output_text","text":"\xff"}]}]}',
    Dialect.MESSAGES: b'{"content":[{"type":"text","text":"\xff"}],"stop_reason":"end_turn"}',
    Dialect.CONVERSE: b'{"output":{"message":{"content":[{"text":"\xff"}]}},"stopReason":"end"}',
    Dialect.GEMINI: b'{"candidates":[{"content":{"parts":[{"text":"\xff"}]},'
    b'"finishReason":"STOP"}]}',
}


@pytest.mark.parametrize("dialect", WORDS)
def test_words_that_are_no_utf_8_are_none(dialect: Dialect) -> None:
    """Text is held to the same."""
    answer = tongues.target(dialect).read_answer(WORDS[dialect])
    assert isinstance(answer, NotAnAnswer)
    assert answer.error is None


@pytest.mark.parametrize(
    "empty", [b'{"name":null,"arguments":null}', b'{"name":"","arguments":""}']
)
def test_a_legacy_call_that_says_nothing_is_none(empty: bytes) -> None:
    """Some hosts write the field of the legacy way although nothing is called."""
    said = b'"content":"hi","function_call":%b' % empty
    body = b'{"choices":[{"message":{%b},"finish_reason":"stop"}]}' % said
    answer = tongues.target(Dialect.CHAT).read_answer(body)
    assert isinstance(answer, Answer)
    assert not any(isinstance(part, ToolCall) for part in answer.parts)
    chunk = b'{"choices":[{"delta":{%b}}]}' % said
    calls, reader = heard(SPOKEN["chat"], sse(chunk, chunk) + chat.sse(chat.STOP, chat.DONE))
    assert (calls, reader.ended) == ([], True)
