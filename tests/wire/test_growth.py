"""Nothing a provider or a client sends takes longer for each thing that came before it."""

import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from fakes import bedrock_answers as bedrock
from tollhouse.core.dialect import Dialect
from tollhouse.wire import tongues
from tollhouse.wire.chat.calls import Calls
from tollhouse.wire.chat.shapes import Call, Function
from tollhouse.wire.json_object import read_request
from tollhouse.wire.neutral.answer import Answer
from tollhouse.wire.neutral.conversation import Conversation, Tool, ToolChoice
from tollhouse.wire.neutral.events import ArgumentsDelta, Event, Signed
from tollhouse.wire.neutral.heading import Heading
from tollhouse.wire.neutral.losses import Losses
from tollhouse.wire.translated_stream import TranslatedStream
from wire.chat import chat_streams as chat
from wire.chat.chat_bodies import GREETING
from wire.gemini import gemini_said as gemini
from wire.growth import Compared, grows_in_step

READ = 64 * 1024
"""Bytes that come at once."""
MANY = 1000
NAMES = {Dialect.CHAT: "gpt-5", Dialect.MESSAGES: "claude-sonnet-4-5", Dialect.CONVERSE: "x.y"}
Make = Callable[[int], bytes]


# --- Streams ---


def repeated_sources(events: int) -> bytes:
    """Gemini says on every event again what its words rest on."""
    page = {"web": {"uri": "https://a.example", "title": "A"}}
    support = {"segment": {"endIndex": 5, "text": "words"}, "groundingChunkIndices": [0]}
    grounding = {"groundingChunks": [page], "groundingSupports": [support]}
    one = gemini.sse(gemini.piece({"text": "words " * 20}, groundingMetadata=grounding))
    return one * events + gemini.sse(gemini.piece(finishReason="STOP"))


def one_source_more(events: int) -> bytes:
    """The same, of another place each time, behind letters of more than one byte."""

    def event(number: int) -> dict[str, Any]:
        page = {"web": {"uri": f"https://a.example/{number}"}}
        segment = {"startIndex": 6 * number, "endIndex": 6 * number + 6, "text": "wörd "}
        supports = [{"segment": segment, "groundingChunkIndices": [0]}]
        grounding = {"groundingChunks": [page], "groundingSupports": supports}
        return gemini.piece({"text": "wörd "}, groundingMetadata=grounding)

    return gemini.sse(*map(event, range(events)), gemini.piece(finishReason="STOP"))


def calls_in_turn(events: int) -> bytes:
    """A host writes two calls at once; the second waits for the first, which never seems whole."""
    begun = chat.calls(
        chat.piece(0, "t1", name="f", arguments='{"a":[{}'),
        chat.piece(1, "t2", name="g", arguments='{"b":[{}'),
    )
    more = chat.calls(chat.piece(0, arguments=",{}"), chat.piece(1, arguments=",{}"))
    return chat.sse(begun) + chat.sse(more) * events + chat.sse(chat.CALLS, chat.DONE)


def a_name_on_every_piece(events: int) -> bytes:
    """It could begin another call, if the one before it were whole."""
    begun = chat.calls(chat.piece(0, name="f", arguments='{"a":[{}'))
    more = chat.calls(chat.piece(0, name="f", arguments=",{}"))
    return chat.sse(begun) + chat.sse(more) * events + chat.sse(chat.CALLS, chat.DONE)


def a_signature_in_pieces(events: int) -> bytes:
    """Converse cuts the signature of a thought."""
    told = {"reasoningContent": {"signature": "c2lnbmF0dXJl" * 8}}
    one = bedrock.event("contentBlockDelta", contentBlockIndex=0, delta=told)
    end = bedrock.event("messageStop", stopReason="end_turn")
    return one * events + end + bedrock.event("metadata", usage=bedrock.USAGE)


STREAMS: list[tuple[Dialect, Make, int]] = [
    (Dialect.GEMINI, repeated_sources, 4000),
    (Dialect.GEMINI, one_source_more, 4000),
    (Dialect.CHAT, calls_in_turn, 4000),
    (Dialect.CHAT, a_name_on_every_piece, 5000),
    (Dialect.CONVERSE, a_signature_in_pieces, 12_000),
]


@pytest.mark.parametrize(
    ("spoken", "make", "size"), STREAMS, ids=[make.__name__ for _, make, _ in STREAMS]
)
def test_a_stream_of_four_times_as_many_events(spoken: Dialect, make: Make, size: int) -> None:
    """It takes four times as long to read, and to write for a client that gets all again."""

    def translate(stream: bytes) -> None:
        reader = tongues.target(spoken).events()
        writer = tongues.client(Dialect.RESPONSES).writer(Heading("h", "m", 0))
        made = TranslatedStream(reader, writer, complete=lambda *_, **__: b"{}")
        for start in range(0, len(stream), READ):
            made.feed(stream[start : start + READ])
        made.end()
        assert made.finished

    assert grows_in_step(translate, make, size)


