"""What of clients' requests for responses has no place, cannot be had, or has the wrong shape."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tollhouse.core.errors import CallerError, Code
from tollhouse.wire.neutral.losses import Unsupported
from tollhouse.wire.neutral.parts import (
    Part,
)
from wire.responses.response_samples import read

PNG = "data:image/PNG;base64,iVBORw=="


SCHEMA = {"type": "object", "properties": {"a": {"type": "number"}}}
FUNCTION = {"type": "function", "name": "f", "description": "D", "parameters": SCHEMA}


def content(*told: dict[str, Any], role: str = "user") -> list[Part]:
    """The parts of one message."""
    item = {"role": role, "content": list(told)}
    return [part for message in read(input=[item]).messages for part in message.parts]


@pytest.mark.parametrize(
    ("fields", "unknown"),
    [
        ({"foo": 1}, ["foo"]),
        ({"stop": ["x"]}, ["stop"]),
        ({"truncation": "auto"}, ["truncation"]),
        ({"background": True}, ["background"]),
        ({"max_tool_calls": 3}, ["max_tool_calls"]),
        ({"include": ["file_search_call.results"]}, ["include[0]"]),
        ({"reasoning": {"context": "all_turns"}}, ["reasoning.context"]),
        ({"text": {"format": {"type": "grammar"}}}, ["text.format"]),
        ({"tools": [{**FUNCTION, "defer_loading": True}]}, ["tools[0].defer_loading"]),
        (
            {
                "input": [
                    {"type": "function_call", "call_id": "c", "name": "f", "namespace": "n"},
                ]
            },
            ["input[0].namespace"],
        ),
        ({"api_base": "http://evil", "extra_headers": {}}, []),
        ({"foo": None}, []),
    ],
)
def test_H01_what_has_no_place_is_told(fields: dict[str, Any], unknown: list[str]) -> None:
    """Every field that is not understood is named by its path, none is lost."""
    assert list(read(**fields).unknown) == unknown


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"conversation": {"id": "conv_1"}}, "conversation"),
        ({"prompt": {"id": "pmpt_1"}}, "prompt"),
        ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "input[0]"),
        ({"input": [{"id": "msg_1"}]}, "input[0]"),
    ],
)
def test_what_openai_stores_cannot_be_had(fields: dict[str, Any], param: str) -> None:
    """Names of stored things are refused, and why is said."""
    with pytest.raises(Unsupported, match="keeps no responses") as told:
        read(**fields)
    assert told.value.param == param
    assert told.value.code is Code.UNSUPPORTED_PARAMETER


def test_instructions_are_text() -> None:
    """A picture in a developer's message is refused, for most models take words there."""
    part = {"type": "input_image", "image_url": PNG}
    with pytest.raises(Unsupported) as told:
        content({"type": "input_text", "text": "x"}, part, role="developer")
    assert told.value.param == "input[0].content[1]"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input": None}, "input"),
        ({"input": 7}, "input"),
        ({"input": [7]}, "input[0]"),
        ({"input": [{}]}, "input[0].type"),
        ({"input": [{"type": 7}]}, "input[0].type"),
        ({"input": [{"role": "robot", "content": "x"}]}, "input[0].role"),
        ({"input": [{"role": 7, "content": "x"}]}, "input[0].role"),
        ({"input": [{"role": "user"}]}, "input[0].content"),
        ({"input": [{"role": "user", "content": 7}]}, "input[0].content"),
        ({"input": [{"role": "user", "content": ["x"]}]}, "input[0].content[0]"),
        (
            {"input": [{"role": "user", "content": [{"text": "x"}]}]},
            "input[0].content[0].type",
        ),
        (
            {"input": [{"role": "user", "content": [{"type": "input_text", "text": 7}]}]},
            "input[0].content[0].text",
        ),
        (
            {"input": [{"role": "user", "content": [{"type": "input_text"}]}]},
            "input[0].content[0].text",
        ),
        (
            {"input": [{"role": "user", "content": [{"type": "input_image"}]}]},
            "input[0].content[0].image_url",
        ),
        (
            {
                "input": [
                    {
                        "role": "user",
                        "content": [{"type": "input_image", "image_url": "data:image/png,x"}],
                    }
                ]
            },
            "input[0].content[0].image_url",
        ),
        (
            {"input": [{"role": "user", "content": [{"type": "input_file"}]}]},
            "input[0].content[0].file_data",
        ),
        (
            {"input": [{"role": "user", "content": [{"type": "input_audio"}]}]},
            "input[0].content[0].input_audio",
        ),
        ({"input": [{"type": "function_call", "call_id": "c"}]}, "input[0].name"),
        ({"input": [{"type": "function_call", "name": "f"}]}, "input[0].call_id"),
        ({"input": [{"type": "function_call_output", "output": "x"}]}, "input[0].call_id"),
        ({"input": [{"type": "function_call_output", "call_id": "c"}]}, "input[0].output"),
        (
            {"input": [{"type": "reasoning", "summary": [{"text": 7}]}]},
            "input[0].summary[0].text",
        ),
        ({"tools": 7}, "tools"),
        ({"tools": [{}]}, "tools[0].type"),
        ({"tools": [{"type": "function"}]}, "tools[0].name"),
        ({"tools": [{"type": "function", "name": "f", "parameters": 7}]}, "tools[0].parameters"),
        ({"tool_choice": "any"}, "tool_choice"),
        ({"tool_choice": {"type": "function"}}, "tool_choice.name"),
        ({"temperature": "hot"}, "temperature"),
        ({"max_output_tokens": 1.5}, "max_output_tokens"),
        ({"stream": "yes"}, "stream"),
        ({"metadata": []}, "metadata"),
        ({"include": "x"}, "include"),
        ({"reasoning": "high"}, "reasoning"),
        ({"text": {"format": {"type": "json_schema", "schema": {}}}}, "text.format.name"),
        ({"text": {"format": {"type": "json_schema", "name": "n"}}}, "text.format.schema"),
        ({"instructions": ["x"]}, "instructions"),
    ],
)
def test_wrong_shapes_are_named(fields: dict[str, Any], param: str) -> None:
    """A body that cannot be read is refused with the exact path of what is wrong."""
    with pytest.raises(CallerError) as told:
        read(**fields)
    assert told.value.param == param
    assert told.value.code is Code.INVALID_REQUEST_ERROR
    assert param in told.value.message


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "role", "content", "text", "id", "output", "name", "call_id"]),
            inner | st.sampled_from(["message", "user", "reasoning", "function_call"]),
            max_size=4,
        )
    ),
    max_leaves=8,
)
NAMES = st.sampled_from(["input", "tools", "tool_choice", "text", "reasoning", "include", "user"])


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(NAMES, VALUES, max_size=3))
def test_any_body_is_read_or_refused(fields: dict[str, Any]) -> None:
    """No JSON raises anything but a refusal that names a field."""
    try:
        found: str | None = read(**fields).dialect
    except CallerError as told:
        found = told.param
    assert found
