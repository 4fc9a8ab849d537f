"""Conversations of other dialects' clients as requests for responses."""

import json
from typing import Any

import msgspec
import pytest

from tollhouse.core.dialect import Dialect, Vendor
from tollhouse.wire.neutral.conversation import (
    Choice,
    Message,
    ReasoningAsked,
    Role,
    Tool,
    ToolChoice,
    VendorTool,
)
from tollhouse.wire.neutral.losses import Unsupported
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
from wire.responses.response_samples import conversation, read, write

SCHEMA = {"type": "object", "properties": {"a": {"type": "number"}}}
TOOL = Tool("f", "D", SCHEMA)
HELLO = Message(Role.USER, (Text("Hello"),), at="messages[0]")


def user(*parts: Part) -> Message:
    """A user's turn."""
    return Message(Role.USER, parts, at="messages[0]")


def model(*parts: Part) -> Message:
    """The model's turn."""
    return Message(Role.ASSISTANT, parts, at="messages[1]")


def system(text: str) -> Message:
    """An instruction."""
    return Message(Role.SYSTEM, (Text(text),))


def raw(value: object) -> msgspec.Raw:
    """A value as JSON."""
    return msgspec.Raw(json.dumps(value).encode())


def items(*messages: Message, **more: Any) -> Any:
    """The input that messages become."""
    return write(conversation(*messages, **more))["input"]


def test_the_shortest_request() -> None:
    """Nothing is said that the client did not say, but that nothing is to be stored."""
    assert write(conversation(HELLO), model="gpt-4.1") == {
        "model": "gpt-4.1",
        "input": [{"role": "user", "content": "Hello"}],
        "store": False,
    }


def test_instructions_come_first_and_others_stay_where_they_are() -> None:
    """Leading instructions are joined; one among the turns is a developer's message there."""
    body = write(conversation(system("A"), system("B"), HELLO, system("C"), model(Text("x"))))
    assert body["instructions"] == "A\n\nB"
    assert body["input"] == [
        {"role": "user", "content": "Hello"},
        {"role": "developer", "content": "C"},
        {"role": "assistant", "content": "x"},
    ]


def test_instructions_alone_are_an_input() -> None:
    """A conversation of instructions only is not sent without input, which would be refused."""
    body = write(conversation(system("A")))
    assert "instructions" not in body
    assert body["input"] == [{"role": "developer", "content": "A"}]


def test_a_tool_turn() -> None:
    """Calls, results and words keep their order as items of their own."""
    assert items(
        user(Text("a"), Text("b")),
        model(
            Text("x"),
            Text("y"),
            Refusal("z"),
            ToolCall("c1", "f", '{"a": 1}'),
            ToolCall("c2", "g", ""),
        ),
        user(
            ToolResult("c1", (Text("7"),), name="f"),
            ToolResult("c2", (), is_error=True),
            Text("and?"),
        ),
    ) == [
        {
            "role": "user",
            "content": [{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "output_text", "text": "x"},
                {"type": "output_text", "text": "y"},
                {"type": "refusal", "refusal": "z"},
            ],
        },
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": '{"a": 1}'},
        {"type": "function_call", "call_id": "c2", "name": "g", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "7"},
        {"type": "function_call_output", "call_id": "c2", "output": "Error"},
        {"role": "user", "content": "and?"},
    ]


def test_a_failed_tool_s_result_says_so() -> None:
    """There is no word for a failure but in the text, where it is not there already."""
    told = items(
        user(
            ToolResult("c1", (Text("it is down"),), is_error=True),
            ToolResult("c2", (Text("error: 5"),), is_error=True),
            ToolResult("c3", (Text("a"), Image(Media("image/png", "iVBO"))), is_error=True),
        )
    )
    first, second, third = [item["output"] for item in told]
    assert first == "Error: it is down"
    assert second == "error: 5"
    assert third[:2] == [
        {"type": "input_text", "text": "Error"},
        {"type": "input_text", "text": "a"},
    ]


def test_results_may_hold_pictures() -> None:
    """A result with more than words is a list of parts, and a custom tool's is named for it."""
    picture = Image(Media("image/png", "iVBO"))
    [call, result] = items(
        model(ToolCall("c", "sql", "SELECT", custom=True)),
        user(ToolResult("c", (Text("x"), picture))),
    )
    assert call == {"type": "custom_tool_call", "call_id": "c", "name": "sql", "input": "SELECT"}
    assert result == {
        "type": "custom_tool_call_output",
        "call_id": "c",
        "output": [
            {"type": "input_text", "text": "x"},
            {
                "type": "input_image",
                "image_url": "data:image/png;base64,iVBO",
                "detail": "auto",
            },
        ],
    }


