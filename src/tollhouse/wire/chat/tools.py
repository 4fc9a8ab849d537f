"""The tools of a client's chat body, and how they are to be chosen, in neutral form.

API reference: platform.openai.com/docs/api-reference/chat/create (``tools``, ``tool_choice``, and
the legacy ``functions`` and ``function_call``).
"""

import msgspec

from ...core.errors import invalid
from ..client_values import read_value
from ..json_object import Fields
from ..neutral.conversation import Choice, Tool, ToolChoice, VendorTool
from .messages import CacheControl

_CHOICES = {
    "auto": Choice.AUTO,
    "none": Choice.NONE,
    "required": Choice.REQUIRED,
    # Mistral's and Anthropic's word for the same.
    "any": Choice.REQUIRED,
}


class _Function(msgspec.Struct):
    name: str
    description: str | None = None
    parameters: dict[str, object] | None = None
    strict: bool | None = None


class _Tool(msgspec.Struct):
    type: str = "function"
    function: _Function | None = None
    cache_control: CacheControl | None = None


class _Named(msgspec.Struct, gc=False):
    name: str


class _Chosen(msgspec.Struct):
    """A tool in a choice, however it is called."""

    type: str = "function"
    name: str | None = None
    function: _Named | None = None
    custom: _Named | None = None

    @property
    def called(self) -> str | None:
        """Its name."""
        named = self.function or self.custom
        return named.name if named else self.name


class _Allowed(msgspec.Struct):
    mode: str = "auto"
    tools: list[_Chosen] = []


class _Choice(_Chosen):
    allowed_tools: _Allowed | None = None


_raws = msgspec.json.Decoder(list[msgspec.Raw])
_tool = msgspec.json.Decoder(_Tool)
_function = msgspec.json.Decoder(_Function)
_choice = msgspec.json.Decoder(str | _Choice)


def read_tools(fields: Fields) -> tuple[Tool | VendorTool, ...]:
    """Tools and legacy functions, in order."""
    tools: list[Tool | VendorTool] = []
    if "tools" in fields:
        given = read_value(_raws, fields["tools"], "tools")
        tools += [_read_tool(written, f"tools[{i}]") for i, written in enumerate(given)]
    if "functions" in fields:
        given = read_value(_raws, fields["functions"], "functions")
        for i, written in enumerate(given):
            at = f"functions[{i}]"
            tools.append(_neutral(read_value(_function, written, at), None, at))
    return tuple(tools)


def _read_tool(written: msgspec.Raw, at: str) -> Tool | VendorTool:
    tool = read_value(_tool, written, at)
    if tool.type != "function":
        return VendorTool(tool.type, written, at)
    if tool.function is None:
        raise invalid(f"{at}.function is required.", f"{at}.function")
    return _neutral(tool.function, tool.cache_control, at)


def _neutral(function: _Function, cache: CacheControl | None, at: str) -> Tool:
    if not function.name:
        raise invalid(f"{at}: the name of a function must not be empty.", at)
    return Tool(
        function.name,
        function.description,
        function.parameters,
        function.strict,
        cache.mark if cache else None,
        at,
    )


def read_choice(fields: Fields) -> ToolChoice | None:
    """How tools are to be chosen, in whichever of its forms; None where the client did not say."""
    for name in ("tool_choice", "function_call"):
        if name in fields:
            given = read_value(_choice, fields[name], name)
            return _word(given, name) if isinstance(given, str) else _object(given, name)
    return None


def _word(word: str, at: str) -> ToolChoice:
    choice = _CHOICES.get(word)
    if choice is None:
        raise invalid(f"{at} must be auto, none, required or the name of a tool.", at)
    return ToolChoice(choice)


def _object(given: _Choice, at: str) -> ToolChoice:
    allowed = given.allowed_tools
    if allowed is not None:
        mode = _word(allowed.mode, f"{at}.allowed_tools.mode")
        names = tuple(tool.called for tool in allowed.tools if tool.called)
        if not names:
            path = f"{at}.allowed_tools.tools"
            raise invalid(f"{path} names no tool.", path)
        return ToolChoice(mode.choice, allowed=names)
    if given.called:
        return ToolChoice(Choice.NAMED, given.called)
    if given.type in _CHOICES:
        return ToolChoice(_CHOICES[given.type])
    raise invalid(f"{at}.function.name is required.", f"{at}.function.name")
