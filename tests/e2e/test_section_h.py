"""What other gateways' translations got wrong (``H`` of the field report), shown not to be here."""

import json
from typing import Any

import pytest

from e2e.speakers import DIALECTS, ask, asked, calls_of, repeated, thinking, tool
from e2e.vendors import CLAUDES, SIGNATURES, TALKING, Said, Vendors, failing
from e2e.vendors import HELLO as SAID
from fakes.openai_answers import ToolCall

pytestmark = pytest.mark.asyncio(loop_scope="module")

EACH = pytest.mark.parametrize("dialect", DIALECTS)
EVERYWHERE = pytest.mark.parametrize("place", TALKING)
BOTH_WAYS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
DROP = {"provider_config": {"unsupported_params": "drop"}}
BEDROCK = ("converse", "invoke")
GOOGLE = ("gemini", "vertex")
CALLS = (
    ToolCall("weather", '{"city": "Oslo"}', "call_1"),
    ToolCall("weather", '{"city": "Bern"}', "call_2"),
)
RESULTS = {"call_1": "rain", "call_2": "sun"}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
STOPS = {
    "chat": "tool_calls",
    "messages": "tool_use",
    "responses": "completed",
}


def names(value: Any) -> set[str]:
    """The names of all fields, however deep."""
    if isinstance(value, dict):
        return set(value).union(*map(names, value.values()))
    return set().union(*map(names, value)) if isinstance(value, list) else set()


@pytest.mark.parametrize("place", [place for place in TALKING if place != "openai"])
async def test_H01_nothing_is_lost_in_silence_and_nothing_of_ours_leaks(
    vendors: Vendors, place: str
) -> None:
    """An unknown field is refused by name or told as dropped; numbers keep their spelling."""
    odd: dict[str, Any] = {"foo": {"bar": [1, 2.5]}}
    model_id = await vendors.model(place, Said())
    told = await ask(vendors.gw, "chat", model_id, **odd)
    assert told.error is not None
    assert (told.error["code"], told.error["param"]) == ("unsupported_parameter", "foo")
    assert vendors.asked == []
    model_id = await vendors.model(place, Said(), **DROP)
    body = json.dumps(asked("chat", model_id, **odd))[:-1] + ', "temperature": 0.30}'
    answer = await vendors.gw.client.post(
        "/v1/chat/completions", content=body, headers={"content-type": "application/json"}
    )
    dropped = answer.headers["x-tollhouse-dropped-params"].split(", ")
    assert "foo" in dropped
    (sent,) = vendors.asked
    assert not {"foo", "bar", "stream_options", "model_id"} & names(sent.json)
    assert "tollhouse" not in sent.body.decode()
    assert ("temperature" in dropped) != (b"0.30" in sent.body)


async def test_H01_a_large_number_stays_what_it_is(vendors: Vendors) -> None:
    """No float in between."""
    model_id = await vendors.model("gemini", Said())
    await ask(vendors.gw, "chat", model_id, seed=9007199254740993)
    assert vendors.sent["generationConfig"]["seed"] == 9007199254740993


@EACH
@EVERYWHERE
async def test_H01_fields_that_steer_connections_reach_nobody(
    vendors: Vendors, dialect: str, place: str
) -> None:
    """On no lane, and they are no reason to refuse."""
    model_id = await vendors.model(place, Said())
    told = await ask(
        vendors.gw, dialect, model_id, api_base="http://evil.example", extra_headers={"x": "y"}
    )
    assert told.text == SAID
    (sent,) = vendors.asked
    assert b"evil" not in sent.body
    assert b"extra_headers" not in sent.body


async def test_H02_what_a_vendor_said_goes_back_to_it_byte_for_byte(vendors: Vendors) -> None:
    """Thinking blocks with fields that we do not know are not even read."""
    model_id = await vendors.model("anthropic", Said())
    turns = (
        '[{"role":"user","content":"Hi"},{"role":"assistant","content":[{"type":"thinking",'
        '"thinking":"Hm…","signature":"c2ln","x-new": 1.50},{"type":"text", "text":"A"}]},'
        '{"role":"user","content":"Go on"}]'
    )
    body = f'{{"model":"{model_id}","max_tokens":9,"messages":{turns}}}'
    answer = await vendors.gw.client.post("/v1/messages", content=body)
    assert answer.status_code == 200
    assert f'"messages":{turns}'.encode() in vendors.asked[0].body


@EACH
@pytest.mark.parametrize("place", SIGNATURES)
async def test_H02_signatures_survive_the_turn_of_a_tool(
    vendors: Vendors, dialect: str, place: str
) -> None:
    """Whatever the client speaks, a thought comes back to who signed it with its signature."""
    model_id = await vendors.model(place, Said(None, CALLS, "Let me think."))
    tools = [tool(dialect)]
    told = await ask(vendors.gw, dialect, model_id, tools=tools, **thinking(dialect))
    vendors.plays(place, Said())
    turns = repeated(dialect, told.answer, RESULTS)
    told = await ask(vendors.gw, dialect, model_id, turns, tools=tools)
    assert told.text == SAID
    assert vendors.asked[0].body.decode().count(SIGNATURES[place]) == 1


