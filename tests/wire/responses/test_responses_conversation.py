"""Clients' requests for responses in neutral form, and what is refused of them."""

import json
from typing import Any

import msgspec
import pytest

from tollhouse.core.dialect import Dialect, Vendor
from tollhouse.wire.json_object import read_request
from tollhouse.wire.neutral.conversation import (
    Choice,
    Message,
    OutputFormat,
    ReasoningAsked,
    Role,
    Sampling,
    Tool,
    ToolChoice,
    VendorTool,
)
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
)
from tollhouse.wire.responses.conversation import read_conversation
from wire.responses.response_samples import read

PNG = "data:image/PNG;base64,iVBORw=="


def parts(*items: dict[str, Any]) -> list[tuple[Role, Part]]:
    """Who says what."""
    return [(one.role, part) for one in read(input=list(items)).messages for part in one.parts]


def content(*told: dict[str, Any], role: str = "user") -> list[Part]:
    """The parts of one message."""
    return [part for _, part in parts({"role": role, "content": list(told)})]


def raw(value: object) -> msgspec.Raw:
    """A value as JSON."""
    return msgspec.Raw(json.dumps(value).encode())


def test_a_string_is_a_users_message() -> None:
    """The shortest request, and instructions before it."""
    asked = read(input="Hello", instructions="Be brief.", stream=True)
    assert asked.messages == (
        Message(Role.SYSTEM, (Text("Be brief."),), at="instructions"),
        Message(Role.USER, (Text("Hello"),), at="input"),
    )
    assert asked.dialect is Dialect.RESPONSES
    assert asked.stream
    assert not asked.unknown


def test_items_are_messages() -> None:
    """Every role, in its easy and its typed form, with the place where it stood."""
    asked = read(
        input=[
            {"role": "developer", "content": "D"},
            {"type": "message", "role": "system", "content": [{"type": "input_text", "text": "S"}]},
            {"role": "user", "content": "U"},
            {
                "type": "message",
                "id": "msg_1",
                "status": "completed",
                "phase": "final_answer",
                "role": "assistant",
                "content": [
                    {"type": "output_text", "text": "A", "annotations": [], "logprobs": []},
                    {"type": "refusal", "refusal": "R"},
                ],
            },
        ]
    )
    assert asked.messages == (
        Message(Role.SYSTEM, (Text("D"),), at="input[0]"),
        Message(Role.SYSTEM, (Text("S"),), at="input[1]"),
        Message(Role.USER, (Text("U"),), at="input[2]"),
        Message(Role.ASSISTANT, (Text("A"), Refusal("R")), at="input[3]"),
    )
    assert not asked.unknown


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (
            {"type": "input_image", "image_url": PNG, "detail": "low"},
            Image(Media("image/png", "iVBORw=="), "low"),
        ),
        (
            {"type": "input_image", "image_url": "https://a.b/c.png"},
            Image(Media(url="https://a.b/c.png")),
        ),
        ({"type": "input_image", "file_id": "file_1"}, Image(Media(file_id="file_1"))),
        (
            {
                "type": "input_file",
                "file_data": "data:application/pdf;base64,JVBE",
                "filename": "a.pdf",
            },
            Document(Media("application/pdf", "JVBE"), name="a.pdf"),
        ),
        (
            {"type": "input_file", "file_data": "JVBE", "filename": "a.PDF"},
            Document(Media("application/pdf", "JVBE"), name="a.PDF"),
        ),
        (
            {"type": "input_file", "file_data": "JVBE"},
            Document(Media(data="JVBE")),
        ),
        (
            {"type": "input_file", "file_url": "https://a.b/c.pdf"},
            Document(Media(url="https://a.b/c.pdf")),
        ),
        ({"type": "input_file", "file_id": "file_1"}, Document(Media(file_id="file_1"))),
        (
            {"type": "input_audio", "input_audio": {"data": "UklG", "format": "wav"}},
            Audio("UklG", "wav"),
        ),
        ({"type": "input_hologram", "text": None}, Opaque("input_hologram")),
    ],
)
def test_parts_of_content(part: dict[str, Any], expected: Part) -> None:
    """Pictures, files and sound, by data, by URL and by the name of an upload."""
    placed = msgspec.structs.replace(expected, at="input[0].content[1]")
    assert content({"type": "input_text", "text": "x"}, part) == [Text("x"), placed]


