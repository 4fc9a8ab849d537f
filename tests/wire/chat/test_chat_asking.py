"""The messages of a conversation as chat hosts get them."""

from typing import Any

import pytest

from tollhouse.core.dialect import Dialect, Vendor
from tollhouse.wire.chat.request import write_request
from tollhouse.wire.neutral.conversation import (
    Conversation,
    Message,
    Role,
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
from wire.chat.chat_bodies import GREETING, MODEL, assistant, body, messages, user

# --- messages ---


def test_instructions_come_first_and_in_one() -> None:
    """Templates of open models refuse a second system message."""
    found = messages(
        GREETING,
        Message(Role.SYSTEM, (Text("a", "1h"), Text("b"))),
        Message(Role.SYSTEM, (Text("c"),)),
    )
    assert found == [
        {"role": "system", "content": "a\n\nb\n\nc"},
        {"role": "user", "content": "hi"},
    ]


def test_neighbours_of_one_role_are_joined() -> None:
    """Roles take turns; people with different names are different."""
    ann = Message(Role.USER, (Text("c"),), "ann")
    found = messages(user(Text("a")), user(Text("b")), ann, assistant(Text("x"), Text("y")))
    assert found == [
        {"role": "user", "content": "a\n\nb"},
        {"role": "user", "content": "c", "name": "ann"},
        {"role": "assistant", "content": "xy"},
    ]


def test_H10_results_come_right_behind_their_calls() -> None:
    """Results of parallel calls are messages of their own, in order, before other words."""
    found = messages(
        GREETING,
        assistant(Text("so"), ToolCall("t1", "f", '{"a":1}'), ToolCall("t2", "g", "")),
        user(
            Text("and"),
            ToolResult("t1", (Text("1"), Text("2")), "f"),
            ToolResult("t2", (Text("bad"),), is_error=True),
            ToolResult("t3", (Text("Error: bad"),), is_error=True),
            ToolResult("t4", (), is_error=True),
        ),
    )
    assert found[1:] == [
        {
            "role": "assistant",
            "content": "so",
            "tool_calls": [
                {
                    "id": "t1",
                    "type": "function",
                    "function": {"name": "f", "arguments": '{"a":1}'},
                },
                {"id": "t2", "type": "function", "function": {"name": "g", "arguments": "{}"}},
            ],
        },
        {"role": "tool", "tool_call_id": "t1", "content": "1\n\n2"},
        {"role": "tool", "tool_call_id": "t2", "content": "Error: bad"},
        {"role": "tool", "tool_call_id": "t3", "content": "Error: bad"},
        {"role": "tool", "tool_call_id": "t4", "content": "Error"},
        {"role": "user", "content": "and"},
    ]


PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}


def test_pictures_in_results_follow_in_the_users_message() -> None:
    """Chat's results are text only, so a picture follows with the call's name."""
    image = Image(Media("image/png", "aGk="))
    found = messages(
        user(ToolResult("t1", (image,)), ToolResult("t2", (Text("x"), image)), Text("so?"))
    )
    assert found == [
        {
            "role": "tool",
            "tool_call_id": "t1",
            "content": "The result is in the next message.",
        },
        {"role": "tool", "tool_call_id": "t2", "content": "x"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Result of t1:"},
                PICTURE,
                {"type": "text", "text": "Result of t2:"},
                PICTURE,
                {"type": "text", "text": "so?"},
            ],
        },
    ]


