"""A client's request for a response, in neutral form.

Reference: platform.openai.com/docs/api-reference/responses/create. A null is the same as nothing.
What refers to something that OpenAI stores for the client can be had from no other provider and is
refused here; what merely asks for more than others give goes into ``unknown``.
"""

from typing import TypeVar

import msgspec

from ...core.dialect import Dialect
from ...core.errors import invalid
from ..client_values import read_value
from ..json_object import Fields
from ..neutral.conversation import (
    Conversation,
    Message,
    OutputFormat,
    ReasoningAsked,
    Role,
    Sampling,
    Tool,
    VendorTool,
)
from ..neutral.losses import Unsupported
from ..neutral.parts import Text
from ..openai.request import STEERING_FIELDS
from .client_items import NO_RESPONSES, Items
from .client_tools import read_tool_choice, read_tools
from .shapes import (
    an_object,
    boolean,
    is_null,
    number,
    string,
    whole_number,
)

_Decoded = TypeVar("_Decoded")
_STORED = ("previous_response_id", "conversation", "prompt")
_STEERS_NOTHING = frozenset({"model", "stream_options", *STEERING_FIELDS})
_READ_ELSEWHERE = frozenset({"input", "instructions", "tools", "tool_choice"})
_SAYS_NOTHING = {
    "background": b"false",
    "truncation": b'"disabled"',
}
"""Fields whose one value is what happens without them."""
_ENCRYPTED = "reasoning.encrypted_content"
_LOGPROBS = "message.output_text.logprobs"


class _Format(msgspec.Struct, frozen=True):
    type: str
    name: str | None = None
    schema: dict[str, object] | None = None
    description: str | None = None
    strict: bool | None = None


class _Text(msgspec.Struct, frozen=True):
    format: _Format | None = None
    verbosity: str | None = None


class _Reasoning(msgspec.Struct, frozen=True, gc=False):
    effort: str | None = None
    summary: str | None = None
    generate_summary: str | None = None


_text = msgspec.json.Decoder(_Text | None)
_reasoning = msgspec.json.Decoder(_Reasoning | None)
_included: msgspec.json.Decoder[list[str]] = msgspec.json.Decoder(list[str])
_REASONING_FIELDS = frozenset({"effort", "summary", "generate_summary"})
_AS_USUAL = frozenset({b"null", b'"auto"', b'"standard"'})
"""Ways to reason that are what happens anyhow."""


def read_conversation(fields: Fields) -> Conversation:
    """Read a body; a 400 naming the path for what has the wrong shape or cannot be had."""
    for name in _STORED:
        if not is_null(fields.get(name)):
            raise Unsupported(name, f"{name}: {NO_RESPONSES}")
    body = _Body(fields)
    messages, tools = body.messages()
    text = body.value("text", _text)
    choice = fields.get("tool_choice")
    included = body.included()
    stream = body.value("stream", boolean)
    return Conversation(
        Dialect.RESPONSES,
        messages,
        stream=bool(stream),
        max_tokens=body.value("max_output_tokens", whole_number),
        tools=tools,
        tool_choice=None
        if choice is None or is_null(choice)
        else read_tool_choice(choice, "tool_choice", body.unknown),
        parallel_tools=body.value("parallel_tool_calls", boolean),
        output=body.output(text),
        reasoning=body.reasoning(),
        sampling=body.sampling(text, logprobs=_LOGPROBS in included),
        unknown=body.rest(),
    )


class _Body:
    """The fields of a body; those that are asked for are known."""

    def __init__(self, fields: Fields) -> None:
        self.unknown: Fields = {}
        self._fields = fields
        self._known = set(_STORED) | _STEERS_NOTHING | _READ_ELSEWHERE

    def value(self, name: str, decoder: "msgspec.json.Decoder[_Decoded]") -> _Decoded | None:
        """A field, or None where it is absent or null."""
        self._known.add(name)
        given = self._fields.get(name)
        return None if given is None or is_null(given) else read_value(decoder, given, name)

    def number(self, name: str) -> msgspec.Raw | None:
        """A number as it was spelled."""
        return None if self.value(name, number) is None else self._fields[name]

    def messages(self) -> tuple[tuple[Message, ...], tuple[Tool | VendorTool, ...]]:
        """The instructions and the input; tools may stand in the input as well."""
        items = Items(self.unknown)
        instructions = self.value("instructions", string)
        if instructions:
            said = (Text(instructions),)
            items.messages.append(Message(Role.SYSTEM, said, at="instructions"))
        given = self._fields.get("input")
        if given is None or is_null(given):
            raise invalid("The field input is required.", "input")
        items.read(given, "input")
        tools = self._fields.get("tools")
        listed = [] if is_null(tools) or tools is None else read_tools(tools, "tools", self.unknown)
        return tuple(items.messages), (*listed, *items.tools)

    def output(self, text: _Text | None) -> OutputFormat | None:
        """The form of the answer; plain text is no form."""
        told = text.format if text is not None else None
        if told is None or told.type == "text":
            return None
        if told.type == "json_object":
            return OutputFormat()
        if told.type != "json_schema":
            self.unknown["text.format"] = msgspec.Raw(msgspec.json.encode(told.type))
            return None
        for name in ("name", "schema"):
            if getattr(told, name) is None:
                raise invalid(f"text.format.{name} is required.", f"text.format.{name}")
        return OutputFormat(told.schema, told.name, told.description, told.strict)

    def reasoning(self) -> ReasoningAsked | None:
        """The thinking asked for. How wordy a summary should be is a hint that is not kept."""
        told = self.value("reasoning", _reasoning)
        if told is None:
            return None
        for name, value in read_value(an_object, self._fields["reasoning"], "reasoning").items():
            if name not in _REASONING_FIELDS and bytes(value) not in _AS_USUAL:
                self.unknown[f"reasoning.{name}"] = value
        show = True if told.summary or told.generate_summary else None
        if told.effort is None and show is None:
            return None
        return ReasoningAsked(effort=told.effort, show=show)

    def included(self) -> list[str]:
        """What else the answer should hold. Signed thoughts are in it whether asked for or not."""
        told = self.value("include", _included) or []
        for index, name in enumerate(told):
            if name not in {_ENCRYPTED, _LOGPROBS}:
                self.unknown[f"include[{index}]"] = msgspec.Raw(msgspec.json.encode(name))
        return told

    def sampling(self, text: _Text | None, *, logprobs: bool) -> Sampling:
        """The knobs. ``safety_identifier`` is the newer name of ``user``."""
        user = self.value("user", string)
        metadata = self.value("metadata", an_object)
        return Sampling(
            temperature=self.number("temperature"),
            top_p=self.number("top_p"),
            logprobs=logprobs or None,
            top_logprobs=self.value("top_logprobs", whole_number),
            verbosity=text.verbosity if text is not None else None,
            service_tier=self.value("service_tier", string),
            user=self.value("safety_identifier", string) or user,
            metadata=self._fields["metadata"] if metadata else None,
            prompt_cache_key=self.value("prompt_cache_key", string),
            store=self.value("store", boolean),
        )

    def rest(self) -> Fields:
        """The fields that nobody asked for, and what is in the others that has no place."""
        for name, value in self._fields.items():
            if name in self._known or is_null(value) or bytes(value) == _SAYS_NOTHING.get(name):
                continue
            self.unknown[name] = value
        return self.unknown
