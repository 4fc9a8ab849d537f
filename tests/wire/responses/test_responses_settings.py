"""Knobs of other dialects' clients in requests for responses."""

import json
from typing import Any

import msgspec
import pytest

from tollhouse.core.dialect import Dialect
from tollhouse.wire.neutral.conversation import (
    Message,
    OutputFormat,
    ReasoningAsked,
    Role,
    Sampling,
    Tool,
)
from tollhouse.wire.neutral.losses import Unsupported
from tollhouse.wire.neutral.parts import (
    Document,
    Media,
    Part,
    Text,
)
from wire.responses.response_samples import conversation, write

SCHEMA = {"type": "object", "properties": {"a": {"type": "number"}}}
TOOL = Tool("f", "D", SCHEMA)
HELLO = Message(Role.USER, (Text("Hello"),), at="messages[0]")


def user(*parts: Part) -> Message:
    """A user's turn."""
    return Message(Role.USER, parts, at="messages[0]")


def raw(value: object) -> msgspec.Raw:
    """A value as JSON."""
    return msgspec.Raw(json.dumps(value).encode())


def test_settings_are_written() -> None:
    """Numbers as the client spelled them, each knob under its name here."""
    losses_free = Sampling(
        temperature=msgspec.Raw(b"0.30"),
        top_p=msgspec.Raw(b"0.9"),
        logprobs=True,
        top_logprobs=2,
        verbosity="low",
        service_tier="flex",
        user="u",
        metadata=raw({"a": "b"}),
        prompt_cache_key="k",
        store=False,
    )
    output = OutputFormat(SCHEMA, "n", "d", strict=True)
    asked = conversation(HELLO, sampling=losses_free, max_tokens=5, stream=True, output=output)
    body = write(asked, model="gpt-4.1")
    form = {"type": "json_schema", "name": "n", "schema": SCHEMA, "description": "d"}
    assert body == {
        "model": "gpt-4.1",
        "input": [{"role": "user", "content": "Hello"}],
        "max_output_tokens": 5,
        "temperature": 0.3,
        "top_p": 0.9,
        "top_logprobs": 2,
        "service_tier": "flex",
        "user": "u",
        "metadata": {"a": "b"},
        "prompt_cache_key": "k",
        "text": {"format": {**form, "strict": True}, "verbosity": "low"},
        "include": ["message.output_text.logprobs"],
        "store": False,
        "stream": True,
    }


def test_H13_the_form_of_the_answer() -> None:
    """Any JSON, and a schema that its dialect gives no name."""
    assert write(conversation(HELLO, output=OutputFormat()))["text"] == {
        "format": {"type": "json_object"}
    }
    form = write(conversation(HELLO, output=OutputFormat(SCHEMA)))["text"]["format"]
    assert form == {"type": "json_schema", "name": "answer", "schema": SCHEMA}


@pytest.mark.parametrize(
    ("asked", "dialect", "expected"),
    [
        (ReasoningAsked(effort="high"), Dialect.CHAT, {"effort": "high"}),
        (ReasoningAsked(effort="none"), Dialect.CHAT, {"effort": "none"}),
        (
            ReasoningAsked(effort="low", show=True),
            Dialect.RESPONSES,
            {"effort": "low", "summary": "auto"},
        ),
        (
            ReasoningAsked(budget=1024),
            Dialect.MESSAGES,
            {"effort": "low", "summary": "auto"},
        ),
        (ReasoningAsked(budget=8000, show=False), Dialect.MESSAGES, {"effort": "medium"}),
        (ReasoningAsked(budget=32_000, show=False), Dialect.MESSAGES, {"effort": "high"}),
        (ReasoningAsked(budget=0), Dialect.CHAT, {"effort": "none"}),
        (ReasoningAsked(disabled=True), Dialect.MESSAGES, {"effort": "none"}),
        (ReasoningAsked(budget=-1), Dialect.CHAT, None),
        (ReasoningAsked(adaptive=True), Dialect.MESSAGES, {"summary": "auto"}),
        (
            ReasoningAsked(adaptive=True, effort="max", show=False),
            Dialect.MESSAGES,
            {"effort": "high"},
        ),
    ],
)
def test_how_much_thinking(
    asked: ReasoningAsked, dialect: Dialect, expected: dict[str, str] | None
) -> None:
    """An effort is written as it is; a budget becomes one."""
    assert write(conversation(HELLO, dialect=dialect, reasoning=asked)).get("reasoning") == expected


