"""What the gateway reads of a request in Anthropic's messages."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tollhouse.core.errors import CallerError, Code
from tollhouse.core.needs import Endpoint
from tollhouse.wire.anthropic.asked import read_asked
from tollhouse.wire.json_object import read_request
from tollhouse.wire.openai.request import Asked

IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QQ=="}}
PDF = {"type": "document", "source": {"type": "url", "url": "https://x/y.pdf"}}
SCHEMA = {"type": "json_schema", "schema": {"type": "object"}}


def read(*, counting: bool = False, **fields: Any) -> Asked:
    """Read a body of these fields."""
    body = {"model": "m", "max_tokens": 10, "messages": []} | fields
    endpoint = Endpoint.COUNT_TOKENS if counting else Endpoint.MESSAGES
    return read_asked(read_request(json.dumps(body).encode()), endpoint, counting=counting)


def user(*blocks: Any) -> list[Any]:
    """One message of these blocks."""
    return [{"role": "user", "content": list(blocks)}]


def needed(**fields: Any) -> list[tuple[str, str]]:
    """The capabilities that a body asks for, and the fields that do."""
    return [(need.capability, need.param) for need in read(**fields).needs.capabilities]


def test_the_facts() -> None:
    """Model, stream and the largest output."""
    found = read(model="our/claude", stream=True, max_tokens=64000)
    assert (found.model, found.stream, found.choices) == ("our/claude", True, 1)
    assert (found.needs.endpoint, found.needs.max_tokens) == (Endpoint.MESSAGES, 64000)
    assert found.needs.max_tokens_param == "max_tokens"
    assert not read(stream=False).stream


def test_a_count_has_no_output() -> None:
    """It bounds none and is not streamed."""
    found = read(counting=True, max_tokens=None, stream=True)
    assert (found.needs.max_tokens, found.stream) == (None, False)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"max_tokens": None}, "max_tokens"),
        ({"max_tokens": "5"}, "max_tokens"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"model": None}, "model"),
        ({"model": ""}, "model"),
        ({"model": 5}, "model"),
        ({"stream": "yes"}, "stream"),
    ],
)
def test_what_cannot_be_acted_on_is_refused(fields: Any, param: str) -> None:
    """By the name of the field."""
    with pytest.raises(CallerError) as caught:
        read(**fields)
    assert (caught.value.code, caught.value.param) == (Code.INVALID_REQUEST_ERROR, param)


@pytest.mark.parametrize(
    ("fields", "needs"),
    [
        ({}, []),
        ({"tools": [], "output_config": None, "system": None}, []),
        ({"stream": True}, [("streaming", "stream")]),
        ({"tools": [{"name": "f"}]}, [("tools", "tools")]),
        ({"messages": user(IMAGE)}, [("vision", "messages")]),
        ({"messages": user(PDF, IMAGE)}, [("files", "messages"), ("vision", "messages")]),
        (
            {"messages": user({"type": "tool_result", "tool_use_id": "t", "content": [IMAGE]})},
            [("vision", "messages")],
        ),
        (
            {
                "messages": user(
                    {"type": "document", "source": {"type": "content", "content": [IMAGE]}}
                )
            },
            [("files", "messages"), ("vision", "messages")],
        ),
        ({"output_config": {"format": SCHEMA}}, [("json_schema", "output_config.format")]),
        ({"output_config": {"effort": "low"}}, []),
        ({"output_format": SCHEMA}, [("json_schema", "output_format")]),
        # Of shapes that the reference does not have.
        ({"messages": [*user(IMAGE | {"text": 5})]}, [("vision", "messages")]),
        ({"messages": {"role": "user", "content": IMAGE}}, [("vision", "messages")]),
        ({"output_config": 5, "output_format": 5}, []),
    ],
)
def test_capabilities(fields: Any, needs: Any) -> None:
    """What a body asks of a model, wherever in it."""
    assert needed(**fields) == needs


def test_texts_are_counted() -> None:
    """Instructions, messages, results and documents of words; no picture and no PDF."""
    words = {"type": "document", "source": {"type": "text", "data": "five"}}
    inner = {"type": "document", "source": {"type": "content", "content": "six"}}
    found = read(
        system=[{"type": "text", "text": "one"}],
        messages=[
            {"role": "user", "content": "two"},
            *user(
                {"type": "text", "text": "three"},
                {"type": "tool_result", "tool_use_id": "t", "content": "four"},
                words,
                inner,
                IMAGE,
                {"type": "search_result", "source": "url", "content": [{"text": "seven"}]},
                {"type": "code_execution_tool_result", "content": [{"content": []}]},
            ),
        ],
    )
    assert found.needs.texts == ("one", "two", "three", "four", "five", "six", "seven")
    assert found.needs.input_floor() == 7
    assert found.needs.input_bytes > 100
    assert read(system="One").needs.texts == ("One",)


def test_texts_of_odd_shapes_are_counted_too() -> None:
    """Nothing is hidden from the context check by a wrong shape."""
    odd = {"type": "text", "text": ["two", {"type": "text", "data": "three"}]}
    found = read(system="one", messages=user(odd))
    assert sorted(found.needs.texts) == ["one", "three", "two"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "content", "source", "data", "format"]),
            inner | st.sampled_from(["text", "image", "json_schema"]),
            max_size=4,
        )
    ),
    max_leaves=10,
)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(["messages", "system", "tools", "output_config", "output_format"]), JSON)
def test_any_value_is_read(name: str, value: Any) -> None:
    """What the provider will refuse asks for nothing; nothing is refused here for its shape."""
    assert read(**{name: value}).model == "m"
