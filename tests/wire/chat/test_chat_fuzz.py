"""Whatever bytes come: nothing is raised but a 400, and the rules of events hold."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tollhouse.core.errors import CallerError
from tollhouse.wire.chat.answer import read_answer
from tollhouse.wire.chat.conversation import read_conversation
from tollhouse.wire.chat.request import write_request
from tollhouse.wire.json_object import read_request
from tollhouse.wire.neutral.answer import Answer, NotAnAnswer
from tollhouse.wire.neutral.losses import Losses
from wire.chat.chat_streams import (
    CALLS,
    DONE,
    ROLE,
    STOP,
    assembled,
    calls,
    chunk,
    piece,
    play,
    sse,
)

TEXTS = st.sampled_from(["", "a", "{", "}", '{"a":1}', "日本🙂", "\u2028", "t1", "t2", "f", "user"])
NAMES = st.sampled_from(
    [
        *("role", "content", "type", "text", "name", "id", "index", "function", "arguments"),
        *("tool_calls", "reasoning_details", "reasoning", "data", "signature", "format", "url"),
        *("image_url", "error", "thinking", "file", "file_data", "annotations", "refusal"),
        *("function_call", "tool_call_id"),
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 3) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
DETAIL = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["reasoning.text", "reasoning.encrypted", "reasoning.summary"]),
        "text": TEXTS,
        "summary": TEXTS,
        "data": TEXTS,
        "signature": TEXTS,
        "format": st.sampled_from(["anthropic-claude-v1", "google-gemini-v1", "unknown", None]),
        "id": TEXTS,
        "index": st.integers(0, 2) | st.none(),
    },
)
PIECE = st.builds(
    lambda index, call_id, named, text: piece(
        index, call_id, **({"name": named} if named else {}), arguments=text
    ),
    st.integers(0, 2) | st.none(),
    st.sampled_from([None, "", "t1", "t2"]),
    st.sampled_from([None, "", "f", "g"]),
    TEXTS,
)
DELTA = st.fixed_dictionaries(
    {},
    optional={
        "content": TEXTS | st.none(),
        "reasoning_content": TEXTS,
        "reasoning": TEXTS,
        "reasoning_details": st.lists(DETAIL, max_size=2),
        "refusal": TEXTS,
        "tool_calls": st.lists(PIECE, max_size=3),
        "annotations": st.lists(st.just({"url_citation": {"url": "https://a"}}), max_size=1),
        "thinking_blocks": st.lists(
            st.fixed_dictionaries({"thinking": TEXTS, "signature": TEXTS, "data": TEXTS}),
            max_size=1,
        ),
    },
)
CHUNKS = st.lists(
    st.builds(chunk, DELTA) | st.sampled_from([ROLE, STOP, CALLS, DONE]) | JSON, max_size=8
)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    """Readers of a provider's bytes never raise."""
    assert isinstance(read_answer(data), Answer | NotAnAnswer)
    play([data])
    play([b"data: " + data + b"\n\n"])


@settings(max_examples=200, deadline=None)
@given(CHUNKS)
def test_any_chunks(chunks: list[Any]) -> None:
    """Events of whatever chunks obey the neutral rules, however they arrive."""
    stream = sse(*chunks)
    heard = play([stream])
    bytewise = play([stream[i : i + 3] for i in range(0, len(stream), 3)])
    assert heard == bytewise
    parts = assembled(heard.events)
    if heard.ended:
        assert heard.error is None
        assert not heard.malformed
        assert [part for part in parts if part is None] == []
    assert bool(heard.stop) is heard.ended


@settings(max_examples=150, deadline=None)
@given(DELTA, JSON)
def test_any_answer(message: dict[str, Any], more: Any) -> None:
    """The same for whole answers."""
    body = json.dumps({"choices": [{"message": message, "finish_reason": "stop"}], "error": more})
    assert isinstance(read_answer(body.encode()), Answer | NotAnAnswer)
    assert isinstance(read_answer(json.dumps(more).encode()), Answer | NotAnAnswer)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.dictionaries(NAMES, JSON, max_size=5) | DELTA, max_size=3),
    st.sampled_from(["user", "assistant", "tool", "system"]),
    JSON,
)
def test_any_body(messages: list[dict[str, Any]], role: str, tools: Any) -> None:
    """A client's body is read or refused by name; what is read can be written."""
    said = [{"role": role, **message} for message in messages]
    body = json.dumps({"model": "m", "messages": said, "tools": tools}).encode()
    param = "messages"
    try:
        conversation = read_conversation(read_request(body))
        write_request(conversation, "m", Losses(allowed=True))
    except CallerError as refused:
        param = refused.param or ""
    assert param.startswith(("messages", "tools"))


def test_a_deep_body_is_refused() -> None:
    """Depth is no way to bring a reader down."""
    deep = b'{"choices":[{"message":{"content":' + b"[" * 5000 + b"]" * 5000 + b"}}]}"
    assert isinstance(read_answer(deep), NotAnAnswer)
    assert play([b"data: " + deep + b"\n\n"]).malformed


def test_many_calls_in_turn() -> None:
    """A thousand calls, a piece of each at a time, are told in reasonable time."""
    openers = [calls(piece(i, f"t{i}", name="f", arguments="{")) for i in range(300)]
    rest = [calls(piece(i, arguments="}")) for i in range(300)]
    heard = play([sse(ROLE, *openers, *rest, CALLS, DONE)])
    assert len(heard.parts) == 300
