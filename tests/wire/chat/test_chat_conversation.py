"""Chat bodies in neutral form: everything but their messages."""

from typing import Any

import msgspec
import pytest

from tollhouse.core.dialect import Dialect
from tollhouse.core.errors import CallerError
from tollhouse.wire.chat.conversation import read_conversation
from tollhouse.wire.json_object import read_request
from tollhouse.wire.neutral.conversation import (
    NO_SAMPLING,
    Choice,
    Conversation,
    OutputFormat,
    ReasoningAsked,
    Sampling,
    Tool,
    ToolChoice,
    VendorTool,
)
from wire.chat.chat_bodies import HI, asked, refused

F = {"name": "f", "description": "does", "parameters": {"type": "object"}, "strict": True}


def test_an_ordinary_body() -> None:
    """What is not said is not there."""
    found = asked()
    assert found == Conversation(Dialect.CHAT, found.messages)


def test_messages_are_needed() -> None:
    """A body without messages is refused by name."""
    with pytest.raises(CallerError) as caught:
        read_conversation(read_request(b'{"model":"m"}'))
    assert caught.value.param == "messages"


def test_nulls_say_nothing() -> None:
    """A field that is null is as good as absent, known or not."""
    names = ["temperature", "tools", "tool_choice", "stop", "n", "seed", "response_format"]
    names += ["reasoning", "thinking", "user", "metadata", "made_up", "stream", "modalities"]
    assert asked(**dict.fromkeys(names)) == asked()


def test_what_steers_nothing_is_not_unknown() -> None:
    """The gateway's own fields and settings of connections are left out for good."""
    own: dict[str, Any] = {"stream_options": {"include_usage": True}, "usage": {"include": True}}
    assert not asked(**own, api_base="https://evil", extra_headers={}, timeout=3).unknown


def test_H01_unknown_fields_are_kept_by_name() -> None:
    """Fields that the neutral form has no place for are told, with their values."""
    found = asked(web_search_options={"a": 1}, min_p=0.10, modalities=["text", "audio"])
    assert {name: bytes(value) for name, value in found.unknown.items()} == {
        "web_search_options": b'{"a": 1}',
        "min_p": b"0.1",
        "modalities": b'["text", "audio"]',
    }
    assert not asked(modalities=["text"]).unknown


@pytest.mark.parametrize(
    ("fields", "most"),
    [
        ({"max_tokens": 5}, 5),
        ({"max_completion_tokens": 5}, 5),
        ({"max_tokens": 9, "max_completion_tokens": 5}, 9),
        ({"max_tokens": 5, "max_output_tokens": 9}, 9),
        ({}, None),
    ],
)
def test_the_largest_limit_counts(fields: dict[str, int], most: int | None) -> None:
    """The same that the gate has looked at."""
    assert asked(**fields).max_tokens == most


@pytest.mark.parametrize(
    ("stop", "stops"), [("x", ("x",)), (["x", "y"], ("x", "y")), ([], ()), ("", ()), ([""], ())]
)
def test_stops(stop: Any, stops: tuple[str, ...]) -> None:
    """One or several; words that are none stop nothing."""
    assert asked(stop=stop).stop == stops


def test_numbers_keep_their_spelling() -> None:
    """No number of the client is written anew."""
    body = b'{"model":"m","messages":[{"role":"user","content":"x"}],"temperature":0.70,"top_p":1,'
    body += b'"seed":9007199254740993,"frequency_penalty":1e-1,"presence_penalty":-0.50}'
    found = read_conversation(read_request(body)).sampling
    assert [bytes(found.temperature or b""), bytes(found.top_p or b"")] == [b"0.70", b"1"]
    assert found.seed == 9007199254740993
    assert bytes(found.frequency_penalty or b"") == b"1e-1"
    assert bytes(found.presence_penalty or b"") == b"-0.50"


def test_knobs() -> None:
    """All knobs have their places."""
    found = asked(
        top_k=4,
        logprobs=True,
        top_logprobs=2,
        verbosity="low",
        service_tier="flex",
        user="u",
        prompt_cache_key="k",
        store=False,
        logit_bias={"5": 1},
        metadata={"a": "b"},
    ).sampling
    bare = msgspec.structs.replace(found, logit_bias=None, metadata=None)
    assert bare == Sampling(
        top_k=4,
        logprobs=True,
        top_logprobs=2,
        verbosity="low",
        service_tier="flex",
        user="u",
        prompt_cache_key="k",
        store=False,
    )
    assert bytes(found.logit_bias or b"") == b'{"5": 1}'
    assert bytes(found.metadata or b"") == b'{"a": "b"}'


