"""Anthropic's whole answers, read and written."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tollhouse.core.dialect import Vendor
from tollhouse.wire.anthropic.answer import read_answer
from tollhouse.wire.anthropic.conversation import read_conversation
from tollhouse.wire.anthropic.count import read_count
from tollhouse.wire.anthropic.reply import write_answer
from tollhouse.wire.anthropic.stops import READ, WRITTEN, read_stop
from tollhouse.wire.json_object import read_request
from tollhouse.wire.neutral.answer import Answer, NotAnAnswer, Stop
from tollhouse.wire.neutral.heading import Heading
from tollhouse.wire.neutral.parts import Citation, Part, Reasoning, Refusal, Text, ToolCall

HEADING = Heading("abc-1", "our/model", 1_700_000_000)
USAGE = b'{"input_tokens": 3,"output_tokens":4.0,"cost":0.0000000001}'


def read(**fields: Any) -> Answer | NotAnAnswer:
    """Read an answer of these fields."""
    return read_answer(json.dumps({"type": "message", "content": []} | fields).encode())


def answer(*blocks: Any, **fields: Any) -> Answer:
    """Read an answer of these blocks."""
    found = read(content=list(blocks), **fields)
    assert isinstance(found, Answer)
    return found


def written(*parts: Part, **fields: Any) -> Any:
    """What a client gets of an answer of these parts."""
    fields = {"stop": Stop.END} | fields
    return json.loads(write_answer(Answer(parts, **fields), HEADING, USAGE))


# --- Read ---


def test_an_answer() -> None:
    """Parts, stop, usage and tier; blocks of Anthropic's own tools are skipped."""
    usage = {"input_tokens": 3, "output_tokens": 4, "service_tier": "priority"}
    found = answer(
        {"type": "thinking", "thinking": "Hm", "signature": "EqQB"},
        {"type": "redacted_thinking", "data": "EmwK"},
        {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"q": 1}},
        {"type": "web_search_tool_result", "tool_use_id": "s", "content": [{"url": "u"}]},
        {"type": "text", "text": "Hi", "citations": [{"url": "u", "title": "t"}]},
        {"type": "text", "text": ""},
        {"type": "tool_use", "id": "t", "name": "f", "input": {"a": [1]}},
        {"type": "tool_use", "id": "t2", "name": "g", "input": {}},
        id="msg_1",
        stop_reason="tool_use",
        usage=usage,
    )
    assert found.parts == (
        Reasoning("Hm", Vendor.ANTHROPIC, "EqQB"),
        Reasoning(vendor=Vendor.ANTHROPIC, hidden="EmwK"),
        Text("Hi", citations=(Citation("u", "t"),)),
        ToolCall("t", "f", '{"a": [1]}'),
        ToolCall("t2", "g", "{}"),
    )
    assert (found.id, found.stop, found.service_tier) == ("msg_1", Stop.TOOLS, "priority")
    assert json.loads(found.usage or b"") == usage
    assert found.content_bytes > 100


def test_a_refusal_says_why() -> None:
    """Where Anthropic explains why the model declined, those are the words of it."""
    why = {"type": "refusal", "category": "x", "explanation": "Not this."}
    found = answer(stop_reason="refusal", stop_details=why)
    assert (found.parts, found.stop) == ((Refusal("Not this."),), Stop.REFUSED)
    assert answer(stop_reason="refusal", stop_details=None).parts == ()


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", None),
        (b"null", None),
        (b"<html>", None),
        (b"[]", None),
        (b'{"type":"message","content":[{"type":"text"', None),
        (b"{}", None),
        (b'{"content":null}', None),
        (b'{"content":"text"}', None),
        (b'{"content":[{"text":"no type"}]}', None),
        (b'{"content":[{"type":"text","text":5}]}', None),
        (b'{"error":{"type":"api_error"}}', b'{"type":"api_error"}'),
        (b'{"type":"error","error":{"type":"overloaded_error"},"content":[]}', b'{"type":"over'),
        (b'{"type":"error"}', b"{}"),
    ],
)
def test_H04_what_is_no_answer(body: bytes, error: bytes | None) -> None:
    """Errors in a 200, other shapes and cut-off JSON; the provider's error is kept."""
    found = read_answer(body)
    assert isinstance(found, NotAnAnswer)
    assert found.error == error or (found.error or b"").startswith(error or b"-")


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=60)
    | st.text(alphabet='{}[]":,typecontxu', max_size=60).map(str.encode)
    | st.sampled_from([b'{"content":[{"type":"tool_use","input":', b'{"content":[1e999]}'])
)
def test_any_bytes_are_read(body: bytes) -> None:
    """A provider's bytes are an answer or none, and never an exception."""
    assert isinstance(read_answer(body), Answer | NotAnAnswer)