@EVERYWHERE
@BOTH_WAYS
async def test_H03_an_answer_that_calls_tools_says_so(
    vendors: Vendors, place: str, *, stream: bool
) -> None:
    """Text and then calls: the reason is the calls, and each has its own place, id and words."""
    model_id = await vendors.model(place, Said("I will look.", CALLS))
    for dialect in DIALECTS:
        told = await ask(vendors.gw, dialect, model_id, tools=[tool(dialect)], stream=stream)
        assert (told.ended, told.text) == (True, "I will look.")
        stop, calls = calls_of(dialect, told.answer, stream=stream)
        assert stop == STOPS[dialect]
        assert calls == [
            ("call_1", "weather", {"city": "Oslo"}),
            ("call_2", "weather", {"city": "Bern"}),
        ]


@EVERYWHERE
async def test_H07_words_about_tools_without_tools_are_not_passed_on(
    vendors: Vendors, place: str
) -> None:
    """Agents always send them; hosts refuse them when there are no tools."""
    if place == "openai":
        pytest.skip("a body in the provider's own dialect goes on as it is")
    model_id = await vendors.model(place, Said())
    told = await ask(
        vendors.gw, "chat", model_id, tool_choice="auto", parallel_tool_calls=False, tools=[]
    )
    assert (told.status, told.text) == (200, SAID)
    telling = {"tools", "toolConfig", "tool_choice", "parallel_tool_calls", "toolChoice"}
    assert not telling & names(vendors.sent)


@EACH
@pytest.mark.parametrize("place", [*CLAUDES, *GOOGLE, "responses", "openai"])
async def test_H08_a_history_of_tools_without_tools_is_taken(
    vendors: Vendors, dialect: str, place: str
) -> None:
    """Where a host wants tools declared that were used, they are."""
    model_id = await vendors.model(place, Said("Hm", CALLS))
    first = await ask(vendors.gw, dialect, model_id, tools=[tool(dialect)])
    vendors.plays(place, Said())
    turns = repeated(dialect, first.answer, RESULTS)
    told = await ask(vendors.gw, dialect, model_id, turns)
    assert (told.status, told.text) == (200, SAID)
    if place == "converse":
        (spec,) = vendors.sent["toolConfig"]["tools"]
        assert spec["toolSpec"]["name"] == "weather"
    elif place in CLAUDES and dialect != "messages":
        assert [one["name"] for one in vendors.sent["tools"]] == ["weather"]
        assert vendors.sent["tool_choice"] == {"type": "none"}


CHOICES: dict[str, Any] = {
    "auto": "auto",
    "none": "none",
    "required": "required",
    "any": "any",
    "function": {"type": "function", "function": {"name": "weather"}},
}
WRITTEN: dict[str, dict[str, Any]] = {
    "anthropic": {
        "auto": {"type": "auto"},
        "none": {"type": "none"},
        "required": {"type": "any"},
        "any": {"type": "any"},
        "function": {"type": "tool", "name": "weather"},
    },
    "converse": {
        "auto": None,
        "none": None,
        "required": {"any": {}},
        "any": {"any": {}},
        "function": {"tool": {"name": "weather"}},
    },
    "gemini": {
        "auto": {"mode": "AUTO"},
        "none": {"mode": "NONE"},
        "required": {"mode": "ANY"},
        "any": {"mode": "ANY"},
        "function": {"mode": "ANY", "allowedFunctionNames": ["weather"]},
    },
    "responses": {
        "auto": "auto",
        "none": "none",
        "required": "required",
        "any": "required",
        "function": {"type": "function", "name": "weather"},
    },
}


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("place", WRITTEN)
async def test_H09_every_way_to_choose_tools_is_understood(
    vendors: Vendors, place: str, choice: str
) -> None:
    """``any`` is what others call ``required``."""
    model_id = await vendors.model(place, Said())
    told = await ask(
        vendors.gw, "chat", model_id, tools=[tool("chat")], tool_choice=CHOICES[choice]
    )
    assert told.status == 200
    sent = vendors.sent
    if place == "converse":
        written = sent.get("toolConfig", {}).get("toolChoice")
        assert ("toolConfig" in sent) == (choice != "none")
    elif place == "gemini":
        written = sent["toolConfig"]["functionCallingConfig"]
    else:
        written = sent["tool_choice"]
    assert written == WRITTEN[place][choice]


@EACH
@EVERYWHERE
async def test_H10_results_of_tools_are_one_turn(
    vendors: Vendors, dialect: str, place: str
) -> None:
    """Two results in a row are the user's next turn, in order, in the provider's own form."""
    model_id = await vendors.model(place, Said(None, CALLS))
    tools = [tool(dialect)]
    first = await ask(vendors.gw, dialect, model_id, tools=tools)
    vendors.plays(place, Said())
    await ask(vendors.gw, dialect, model_id, repeated(dialect, first.answer, RESULTS), tools=tools)
    sent = vendors.sent
    if place in {"openai", "responses"}:
        return
    turns = sent["contents"] if place in GOOGLE else sent["messages"]
    roles = [turn["role"] for turn in turns]
    assert roles == ["user", "model" if place in GOOGLE else "assistant", "user"]
    given = turns[-1]["parts" if place in GOOGLE else "content"]
    assert len(given) == 2
    assert [word for word in ("rain", "sun") if word in json.dumps(given)] == ["rain", "sun"]
    assert json.dumps(given).index("rain") < json.dumps(given).index("sun")
    assert "tool" not in roles


