"""Pictures, documents, films and sound in Converse bodies."""

from typing import Any

import pytest

from tollhouse.wire.neutral.losses import Unsupported
from tollhouse.wire.neutral.parts import (
    Audio,
    Document,
    Image,
    Media,
    Part,
    Text,
    ToolResult,
    Video,
)
from wire.converse.sound import CLAUDE, asking, user, written

PNG = "iVBORw0KGgoAAAANSUhEUg=="
S3 = "s3://bucket-1/folder/thing"
DATA = {"bytes": "AA=="}


def blocks(*parts: Part) -> list[dict[str, Any]]:
    """The blocks of one user turn."""
    found: list[dict[str, Any]] = written(asking(user(*parts)), CLAUDE)["messages"][0]["content"]
    return found


def names(*given: str | None) -> list[str]:
    """What documents of these names are called."""
    media = Media("application/pdf", "AA==")
    parts = [Document(media, name=name) for name in given]
    return [one["document"]["name"] for one in blocks(Text("a"), *parts)[1:]]


@pytest.mark.parametrize(
    ("media", "sent"),
    [
        (Media("image/png", "AA=="), {"format": "png", "source": DATA}),
        (Media("image/jpeg", "AA=="), {"format": "jpeg", "source": DATA}),
        (Media("image/jpg", "AA=="), {"format": "jpeg", "source": DATA}),
        (Media("image/gif", "AA=="), {"format": "gif", "source": DATA}),
        (Media("image/webp", "AA=="), {"format": "webp", "source": DATA}),
        (Media(None, PNG), {"format": "png", "source": {"bytes": PNG}}),
        (Media(None, "/9j/4AAQ"), {"format": "jpeg", "source": {"bytes": "/9j/4AAQ"}}),
        (Media(None, "R0lGODdh"), {"format": "gif", "source": {"bytes": "R0lGODdh"}}),
        (Media("image/*", "UklGRgAA"), {"format": "webp", "source": {"bytes": "UklGRgAA"}}),
        (
            Media(None, url=f"{S3}.JPG"),
            {"format": "jpeg", "source": {"s3Location": {"uri": f"{S3}.JPG"}}},
        ),
    ],
)
def test_pictures_are_sent_as_data_or_from_S3(media: Media, sent: dict[str, Any]) -> None:
    """Their format by their type, by how they begin, or by their name."""
    assert blocks(Image(media, cache=None)) == [{"image": sent}]


@pytest.mark.parametrize(
    ("part", "what"),
    [
        (Image(Media("image/png", url="https://a/b.png"), at="m[0]"), "an image by URL"),
        (Image(Media("image/png", url="gs://a/b.png"), at="m[0]"), "an image by URL"),
        (Image(Media("image/png", file_id="file-1"), at="m[0]"), "an image uploaded"),
        (Image(Media("image/svg+xml", "AA=="), at="m[0]"), "of the type image/svg"),
        (Image(Media(None, "AA=="), at="m[0]"), "an image of no type"),
        (Document(Media("application/pdf", url="https://a"), at="m[0]"), "a document by URL"),
        (Document(Media("application/zip", "AA=="), at="m[0]"), "the type application/zip"),
        (Document(Media(file_id="f"), name="a.pdf", at="m[0]"), "a document uploaded"),
        (Video(Media("video/mp4", url="https://a"), at="m[0]"), "a video by URL"),
        (Video(Media("video/av1", "AA=="), at="m[0]"), "the type video/av1"),
        (Video(Media(None, "AA=="), at="m[0]"), "a video of no type"),
        (Audio("AA==", "midi", at="m[0]"), "audio in the format midi"),
    ],
)
def test_what_Bedrock_cannot_be_given_is_refused_by_name(part: Part, what: str) -> None:
    """Nothing is fetched, converted or left out."""
    with pytest.raises(Unsupported, match=what) as told:
        blocks(Text("a"), part)
    assert told.value.param == "m[0]"