def test_cache_marks_are_read() -> None:
    """A breakpoint is a mark, the longer one for half a day."""
    mark = {"type": "input_text", "text": "x", "prompt_cache_breakpoint": {"mode": "explicit"}}
    long = {**mark, "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "12h"}}
    assert content(mark, long) == [Text("x", cache="5m"), Text("x", cache="1h")]


def test_calls_and_results() -> None:
    """Results know the name of the call that came before; parts of a result are kept."""
    assert parts(
        {
            "type": "function_call",
            "id": "fc_1",
            "call_id": "c1",
            "name": "f",
            "arguments": '{"a":1}',
            "status": "completed",
            "parsed_arguments": {"a": 1},
        },
        {"type": "custom_tool_call", "call_id": "c2", "name": "sql", "input": "SELECT"},
        {"type": "function_call_output", "call_id": "c1", "output": "7"},
        {
            "type": "custom_tool_call_output",
            "call_id": "c2",
            "output": [
                {"type": "input_text", "text": "x"},
                {"type": "input_image", "image_url": PNG},
                {"type": "input_audio", "input_audio": {"data": "x", "format": "wav"}},
            ],
        },
        {"type": "function_call_output", "call_id": "elsewhere", "output": ""},
    ) == [
        (Role.ASSISTANT, ToolCall("c1", "f", '{"a":1}', at="input[0]")),
        (Role.ASSISTANT, ToolCall("c2", "sql", "SELECT", custom=True, at="input[1]")),
        (Role.USER, ToolResult("c1", (Text("7"),), name="f", at="input[2]")),
        (
            Role.USER,
            ToolResult(
                "c2",
                (
                    Text("x"),
                    Image(Media("image/png", "iVBORw=="), at="input[3].output[1]"),
                    Opaque("input_audio", "input[3].output[2]"),
                ),
                name="sql",
                at="input[3]",
            ),
        ),
        (Role.USER, ToolResult("elsewhere", (Text(""),), at="input[4]")),
    ]


def test_H02_thoughts_are_read() -> None:
    """OpenAI's own keep id and cipher; an item with nothing in it says nothing."""
    told = parts(
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "e"},
        {
            "type": "reasoning",
            "id": "rs_2",
            "summary": [{"type": "summary_text", "text": "S"}],
            "content": [{"type": "reasoning_text", "text": "T"}],
            "encrypted_content": "e",
        },
        {"type": "reasoning", "id": "rs_3", "summary": []},
    )
    assert [part for _, part in told] == [
        Reasoning("", Vendor.OPENAI, hidden="e", id="rs_1", at="input[0]"),
        Reasoning("S", Vendor.OPENAI, id="rs_2", summary=True, at="input[1]"),
        Reasoning("T", Vendor.OPENAI, signature="e", id="rs_2", at="input[1]"),
    ]


