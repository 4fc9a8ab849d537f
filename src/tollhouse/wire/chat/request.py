"""What a chat host is asked, made of a conversation.

API reference: platform.openai.com/docs/api-reference/chat/create. Thinking budgets become words of
effort (``efforts``).
"""

import hashlib
from typing import Any

import msgspec

from ...core.dialect import Dialect
from ..json_object import raw, read_object
from ..neutral.conversation import (
    Choice,
    Conversation,
    OutputFormat,
    Tool,
    ToolChoice,
    VendorTool,
)
from ..neutral.losses import Losses
from ..neutral.names import field_name
from ..openai.answer import string_field
from .asking import MessageWriter
from .efforts import effort_of
from .quirks import Quirks, quirks_of
from .strict_schemas import output_of

_NO_INPUT: dict[str, object] = {"type": "object", "properties": {}}
_MOST_STOPS = 4
_MOST_USER = 64
"""OpenAI takes no longer ``user``; agents put more into it."""
_CUSTOM = "custom"
_CHOICES = {Choice.AUTO: "auto", Choice.NONE: "none", Choice.REQUIRED: "required"}


def write_request(
    conversation: Conversation,
    model: str,
    losses: Losses,
    *,
    stream_usage: bool = True,
    quirks: Quirks | None = None,
) -> dict[str, Any]:
    """The body; ``stream_usage`` is off for hosts that refuse the question for usage."""
    quirks = quirks or quirks_of(model)
    for path in conversation.unknown:
        losses.knob(path)
    body: dict[str, Any] = {
        "model": model,
        "messages": MessageWriter(conversation, losses, quirks).write(),
    }
    if conversation.stream:
        body["stream"] = True
        if stream_usage:
            body["stream_options"] = {"include_usage": True}
    if conversation.max_tokens is not None:
        body[quirks.output_field] = conversation.max_tokens
    if conversation.stop:
        if len(conversation.stop) > _MOST_STOPS:
            losses.knob(field_name(conversation.dialect, "stop"))
        body["stop"] = list(conversation.stop[:_MOST_STOPS])
    if conversation.choices > 1:
        body["n"] = conversation.choices
    output = output_of(conversation, quirks, losses)
    if output is not None:
        body["response_format"] = _format(output)
    _write_tools(body, conversation, losses)
    effort = _effort(conversation, quirks, losses)
    if effort is not None:
        body["reasoning_effort"] = effort
    _write_sampling(body, conversation, quirks, losses)
    return body


# --- Tools ---


def _write_tools(body: dict[str, Any], conversation: Conversation, losses: Losses) -> None:
    """Tools, and what is said of their use: without any, hosts refuse words about them."""
    choice = conversation.tool_choice or ToolChoice()
    tools = [(tool, _written_tool(tool, conversation, losses)) for tool in conversation.tools]
    if choice.allowed:
        # The others are not given at all, which every host understands.
        allowed = frozenset(choice.allowed)
        tools = [pair for pair in tools if _name(pair[1]) in allowed]
    if not tools:
        return
    body["tools"] = [written for _, written in tools]
    if conversation.tool_choice is not None:
        body["tool_choice"] = _written_choice(choice, body["tools"])
    if conversation.parallel_tools is not None:
        body["parallel_tool_calls"] = conversation.parallel_tools


def _written_tool(
    tool: Tool | VendorTool, conversation: Conversation, losses: Losses
) -> dict[str, Any]:
    if isinstance(tool, Tool):
        function: dict[str, Any] = {"name": tool.name}
        if tool.description is not None:
            function["description"] = tool.description
        function["parameters"] = tool.schema or _NO_INPUT
        if tool.strict is not None:
            function["strict"] = tool.strict
        return {"type": "function", "function": function}
    written = dict(read_object(tool.written) or {})
    if conversation.dialect is Dialect.CHAT:
        return dict(written)
    if conversation.dialect is Dialect.RESPONSES and tool.kind == _CUSTOM:
        return _custom(written)
    raise losses.essential(tool.at, f"the tool {tool.kind}, which its own vendor runs")


def _custom(written: dict[str, msgspec.Raw]) -> dict[str, Any]:
    """A custom tool, from the spelling of responses to that of chat."""
    custom: dict[str, Any] = {
        name: written[name] for name in ("name", "description") if name in written
    }
    given = read_object(written["format"]) if "format" in written else None
    if given is not None:
        kind = given.pop("type", raw("text"))
        custom["format"] = {"type": kind} | ({"grammar": given} if given else {})
    return {"type": _CUSTOM, _CUSTOM: custom}


def _name(written: dict[str, Any]) -> str | None:
    """What a tool is called, as it is written."""
    held = written.get("function", written.get(_CUSTOM))
    if isinstance(held, msgspec.Raw):
        held = read_object(held)
    if not held:
        return None
    name = held.get("name")
    return string_field(held, "name") if isinstance(name, msgspec.Raw) else name


def _written_choice(choice: ToolChoice, tools: list[dict[str, Any]]) -> str | dict[str, Any]:
    if choice.choice is not Choice.NAMED:
        return _CHOICES[choice.choice]
    named = [tool for tool in tools if _name(tool) == choice.name]
    kind = _CUSTOM if named and _CUSTOM in named[0] else "function"
    return {"type": kind, kind: {"name": choice.name}}


# --- The rest ---


def _format(output: OutputFormat) -> dict[str, Any]:
    if output.schema is None:
        return {"type": "json_object"}
    schema: dict[str, Any] = {"name": output.name or "answer", "schema": output.schema}
    if output.description is not None:
        schema["description"] = output.description
    if output.strict is not None:
        schema["strict"] = output.strict
    return {"type": "json_schema", "json_schema": schema}


def _effort(conversation: Conversation, quirks: Quirks, losses: Losses) -> str | None:
    """The word of effort that comes nearest to what is asked; None leaves it to the model.

    Whether thoughts are shown is the host's affair: chat has no word for it.
    """
    asked = conversation.reasoning
    if asked is None:
        return None
    effort = effort_of(asked, quirks)
    if effort is not None and not quirks.reasons:
        losses.knob(field_name(conversation.dialect, "reasoning"))
        return None
    return effort


def _write_sampling(
    body: dict[str, Any], conversation: Conversation, quirks: Quirks, losses: Losses
) -> None:
    sampling = conversation.sampling
    if sampling.top_k is not None:
        losses.knob(field_name(conversation.dialect, "top_k"))
    for name in (
        *("temperature", "top_p", "seed", "presence_penalty", "frequency_penalty", "logit_bias"),
        *("logprobs", "top_logprobs", "verbosity", "service_tier", "metadata"),
    ):
        value = getattr(sampling, name)
        if value is not None:
            body[name] = value
    if sampling.user is not None:
        body["user"] = _user(sampling.user)
    if sampling.prompt_cache_key is not None and quirks.caches_by_key:
        # A hint: hosts that do not know it do their caching by themselves, or refuse it.
        body["prompt_cache_key"] = sampling.prompt_cache_key
    if sampling.store:
        # Not to store is what happens anyhow.
        body["store"] = True


def _user(given: str) -> str:
    """A name of the user that is short enough, and for one user always the same."""
    return given if len(given) <= _MOST_USER else hashlib.sha256(given.encode()).hexdigest()
