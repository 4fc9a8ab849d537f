"""Gemini's answers, whole and streamed: every kind of part, every stop, errors and what is none."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.gemini_answers import (
    RESPONSE_ID,
    SIGNATURE,
    USAGE,
    FunctionCall,
    Gemini,
    error_object,
    parallel,
)
from tollhouse.core.dialect import Vendor
from tollhouse.wire.gemini.answer import read_answer
from tollhouse.wire.gemini.events import EventReader
from tollhouse.wire.gemini.stops import READ, stop_of
from tollhouse.wire.neutral.answer import Answer, NotAnAnswer, Stop
from tollhouse.wire.neutral.events import Ended
from tollhouse.wire.neutral.parts import (
    Image,
    Media,
    Opaque,
    Reasoning,
    Text,
    ToolCall,
)
from wire.gemini.gemini_said import parts_of, piece, read, sse

THOUGHTS = Reasoning("I think.", vendor=Vendor.GOOGLE, summary=True)
SIGNED = Reasoning(vendor=Vendor.GOOGLE, signature=SIGNATURE)
PARALLEL = (
    ToolCall("fc000001", "add", '{"a":2,"b":3}', SIGNATURE),
    ToolCall("fc000002", "multiply", '{"a":2,"b":3}'),
)


def _whole(value: Any) -> Answer:
    answer = read_answer(msgspec.json.encode(value))
    assert isinstance(answer, Answer)
    return answer


@pytest.mark.parametrize(
    ("said", "parts", "stop"),
    [
        (Gemini("Hi there"), (Text("Hi there"),), Stop.END),
        (Gemini("Hi", thoughts="I think."), (THOUGHTS, Text("Hi")), Stop.END),
        (Gemini("Hi", signature=SIGNATURE), (Text("Hi"), SIGNED), Stop.END),
        (Gemini("", calls=parallel()), PARALLEL, Stop.TOOLS),
        (
            Gemini("Well", thoughts="I think.", calls=parallel()),
            (THOUGHTS, Text("Well"), *PARALLEL),
            Stop.TOOLS,
        ),
        (Gemini("Hi", finish_reason="MAX_TOKENS"), (Text("Hi"),), Stop.LENGTH),
        (Gemini("", finish_reason="SAFETY"), (), Stop.FILTERED),
        (Gemini("", calls=parallel(), finish_reason="SAFETY"), PARALLEL, Stop.FILTERED),
        (Gemini("", finish_reason="MALFORMED_FUNCTION_CALL"), (), Stop.FAILED),
    ],
)
def test_whole_and_streamed_answers_say_the_same(
    said: Gemini, parts: tuple[Any, ...], stop: Stop
) -> None:
    """A stream makes the parts, the stop and the usage of the whole answer."""
    answer = _whole(said.whole())
    assert answer.parts == parts
    assert answer.stop is stop
    assert answer.id == RESPONSE_ID
    assert json.loads(answer.usage or b"") == USAGE
    events, reader = read(sse(*said.events()))
    assert tuple(parts_of(events)) == parts
    assert events[-1] == Ended(stop)
    assert json.loads(reader.usage or b"") == USAGE
    assert reader.content_bytes == answer.content_bytes


@pytest.mark.parametrize("reason", sorted(READ))
def test_h03_a_call_makes_a_sound_end_wait_for_tools(reason: str) -> None:
    """Only a sound end becomes one that waits for tools."""
    stop = stop_of(reason, called=False)
    called = stop_of(reason, called=True)
    assert called is (Stop.TOOLS if stop is Stop.END else stop)


def test_unknown_reason_is_no_sound_end() -> None:
    """A word that Google adds tomorrow is not taken for success."""
    assert stop_of("SOMETHING_NEW", called=True) is Stop.FAILED


def test_pieces_of_one_text_are_one_part() -> None:
    """Text that follows text is the same part, whole or streamed, and empty text is none."""
    pieces = [{"text": "a"}, {"text": ""}, {"text": "b"}]
    answer = _whole(piece(*pieces, finishReason="STOP"))
    assert answer.parts == (Text("ab"),)
    events, _ = read(sse(*[piece(one) for one in pieces], piece(finishReason="STOP")))
    assert parts_of(events) == [Text("ab")]


def test_signature_in_the_middle_does_not_split_a_text() -> None:
    """A signature on the first piece of a text is told behind the whole of it."""
    chunks = [piece({"text": "a", "thoughtSignature": "x=="}), piece({"text": "b"})]
    events, _ = read(sse(*chunks, piece(finishReason="STOP")))
    assert parts_of(events) == [Text("ab"), Reasoning(vendor=Vendor.GOOGLE, signature="x==")]


def test_call_without_id_gets_one_of_its_own() -> None:
    """Ids are made of the answer's, so that two turns of a conversation never share one."""
    said = Gemini("", calls=[FunctionCall("f", id=None), FunctionCall("f", id=None)])
    answer = _whole(said.whole())
    assert [part.id for part in answer.parts if isinstance(part, ToolCall)] == [
        f"call_{RESPONSE_ID}_0",
        f"call_{RESPONSE_ID}_1",
    ]
    nameless = said.whole() | {"responseId": None}
    assert isinstance(first := _whole(nameless).parts[0], ToolCall)
    assert first.id == "call_0"


