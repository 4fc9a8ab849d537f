"""A client's body in Anthropic's messages, read into the neutral form."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tollhouse.core.dialect import Dialect, Vendor
from tollhouse.core.errors import CallerError, Code
from tollhouse.wire.anthropic.conversation import read_conversation
from tollhouse.wire.json_object import read_request
from tollhouse.wire.neutral.conversation import (
    Choice,
    Conversation,
    Message,
    OutputFormat,
    ReasoningAsked,
    Role,
    Tool,
    ToolChoice,
    VendorTool,
)
from tollhouse.wire.neutral.parts import (
    Citation,
    Document,
    Image,
    Media,
    Opaque,
    Part,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
)

HELLO = [{"role": "user", "content": "Hello"}]


def read(**fields: Any) -> Conversation:
    """Read a body of these fields; one message where none is given."""
    body = {"model": "m", "max_tokens": 10, "messages": HELLO} | fields
    return read_conversation(read_request(json.dumps(body).encode()))


def parts(role: str, *blocks: Any) -> tuple[Part, ...]:
    """The parts of one message of these blocks."""
    return read(messages=[{"role": role, "content": list(blocks)}]).messages[0].parts


def refusal(**fields: Any) -> CallerError:
    """What is said of a body that cannot be read."""
    with pytest.raises(CallerError) as caught:
        read(**fields)
    assert (caught.value.code, caught.value.status) == (Code.INVALID_REQUEST_ERROR, 400)
    return caught.value


# --- The whole ---


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


# --- Messages ---


def test_instructions_stand_where_they_stood() -> None:
    """A system message between the others is one, with its marks."""
    mark = {"type": "ephemeral", "ttl": "1h"}
    found = read(
        system=[{"type": "text", "text": "A", "cache_control": {"type": "ephemeral"}}],
        messages=[*HELLO, {"role": "system", "content": [text("B") | {"cache_control": mark}]}],
    )
    assert [one.role for one in found.messages] == [Role.SYSTEM, Role.USER, Role.SYSTEM]
    assert found.systems() == (Text("A", cache="5m"), Text("B", cache="1h"))


def text(words: str) -> dict[str, Any]:
    """A block of text."""
    return {"type": "text", "text": words}


SOURCES = [
    ({"type": "base64", "media_type": "image/png", "data": "QQ=="}, Media("image/png", "QQ==")),
    ({"type": "url", "url": "https://x/y.png"}, Media(url="https://x/y.png")),
    ({"type": "file", "file_id": "file_1"}, Media(file_id="file_1")),
]


@pytest.mark.parametrize(("source", "media"), SOURCES)
def test_media(source: Any, media: Media) -> None:
    """Images and documents by data, by URL and by the name of an upload."""
    place = "messages[0].content[0]"
    assert parts("user", {"type": "image", "source": source}) == (Image(media, at=place),)
    block = {"type": "document", "source": source, "title": "t", "context": "c"}
    cited = block | {"citations": {"enabled": True}, "cache_control": {"type": "ephemeral"}}
    assert parts("user", cited) == (
        Document(media, name="t", context="c", cited=True, cache="5m", at=place),
    )


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({"type": "text", "media_type": "text/plain", "data": "Words"}, "Words"),
        ({"type": "content", "content": "Words"}, "Words"),
        ({"type": "content", "content": [text("One"), text("two")]}, "One\n\ntwo"),
    ],
)
def test_documents_of_words(source: Any, words: str) -> None:
    """Plain text and blocks of text are a document's text."""
    (found,) = parts("user", {"type": "document", "source": source})
    assert found == Document(Media("text/plain"), text=words, at="messages[0].content[0]")


