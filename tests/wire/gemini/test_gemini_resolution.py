"""OpenAI's ``detail`` of pictures as the resolution at which Gemini looks at them."""

from typing import Any

import pytest

from tollhouse.wire.neutral.conversation import Message
from tollhouse.wire.neutral.parts import (
    Document,
    Image,
    Media,
    Text,
    ToolCall,
    ToolResult,
)
from wire.gemini.gemini_asked import PNG, model_says, say, written

LOW, HIGH = "MEDIA_RESOLUTION_LOW", "MEDIA_RESOLUTION_HIGH"
OLD, NEW = "gemini-2.5-flash", "gemini-3.1-pro-preview"
PDF = Document(Media("application/pdf", "JVBERi0="))


def picture(detail: str | None = None) -> Image:
    """A picture, looked at this closely."""
    return Image(Media("image/png", PNG), detail=detail)


def told(*messages: Message, model: str) -> tuple[str | None, list[str | None]]:
    """What is said of the request, and of each part with data."""
    body = written(*messages, model=model)
    parts = [part for content in body["contents"] for part in content["parts"]]
    of_parts = [part.get("mediaResolution", {}).get("level") for part in parts if _has_data(part)]
    return body.get("generationConfig", {}).get("mediaResolution"), of_parts


def _has_data(part: dict[str, Any]) -> bool:
    return bool(part.keys() & {"inlineData", "fileData"})


@pytest.mark.parametrize("model", [OLD, NEW])
@pytest.mark.parametrize(
    ("details", "resolution"),
    [
        (["low"], LOW),
        (["high"], HIGH),
        (["original"], HIGH),
        (["low", "low"], LOW),
        (["high", "original"], HIGH),
        (["auto"], None),
        ([None], None),
        (["new"], None),
        ([], None),
    ],
)
def test_pictures_that_agree(model: str, details: list[str | None], resolution: str | None) -> None:
    """Said once, for the whole request; automatically is how it is done anyhow."""
    said = say(Text("x"), *(picture(detail) for detail in details))
    assert told(said, model=model) == (resolution, [None] * len(details))


def test_pictures_that_differ() -> None:
    """Gemini 3 is told of each; of older ones the answer would be another for some, so of none."""
    said = say(picture("low"), picture("high"), picture())
    assert told(said, model=NEW) == (None, [LOW, HIGH, None])
    assert told(said, model=OLD) == (None, [None, None, None])


def test_pictures_and_files_of_which_nothing_is_said() -> None:
    """Gemini 3 looks at them as ever; older ones have one resolution for all."""
    said = say(picture("low"), picture("auto"), PDF)
    assert told(said, model=NEW) == (None, [LOW, None, None])
    assert told(said, model=OLD) == (LOW, [None, None, None])


def test_pictures_of_results() -> None:
    """They count; within a result they cannot be told apart, behind it they can."""
    call = model_says(ToolCall("c1", "look", "{}"))
    result = say(ToolResult("c1", (picture("high"),), "look"))
    body = written(say(picture("high")), call, result, model=NEW)
    assert body["generationConfig"] == {"mediaResolution": HIGH}
    body = written(say(picture("low")), call, result, model=NEW)
    assert "generationConfig" not in body
    assert body["contents"][0]["parts"][0]["mediaResolution"] == {"level": LOW}
    within = body["contents"][2]["parts"][0]["functionResponse"]["parts"]
    assert within == [{"inlineData": {"mimeType": "image/png", "data": PNG}}]
    assert told(say(picture("high")), call, result, model=OLD) == (HIGH, [None, None])


def test_models_before_it_are_not_told() -> None:
    """Gemma, and what came before Gemini 2, are told nothing of the kind."""
    for model in ("gemma-3-27b-it", "gemini-1.0-pro-vision"):
        assert told(say(picture("low")), model=model) == (None, [None])


def test_the_same_words_for_vertex() -> None:
    """Vertex has the same fields."""
    body = written(say(picture("low"), picture("high")), model=NEW, vertex=True)
    levels = [part["mediaResolution"]["level"] for part in body["contents"][0]["parts"]]
    assert levels == [LOW, HIGH]
