"""Gemini's tools, knobs, output formats and thinking: each in its words, refused, or told."""

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from tollhouse.core.dialect import Dialect
from tollhouse.wire.gemini.request import write_request
from tollhouse.wire.neutral.conversation import (
    Choice,
    Conversation,
    Message,
    OutputFormat,
    ReasoningAsked,
    Role,
    Sampling,
    Tool,
    ToolChoice,
    VendorTool,
)
from tollhouse.wire.neutral.losses import Losses, Unsupported
from tollhouse.wire.neutral.parts import Document, Media
from wire.gemini.gemini_asked import ADD, HI, refused, written

# --- Tools ---


def test_h14_tools() -> None:
    """A declaration has the schema as JSON schema; what Gemini lacks of it is told, not refused."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {"n": {"type": ["integer", "null"], "exclusiveMinimum": 0}},
        "additionalProperties": False,
    }
    tools = (
        replace(ADD, strict=True, schema=schema),
        Tool("now", at="tools[1]"),
    )
    body = written(
        tools=tools, dropped=("tools[0].function.parameters.$schema", "tools[0].function.strict")
    )
    n = {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]}
    properties = {"type": "object", "properties": {"n": n}, "additionalProperties": False}
    add = {"name": "add", "description": "Adds", "parametersJsonSchema": properties}
    assert body["tools"] == [{"functionDeclarations": [add, {"name": "now"}]}]
    assert "toolConfig" not in body


@pytest.mark.parametrize(
    ("dialect", "path"),
    [
        (Dialect.CHAT, "tools[0].function.parameters.$id"),
        (Dialect.RESPONSES, "tools[0].parameters.$id"),
        (Dialect.MESSAGES, "tools[0].input_schema.$id"),
    ],
)
def test_dropped_keywords_are_named_as_the_client_does(dialect: Dialect, path: str) -> None:
    """The path is the one in the client's own body."""
    written(dialect=dialect, tools=(replace(ADD, schema={"$id": "x"}),), dropped=(path,))


@pytest.mark.parametrize(
    ("choice", "calling"),
    [
        (ToolChoice(Choice.AUTO), {"mode": "AUTO"}),
        (ToolChoice(Choice.NONE), {"mode": "NONE"}),
        (ToolChoice(Choice.REQUIRED), {"mode": "ANY"}),
        (ToolChoice(Choice.NAMED, "add"), {"mode": "ANY", "allowedFunctionNames": ["add"]}),
        (
            ToolChoice(Choice.REQUIRED, allowed=("add",)),
            {"mode": "ANY", "allowedFunctionNames": ["add"]},
        ),
        (
            ToolChoice(Choice.AUTO, allowed=("add",)),
            {"mode": "VALIDATED", "allowedFunctionNames": ["add"]},
        ),
    ],
)
def test_h09_h11_choice_of_tools(choice: ToolChoice, calling: dict[str, Any]) -> None:
    """Every way to choose has its word."""
    body = written(tools=(ADD,), tool_choice=choice)
    assert body["toolConfig"] == {"functionCallingConfig": calling}


def test_h07_without_tools_nothing_is_said_of_them() -> None:
    """Clients send a choice and parallel calls along with no tools at all."""
    body = written(tool_choice=ToolChoice(), parallel_tools=False)
    assert body.keys() == {"contents"}


def test_vendors_own_tools_are_refused() -> None:
    """A tool that its vendor runs is not one that Google has."""
    tool = VendorTool("web_search_20250305", msgspec.Raw(b"{}"), at="tools[1]")
    assert refused(tools=(ADD, tool)) == "tools[1]"


# --- Knobs ---


def test_sampling() -> None:
    """Every knob that Gemini has, numbers as they were spelled."""
    sampling = Sampling(
        temperature=msgspec.Raw(b"0.70"),
        top_p=msgspec.Raw(b"1e-1"),
        top_k=40,
        seed=7,
        presence_penalty=msgspec.Raw(b"0.5"),
        frequency_penalty=msgspec.Raw(b"-0.5"),
        logprobs=True,
        top_logprobs=3,
        service_tier="flex",
        prompt_cache_key="k",
        store=False,
    )
    losses = Losses(allowed=False)
    conversation = Conversation(
        Dialect.CHAT, HI, sampling=sampling, max_tokens=100, stop=("\n", "END")
    )
    body = write_request(conversation, "gemini-2.5-flash", losses)
    assert msgspec.json.encode(body["generationConfig"]) == (
        b'{"maxOutputTokens":100,"stopSequences":["\\n","END"],"temperature":0.70,"topP":1e-1,'
        b'"topK":40,"seed":7,"presencePenalty":0.5,"frequencyPenalty":-0.5,'
        b'"responseLogprobs":true,"logprobs":3}'
    )
    assert body["serviceTier"] == "flex"
    assert losses.dropped == []


