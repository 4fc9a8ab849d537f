"""The items of a client's ``input``, as messages.

Reference: platform.openai.com/docs/api-reference/responses/create (``input``). Every item is a
message of its own; writers join them where a target wants turns.
"""

from collections.abc import Iterable

import msgspec

from ...core.dialect import Vendor
from ...core.errors import CallerError, invalid
from ..client_values import read_value
from ..json_object import Fields
from ..neutral.conversation import Message, Role, Tool, VendorTool
from ..neutral.losses import Unsupported
from ..neutral.parts import Opaque, Part, Text, ToolCall, ToolResult
from ..neutral.signatures import Kind, Packed, unpack
from .client_content import read_content, read_instructions, read_result
from .client_tools import read_tools
from .items import (
    PICTURE,
    ReasoningItem,
    call_item,
    call_of,
    custom_call_item,
    custom_call_of,
    drawn,
    picture_item,
    reasoning_item,
    thoughts,
)
from .shapes import an_object, is_null, raws, string, string_or_list

NO_RESPONSES = "this model's provider keeps no responses, so that none can be named."
_ROLES = {
    "user": Role.USER,
    "assistant": Role.ASSISTANT,
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,
}
# Hints and echoes: what an item was called, whether it was whole, and that the model called itself.
_HINTS = {"type", "id", "status", "phase", "caller", "created_by", "parsed_arguments", "async"}
_DRAWN_AS = {"output_format", "quality", "size", "background", "revised_prompt", "action"}
_KNOWN: dict[str, frozenset[str]] = {
    kind: frozenset(_HINTS | fields)
    for kind, fields in {
        "message": {"role", "content"},
        "function_call": {"call_id", "name", "arguments"},
        "custom_tool_call": {"call_id", "name", "input"},
        "function_call_output": {"call_id", "name", "output"},
        "custom_tool_call_output": {"call_id", "name", "output"},
        "reasoning": {"summary", "content", "encrypted_content"},
        "additional_tools": {"role", "tools"},
        PICTURE: {"result", *_DRAWN_AS},
    }.items()
}
_ANSWERS = frozenset({"mcp_approval_response"})