@pytest.mark.parametrize("args", [{}, {"args": None}, {"args": {}}])
def test_call_without_arguments_has_an_empty_object(args: dict[str, Any]) -> None:
    """Google leaves empty arguments out; a client would fail to parse nothing at all."""
    answer = _whole(piece({"functionCall": {"name": "f", "id": "1", **args}}, finishReason="STOP"))
    assert answer.parts == (ToolCall("1", "f", "{}"),)


def test_numbers_in_arguments_keep_their_spelling() -> None:
    """Arguments go to the client as they were generated."""
    body = (
        b'{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","id":"1","args":'
        b'{"x":1.10,"y":12345678901234567890}}}]},"finishReason":"STOP"}]}'
    )
    answer = read_answer(body)
    assert isinstance(answer, Answer)
    assert answer.parts == (ToolCall("1", "f", '{"x":1.10,"y":12345678901234567890}'),)


def test_the_vendors_own_tools_stand_in_a_whole_answer() -> None:
    """What only a whole answer can hold is there in order; a stream goes on without it."""
    parts = [
        {"text": "Look: "},
        {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}},
        {"executableCode": {"language": "PYTHON", "code": "1+1"}},
        {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "2"}},
        {"toolCall": {"toolType": "GOOGLE_SEARCH_WEB"}, "thoughtSignature": "x"},
        {"inlineData": {"mimeType": "audio/pcm", "data": "AAAA"}},
        {"text": "Two."},
    ]
    chunk = piece(*parts, finishReason="STOP")
    assert _whole(chunk).parts == (
        Text("Look: "),
        Image(Media("image/png", "iVBORw0KGgo=")),
        Opaque("executableCode"),
        Opaque("codeExecutionResult"),
        Opaque("toolCall"),
        Opaque("inlineData"),
        Text("Two."),
    )
    events, reader = read(sse(chunk))
    picture = Image(Media("image/png", "iVBORw0KGgo="))
    assert parts_of(events) == [Text("Look: "), picture, Text("Two.")]
    assert reader.ended


def test_only_the_first_candidate_counts() -> None:
    """The gateway asks for one answer; others that come all the same are not mixed into it."""
    second = {"index": 1, "content": {"parts": [{"text": "B"}]}, "finishReason": "SAFETY"}
    chunk = piece({"text": "A"}, finishReason="STOP")
    chunk["candidates"].insert(0, second)
    assert _whole(chunk).parts == (Text("A"),)
    assert _whole(chunk).stop is Stop.END


# --- What is no answer ---

ERROR = error_object(503, "UNAVAILABLE", "The model is overloaded.")


@pytest.mark.parametrize("body", [{"error": ERROR}, [{"error": ERROR}]])
def test_h04_error_in_a_200_is_no_answer(body: Any) -> None:
    """An error object is told as one, alone or in a list."""
    answer = read_answer(json.dumps(body, indent=2).encode())
    assert isinstance(answer, NotAnAnswer)
    assert json.loads(answer.error or b"") == ERROR


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"candidates":[]}',
        b'{"candidates":[{"index":0}]}',
        b'{"error":null}',
        b"<html></html>",
        b'{"candidates":[{"content"',
        b'{"candidates":"no"}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_h04_nothing_is_no_answer(body: bytes) -> None:
    """Null, emptiness, HTML and cut-off JSON are no answers, and nothing is raised."""
    answer = read_answer(body)
    assert isinstance(answer, NotAnAnswer)
    assert answer.error is None


