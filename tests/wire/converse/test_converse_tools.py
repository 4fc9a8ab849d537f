"""Tools in Converse bodies: when there are any, and how they are chosen."""

from typing import Any

import msgspec
import pytest

from tollhouse.core.dialect import Dialect
from tollhouse.wire.neutral.conversation import Choice, Conversation, Tool, ToolChoice, VendorTool
from tollhouse.wire.neutral.losses import Unsupported
from tollhouse.wire.neutral.parts import ToolResult
from wire.converse.sound import (
    CALL,
    CLAUDE,
    CLAUDE_3,
    HI,
    LLAMA,
    NOVA,
    RESULT,
    asking,
    assistant,
    dropped,
    user,
    written,
)

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
WEATHER = Tool("weather", "The weather.", SCHEMA, at="tools[0]")
TIME = Tool("time", at="tools[1]")
SPEC = {
    "toolSpec": {
        "name": "weather",
        "description": "The weather.",
        "inputSchema": {"json": SCHEMA},
    }
}
TIME_SPEC = {
    "toolSpec": {"name": "time", "inputSchema": {"json": {"type": "object", "properties": {}}}}
}
USED = (HI, assistant(CALL), user(RESULT))
AUTO, NONE, REQUIRED = (
    ToolChoice(choice) for choice in (Choice.AUTO, Choice.NONE, Choice.REQUIRED)
)
NAMED = ToolChoice(Choice.NAMED, "weather")


def config(conversation: Conversation, model: str = CLAUDE) -> tuple[Any, Any]:
    """The configuration of the tools, and the model's own fields."""
    body = written(conversation, model)
    return body.get("toolConfig"), body.get("additionalModelRequestFields")


def test_tools_are_described() -> None:
    """A tool without input takes an object all the same; blank words are left out."""
    blank = Tool("blank", " ", {"properties": {}}, at="tools[2]")
    told, own = config(asking(tools=(WEATHER, TIME, blank)))
    schema = {"type": "object", "properties": {}}
    blank_spec = {"toolSpec": {"name": "blank", "inputSchema": {"json": schema}}}
    assert told == {"tools": [SPEC, TIME_SPEC, blank_spec]}
    assert own is None


@pytest.mark.parametrize("model", [CLAUDE, LLAMA])
@pytest.mark.parametrize("choice", [None, AUTO, NONE, REQUIRED, NAMED])
@pytest.mark.parametrize("parallel", [None, True, False])
def test_H07_without_tools_nothing_is_said_of_them(
    choice: ToolChoice | None, *, parallel: bool | None, model: str
) -> None:
    """Whatever a client always sends along."""
    conversation = asking(tool_choice=choice, parallel_tools=parallel)
    assert config(conversation, model) == (None, None)


@pytest.mark.parametrize("choice", [None, AUTO, REQUIRED, NONE])
def test_H08_tools_that_were_used_are_declared_though_none_are_given(
    choice: ToolChoice | None,
) -> None:
    """Bedrock demands it; each once, and Claude is told to call none of them."""
    again = ToolResult("call_9", ())
    told, own = config(asking(*USED, user(again), *USED, tool_choice=choice))
    assert told == {
        "tools": [
            {"toolSpec": {"name": name, "inputSchema": {"json": {"type": "object"}}}}
            for name in ("weather", "tool")
        ]
    }
    assert own == {"tool_choice": {"type": "none"}}
    assert config(asking(*USED), LLAMA)[1] is None
    assert config(asking(*USED), CLAUDE_3)[1] is None


@pytest.mark.parametrize("model", [CLAUDE, LLAMA])
@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (AUTO, None),
        (REQUIRED, {"any": {}}),
        (NAMED, {"tool": {"name": "weather"}}),
    ],
)
def test_H09_a_choice_is_said_in_Converses_words(choice: ToolChoice, said: Any, model: str) -> None:
    """``auto`` is what happens anyway, and several models refuse to be told."""
    told, own = config(asking(tools=(WEATHER,), tool_choice=choice), model)
    assert told.get("toolChoice") == said
    assert own is None


