"""A schema that Anthropic would keep to is one that OpenAI is told to keep to, where it can be."""

from typing import Any

import msgspec
import pytest

from tollhouse.core.dialect import Dialect
from tollhouse.wire import tongues
from tollhouse.wire.chat.strict_schemas import can_be_strict
from tollhouse.wire.json_object import read_request
from tollhouse.wire.neutral.losses import Losses

NAME: dict[str, Any] = {"type": "string", "description": "whose"}


def closed(**properties: Any) -> dict[str, Any]:
    """An object of these and no other members."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


FRUIT = closed(name=NAME, grams={"type": ["integer", "null"]})
OPTIONAL = FRUIT | {"required": ["name"]}
BODIES: dict[Dialect, dict[str, Any]] = {
    Dialect.MESSAGES: {
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "hi"}],
    },
    Dialect.CHAT: {"messages": [{"role": "user", "content": "hi"}]},
    Dialect.RESPONSES: {"input": "hi"},
}


def asking(client: Dialect, schema: Any, *, strict: bool | None = None) -> dict[str, Any]:
    """A client's words for an answer by a schema."""
    told = {} if strict is None else {"strict": strict}
    if client is Dialect.MESSAGES:
        return {"output_config": {"format": {"type": "json_schema", "schema": schema}}}
    named = {"name": "fruit", "schema": schema, **told}
    if client is Dialect.CHAT:
        return {"response_format": {"type": "json_schema", "json_schema": named}}
    return {"text": {"format": {"type": "json_schema", **named}}}


def told(
    target: Dialect, client: Dialect, schema: Any, model: str = "gpt-5.1", **more: Any
) -> tuple[Any, list[str]]:
    """``strict`` as the provider gets it, and what the client is told was dropped."""
    body = {"model": "m", **BODIES[client], **asking(client, schema, **more)}
    asked = tongues.client(client).read_conversation(read_request(msgspec.json.encode(body)))
    losses = Losses(allowed=False)
    written = tongues.target(target).write_request(asked, model, losses)
    if target is Dialect.CHAT:
        return written["response_format"]["json_schema"].get("strict"), losses.dropped
    return written["text"]["format"].get("strict"), losses.dropped


TARGETS = pytest.mark.parametrize("target", [Dialect.CHAT, Dialect.RESPONSES])


@TARGETS
def test_a_schema_of_messages_is_strict(target: Dialect) -> None:
    """Without the word, OpenAI may answer as it likes."""
    assert told(target, Dialect.MESSAGES, FRUIT) == (True, [])


@TARGETS
def test_one_that_cannot_be_is_told(target: Dialect) -> None:
    """OpenAI would refuse it with the word; the client learns that nothing binds the answer."""
    dropped = ["output_config.format.strict"]
    assert told(target, Dialect.MESSAGES, OPTIONAL) == (None, dropped)


@TARGETS
@pytest.mark.parametrize("client", [Dialect.CHAT, Dialect.RESPONSES])
@pytest.mark.parametrize("strict", [None, True, False])
def test_those_who_have_the_word_say_it_themselves(
    target: Dialect, client: Dialect, strict: Any
) -> None:
    """What they say is passed on, with any schema."""
    for schema in (FRUIT, OPTIONAL):
        assert told(target, client, schema, strict=strict) == (strict, [])


@pytest.mark.parametrize("model", ["llama-3.3-70b", "openai/gpt-oss-120b", "mistral-large-latest"])
def test_other_models_are_not_told(model: str) -> None:
    """Some hosts refuse the word; most keep to any schema without it."""
    for schema in (FRUIT, OPTIONAL):
        assert told(Dialect.CHAT, Dialect.MESSAGES, schema, model) == (None, [])


def lists(depth: int) -> dict[str, Any]:
    """Lists in one another, as many as this."""
    return {"type": "array", "items": lists(depth - 1)} if depth else NAME


@pytest.mark.parametrize(
    "schema",
    [
        FRUIT,
        closed(),
        {"type": "object", "additionalProperties": False},
        closed(a=lists(4)),
        closed(a={"anyOf": [FRUIT, {"type": "null"}], "description": "d"}),
        closed(a={"type": "string", "enum": ["a", "b"]}, b={"type": "number", "const": 1}),
        closed(a={"$ref": "#/$defs/f"}) | {"$defs": {"f": FRUIT}, "$schema": "x", "title": "t"},
        closed(a={"$ref": "#"}),
        closed(**{f"a{i}": NAME for i in range(100)}),
    ],
)
def test_what_can_be_strict(schema: Any) -> None:
    """Closed objects of required members, lists, choices, and references."""
    assert can_be_strict(schema)


@pytest.mark.parametrize(
    "schema",
    [
        {},
        OPTIONAL,
        FRUIT | {"additionalProperties": True},
        {key: value for key, value in FRUIT.items() if key != "additionalProperties"},
        FRUIT | {"required": ["name", "weight"]},
        FRUIT | {"required": "name"},
        FRUIT | {"properties": ["name"]},
        FRUIT | {"patternProperties": {}},
        {"anyOf": [FRUIT]},
        {"$ref": "#/$defs/f", "$defs": {"f": FRUIT}},
        lists(1),
        NAME,
        closed(a={}),
        closed(a=True),
        closed(a={"type": "array"}),
        closed(a={"type": []}),
        closed(a={"type": ["object", "null"]}),
        closed(a={"type": [["string"]]}),
        closed(a=NAME | {"minLength": 1}),
        closed(a=NAME | {"format": "uri"}),
        closed(a=NAME | {"default": "x"}),
        closed(a=NAME | {"enum": "x"}),
        closed(a={"allOf": [NAME]}),
        closed(a={"anyOf": []}),
        closed(a={"anyOf": [NAME], "type": "string"}),
        closed(a={"anyOf": [{"anyOf": [NAME]}]}),
        closed(a={"$ref": "#/$defs/f", "description": "d"}) | {"$defs": {"f": FRUIT}},
        closed(a={"$ref": "https://a.example"}),
        closed(a=FRUIT | {"$defs": {}}),
        closed(a=NAME) | {"$defs": {"f": OPTIONAL}},
        closed(a=NAME) | {"$defs": []},
        closed(a=lists(5)),
        closed(**{f"a{i}": NAME for i in range(101)}),
        closed(a={"type": "string", "enum": [str(i) for i in range(501)]}),
        closed(a={"type": "string", "enum": ["x" * 15_000]}),
        closed(**{"x" * 15_001: NAME}),
    ],
)
def test_what_cannot_be_strict(schema: Any) -> None:
    """What OpenAI refuses, or may refuse."""
    assert not can_be_strict(schema)
