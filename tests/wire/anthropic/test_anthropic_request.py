"""Conversations of all dialects as bodies for Anthropic."""

import json
from typing import Any

import msgspec
import pytest

from tollhouse.core.dialect import Dialect, Vendor
from tollhouse.wire.anthropic.request import write_request
from tollhouse.wire.neutral.conversation import (
    Choice,
    Conversation,
    Message,
    OutputFormat,
    Role,
    Sampling,
    Tool,
    ToolChoice,
    VendorTool,
)
from tollhouse.wire.neutral.losses import Losses, Unsupported
from tollhouse.wire.neutral.parts import (
    Audio,
    Document,
    Image,
    Media,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
    Video,
)

MODEL = "claude-sonnet-4-5"
HELLO = Message(Role.USER, (Text("Hello"),))
F = Tool(
    "f", "Does it.", {"type": "object", "properties": {"a": {"type": "string"}}}, at="tools[0]"
)
G = Tool("g", at="tools[1]")


def write(
    *messages: Message,
    model: str = MODEL,
    allowed: bool = False,
    dropped: tuple[str, ...] = (),
    default_max_tokens: int | None = None,
    **fields: Any,
) -> Any:
    """The body of a conversation of a chat client, decoded; ``dropped`` is what was left out."""
    fields = {"dialect": Dialect.CHAT, "messages": messages or (HELLO,)} | fields
    losses = Losses(allowed=allowed or bool(dropped))
    body = write_request(
        Conversation(**fields), model, losses, default_max_tokens=default_max_tokens
    )
    assert tuple(losses.dropped) == dropped
    return json.loads(msgspec.json.encode(body))


def refused(*messages: Message, **fields: Any) -> Unsupported:
    """What is said of something that Anthropic cannot be asked for."""
    with pytest.raises(Unsupported) as caught:
        write(*messages, **fields)
    return caught.value


def blocks(role: Role, *parts: Part, dialect: Dialect = Dialect.CHAT) -> Any:
    """The content of the one message that these parts make."""
    (message,) = write(Message(role, parts), dialect=dialect)["messages"]
    assert message["role"] == role
    return message["content"]


# --- The whole ---


def test_a_small_request() -> None:
    """Nothing is said that the client did not say, but for the bound that Anthropic wants."""
    assert write() == {
        "model": MODEL,
        "max_tokens": 4096,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}],
    }


def test_the_answers_bound() -> None:
    """The client's own, else the model's, else a small one."""
    assert write(max_tokens=5, default_max_tokens=64000)["max_tokens"] == 5
    assert write(default_max_tokens=64000)["max_tokens"] == 64000
    assert write()["max_tokens"] == 4096


def test_instructions_are_gathered_in_order() -> None:
    """Wherever they stood; the turns around them are joined."""
    body = write(
        Message(Role.SYSTEM, (Text("A"), Text("B", cache="1h"))),
        HELLO,
        Message(Role.SYSTEM, (Text("C"), Text(" "))),
        Message(Role.USER, (Text("again"),)),
    )
    mark = {"type": "ephemeral", "ttl": "1h"}
    assert body["system"] == [
        {"type": "text", "text": "A"},
        {"type": "text", "text": "B", "cache_control": mark},
        {"type": "text", "text": "C"},
    ]
    assert [len(turn["content"]) for turn in body["messages"]] == [2]


