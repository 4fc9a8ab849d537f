"""Conversations for tests, and their bodies for Anthropic."""

import json
from typing import Any

import msgspec
import pytest

from tollhouse.core.dialect import Dialect
from tollhouse.wire.anthropic.request import write_request
from tollhouse.wire.neutral.conversation import Conversation, Message, Role, Tool
from tollhouse.wire.neutral.losses import Losses, Unsupported
from tollhouse.wire.neutral.parts import Part, Text

MODEL = "claude-sonnet-4-5"
HELLO = Message(Role.USER, (Text("Hello"),))
F = Tool(
    "f", "Does it.", {"type": "object", "properties": {"a": {"type": "string"}}}, at="tools[0]"
)
G = Tool("g", at="tools[1]")


def write(
    *messages: Message,
    model: str = MODEL,
    allowed: bool = False,
    dropped: tuple[str, ...] = (),
    default_max_tokens: int | None = None,
    **fields: Any,
) -> Any:
    """The body of a conversation of a chat client, decoded; ``dropped`` is what was left out."""
    fields = {"dialect": Dialect.CHAT, "messages": messages or (HELLO,)} | fields
    losses = Losses(allowed=allowed or bool(dropped))
    body = write_request(
        Conversation(**fields), model, losses, default_max_tokens=default_max_tokens
    )
    assert tuple(losses.dropped) == dropped
    return json.loads(msgspec.json.encode(body))


def refused(*messages: Message, **fields: Any) -> Unsupported:
    """What is said of something that Anthropic cannot be asked for."""
    with pytest.raises(Unsupported) as caught:
        write(*messages, **fields)
    return caught.value


def blocks(role: Role, *parts: Part, dialect: Dialect = Dialect.CHAT) -> Any:
    """The content of the one message that these parts make."""
    (message,) = write(Message(role, parts), dialect=dialect)["messages"]
    assert message["role"] == role
    return message["content"]
