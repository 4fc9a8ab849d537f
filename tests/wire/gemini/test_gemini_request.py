"""Conversations as bodies for Gemini: every part of every turn, and what cannot be said."""

from typing import Any

import msgspec
import pytest

from tollhouse.core.dialect import Dialect, Vendor
from tollhouse.wire.gemini.request import write_request
from tollhouse.wire.neutral.conversation import Conversation, Message, Role
from tollhouse.wire.neutral.losses import Losses
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
from wire.gemini.gemini_asked import PNG, model_says, parts, refused, say, written

# --- Turns ---


def test_a_conversation_of_everything() -> None:
    """Instructions, text, an image, calls and their results, in turns that alternate."""
    body = written(
        Message(Role.SYSTEM, (Text("Be brief."),)),
        say(Text("What is"), Image(Media("image/png", PNG))),
        say(Text("this?")),
        model_says(
            Text("I look."),
            ToolCall("c1", "look", '{"n": 1.10}', signature="c2ln"),
            ToolCall("c2", "look", ""),
        ),
        say(ToolResult("c1", (Text("a"), Text("b")), "look")),
        say(ToolResult("c2", (Text("no"),), "look", is_error=True)),
        say(Text("Go on.")),
        model_says(Text("A"), Refusal("B")),
        Message(Role.SYSTEM, (Text("Be kind."),)),
        say(Text("Why?")),
    )
    first = {"functionCall": {"id": "c1", "name": "look", "args": {"n": 1.1}}}
    failed = {"id": "c2", "name": "look", "response": {"error": "no"}}
    assert body == {
        "contents": [
            {
                "role": "user",
                "parts": [
                    {"text": "What is"},
                    {"inlineData": {"mimeType": "image/png", "data": PNG}},
                    {"text": "this?"},
                ],
            },
            {
                "role": "model",
                "parts": [
                    {"text": "I look."},
                    {**first, "thoughtSignature": "c2ln"},
                    {"functionCall": {"id": "c2", "name": "look", "args": {}}},
                ],
            },
            {
                "role": "user",
                "parts": [
                    {
                        "functionResponse": {
                            "id": "c1",
                            "name": "look",
                            "response": {"output": "a\nb"},
                        }
                    },
                    {"functionResponse": failed},
                ],
            },
            {"role": "user", "parts": [{"text": "Go on."}]},
            {"role": "model", "parts": [{"text": "A"}, {"text": "B"}]},
            {"role": "user", "parts": [{"text": "Why?"}]},
        ],
        "systemInstruction": {"parts": [{"text": "Be brief."}, {"text": "Be kind."}]},
    }


def test_arguments_keep_their_spelling() -> None:
    """The model's own numbers come back to it as it wrote them."""
    losses = Losses(allowed=False)
    message = model_says(ToolCall("c1", "f", '{"x":1.10,"y":12345678901234567890}'))
    body = write_request(Conversation(Dialect.CHAT, (message,)), "gemini-2.5-pro", losses)
    assert b'"args":{"x":1.10,"y":12345678901234567890}' in msgspec.json.encode(body)


def test_h10_results_of_parallel_calls_are_one_turn() -> None:
    """Each result in a message of its own still makes one turn, in order."""
    results = [say(ToolResult(f"c{n}", (Text(str(n)),), "f")) for n in range(3)]
    calls = model_says(*[ToolCall(f"c{n}", "f", "{}") for n in range(3)])
    contents = written(say(Text("x")), calls, *results)["contents"]
    assert [part["functionResponse"]["id"] for part in contents[2]["parts"]] == ["c0", "c1", "c2"]
    assert len(contents) == 3


@pytest.mark.parametrize(
    ("model", "vertex", "told"),
    [
        ("gemini-2.5-pro", False, True),
        ("gemini-2.5-pro", True, False),
        ("gemini-2.0-flash", True, False),
        ("gemini-3-flash-preview", True, True),
        ("publishers/google/models/gemini-3.1-pro-preview", True, True),
        ("gemini-4-argon", True, True),
    ],
)
def test_h10_ids_of_calls(model: str, vertex: bool, told: bool) -> None:  # noqa: FBT001
    """Vertex takes them since Gemini 3; without them each result has the place of its call."""
    calls = [ToolCall(f"c{n}", "f", f'{{"n":{n}}}') for n in range(3)]
    results = [say(ToolResult(f"c{n}", (Text(str(n)),), "f")) for n in (2, 0, 1)]
    fields: dict[str, Any] = {"model": model, "vertex": vertex}
    contents = written(say(Text("x")), model_says(*calls), *results, **fields)["contents"]
    called = [part["functionCall"] for part in contents[1]["parts"]]
    given = [part["functionResponse"] for part in contents[2]["parts"]]
    assert [call.get("id") for call in called] == (["c0", "c1", "c2"] if told else [None] * 3)
    assert [one.get("id") for one in given] == (["c2", "c0", "c1"] if told else [None] * 3)
    outputs = [one["response"]["output"] for one in given]
    assert outputs == (["2", "0", "1"] if told else ["0", "1", "2"])
    assert {one["name"] for one in given} == {"f"}