@pytest.mark.parametrize(
    ("more", "dialect", "param"),
    [
        ({"stop": ("x",)}, Dialect.CHAT, "stop"),
        ({"stop": ("x",)}, Dialect.MESSAGES, "stop_sequences"),
        ({"sampling": Sampling(top_k=1)}, Dialect.MESSAGES, "top_k"),
        ({"sampling": Sampling(seed=1)}, Dialect.CHAT, "seed"),
        ({"sampling": Sampling(presence_penalty=raw(1))}, Dialect.CHAT, "presence_penalty"),
        ({"sampling": Sampling(frequency_penalty=raw(1))}, Dialect.CHAT, "frequency_penalty"),
        ({"sampling": Sampling(logit_bias=raw({}))}, Dialect.CHAT, "logit_bias"),
        ({"sampling": Sampling(store=True)}, Dialect.CHAT, "store"),
        ({"unknown": {"messages[0].x": raw(1)}}, Dialect.CHAT, "messages[0].x"),
    ],
)
def test_H01_knobs_are_refused_or_told(more: dict[str, Any], dialect: Dialect, param: str) -> None:
    """What responses lack is refused by its name, or dropped and told where that is allowed."""
    asked = conversation(HELLO, dialect=dialect, **more)
    with pytest.raises(Unsupported) as told:
        write(asked)
    assert told.value.param == param
    assert write(asked, drop=[param], model="gpt-4.1") == write(
        conversation(HELLO), model="gpt-4.1"
    )


def test_models_that_do_not_think_are_not_asked_to() -> None:
    """To turn off what a model does not do is nothing; to ask for it is a knob it lacks."""
    for silent in (ReasoningAsked(disabled=True), ReasoningAsked(effort="none")):
        body = write(conversation(HELLO, reasoning=silent), model="gpt-4.1")
        assert "reasoning" not in body
    asked = conversation(HELLO, reasoning=ReasoningAsked(effort="low"))
    with pytest.raises(Unsupported) as told:
        write(asked, model="gpt-4.1")
    assert told.value.param == "reasoning_effort"
    dropped = write(asked, model="gpt-4.1", drop=["reasoning_effort"])
    assert not {"reasoning", "include"} & set(dropped)


def test_long_users_are_shortened() -> None:
    """OpenAI takes 64 characters; one user stays one."""
    users = [
        write(conversation(HELLO, sampling=Sampling(user=user)))["user"]
        for user in ("u" * 65, "u" * 65, "v" * 65, "w")
    ]
    assert users[0] == users[1] != users[2]
    assert len(users[0]) == 64
    assert users[3] == "w"


def test_names_and_citations_are_knobs() -> None:
    """A speaker's name and the wish for citations are told, not lost."""
    named = Message(Role.USER, (Text("x"),), name="Ann", at="messages[0]")
    assert write(conversation(named), drop=["messages[0].name"])
    cited = Document(Media("application/pdf", "JVBE"), cited=True, context="c", at="here")
    assert write(conversation(user(cited)), drop=["here.citations", "here.context"])


def test_several_answers_cannot_be_had() -> None:
    """More than one answer is refused, dropping or not."""
    for drop in (None, ()):
        with pytest.raises(Unsupported) as told:
            write(conversation(HELLO, choices=2), drop=drop)
        assert told.value.param == "n"


def test_anthropics_tier_has_another_name() -> None:
    """Never to pay for priority is the default tier."""
    asked = conversation(HELLO, sampling=Sampling(service_tier="standard_only"))
    assert write(asked)["service_tier"] == "default"
