"""Counting tokens at Google: the whole request goes along where the host takes it."""

import json
from typing import Any

import pytest

from fakes.recorded import Recording, each
from tollhouse.core.dialect import Dialect
from tollhouse.wire.gemini.count import read_count, write_count_request
from tollhouse.wire.neutral.answer import NotAnAnswer
from tollhouse.wire.neutral.conversation import Conversation, Message, Role
from tollhouse.wire.neutral.losses import Losses
from tollhouse.wire.neutral.parts import Text
from wire.gemini.gemini_asked import ADD, HI

CONVERSATION = Conversation(
    Dialect.MESSAGES,
    (Message(Role.SYSTEM, (Text("Be brief."),)), *HI),
    tools=(ADD,),
    max_tokens=5,
)
CONTENTS = [{"role": "user", "parts": [{"text": "Hi"}]}]
SYSTEM = {"parts": [{"text": "Be brief."}]}


def test_googles_own_api_counts_a_whole_request() -> None:
    """Instructions and tools count, so the request is wrapped and names its model."""
    body = write_count_request(CONVERSATION, "gemini-2.5-flash", Losses(allowed=False))
    inner = body["generateContentRequest"]
    assert body.keys() == {"generateContentRequest"}
    assert inner["model"] == "models/gemini-2.5-flash"
    assert inner["contents"] == CONTENTS
    assert inner["systemInstruction"] == SYSTEM
    assert inner["tools"][0]["functionDeclarations"][0]["name"] == "add"


def test_vertex_counts_what_it_knows() -> None:
    """There the fields stand by themselves."""
    body = write_count_request(CONVERSATION, "gemini-2.5-flash", Losses(allowed=False), vertex=True)
    assert body.keys() == {"contents", "systemInstruction", "tools"}
    assert body["contents"] == CONTENTS


def _of_google() -> list[Any]:
    """The recordings of Google's hosts; where there are none, the one that is skipped."""
    return [
        row
        for row in each("count-tokens")
        if row.values[0] is None or "googleapis" in row.values[0].host
    ]


@pytest.mark.parametrize("recording", _of_google())
def test_recorded_counts_are_read(recording: Recording) -> None:
    """The number that Google told, or its error."""
    told = json.loads(recording.body)
    counted = read_count(recording.body)
    if recording.is_answer:
        assert counted == told["totalTokens"]
    else:
        assert isinstance(counted, NotAnAnswer)
        assert json.loads(counted.error or b"") == told["error"]


@pytest.mark.parametrize(
    "body", [b"", b"null", b"{}", b'{"totalTokens":-1}', b'{"totalTokens":"7"}', b"<html>"]
)
def test_nothing_is_no_count(body: bytes) -> None:
    """What tells no number is no answer."""
    assert isinstance(read_count(body), NotAnAnswer)
