"""Conversations for tests, and their bodies for Gemini."""

from typing import Any

import msgspec
import pytest

from tollhouse.core.dialect import Dialect
from tollhouse.wire.gemini.request import write_request
from tollhouse.wire.neutral.conversation import Conversation, Message, Role, Tool
from tollhouse.wire.neutral.losses import Losses, Unsupported
from tollhouse.wire.neutral.parts import Part, Text

PNG = "iVBORw0KGgoAAAA="
HI = (Message(Role.USER, (Text("Hi"),)),)
ADD = Tool(
    "add", "Adds", {"type": "object", "properties": {"a": {"type": "integer"}}}, at="tools[0]"
)


def say(*parts: Part, role: Role = Role.USER) -> Message:
    """One message."""
    return Message(role, parts, at="messages[0]")


def model_says(*parts: Part) -> Message:
    """One message of the model's."""
    return say(*parts, role=Role.ASSISTANT)


def written(
    *messages: Message,
    model: str = "gemini-2.5-flash",
    dialect: Dialect = Dialect.CHAT,
    allowed: bool = False,
    vertex: bool = False,
    dropped: tuple[str, ...] = (),
    **fields: Any,
) -> dict[str, Any]:
    """The body of a conversation, as decoded JSON; ``dropped`` is what has to be told."""
    losses = Losses(allowed=allowed)
    conversation = Conversation(dialect, messages or HI, **fields)
    body = write_request(conversation, model, losses, vertex=vertex)
    assert tuple(losses.dropped) == dropped
    decoded: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(body))
    _believed_by_the_sdk(decoded)
    return decoded


def refused(*messages: Message, **fields: Any) -> str | None:
    """The field that a refusal names; essentials are refused where dropping is allowed, too."""
    with pytest.raises(Unsupported) as refusal:
        written(*messages, allowed=True, **fields)
    return refusal.value.param


def parts(*messages: Message, **fields: Any) -> list[Any]:
    """The parts of the only turn."""
    (content,) = written(*messages, **fields)["contents"]
    found: list[Any] = content["parts"]
    return found


def _believed_by_the_sdk(body: dict[str, Any]) -> None:
    """Every field is one that Google's own SDK knows; skipped where that is not installed."""
    try:
        from google.genai import types  # noqa: PLC0415 - an SDK that may be absent
    except ImportError:
        return
    known = {"contents", "systemInstruction", "tools", "toolConfig", "generationConfig"}
    assert body.keys() <= known | {"labels", "serviceTier"}
    for content in body["contents"]:
        # Bytes are in base64 there; the word for a missing signature is that, too.
        types.Content.model_validate(content)
    types.Content.model_validate(body.get("systemInstruction", {}))
    for tool in body.get("tools", []):
        types.Tool.model_validate(tool)
    types.ToolConfig.model_validate(body.get("toolConfig", {}))
    types.GenerationConfig.model_validate(body.get("generationConfig", {}))
