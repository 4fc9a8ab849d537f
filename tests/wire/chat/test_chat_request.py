"""Bodies for chat hosts, made of conversations of any dialect: all but their messages."""

from typing import Any

import msgspec
import pytest

from tollhouse.core.dialect import Dialect
from tollhouse.wire.chat.quirks import Quirks
from tollhouse.wire.chat.request import write_request
from tollhouse.wire.neutral.conversation import (
    Choice,
    Conversation,
    OutputFormat,
    ReasoningAsked,
    Sampling,
    Tool,
    ToolChoice,
    VendorTool,
)
from tollhouse.wire.neutral.losses import Losses, Unsupported
from wire.chat.chat_bodies import GREETING, MODEL, body, decoded

F = Tool("f", "does", {"type": "object", "properties": {"a": {}}}, True, "5m")
G = Tool("g")


def test_an_ordinary_body() -> None:
    """Only what the client said is said."""
    assert body() == {"model": MODEL, "messages": [{"role": "user", "content": "hi"}]}


KNOBS = Sampling(
    temperature=msgspec.Raw(b"0.70"),
    top_p=msgspec.Raw(b"1"),
    seed=7,
    presence_penalty=msgspec.Raw(b"0.5"),
    frequency_penalty=msgspec.Raw(b"0.1"),
    logit_bias=msgspec.Raw(b'{"5":1}'),
    logprobs=True,
    top_logprobs=2,
    verbosity="low",
    service_tier="flex",
    user="u",
    metadata=msgspec.Raw(b'{"a":"b"}'),
    prompt_cache_key="k",
    store=True,
)
EVERYTHING = Conversation(
    Dialect.RESPONSES,
    (GREETING,),
    stream=True,
    max_tokens=9,
    stop=("x", "y"),
    tools=(F, G),
    tool_choice=ToolChoice(Choice.NAMED, "g"),
    parallel_tools=False,
    output=OutputFormat({"type": "object"}, None, "d", True),
    reasoning=ReasoningAsked("low"),
    sampling=KNOBS,
    choices=2,
)
EVERYTHING_WRITTEN = {
    "model": "gpt-5",
    "messages": [{"role": "user", "content": "hi"}],
    "stream": True,
    "stream_options": {"include_usage": True},
    "max_completion_tokens": 9,
    "stop": ["x", "y"],
    "n": 2,
    "response_format": {
        "type": "json_schema",
        "json_schema": {
            "name": "answer",
            "schema": {"type": "object"},
            "description": "d",
            "strict": True,
        },
    },
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "f",
                "description": "does",
                "parameters": {"type": "object", "properties": {"a": {}}},
                "strict": True,
            },
        },
        {
            "type": "function",
            "function": {"name": "g", "parameters": {"type": "object", "properties": {}}},
        },
    ],
    "tool_choice": {"type": "function", "function": {"name": "g"}},
    "parallel_tool_calls": False,
    "reasoning_effort": "low",
    "temperature": 0.7,
    "top_p": 1,
    "seed": 7,
    "presence_penalty": 0.5,
    "frequency_penalty": 0.1,
    "logit_bias": {"5": 1},
    "logprobs": True,
    "top_logprobs": 2,
    "verbosity": "low",
    "service_tier": "flex",
    "metadata": {"a": "b"},
    "user": "u",
    "prompt_cache_key": "k",
    "store": True,
}


def test_the_golden_body() -> None:
    """Everything that chat has a word for."""
    written = write_request(EVERYTHING, "gpt-5", Losses(allowed=False))
    assert b'"temperature":0.70' in msgspec.json.encode(written)
    assert decoded(written) == EVERYTHING_WRITTEN


def test_hosts_that_refuse_the_question_for_usage() -> None:
    """The question can be left out."""
    assert "stream_options" not in body(stream=True, stream_usage=False)


# --- tools ---


def test_H07_words_about_tools_need_tools() -> None:
    """Without tools, nothing is said of them."""
    found = body(tool_choice=ToolChoice(Choice.AUTO), parallel_tools=False)
    assert set(found) == {"model", "messages"}


@pytest.mark.parametrize(
    ("choice", "written"),
    [
        (ToolChoice(Choice.AUTO), "auto"),
        (ToolChoice(Choice.NONE), "none"),
        (ToolChoice(Choice.REQUIRED), "required"),
        (ToolChoice(Choice.NAMED, "f"), {"type": "function", "function": {"name": "f"}}),
        (ToolChoice(Choice.NAMED, "x"), {"type": "custom", "custom": {"name": "x"}}),
    ],
)
def test_H09_choices(choice: ToolChoice, written: Any) -> None:
    """Every way to choose."""
    custom = VendorTool("custom", msgspec.Raw(b'{"type":"custom","custom":{"name":"x"}}'))
    found = body(tools=(F, custom), tool_choice=choice, dialect=Dialect.CHAT)
    assert found["tool_choice"] == written


def test_H11_only_allowed_tools_are_given() -> None:
    """A narrowed choice is one among fewer tools: every host understands that."""
    found = body(tools=(F, G), tool_choice=ToolChoice(Choice.REQUIRED, allowed=("g",)))
    assert [tool["function"]["name"] for tool in found["tools"]] == ["g"]
    assert found["tool_choice"] == "required"


def test_custom_tools_of_responses() -> None:
    """The one vendor tool that both of OpenAI's dialects have, in chat's spelling."""
    written = b'{"type":"custom","name":"x","description":"d","format":'
    written += b'{"type":"grammar","syntax":"lark","definition":"g"}}'
    tool = VendorTool("custom", msgspec.Raw(written))
    found = body(
        tools=(tool,), dialect=Dialect.RESPONSES, tool_choice=ToolChoice(Choice.NAMED, "x")
    )
    grammar = {"syntax": "lark", "definition": "g"}
    assert found["tools"] == [
        {
            "type": "custom",
            "custom": {
                "name": "x",
                "description": "d",
                "format": {"type": "grammar", "grammar": grammar},
            },
        }
    ]
    assert found["tool_choice"] == {"type": "custom", "custom": {"name": "x"}}