# --- Stops ---


@pytest.mark.parametrize(
    ("word", "called", "stop"),
    [
        ("end_turn", False, Stop.END),
        ("end_turn", True, Stop.TOOLS),
        ("stop_sequence", True, Stop.TOOLS),
        ("tool_use", True, Stop.TOOLS),
        ("max_tokens", True, Stop.LENGTH),
        ("refusal", True, Stop.REFUSED),
        ("pause_turn", False, Stop.PAUSED),
        ("model_context_window_exceeded", False, Stop.CONTEXT),
        ("a new word", False, Stop.END),
        (None, False, Stop.END),
    ],
)
def test_H03_a_tool_call_wins_over_every_sound_end(
    word: str | None,
    called: bool,  # noqa: FBT001 - a table
    stop: Stop,
) -> None:
    """Agents go by it; an answer that was cut off is cut off all the same."""
    assert read_stop(word, called=called) is stop


def test_H03_every_stop_has_a_word() -> None:
    """And the words that Anthropic has for one come back as it."""
    assert WRITTEN.keys() == set(Stop)
    for stop in READ.values():
        assert READ[WRITTEN[stop]] is stop


# --- Written ---


def test_a_reply() -> None:
    """The whole shape, with the served model and the finished usage as it was written."""
    body = write_answer(
        Answer((Text("Hi"),), Stop.STOP_SEQUENCE, stop_sequence="END"), HEADING, USAGE
    )
    assert body.endswith(b'"usage":' + USAGE + b"}")
    assert json.loads(body) == {
        "id": "msg_abc-1",
        "type": "message",
        "role": "assistant",
        "model": "our/model",
        "content": [{"type": "text", "text": "Hi"}],
        "stop_reason": "stop_sequence",
        "stop_sequence": "END",
        "usage": json.loads(USAGE),
    }
    assert written(id="resp_1")["id"] == "resp_1"


@pytest.mark.parametrize(
    ("part", "blocks"),
    [
        (Text(""), []),
        (Refusal("No."), [{"type": "text", "text": "No."}]),
        (
            Text("Hi", citations=(Citation("u", None, "c"), Citation(title="a document"))),
            [
                {
                    "type": "text",
                    "text": "Hi",
                    "citations": [
                        {
                            "type": "web_search_result_location",
                            "url": "u",
                            "title": None,
                            "cited_text": "c",
                            "encrypted_index": "tollhouse:foreign",
                        }
                    ],
                }
            ],
        ),
        (
            Reasoning("Hm", Vendor.ANTHROPIC, "EqQB"),
            [{"type": "thinking", "thinking": "Hm", "signature": "EqQB"}],
        ),
        (
            Reasoning("Hm"),
            [{"type": "thinking", "thinking": "Hm", "signature": "tollhouse:unsigned"}],
        ),
        (
            Reasoning("Hm", Vendor.GOOGLE, "Cx"),
            [{"type": "thinking", "thinking": "Hm", "signature": "tollhouse:google:signature:Cx"}],
        ),
        (
            Reasoning(vendor=Vendor.ANTHROPIC, hidden="EmwK"),
            [{"type": "redacted_thinking", "data": "EmwK"}],
        ),
        (
            Reasoning("In short", Vendor.OPENAI, hidden="gA", summary=True),
            [
                {
                    "type": "thinking",
                    "thinking": "In short",
                    "signature": "tollhouse:openai:hidden:gA",
                }
            ],
        ),
        (
            ToolCall("c", "f", '{"a":1}', signature="Cx"),
            [
                {"type": "redacted_thinking", "data": "tollhouse:google:call:c:Cx"},
                {"type": "tool_use", "id": "c", "name": "f", "input": {"a": 1}},
            ],
        ),
        (ToolCall("c", "f", ""), [{"type": "tool_use", "id": "c", "name": "f", "input": {}}]),
        (
            ToolCall("c", "f", '{"a'),
            [{"type": "tool_use", "id": "c", "name": "f", "input": {"INVALID_JSON": '{"a'}}],
        ),
    ],
)
def test_parts_as_blocks(part: Part, blocks: Any) -> None:
    """Every part that an answer can have."""
    assert written(part)["content"] == blocks


