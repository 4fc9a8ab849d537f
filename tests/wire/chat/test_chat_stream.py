"""Streams as chat's clients get them."""

import json
from typing import Any

import msgspec
import pytest
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletionChunk

from tollhouse.core.dialect import Vendor
from tollhouse.wire.chat.conversation import read_conversation
from tollhouse.wire.chat.stream import EventWriter
from tollhouse.wire.json_object import read_request
from tollhouse.wire.neutral.answer import Stop
from tollhouse.wire.neutral.events import (
    ArgumentsDelta,
    Began,
    Cited,
    Ended,
    Event,
    PartBegan,
    PartEnded,
    ReasoningDelta,
    Signed,
    TextDelta,
)
from tollhouse.wire.neutral.heading import Heading
from tollhouse.wire.neutral.losses import Losses
from tollhouse.wire.neutral.parts import Citation, Reasoning, Refusal, Text, ToolCall
from tollhouse.wire.responses.request import write_request
from wire.chat.chat_streams import ASKED, HEADING, USAGE, assembled, deltas, play, sse, written

TOLD = json.loads(USAGE)
WORDS: list[Event] = [
    Began("c-1"),
    PartBegan(0, Text("")),
    TextDelta("a "),
    TextDelta("b"),
    PartEnded(0),
    Ended(Stop.END),
]
EVERYTHING: list[Event] = [
    Began(),
    PartBegan(0, Reasoning(vendor=Vendor.ANTHROPIC)),
    ReasoningDelta("h"),
    ReasoningDelta("m"),
    Signed("sig", Vendor.ANTHROPIC),
    PartEnded(0),
    PartBegan(1, Reasoning(vendor=Vendor.ANTHROPIC, hidden="dark")),
    PartEnded(1),
    PartBegan(2, Reasoning(vendor=Vendor.OPENAI, hidden="x", id="rs_1", summary=True)),
    ReasoningDelta("so"),
    PartEnded(2),
    PartBegan(3, Reasoning()),
    ReasoningDelta("late"),
    ReasoningDelta("r"),
    Signed("who", Vendor.GOOGLE),
    PartEnded(3),
    PartBegan(4, Text("")),
    Cited(Citation("https://a")),
    TextDelta("ab"),
    Cited(Citation(title="a file")),
    PartEnded(4),
    PartBegan(5, Text("")),
    TextDelta("cde"),
    Cited(Citation("https://b", "B", "words", 1, 2)),
    PartEnded(5),
    PartBegan(6, ToolCall("t1", "f", "")),
    ArgumentsDelta('{"a":'),
    ArgumentsDelta('"ж\u2028"}'),
    Signed("gsig", Vendor.GOOGLE),
    PartEnded(6),
    PartBegan(7, ToolCall("t2", "g", "", "early")),
    PartEnded(7),
    PartBegan(8, ToolCall("t3", "h", "", custom=True)),
    ArgumentsDelta("free"),
    PartEnded(8),
    Ended(Stop.TOOLS),
]
TYPED = [*EVERYTHING[:-4], EVERYTHING[-1]]
"""Less the custom call, which the SDK's types of chunks lack."""


def test_the_golden_stream() -> None:
    """The role first, words, the finish reason with usage; nothing but that."""
    common = {
        "id": "c-1",
        "object": "chat.completion.chunk",
        "created": 1760000000,
        "model": "acme/large",
    }

    def choice(delta: Any, finish: str | None = None) -> dict[str, Any]:
        return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}

    assert written(WORDS) == [
        {**common, "choices": [choice({"role": "assistant", "content": "", "refusal": None})]},
        {**common, "choices": [choice({"content": "a "})]},
        {**common, "choices": [choice({"content": "b"})]},
        {**common, "choices": [choice({}, "stop")], "usage": TOLD},
    ]


def test_A03_usage_as_it_is_asked_for() -> None:
    """Who asked gets a last chunk without choices, and null before it."""
    chunks = written(WORDS, ASKED)
    assert [one["usage"] for one in chunks] == [None] * 4 + [TOLD]
    assert chunks[-1]["choices"] == []
    assert chunks[-2]["choices"][0]["finish_reason"] == "stop"
    assert chunks[-1]["id"] == "c-1"


def test_a_stream_that_broke_off_gets_no_end() -> None:
    """Without ``Ended`` there is nothing to finish with."""
    writer = EventWriter(HEADING)
    writer.write(WORDS[:-1])
    assert writer.finish(b"{}") == b""