def test_a_result_without_its_call_stands_behind_the_others() -> None:
    """Where ids are left out, a result of no call of the turn before takes no call's place."""
    calls = model_says(ToolCall("c0", "f", "{}"), ToolCall("c1", "f", "{}"))
    ids = ("elsewhere", "c1", "c0")
    results = [say(ToolResult(one, (Text(one),), "f")) for one in ids]
    contents = written(say(Text("x")), calls, *results, vertex=True)["contents"]
    outputs = [part["functionResponse"]["response"]["output"] for part in contents[2]["parts"]]
    assert outputs == ["c0", "c1", "elsewhere"]


def test_empty_text_is_no_part() -> None:
    """Google refuses a part without words; a message without parts is no turn."""
    contents = written(say(Text("a")), model_says(Text("")), say(Text(""), Text("b")))["contents"]
    assert contents == [{"role": "user", "parts": [{"text": "a"}, {"text": "b"}]}]


# --- Thoughts and signatures ---

GOOGLES = Reasoning("Hm.", vendor=Vendor.GOOGLE)
OF_TEXT = Reasoning(vendor=Vendor.GOOGLE, signature="c2ln")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ((GOOGLES, Text("A")), [{"text": "Hm.", "thought": True}, {"text": "A"}]),
        ((Text("A"), OF_TEXT), [{"text": "A", "thoughtSignature": "c2ln"}]),
        ((OF_TEXT, Text("A")), [{"text": "A", "thoughtSignature": "c2ln"}]),
        (
            (Reasoning("Hm.", vendor=Vendor.GOOGLE, signature="c2ln"), Text("A")),
            [{"text": "Hm.", "thought": True}, {"text": "A", "thoughtSignature": "c2ln"}],
        ),
        (
            (Reasoning(vendor=Vendor.GOOGLE, hidden="c2ln"), Text("A")),
            [{"text": "A", "thoughtSignature": "c2ln"}],
        ),
        ((OF_TEXT,), [{"text": "", "thoughtSignature": "c2ln"}]),
        ((Reasoning("Hm."), Text("A")), [{"text": "A"}]),
        *[
            (
                (Reasoning("Hm.", vendor=vendor, signature="x", hidden="y"), Text("A")),
                [{"text": "A"}],
            )
            for vendor in Vendor
            if vendor is not Vendor.GOOGLE
        ],
    ],
)
def test_h02_only_googles_signatures_go_back(
    said: tuple[Part, ...], expected: list[dict[str, Any]]
) -> None:
    """Google's own stand at the text they came with; another vendor's are stripped."""
    contents = written(say(Text("x")), model_says(*said))["contents"]
    assert contents[1]["parts"] == expected


def test_h02_unsigned_calls_of_the_current_turn_get_the_word_for_it() -> None:
    """Gemini 3 misses the signature of the first call of each step since the user last spoke."""
    messages = (
        say(Text("a")),
        model_says(ToolCall("c0", "f", "{}")),
        say(ToolResult("c0", (Text("0"),), "f")),
        model_says(Text("Done.")),
        say(Text("b")),
        model_says(ToolCall("c1", "f", "{}"), ToolCall("c2", "f", "{}")),
        say(ToolResult("c1", (Text("1"),), "f"), ToolResult("c2", (Text("2"),), "f")),
        model_says(ToolCall("c3", "f", "{}", signature="c2ln")),
        say(ToolResult("c3", (Text("3"),), "f")),
    )

    def signatures(model: str) -> list[str | None]:
        contents = written(*messages, model=model)["contents"]
        found = [part for content in contents for part in content["parts"]]
        return [part.get("thoughtSignature") for part in found if "functionCall" in part]

    word = "skip_thought_signature_validator"
    assert signatures("gemini-3-pro-preview") == [None, word, None, "c2ln"]
    assert signatures("gemini-flash-latest") == [None, word, None, "c2ln"]
    assert signatures("gemini-2.5-pro") == [None, None, None, "c2ln"]