def test_long_call_ids_are_shortened_alike() -> None:
    """OpenAI takes 64 characters; call and result still belong together."""
    long = "toolu_" + "x" * 80
    [call, result] = items(model(ToolCall(long, "f", "{}")), user(ToolResult(long, (Text("7"),))))
    assert call["call_id"] == result["call_id"]
    assert len(call["call_id"]) <= 64
    [other] = items(model(ToolCall(f"{long}y", "f", "{}")))
    assert other["call_id"] != call["call_id"]


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (
            Image(Media(url="https://a.b/c"), detail="high"),
            {"type": "input_image", "image_url": "https://a.b/c", "detail": "high"},
        ),
        (
            Image(Media(file_id="file_1")),
            {"type": "input_image", "file_id": "file_1", "detail": "auto"},
        ),
        (
            Document(Media("application/pdf", "JVBE")),
            {
                "type": "input_file",
                "filename": "document.pdf",
                "file_data": "data:application/pdf;base64,JVBE",
            },
        ),
        (
            Document(Media(url="https://a.b/c.pdf"), name="c"),
            {"type": "input_file", "file_url": "https://a.b/c.pdf"},
        ),
        (Document(Media(file_id="file_1")), {"type": "input_file", "file_id": "file_1"}),
        (
            Document(Media("text/plain"), text="Words.", name="Title"),
            {"type": "input_text", "text": "Title\n\nWords."},
        ),
    ],
)
def test_pictures_and_files(part: Part, expected: dict[str, Any]) -> None:
    """Each is given the way it was given."""
    [item] = items(user(Text("x"), part))
    assert item["content"][1] == expected


@pytest.mark.parametrize(
    ("part", "dialect"),
    [
        (Image(Media(url="gs://a/b"), at="here"), Dialect.CHAT),
        (Image(Media(file_id="file_1"), at="here"), Dialect.MESSAGES),
        (Document(Media(url="s3://a/b"), at="here"), Dialect.MESSAGES),
        (Document(Media(file_id="file_1"), at="here"), Dialect.MESSAGES),
        (Audio("x", "wav", at="here"), Dialect.CHAT),
        (Video(Media(url="https://a.b/c"), at="here"), Dialect.CHAT),
        (Opaque("search_result", at="here"), Dialect.MESSAGES),
        (ToolResult("c", (Opaque("tool_reference", at="here"),), at="x"), Dialect.MESSAGES),
    ],
)
def test_what_cannot_be_said_is_refused(part: Part, dialect: Dialect) -> None:
    """Content that responses have no words for is refused by its path, dropping or not."""
    for drop in (None, ()):
        with pytest.raises(Unsupported) as told:
            write(conversation(user(part), dialect=dialect), drop=drop)
        assert told.value.param == "here"


def test_a_picture_of_the_models_own_is_refused() -> None:
    """The model's turns are words."""
    with pytest.raises(Unsupported):
        items(model(Image(Media(url="https://a.b/c"), at="here")))


def test_H02_openais_thoughts_go_back_and_no_others() -> None:
    """OpenAI's cipher goes back byte for byte; other vendors' signatures never reach it."""
    thoughts = (
        Reasoning("S", Vendor.OPENAI, signature="e1", id="rs_1", summary=True),
        Reasoning(vendor=Vendor.OPENAI, hidden="e2"),
        Reasoning("secret", Vendor.ANTHROPIC, signature="s"),
        Reasoning(vendor=Vendor.ANTHROPIC, hidden="h"),
        Reasoning("unsigned"),
        ToolCall("c", "f", "{}", signature="google's"),
    )
    body = write(conversation(HELLO, model(*thoughts)), model="gpt-4.1")
    assert body["input"][1:] == [
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": "S"}],
            "encrypted_content": "e1",
        },
        {"type": "reasoning", "summary": [], "encrypted_content": "e2"},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
    ]
    assert body["include"] == ["reasoning.encrypted_content"]


