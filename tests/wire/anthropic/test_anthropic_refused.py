"""Bodies of Anthropic's clients of the wrong shape: refused by the path of what is wrong."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tollhouse.core.errors import CallerError, Code
from tollhouse.wire.anthropic.conversation import read_conversation
from tollhouse.wire.json_object import read_request
from wire.anthropic.anthropic_bodies_read import HELLO, read


def refusal(**fields: Any) -> CallerError:
    """What is said of a body that cannot be read."""
    with pytest.raises(CallerError) as caught:
        read(**fields)
    assert (caught.value.code, caught.value.status) == (Code.INVALID_REQUEST_ERROR, 400)
    return caught.value


WRONG_SHAPES: list[tuple[dict[str, Any], str]] = [
    ({"messages": None}, "messages"),
    ({"messages": "Hi"}, "messages"),
    ({"messages": [5]}, "messages[0]"),
    ({"messages": [{"role": "user"}]}, "messages[0].content"),
    ({"messages": [{"role": "user", "content": 1}]}, "messages[0].content"),
    ({"messages": [*HELLO, {"role": "tool", "content": "x"}]}, "messages[1].role"),
    ({"messages": [{"role": "user", "content": ["x"]}]}, "messages[0].content[0]"),
    ({"messages": [{"role": "user", "content": [{}]}]}, "messages[0].content[0].type"),
    (
        {"messages": [{"role": "user", "content": [{"type": "text"}]}]},
        "messages[0].content[0].text",
    ),
    (
        {"messages": [{"role": "user", "content": [{"type": "tool_use"}]}]},
        "messages[0].content[0].type",
    ),
    (
        {"messages": [{"role": "assistant", "content": [{"type": "image"}]}]},
        "messages[0].content[0].type",
    ),
    (
        {"messages": [{"role": "user", "content": [{"type": "image", "source": {}}]}]},
        "messages[0].content[0].source.type",
    ),
    (
        {
            "messages": [
                {"role": "user", "content": [{"type": "image", "source": {"type": "base64"}}]}
            ]
        },
        "messages[0].content[0].source.media_type",
    ),
    (
        {
            "messages": [
                {"role": "user", "content": [{"type": "document", "source": {"type": "url"}}]}
            ]
        },
        "messages[0].content[0].source.url",
    ),
    (
        {
            "messages": [
                {
                    "role": "assistant",
                    "content": [{"type": "tool_use", "id": "1", "name": "f", "input": "x"}],
                }
            ]
        },
        "messages[0].content[0].input",
    ),
    ({"system": 5}, "system"),
    ({"max_tokens": "10"}, "max_tokens"),
    ({"max_tokens": 0}, "max_tokens"),
    ({"stop_sequences": ["a", 1]}, "stop_sequences[1]"),
    ({"temperature": "hot"}, "temperature"),
    ({"top_k": 1.5}, "top_k"),
    ({"tools": [{"description": "x"}]}, "tools[0].name"),
    ({"tools": [{"name": "f", "input_schema": []}]}, "tools[0].input_schema"),
    ({"tool_choice": {"type": "some"}}, "tool_choice.type"),
    ({"tool_choice": {"type": "tool"}}, "tool_choice.name"),
    ({"thinking": {"type": "deep"}}, "thinking.type"),
    ({"thinking": {"type": "enabled"}}, "thinking.budget_tokens"),
    ({"output_config": {"format": {"type": "xml"}}}, "output_config.format"),
    ({"output_format": {"type": "json_schema"}}, "output_format"),
    ({"service_tier": "fast"}, "service_tier"),
    ({"metadata": {"user_id": 5}}, "metadata.user_id"),
]


@pytest.mark.parametrize(
    ("fields", "param"),
    WRONG_SHAPES,
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_wrong_shapes_are_refused_by_their_path(fields: Any, param: str) -> None:
    """No provider will judge a body that is to be translated."""
    told = refusal(**fields)
    assert told.param == param
    assert param in told.message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "content", "source", "data", "id", "input", "role"]),
            inner
            | st.sampled_from(["text", "image", "thinking", "tool_use", "tool_result", "user"]),
            max_size=4,
        )
    ),
    max_leaves=12,
)
NAMES = ("messages", "system", "tools", "tool_choice", "thinking", "output_config", "metadata")


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(NAMES), JSON)
def test_whatever_is_sent_is_read_or_refused(name: str, value: Any) -> None:
    """Nothing else comes of a body, of whatever shape."""
    body = json.dumps({"messages": HELLO} | {name: value}).encode()
    refused: Code | None = None
    try:
        read_conversation(read_request(body))
    except CallerError as error:
        refused = error.code
    assert refused in {None, Code.INVALID_REQUEST_ERROR}