async def test_H11_one_call_at_a_time_is_one_call_at_a_time(vendors: Vendors) -> None:
    """In each provider's words; a list of allowed tools narrows what is given or allowed."""
    tools = [tool("chat"), tool("chat", "other")]
    wanted = {"disable_parallel_tool_use": True, "type": "auto"}
    for place in CLAUDES:
        model_id = await vendors.model(place, Said())
        await ask(vendors.gw, "chat", model_id, tools=tools, parallel_tool_calls=False)
        sent = vendors.sent
        sent = sent["additionalModelRequestFields"] if place == "converse" else sent
        assert sent["tool_choice"] == wanted
    model_id = await vendors.model("responses", Said())
    await ask(vendors.gw, "chat", model_id, tools=tools, parallel_tool_calls=False)
    assert vendors.sent["parallel_tool_calls"] is False
    some = {"mode": "auto", "tools": [{"type": "function", "function": {"name": "other"}}]}
    allowed = {"type": "allowed_tools", "allowed_tools": some}
    for place in (*CLAUDES, *GOOGLE):
        model_id = await vendors.model(place, Said())
        told = await ask(vendors.gw, "chat", model_id, tools=tools, tool_choice=allowed)
        assert told.status == 200
        text = json.dumps(vendors.sent)
        assert '"other"' in text
        narrowed = "allowedFunctionNames" in text or '"weather"' not in text
        assert narrowed


FORMS: dict[str, dict[str, Any]] = {
    "chat": {
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "place", "schema": SCHEMA},
        }
    },
    "responses": {"text": {"format": {"type": "json_schema", "name": "place", "schema": SCHEMA}}},
    "messages": {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
}


@EACH
@EVERYWHERE
async def test_H13_a_schema_to_answer_by_is_told_to_everyone(
    vendors: Vendors, dialect: str, place: str
) -> None:
    """In each provider's own field, on the first hop and by failover."""
    spare = await vendors.model(place)
    first = await vendors.model("openai", failover=spare)
    vendors.plays(place, failing("openai", 500), Said())
    if dialect == "responses" or place != "openai":
        told = await ask(vendors.gw, dialect, first, **FORMS[dialect])
        assert (told.text, told.header("model")) == (SAID, spare)
    else:
        await ask(vendors.gw, dialect, spare, **FORMS[dialect])
    for sent in vendors.asked:
        assert "city" in sent.body.decode()
    field = {"openai": "response_format", "responses": "text", "converse": "outputConfig"}
    field |= dict.fromkeys(GOOGLE, "generationConfig")
    told_in = vendors.sent[field.get(place, "output_config")]
    assert "city" in json.dumps(told_in)


@EACH
async def test_H13_a_hop_without_schemas_is_not_used(vendors: Vendors, dialect: str) -> None:
    """Prose is no answer to who asked for JSON."""
    good = await vendors.model("gemini")
    bad = await vendors.model("anthropic", capabilities={"json_schema": False})
    first = await vendors.model("openai", failover=[bad, good])
    vendors.plays("gemini", failing("openai", 500), Said())
    told = await ask(vendors.gw, dialect, first, **FORMS[dialect])
    assert told.header("model") == good
    assert len(vendors.asked) == 2


MUCH = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "n": {"type": ["integer", "null"], "exclusiveMinimum": 0},
        "when": {"type": "string", "$comment": "later", "contentEncoding": "base64"},
    },
    "additionalProperties": False,
}


@EACH
@pytest.mark.parametrize("place", GOOGLE)
async def test_H14_google_is_sent_schemas_that_it_takes(
    vendors: Vendors, dialect: str, place: str
) -> None:
    """What it lacks is written otherwise, or left out and told in a header, by its path."""
    given = tool(dialect)
    holder = given["function"] if dialect == "chat" else given
    holder["strict"] = True
    name = "input_schema" if dialect == "messages" else "parameters"
    holder[name] = MUCH
    model_id = await vendors.model(place, Said())
    told = await ask(vendors.gw, dialect, model_id, tools=[given], stream=True)
    assert told.text == SAID
    sent = names(vendors.sent)
    assert not {"$schema", "exclusiveMinimum", "strict", "$comment", "stream_options"} & sent
    schema = vendors.sent["tools"][0]["functionDeclarations"][0]["parametersJsonSchema"]
    assert schema["properties"]["n"] == {
        "anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]
    }
    where = {"chat": "tools[0].function.parameters", "responses": "tools[0].parameters"}
    path = where.get(dialect, "tools[0].input_schema")
    assert f"{path}.$schema" in told.answer.headers["x-tollhouse-dropped-params"]