# --- Media ---


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (Image(Media(None, PNG)), {"inlineData": {"mimeType": "image/png", "data": PNG}}),
        (
            Image(Media(None, "/9j/4AAQ")),
            {"inlineData": {"mimeType": "image/jpeg", "data": "/9j/4AAQ"}},
        ),
        (
            Document(Media("application/pdf", "JVBERi0="), name="a.pdf"),
            {"inlineData": {"mimeType": "application/pdf", "data": "JVBERi0="}},
        ),
        (
            Document(Media("text/plain"), text="wörds"),
            {"inlineData": {"mimeType": "text/plain", "data": "d8O2cmRz"}},
        ),
        (Audio("UklG", "wav"), {"inlineData": {"mimeType": "audio/wav", "data": "UklG"}}),
        (Audio("SUQz", "mpeg"), {"inlineData": {"mimeType": "audio/mp3", "data": "SUQz"}}),
        (
            Image(Media(url="https://example.com/a/b.JPG?x=1")),
            {"fileData": {"mimeType": "image/jpeg", "fileUri": "https://example.com/a/b.JPG?x=1"}},
        ),
        (
            Image(Media(url="https://example.com/picture")),
            {"fileData": {"fileUri": "https://example.com/picture"}},
        ),
        (
            Video(Media(url="https://www.youtube.com/watch?v=x")),
            {"fileData": {"mimeType": "video/mp4", "fileUri": "https://www.youtube.com/watch?v=x"}},
        ),
    ],
)
def test_media(part: Part, expected: dict[str, Any]) -> None:
    """Data stands in the request, a URL is left to Google to fetch."""
    assert parts(say(part)) == [expected]


def test_context_of_a_file_is_said_before_it() -> None:
    """What a client says about a file is text for Gemini."""
    file = Document(Media("application/pdf", "JVBERi0="), context="From 1999.")
    assert parts(say(file))[0] == {"text": "From 1999."}


@pytest.mark.parametrize(
    ("url", "model", "vertex", "can"),
    [
        ("https://example.com/a.png", "gemini-2.5-flash", False, True),
        ("https://example.com/a.png", "gemini-2.0-flash", False, False),
        ("https://example.com/a.png", "gemini-2.0-flash", True, True),
        ("https://example.com/a", "gemini-2.5-flash", True, False),
        ("http://example.com/a.png", "gemini-2.5-flash", False, False),
        ("http://example.com/a.png", "gemini-2.5-flash", True, True),
        ("gs://bucket/a.png", "gemini-2.5-flash", True, True),
        ("gs://bucket/a.png", "gemini-2.5-flash", False, False),
        ("s3://bucket/a.png", "gemini-2.5-flash", True, False),
        (
            "https://generativelanguage.googleapis.com/v1beta/files/x",
            "gemini-2.0-flash",
            False,
            True,
        ),
    ],
)
def test_who_can_fetch_what(url: str, model: str, vertex: bool, can: bool) -> None:  # noqa: FBT001
    """What a host cannot fetch is refused by the place of the part, before anything is sent."""
    image = Image(Media(url=url), at="messages[0].content[1]")
    if can:
        assert parts(say(image), model=model, vertex=vertex)[0]["fileData"]["fileUri"] == url
    else:
        assert refused(say(image), model=model, vertex=vertex) == "messages[0].content[1]"


AT = "messages[3].content[1]"


@pytest.mark.parametrize(
    "part",
    [
        Image(Media(file_id="file-1"), at=AT),
        Image(Media(data="AAAA"), at=AT),
        Opaque("container_upload", at=AT),
        ToolResult("c1", (Text("x"),), at=AT),
        ToolResult("c1", (Opaque("search_result", at=AT),), "f", at="elsewhere"),
        ToolCall("c1", "f", "[1]", at=AT),
        ToolCall("c1", "f", '{"a"', at=AT),
        ToolCall("c1", "f", "free text", custom=True, at=AT),
    ],
)
def test_essentials_that_cannot_be_said_are_refused_by_name(part: Part) -> None:
    """Without them the answer would be another, so they are never left out."""
    assert refused(say(Text("x")), model_says(part)) == AT


def test_instructions_have_to_be_text() -> None:
    """Google takes nothing else there."""
    image = Message(Role.SYSTEM, (Image(Media(None, PNG)),), at="messages[0]")
    assert refused(image) == "messages[0]"


def test_images_of_results() -> None:
    """Gemini 3 takes them in the result, older models behind all the results."""
    result = ToolResult("c1", (Text("seen"), Image(Media(None, PNG))), "look")
    other = ToolResult("c2", (Text("ok"),), "look")
    calls = model_says(ToolCall("c1", "look", "{}"), ToolCall("c2", "look", "{}"))
    picture = {"inlineData": {"mimeType": "image/png", "data": PNG}}
    new = written(say(Text("x")), calls, say(result), say(other), model="gemini-3-flash-preview")
    first, second = new["contents"][2]["parts"]
    assert first["functionResponse"]["parts"] == [picture]
    assert first["functionResponse"]["response"] == {"output": "seen"}
    assert len(new["contents"]) == 3
    assert "parts" not in second["functionResponse"]
    old = written(say(Text("x")), calls, say(result), say(other), say(Text("y")))
    assert [len(content["parts"]) for content in old["contents"]] == [1, 2, 2, 2]
    assert old["contents"][3]["parts"] == [picture, {"text": "y"}]
