"""Whole answers of chat hosts."""

import json
from typing import Any

import pytest

from tollhouse.core.dialect import Vendor
from tollhouse.wire.chat.answer import read_answer
from tollhouse.wire.neutral.answer import Answer, NotAnAnswer, Stop
from tollhouse.wire.neutral.parts import Citation, Reasoning, Refusal, Text, ToolCall


def body(message: dict[str, Any], finish: str | None = "stop", **more: Any) -> bytes:
    """An answer with one choice."""
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}
    return json.dumps({"id": "c-1", "choices": [choice], **more}).encode()


def answer(message: dict[str, Any], finish: str | None = "stop", **more: Any) -> Answer:
    """The same, read."""
    found = read_answer(body(message, finish, **more))
    assert isinstance(found, Answer)
    return found


def test_an_ordinary_answer() -> None:
    """Words, usage as it was written, and the tier."""
    usage = {"prompt_tokens": 1, "completion_tokens": 2}
    found = answer({"content": "hi", "refusal": None}, usage=usage, service_tier="default")
    assert found.parts == (Text("hi"),)
    assert found.stop is Stop.END
    assert found.id == "c-1"
    assert json.loads(found.usage or b"") == usage
    assert found.service_tier == "default"
    assert found.content_bytes == 2


CALL = {"id": "t1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
MESSAGES: list[tuple[dict[str, Any], tuple[Any, ...]]] = [
    ({"content": None}, ()),
    ({"content": ""}, ()),
    ({}, ()),
    ({"content": None, "tool_calls": [CALL]}, (ToolCall("t1", "f", '{"a":1}'),)),
    ({"content": "x", "tool_calls": [CALL]}, (Text("x"), ToolCall("t1", "f", '{"a":1}'))),
    (
        {"tool_calls": [{"function": {"name": "f", "arguments": {"a": 1}}}]},
        (ToolCall("call_c1_0", "f", '{"a":1}'),),
    ),
    (
        {"function_call": {"name": "f", "arguments": "{}"}},
        (ToolCall("call_c1_0", "f", "{}"),),
    ),
    (
        {"tool_calls": [{"id": "t1", "type": "custom", "custom": {"name": "f", "input": "x"}}]},
        (ToolCall("t1", "f", "x", custom=True),),
    ),
    (
        {"tool_calls": [CALL | {"extra_content": {"google": {"thought_signature": "s"}}}]},
        (ToolCall("t1", "f", '{"a":1}', "s"),),
    ),
    ({"content": "a", "reasoning_content": "hm"}, (Reasoning("hm"), Text("a"))),
    ({"content": "a", "reasoning": "hm", "reasoning_content": "hm"}, (Reasoning("hm"), Text("a"))),
    (
        {"content": [{"type": "thinking", "thinking": [{"text": "hm"}]}, {"text": "a"}]},
        (Reasoning("hm"), Text("a")),
    ),
    ({"content": None, "refusal": "no"}, (Refusal("no"),)),
]


@pytest.mark.parametrize(("message", "parts"), MESSAGES)
def test_messages(message: dict[str, Any], parts: tuple[Any, ...]) -> None:
    """Every spelling of a message gives its parts."""
    assert answer(message).parts == parts


DETAILS: list[tuple[list[dict[str, Any]], list[Reasoning]]] = [
    (
        [
            {"type": "reasoning.text", "text": "h", "format": "anthropic-claude-v1", "index": 0},
            {"type": "reasoning.text", "text": "m", "signature": "s", "index": 0},
        ],
        [Reasoning("hm", Vendor.ANTHROPIC, "s")],
    ),
    (
        [
            {"type": "reasoning.summary", "summary": "hm", "id": "r", "index": 0},
            {
                "type": "reasoning.encrypted",
                "data": "dark",
                "id": "r",
                "format": "openai-responses-v1",
                "index": 1,
            },
        ],
        [Reasoning("hm", Vendor.OPENAI, "dark", id="r", summary=True)],
    ),
    (
        [
            {"type": "reasoning.summary", "summary": "hm", "format": "openai-responses-v1"},
            {"type": "reasoning.encrypted", "data": "dark", "format": "openai-responses-v1"},
            {"type": "reasoning.encrypted", "data": "two", "format": "openai-responses-v1"},
        ],
        [
            Reasoning("hm", Vendor.OPENAI, "dark", summary=True),
            Reasoning(vendor=Vendor.OPENAI, hidden="two"),
        ],
    ),
    (
        [
            {"type": "reasoning.text", "text": "hm", "format": "anthropic-claude-v1"},
            {"type": "reasoning.encrypted", "data": "dark", "format": "anthropic-claude-v1"},
        ],
        [
            Reasoning("hm", Vendor.ANTHROPIC),
            Reasoning(vendor=Vendor.ANTHROPIC, hidden="dark"),
        ],
    ),
    ([{"type": "reasoning.encrypted", "data": "x", "format": "xai-responses-v1"}], []),
    ([{"type": "reasoning.text", "signature": "s", "format": "unknown"}], []),
    ([{"type": "reasoning.server_tool_call", "name": "search"}], []),
]


@pytest.mark.parametrize(("details", "thoughts"), DETAILS)
def test_H02_details(details: list[dict[str, Any]], thoughts: list[Reasoning]) -> None:
    """Details of one thought are one, and what nobody can read is left out."""
    found = answer({"content": "a", "reasoning_details": details})
    assert list(found.parts) == [*thoughts, Text("a")]


def test_words_beside_a_cipher() -> None:
    """Thoughts that stand only in the plain field are not lost to a hidden detail."""
    detail = {"type": "reasoning.encrypted", "data": "d", "format": "google-gemini-v1"}
    found = answer({"content": "a", "reasoning": "hm", "reasoning_details": [detail]})
    assert found.parts[:2] == (Reasoning("hm"), Reasoning(vendor=Vendor.GOOGLE, hidden="d"))


def test_a_detail_with_a_calls_id_signs_the_call() -> None:
    """OpenRouter's way to give Google's signature of a call."""
    detail = {
        "type": "reasoning.encrypted",
        "data": "s",
        "format": "google-gemini-v1",
        "id": "t1",
    }
    found = answer({"tool_calls": [CALL], "reasoning_details": [detail]})
    assert found.parts == (ToolCall("t1", "f", '{"a":1}', "s"),)


def test_thinking_blocks() -> None:
    """LiteLLM's blocks are Anthropic's."""
    blocks = [
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"type": "redacted_thinking", "data": "dark"},
    ]
    found = answer({"content": "a", "reasoning_content": "hm", "thinking_blocks": blocks})
    assert found.parts[:2] == (
        Reasoning("hm", Vendor.ANTHROPIC, "s"),
        Reasoning(vendor=Vendor.ANTHROPIC, hidden="dark"),
    )


