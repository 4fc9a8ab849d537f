"""A body read in one pass says what it says read field by field; what is not ordinary is left."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollhouse.core.errors import CallerError
from tollhouse.core.needs import Endpoint
from tollhouse.wire.json_object import read_request
from tollhouse.wire.openai.at_once import read_at_once
from tollhouse.wire.openai.request import Asked, read_json

ANTHROPIC = {Endpoint.MESSAGES, Endpoint.COUNT_TOKENS}
JSON_ENDPOINTS = [one for one in Endpoint if not one.multipart and one not in ANTHROPIC]
TEXT = "Hello there"
PART = {"type": "text", "text": TEXT}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
MESSAGES = [{"role": "system", "content": TEXT}, {"role": "user", "content": [PART, IMAGE]}]
INPUTS: dict[Endpoint, dict[str, Any]] = {
    Endpoint.CHAT: {"messages": MESSAGES},
    Endpoint.RESPONSES: {"input": [*MESSAGES, {"type": "function_call_output", "output": TEXT}]},
    Endpoint.COMPLETIONS: {"prompt": [TEXT, "a longer one than that"]},
    Endpoint.EMBEDDINGS: {"input": [[1, 2, 3], [4]]},
    Endpoint.SPEECH: {"input": TEXT, "voice": "alloy"},
    Endpoint.IMAGES_GENERATIONS: {"prompt": TEXT, "size": "1024x1024"},
    Endpoint.RERANK: {"query": TEXT, "documents": [TEXT]},
    Endpoint.MODERATIONS: {"input": TEXT},
}


def at_once(body: bytes, endpoint: Endpoint) -> Asked | None:
    """Read in one pass."""
    return read_at_once(body, read_request(body), endpoint)


def by_field(body: bytes, endpoint: Endpoint) -> Asked:
    """Read field by field."""
    return read_json(read_request(body), endpoint)


# --- What is ordinary ---


@pytest.mark.parametrize("endpoint", JSON_ENDPOINTS)
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"temperature": 0.5, "user": "u", "metadata": {"a": [1, {"b": None}]}, "seed": 2**70},
        {"stream": True, "stream_options": {"include_usage": True, "other": 1}, "n": 2},
        {"stream": False, "stream_options": None, "n": None, "max_tokens": None},
        {"max_tokens": 10, "max_completion_tokens": 20, "max_output_tokens": 20},
        {"tools": [{"type": "function", "function": {"name": "f"}}], "parallel_tool_calls": True},
        {"response_format": {"type": "json_schema"}, "text": {"format": {"type": "json_schema"}}},
        {"modalities": ["text", "audio"], "dimensions": 256},
    ],
    ids=lambda more: "+".join(more) or "nothing",
)
def test_an_ordinary_body_is_read_in_one_pass(endpoint: Endpoint, more: dict[str, Any]) -> None:
    """On every endpoint, with what clients usually send, and to the same effect."""
    body = json.dumps({"model": "m", **INPUTS[endpoint], **more}).encode()
    assert at_once(body, endpoint) == by_field(body, endpoint)


@pytest.mark.parametrize("endpoint", JSON_ENDPOINTS)
def test_a_body_without_input_is_ordinary(endpoint: Endpoint) -> None:
    """What it lacks is the provider's to say."""
    assert at_once(b'{"model":"m"}', endpoint) == by_field(b'{"model":"m"}', endpoint)


@pytest.mark.parametrize(
    "more",
    [{"stream": "yes"}, {"stream_options": []}, {"n": 0}, {"n": 129}, {"max_tokens": 0}],
    ids=str,
)
def test_what_must_be_refused_is_left_to_the_careful_reading(more: dict[str, Any]) -> None:
    """That one finds the words."""
    body = json.dumps({"model": "m", "messages": MESSAGES, **more}).encode()
    assert at_once(body, Endpoint.CHAT) is None
    with pytest.raises(CallerError):
        by_field(body, Endpoint.CHAT)


# --- Whatever is sent ---

ANYTHING = st.sampled_from(
    [
        *("null", "true", "false", "0", "1", "-1", "128", "129", "1000001", "1.0", "2.5", "1e2"),
        *('""', '"m"', '"a b"', '"json_schema"', '"\\u006d"', '"\\ud83d\\ude00"', "[]", "{}"),
        *('["audio"]', '[{"type":"text"}]', '{"type":"json_schema"}', '{"include_usage":true}'),
        *('{"include_usage":null}', '{"include_usage":"true"}', '{"format":{"type":"text"}}'),
        *('{"include_usage":true,"include_usage":false}', "18446744073686646784", " [ 1 ] "),
        *('["a","bb"]', "[1,2]", "[[1],[2,3]]", '[{"content":"x"}]', '[{"content":[{"text":5}]}]'),
        *(
            '[{"role":"user","content":null,"output":"o"}]',
            '[{"content":{"type":"file"}}]',
            '["x"]',
        ),
        json.dumps(MESSAGES),
    ]
)
NAMES = st.sampled_from(
    [
        *("model", "stream", "stream_options", "n", "dimensions", "messages", "input", "prompt"),
        *("max_tokens", "max_completion_tokens", "max_output_tokens", "tools", "functions"),
        *("parallel_tool_calls", "modalities", "response_format", "text", "str\\u0065am", "x"),
    ]
)
FIELDS = st.lists(st.tuples(NAMES, ANYTHING), max_size=8)
MODELS = st.sampled_from(['"model":"m"', '"model": "org/m"', '"model":5', '"model":""', '"y":1'])


def outcome(read: Any, body: bytes, endpoint: Endpoint) -> Any:
    """What came of reading: what was asked, or the field and the words of the refusal."""
    try:
        return read(body, endpoint)
    except CallerError as error:
        return error.param, error.message


@given(MODELS, FIELDS, st.sampled_from(JSON_ENDPOINTS), st.integers(0, 8))
def test_both_readings_agree(
    model: str, fields: list[tuple[str, str]], endpoint: Endpoint, place: int
) -> None:
    """On what is asked, and on every refusal: fields odd, repeated, misspelled or in any order."""
    members = [f'"{name}":{value}' for name, value in fields]
    members.insert(place, model)
    body = f"{{{', '.join(members)}}}".encode()
    quick = outcome(at_once, body, endpoint)
    if quick is not None:
        assert quick == outcome(by_field, body, endpoint)