def test_knobs_at_what_their_absence_means_are_absent() -> None:
    """No target is refused for a zero that clients send by habit."""
    found = asked(
        presence_penalty=0,
        frequency_penalty=0.0,
        logprobs=False,
        top_logprobs=0,
        logit_bias={},
        metadata={},
        service_tier="auto",
        n=1,
    )
    assert found.sampling == NO_SAMPLING
    assert found.choices == 1
    assert not found.unknown


FORMATS: list[tuple[Any, OutputFormat | None]] = [
    ({"type": "text"}, None),
    ({"type": "json_object"}, OutputFormat()),
    (
        {"type": "json_schema", "json_schema": {"name": "n", "schema": {"a": 1}, "strict": True}},
        OutputFormat({"a": 1}, "n", None, True),
    ),
    (
        {"type": "json_schema", "json_schema": {"name": "n", "description": "d"}},
        OutputFormat(None, "n", "d"),
    ),
]


@pytest.mark.parametrize(("given", "neutral"), FORMATS)
def test_H13_formats(given: Any, neutral: OutputFormat | None) -> None:
    """Every form of an answer that can be asked for."""
    assert asked(response_format=given).output == neutral


def test_formats_of_hosts_are_unknown() -> None:
    """Grammars are told, not lost."""
    assert list(asked(response_format={"type": "grammar", "value": "x"}).unknown) == [
        "response_format"
    ]


REASONING: list[tuple[dict[str, Any], ReasoningAsked | None]] = [
    ({}, None),
    ({"reasoning_effort": "high"}, ReasoningAsked("high")),
    ({"reasoning_effort": "none"}, ReasoningAsked("none")),
    ({"reasoning": {"effort": "low"}}, ReasoningAsked("low")),
    ({"reasoning": {"max_tokens": 900}}, ReasoningAsked(budget=900)),
    ({"reasoning": {"enabled": True}}, ReasoningAsked("medium")),
    ({"reasoning": {"enabled": False}}, ReasoningAsked(disabled=True)),
    ({"reasoning": {"effort": "low", "exclude": True}}, ReasoningAsked("low", show=False)),
    ({"include_reasoning": True}, ReasoningAsked(show=True)),
    ({"thinking": {"type": "enabled", "budget_tokens": 9}}, ReasoningAsked(budget=9)),
    ({"thinking": {"type": "enabled"}}, ReasoningAsked("medium")),
    ({"thinking": {"type": "disabled"}}, ReasoningAsked(disabled=True)),
    ({"thinking": {"type": "adaptive"}}, ReasoningAsked(adaptive=True)),
    (
        {"reasoning_effort": "low", "thinking": {"type": "adaptive"}},
        ReasoningAsked("low", adaptive=True),
    ),
]


@pytest.mark.parametrize(("fields", "neutral"), REASONING)
def test_reasoning(fields: dict[str, Any], neutral: ReasoningAsked | None) -> None:
    """OpenAI's, OpenRouter's and Anthropic's ways to ask for thoughts."""
    assert asked(**fields).reasoning == neutral


def test_efforts_of_hosts_are_unknown() -> None:
    """A word that one host made up is told."""
    assert list(asked(reasoning_effort="default").unknown) == ["reasoning_effort"]


# --- tools ---


def test_tools() -> None:
    """Functions, with their marks; a missing type is a function's."""
    found = asked(
        tools=[
            {"type": "function", "function": F, "cache_control": {"type": "ephemeral"}},
            {"function": {"name": "g"}},
        ]
    ).tools
    assert found == (
        Tool("f", "does", {"type": "object"}, True, "5m", "tools[0]"),
        Tool("g", at="tools[1]"),
    )


def test_vendors_tools_stay_as_they_are() -> None:
    """Custom tools and those that a host runs are kept as they were written."""
    custom, search = asked(
        tools=[{"type": "custom", "custom": {"name": "x"}}, {"type": "openrouter:web_search"}]
    ).tools
    assert isinstance(custom, VendorTool)
    assert isinstance(search, VendorTool)
    assert (custom.kind, custom.at) == ("custom", "tools[0]")
    assert bytes(custom.written) == b'{"type": "custom", "custom": {"name": "x"}}'
    assert (search.kind, search.at) == ("openrouter:web_search", "tools[1]")


