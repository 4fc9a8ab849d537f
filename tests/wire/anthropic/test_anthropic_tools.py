"""Tools as Anthropic gets them, and how they are chosen."""

from typing import Any

import msgspec
import pytest

from tollhouse.core.dialect import Dialect
from tollhouse.wire.neutral.conversation import Choice, Message, Role, Tool, ToolChoice, VendorTool
from tollhouse.wire.neutral.parts import ToolCall, ToolResult
from wire.anthropic.anthropic_bodies_written import HELLO, F, G, refused, write


def test_tools() -> None:
    """Schemas are objects; strictness closes them; marks and descriptions go along."""
    strict = msgspec.structs.replace(F, strict=True, cache="5m")
    loose = Tool("h", schema={"properties": {}}, strict=False)
    body = write(tools=(strict, G, loose))
    assert body["tools"] == [
        {
            "name": "f",
            "description": "Does it.",
            "strict": True,
            "input_schema": {
                "type": "object",
                "properties": {"a": {"type": "string"}},
                "additionalProperties": False,
            },
            "cache_control": {"type": "ephemeral"},
        },
        {"name": "g", "input_schema": {"type": "object", "properties": {}}},
        {"name": "h", "input_schema": {"type": "object", "properties": {}}},
    ]
    assert "tool_choice" not in body


def test_strictness_that_a_model_lacks_is_a_hint() -> None:
    """It is left out and told, never refused: SDKs ask for it unasked."""
    tools = (msgspec.structs.replace(F, strict=True),)
    body = write(tools=tools, model="claude-3-7-sonnet-20250219", dropped=("tools[0].strict",))
    assert "strict" not in body["tools"][0]


@pytest.mark.parametrize(
    ("choice", "parallel", "written"),
    [
        (None, None, None),
        (None, True, None),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
        (ToolChoice(), None, {"type": "auto"}),
        (ToolChoice(Choice.REQUIRED), True, {"type": "any"}),
        (
            ToolChoice(Choice.NAMED, "f"),
            False,
            {"type": "tool", "name": "f", "disable_parallel_tool_use": True},
        ),
        (ToolChoice(Choice.NONE), False, {"type": "none"}),
    ],
)
def test_H09_H11_choices(choice: ToolChoice | None, parallel: bool | None, written: Any) -> None:  # noqa: FBT001 - a value
    """Every way to choose, and whether several tools at once."""
    body = write(tools=(F,), tool_choice=choice, parallel_tools=parallel)
    assert body.get("tool_choice") == written


def test_H11_allowed_tools_are_those_given() -> None:
    """Anthropic has no word for some of the tools; it is given those."""
    choice = ToolChoice(Choice.REQUIRED, allowed=("g",))
    body = write(tools=(F, G), tool_choice=choice)
    assert [tool["name"] for tool in body["tools"]] == ["g"]
    assert body["tool_choice"] == {"type": "any"}


def test_H07_no_tools_no_choice() -> None:
    """A choice without tools says nothing."""
    body = write(tool_choice=ToolChoice(), parallel_tools=False)
    assert not {"tools", "tool_choice"} & body.keys()


def test_H08_tools_of_the_past_are_defined() -> None:
    """A conversation with tools in it that offers none: they are named, and none may be called."""
    body = write(
        HELLO,
        Message(Role.ASSISTANT, (ToolCall("a", "f", ""), ToolCall("b", "f", ""))),
        Message(Role.USER, (ToolResult("a", ()), ToolResult("b", ()))),
    )
    assert body["tools"] == [{"name": "f", "input_schema": {"type": "object"}}]
    assert body["tool_choice"] == {"type": "none"}


def test_vendor_tools() -> None:
    """Anthropic's own from its own dialect, byte for byte; another vendor's are refused."""
    tool = VendorTool("web_search", msgspec.Raw(b'{"type":"web_search"}'), at="tools[0]")
    assert write(tools=(tool,), dialect=Dialect.MESSAGES)["tools"] == [{"type": "web_search"}]
    assert refused(tools=(tool,)).param == "tools[0]"
