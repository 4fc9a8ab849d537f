"""A conversation as a request to a provider of responses.

References: platform.openai.com/docs/api-reference/responses/create,
platform.openai.com/docs/guides/migrate-to-responses. Nothing is stored there: ``store`` is always
false, and thoughts come back in cipher where the model has any.
"""

import hashlib
import re
from typing import Any

import msgspec

from ...core.dialect import Dialect, Vendor
from ..chat.efforts import effort_of
from ..chat.quirks import Quirks, quirks_of
from ..chat.strict_schemas import output_of
from ..neutral.conversation import (
    Choice,
    Conversation,
    OutputFormat,
    Role,
    Tool,
    ToolChoice,
    VendorTool,
)
from ..neutral.losses import Losses
from ..neutral.names import field_name
from ..neutral.parts import Reasoning, Text
from .items import BETWEEN_PARTS
from .request_items import ItemWriter
from .shapes import decoded

Body = dict[str, Any]

_REASONS = re.compile(r"(?:gpt-[5-9]|o\d|codex)(?!.*-chat)")
"""OpenAI's models that think unasked; they alone may always be asked for thoughts in cipher."""
_NOTHING_TAKEN = {"type": "object", "properties": {}}
_LACKING = ("top_k", "seed", "presence_penalty", "frequency_penalty", "logit_bias")
_PLAIN = ("service_tier", "user", "metadata", "prompt_cache_key")
_SERVICE_TIERS = {"standard_only": "default"}
"""Anthropic's word for never paying for priority."""
_LONGEST_USER = 64
"""OpenAI takes no longer ``user``; agents put more into it."""


def write_request(conversation: Conversation, model: str, losses: Losses) -> Body:
    """The body; what it cannot say is told to ``losses`` or refused by them."""
    for path in conversation.unknown:
        losses.knob(path)
    name = _Names(conversation.dialect, losses)
    if conversation.choices != 1:
        raise losses.essential(field_name(conversation.dialect, "choices"), "more than one answer")
    if conversation.stop:
        name.lacking("stop")
    quirks = quirks_of(model)
    body: Body = {"model": model, **_said(conversation, losses, quirks)}
    if conversation.max_tokens is not None:
        body["max_output_tokens"] = conversation.max_tokens
    body |= _tools(conversation, losses)
    body |= _sampling(conversation, name)
    text = _text(conversation, output_of(conversation, quirks, losses))
    if text:
        body["text"] = text
    reasoning = _reasoning(conversation, quirks, losses)
    if reasoning:
        body["reasoning"] = reasoning
    include = _include(conversation, model, asked=bool(reasoning))
    if include:
        body["include"] = include
    body["store"] = False
    if conversation.stream:
        body["stream"] = True
    return body


class _Names:
    """Tells of knobs by the client's names."""

    def __init__(self, dialect: Dialect, losses: Losses) -> None:
        self._dialect = dialect
        self._losses = losses

    def lacking(self, neutral: str) -> None:
        """A knob that responses do not have."""
        self._losses.knob(field_name(self._dialect, neutral))


def _said(conversation: Conversation, losses: Losses, quirks: Quirks) -> Body:
    """The instructions that come before everything else, and the rest in its order.

    Instructions with a mark of what to cache are items, for ``instructions`` can have none.
    """
    messages = conversation.messages
    turns = [index for index, one in enumerate(messages) if one.role is not Role.SYSTEM]
    first = turns[0] if turns else 0
    texts = [
        part for message in messages[:first] for part in message.parts if isinstance(part, Text)
    ]
    writer = ItemWriter(conversation.dialect, losses, quirks)
    if quirks.marks_caches and any(text.cache for text in texts):
        first, texts = 0, []
    for message in messages[first:]:
        if message.role is Role.SYSTEM:
            writer.instructions(message)
        else:
            writer.message(message)
    instructions = BETWEEN_PARTS.join([text.text for text in texts])
    return ({"instructions": instructions} if texts else {}) | {"input": writer.items}


def _tools(conversation: Conversation, losses: Losses) -> Body:
    """The tools and their choice; without tools, nothing about a choice is said."""
    if not conversation.tools:
        return {}
    dialect = conversation.dialect
    body: Body = {"tools": [_tool(tool, dialect, losses) for tool in conversation.tools]}
    if conversation.tool_choice is not None:
        custom = {_custom_name(one) for one in conversation.tools if isinstance(one, VendorTool)}
        body["tool_choice"] = _choice(conversation.tool_choice, custom)
    if conversation.parallel_tools is not None:
        body["parallel_tool_calls"] = conversation.parallel_tools
    return body