KNOBS = [
    (Dialect.CHAT, Sampling(logit_bias=msgspec.Raw(b"{}")), "logit_bias"),
    (Dialect.CHAT, Sampling(verbosity="low"), "verbosity"),
    (Dialect.RESPONSES, Sampling(verbosity="low"), "text.verbosity"),
    (Dialect.CHAT, Sampling(store=True), "store"),
    (Dialect.CHAT, Sampling(user="u"), "user"),
    (Dialect.MESSAGES, Sampling(user="u"), "metadata.user_id"),
    (Dialect.CHAT, Sampling(metadata=msgspec.Raw(b"{}")), "metadata"),
    (Dialect.CHAT, Sampling(service_tier="scale"), "service_tier"),
]


@pytest.mark.parametrize(("dialect", "sampling", "param"), KNOBS)
def test_knobs_that_gemini_lacks(dialect: Dialect, sampling: Sampling, param: str) -> None:
    """Refused by the client's name, or dropped and told where the model allows it."""
    with pytest.raises(Unsupported) as refusal:
        written(dialect=dialect, sampling=sampling)
    assert refusal.value.param == param
    body = written(dialect=dialect, sampling=sampling, allowed=True, dropped=(param,))
    assert body.keys() == {"contents"}


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"parallel_tools": False, "tools": (ADD,)}, "parallel_tool_calls"),
        ({"unknown": {"audio": msgspec.Raw(b"{}")}}, "audio"),
    ],
)
def test_fields_that_gemini_lacks(fields: dict[str, Any], param: str) -> None:
    """The same for what is no sampling."""
    with pytest.raises(Unsupported) as refusal:
        written(**fields)
    assert refusal.value.param == param
    written(**fields, allowed=True, dropped=(param,))


def test_more_than_one_answer_is_refused() -> None:
    """A client that asked for two is not content with one, whatever may be dropped."""
    for allowed in (False, True):
        with pytest.raises(Unsupported) as refusal:
            written(choices=2, allowed=allowed)
        assert refusal.value.param == "n"


def test_names_and_citations_are_knobs() -> None:
    """A participant's name and the wish for citations cannot be said."""
    file = Document(Media("application/pdf", "JVBERi0="), cited=True, at="messages[0].content[0]")
    message = Message(Role.USER, (file,), name="Ada", at="messages[0]")
    told = ("messages[0].name", "messages[0].content[0].citations")
    written(message, allowed=True, dropped=told)


@pytest.mark.parametrize(
    ("sampling", "labels"),
    [
        (Sampling(user="team-a"), {"user": "team-a"}),
        (Sampling(metadata=msgspec.Raw(b'{"cost":"c-1"}')), {"cost": "c-1"}),
        (Sampling(service_tier="auto"), None),
    ],
)
def test_vertex_has_labels(sampling: Sampling, labels: dict[str, str] | None) -> None:
    """Vertex keeps short words with a request."""
    assert written(sampling=sampling, vertex=True).get("labels") == labels


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(user="Ada Lovelace"),
        Sampling(metadata=msgspec.Raw(b'{"a":"B"}')),
        Sampling(metadata=msgspec.Raw(b'{"a":1}')),
        Sampling(service_tier="flex"),
    ],
)
def test_vertex_labels_have_to_fit(sampling: Sampling) -> None:
    """What is no label is a knob that Vertex lacks; its tiers are told by a header."""
    with pytest.raises(Unsupported):
        written(sampling=sampling, vertex=True)


# --- Output and thinking ---