def test_H10_results_of_several_messages_are_one_turn() -> None:
    """Two tool messages and words after them: results first, each in its order."""
    body = write(
        HELLO,
        Message(
            Role.ASSISTANT, (Text(""), ToolCall("a", "f", '{"x":1.0}'), ToolCall("b", "f", ""))
        ),
        Message(Role.USER, (ToolResult("a", (Text("1"),)),)),
        Message(Role.USER, (Text("and"), ToolResult("b", (), is_error=True))),
        tools=(F,),
    )
    assert [turn["role"] for turn in body["messages"]] == ["user", "assistant", "user"]
    assert body["messages"][1]["content"] == [
        {"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1.0}},
        {"type": "tool_use", "id": "b", "name": "f", "input": {}},
    ]
    assert body["messages"][2]["content"] == [
        {"type": "tool_result", "tool_use_id": "a", "content": [{"type": "text", "text": "1"}]},
        {"type": "tool_result", "tool_use_id": "b", "is_error": True},
        {"type": "text", "text": "and"},
    ]


def test_a_turn_without_words_is_none() -> None:
    """Anthropic refuses empty text; the turns around an empty one are joined."""
    body = write(HELLO, Message(Role.ASSISTANT, (Text(" \n"),)), HELLO)
    assert [turn["role"] for turn in body["messages"]] == ["user"]


def test_arguments_stay_as_they_were_generated() -> None:
    """Numbers and order too; what is no object is put into one, as the reference has it."""
    call = ToolCall("a", "f", '{"b": 1.50, "a":10000000000000000000001}')
    body = write_request(
        Conversation(Dialect.CHAT, (Message(Role.ASSISTANT, (call,)),)),
        MODEL,
        Losses(allowed=False),
    )
    assert b'"input":{"b": 1.50, "a":10000000000000000000001}' in msgspec.json.encode(body)
    for broken in ('{"a":', "5", '["x"]'):
        (block,) = blocks(Role.ASSISTANT, ToolCall("a", "f", broken))
        assert block["input"] == {"INVALID_JSON": broken}


def test_ids_that_anthropic_refuses_are_spelled_otherwise() -> None:
    """A call and its result still have the same id, and no two calls do."""
    body = write(
        Message(Role.ASSISTANT, (ToolCall("f:0", "f", ""), ToolCall("f_0", "f", ""))),
        Message(Role.USER, (ToolResult("f:0", ()), ToolResult("f_0", ()))),
    )
    first, second = (block["id"] for block in body["messages"][0]["content"])
    assert [block["tool_use_id"] for block in body["messages"][1]["content"]] == [first, second]
    assert first.startswith("f_0_")
    assert second == "f_0"


@pytest.mark.parametrize(
    ("thought", "written"),
    [
        (
            Reasoning("Hm", Vendor.ANTHROPIC, "EqQB"),
            [{"type": "thinking", "thinking": "Hm", "signature": "EqQB"}],
        ),
        (
            Reasoning(vendor=Vendor.ANTHROPIC, hidden="EmwK"),
            [{"type": "redacted_thinking", "data": "EmwK"}],
        ),
        (Reasoning("Hm", Vendor.GOOGLE, "Cx=="), []),
        (Reasoning("Hm", Vendor.OPENAI, hidden="gA"), []),
        (Reasoning("Hm", Vendor.ANTHROPIC), []),
        (Reasoning("Hm"), []),
    ],
)
def test_H02_only_anthropics_thoughts_go_to_anthropic(thought: Reasoning, written: Any) -> None:
    """Byte for byte; those that it did not sign are left out."""
    call = ToolCall("a", "f", "{}", signature="Google's")
    *thoughts, told = blocks(Role.ASSISTANT, thought, call)
    assert thoughts == written
    assert told == {"type": "tool_use", "id": "a", "name": "f", "input": {}}


@pytest.mark.parametrize(
    ("part", "written"),
    [
        (
            Image(Media("image/jpg", "QQ=="), cache="5m"),
            {
                "type": "image",
                "source": {"type": "base64", "media_type": "image/jpeg", "data": "QQ=="},
                "cache_control": {"type": "ephemeral"},
            },
        ),
        (
            Image(Media(url="https://x/y.png"), detail="low"),
            {"type": "image", "source": {"type": "url", "url": "https://x/y.png"}},
        ),
        (
            Document(Media("application/pdf", "QQ=="), name="a.pdf", context="c", cited=True),
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "QQ=="},
                "title": "a.pdf",
                "context": "c",
                "citations": {"enabled": True},
            },
        ),
        (
            Document(Media("text/markdown; charset=utf-8", "SGk=")),
            {
                "type": "document",
                "source": {"type": "text", "media_type": "text/plain", "data": "Hi"},
            },
        ),
        (
            Document(Media("text/plain"), text="Words"),
            {
                "type": "document",
                "source": {"type": "text", "media_type": "text/plain", "data": "Words"},
            },
        ),
        (
            Document(Media(url="http://x/y.pdf")),
            {"type": "document", "source": {"type": "url", "url": "http://x/y.pdf"}},
        ),
    ],
)
def test_media(part: Part, written: Any) -> None:
    """Pictures and documents, and the same inside what a tool gave."""
    assert blocks(Role.USER, part) == [written]
    assert isinstance(part, Image | Document)
    (result,) = blocks(Role.USER, ToolResult("a", (part, Reasoning("Hm"))))
    assert result["content"] == [written]