def test_the_two_parts_of_an_item_are_one_again() -> None:
    """A summary and the thoughts themselves, of one id, are one item."""
    item = {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": "S"}],
        "content": [{"type": "reasoning_text", "text": "T"}],
    }
    assert write(read(input=[item]))["input"] == [item]


@pytest.mark.parametrize(
    ("name", "asked", "included"),
    [
        ("gpt-5.1", None, True),
        ("openai/o4-mini", None, True),
        ("gpt-5-chat-latest", None, False),
        ("gpt-4.1", None, False),
        ("my-deployment", None, False),
        ("my-deployment", ReasoningAsked(effort="low"), True),
    ],
)
def test_ciphers_are_asked_of_models_that_think(
    name: str, asked: ReasoningAsked | None, *, included: bool
) -> None:
    """A model that does not think refuses to be asked for its thoughts in cipher."""
    body = write(conversation(HELLO, reasoning=asked), model=name)
    assert ("include" in body) is included


def test_tools_are_written() -> None:
    """Functions are flat, and strict only where the client said so."""
    body = write(
        conversation(
            HELLO,
            tools=(TOOL, Tool("g", strict=True)),
            tool_choice=ToolChoice(Choice.REQUIRED),
            parallel_tools=False,
        )
    )
    function = {"type": "function", "name": "f", "description": "D", "parameters": SCHEMA}
    empty = {"type": "object", "properties": {}}
    assert body["tools"] == [
        {**function, "strict": False},
        {"type": "function", "name": "g", "parameters": empty, "strict": True},
    ]
    assert body["tool_choice"] == "required"
    assert body["parallel_tool_calls"] is False


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (ToolChoice(), "auto"),
        (ToolChoice(Choice.NONE), "none"),
        (ToolChoice(Choice.NAMED, "f"), {"type": "function", "name": "f"}),
        (ToolChoice(Choice.NAMED, "sql"), {"type": "custom", "name": "sql"}),
        (
            ToolChoice(Choice.AUTO, allowed=("f", "sql")),
            {
                "type": "allowed_tools",
                "mode": "auto",
                "tools": [{"type": "function", "name": "f"}, {"type": "custom", "name": "sql"}],
            },
        ),
    ],
)
def test_H11_tool_choice(choice: ToolChoice, expected: Any) -> None:
    """Every way to choose, allowed tools and custom ones among them."""
    form = {"type": "grammar", "grammar": {"syntax": "lark", "definition": "x"}}
    custom = raw({"type": "custom", "custom": {"name": "sql", "format": form}})
    tools = (TOOL, VendorTool("custom", custom, "tools[1]"))
    body = write(conversation(HELLO, tools=tools, tool_choice=choice))
    assert body["tool_choice"] == expected
    assert body["tools"][1] == {
        "type": "custom",
        "name": "sql",
        "format": {"type": "grammar", "syntax": "lark", "definition": "x"},
    }


def test_H07_without_tools_nothing_is_said_of_them() -> None:
    """A choice without tools would be refused."""
    body = write(conversation(HELLO, tool_choice=ToolChoice(Choice.AUTO), parallel_tools=True))
    assert not {"tools", "tool_choice", "parallel_tool_calls"} & set(body)


def test_vendors_tools_are_refused() -> None:
    """Another vendor's own tool cannot be had here; OpenAI's go as they were written."""
    search = VendorTool("web_search_20250305", raw({"type": "web_search_20250305"}), "tools[0]")
    with pytest.raises(Unsupported) as told:
        write(conversation(HELLO, dialect=Dialect.MESSAGES, tools=(search,)), drop=())
    assert told.value.param == "tools[0]"
    assert write(read(tools=[{"type": "web_search"}]))["tools"] == [{"type": "web_search"}]


@pytest.mark.parametrize(
    "told", [b'"x"', b"7", b"[]", b"null", b'{"name":1e999}', b'{"name":["g"]}', b"[" * 990]
)
def test_a_custom_tool_of_no_shape_is_refused(told: bytes) -> None:
    """By its name, as any tool that the provider cannot be given."""
    closed = told + b"]" * (len(told) if len(told) > 900 else 0)
    tool = VendorTool(
        "custom", msgspec.Raw(b'{"type":"custom","custom":' + closed + b"}"), "tools[0]"
    )
    with pytest.raises(Unsupported) as refused:
        write(conversation(HELLO, tools=(tool,)))
    assert refused.value.param == "tools[0]"
