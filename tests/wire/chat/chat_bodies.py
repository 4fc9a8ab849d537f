"""Chat bodies of clients, read and written."""

import json
from typing import Any

import msgspec
import pytest

from tollhouse.core.dialect import Dialect
from tollhouse.core.errors import CallerError
from tollhouse.wire.chat.conversation import read_conversation
from tollhouse.wire.chat.quirks import Quirks
from tollhouse.wire.chat.request import write_request
from tollhouse.wire.json_object import read_request
from tollhouse.wire.neutral.conversation import Conversation, Message, Role
from tollhouse.wire.neutral.losses import Losses
from tollhouse.wire.neutral.parts import Part, Text

HI = [{"role": "user", "content": "hi"}]


def asked(messages: Any = None, **fields: Any) -> Conversation:
    """A body in neutral form."""
    body = {"model": "m", "messages": HI if messages is None else messages, **fields}
    return read_conversation(read_request(json.dumps(body).encode()))


def refused(messages: Any = None, **fields: Any) -> CallerError:
    """The 400 that a body gets."""
    with pytest.raises(CallerError) as caught:
        asked(messages, **fields)
    assert caught.value.status == 400
    return caught.value


def decoded(body: Any) -> dict[str, Any]:
    """A written body, as the host will read it."""
    found: dict[str, Any] = json.loads(msgspec.json.encode(body))
    return found


MODEL = "llama-4"
GREETING = Message(Role.USER, (Text("hi"),))


def user(*parts: Part) -> Message:
    """A user's turn."""
    return Message(Role.USER, parts)


def assistant(*parts: Part) -> Message:
    """An assistant's turn."""
    return Message(Role.ASSISTANT, parts)


def body(
    *messages: Message,
    model: str = MODEL,
    drop: bool = False,
    dialect: Dialect = Dialect.RESPONSES,
    quirks: Quirks | None = None,
    stream_usage: bool = True,
    **fields: Any,
) -> dict[str, Any]:
    """What the host gets of a conversation."""
    conversation = Conversation(dialect, messages or (GREETING,), **fields)
    losses = Losses(allowed=drop)
    return decoded(
        write_request(conversation, model, losses, stream_usage=stream_usage, quirks=quirks)
    )


def messages(*given: Message, **more: Any) -> list[dict[str, Any]]:
    """The messages in it."""
    found: list[dict[str, Any]] = body(*given, **more)["messages"]
    return found