def test_an_upload_is_its_own_dialects() -> None:
    """Only a client of Anthropic's dialect can have named a file of Anthropic's."""
    part = Image(Media(file_id="file_1"), at="messages[0].content[0]")
    (block,) = blocks(Role.USER, part, dialect=Dialect.MESSAGES)
    assert block["source"] == {"type": "file", "file_id": "file_1"}
    assert refused(Message(Role.USER, (part,))).param == "messages[0].content[0]"


def test_a_refusal_is_words() -> None:
    """What the model said when it declined."""
    assert blocks(Role.ASSISTANT, Refusal("No.")) == [{"type": "text", "text": "No."}]


# --- Tools ---


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


# --- The form of the answer ---


def test_H13_an_answer_by_a_schema() -> None:
    """Objects that name members are closed, at every depth; all else stays as it is."""
    inner = {"type": "object", "properties": {"b": {"type": "integer"}}}
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {
            "a": inner,
            "l": {"type": "array", "items": inner},
            "u": {"anyOf": [inner, {"type": "null"}]},
            "free": {"type": "object"},
        },
        "$defs": {"D": inner | {"additionalProperties": True}},
    }
    body = write(output=OutputFormat(schema, name="n", description="What it is.", strict=True))
    shut = inner | {"additionalProperties": False}
    assert body["output_config"] == {
        "format": {
            "type": "json_schema",
            "schema": {
                "type": "object",
                "description": "What it is.",
                "additionalProperties": False,
                "properties": {
                    "a": shut,
                    "l": {"type": "array", "items": shut},
                    "u": {"anyOf": [shut, {"type": "null"}]},
                    "free": {"type": "object"},
                },
                "$defs": {"D": inner | {"additionalProperties": True}},
            },
        }
    }
    assert "additionalProperties" not in inner


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"output": OutputFormat()}, "response_format"),
        (
            {"output": OutputFormat({"type": "object"}), "model": "claude-sonnet-4-20250514"},
            "response_format",
        ),
        ({"choices": 2}, "n"),
        ({"stop": ("END", "\n")}, "stop"),
        ({"unknown": {"modalities": msgspec.Raw(b"[]")}}, "modalities"),
    ],
)
def test_what_anthropic_cannot_be_asked_for(fields: Any, param: str) -> None:
    """It is refused by the client's name of it, before anything is sent."""
    assert refused(**fields).param == param


@pytest.mark.parametrize(
    "part",
    [
        Audio("QQ==", "wav", at="here"),
        Video(Media("video/mp4", "QQ=="), at="here"),
        Opaque("computer_call", at="here"),
        Image(Media(url="gs://x/y.png"), at="here"),
        Image(Media(data="QQ=="), at="here"),
        Document(Media("application/msword", "QQ=="), at="here"),
        Document(Media("text/plain", "not base64"), at="here"),
        Document(Media(data="QQ=="), at="here"),
        Document(Media(file_id="file-1"), at="here"),
        ToolResult("a", (Opaque("image by upload", at="here"),)),
    ],
)
def test_essentials_are_refused_even_where_knobs_are_dropped(part: Part) -> None:
    """Without them the answer would be another."""
    told = refused(Message(Role.USER, (part,)), allowed=True)
    assert told.param == "here"
    assert "here" in told.message


