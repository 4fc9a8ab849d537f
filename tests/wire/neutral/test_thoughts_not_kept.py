"""A tool loop whose client has not kept the thoughts goes on without more of them, and is told."""

import msgspec
import pytest

from tollhouse.core.dialect import Dialect
from tollhouse.wire import tongues
from tollhouse.wire.json_object import read_request
from tollhouse.wire.neutral.losses import Losses

CALL = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
BODY = {
    "model": "m",
    "reasoning_effort": "high",
    "max_tokens": 9000,
    "tools": [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}],
    "messages": [
        {"role": "user", "content": "Where is it?"},
        {"role": "assistant", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "c1", "content": "here"},
    ],
}


@pytest.mark.parametrize(
    ("dialect", "model"),
    [
        (Dialect.MESSAGES, "claude-sonnet-4-20250514"),
        (Dialect.CONVERSE, "eu.anthropic.claude-sonnet-4-20250514-v1:0"),
    ],
)
def test_a_turn_without_its_thoughts_is_answered_without_more(dialect: Dialect, model: str) -> None:
    """Claude would refuse to think on there; the client learns that it did not think."""
    conversation = tongues.client(Dialect.CHAT).read_conversation(
        read_request(msgspec.json.encode(BODY))
    )
    losses = Losses(allowed=False)
    written = tongues.target(dialect).write_request(conversation, model, losses)
    assert b'"thinking"' not in msgspec.json.encode(written)
    assert losses.dropped == ["reasoning_effort"]


@pytest.mark.parametrize(
    ("dialect", "model"),
    [
        (Dialect.MESSAGES, "claude-sonnet-4-20250514"),
        (Dialect.CONVERSE, "eu.anthropic.claude-sonnet-4-20250514-v1:0"),
    ],
)
def test_the_first_turn_thinks(dialect: Dialect, model: str) -> None:
    """Only what the thoughts are missing of is answered without them."""
    first = BODY | {"messages": BODY["messages"][:1]}  # type: ignore[index]
    conversation = tongues.client(Dialect.CHAT).read_conversation(
        read_request(msgspec.json.encode(first))
    )
    losses = Losses(allowed=False)
    written = tongues.target(dialect).write_request(conversation, model, losses)
    assert b'"thinking"' in msgspec.json.encode(written)
    assert losses.dropped == []
