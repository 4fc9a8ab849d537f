"""What a client asks in OpenAI's chat dialect, in neutral form.

API reference: platform.openai.com/docs/api-reference/chat/create. No provider will judge such a
body before it is translated, so wrong shapes are refused here, each by its path. A knob that is set
to what its absence means (``frequency_penalty: 0``, ``logprobs: false``) counts as not set: clients
send such values by habit, and no target should be refused for them.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from ...core.dialect import Dialect
from ...core.errors import invalid
from ..client_values import read_value
from ..json_object import Fields
from ..neutral.conversation import (
    NO_SAMPLING,
    Conversation,
    OutputFormat,
    ReasoningAsked,
    Sampling,
)
from ..openai.request import MAX_CHOICES, OUTPUT_FIELDS, STEERING_FIELDS
from .messages import MessageReader
from .shapes import NULL
from .tools import read_choice, read_tools

_Shape = TypeVar("_Shape")
_READ = frozenset(
    {
        *("messages", "tools", "functions", "tool_choice", "function_call", "parallel_tool_calls"),
        *("response_format", "reasoning_effort", "reasoning", "thinking", "include_reasoning"),
        *(*OUTPUT_FIELDS, "stop", "n", "modalities", "temperature", "top_p", "top_k", "seed"),
        *("presence_penalty", "frequency_penalty", "logit_bias", "logprobs", "top_logprobs"),
        *("verbosity", "service_tier", "user", "metadata", "prompt_cache_key", "store"),
        # These steer nothing here: usage is always told.
        *("model", "stream", "stream_options", "usage"),
    }
)
EFFORTS = frozenset({"none", "minimal", "low", "medium", "high", "xhigh", "max"})
_TAKEN = _READ | STEERING_FIELDS
_THINKING = frozenset({"reasoning_effort", "reasoning", "thinking", "include_reasoning"})
_ADAPTIVE = frozenset({"adaptive", "auto"})


class _Schema(msgspec.Struct):
    name: str | None = None
    description: str | None = None
    schema: dict[str, object] | None = None
    strict: bool | None = None


class _Format(msgspec.Struct):
    type: str
    json_schema: _Schema | None = None


class _Reasoning(msgspec.Struct, gc=False):
    """OpenRouter's."""

    effort: str | None = None
    max_tokens: int | None = None
    enabled: bool | None = None
    exclude: bool | None = None


class _Thinking(msgspec.Struct, gc=False):
    """Anthropic's, as LiteLLM and some hosts of open models take it."""

    type: str
    budget_tokens: int | None = None


_boolean = msgspec.json.Decoder(bool)
_whole = msgspec.json.Decoder(int)
_number = msgspec.json.Decoder(float)
_string = msgspec.json.Decoder(str)
_strings = msgspec.json.Decoder(list[str])
_stop = msgspec.json.Decoder(str | list[str])
_object = msgspec.json.Decoder(Fields)
_format = msgspec.json.Decoder(_Format)
_reasoning = msgspec.json.Decoder(_Reasoning)
_thinking = msgspec.json.Decoder(_Thinking)


class _Body:
    """A body's fields but for those that are null, which say nothing."""

    def __init__(self, fields: Fields) -> None:
        self.fields = {name: value for name, value in fields.items() if value != NULL}
        self.unknown: Fields = {
            name: value for name, value in self.fields.items() if name not in _TAKEN
        }

    def get(self, name: str, decoder: "msgspec.json.Decoder[_Shape]") -> _Shape | None:
        """A field's value, or None where it is absent."""
        value = self.fields.get(name)
        return None if value is None else read_value(decoder, value, name)

    def number(self, name: str, *, without: float | None = None) -> msgspec.Raw | None:
        """A number as it is spelled, unless it is what its absence means."""
        value = self.get(name, _number)
        return None if value is None or value == without else self.fields[name]

    def give_up(self, name: str) -> None:
        """A field that the neutral form has no place for after all."""
        self.unknown[name] = self.fields[name]


def read_conversation(fields: Fields) -> Conversation:
    """Read a body; a 400 naming the place of whatever is not as the reference has it."""
    body = _Body(fields)
    reader = MessageReader()
    messages = reader.read(body.fields.get("messages"))
    body.unknown.update(reader.unknown)
    modalities = body.get("modalities", _strings)
    if modalities is not None and any(kind != "text" for kind in modalities):
        body.give_up("modalities")
    return Conversation(
        dialect=Dialect.CHAT,
        messages=messages,
        stream=body.get("stream", _boolean) is True,
        max_tokens=_read_output_limit(body),
        stop=_read_stop(body),
        tools=read_tools(body.fields),
        tool_choice=read_choice(body.fields),
        parallel_tools=body.get("parallel_tool_calls", _boolean),
        output=_read_format(body),
        reasoning=_read_reasoning(body),
        sampling=_read_sampling(body),
        choices=_read_choices(body),
        unknown=body.unknown,
    )