def test_a_tools_turn() -> None:
    """Arguments stay as they were written, a result is told the name of its call."""
    body = (
        b'{"max_tokens":1,"messages":[{"role":"assistant","content":['
        b'{"type":"tool_use","id":"t1","name":"f","input":{"n": 1.50,"b":[1 ]}}]},'
        b'{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","is_error":true,'
        b'"content":[{"type":"text","text":"no"},{"type":"tool_reference","tool_name":"f"}]},'
        b'{"type":"tool_result","tool_use_id":"t2","content":"words"},'
        b'{"type":"tool_result","tool_use_id":"t3"}]}]}'
    )
    asked, given_back = read_conversation(read_request(body)).messages
    assert asked.parts == (
        ToolCall("t1", "f", '{"n": 1.50,"b":[1 ]}', at="messages[0].content[0]"),
    )
    place = "messages[1].content"
    inner = (Text("no"), Opaque("tool_reference", f"{place}[0].content[1]"))
    assert given_back.parts == (
        ToolResult("t1", inner, name="f", is_error=True, at=f"{place}[0]"),
        ToolResult("t2", (Text("words"),), at=f"{place}[1]"),
        ToolResult("t3", (), at=f"{place}[2]"),
    )


@pytest.mark.parametrize(
    ("block", "thought"),
    [
        (
            {"type": "thinking", "thinking": "Hm", "signature": "EqQB"},
            Reasoning("Hm", Vendor.ANTHROPIC, "EqQB"),
        ),
        (
            {"type": "redacted_thinking", "data": "EmwK"},
            Reasoning(vendor=Vendor.ANTHROPIC, hidden="EmwK"),
        ),
        (
            {"type": "thinking", "thinking": "Hm", "signature": "tollhouse:google:signature:Cx=="},
            Reasoning("Hm", Vendor.GOOGLE, "Cx=="),
        ),
        (
            {"type": "thinking", "thinking": "In short", "signature": "tollhouse:openai:hidden:gA"},
            Reasoning("In short", Vendor.OPENAI, hidden="gA", summary=True),
        ),
        (
            {"type": "redacted_thinking", "data": "tollhouse:openai:hidden:gA"},
            Reasoning(vendor=Vendor.OPENAI, hidden="gA"),
        ),
        (
            {"type": "redacted_thinking", "data": "tollhouse:google:signature:Cx"},
            Reasoning(vendor=Vendor.GOOGLE, signature="Cx"),
        ),
        (
            {"type": "thinking", "thinking": "Hm", "signature": "tollhouse:unsigned"},
            Reasoning("Hm"),
        ),
        ({"type": "thinking", "thinking": "Hm", "signature": ""}, Reasoning("Hm")),
    ],
)
def test_H02_thoughts_come_back_with_their_vendor(block: Any, thought: Reasoning) -> None:
    """Whoever signed them: what the client was sent is what it sends."""
    placed = msgspec.structs.replace(thought, at="messages[0].content[0]")
    assert parts("assistant", block) == (placed,)


@pytest.mark.parametrize("before", [True, False])
def test_H02_a_calls_signature_finds_its_call(before: bool) -> None:  # noqa: FBT001 - both
    """It travels in a block of its own, before the call or behind it, and knows the call's id."""
    call = {"type": "tool_use", "id": "a:1", "name": "f", "input": {}}
    other = {"type": "tool_use", "id": "b", "name": "f", "input": {}}
    signed = {"type": "redacted_thinking", "data": "tollhouse:google:call:a%3A1:Cx=="}
    blocks = [signed, other, call] if before else [other, call, signed]
    found = {
        part.id: part.signature
        for part in parts("assistant", *blocks)
        if isinstance(part, ToolCall)
    }
    assert found == {"a:1": "Cx==", "b": None}
    assert len(parts("assistant", *blocks)) == 2


def test_citations_of_an_answer_come_back() -> None:
    """Pages of the web, search results and documents."""
    sources = [
        {"type": "web_search_result_location", "url": "u", "title": "t", "cited_text": "c"},
        {"type": "search_result_location", "source": "s", "title": None, "cited_text": "c"},
        {"type": "char_location", "document_title": "d", "cited_text": "c", "document_index": 0},
    ]
    assert parts("assistant", text("Words") | {"citations": sources}) == (
        Text(
            "Words",
            citations=(
                Citation("u", "t", "c"),
                Citation("s", None, "c"),
                Citation(None, "d", "c"),
            ),
        ),
    )


@pytest.mark.parametrize("kind", ["server_tool_use", "container_upload", "search_result", "new"])
def test_blocks_of_anthropics_own_are_opaque(kind: str) -> None:
    """Their place is kept, so that a refusal names it."""
    block = {"type": kind, "source": "x", "content": {"a": 1}, "text": 5}
    assert parts("user", text("Hi"), block)[1] == Opaque(kind, "messages[0].content[1]")


