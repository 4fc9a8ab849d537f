"""What a client asks in Anthropic's messages, in neutral form.

API reference: docs.claude.com/en/api/messages. No provider will judge such a body before it is
translated, so wrong shapes are refused here, each by its path.
"""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from ...core.dialect import Dialect
from ...core.errors import invalid
from ..client_values import read_value
from ..json_object import Fields
from ..neutral.conversation import (
    Choice,
    Conversation,
    Message,
    OutputFormat,
    ReasoningAsked,
    Role,
    Sampling,
    Tool,
    ToolChoice,
    VendorTool,
)
from ..neutral.parts import Document, Image, Part, Text, ToolCall, ToolResult
from ..openai.request import STEERING_FIELDS
from .blocks import BlockReader, cached
from .shapes import NOTHING, CacheControl
from .threads import refuse_thread

_Shape = TypeVar("_Shape")
_READ = frozenset(
    {
        *("model", "stream", "anthropic_version", "messages", "system", "max_tokens"),
        *("stop_sequences", "tools", "tool_choice", "output_config", "output_format", "thinking"),
        *("temperature", "top_p", "top_k", "metadata", "service_tier", "cache_control"),
    }
)
"""Fields that are read here, or that steer nothing; all others are unknown to the neutral form."""
_CHOICES = {
    "auto": Choice.AUTO,
    "any": Choice.REQUIRED,
    "none": Choice.NONE,
    "tool": Choice.NAMED,
}
_SERVICE_TIERS = {"auto": "auto", "standard_only": "default"}
"""Anthropic's word to OpenAI's, which the neutral form has."""
_FALSE = b"false"
_DIRECT = b'["direct"]'
_TOOL_FIELDS = frozenset(
    {"type", "name", "description", "input_schema", "strict", "cache_control"}
    | {"eager_input_streaming"}
)
"""What is read of a tool. The last is a hint how its arguments are to be streamed."""
_NULL = b"null"


class _Message(msgspec.Struct, frozen=True):
    role: str
    content: str | list[msgspec.Raw]


class _Tool(msgspec.Struct, frozen=True):
    name: str
    type: str | None = None
    description: str | None = None
    input_schema: dict[str, object] | None = None
    strict: bool | None = None
    cache_control: CacheControl | None = None


class _ToolChoice(msgspec.Struct, frozen=True, gc=False):
    type: str
    name: str | None = None
    disable_parallel_tool_use: bool | None = None


class _Format(msgspec.Struct, frozen=True):
    type: str
    schema: dict[str, object] | None = None


class _OutputConfig(msgspec.Struct, frozen=True):
    effort: str | None = None
    format: msgspec.Raw = NOTHING


class _Thinking(msgspec.Struct, frozen=True, gc=False):
    type: str
    budget_tokens: int | None = None
    display: str | None = None


class _Metadata(msgspec.Struct, frozen=True, gc=False):
    user_id: str | None = None


_messages = msgspec.json.Decoder(tuple[_Message, ...])
_system = msgspec.json.Decoder(str | list[msgspec.Raw])
_boolean = msgspec.json.Decoder(bool)
_whole = msgspec.json.Decoder(int)
_number = msgspec.json.Decoder(float)
_string = msgspec.json.Decoder(str)
_strings = msgspec.json.Decoder(tuple[str, ...])
_list = msgspec.json.Decoder(tuple[msgspec.Raw, ...])
_object = msgspec.json.Decoder(Fields)
_tool = msgspec.json.Decoder(_Tool)
_tool_choice = msgspec.json.Decoder(_ToolChoice)
_format = msgspec.json.Decoder(_Format)
_output_config = msgspec.json.Decoder(_OutputConfig)
_thinking = msgspec.json.Decoder(_Thinking)
_metadata = msgspec.json.Decoder(_Metadata)
_cache = msgspec.json.Decoder(CacheControl)


def read_conversation(fields: Fields) -> Conversation:
    """Read a body; a 400 naming the place of whatever is not as the reference has it."""
    refuse_thread(fields)
    given = {name: value for name, value in fields.items() if bytes(value) != _NULL}
    unknown: Fields = {
        name: value
        for name, value in given.items()
        if name not in _READ and name not in STEERING_FIELDS
    }
    choice, parallel = _read_choice(given)
    most = _optional(given, "max_tokens", _whole)
    if most is not None and most < 1:
        raise invalid("max_tokens must be at least 1.", "max_tokens")
    output, effort = _read_output(given, unknown)
    return Conversation(
        dialect=Dialect.MESSAGES,
        messages=_read_messages(given),
        stream=_optional(given, "stream", _boolean) is True,
        max_tokens=most,
        stop=_optional(given, "stop_sequences", _strings) or (),
        tools=_read_tools(given, unknown),
        tool_choice=choice,
        parallel_tools=parallel,
        output=output,
        reasoning=_read_reasoning(given, effort, unknown),
        sampling=_read_sampling(given, unknown),
        unknown=unknown,
    )


def _optional(
    fields: Mapping[str, msgspec.Raw], name: str, decoder: msgspec.json.Decoder[_Shape]
) -> _Shape | None:
    value = fields.get(name)
    return None if value is None else read_value(decoder, value, name)


# --- Messages ---