PARTS: list[tuple[Part, list[dict[str, Any]]]] = [
    (Image(Media("image/png", "aGk=")), [PICTURE]),
    (
        Image(Media(url="https://a"), "low"),
        [{"type": "image_url", "image_url": {"url": "https://a", "detail": "low"}}],
    ),
    (
        Audio("aGk=", "wav"),
        [{"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}}],
    ),
    (
        Video(Media(url="https://a")),
        [{"type": "video_url", "video_url": {"url": "https://a"}}],
    ),
    (
        Document(Media("application/pdf", "aGk=")),
        [
            {
                "type": "file",
                "file": {
                    "filename": "document.pdf",
                    "file_data": "data:application/pdf;base64,aGk=",
                },
            }
        ],
    ),
    (
        Document(Media("application/pdf", "aGk="), name="A", context="about"),
        [
            {"type": "text", "text": "about"},
            {
                "type": "file",
                "file": {"filename": "A", "file_data": "data:application/pdf;base64,aGk="},
            },
        ],
    ),
]


@pytest.mark.parametrize(("part", "pieces"), PARTS)
def test_parts(part: Part, pieces: list[dict[str, Any]]) -> None:
    """Every kind of part that chat has a word for."""
    assert messages(user(part)) == [{"role": "user", "content": pieces}]


def test_documents_of_text_are_text() -> None:
    """Plain text needs no file."""
    document = Document(Media("text/plain"), "words", "A", "about")
    assert messages(user(document, Text("so?"))) == [
        {"role": "user", "content": "A\n\nabout\n\nwords\n\nso?"}
    ]


def test_uploads_are_openais_only() -> None:
    """A file by id goes where the id was made."""
    document = Document(Media(file_id="f-1"), at="here")
    found = messages(user(document))
    assert found[0]["content"] == [{"type": "file", "file": {"file_id": "f-1"}}]
    with pytest.raises(Unsupported):
        messages(user(document), dialect=Dialect.MESSAGES)


def test_answers_that_the_client_begins_are_refused() -> None:
    """Words put into the mouth of the model are not what a chat host would go on from."""
    begun = Message(Role.ASSISTANT, (Text("{"),), at="messages[1]")
    with pytest.raises(Unsupported) as caught:
        body(GREETING, begun, dialect=Dialect.MESSAGES, drop=True)
    assert caught.value.param == "messages[1]"
    assert messages(GREETING, begun)[-1] == {"role": "assistant", "content": "{"}


ESSENTIAL: list[Part] = [
    Image(Media(file_id="f-1"), at="here"),
    Image(Media(url="gs://a"), at="here"),
    Document(Media(url="https://a"), at="here"),
    Opaque("server_tool_use", "here"),
    ToolResult("t", (Opaque("x", "here"),)),
]


@pytest.mark.parametrize("part", ESSENTIAL)
def test_essentials_are_refused_by_their_path(part: Part) -> None:
    """What the answer depends on is never dropped, allowed or not."""
    with pytest.raises(Unsupported) as caught:
        body(user(part), drop=True)
    assert caught.value.param == "here"


def test_assistants_can_only_speak() -> None:
    """Parts of an assistant that only its own dialect can say are refused."""
    for part in (Opaque("audio", "here"), Image(Media(url="https://a"), at="here")):
        with pytest.raises(Unsupported) as caught:
            body(assistant(part))
        assert caught.value.param == "here"


def test_citations_of_documents_are_a_knob() -> None:
    """That sources are to be named can be dropped, and is told."""
    document = user(Document(Media("text/plain"), "words", cited=True, at="here"))
    losses = Losses(allowed=True)
    write_request(Conversation(Dialect.MESSAGES, (document,)), MODEL, losses)
    assert losses.dropped == ["here.citations"]


def test_refusals_go_back_as_words() -> None:
    """Few hosts know the field of a refusal."""
    assert messages(assistant(Refusal("no"))) == [{"role": "assistant", "content": "no"}]


def test_turns_without_words_are_left_out() -> None:
    """An assistant that only thought said nothing to this host."""
    assert messages(assistant(Reasoning("hm")), GREETING) == [{"role": "user", "content": "hi"}]


def test_ids_are_as_the_host_can_take_them() -> None:
    """Long ids are shortened, Mistral's are nine letters; call and result keep together."""
    long = "x" * 60
    history = (assistant(ToolCall(long, "f", "{}")), user(ToolResult(long, (Text("1"),))))
    for model, length in (("gpt-4o", 37), ("mistral-large-latest", 9)):
        call, result = messages(*history, model=model)
        assert call["tool_calls"][0]["id"] == result["tool_call_id"]
        assert len(result["tool_call_id"]) == length
    own = (assistant(ToolCall("abcDEF123", "f", "{}")),)
    assert messages(*own, model="magistral-small")[0]["tool_calls"][0]["id"] == "abcDEF123"


def test_custom_calls() -> None:
    """Free text goes back as such."""
    found = messages(assistant(ToolCall("t1", "f", "x", custom=True)))[0]
    assert found["content"] is None
    assert found["tool_calls"] == [
        {"id": "t1", "type": "custom", "custom": {"name": "f", "input": "x"}}
    ]


# --- thoughts ---

THOUGHTS = assistant(
    Reasoning("plain"),
    Reasoning("hm", Vendor.ANTHROPIC, "sig"),
    Reasoning("", Vendor.ANTHROPIC, hidden="dark"),
    Reasoning("so", Vendor.OPENAI, hidden="x", id="rs_1", summary=True),
    ToolCall("t1", "f", "{}", "gsig"),
)


def thinking(model: str) -> dict[str, Any]:
    """What a model is told of earlier thoughts, but for its words."""
    found = messages(THOUGHTS, model=model)[0]
    call = found.pop("tool_calls")[0]
    known = {"role", "content"}
    told = {name: value for name, value in found.items() if name not in known}
    return told | ({"call": call["extra_content"]} if "extra_content" in call else {})


def test_H02_signatures_go_to_their_own_vendor_only() -> None:
    """Names as OpenRouter has them tell whose signatures a model can read."""
    claude, google = "anthropic-claude-v1", "google-gemini-v1"
    signed = {"type": "reasoning.encrypted", "data": "gsig", "format": google, "id": "t1"}
    assert thinking("anthropic/claude-sonnet-5")["reasoning_details"][:2] == [
        {
            "type": "reasoning.text",
            "text": "hm",
            "format": claude,
            "index": 0,
            "signature": "sig",
        },
        {"type": "reasoning.encrypted", "data": "dark", "format": claude, "index": 1},
    ]
    assert thinking("google/gemini-3-pro") == {"reasoning_details": [{**signed, "index": 0}]}
    openai = thinking("openai/gpt-5")["reasoning_details"]
    assert [one["id"] for one in openai[:2]] == ["rs_1", "rs_1"]


def test_H02_no_foreign_signature_is_sent() -> None:
    """After a failover to another vendor, nothing of the first one's goes along."""
    for model, vendor in (
        ("anthropic/claude-sonnet-5", "anthropic-claude-v1"),
        ("openai/gpt-5", "openai-responses-v1"),
        ("google/gemini-3-pro", "google-gemini-v1"),
    ):
        formats = {one["format"] for one in thinking(model)["reasoning_details"]}
        assert formats == {vendor}
    for model in ("gpt-5", "llama-4", "claude-sonnet-5", "openai/gpt-oss-120b"):
        assert thinking(model) == {}


def test_thoughts_for_those_who_ask_for_them() -> None:
    """DeepSeek and its like want their own thoughts back, and get no other's."""
    assert thinking("deepseek-reasoner") == {"reasoning_content": "plain"}
    assert thinking("gemini-3-pro") == {"call": {"google": {"thought_signature": "gsig"}}}