def test_a_documents_images_are_opaque() -> None:
    """A document of pictures is something that only Anthropic takes."""
    image = {"type": "image", "source": SOURCES[0][0]}
    block = {"type": "document", "source": {"type": "content", "content": [image]}}
    (found,) = parts("user", block)
    assert found == Opaque("document of images", "messages[0].content[0]")


def test_a_mark_for_all_is_one_behind_the_last_part() -> None:
    """``cache_control`` beside the messages means the last block that can have one."""
    mark = {"type": "ephemeral", "ttl": "1h"}
    found = read(messages=[{"role": "user", "content": [text("A"), text("B")]}], cache_control=mark)
    assert found.messages[0].parts == (Text("A"), Text("B", cache="1h"))


# --- Tools, choices, thinking ---


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


# --- Refusals ---


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"messages": None}, "messages"),
        ({"messages": "Hi"}, "messages"),
        ({"messages": [5]}, "messages[0]"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": 1}]}, "messages[0].content"),
        ({"messages": [*HELLO, {"role": "tool", "content": "x"}]}, "messages[1].role"),
        ({"messages": [{"role": "user", "content": ["x"]}]}, "messages[0].content[0]"),
        ({"messages": [{"role": "user", "content": [{}]}]}, "messages[0].content[0].type"),
        (
            {"messages": [{"role": "user", "content": [{"type": "text"}]}]},
            "messages[0].content[0].text",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "tool_use"}]}]},
            "messages[0].content[0].type",
        ),
        (
            {"messages": [{"role": "assistant", "content": [{"type": "image"}]}]},
            "messages[0].content[0].type",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "image", "source": {}}]}]},
            "messages[0].content[0].source.type",
        ),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"type": "image", "source": {"type": "base64"}}]}
                ]
            },
            "messages[0].content[0].source.media_type",
        ),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"type": "document", "source": {"type": "url"}}]}
                ]
            },
            "messages[0].content[0].source.url",
        ),
        (
            {
                "messages": [
                    {
                        "role": "assistant",
                        "content": [{"type": "tool_use", "id": "1", "name": "f", "input": "x"}],
                    }
                ]
            },
            "messages[0].content[0].input",
        ),
        ({"system": 5}, "system"),
        ({"max_tokens": "10"}, "max_tokens"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"stop_sequences": ["a", 1]}, "stop_sequences[1]"),
        ({"temperature": "hot"}, "temperature"),
        ({"top_k": 1.5}, "top_k"),
        ({"tools": [{"description": "x"}]}, "tools[0].name"),
        ({"tools": [{"name": "f", "input_schema": []}]}, "tools[0].input_schema"),
        ({"tool_choice": {"type": "some"}}, "tool_choice.type"),
        ({"tool_choice": {"type": "tool"}}, "tool_choice.name"),
        ({"thinking": {"type": "deep"}}, "thinking.type"),
        ({"thinking": {"type": "enabled"}}, "thinking.budget_tokens"),
        ({"output_config": {"format": {"type": "xml"}}}, "output_config.format"),
        ({"output_format": {"type": "json_schema"}}, "output_format"),
        ({"service_tier": "fast"}, "service_tier"),
        ({"metadata": {"user_id": 5}}, "metadata.user_id"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_wrong_shapes_are_refused_by_their_path(fields: Any, param: str) -> None:
    """No provider will judge a body that is to be translated."""
    told = refusal(**fields)
    assert told.param == param
    assert param in told.message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "content", "source", "data", "id", "input", "role"]),
            inner
            | st.sampled_from(["text", "image", "thinking", "tool_use", "tool_result", "user"]),
            max_size=4,
        )
    ),
    max_leaves=12,
)
NAMES = ("messages", "system", "tools", "tool_choice", "thinking", "output_config", "metadata")


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(NAMES), JSON)
def test_whatever_is_sent_is_read_or_refused(name: str, value: Any) -> None:
    """Nothing else comes of a body, of whatever shape."""
    body = json.dumps({"messages": HELLO} | {name: value}).encode()
    refused: Code | None = None
    try:
        read_conversation(read_request(body))
    except CallerError as error:
        refused = error.code
    assert refused in {None, Code.INVALID_REQUEST_ERROR}