def test_blocked_prompt_is_a_filtered_answer() -> None:
    """A prompt that Google would not answer gives an empty answer that says so, billed as told."""
    chunk = {
        "promptFeedback": {"blockReason": "SAFETY"},
        "usageMetadata": {"promptTokenCount": 9, "totalTokenCount": 9},
    }
    answer = _whole(chunk)
    assert (answer.parts, answer.stop) == ((), Stop.FILTERED)
    assert answer.usage is not None
    events, reader = read(sse(chunk))
    assert events[-1] == Ended(Stop.FILTERED)
    assert reader.ended


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(
    "tail",
    [
        b"data: " + json.dumps({"error": ERROR}).encode() + b"\n\n",
        b"data: " + json.dumps([{"error": ERROR}]).encode() + b"\n\n",
        b"data: " + json.dumps({"error": ERROR}).encode(),
        json.dumps([{"error": ERROR}], indent=2).encode(),
        json.dumps({"error": ERROR}, indent=2).encode() + b"\n\n",
    ],
)
def test_error_in_a_stream_ends_it(tail: bytes, newline: str) -> None:
    """An error is told wherever it comes and however it is framed; nothing follows it."""
    body = sse(piece({"text": "a"}), newline=newline) + tail
    for cut in range(0, len(body), 7):
        events, reader = read(body, cut)
        assert json.loads(reader.error or b"") == ERROR
        assert not reader.ended
        assert not any(isinstance(event, Ended) for event in events)
    assert reader.feed(sse(piece(finishReason="STOP"))) == []
    assert reader.end() == []


def test_nonsense_in_a_stream_is_malformed() -> None:
    """An event that is no JSON, or not Google's, ends the stream as malformed."""
    for data in (b"data: {nonsense\n\n", b'data: {"candidates": 3}\n\n', b"data: \xff\n\n"):
        reader = EventReader()
        reader.feed(sse(piece({"text": "a"})))
        assert reader.feed(data + sse(piece(finishReason="STOP"))) == []
        assert reader.malformed
        assert reader.end() == []
        assert not reader.ended


def test_comments_and_done_are_skipped() -> None:
    """What proxies put in between is no event."""
    body = (
        b": keep-alive\n\n" + sse(piece({"text": "a"}, finishReason="STOP")) + b"data: [DONE]\n\n"
    )
    events, reader = read(body)
    assert reader.ended
    assert parts_of(events) == [Text("a")]


def test_content_behind_the_finish_reason_still_counts() -> None:
    """Google's last word is the end of the body, not the finish reason."""
    body = sse(piece({"text": "a"}, finishReason="STOP"), piece({"text": "b"}))
    events, _ = read(body)
    assert parts_of(events) == [Text("ab")]


@given(st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_bytes_can_be_read(data: bytes) -> None:
    """Nothing that a provider sends makes a reader raise."""
    read_answer(data)
    for body in (data, b"data: " + data + b"\n\n", sse(piece({"text": "a"})) + data):
        read(body)


_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["candidates", "content", "parts", "text", "functionCall", "args", "name", "index"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(_JUNK)
@settings(max_examples=150, deadline=None)
def test_any_json_can_be_read(value: Any) -> None:
    """Whatever shape an answer has, it is one or it is not."""
    body = msgspec.json.encode(value)
    assert isinstance(read_answer(body), Answer | NotAnAnswer)
    parts_of(read(b"data: " + body + b"\n\n")[0])


@pytest.mark.parametrize(
    ("told", "number"),
    [
        (b"-0.25", -0.25),
        (b"-1e-7", -1e-7),
        (b"0", 0),
        (b"null", 0),
        (b'"\xc3"', 0),
        (b'"NaN"', 0),
        (b'{"a":[[1]]}', 0),
        (b"[-0.5]", 0),
    ],
)
def test_a_probability_is_a_number(told: bytes, number: float) -> None:
    """What else stands in its place goes to no client."""
    token = b'{"token":"a","logProbability":' + told + b"}"
    body = b'{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP",'
    body += b'"logprobsResult":{"chosenCandidates":[' + token + b"]}}]}"
    answer = read_answer(body)
    assert isinstance(answer, Answer)
    assert answer.logprobs is not None
    (said,) = json.loads(bytes(answer.logprobs))["content"]
    assert (said["token"], said["logprob"]) == ("a", number)