# --- Whole answers ---


def details(number: int) -> bytes:
    """OpenRouter tells one thought in many details."""
    told = {"type": "reasoning.text", "text": "many words", "index": 0}
    choice = {"message": {"reasoning_details": [told] * number}, "finish_reason": "stop"}
    return json.dumps({"choices": [choice]}).encode()


def supports(number: int) -> bytes:
    """Gemini names a source for every few letters of a long text."""
    page = {"web": {"uri": "https://a.example"}}
    supports = [
        {
            "segment": {"startIndex": 6 * i, "endIndex": 6 * i + 6, "text": "wörd "},
            "groundingChunkIndices": [0],
        }
        for i in range(number)
    ]
    grounding = {"groundingChunks": [page], "groundingSupports": supports}
    said = gemini.piece(
        {"text": "wörd " * number}, finishReason="STOP", groundingMetadata=grounding
    )
    return json.dumps(said).encode()


def misplaced_supports(number: int) -> bytes:
    """Their words stand nowhere in the text."""
    supports = [
        {
            "segment": {"startIndex": i, "endIndex": i + 9, "text": f"a{'b' * 90}{i}"},
            "groundingChunkIndices": [0],
        }
        for i in range(number)
    ]
    grounding = {"groundingChunks": [{"web": {"uri": "u"}}], "groundingSupports": supports}
    said = gemini.piece(
        {"text": "ab" * 50 * number}, finishReason="STOP", groundingMetadata=grounding
    )
    return json.dumps(said).encode()


WHOLE: list[tuple[Dialect, Make, int]] = [
    (Dialect.CHAT, details, 20_000),
    (Dialect.GEMINI, supports, 1500),
    (Dialect.GEMINI, misplaced_supports, 4000),
]


@pytest.mark.parametrize(
    ("spoken", "make", "size"), WHOLE, ids=[make.__name__ for _, make, _ in WHOLE]
)
def test_an_answer_four_times_as_long(spoken: Dialect, make: Make, size: int) -> None:
    """It takes four times as long to read."""

    def read(body: bytes) -> None:
        assert isinstance(tongues.target(spoken).read_answer(body), Answer)

    assert grows_in_step(read, make, size)


def test_a_conversation_of_four_times_as_many_functions() -> None:
    """The legacy way names a result by its function; the call is found without a look at others."""

    def asked(number: int) -> bytes:
        call = {"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}}
        result = {"role": "function", "name": "f", "content": "done"}
        return json.dumps({"model": "m", "messages": [call, result] * number}).encode()

    def read(body: bytes) -> None:
        tongues.client(Dialect.CHAT).read_conversation(read_request(body))

    assert grows_in_step(read, asked, 2000)


# --- Names that are looked up ---


@pytest.fixture(name="compared")
def _compared() -> Callable[[], int]:
    """How many comparisons of names there have been in this test."""
    before = Compared.times
    return lambda: Compared.times - before


def named(numbers: Iterable[int]) -> tuple[Compared, ...]:
    """Names that are equal where their numbers are, and never the same object."""
    return tuple(Compared(f"name{number}") for number in numbers)


@pytest.mark.parametrize("target", NAMES)
def test_many_tools_and_many_of_them_allowed(target: Dialect, compared: Callable[[], int]) -> None:
    """Each tool is looked for among the allowed ones, not compared to all of them."""
    tools = tuple(Tool(name) for name in named(range(MANY)))
    allowed = ToolChoice(allowed=named(range(0, MANY, 2)))
    asked = Conversation(Dialect.CHAT, (GREETING,), tools=tools, tool_choice=allowed)
    writer = tongues.target(target)
    written = writer.write_request(asked, NAMES[target], Losses(allowed=True))
    assert json.dumps(written).count('"name1') == json.dumps([*allowed.allowed]).count('"name1')
    assert compared() < 20 * MANY


def test_many_calls_and_a_signature_of_each(compared: Callable[[], int]) -> None:
    """A signature that is told apart from its call finds it without a look at the others."""
    calls = Calls()
    for number, name in enumerate(named(range(MANY))):
        calls.add(Call(id=name, index=number, function=Function("f", "{")))
    assert all(calls.sign(name, f"of {name}") for name in named(range(MANY)))
    assert compared() < 20 * MANY
    out: list[Event] = []
    assert calls.events(out, 0, None, all_of_them=True) == MANY
    signed = [event.signature for event in out if isinstance(event, Signed)]
    assert signed == [f"of name{number}" for number in range(MANY)]
    assert sum(isinstance(event, ArgumentsDelta) for event in out) == MANY
