"""A client's tools, and how the model may choose among them.

Reference: platform.openai.com/docs/api-reference/responses/create (``tools``, ``tool_choice``).
"""

import msgspec

from ...core.errors import invalid
from ..client_values import read_value
from ..json_object import Fields
from ..neutral.conversation import Choice, Tool, ToolChoice, VendorTool
from .shapes import an_object, is_null, is_string, raws, string

_FUNCTION_FIELDS = frozenset({"type", "name", "description", "parameters", "strict"})
_CHOICES = {"auto": Choice.AUTO, "none": Choice.NONE, "required": Choice.REQUIRED}
_NAMED = frozenset({"function", "custom"})


class _Function(msgspec.Struct, frozen=True):
    name: str
    description: str | None = None
    parameters: dict[str, object] | None = None
    strict: bool | None = None


class _Named(msgspec.Struct, frozen=True, gc=False):
    type: str
    name: str | None = None


class _Chosen(msgspec.Struct, frozen=True):
    type: str
    name: str | None = None
    mode: str | None = None
    tools: list[_Named] | None = None


_function = msgspec.json.Decoder(_Function)
_chosen = msgspec.json.Decoder(_Chosen)


def read_tools(raw: msgspec.Raw, at: str, unknown: Fields) -> list[Tool | VendorTool]:
    """The tools in order; what else a function says of itself goes into ``unknown``."""
    listed = read_value(raws, raw, at)
    return [_tool(tool, f"{at}[{index}]", unknown) for index, tool in enumerate(listed)]


def _tool(raw: msgspec.Raw, at: str, unknown: Fields) -> Tool | VendorTool:
    fields = read_value(an_object, raw, at)
    if is_null(fields.get("type")):
        raise invalid(f"{at}.type is required.", f"{at}.type")
    kind = read_value(string, fields["type"], f"{at}.type") or ""
    if kind != "function":
        return VendorTool(kind, raw, at)
    told = read_value(_function, raw, at)
    for name, value in fields.items():
        if name not in _FUNCTION_FIELDS and bytes(value) not in {b"null", b"false"}:
            unknown[f"{at}.{name}"] = value
    return Tool(told.name, told.description, told.parameters, strict=told.strict, at=at)


def read_tool_choice(raw: msgspec.Raw, at: str, unknown: Fields) -> ToolChoice | None:
    """How tools are chosen; a choice of a vendor's own tool goes into ``unknown``."""
    if is_string(raw):
        word = read_value(string, raw, at) or ""
        if word not in _CHOICES:
            raise invalid(f"{at} must be one of {', '.join(_CHOICES)}, or an object.", at)
        return ToolChoice(_CHOICES[word])
    told = read_value(_chosen, raw, at)
    if told.type in _NAMED:
        if told.name is None:
            raise invalid(f"{at}.name is required.", f"{at}.name")
        return ToolChoice(Choice.NAMED, told.name)
    if told.type == "allowed_tools":
        names = tuple(one.name for one in told.tools or () if one.type in _NAMED and one.name)
        if len(names) == len(told.tools or ()):
            return ToolChoice(_CHOICES.get(told.mode or "auto", Choice.AUTO), allowed=names)
    unknown[at] = raw
    return None