class Items:
    """Reads items in their order: a result is named after the call that came before it."""

    def __init__(self, unknown: Fields) -> None:
        """``unknown`` collects the fields that the neutral form has no place for."""
        self.messages: list[Message] = []
        self.tools: list[Tool | VendorTool] = []
        self._unknown = unknown
        self._names: dict[str, str] = {}
        self._signatures: dict[str, str] = {}

    def read(self, raw: msgspec.Raw, at: str) -> None:
        """The whole input: a user's words, or a list of items."""
        if string_or_list(raw, at):
            words = read_value(string, raw, at) or ""
            self._say(Role.USER, (Text(words),), at)
            return
        listed = read_value(raws, raw, at)
        items = [
            (read_value(an_object, item, f"{at}[{index}]"), item, f"{at}[{index}]")
            for index, item in enumerate(listed)
        ]
        for fields, item, place in items:
            self._find_signature(fields, item, place)
        for fields, item, place in items:
            self._item(fields, item, place)

    def _say(self, role: Role, parts: Iterable[Part], at: str) -> None:
        told = tuple(parts)
        if told:
            self.messages.append(Message(role, told, at=at))

    def _find_signature(self, fields: Fields, item: msgspec.Raw, at: str) -> None:
        """A tool call's signature travels in a reasoning item beside the call."""
        if fields.get("type") != _REASONING:
            return
        packed = _packed_call(read_value(reasoning_item, item, at))
        if packed is not None and packed.call_id is not None:
            self._signatures[packed.call_id] = packed.value

    def _item(self, fields: Fields, item: msgspec.Raw, at: str) -> None:
        kind = _kind(fields, at)
        if kind not in _KNOWN:
            self._opaque(kind, at)
            return
        for name, value in fields.items():
            if name not in _KNOWN[kind] and not is_null(value):
                self._unknown[f"{at}.{name}"] = value
        if kind == "message":
            self._message(fields, at)
        elif kind == "function_call":
            self._called(call_of(read_value(call_item, item, at), at=at), at)
        elif kind == "custom_tool_call":
            self._called(custom_call_of(read_value(custom_call_item, item, at), at=at), at)
        elif kind == "reasoning":
            self._thoughts(item, at)
        elif kind == PICTURE:
            self._picture(item, at)
        elif kind == "additional_tools":
            self._more_tools(fields, at)
        else:
            self._result(fields, at)

    def _message(self, fields: Fields, at: str) -> None:
        told = read_value(string, _required(fields, "role", at), f"{at}.role")
        role = _ROLES.get(told or "")
        if role is None:
            message = f"{at}.role must be one of {', '.join(_ROLES)}."
            raise invalid(message, f"{at}.role")
        content, place = _required(fields, "content", at), f"{at}.content"
        system = role is Role.SYSTEM
        parts = read_instructions(content, place) if system else read_content(content, place)
        self._say(role, parts, at)

    def _called(self, call: ToolCall, at: str) -> None:
        if not call.id:
            raise invalid(f"{at}.call_id is required.", f"{at}.call_id")
        self._names[call.id] = call.name
        signature = None if call.custom else self._signatures.get(call.id)
        self._say(Role.ASSISTANT, (msgspec.structs.replace(call, signature=signature),), at)

    def _thoughts(self, item: msgspec.Raw, at: str) -> None:
        told = read_value(reasoning_item, item, at)
        if _packed_call(told) is None:
            self._say(Role.ASSISTANT, thoughts(told, packed=True, at=at), at)

    def _more_tools(self, fields: Fields, at: str) -> None:
        if not is_null(fields.get("tools")):
            self.tools.extend(read_tools(fields["tools"], f"{at}.tools", self._unknown))

    def _picture(self, item: msgspec.Raw, at: str) -> None:
        picture = drawn(read_value(picture_item, item, at), at=at)
        self._say(Role.ASSISTANT, (picture or Opaque(PICTURE, at),), at)

    def _result(self, fields: Fields, at: str) -> None:
        call_id = read_value(string, _required(fields, "call_id", at), f"{at}.call_id") or ""
        content = read_result(_required(fields, "output", at), f"{at}.output")
        result = ToolResult(call_id, content, name=self._names.get(call_id), at=at)
        self._say(Role.USER, (result,), at)

    def _opaque(self, kind: str, at: str) -> None:
        answers = kind.endswith("_output") or kind in _ANSWERS
        self._say(Role.USER if answers else Role.ASSISTANT, (Opaque(kind, at),), at)


_REASONING = msgspec.Raw(b'"reasoning"')


def _packed_call(item: ReasoningItem) -> Packed | None:
    """The signature of a tool call that an item carries in place of thoughts."""
    packed = unpack(item.encrypted_content or "", Vendor.OPENAI)
    return packed if packed.kind is Kind.CALL else None


def _kind(fields: Fields, at: str) -> str:
    """An item's type; a message may leave it out, and so may the name of a stored item."""
    told = fields.get("type")
    kind = None if told is None else read_value(string, told, f"{at}.type")
    if kind is None:
        kind = "message" if "role" in fields else "item_reference" if "id" in fields else None
    if kind is None:
        raise invalid(f"{at}.type is required.", f"{at}.type")
    if kind == "item_reference":
        raise Unsupported(at, f"{at}: {NO_RESPONSES}")
    return kind


def _required(fields: Fields, name: str, at: str) -> msgspec.Raw:
    value = fields.get(name)
    if value is None or is_null(value):
        raise _missing(f"{at}.{name}")
    return value


def _missing(param: str) -> CallerError:
    return invalid(f"{param} is required.", param)
