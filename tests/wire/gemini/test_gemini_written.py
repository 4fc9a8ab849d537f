"""Where Gemini's signatures stand in what clients of each dialect are given."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from fakes.gemini_answers import SIGNATURE, FunctionCall, Gemini, parallel
from tollhouse.core.dialect import Dialect
from tollhouse.wire import tongues
from tollhouse.wire.gemini.answer import read_answer
from tollhouse.wire.neutral.answer import Answer
from tollhouse.wire.neutral.events import PartBegan, Signed
from tollhouse.wire.neutral.heading import Heading
from tollhouse.wire.neutral.parts import ToolCall
from tollhouse.wire.sse import FrameSplitter, data_of
from wire.gemini.gemini_said import piece, read, sse

HEADING = Heading("id1", "m", 1)
CALLING = Gemini("Well", thoughts="I think.", calls=parallel())
OF_CALL = f"tollhouse:google:call:fc000001:{SIGNATURE}"


def streamed(said: Gemini, client: Dialect) -> list[Any]:
    """The events of a client's stream, but for the one that only says that it is done."""
    events, _ = read(sse(*said.events()))
    writer = tongues.client(client).writer(HEADING)
    frames = FrameSplitter().feed(writer.write(events) + writer.finish(b"{}"))
    told = [data_of(frame) or b"" for frame in frames]
    return [msgspec.json.decode(data) for data in told if data != b"[DONE]"]


def whole(said: Any, client: Dialect) -> Any:
    """A client's whole answer."""
    answer = read_answer(msgspec.json.encode(said))
    assert isinstance(answer, Answer)
    return msgspec.json.decode(tongues.client(client).write_answer(answer, HEADING, b"{}"))


def test_a_call_begins_with_its_signature() -> None:
    """Gemini gives both in one part, and so both are told at once, not the one behind the other."""
    events, _ = read(sse(*CALLING.events()))
    begun = [event.part for event in events if isinstance(event, PartBegan)]
    calls = [part for part in begun if isinstance(part, ToolCall)]
    assert [call.signature for call in calls] == [SIGNATURE, None]
    assert not any(isinstance(event, Signed) for event in events)


def test_chat_s_signature_is_in_the_delta_that_opens_the_call() -> None:
    """Clients read it there and nowhere else."""
    deltas = [chunk["choices"][0]["delta"] for chunk in streamed(CALLING, Dialect.CHAT)]
    calls = [call for delta in deltas for call in delta.get("tool_calls", [])]
    openers = [call for call in calls if "id" in call]
    google = {"google": {"thought_signature": SIGNATURE}}
    assert [call.get("extra_content") for call in openers] == [google, None]
    assert [call for call in calls if "extra_content" in call] == openers[:1]


def test_messages_have_a_call_s_signature_before_the_call() -> None:
    """As in the whole answer: no answer ends on a block that nobody can show."""
    events = streamed(CALLING, Dialect.MESSAGES)
    blocks = [event["content_block"] for event in events if "content_block" in event]
    kinds = ["thinking", "text", "redacted_thinking", "tool_use", "tool_use"]
    assert [block["type"] for block in blocks] == kinds
    assert blocks[2]["data"] == OF_CALL
    content = whole(CALLING.whole(), Dialect.MESSAGES)["content"]
    assert [block["type"] for block in content] == kinds


def test_responses_have_a_call_s_signature_before_the_call() -> None:
    """As in the whole answer, and as OpenAI's own thoughts stand."""
    events = streamed(CALLING, Dialect.RESPONSES)
    done = [event for event in events if event["type"] == "response.output_item.done"]
    kinds = ["reasoning", "message", "reasoning", "function_call", "function_call"]
    assert [event["item"]["type"] for event in done] == kinds
    assert [event["output_index"] for event in done] == list(range(5))
    assert done[2]["item"]["encrypted_content"] == OF_CALL
    assert events[-1]["response"]["output"] == [event["item"] for event in done]
    output = whole(CALLING.whole(), Dialect.RESPONSES)["output"]
    assert [item["type"] for item in output] == kinds


def test_an_argument_less_call_has_its_signature_first_too() -> None:
    """Nothing but the call is told, and it is the last that there is."""
    said = Gemini("", calls=[FunctionCall("now", {}, "c1", SIGNATURE)])
    events = streamed(said, Dialect.MESSAGES)
    blocks = [event["content_block"]["type"] for event in events if "content_block" in event]
    assert blocks == ["redacted_thinking", "tool_use"]


# --- Of a text, in a whole answer ---

THINKING = {"text": "I think.", "thought": True}


@pytest.mark.parametrize(
    ("parts", "blocks"),
    [
        (
            [THINKING, {"text": "Hi", "thoughtSignature": "c2E="}],
            [("thinking", "I think.", "tollhouse:google:signature:c2E="), ("text", "Hi", None)],
        ),
        (
            [THINKING, {"text": "", "thoughtSignature": "c2E="}],
            [("thinking", "I think.", "tollhouse:google:signature:c2E=")],
        ),
        (
            [{"text": "Hi", "thoughtSignature": "c2E="}],
            [("text", "Hi", None), ("thinking", "", "tollhouse:google:signature:c2E=")],
        ),
        (
            [
                THINKING,
                {"text": "a"},
                {"functionCall": {"name": "f", "id": "c"}},
                {"text": "b", "thoughtSignature": "c2E="},
            ],
            [
                ("thinking", "I think.", "tollhouse:unsigned"),
                ("text", "a", None),
                ("tool_use", None, None),
                ("text", "b", None),
                ("thinking", "", "tollhouse:google:signature:c2E="),
            ],
        ),
    ],
)
def test_a_text_s_signature_is_on_the_thought_before_it(
    parts: Sequence[Any], blocks: Sequence[Any]
) -> None:
    """Where there is one right before it; an answer need not end on a thought that says nothing."""
    content = whole(piece(*parts, finishReason="STOP"), Dialect.MESSAGES)["content"]
    told = [
        (block["type"], block.get("thinking", block.get("text")), block.get("signature"))
        for block in content
    ]
    assert told == blocks


def test_chat_and_responses_have_one_thought_for_one_thought() -> None:
    """With its words, and the signature of the text behind it."""
    said = piece(THINKING, {"text": "Hi", "thoughtSignature": "c2E="}, finishReason="STOP")
    message = whole(said, Dialect.CHAT)["choices"][0]["message"]
    (detail,) = message["reasoning_details"]
    assert (detail["summary"], detail["signature"]) == ("I think.", "c2E=")
    reasoning, answered = whole(said, Dialect.RESPONSES)["output"]
    assert reasoning["summary"] == [{"type": "summary_text", "text": "I think."}]
    assert reasoning["encrypted_content"] == "tollhouse:google:signature:c2E="
    assert answered["type"] == "message"
