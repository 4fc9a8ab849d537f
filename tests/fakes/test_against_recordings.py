"""The fakes have the fields that real answers have, no more and no fewer."""

import json
from typing import Any

import pytest

from fakes.anthropic_answers import Message
from fakes.openai_answers import Chat
from fakes.playing import asked, body_of, data_in, events_of
from fakes.recorded import recordings
from fakes.response_items import Items, call, message, thought

OF_OTHER_MODELS = frozenset({"phase"})
"""What only models after the fakes' own tell."""


def recorded(dialect: str, name: str) -> str:
    """The body of a recorded answer; the test is skipped where there is none."""
    found = next((one for one in recordings(dialect) if one.name == name), None)
    if found is None:
        pytest.skip("the recorded exchanges are not beside this checkout")
    return found.body.decode()


def shape(value: Any) -> Any:
    """The names of all fields, however deep; of a list, those of its last entry."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items() if name not in OF_OTHER_MODELS}
    return [shape(inner) for inner in value[-1:]] if isinstance(value, list) else None


TOOL = {
    "type": "function",
    "name": "f",
    "parameters": {
        "type": "object",
        "properties": {"order_id": {"type": "string"}},
        "required": ["order_id"],
        "additionalProperties": False,
    },
}


def test_a_response_is_that_of_openai() -> None:
    """The object around the output, its echoes and its usage."""
    real = json.loads(recorded("openai-responses", "rec_335636effd"))
    told = body_of(Items([call("c", "f")]), asked(input="Hi", tools=[TOOL]))
    assert shape(told) == shape(real)


def test_the_events_of_a_response_are_those_of_openai() -> None:
    """Every event of a stream that thinks, speaks and calls."""
    real = data_in(recorded("openai-responses", "rec_29cb6d6df0"))
    items = [thought("Hm."), message("See:"), call("c", "f", '{"country": "x"}')]
    given = {"tools": [TOOL], "include": ["reasoning.encrypted_content"], "stream": True}
    told = events_of(Items(items), asked(input="Hi", **given))
    fields = {_kind(event): shape(event) for event in real}
    for event in told[:-1]:
        assert {**shape(event), "response": None} == {**fields[_kind(event)], "response": None}
    assert told[-1]["response"].keys() == real[-1]["response"].keys()
    assert {_kind(event) for event in told} == fields.keys()


def _kind(event: Any) -> tuple[str, str]:
    return event["type"], event.get("item", event.get("part", {})).get("type", "")


def test_a_message_is_that_of_anthropic() -> None:
    """The message and its usage."""
    real = json.loads(recorded("anthropic-messages", "rec_1368bf1ff0"))
    told = body_of(Message("Hi"), asked())
    assert shape({**told, "content": None}) == shape({**real, "content": None})


def test_thinking_is_counted_as_anthropic_counts_it() -> None:
    """Within the output, and told apart from it."""
    real = json.loads(recorded("anthropic-messages", "rec_29572f31d7"))
    told = body_of(Message(thinking="Hm."), asked(thinking={"type": "adaptive"}))
    assert shape(told) == shape(real)
    usage = told["usage"]
    assert 0 < usage["output_tokens_details"]["thinking_tokens"] < usage["output_tokens"]


def test_the_usage_of_a_stream_is_told_in_two_events_as_anthropic_does() -> None:
    """The last one has the counts alone."""
    real = data_in(recorded("anthropic-messages", "rec_24e4cd3f26"))
    told = events_of(Message(thinking="Hm."), asked(stream=True, thinking={"type": "enabled"}))
    assert shape(told[0]) == shape(real[0])
    end = real[-2]
    assert end["usage"].pop("server_tool_use")
    assert end["delta"].pop("container")
    assert shape(told[-2]) == shape(end)


def test_azure_s_filters_speak_first() -> None:
    """Before the first chunk of a stream there is one of what they found in the prompt."""
    real = data_in(recorded("openai-chat", "rec_37337d0290"))
    streamed = {"stream": True, "stream_options": {"include_usage": True}}
    told = events_of(Chat("Oi!", words=2, filtered=True), asked(messages=[], **streamed))
    assert told[0] == real[0]
    for chunk in real[1:]:
        del chunk["obfuscation"]
        chunk.pop("latency_checkpoint", None)
        for choice in chunk["choices"]:
            choice["content_filter_results"] = {}
    assert [shape(chunk) for chunk in told] == [shape(chunk) for chunk in real]