@pytest.mark.parametrize(
    ("media", "name", "kind"),
    [
        (Media("application/pdf", "AA=="), None, "pdf"),
        (Media("text/csv; charset=utf-8", "AA=="), None, "csv"),
        (Media("text/markdown", "AA=="), None, "md"),
        (Media("text/x-python", "AA=="), None, "txt"),
        (Media("application/json", "AA=="), None, "txt"),
        (Media(None, "AA=="), "Budget.XLSX", "xlsx"),
        (Media("application/octet-stream", "AA=="), "a.docx", "docx"),
    ],
)
def test_documents_are_of_a_format(media: Media, name: str | None, kind: str) -> None:
    """By their type, else by their name."""
    told = blocks(Text("a"), Document(media, name=name))[1]["document"]
    assert (told["format"], told["source"]) == (kind, DATA)


def test_documents_of_plain_text_are_sent_as_such() -> None:
    """As data, which every model takes; as text where passages are to be cited."""
    plain = Document(Media("text/plain"), "é", "Notes")
    cited = Document(Media(), "é", "Notes", context="Minutes.", cited=True)
    assert blocks(Text("a"), plain, cited)[1:] == [
        {"document": {"format": "txt", "name": "Notes", "source": {"bytes": "w6k="}}},
        {
            "document": {
                "format": "txt",
                "name": "Notes (2)",
                "source": {"text": "é"},
                "context": "Minutes.",
                "citations": {"enabled": True},
            }
        },
    ]


def test_documents_have_names_that_Bedrock_takes() -> None:
    """Few characters, one space at a time, no name twice however it is written, none too long."""
    assert names("Q3/report_v1.pdf", " a \t b ", "Straße", "✍️", None, "...") == [
        "Q3-report-v1-pdf",
        "a b",
        "Stra-e",
        "Document 4",
        "Document 5",
        "Document 6",
    ]
    assert names("a", "A", "a (2)", "a") == ["a", "A (2)", "a (2) (2)", "a (3)"]
    assert max(map(len, names("x" * 300, "x" * 300))) <= 200


def test_names_are_the_same_for_the_same_request() -> None:
    """A prompt that was cached is found again."""
    assert names(None, "a", None) == names(None, "a", None)


def test_a_turn_with_documents_has_words() -> None:
    """Bedrock demands a text beside them; the first document's name stands in."""
    document = Document(Media("application/pdf", "AA=="), name="a", cache="5m")
    assert blocks(document)[-1] == {"text": "a"}
    assert blocks(document, Text("Read it."))[-1] == {"text": "Read it."}


def test_films_and_sound_are_sent() -> None:
    """By the names that Bedrock has for their formats."""
    film = Video(Media("video/3gpp", "AA=="))
    stored = Video(Media(None, url=f"{S3}.mov"))
    assert blocks(film, stored, Audio("AA==", "wav"), Audio("AA==", "pcm16")) == [
        {"video": {"format": "three_gp", "source": DATA}},
        {"video": {"format": "mov", "source": {"s3Location": {"uri": f"{S3}.mov"}}}},
        {"audio": {"format": "wav", "source": DATA}},
        {"audio": {"format": "pcm", "source": DATA}},
    ]


def test_results_of_tools_may_hold_pictures_and_documents() -> None:
    """In their order, among the words; names stay unique over the whole request."""
    image = Image(Media("image/png", PNG))
    document = Document(Media("application/pdf", "AA=="), name="a")
    result = ToolResult("c", (Text("Look:"), image, document))
    told = blocks(result, Text("?"), document)
    assert [next(iter(one)) for one in told[0]["toolResult"]["content"]] == [
        "text",
        "image",
        "document",
    ]
    assert told[2]["document"]["name"] == "a (2)"


def test_many_documents_of_one_name() -> None:
    """Each has a name of its own, and none is looked for for long."""
    given = ["a", "a (2)", *["a"] * 20_000]
    found = names(*given)
    assert found[:4] == ["a", "a (2)", "a (3)", "a (4)"]
    assert len(set(found)) == len(given)
