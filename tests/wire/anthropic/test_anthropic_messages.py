"""Messages of Anthropic's clients in neutral form."""

from typing import Any

import msgspec
import pytest

from tollhouse.core.dialect import Vendor
from tollhouse.wire.anthropic.conversation import read_conversation
from tollhouse.wire.json_object import read_request
from tollhouse.wire.neutral.conversation import Role
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
from wire.anthropic.anthropic_bodies_read import HELLO, read


def parts(role: str, *blocks: Any) -> tuple[Part, ...]:
    """The parts of one message of these blocks."""
    return read(messages=[{"role": role, "content": list(blocks)}]).messages[0].parts


def text(words: str) -> dict[str, Any]:
    """A block of text."""
    return {"type": "text", "text": words}


def test_instructions_stand_where_they_stood() -> None:
    """A system message between the others is one, with its marks."""
    mark = {"type": "ephemeral", "ttl": "1h"}
    found = read(
        system=[{"type": "text", "text": "A", "cache_control": {"type": "ephemeral"}}],
        messages=[*HELLO, {"role": "system", "content": [text("B") | {"cache_control": mark}]}],
    )
    assert [one.role for one in found.messages] == [Role.SYSTEM, Role.USER, Role.SYSTEM]
    assert found.systems() == (Text("A", cache="5m"), Text("B", cache="1h"))


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