def _tool(tool: Tool | VendorTool, dialect: Dialect, losses: Losses) -> Body | msgspec.Raw:
    """A tool. Strict is what responses take for granted and no other dialect does."""
    if isinstance(tool, Tool):
        written: Body = {"type": "function", "name": tool.name}
        if tool.description is not None:
            written["description"] = tool.description
        written["parameters"] = _NOTHING_TAKEN if tool.schema is None else tool.schema
        return written | {"strict": bool(tool.strict)}
    if dialect is Dialect.RESPONSES:
        return tool.written
    name = _custom_name(tool)
    if dialect is Dialect.CHAT and name is not None:
        return _custom_of_chat(tool)
    raise losses.essential(tool.at, f"the tool {tool.kind}")


def _custom_name(tool: VendorTool) -> str | None:
    """The name of a tool that takes free text, however the client's dialect nests it."""
    name = _custom(tool).get("name")
    return name if isinstance(name, str) else None


def _custom(tool: VendorTool) -> Body:
    """What a client says of such a tool; nothing for one of another kind or shape."""
    if tool.kind != "custom":
        return {}
    told = decoded(tool.written)
    custom = told.get("custom", told) if isinstance(told, dict) else None
    return custom if isinstance(custom, dict) else {}


def _custom_of_chat(tool: VendorTool) -> Body:
    """Chat's custom tool, which is nested twice where that of responses is flat."""
    custom = dict(_custom(tool))
    form = custom.get("format")
    if isinstance(form, dict) and isinstance(form.get("grammar"), dict):
        custom["format"] = {"type": "grammar", **form["grammar"]}
    return {"type": "custom", **custom}


def _choice(choice: ToolChoice, custom: set[str | None]) -> str | Body:
    def named(name: str) -> Body:
        return {"type": "custom" if name in custom else "function", "name": name}

    if choice.choice is Choice.NAMED and choice.name is not None:
        return named(choice.name)
    if choice.allowed and choice.choice is not Choice.NONE:
        tools = [named(name) for name in choice.allowed]
        return {"type": "allowed_tools", "mode": str(choice.choice), "tools": tools}
    return str(choice.choice)


def _sampling(conversation: Conversation, name: _Names) -> Body:
    sampling = conversation.sampling
    for knob in _LACKING:
        if getattr(sampling, knob) is not None:
            name.lacking(knob)
    if sampling.store:
        name.lacking("store")
    body: Body = {
        knob: value
        for knob in ("temperature", "top_p", *_PLAIN)
        if (value := getattr(sampling, knob)) is not None
    }
    if sampling.service_tier is not None:
        body["service_tier"] = _SERVICE_TIERS.get(sampling.service_tier, sampling.service_tier)
    if sampling.user is not None and len(sampling.user) > _LONGEST_USER:
        body["user"] = hashlib.sha256(sampling.user.encode()).hexdigest()
    if sampling.top_logprobs is not None:
        body["top_logprobs"] = sampling.top_logprobs
    return body


def _text(conversation: Conversation, output: OutputFormat | None) -> Body:
    text: Body = {}
    if output is not None:
        text["format"] = _format(output)
    if conversation.sampling.verbosity is not None:
        text["verbosity"] = conversation.sampling.verbosity
    return text


def _format(output: OutputFormat) -> Body:
    """JSON as an answer; a schema must have a name, which not every dialect asks for."""
    if output.schema is None:
        return {"type": "json_object"}
    written: Body = {
        "type": "json_schema",
        "name": output.name or "answer",
        "schema": output.schema,
    }
    if output.description is not None:
        written["description"] = output.description
    if output.strict is not None:
        written["strict"] = output.strict
    return written


def _reasoning(conversation: Conversation, quirks: Quirks, losses: Losses) -> Body:
    """The effort that comes nearest to what is asked, and whether thoughts are to be shown.

    Anthropic's thinking is shown unless that is declined.
    """
    asked = conversation.reasoning
    if asked is None:
        return {}
    effort = effort_of(asked, quirks)
    show = asked.show
    if show is None and conversation.dialect is Dialect.MESSAGES:
        show = asked.adaptive or (asked.budget or 0) > 0
    body: Body = {} if effort is None else {"effort": effort}
    if show:
        body["summary"] = "auto"
    if body and not quirks.reasons:
        losses.knob(field_name(conversation.dialect, "reasoning"))
        return {}
    return body


def _include(conversation: Conversation, model: str, *, asked: bool) -> list[str]:
    """What else the answer should hold; a model that does not think refuses to be asked."""
    thinks = asked or _has_thoughts(conversation)
    include = []
    if thinks or _REASONS.match(model.rpartition("/")[2]):
        include.append("reasoning.encrypted_content")
    if conversation.sampling.logprobs:
        include.append("message.output_text.logprobs")
    return include


def _has_thoughts(conversation: Conversation) -> bool:
    return any(
        isinstance(part, Reasoning) and part.vendor is Vendor.OPENAI
        for message in conversation.messages
        for part in message.parts
    )