def test_instructions_are_words() -> None:
    """A picture among the instructions is not left out in silence."""
    message = Message(Role.SYSTEM, (Image(Media(url="https://x"), at="here"),))
    assert refused(message, allowed=True).param == "here"


def test_unknown_fields_are_knobs() -> None:
    """Dropped and told where that is allowed."""
    write(unknown={"a": msgspec.Raw(b"1"), "b.c": msgspec.Raw(b"1")}, dropped=("a", "b.c"))


# --- Knobs ---


def raw(value: str) -> msgspec.Raw:
    """A number as a client spelled it."""
    return msgspec.Raw(value.encode())


def test_knobs_that_anthropic_has() -> None:
    """Under its own names, numbers as they were spelled."""
    knobs = Sampling(temperature=raw("0.70"), top_k=5, service_tier="default", user="u")
    body = write_request(
        Conversation(Dialect.CHAT, (HELLO,), stop=("END",), sampling=knobs, stream=True),
        MODEL,
        Losses(allowed=False),
    )
    written = msgspec.json.encode(body)
    assert b'"temperature":0.70,' in written
    assert json.loads(written) == {
        "model": MODEL,
        "max_tokens": 4096,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}],
        "stop_sequences": ["END"],
        "temperature": 0.7,
        "top_k": 5,
        "service_tier": "standard_only",
        "metadata": {"user_id": "u"},
        "stream": True,
    }


def test_knobs_that_stand_where_they_stand_anyhow() -> None:
    """They are no loss, whatever the client library writes out."""
    idle = Sampling(
        presence_penalty=raw("0"),
        frequency_penalty=raw("0.0"),
        logit_bias=raw("{}"),
        metadata=raw("{}"),
        logprobs=False,
        store=False,
        prompt_cache_key="k",
        service_tier="auto",
    )
    assert write(sampling=idle) == write() | {"service_tier": "auto"}


@pytest.mark.parametrize(
    ("name", "value", "param"),
    [
        ("temperature", raw("1.2"), "temperature"),
        ("temperature", raw("-1"), "temperature"),
        ("presence_penalty", raw("0.5"), "presence_penalty"),
        ("frequency_penalty", raw("0.5"), "frequency_penalty"),
        ("logit_bias", raw('{"1":2}'), "logit_bias"),
        ("metadata", raw('{"a":"b"}'), "metadata"),
        ("logprobs", True, "logprobs"),
        ("top_logprobs", 3, "top_logprobs"),
        ("store", True, "store"),
        ("seed", 0, "seed"),
        ("verbosity", "low", "verbosity"),
        ("service_tier", "flex", "service_tier"),
    ],
)
def test_knobs_that_anthropic_lacks(name: str, value: Any, param: str) -> None:
    """Each is refused by name, or dropped and told."""
    knobs = Sampling(**{name: value})
    assert refused(sampling=knobs).param == param
    assert write(sampling=knobs, dropped=(param,)) == write()


def test_one_of_two() -> None:
    """Newer models take only one of temperature and top_p; older ones both."""
    knobs = Sampling(temperature=raw("0.5"), top_p=raw("0.5"))
    assert write(sampling=knobs, dropped=("top_p",))["temperature"] == 0.5
    old = write(sampling=knobs, model="claude-3-5-haiku-20241022")
    assert (old["temperature"], old["top_p"]) == (0.5, 0.5)
    assert "top_p" not in write(sampling=Sampling(temperature=raw("0.5"), top_p=raw("1.0")))


@pytest.mark.parametrize("model", ["claude-opus-4-7", "claude-sonnet-5", "claude-mythos-preview"])
def test_the_newest_models_take_no_sampling(model: str) -> None:
    """Anthropic refuses it there, but at its defaults, which need not be said."""
    knobs = Sampling(temperature=raw("0.5"), top_p=raw("0.9"), top_k=3)
    body = write(sampling=knobs, model=model, dropped=("temperature", "top_p", "top_k"))
    assert not {"temperature", "top_p", "top_k"} & body.keys()
    assert write(sampling=Sampling(temperature=raw("1")), model=model) == write(model=model)
