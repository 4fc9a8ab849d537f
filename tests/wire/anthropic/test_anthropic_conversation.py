"""Bodies of Anthropic's clients in neutral form: everything but their messages."""

from typing import Any

import pytest

from tollhouse.core.dialect import Dialect
from tollhouse.wire.anthropic.conversation import read_conversation
from tollhouse.wire.json_object import read_request
from tollhouse.wire.neutral.conversation import (
    Choice,
    Message,
    OutputFormat,
    ReasoningAsked,
    Role,
    Tool,
    ToolChoice,
    VendorTool,
)
from tollhouse.wire.neutral.parts import Text
from wire.anthropic.anthropic_bodies_read import read


def test_a_body_of_everything() -> None:
    """Every field that the reference has and the neutral form too."""
    found = read(
        system="Be brief.",
        stream=True,
        stop_sequences=["END", "\n"],
        temperature=0.30000000000000001,
        top_p=1,
        top_k=40,
        metadata={"user_id": "u-1"},
        service_tier="standard_only",
        tools=[{"name": "f", "description": "d", "input_schema": {"type": "object"}}],
        tool_choice={"type": "tool", "name": "f", "disable_parallel_tool_use": True},
        thinking={"type": "enabled", "budget_tokens": 2000, "display": "omitted"},
        output_config={"format": {"type": "json_schema", "schema": {"type": "object"}}},
    )
    assert found.dialect is Dialect.MESSAGES
    assert found.messages == (
        Message(Role.SYSTEM, (Text("Be brief."),), at="system"),
        Message(Role.USER, (Text("Hello"),), at="messages[0]"),
    )
    assert (found.stream, found.max_tokens, found.stop) == (True, 10, ("END", "\n"))
    assert found.tools == (Tool("f", "d", {"type": "object"}, at="tools[0]"),)
    assert found.tool_choice == ToolChoice(Choice.NAMED, "f")
    assert found.parallel_tools is False
    assert found.output == OutputFormat({"type": "object"})
    assert found.reasoning == ReasoningAsked(budget=2000, show=False)
    knobs = found.sampling
    assert (knobs.top_k, knobs.user, knobs.service_tier) == (40, "u-1", "default")
    assert bytes(knobs.top_p or b"") == b"1"
    assert found.unknown == {}


def test_numbers_keep_their_spelling() -> None:
    """A temperature goes on as the client wrote it."""
    body = b'{"max_tokens":1,"messages":[],"temperature":0.70,"top_p":1e-1}'
    knobs = read_conversation(read_request(body)).sampling
    assert (bytes(knobs.temperature or b""), bytes(knobs.top_p or b"")) == (b"0.70", b"1e-1")


def test_null_is_absent() -> None:
    """Clients write out what they do not mean."""
    nothing = dict.fromkeys(
        ["system", "tools", "tool_choice", "thinking", "output_config", "metadata", "container"]
    )
    assert read(**nothing) == read()


def test_what_has_no_neutral_form_is_kept_by_its_path() -> None:
    """Nothing is lost in silence: the target's writer is to refuse or to tell it."""
    found = read(
        container="c",
        mcp_servers=[],
        metadata={"user_id": "u", "team": 1},
        output_config={"effort": "low", "task_budget": {"type": "tokens"}},
        thinking={"type": "adaptive", "block_binding": {}},
        tools=[{"name": "f", "defer_loading": True, "input_examples": [{"a": 1}]}],
    )
    assert {path: bytes(value) for path, value in found.unknown.items()} == {
        "container": b'"c"',
        "mcp_servers": b"[]",
        "metadata.team": b"1",
        "output_config.task_budget": b'{"type": "tokens"}',
        "thinking.block_binding": b"{}",
        "tools[0].defer_loading": b"true",
        "tools[0].input_examples": b'[{"a": 1}]',
    }


def test_what_steers_nothing_is_not_kept() -> None:
    """The model, connection settings and hints that cost nothing are nobody's loss."""
    found = read(
        api_base="https://x",
        extra_headers={},
        anthropic_version="2023-06-01",
        tools=[
            {
                "name": "f",
                "type": "custom",
                "defer_loading": False,
                "eager_input_streaming": True,
                "allowed_callers": ["direct"],
            }
        ],
    )
    assert found.unknown == {}
    assert found.tools == (Tool("f", at="tools[0]"),)


@pytest.mark.parametrize(
    ("written", "choice", "parallel"),
    [
        ({"type": "auto"}, ToolChoice(), None),
        ({"type": "any", "disable_parallel_tool_use": False}, ToolChoice(Choice.REQUIRED), True),
        ({"type": "none", "name": "f"}, ToolChoice(Choice.NONE), None),
        ({"type": "tool", "name": "f"}, ToolChoice(Choice.NAMED, "f"), None),
    ],
)
def test_H09_tool_choices(written: Any, choice: ToolChoice, parallel: bool | None) -> None:  # noqa: FBT001 - a value
    """Every form that the reference has."""
    found = read(tool_choice=written)
    assert (found.tool_choice, found.parallel_tools) == (choice, parallel)


def test_vendor_tools_stay_as_they_were_written() -> None:
    """A tool of Anthropic's own is nothing to take apart."""
    body = (
        b'{"max_tokens":1,"messages":[],'
        b'"tools":[{"type":"web_search_20250305", "max_uses":3.0,"name":"web_search"}]}'
    )
    (tool,) = read_conversation(read_request(body)).tools
    assert isinstance(tool, VendorTool)
    assert (tool.kind, tool.at) == ("web_search_20250305", "tools[0]")
    assert bytes(tool.written) == (
        b'{"type":"web_search_20250305", "max_uses":3.0,"name":"web_search"}'
    )


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        ({"thinking": {"type": "disabled"}}, ReasoningAsked(disabled=True)),
        ({"thinking": {"type": "adaptive"}}, ReasoningAsked(adaptive=True)),
        (
            {"thinking": {"type": "adaptive", "display": "summarized"}},
            ReasoningAsked(adaptive=True, show=True),
        ),
        ({"output_config": {"effort": "max"}}, ReasoningAsked(effort="max")),
        (
            {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}},
            ReasoningAsked(effort="low", adaptive=True),
        ),
        ({}, None),
    ],
)
def test_thinking(fields: Any, asked: ReasoningAsked | None) -> None:
    """Every way to ask for thoughts."""
    assert read(**fields).reasoning == asked