def test_H02_a_calls_signature_may_stand_anywhere() -> None:
    """The signature of a call is found before the call and behind it."""
    cipher = "tollhouse:google:call:c1:sig:=="
    packed: dict[str, Any] = {"type": "reasoning", "id": "rs_x", "encrypted_content": cipher}
    call = {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"}
    for items in ([packed, call], [call, packed]):
        [(_, part)] = parts(*items)
        assert isinstance(part, ToolCall)
        assert part.signature == "sig:=="


def test_vendors_own_items_are_opaque() -> None:
    """What only OpenAI can make sense of is marked with its kind and place."""
    assert parts(
        {"type": "web_search_call", "id": "ws", "status": "completed", "action": {}},
        {"type": "computer_call_output", "call_id": "c", "output": {"type": "x"}},
        {"type": "mcp_approval_response", "approval_request_id": "a", "approve": True},
    ) == [
        (Role.ASSISTANT, Opaque("web_search_call", "input[0]")),
        (Role.USER, Opaque("computer_call_output", "input[1]")),
        (Role.USER, Opaque("mcp_approval_response", "input[2]")),
    ]


SCHEMA = {"type": "object", "properties": {"a": {"type": "number"}}}
FUNCTION = {"type": "function", "name": "f", "description": "D", "parameters": SCHEMA}


def test_tools_are_read() -> None:
    """Functions are tools, the others a vendor's; tools may stand in the input too."""
    search = {"type": "web_search", "search_context_size": "low"}
    asked = read(
        input=[{"type": "additional_tools", "role": "developer", "tools": [FUNCTION]}],
        tools=[{**FUNCTION, "strict": True}, {"type": "function", "name": "g"}, search],
    )
    assert asked.tools[:2] == (
        Tool("f", "D", SCHEMA, strict=True, at="tools[0]"),
        Tool("g", at="tools[1]"),
    )
    vendor = asked.tools[2]
    assert isinstance(vendor, VendorTool)
    assert (vendor.kind, vendor.at) == ("web_search", "tools[2]")
    assert json.loads(bytes(vendor.written)) == search
    assert asked.tools[3] == Tool("f", "D", SCHEMA, at="input[0].tools[0]")
    assert not asked.messages


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("auto", ToolChoice(Choice.AUTO)),
        ("none", ToolChoice(Choice.NONE)),
        ("required", ToolChoice(Choice.REQUIRED)),
        ({"type": "function", "name": "f"}, ToolChoice(Choice.NAMED, "f")),
        ({"type": "custom", "name": "f"}, ToolChoice(Choice.NAMED, "f")),
        (
            {
                "type": "allowed_tools",
                "mode": "required",
                "tools": [{"type": "function", "name": "f"}],
            },
            ToolChoice(Choice.REQUIRED, allowed=("f",)),
        ),
    ],
)
def test_H09_tool_choice(told: Any, expected: ToolChoice) -> None:
    """Every way to choose among functions."""
    assert read(tools=[FUNCTION], tool_choice=told).tool_choice == expected


@pytest.mark.parametrize(
    "told",
    [
        {"type": "web_search"},
        {"type": "mcp", "server_label": "s"},
        {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "web_search"}]},
    ],
)
def test_a_vendors_tool_choice_is_unknown(told: dict[str, Any]) -> None:
    """A choice that only OpenAI can make is told as what it is."""
    asked = read(tools=[FUNCTION], tool_choice=told)
    assert asked.tool_choice is None
    assert list(asked.unknown) == ["tool_choice"]


def test_settings_are_read() -> None:
    """Numbers keep their spelling; each knob has its place."""
    body = b"""{"model": "m", "input": "x", "temperature": 0.30, "top_p": 1e0,
        "max_output_tokens": 64, "parallel_tool_calls": false, "top_logprobs": 3,
        "include": ["reasoning.encrypted_content", "message.output_text.logprobs"],
        "metadata": {"a": "b"}, "safety_identifier": "s", "user": "u", "store": true,
        "prompt_cache_key": "k", "service_tier": "flex", "truncation": "disabled",
        "background": false, "stream_options": {"include_obfuscation": false},
        "reasoning": {"effort": "low", "summary": "auto", "context": "auto"},
        "text": {"format": {"type": "json_schema", "name": "n", "schema": {}, "strict": true},
                 "verbosity": "low"}, "previous_response_id": null, "max_tool_calls": null}"""
    asked = read_conversation(read_request(body))
    assert asked.sampling == Sampling(
        temperature=msgspec.Raw(b"0.30"),
        top_p=msgspec.Raw(b"1e0"),
        logprobs=True,
        top_logprobs=3,
        verbosity="low",
        service_tier="flex",
        user="s",
        metadata=raw({"a": "b"}),
        prompt_cache_key="k",
        store=True,
    )
    assert asked.max_tokens == 64
    assert asked.parallel_tools is False
    assert asked.output == OutputFormat({}, "n", None, strict=True)
    assert asked.reasoning == ReasoningAsked(effort="low", show=True)
    assert not asked.unknown


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"type": "text"}, None),
        ({"type": "json_object"}, OutputFormat()),
        (None, None),
    ],
)
def test_H13_the_form_of_the_answer(form: Any, expected: OutputFormat | None) -> None:
    """Plain text is no form; any JSON is one without a schema."""
    assert read(text={"format": form}).output == expected