def test_vendors_tools_are_essential() -> None:
    """A search that another vendor would run cannot be left out."""
    tool = VendorTool("web_search_20250305", msgspec.Raw(b"{}"), "tools[0]")
    with pytest.raises(Unsupported) as caught:
        body(tools=(tool,), drop=True)
    assert caught.value.param == "tools[0]"


# --- thinking ---


@pytest.mark.parametrize(
    ("asked", "model", "effort"),
    [
        (ReasoningAsked("minimal"), MODEL, "minimal"),
        (ReasoningAsked("none"), MODEL, "none"),
        (ReasoningAsked("none"), "gpt-4o", None),
        (ReasoningAsked("max"), MODEL, "high"),
        (ReasoningAsked("max"), "gpt-5.2", "xhigh"),
        (ReasoningAsked(budget=1024), MODEL, "low"),
        (ReasoningAsked(budget=2048), MODEL, "low"),
        (ReasoningAsked(budget=2049), MODEL, "medium"),
        (ReasoningAsked(budget=8192), MODEL, "medium"),
        (ReasoningAsked(budget=31999), MODEL, "high"),
        (ReasoningAsked(budget=-1), MODEL, None),
        (ReasoningAsked(budget=0), MODEL, None),
        (ReasoningAsked(budget=0), "gpt-5.1", "none"),
        (ReasoningAsked(disabled=True), MODEL, None),
        (ReasoningAsked(disabled=True), "gpt-5.1", "none"),
        (ReasoningAsked(disabled=True), "gpt-4o", None),
        (ReasoningAsked(adaptive=True), MODEL, None),
        (ReasoningAsked("low", adaptive=True), MODEL, "low"),
        (ReasoningAsked(show=True), "gpt-4o", None),
    ],
)
def test_budgets_become_words(asked: ReasoningAsked, model: str, effort: str | None) -> None:
    """The table of the documentation."""
    assert body(model=model, reasoning=asked).get("reasoning_effort") == effort


def test_models_that_cannot_think_are_not_asked_to() -> None:
    """It is a knob there, under the client's name."""
    conversation = Conversation(
        Dialect.MESSAGES, (GREETING,), reasoning=ReasoningAsked(budget=2000)
    )
    losses = Losses(allowed=True)
    assert "reasoning_effort" not in write_request(conversation, "gpt-4o-mini", losses)
    assert losses.dropped == ["thinking"]


# --- what is lost ---


def test_H01_unknown_fields_and_top_k_are_told() -> None:
    """Nothing is left out silently."""
    conversation = Conversation(
        Dialect.MESSAGES,
        (GREETING,),
        sampling=Sampling(top_k=3),
        stop=("a", "b", "c", "d", "e"),
        unknown={"container": msgspec.Raw(b"1")},
    )
    losses = Losses(allowed=True)
    found = write_request(conversation, MODEL, losses)
    assert losses.dropped == ["container", "stop_sequences", "top_k"]
    assert found["stop"] == ["a", "b", "c", "d"]
    with pytest.raises(Unsupported) as caught:
        write_request(conversation, MODEL, Losses(allowed=False))
    assert caught.value.param == "container"


def test_long_names_of_users_are_shortened() -> None:
    """OpenAI takes 64 letters; one user is always called the same."""
    long = "user_" + "a" * 150
    first, second = (body(sampling=Sampling(user=long))["user"] for _ in range(2))
    assert first == second
    assert len(first) == 64
    assert body(sampling=Sampling(user="a" * 64))["user"] == "a" * 64


def test_hints_that_a_host_may_not_know() -> None:
    """A cache key goes where it is known; not to store is not said."""
    hints = Sampling(prompt_cache_key="k", store=False)
    assert set(body(sampling=hints)) == {"model", "messages"}
    assert body(sampling=hints, model="gpt-4o")["prompt_cache_key"] == "k"


def test_who_knows_the_host_better() -> None:
    """Quirks can be given."""
    found = body(max_tokens=5, quirks=Quirks(output_field="max_completion_tokens"))
    assert found["max_completion_tokens"] == 5


def test_schemas_and_objects() -> None:
    """JSON by a schema, or any."""
    assert body(output=OutputFormat())["response_format"] == {"type": "json_object"}
    found = body(output=OutputFormat({"a": 1}, "n"))["response_format"]
    assert found == {"type": "json_schema", "json_schema": {"name": "n", "schema": {"a": 1}}}


@pytest.mark.parametrize("name", [b"1e999", b"[" * 900 + b"]" * 900, b"null", b'"g"'])
def test_a_custom_tool_with_an_odd_name(name: bytes) -> None:
    """It is compared with those that are allowed, whatever it is."""
    tool = VendorTool("custom", msgspec.Raw(b'{"type":"custom","name":' + name + b"}"), "tools[1]")
    asked = body(tools=(F, tool), tool_choice=ToolChoice(allowed=("f", "g")))
    assert len(asked["tools"]) == 1 + (name == b'"g"')


@pytest.mark.parametrize("dialect", [Dialect.MESSAGES, Dialect.RESPONSES])
def test_no_messages(dialect: Dialect) -> None:
    """That is for the host to refuse."""
    written = write_request(Conversation(dialect, ()), MODEL, Losses(allowed=False))
    assert written["messages"] == []
