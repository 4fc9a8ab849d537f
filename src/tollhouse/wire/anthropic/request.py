"""A conversation as a body for Anthropic's messages.

API reference: docs.claude.com/en/api/messages. The body is the one of Anthropic's own API; Vertex
and Bedrock take the same without ``model`` (``body.for_cloud``).
"""

from typing import Any

from ...core.dialect import Dialect
from ..neutral.conversation import Choice, Conversation, Tool, VendorTool
from ..neutral.losses import Losses
from ..neutral.names import field_name
from ..neutral.parts import ToolCall
from .models import Abilities, abilities
from .sampling import write_sampling
from .schemas import closed
from .thinking import write_thinking
from .turns import with_cache, write_system, write_turns

_CHOICES = {
    Choice.AUTO: "auto",
    Choice.NONE: "none",
    Choice.REQUIRED: "any",
    Choice.NAMED: "tool",
}
_NO_INPUT: dict[str, Any] = {"type": "object", "properties": {}}
_ANY_INPUT: dict[str, Any] = {"type": "object"}


def write_request(
    conversation: Conversation,
    model: str,
    losses: Losses,
    *,
    default_max_tokens: int | None = None,
) -> dict[str, Any]:
    """The body, to be encoded by ``msgspec.json``.

    ``default_max_tokens`` is the most that the model gives, for Anthropic must be told a bound.
    """
    dialect, can = conversation.dialect, abilities(model)
    if conversation.choices != 1:
        raise losses.essential(field_name(dialect, "choices"), "more than one answer to give")
    for path in conversation.unknown:
        losses.knob(path)
    body: dict[str, Any] = {
        "model": model,
        "max_tokens": conversation.max_tokens or default_max_tokens or can.output,
    }
    system = write_system(conversation, losses)
    if system:
        body["system"] = system
    body["messages"] = write_turns(conversation, losses)
    _put_tools(conversation, body, can, losses)
    if conversation.stop:
        body["stop_sequences"] = _stops(conversation, losses)
    if conversation.output is not None:
        _put_output(conversation, body, can, losses)
    write_thinking(conversation, body, can, losses)
    write_sampling(conversation, body, can, losses)
    if conversation.stream:
        body["stream"] = True
    return body


def _put_tools(
    conversation: Conversation, body: dict[str, Any], can: Abilities, losses: Losses
) -> None:
    """Tools and how they are chosen; without tools there is nothing to choose."""
    choice = conversation.tool_choice
    allowed = frozenset(choice.allowed if choice is not None else ())
    tools = [
        _tool(tool, conversation, can, losses)
        for tool in conversation.tools
        if not allowed or not isinstance(tool, Tool) or tool.name in allowed
    ]
    if not tools:
        called = _called(conversation)
        if called:
            body["tools"] = [{"name": name, "input_schema": _ANY_INPUT} for name in called]
            body["tool_choice"] = {"type": "none"}
        return
    body["tools"] = tools
    if choice is None and conversation.parallel_tools is not False:
        return
    kind = Choice.AUTO if choice is None else choice.choice
    written: dict[str, Any] = {"type": _CHOICES[kind]}
    if choice is not None and choice.name is not None:
        written["name"] = choice.name
    if conversation.parallel_tools is False and kind is not Choice.NONE:
        written["disable_parallel_tool_use"] = True
    body["tool_choice"] = written


def _called(conversation: Conversation) -> list[str]:
    """The names of the tools that were called before, once each."""
    names = [
        part.name
        for message in conversation.messages
        for part in message.parts
        if isinstance(part, ToolCall)
    ]
    return list(dict.fromkeys(names))


def _tool(
    tool: Tool | VendorTool, conversation: Conversation, can: Abilities, losses: Losses
) -> Any:
    if isinstance(tool, VendorTool):
        if conversation.dialect is not Dialect.MESSAGES:
            raise losses.essential(tool.at, f"a tool of the kind {tool.kind}")
        return tool.written
    written: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        written["description"] = tool.description
    schema = _NO_INPUT if tool.schema is None else {"type": "object"} | dict(tool.schema)
    if tool.strict:
        if can.schemas:
            written["strict"] = True
            schema = closed(schema)
        else:
            losses.hint(f"{tool.at}.strict")
    written["input_schema"] = schema
    return with_cache(written, tool.cache)


def _stops(conversation: Conversation, losses: Losses) -> list[str]:
    if any(not text.strip() for text in conversation.stop):
        param = field_name(conversation.dialect, "stop")
        raise losses.essential(param, "a stop sequence of white space alone")
    return list(conversation.stop)


def _put_output(
    conversation: Conversation, body: dict[str, Any], can: Abilities, losses: Losses
) -> None:
    """An answer by a schema; the name and strictness of one are hints that Anthropic lacks."""
    asked, param = conversation.output, field_name(conversation.dialect, "output")
    if asked is None:
        return
    if asked.schema is None:
        raise losses.essential(param, "JSON to answer in without a schema of it")
    if not can.schemas:
        raise losses.essential(param, "a schema to answer by")
    schema = closed(asked.schema)
    if asked.description is not None:
        schema.setdefault("description", asked.description)
    body.setdefault("output_config", {})["format"] = {"type": "json_schema", "schema": schema}