def test_h13_output_formats() -> None:
    """JSON by a schema or any object; what is left out of a schema is told."""
    assert written(output=OutputFormat())["generationConfig"] == {
        "responseMimeType": "application/json"
    }
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "$comment": "x"}
    body = written(
        output=OutputFormat(schema, name="a", strict=True),
        dropped=("response_format.json_schema.schema.$comment",),
    )
    assert body["generationConfig"] == {
        "responseMimeType": "application/json",
        "responseJsonSchema": {"type": "object", "properties": {"a": {"type": "string"}}},
    }


LOW, HIGH, MAX = (ReasoningAsked(effort=effort) for effort in ("low", "high", "max"))
OFF, MEDIUM, MINIMAL = (ReasoningAsked(effort=effort) for effort in ("none", "medium", "minimal"))


@pytest.mark.parametrize(
    ("model", "asked", "config"),
    [
        ("gemini-2.5-flash", LOW, {"thinkingBudget": 1024}),
        ("gemini-2.5-flash", MEDIUM, {"thinkingBudget": 8192}),
        ("gemini-2.5-pro", HIGH, {"thinkingBudget": 24576}),
        ("gemini-2.5-pro", MAX, {"thinkingBudget": 32768}),
        ("gemini-2.5-flash", MAX, {"thinkingBudget": 24576}),
        ("gemini-2.5-flash", OFF, {"thinkingBudget": 0}),
        ("gemini-2.5-flash", ReasoningAsked(disabled=True), {"thinkingBudget": 0}),
        ("gemini-2.5-flash", ReasoningAsked(budget=31999), {"thinkingBudget": 24576}),
        ("gemini-2.5-flash-lite", ReasoningAsked(budget=100), {"thinkingBudget": 512}),
        ("gemini-2.5-flash", ReasoningAsked(adaptive=True), {"thinkingBudget": -1}),
        ("gemini-2.5-flash", ReasoningAsked(budget=-1), {"thinkingBudget": -1}),
        (
            "gemini-2.5-flash",
            ReasoningAsked(effort="low", show=True),
            {"thinkingBudget": 1024, "includeThoughts": True},
        ),
        ("gemini-2.5-flash", ReasoningAsked(show=False), {"includeThoughts": False}),
        ("gemini-2.5-flash", ReasoningAsked(budget=2000), {"thinkingBudget": 2000}),
        ("gemini-3-flash-preview", MINIMAL, {"thinkingLevel": "MINIMAL"}),
        ("gemini-3-flash-preview", MEDIUM, {"thinkingLevel": "MEDIUM"}),
        ("gemini-3-flash-preview", OFF, {"thinkingLevel": "MINIMAL"}),
        ("gemini-3-pro-preview", MINIMAL, {"thinkingLevel": "LOW"}),
        ("gemini-3-pro-preview", MEDIUM, {"thinkingLevel": "HIGH"}),
        ("gemini-3.1-pro-preview", MEDIUM, {"thinkingLevel": "MEDIUM"}),
        ("gemini-3.1-pro-preview", MAX, {"thinkingLevel": "HIGH"}),
        ("gemini-3.6-flash", MINIMAL, {"thinkingLevel": "MINIMAL"}),
        ("gemini-3.7-flash", MINIMAL, {"thinkingLevel": "LOW"}),
        ("gemini-3.7-flash-lite", MINIMAL, {"thinkingLevel": "MINIMAL"}),
        ("gemini-4-argon", MINIMAL, {"thinkingLevel": "LOW"}),
        ("gemini-flash-latest", LOW, {"thinkingLevel": "LOW"}),
        ("gemini-flash-latest", MINIMAL, {"thinkingLevel": "LOW"}),
        ("gemini-flash-lite-latest", OFF, {"thinkingLevel": "MINIMAL"}),
        ("gemini-pro-latest", MEDIUM, {"thinkingLevel": "MEDIUM"}),
        ("gemini-3-flash-preview", ReasoningAsked(effort="xhigh"), {"thinkingLevel": "HIGH"}),
        ("gemini-3-flash-preview", ReasoningAsked(budget=1), {"thinkingLevel": "LOW"}),
        ("gemini-3-flash-preview", ReasoningAsked(budget=2048), {"thinkingLevel": "LOW"}),
        ("gemini-3-flash-preview", ReasoningAsked(budget=2049), {"thinkingLevel": "MEDIUM"}),
        ("gemini-3-flash-preview", ReasoningAsked(budget=8192), {"thinkingLevel": "MEDIUM"}),
        ("gemini-3-flash-preview", ReasoningAsked(budget=8193), {"thinkingLevel": "HIGH"}),
        ("gemini-3-flash-preview", ReasoningAsked(budget=-1), None),
        ("gemini-3-pro-preview", ReasoningAsked(budget=2048), {"thinkingLevel": "LOW"}),
        ("gemini-3-pro-preview", ReasoningAsked(budget=8192), {"thinkingLevel": "HIGH"}),
        ("gemini-3.1-pro-preview", ReasoningAsked(budget=8192), {"thinkingLevel": "MEDIUM"}),
        ("gemini-3.1-pro-preview", ReasoningAsked(budget=8193), {"thinkingLevel": "HIGH"}),
        ("gemini-3-flash-preview", ReasoningAsked(adaptive=True), None),
        ("gemini-2.0-flash", OFF, None),
        ("gemini-robotics-er-1.5-preview", LOW, {"thinkingBudget": 1024}),
    ],
)
def test_thinking(model: str, asked: ReasoningAsked, config: dict[str, Any] | None) -> None:
    """Efforts and budgets in the words of each generation: no budget where there are levels."""
    body = written(model=model, dialect=Dialect.RESPONSES, reasoning=asked)
    assert body.get("generationConfig", {}).get("thinkingConfig") == config


