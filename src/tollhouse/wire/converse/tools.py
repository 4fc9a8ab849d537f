"""Tools as Converse takes them.

API reference: docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolConfiguration.html.

- Without tools there is no ``toolConfig``, whatever was said about their choice. But a conversation
  in which tools were used needs one, so it is made of the calls that were.
- ``auto`` is what happens anyway; several models refuse to be told it.
- Claude's own ``tool_choice`` says what Converse cannot: one call at a time, and none at all.
"""

from collections.abc import Iterator
from typing import Any

from ..anthropic.models import abilities
from ..anthropic.schemas import closed
from ..neutral.conversation import Choice, Conversation, Tool, ToolChoice, VendorTool
from ..neutral.losses import Losses
from ..neutral.names import field_name
from ..neutral.parts import ToolCall, ToolResult
from .families import Family, takes_schemas
from .turns import cache_point

_ANYTHING: dict[str, Any] = {"type": "object"}
_NOTHING: dict[str, Any] = {"type": "object", "properties": {}}
_TOOL_CACHING = frozenset({Family.ANTHROPIC, Family.UNTOLD})
_NO_STRICT = frozenset({Family.NOVA, Family.NOVA_2})
_UNNAMED = "tool"
_DEFAULT = ToolChoice()
_NO_CALLS = ToolChoice(Choice.NONE)


def tool_config(
    conversation: Conversation, model: str, family: Family, losses: Losses
) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """``toolConfig``, or None; and what of the choice goes into the model's own fields."""
    choice = conversation.tool_choice or _DEFAULT
    used = _used(conversation)
    given = _given(conversation, losses) if choice.choice is not Choice.NONE or used else []
    if choice.allowed:
        allowed = frozenset(choice.allowed)
        given = [tool for tool in given if tool.name in allowed]
    if not given:
        if not used:
            return None, {}
        given, choice = [Tool(name, schema=_ANYTHING) for name in used], _NO_CALLS
    config: dict[str, Any] = {
        "tools": [spec for tool in given for spec in _specs(tool, model, family, losses)]
    }
    own: dict[str, Any] = {}
    if choice.choice is not Choice.NONE:
        own = _one_at_a_time(conversation, choice, family, losses)
    elif family is Family.ANTHROPIC and abilities(model).thinks:  # older ones do not know "none"
        own = {"tool_choice": {"type": "none"}}
    if not own and (written := _choice(choice)) is not None:
        config["toolChoice"] = written
    return config, own


def _given(conversation: Conversation, losses: Losses) -> list[Tool]:
    tools: list[Tool] = []
    for tool in conversation.tools:
        if isinstance(tool, VendorTool):
            raise losses.essential(tool.at, f"the tool {tool.kind} of another vendor")
        tools.append(tool)
    return tools


def _used(conversation: Conversation) -> list[str]:
    """The names of the tools that the conversation has used, each once."""
    return list(dict.fromkeys(_names(conversation)))


def _names(conversation: Conversation) -> Iterator[str]:
    for message in conversation.messages:
        for part in message.parts:
            if isinstance(part, ToolCall):
                yield part.name
            elif isinstance(part, ToolResult):
                yield part.name or _UNNAMED


def _specs(tool: Tool, model: str, family: Family, losses: Losses) -> list[dict[str, Any]]:
    """A tool, and its cache mark."""
    schema = {"type": "object", **(tool.schema or _NOTHING)}
    spec: dict[str, Any] = {"name": tool.name}
    if tool.description and tool.description.strip():
        spec["description"] = tool.description
    if tool.strict and family not in _NO_STRICT and takes_schemas(family, model):
        spec["strict"] = True
        schema = closed(schema)
    elif tool.strict:
        losses.hint(f"{tool.at}.strict")
    spec["inputSchema"] = {"json": schema}
    mark = cache_point(tool.cache, family) if family in _TOOL_CACHING else []
    return [{"toolSpec": spec}, *mark]


def _choice(choice: ToolChoice) -> dict[str, Any] | None:
    match choice.choice:
        case Choice.REQUIRED:
            return {"any": {}}
        case Choice.NAMED:
            return {"tool": {"name": choice.name}}
        case _:
            return None


_OWN_TYPES = {Choice.AUTO: "auto", Choice.REQUIRED: "any", Choice.NAMED: "tool"}


def _one_at_a_time(
    conversation: Conversation, choice: ToolChoice, family: Family, losses: Losses
) -> dict[str, Any]:
    """Claude's ``tool_choice`` in place of Converse's, never beside it: Bedrock refuses both."""
    if conversation.parallel_tools is not False:
        return {}
    if family is not Family.ANTHROPIC:
        losses.knob(field_name(conversation.dialect, "parallel_tools"))
        return {}
    own = {"type": _OWN_TYPES[choice.choice], "disable_parallel_tool_use": True}
    if choice.choice is Choice.NAMED:
        own["name"] = choice.name or ""
    return {"tool_choice": own}
