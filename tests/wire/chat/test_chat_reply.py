"""Whole answers as chat's clients get them."""

import json
from typing import Any

import msgspec
import pytest
from openai.types.chat import ChatCompletion

from tollhouse.core.dialect import Vendor
from tollhouse.wire.chat.answer import read_answer
from tollhouse.wire.chat.reply import write_answer
from tollhouse.wire.neutral.answer import Answer, Stop
from tollhouse.wire.neutral.parts import (
    Citation,
    Image,
    Media,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
)
from wire.chat.chat_streams import HEADING

USAGE = b'{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3,"cost":0.0000001}'


def reply(*parts: Part, stop: Stop = Stop.END, **more: Any) -> dict[str, Any]:
    """What a client gets, decoded; the official SDK's types are held."""
    out = write_answer(Answer(parts, stop, **more), HEADING, USAGE)
    ChatCompletion.model_validate_json(out)
    decoded: dict[str, Any] = json.loads(out)
    return decoded


def message(*parts: Part) -> dict[str, Any]:
    """The message in it."""
    found: dict[str, Any] = reply(*parts)["choices"][0]["message"]
    return found


def test_an_ordinary_answer() -> None:
    """The golden answer, and usage byte for byte."""
    out = write_answer(
        Answer((Text("hi"),), Stop.LENGTH, "c-1", service_tier="standard"), HEADING, USAGE
    )
    assert USAGE in out
    assert json.loads(out) == {
        "id": "c-1",
        "object": "chat.completion",
        "created": 1760000000,
        "model": "acme/large",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "hi", "refusal": None},
                "logprobs": None,
                "finish_reason": "length",
            }
        ],
        "usage": json.loads(USAGE),
        "service_tier": "default",
    }


def test_ids_are_ours_where_there_are_none() -> None:
    """An answer without an id gets one that looks like OpenAI's."""
    assert reply(Text("x"))["id"] == "chatcmpl-0b1f"
    assert "service_tier" not in reply(Text("x"), service_tier="on_demand")


def test_calls_alone_have_no_content() -> None:
    """Content is null beside calls, and empty arguments are an empty object."""
    found = message(
        ToolCall("t1", "f", '{"a":1}', "sig"),
        ToolCall("t2", "g", ""),
        ToolCall("t3", "h", "x", custom=True),
    )
    assert found["content"] is None
    assert found["tool_calls"] == [
        {
            "id": "t1",
            "type": "function",
            "function": {"name": "f", "arguments": '{"a":1}'},
            "extra_content": {"google": {"thought_signature": "sig"}},
        },
        {"id": "t2", "type": "function", "function": {"name": "g", "arguments": "{}"}},
        {"id": "t3", "type": "custom", "custom": {"name": "h", "input": "x"}},
    ]


def test_nothing_at_all_is_empty_text() -> None:
    """Clients that take the content's length find a string."""
    assert message()["content"] == ""


def test_refusals() -> None:
    """A refusal in words stands in its own field and ends with "stop"."""
    told = reply(Refusal("no"), stop=Stop.REFUSED)["choices"][0]
    assert told["message"] == {"role": "assistant", "content": None, "refusal": "no"}
    assert told["finish_reason"] == "stop"
    assert reply(stop=Stop.REFUSED)["choices"][0]["finish_reason"] == "content_filter"


THOUGHTS = (
    Reasoning("hm", Vendor.ANTHROPIC, "sig"),
    Reasoning("", Vendor.ANTHROPIC, hidden="dark"),
    Reasoning("so", Vendor.OPENAI, hidden="x", id="rs_1", summary=True),
    Reasoning("mine"),
    Reasoning("and", Vendor.OPENAI, "y", id="rs_2", summary=True),
)


def test_H02_thoughts_in_two_spellings() -> None:
    """Text for people, details for the vendor that has to believe them."""
    found = message(*THOUGHTS, Text("a"))
    assert found["reasoning_content"] == "hm\n\nso\n\nmine\n\nand"
    assert found["reasoning_details"] == [
        {
            "type": "reasoning.text",
            "text": "hm",
            "format": "anthropic-claude-v1",
            "index": 0,
            "signature": "sig",
        },
        {
            "type": "reasoning.encrypted",
            "data": "dark",
            "format": "anthropic-claude-v1",
            "index": 1,
        },
        {
            "type": "reasoning.encrypted",
            "data": "x",
            "id": "rs_1",
            "format": "openai-responses-v1",
            "index": 2,
        },
        {
            "type": "reasoning.summary",
            "summary": "so",
            "id": "rs_1",
            "format": "openai-responses-v1",
            "index": 3,
        },
        {"type": "reasoning.text", "text": "mine", "index": 4},
        {
            "type": "reasoning.summary",
            "summary": "and",
            "id": "rs_2",
            "format": "openai-responses-v1",
            "index": 5,
        },
        {
            "type": "reasoning.encrypted",
            "data": "y",
            "id": "rs_2",
            "format": "openai-responses-v1",
            "index": 6,
        },
    ]


def test_sources_are_placed_in_the_whole_content() -> None:
    """Positions count from the beginning of all words; pages of the web only."""
    found = message(
        Text("ab", citations=(Citation("https://a"), Citation(title="a file"))),
        Text("cde", citations=(Citation("https://b", "B", "words", 1, 2),)),
    )
    assert found["content"] == "abcde"
    assert [one["url_citation"] for one in found["annotations"]] == [
        {"url": "https://a", "title": "", "start_index": 0, "end_index": 2},
        {"url": "https://b", "title": "B", "start_index": 3, "end_index": 4, "content": "words"},
    ]


def test_pictures() -> None:
    """Pictures in an answer are told as OpenRouter does."""
    found = message(Image(Media("image/png", "aGk=")), Image(Media(url="https://a")))
    assert [one["image_url"]["url"] for one in found["images"]] == [
        "data:image/png;base64,aGk=",
        "https://a",
    ]


def test_probabilities_stay_as_they_are() -> None:
    """Log probabilities keep their spelling."""
    told = msgspec.Raw(b'{"content":[],"refusal":null}')
    assert reply(Text("x"), logprobs=told)["choices"][0]["logprobs"] == json.loads(bytes(told))


@pytest.mark.parametrize(
    "parts",
    [
        (Text("a"),),
        (*THOUGHTS, Text("a", citations=(Citation("https://a", "A", "x", 0, 1),))),
        (Reasoning("hm"), Text("a"), ToolCall("t1", "f", "{}", "sig")),
        (Refusal("no"),),
    ],
)
def test_what_is_written_can_be_read(parts: tuple[Part, ...]) -> None:
    """Our own answers, read as a provider's, are the same."""
    found = read_answer(write_answer(Answer(parts, Stop.END, "c-1"), HEADING, USAGE))
    assert isinstance(found, Answer)
    assert found.parts == parts
    assert found.usage == USAGE