def _read_messages(given: Fields) -> tuple[Message, ...]:
    if "messages" not in given:
        raise invalid("The field messages is required.", "messages")
    reader = BlockReader()
    messages = []
    if "system" in given:
        system = read_value(_system, given["system"], "system")
        messages.append(
            Message(Role.SYSTEM, reader.read(system, Role.SYSTEM, "system"), at="system")
        )
    turns: tuple[_Message, ...] = read_value(_messages, given["messages"], "messages")
    for number, told in enumerate(turns):
        at = f"messages[{number}]"
        try:
            role = Role(told.role)
        except ValueError:
            raise invalid(f"{at}.role must be user, assistant or system.", f"{at}.role") from None
        parts = reader.read(told.content, role, f"{at}.content")
        messages.append(Message(role, parts, at=at))
    mark = cached(_optional(given, "cache_control", _cache))
    if mark is not None and messages:
        messages[-1] = msgspec.structs.replace(
            messages[-1], parts=_marked(messages[-1].parts, mark)
        )
    return tuple(messages)


def _marked(parts: tuple[Part, ...], mark: str) -> tuple[Part, ...]:
    """With a mark behind the last part that can have one, as ``cache_control`` for all means."""
    for number in reversed(range(len(parts))):
        part = parts[number]
        if isinstance(part, Text | Image | Document | ToolCall | ToolResult):
            if part.cache is not None:
                return parts
            marked = msgspec.structs.replace(part, cache=mark)
            return (*parts[:number], marked, *parts[number + 1 :])
    return parts


# --- Tools ---


def _read_tools(given: Fields, unknown: Fields) -> tuple[Tool | VendorTool, ...]:
    tools: list[Tool | VendorTool] = []
    listed: tuple[msgspec.Raw, ...] | None = _optional(given, "tools", _list)
    for number, written in enumerate(listed or ()):
        at = f"tools[{number}]"
        members = read_value(_object, written, at)
        kind = members.get("type")
        if kind is not None and bytes(kind) not in {_NULL, b'"custom"'}:
            tools.append(VendorTool(read_value(_string, kind, f"{at}.type"), written, at))
            continue
        for name, value in members.items():
            if name not in _TOOL_FIELDS and bytes(value) not in {_NULL, _FALSE, _DIRECT, b"[]"}:
                unknown[f"{at}.{name}"] = value
        told = read_value(_tool, written, at)
        tools.append(
            Tool(
                told.name,
                told.description,
                told.input_schema,
                told.strict,
                cached(told.cache_control),
                at,
            )
        )
    return tuple(tools)


def _read_choice(given: Fields) -> tuple[ToolChoice | None, bool | None]:
    """How tools are chosen, and whether several at once."""
    told = _optional(given, "tool_choice", _tool_choice)
    if told is None:
        return None, None
    if told.type not in _CHOICES:
        raise invalid("tool_choice.type must be auto, any, none or tool.", "tool_choice.type")
    choice = _CHOICES[told.type]
    if choice is Choice.NAMED and told.name is None:
        raise invalid("The field tool_choice.name is required.", "tool_choice.name")
    name = told.name if choice is Choice.NAMED else None
    apart = told.disable_parallel_tool_use
    return ToolChoice(choice, name), None if apart is None else not apart


# --- What the answer is to be like ---


def _read_output(given: Fields, unknown: Fields) -> tuple[OutputFormat | None, str | None]:
    """The form of the answer, and the effort that is to be made for it."""
    config = _optional(given, "output_config", _output_config)
    written, at = given.get("output_format"), "output_format"
    if config is not None:
        _others(given, "output_config", {"effort", "format"}, unknown)
        if bytes(config.format) not in {b"", _NULL}:
            written, at = config.format, "output_config.format"
    effort = None if config is None else config.effort
    if written is None:
        return None, effort
    told = read_value(_format, written, at)
    if told.type != "json_schema" or told.schema is None:
        raise invalid(f"{at} must be of type json_schema and have a schema.", at)
    return OutputFormat(told.schema), effort


def _read_reasoning(given: Fields, effort: str | None, unknown: Fields) -> ReasoningAsked | None:
    told = _optional(given, "thinking", _thinking)
    if told is None:
        return None if effort is None else ReasoningAsked(effort=effort)
    if told.type not in {"enabled", "disabled", "adaptive"}:
        raise invalid("thinking.type must be enabled, disabled or adaptive.", "thinking.type")
    enabled = told.type == "enabled"
    if enabled and told.budget_tokens is None:
        message = "The field thinking.budget_tokens is required."
        raise invalid(message, "thinking.budget_tokens")
    _others(given, "thinking", {"type", "budget_tokens", "display"}, unknown)
    return ReasoningAsked(
        effort=effort,
        budget=told.budget_tokens if enabled else None,
        adaptive=told.type == "adaptive",
        disabled=told.type == "disabled",
        show=None if told.display is None else told.display != "omitted",
    )


def _read_sampling(given: Fields, unknown: Fields) -> Sampling:
    for name in ("temperature", "top_p"):
        _optional(given, name, _number)
    user = None
    if "metadata" in given:
        user = read_value(_metadata, given["metadata"], "metadata").user_id
        _others(given, "metadata", {"user_id"}, unknown)
    tier = _optional(given, "service_tier", _string)
    if tier is not None and tier not in _SERVICE_TIERS:
        raise invalid("service_tier must be auto or standard_only.", "service_tier")
    return Sampling(
        temperature=given.get("temperature"),
        top_p=given.get("top_p"),
        top_k=_optional(given, "top_k", _whole),
        service_tier=None if tier is None else _SERVICE_TIERS[tier],
        user=user,
    )


def _others(given: Fields, field: str, known: set[str], unknown: Fields) -> None:
    """The members of an object that are none of the known ones."""
    for name, value in read_value(_object, given[field], field).items():
        if name not in known and bytes(value) != _NULL:
            unknown[f"{field}.{name}"] = value