@pytest.mark.parametrize(
    ("model", "asked"),
    [
        ("gemini-2.0-flash", LOW),
        ("gemini-2.5-flash-image", LOW),
        ("gemma-3-27b-it", LOW),
        ("gemini-2.5-pro", OFF),
        ("gemini-3-pro-preview", ReasoningAsked(disabled=True)),
        ("gemini-3.1-pro-preview", OFF),
        ("gemini-3.7-flash", ReasoningAsked(budget=0)),
    ],
)
def test_thinking_that_cannot_be_had_is_a_knob(model: str, asked: ReasoningAsked) -> None:
    """A model that does not think, and one that cannot but think."""
    written(model=model, reasoning=asked, allowed=True, dropped=("reasoning_effort",))


NOBODY, SHOWN, HIDDEN = None, True, False


@pytest.mark.parametrize(
    ("dialect", "asked", "shown"),
    [
        (Dialect.CHAT, LOW, SHOWN),
        (Dialect.CHAT, MAX, SHOWN),
        (Dialect.CHAT, MINIMAL, NOBODY),
        (Dialect.CHAT, OFF, NOBODY),
        (Dialect.CHAT, ReasoningAsked(disabled=True), NOBODY),
        (Dialect.CHAT, ReasoningAsked(budget=4000), SHOWN),
        (Dialect.CHAT, ReasoningAsked(adaptive=True), SHOWN),
        (Dialect.CHAT, ReasoningAsked(effort="low", show=False), HIDDEN),
        (Dialect.CHAT, ReasoningAsked(effort="minimal", show=True), SHOWN),
        (Dialect.RESPONSES, HIGH, NOBODY),
        (Dialect.RESPONSES, ReasoningAsked(effort="high", show=True), SHOWN),
        (Dialect.RESPONSES, ReasoningAsked(show=True), SHOWN),
        (Dialect.MESSAGES, ReasoningAsked(budget=2048), SHOWN),
        (Dialect.MESSAGES, ReasoningAsked(adaptive=True), SHOWN),
        (Dialect.MESSAGES, ReasoningAsked(budget=2048, show=False), HIDDEN),
        (Dialect.MESSAGES, HIGH, NOBODY),
        (Dialect.MESSAGES, ReasoningAsked(disabled=True), NOBODY),
        (Dialect.MESSAGES, ReasoningAsked(effort="high", disabled=True), NOBODY),
    ],
)
def test_who_is_given_thoughts(
    dialect: Dialect,
    asked: ReasoningAsked,
    shown: bool | None,  # noqa: FBT001
) -> None:
    """Chat for an effort, messages for thinking, responses for a summary; none who declines."""
    for model in ("gemini-3-flash-preview", "gemini-2.5-flash"):
        config = written(model=model, dialect=dialect, reasoning=asked)["generationConfig"]
        thinks_little = asked == MINIMAL and model == "gemini-2.5-flash"
        expected = SHOWN if thinks_little else shown
        assert config["thinkingConfig"].get("includeThoughts") is expected
