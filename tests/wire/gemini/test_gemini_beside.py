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

GROUNDING: dict[str, Any] = {
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


def supported(*segments: dict[str, Any], index: int = 0) -> dict[str, Any]:
    """A page that these segments rest on."""
    return {
        "groundingChunks": GROUNDING["groundingChunks"][: index + 1],
        "groundingSupports": [
            {"segment": segment, "groundingChunkIndices": [index]} for segment in segments
        ],
    }


A = "https://a.example"
B = "https://b.example"


def test_sources_are_placed_in_the_whole_text() -> None:
    """What an event says of words that are yet to come is understood, and told once, at the end."""
    early = supported({"startIndex": 6, "endIndex": 11, "text": "there"})
    late = supported({"startIndex": 0, "endIndex": 5, "text": "hello"}, index=1)
    events, _ = read(
        sse(
            piece({"text": "hello "}, groundingMetadata=early),
            piece({"text": "there"}, groundingMetadata=early),
            piece({"text": "!"}, groundingMetadata=late),
            piece(finishReason="STOP"),
        )
    )
    places = (Citation(A, "A", None, 6, 11), Citation(B, "B", None, 0, 5))
    assert parts_of(events) == [Text("hello there!", citations=places)]


def test_a_source_is_of_the_text_that_was_open() -> None:
    """A call ends a text, and its sources are told before it; the next text has its own."""
    words = {"endIndex": 1, "text": "a"}
    events, _ = read(
        sse(
            piece({"text": "a"}, groundingMetadata=supported(words)),
            piece({"functionCall": {"name": "f"}}),
            piece({"text": "b"}, groundingMetadata=supported(words, index=1)),
            piece(finishReason="STOP"),
        )
    )
    before, _, behind = parts_of(events)
    assert before.citations == (Citation(A, "A", None, 0, 1),)
    assert behind.citations == (Citation(B, "B"), Citation(A, "A"))


def test_places_in_a_long_text_of_many_alphabets() -> None:
    """Bytes are counted into characters wherever they are; in the midst of one is no place."""
    text = "aé日🙂" * 2000
    edges = [len(text[:i].encode()) for i in range(len(text) + 1)]
    wanted = [(0, 4), (1021, 1023), (409, 411), (4094, 4098), (7996, 8000), (8000, 8000)]
    segments = [{"startIndex": edges[start], "endIndex": edges[end]} for start, end in wanted]
    inside = [{"startIndex": 2, "endIndex": 6}, {"startIndex": 0, "endIndex": 4}]
    beyond = [{"endIndex": edges[-1] + 1}, {"startIndex": 9, "endIndex": 3}, {"startIndex": -1}]
    answer = _whole(
        piece(
            {"text": text},
            finishReason="STOP",
            groundingMetadata=supported(*segments, *inside, *beyond),
        )
    )
    (part,) = answer.parts
    assert isinstance(part, Text)
    assert [(one.start, one.end) for one in part.citations] == [*wanted, (None, None)]


def test_words_are_not_looked_for_without_end() -> None:
    """A long text with many words that stand elsewhere: the last of them have no place."""
    text = "a" * 1_000_000 + "the end"
    wrong = [{"startIndex": i, "endIndex": i + 3, "text": "end"} for i in range(10)]
    answer = _whole(piece({"text": text}, finishReason="STOP", groundingMetadata=supported(*wrong)))
    (part,) = answer.parts
    assert isinstance(part, Text)
    placed, unplaced = part.citations
    assert (placed.start, placed.end) == (1_000_004, 1_000_007)
    assert unplaced.start is None


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