def test_legacy_functions() -> None:
    """Functions are tools under their old name."""
    found = asked(functions=[F], function_call={"name": "f"})
    assert found.tools == (Tool("f", "does", {"type": "object"}, True, None, "functions[0]"),)
    assert found.tool_choice == ToolChoice(Choice.NAMED, "f")


CHOICES: list[tuple[Any, ToolChoice]] = [
    ("auto", ToolChoice(Choice.AUTO)),
    ("none", ToolChoice(Choice.NONE)),
    ("required", ToolChoice(Choice.REQUIRED)),
    ("any", ToolChoice(Choice.REQUIRED)),
    ({"type": "function", "function": {"name": "f"}}, ToolChoice(Choice.NAMED, "f")),
    ({"function": {"name": "f"}}, ToolChoice(Choice.NAMED, "f")),
    ({"type": "custom", "custom": {"name": "f"}}, ToolChoice(Choice.NAMED, "f")),
    ({"type": "tool", "name": "f"}, ToolChoice(Choice.NAMED, "f")),
    ({"type": "any"}, ToolChoice(Choice.REQUIRED)),
    (
        {
            "type": "allowed_tools",
            "allowed_tools": {
                "mode": "required",
                "tools": [{"type": "function", "function": {"name": "f"}}],
            },
        },
        ToolChoice(Choice.REQUIRED, allowed=("f",)),
    ),
]


@pytest.mark.parametrize(("given", "neutral"), CHOICES)
def test_H09_H11_choices(given: Any, neutral: ToolChoice) -> None:
    """All forms of a choice, and words of other dialects for them."""
    assert asked(tool_choice=given).tool_choice == neutral


def test_H11_parallel_calls() -> None:
    """Whether calls may come several at a time."""
    assert asked(parallel_tool_calls=False).parallel_tools is False


# --- faults ---

FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"stream": "yes"}, "stream"),
    ({"max_tokens": 0}, "max_tokens"),
    ({"max_completion_tokens": "5"}, "max_completion_tokens"),
    ({"n": 0}, "n"),
    ({"n": 129}, "n"),
    ({"stop": [1]}, "stop[0]"),
    ({"temperature": "hot"}, "temperature"),
    ({"seed": 1.5}, "seed"),
    ({"logit_bias": []}, "logit_bias"),
    ({"logprobs": 5}, "logprobs"),
    ({"user": 5}, "user"),
    ({"metadata": "x"}, "metadata"),
    ({"modalities": "text"}, "modalities"),
    ({"tools": {}}, "tools"),
    ({"tools": [{"type": "function"}]}, "tools[0].function"),
    ({"tools": [{"type": "function", "function": {}}]}, "tools[0].function.name"),
    ({"tools": [{"function": {"name": "f"}}, 7]}, "tools[1]"),
    ({"tools": [{"function": {"name": "f", "parameters": []}}]}, "tools[0].function.parameters"),
    ({"tools": [{"function": {"name": ""}}]}, "tools[0]"),
    ({"functions": [{"description": "x"}]}, "functions[0].name"),
    ({"tool_choice": "maybe"}, "tool_choice"),
    ({"tool_choice": 1}, "tool_choice"),
    ({"tool_choice": {"type": "function"}}, "tool_choice.function.name"),
    ({"tool_choice": {"type": "function", "function": {}}}, "tool_choice.function.name"),
    (
        {"tool_choice": {"type": "allowed_tools", "allowed_tools": {"tools": []}}},
        "tool_choice.allowed_tools.tools",
    ),
    (
        {"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "x"}}},
        "tool_choice.allowed_tools.mode",
    ),
    ({"response_format": "json"}, "response_format"),
    ({"response_format": {}}, "response_format.type"),
    ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
    (
        {"response_format": {"type": "json_schema", "json_schema": {"schema": 1}}},
        "response_format.json_schema.schema",
    ),
    ({"reasoning_effort": 3}, "reasoning_effort"),
    ({"reasoning": {"effort": "so-so"}}, "reasoning.effort"),
    ({"reasoning": {"max_tokens": "9"}}, "reasoning.max_tokens"),
    ({"thinking": {}}, "thinking.type"),
    ({"parallel_tool_calls": "no"}, "parallel_tool_calls"),
]


@pytest.mark.parametrize(("fields", "param"), FAULTS)
def test_faults_are_named_by_their_path(fields: dict[str, Any], param: str) -> None:
    """A field of another shape is a 400 that says where."""
    found = refused(HI, **fields)
    assert found.param == param
    assert param in found.message
