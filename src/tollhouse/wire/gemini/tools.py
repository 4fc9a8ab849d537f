"""The tools that Gemini may call, and whether it does.

API reference: ai.google.dev/api/caching#FunctionDeclaration and #FunctionCallingConfig. The schema
of a tool goes into ``parametersJsonSchema``, which takes JSON schema; ``parameters`` would take the
poorer schema of OpenAPI 3.0.
"""

from typing import Any

from ...core.dialect import Dialect
from ..neutral.conversation import Choice, Conversation, Tool
from ..neutral.losses import Losses
from ..neutral.names import field_name
from .schema import sanitised

_SCHEMAS = {
    Dialect.CHAT: "function.parameters",
    Dialect.RESPONSES: "parameters",
    Dialect.MESSAGES: "input_schema",
}
_STRICT = {Dialect.CHAT: "function.strict"}
_MODES = {Choice.AUTO: "AUTO", Choice.NONE: "NONE", Choice.REQUIRED: "ANY", Choice.NAMED: "ANY"}


def write_tools(conversation: Conversation, losses: Losses) -> dict[str, Any]:
    """``tools`` and ``toolConfig``; neither of them where there is no tool."""
    declared = []
    for tool in conversation.tools:
        if not isinstance(tool, Tool):
            raise losses.essential(tool.at, f"a tool of the type {tool.kind}")
        declared.append(_declaration(tool, conversation.dialect, losses))
    if not declared:
        return {}
    if conversation.parallel_tools is False:
        losses.knob(field_name(conversation.dialect, "parallel_tools"))
    body: dict[str, Any] = {"tools": [{"functionDeclarations": declared}]}
    calling = _calling(conversation)
    if calling:
        body["toolConfig"] = {"functionCallingConfig": calling}
    return body


def _declaration(tool: Tool, dialect: Dialect, losses: Losses) -> dict[str, Any]:
    written: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        written["description"] = tool.description
    if tool.schema is not None:
        schema, dropped = sanitised(tool.schema)
        written["parametersJsonSchema"] = schema
        tell(losses, f"{tool.at}.{_SCHEMAS[dialect]}", dropped)
    if tool.strict:
        tell(losses, f"{tool.at}.{_STRICT.get(dialect, 'strict')}", [""])
    return written


def tell(losses: Losses, path: str, keywords: list[str]) -> None:
    """A keyword of a schema is a hint to the model: left out and told, never refused."""
    for keyword in keywords:
        losses.hint(f"{path}.{keyword}" if keyword else path)


def _calling(conversation: Conversation) -> dict[str, Any]:
    chosen = conversation.tool_choice
    if chosen is None:
        return {}
    calling: dict[str, Any] = {"mode": _MODES[chosen.choice]}
    if chosen.choice is Choice.NAMED and chosen.name is not None:
        calling["allowedFunctionNames"] = [chosen.name]
    elif chosen.allowed and chosen.choice is not Choice.NONE:
        # Of the modes that narrow the choice, this one leaves it to the model whether to call.
        if chosen.choice is Choice.AUTO:
            calling["mode"] = "VALIDATED"
        calling["allowedFunctionNames"] = list(chosen.allowed)
    return calling