def test_H08_with_no_call_wanted_the_tools_are_left_out() -> None:
    """Unless the conversation has used some: then they stay, and Claude is told."""
    vendors = VendorTool("web_search", msgspec.Raw(b"{}"), "tools[1]")
    assert config(asking(tools=(WEATHER, vendors), tool_choice=NONE)) == (None, None)
    conversation = asking(*USED, tools=(WEATHER,), tool_choice=NONE)
    assert config(conversation) == ({"tools": [SPEC]}, {"tool_choice": {"type": "none"}})
    assert config(conversation, NOVA) == ({"tools": [SPEC]}, None)


@pytest.mark.parametrize(
    ("choice", "own"),
    [
        (None, {"type": "auto"}),
        (REQUIRED, {"type": "any"}),
        (NAMED, {"type": "tool", "name": "weather"}),
    ],
)
def test_H11_one_call_at_a_time_is_said_in_Claudes_own_words(
    choice: ToolChoice | None, own: dict[str, Any]
) -> None:
    """In place of Converse's choice: Bedrock refuses both together."""
    conversation = asking(tools=(WEATHER,), tool_choice=choice, parallel_tools=False)
    expected = {"tool_choice": {**own, "disable_parallel_tool_use": True}}
    assert config(conversation) == ({"tools": [SPEC]}, expected)


def test_H11_one_call_at_a_time_is_a_knob_elsewhere() -> None:
    """Converse has no word for it; several at once are what happens anyway."""
    conversation = asking(tools=(WEATHER,), parallel_tools=False)
    with pytest.raises(Unsupported) as told:
        config(conversation, NOVA)
    assert told.value.param == "parallel_tool_calls"
    assert dropped(conversation, NOVA) == ["parallel_tool_calls"]
    assert config(asking(tools=(WEATHER,), parallel_tools=True), NOVA)[0] == {"tools": [SPEC]}


def test_H11_a_narrower_choice_narrows_the_tools() -> None:
    """Some of those given."""
    choice = ToolChoice(Choice.REQUIRED, allowed=("time",))
    told, _ = config(asking(tools=(WEATHER, TIME), tool_choice=choice))
    assert told == {"tools": [TIME_SPEC], "toolChoice": {"any": {}}}


def test_strictness_is_asked_for_where_it_is_known() -> None:
    """Nova and older Claudes do not know it; not being strict is what happens anyway."""
    tools = (msgspec.structs.replace(WEATHER, strict=True),)
    told, _ = config(asking(tools=tools))
    assert told["tools"][0]["toolSpec"]["strict"] is True
    assert told["tools"][0]["toolSpec"]["inputSchema"]["json"]["additionalProperties"] is False
    for model in (NOVA, CLAUDE_3):
        assert dropped(asking(tools=tools), model) == ["tools[0].strict"]
    assert config(asking(tools=(msgspec.structs.replace(WEATHER, strict=False),)))[0] == {
        "tools": [SPEC]
    }


def test_tools_are_cached_at_Claude_alone() -> None:
    """Nova's cache takes no tools."""
    tools = (msgspec.structs.replace(WEATHER, cache="1h"), TIME)
    point = {"cachePoint": {"type": "default", "ttl": "1h"}}
    assert config(asking(tools=tools))[0] == {"tools": [SPEC, point, TIME_SPEC]}
    assert config(asking(tools=tools), NOVA)[0] == {"tools": [SPEC, TIME_SPEC]}


@pytest.mark.parametrize("dialect", list(Dialect)[:3])
def test_tools_that_a_vendor_runs_are_refused_by_name(dialect: Dialect) -> None:
    """Bedrock does not run them."""
    tool = VendorTool("web_search_20250305", msgspec.Raw(b"{}"), "tools[1]")
    with pytest.raises(Unsupported, match="web_search_20250305") as told:
        dropped(asking(dialect=dialect, tools=(WEATHER, tool)))
    assert told.value.param == "tools[1]"