def test_thoughts_in_two_spellings() -> None:
    """Every delta has the words twice, and what tells whose they are once."""
    found = [one for one in deltas(written(EVERYTHING)) if "reasoning_details" in one]
    claude, openai = "anthropic-claude-v1", "openai-responses-v1"
    text, summary, hidden = "reasoning.text", "reasoning.summary", "reasoning.encrypted"
    details = [one["reasoning_details"][0] for one in found]
    assert details == [
        {"type": text, "text": "h", "format": claude, "index": 0},
        {"type": text, "text": "m", "index": 0},
        {"type": text, "signature": "sig", "index": 0},
        {"type": hidden, "data": "dark", "format": claude, "index": 1},
        {"type": hidden, "data": "x", "format": openai, "id": "rs_1", "index": 2},
        {"type": summary, "summary": "so", "format": openai, "id": "rs_1", "index": 3},
        {"type": text, "text": "late", "index": 4},
        {"type": text, "text": "r", "index": 4},
        {"type": text, "signature": "who", "format": "google-gemini-v1", "index": 4},
    ]
    plain = [one.get("reasoning_content") for one in found]
    assert plain == ["h", "m", None, None, None, "\n\nso", "\n\nlate", "r", None]


def test_calls() -> None:
    """Openers, then arguments; a call without any gets an empty object."""
    found = [one["tool_calls"][0] for one in deltas(written(EVERYTHING)) if "tool_calls" in one]
    assert found == [
        {"index": 0, "id": "t1", "type": "function", "function": {"name": "f", "arguments": ""}},
        {"index": 0, "function": {"arguments": '{"a":'}},
        {"index": 0, "function": {"arguments": '"ж\u2028"}'}},
        {
            "index": 0,
            "function": {"arguments": ""},
            "extra_content": {"google": {"thought_signature": "gsig"}},
        },
        {
            "index": 1,
            "id": "t2",
            "type": "function",
            "function": {"name": "g", "arguments": ""},
            "extra_content": {"google": {"thought_signature": "early"}},
        },
        {"index": 1, "function": {"arguments": "{}"}},
        {"index": 2, "id": "t3", "type": "custom", "custom": {"name": "h", "input": ""}},
        {"index": 2, "custom": {"input": "free"}},
    ]


def test_sources_come_together_before_the_end() -> None:
    """One delta holds all annotations, placed in the whole content."""
    found = deltas(written(EVERYTHING))[-1]
    assert [one["url_citation"] for one in found["annotations"]] == [
        {"url": "https://a", "title": "", "start_index": 0, "end_index": 2},
        {"url": "https://b", "title": "B", "start_index": 3, "end_index": 4, "content": "words"},
    ]


def test_refusals() -> None:
    """Words of refusal stand in their own field."""
    events: list[Event] = [
        Began(),
        PartBegan(0, Refusal("")),
        TextDelta("no"),
        PartEnded(0),
        Ended(Stop.REFUSED),
    ]
    chunks = written(events)
    assert deltas(chunks)[1:] == [{"refusal": "no"}]
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"


def test_probabilities() -> None:
    """Log probabilities stand beside the delta, as they are."""
    told = msgspec.Raw(b'{"content":[{"token":"a","logprob":-0.10}]}')
    events: list[Event] = [
        Began(),
        PartBegan(0, Text("")),
        TextDelta("a", told),
        PartEnded(0),
        Ended(Stop.END),
    ]
    for heading in (HEADING, ASKED):
        assert written(events, heading)[1]["choices"][0]["logprobs"] == {
            "content": [{"token": "a", "logprob": -0.1}]
        }


@pytest.mark.parametrize("heading", [HEADING, ASKED])
@pytest.mark.parametrize("events", [WORDS, TYPED])
def test_the_official_sdk_puts_it_together(events: list[Event], heading: Heading) -> None:
    """The SDK's own accumulation gives the content, the calls, the thoughts and the usage."""
    state = ChatCompletionStreamState()
    for chunk in written(events, heading):
        state.handle_chunk(ChatCompletionChunk.model_validate(chunk))
    final = state.current_completion_snapshot.model_dump()
    message = final["choices"][0]["message"]
    parts = assembled(events)
    assert message["content"] == "".join(part.text for part in parts if isinstance(part, Text))
    assert final["usage"]["cost"] == 0.5
    asked = [part for part in parts if isinstance(part, ToolCall)]
    found = message.get("tool_calls") or []
    assert [(call["id"], call["function"]["name"]) for call in found] == [
        (call.id, call.name) for call in asked
    ]
    if events is TYPED:
        assert found[0]["extra_content"] == {"google": {"thought_signature": "gsig"}}
        assert [
            (one["index"], one.get("format"), one.get("text"), one.get("signature"))
            for one in message["reasoning_details"]
        ] == [
            (0, "anthropic-claude-v1", "hm", "sig"),
            (1, "anthropic-claude-v1", None, None),
            (2, "openai-responses-v1", None, None),
            (3, "openai-responses-v1", None, None),
            (4, "google-gemini-v1", "later", "who"),
        ]


