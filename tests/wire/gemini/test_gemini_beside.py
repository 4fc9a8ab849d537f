"""What comes beside Gemini's words: sources, probabilities, and the usage that counts."""

import json
from typing import Any

import msgspec
import pytest

from fakes.gemini_answers import Gemini
from tollhouse.wire.gemini.answer import read_answer
from tollhouse.wire.neutral.answer import Answer
from tollhouse.wire.neutral.events import TextDelta
from tollhouse.wire.neutral.parts import Citation, Text
from wire.gemini.gemini_said import parts_of, piece, read, sse


def _whole(value: Any) -> Answer:
    answer = read_answer(msgspec.json.encode(value))
    assert isinstance(answer, Answer)
    return answer


# --- Sources and probabilities ---

GROUNDING = {
    "groundingChunks": [
        {"web": {"uri": "https://a.example", "title": "A"}},
        {"web": {"uri": "https://b.example", "title": "B"}},
        {"retrievedContext": {"text": "words of a store"}},
    ],
    "groundingSupports": [
        {"segment": {"startIndex": 4, "endIndex": 9, "text": "heiß"}, "groundingChunkIndices": [0]},
        {"segment": {"endIndex": 3, "text": "Töt"}, "groundingChunkIndices": [7, 0, 2]},
    ],
}


def test_sources_count_characters() -> None:
    """A segment in bytes is a place in characters; a place that does not fit is looked for."""
    said = Gemini("Es ist heiß", grounding=GROUNDING)
    segment = {"startIndex": 7, "endIndex": 12, "text": "heiß"}
    supports = [{"segment": segment, "groundingChunkIndices": [0]}]
    right = Gemini("Es ist heiß", grounding=GROUNDING | {"groundingSupports": supports})
    for one in (said, right):
        (text,) = _whole(one.whole()).parts
        assert isinstance(text, Text)
        assert text.citations[0] == Citation("https://a.example", "A", None, 7, 11)
        assert Citation("https://b.example", "B") in text.citations
        events, _ = read(sse(*one.events()))
        assert parts_of(events) == [text]


def test_sources_are_told_once() -> None:
    """A stream that repeats its sources in every event cites each once."""
    chunks = [
        piece({"text": word}, groundingMetadata={"groundingChunks": GROUNDING["groundingChunks"]})
        for word in ("a", "b", "c")
    ]
    events, _ = read(sse(*chunks, piece(finishReason="STOP")))
    (text,) = parts_of(events)
    assert [citation.url for citation in text.citations] == [
        "https://a.example",
        "https://b.example",
    ]


def test_probabilities_are_in_chats_spelling() -> None:
    """Tokens, logarithms as they were spelled, bytes, and the alternatives of each step."""
    result = {
        "chosenCandidates": [{"token": "é", "tokenId": 5, "logProbability": -0.10}],
        "topCandidates": [{"candidates": [{"token": "e", "logProbability": -2.5}]}],
    }
    chunk = piece({"text": "é"}, finishReason="STOP", logprobsResult=result)
    told = {
        "content": [
            {
                "token": "é",
                "logprob": -0.1,
                "bytes": [195, 169],
                "top_logprobs": [{"token": "e", "logprob": -2.5, "bytes": [101]}],
            }
        ],
        "refusal": None,
    }
    answer = _whole(chunk)
    assert answer.logprobs is not None
    assert json.loads(bytes(answer.logprobs)) == told
    events, _ = read(sse(chunk))
    (delta,) = [event for event in events if isinstance(event, TextDelta)]
    assert delta.logprobs is not None
    assert json.loads(bytes(delta.logprobs)) == told


# --- Usage ---


def test_last_usage_with_counts_is_the_answers() -> None:
    """Usage grows from event to event; one that only tells the tier takes nothing away."""
    first = piece({"text": "a"}) | {"usageMetadata": {"trafficType": "ON_DEMAND_FLEX"}}
    second = piece({"text": "b"}) | {"usageMetadata": {"promptTokenCount": 3, "totalTokenCount": 4}}
    last = piece(finishReason="STOP") | {"usageMetadata": {"trafficType": "ON_DEMAND"}}
    _, reader = read(sse(first, second, last))
    assert json.loads(reader.usage or b"") == {"promptTokenCount": 3, "totalTokenCount": 4}
    assert reader.service_tier == "flex"
    _, reader = read(sse(first))
    assert json.loads(reader.usage or b"") == {"trafficType": "ON_DEMAND_FLEX"}


@pytest.mark.parametrize("usage", [None, {}, "absent"])
def test_no_usage_is_none(usage: Any) -> None:
    """A usage that tells nothing is none, so that an estimate takes its place."""
    chunk = piece({"text": "abc"}, finishReason="STOP")
    if usage != "absent":
        chunk["usageMetadata"] = usage
    answer = _whole(chunk)
    assert answer.usage is None
    assert answer.content_bytes == 3
    _, reader = read(sse(chunk))
    assert reader.usage is None