def test_sources() -> None:
    """Annotations are sources of the text; addresses are where there are no annotations."""
    told = {"type": "url_citation", "url_citation": {"url": "https://a", "title": "A"}}
    assert answer({"content": "x", "annotations": [told]}, citations=["https://b"]).parts == (
        Text("x", citations=(Citation("https://a", "A"),)),
    )
    assert answer({"content": "x"}, citations=["https://b", 7]).parts == (
        Text("x", citations=(Citation("https://b"),)),
    )


def test_H03_a_call_wins_over_stop() -> None:
    """A call is waited for, whatever the host says."""
    assert answer({"tool_calls": [CALL]}, "stop").stop is Stop.TOOLS
    assert answer({"tool_calls": [CALL]}, None).stop is Stop.TOOLS
    assert answer({"content": "x"}, "tool_calls").stop is Stop.END


@pytest.mark.parametrize(
    "text",
    [
        *(b"", b"null", b"[]", b"<html>", b'"x"', b"\xff", b"[" * 5000, b"{}", b'{"choices":'),
        *(b'{"choices":[]}', b'{"choices":[{}]}', b'{"choices":{"a":1}}'),
        b'{"choices":[{"message":null}]}',
        b'{"choices":[{"message":{"tool_calls":[{"id":"t"}]}}]}',
    ],
)
def test_H04_what_is_no_answer(text: bytes) -> None:
    """A 200 that holds no answer is told as such."""
    found = read_answer(text)
    assert isinstance(found, NotAnAnswer)
    assert found.error is None
    assert found.reason


@pytest.mark.parametrize(
    "text",
    [
        b'{"error":{"code":502}}',
        b'{"error":{"code":502},"choices":null}',
        b'{"error":{"code":502},"choices":[{"message":{"content":"x"}}]}',
        b'{"choices":[{"message":{"content":"x"},"error":{"code":502}}]}',
        b'{"choices":7,"error":{"code":502}}',
    ],
)
def test_H04_errors_in_a_200(text: bytes) -> None:
    """The provider's error object is found wherever it is."""
    found = read_answer(text)
    assert isinstance(found, NotAnAnswer)
    assert found.error == b'{"code":502}'


def test_words_about_errors_are_none() -> None:
    """An answer that speaks of errors, or says ``error: null``, is an answer."""
    assert answer({"content": 'say "error"'}, error=None).parts == (Text('say "error"'),)


def test_groqs_usage() -> None:
    """Usage that stands in Groq's own object only is found."""
    assert answer({"content": "x"}, x_groq={"usage": {"prompt_tokens": 1}}).usage is not None
    assert answer({"content": "x"}, usage={}, x_groq={"id": "r"}).usage is None


def test_probabilities_that_are_no_utf_8() -> None:
    """They are told with the signs that stand for what is no letter."""
    told = b'{"choices":[{"message":{"content":"a"},"logprobs":{"x":\n"\xff"}}]}'
    found = read_answer(told)
    assert isinstance(found, Answer)
    assert bytes(found.logprobs or b"").decode() == '{"x": "\ufffd"}'