def test_what_is_written_can_be_read() -> None:
    """Our own stream, read as a provider's, has the same parts but for what chat cannot say."""
    heard = play([sse(*written(EVERYTHING), "[DONE]")])
    thoughts, told = heard.parts[:4], assembled(EVERYTHING)[:4]
    late = msgspec.structs.replace(told[3], vendor=Vendor.GOOGLE)
    hidden = msgspec.structs.replace(told[2], summary=False)
    assert thoughts == [told[0], told[1], hidden, late]
    calls = [part for part in heard.parts if isinstance(part, ToolCall)]
    assert calls == [
        ToolCall("t1", "f", '{"a":"ж\u2028"}', "gsig"),
        ToolCall("t2", "g", "{}", "early"),
        ToolCall("t3", "h", "free", custom=True),
    ]
    assert heard.text == "abcde"
    assert heard.stop is Stop.TOOLS
    assert json.loads(heard.usage or b"") == TOLD


SEALED: list[Event] = [
    Began(),
    PartBegan(0, Reasoning(vendor=Vendor.OPENAI, id="rs_1", summary=True)),
    ReasoningDelta("h"),
    ReasoningDelta("m"),
    Signed("gAAA", Vendor.OPENAI),
    PartEnded(0),
    PartBegan(1, Reasoning(vendor=Vendor.OPENAI, id="rs_2", hidden="gBBB")),
    PartEnded(1),
    PartBegan(2, Reasoning(vendor=Vendor.OPENAI, id="rs_3")),
    Signed("gCCC", Vendor.OPENAI),
    PartEnded(2),
    PartBegan(3, Text("")),
    TextDelta("a"),
    PartEnded(3),
    Ended(Stop.END),
]
"""As a provider of responses tells its thoughts."""


def test_H02_openais_cipher_is_a_detail_of_its_own() -> None:
    """Behind the words, with their id: OpenRouter's way. No index is left out."""
    found = [one.get("reasoning_details", []) for one in deltas(written(SEALED))]
    marks = {"format": "openai-responses-v1", "id": "rs_1"}
    hidden = {"type": "reasoning.encrypted", "format": marks["format"]}
    assert [detail for details in found for detail in details] == [
        {"type": "reasoning.summary", "summary": "h", "index": 0, **marks},
        {"type": "reasoning.summary", "summary": "m", "index": 0},
        {**hidden, "data": "gAAA", "id": "rs_1", "index": 1},
        {**hidden, "data": "gBBB", "id": "rs_2", "index": 2},
        {**hidden, "data": "gCCC", "id": "rs_3", "index": 3},
    ]


def test_H02_what_a_client_sends_back_of_openais_thoughts_reaches_openai_whole() -> None:
    """Put together by the SDK, each thought is again one item, with its summary and cipher."""
    state = ChatCompletionStreamState()
    for chunk in written(SEALED):
        state.handle_chunk(ChatCompletionChunk.model_validate(chunk))
    said = state.current_completion_snapshot.choices[0].message.model_dump(exclude_none=True)
    body = {"model": "m", "messages": [said, {"role": "user", "content": "b"}]}
    asked = read_conversation(read_request(json.dumps(body).encode()))
    losses = Losses(allowed=False)
    assert write_request(asked, "gpt-5.1", losses)["input"][:3] == [
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": "hm"}],
            "encrypted_content": "gAAA",
        },
        {"type": "reasoning", "id": "rs_2", "summary": [], "encrypted_content": "gBBB"},
        {"type": "reasoning", "id": "rs_3", "summary": [], "encrypted_content": "gCCC"},
    ]


@pytest.mark.parametrize(
    ("tier", "told"),
    [("priority", "priority"), ("fast", "fast"), ("standard", "default"), ("batch", None)],
)
def test_the_service_tier_is_told_at_the_end(tier: str, told: str | None) -> None:
    """On the chunk with the finish reason and on the one with usage, in OpenAI's words."""
    for heading, chunks in ((HEADING, 1), (ASKED, 2)):
        found = written(WORDS, heading, tier=tier)
        tiers = [one.get("service_tier") for one in found]
        assert tiers == [None] * (len(found) - chunks) + [told] * chunks
        assert found[-1]["usage"] == TOLD
        assert ChatCompletionChunk.model_validate(found[-1], strict=True).service_tier == told


def test_a_signature_before_the_words_of_a_thought() -> None:
    """Both are told, in whole chunks, whichever comes first."""
    events: list[Event] = [
        Began(),
        PartBegan(0, Reasoning(vendor=Vendor.ANTHROPIC)),
        Signed("sig", Vendor.ANTHROPIC),
        ReasoningDelta("h"),
        ReasoningDelta("m"),
        PartEnded(0),
        Ended(Stop.END),
    ]
    told = deltas(written(events))
    assert "".join(one.get("reasoning_content", "") for one in told) == "hm"
    details = [detail for one in told for detail in one.get("reasoning_details", [])]
    assert [detail.get("signature") for detail in details] == ["sig", None, None]
    assert [detail.get("text") for detail in details] == [None, "h", "m"]