@pytest.mark.parametrize("vendor", [None, Vendor.GOOGLE, Vendor.ANTHROPIC])
def test_H02_who_asked_for_no_thinking_is_told_no_empty_thought(vendor: Vendor | None) -> None:
    """A thought without words is told for its signature's sake, and there only Anthropic's is."""
    whole = Answer((Text("Hi"), Reasoning("", vendor, "Cx")), stop=Stop.END)
    heading = msgspec.structs.replace(HEADING, asked_thoughts=False)
    kinds = [block["type"] for block in json.loads(write_answer(whole, heading, USAGE))["content"]]
    assert kinds == (["text", "thinking"] if vendor is Vendor.ANTHROPIC else ["text"])
    assert written(*whole.parts)["content"][1]["type"] == "thinking"


PARTS = (
    Reasoning("Hm", Vendor.ANTHROPIC, "EqQB"),
    Reasoning("Hm", Vendor.GOOGLE, "Cx:y=="),
    Reasoning("Hm", Vendor.AMAZON, "Nv"),
    Reasoning("Hm"),
    Reasoning(vendor=Vendor.ANTHROPIC, hidden="EmwK"),
    Reasoning(vendor=Vendor.OPENAI, hidden="gA"),
    Reasoning("In short", Vendor.OPENAI, hidden="gA", summary=True),
    Text("Hi"),
    ToolCall("call:1", "f", '{"a": 1.50}', signature="Cx"),
    ToolCall("2", "g", "{}"),
)


def test_H02_what_a_client_sends_back_is_what_was_answered() -> None:
    """Signatures of every vendor come back whole through a client of this dialect."""
    body = written(*PARTS)
    back = {"max_tokens": 1, "messages": [{"role": "assistant", "content": body["content"]}]}
    sent = json.dumps(back).replace('"a": 1.5', '"a": 1.50').encode()
    (message,) = read_conversation(read_request(sent)).messages
    plain = tuple(
        msgspec.structs.replace(part, at="") if hasattr(part, "at") else part
        for part in message.parts
    )
    assert plain == PARTS


def test_anthropics_answers_are_written_as_they_were_read() -> None:
    """Between its own provider and its own client the neutral form loses nothing that it knows."""
    blocks = [
        {"type": "thinking", "thinking": "Hm", "signature": "EqQB"},
        {"type": "redacted_thinking", "data": "EmwK"},
        {"type": "text", "text": "Hi"},
        {"type": "tool_use", "id": "t", "name": "f", "input": {"a": [1]}},
    ]
    assert written(*answer(*blocks).parts)["content"] == blocks


@pytest.mark.parametrize("body", [b"", b"{}", b'{"input_tokens":-1}', b'{"input_tokens":"7"}'])
def test_what_counts_nothing_is_no_count(body: bytes) -> None:
    """No text has less than no tokens."""
    assert isinstance(read_count(body), NotAnAnswer)
    assert read_count(b'{"input_tokens":7}') == 7