def _read_output_limit(body: _Body) -> int | None:
    """The largest output that any field asks for: the same that the gate has looked at."""
    most = None
    for name in OUTPUT_FIELDS:
        value = body.get(name, _whole)
        if value is not None:
            if value < 1:
                raise invalid(f"{name} must be at least 1.", name)
            most = value if most is None else max(most, value)
    return most


def _read_stop(body: _Body) -> tuple[str, ...]:
    given = body.get("stop", _stop)
    if not given:
        return ()
    return (given,) if isinstance(given, str) else tuple([stop for stop in given if stop])


def _read_choices(body: _Body) -> int:
    choices = body.get("n", _whole)
    if choices is not None and not 1 <= choices <= MAX_CHOICES:
        raise invalid(f"n must be between 1 and {MAX_CHOICES}.", "n")
    return choices or 1


def _read_format(body: _Body) -> OutputFormat | None:
    given = body.get("response_format", _format)
    if given is None or given.type == "text":
        return None
    if given.type == "json_object":
        return OutputFormat()
    if given.type != "json_schema":
        body.give_up("response_format")
        return None
    schema = given.json_schema
    if schema is None:
        path = "response_format.json_schema"
        raise invalid(f"{path} is required.", path)
    return OutputFormat(schema.schema, schema.name, schema.description, schema.strict)


def _read_reasoning(body: _Body) -> ReasoningAsked | None:
    """How much thinking is asked for, in any of three spellings; the first that says it counts."""
    if _THINKING.isdisjoint(body.fields):
        return None
    effort = body.get("reasoning_effort", _string)
    if effort is not None and effort not in EFFORTS:
        # A word that a host made up (Groq's "default").
        body.give_up("reasoning_effort")
        effort = None
    openrouter = body.get("reasoning", _reasoning) or _Reasoning()
    thinking = body.get("thinking", _thinking) or _Thinking("")
    included = body.get("include_reasoning", _boolean)
    if openrouter.effort is not None and openrouter.effort not in EFFORTS:
        path = "reasoning.effort"
        raise invalid(f"{path} must be one of {', '.join(sorted(EFFORTS))}.", path)
    effort = effort or openrouter.effort
    budget = openrouter.max_tokens
    if budget is None:
        budget = thinking.budget_tokens
    if openrouter.enabled and effort is None and budget is None:
        effort = "medium"
    asked = ReasoningAsked(
        effort=effort,
        budget=budget,
        adaptive=thinking.type in _ADAPTIVE,
        disabled=openrouter.enabled is False or thinking.type == "disabled",
        show=included if openrouter.exclude is None else not openrouter.exclude,
    )
    if thinking.type == "enabled" and effort is None and budget is None:
        # Hosts whose models think or do not, and know no budgets (GLM).
        asked = msgspec.structs.replace(asked, effort="medium")
    return None if asked == ReasoningAsked() else asked


def _read_sampling(body: _Body) -> Sampling:
    given = {name: _KNOBS[name](body, name) for name in body.fields if name in _KNOBS}
    return Sampling(**given) if given else NO_SAMPLING


def _penalty(body: _Body, name: str) -> msgspec.Raw | None:
    return body.number(name, without=0)


def _filled(body: _Body, name: str) -> msgspec.Raw | None:
    """An object as it is written; an empty one says nothing."""
    return body.fields[name] if body.get(name, _object) else None


def _tier(body: _Body, name: str) -> str | None:
    tier = body.get(name, _string)
    return None if tier == "auto" else tier


_KNOBS: Mapping[str, Callable[[_Body, str], Any]] = {
    "temperature": _Body.number,
    "top_p": _Body.number,
    "top_k": lambda body, name: body.get(name, _whole),
    "seed": lambda body, name: body.get(name, _whole),
    "presence_penalty": _penalty,
    "frequency_penalty": _penalty,
    "logit_bias": _filled,
    "logprobs": lambda body, name: body.get(name, _boolean) or None,
    "top_logprobs": lambda body, name: body.get(name, _whole) or None,
    "verbosity": lambda body, name: body.get(name, _string),
    "service_tier": _tier,
    "user": lambda body, name: body.get(name, _string),
    "metadata": _filled,
    "prompt_cache_key": lambda body, name: body.get(name, _string),
    "store": lambda body, name: body.get(name, _boolean),
}
"""How each field of ``Sampling`` is read where it is given; few bodies have more than one."""
