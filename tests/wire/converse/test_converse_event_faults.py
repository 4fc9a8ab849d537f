"""Streams of ConverseStream that fail, break off or make no sense."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes import bedrock_answers as fake
from fakes.event_stream import error, frame
from tollhouse.wire.converse.events import EventReader
from tollhouse.wire.neutral.events import Ended
from wire.converse.converse_streams import (
    BEGUN,
    METADATA,
    STOPPED,
    STREAM,
    delta,
    parts_of,
    read,
    start,
)
from wire.converse.sound import CLAUDE


def test_B03_a_stream_that_breaks_off_has_no_end() -> None:
    """Cut anywhere, be it before its usage, there is no ``Ended``; what was told stands."""
    expected, _ = read(STREAM)
    for cut in range(0, len(STREAM), 7):
        events, reader = read(STREAM[:cut])
        assert not reader.ended
        assert events == expected[: len(events)]
        assert len(events) < len(expected)


def test_B06_a_call_that_is_left_and_taken_up_is_malformed() -> None:
    """Its arguments would be mixed with another's; so are those of a call never announced."""
    calls = [start(n, toolUse={"toolUseId": f"t{n}", "name": "f"}) for n in (0, 1)]
    more = delta(0, toolUse={"input": "{"})
    for stream in (calls[0] + calls[1] + more, calls[0] + calls[0], more):
        events, reader = read(BEGUN + stream + STOPPED + METADATA)
        assert reader.malformed
        assert not reader.ended
        assert not any(isinstance(event, Ended) for event in events)


@pytest.mark.parametrize(
    "data",
    [
        b"data: {}\n\ndata: {}\n\n",
        b"<html><body>502 Bad Gateway",
        BEGUN[:-1] + b"?",
        frame("contentBlockDelta", b"{}"),
        frame("contentBlockDelta", b'{"contentBlockIndex":0,"delta":{"text":5}}'),
        frame("contentBlockStart", b"null"),
        frame("messageStop", b"{"),
        frame("metadata", b"\xff"),
        frame("contentBlockDelta", b"[" * 9000),
    ],
)
def test_what_is_no_stream_is_malformed(data: bytes) -> None:
    """Nothing is raised, and nothing more is given."""
    reader = EventReader(CLAUDE)
    reader.feed(data)
    assert reader.malformed
    assert reader.feed(STREAM) == reader.end() == []


@pytest.mark.parametrize(
    ("name", "more", "code"),
    [
        ("throttlingException", {}, "throttlingException"),
        ("modelStreamErrorException", {}, "modelStreamErrorException"),
        ("modelStreamErrorException", {"originalStatusCode": 529}, 529),
        ("modelStreamErrorException", {"originalStatusCode": 7}, "modelStreamErrorException"),
        ("internalServerException", {}, "internalServerException"),
        ("serviceUnavailableException", {}, "serviceUnavailableException"),
        ("validationException", {}, "validationException"),
    ],
)
def test_B04_an_exception_is_an_error_with_a_code(
    name: str, more: dict[str, Any], code: str | int
) -> None:
    """First in a stream or within it; what came before is told, nothing comes after."""
    told = fake.exception(name, "no", **more)
    for before in (b"", BEGUN, BEGUN + delta(0, text="A")):
        events, reader = read(before + told)
        assert json.loads(reader.error or b"") == {"code": code, "type": name, "message": "no"}
        assert events == read(before)[0]
        assert not reader.ended
        assert reader.feed(STREAM) == reader.end() == []


def test_an_error_behind_the_stop_is_an_error() -> None:
    """The answer has not ended before its usage came."""
    told = fake.exception("internalServerException", "no")
    events, reader = read(BEGUN + delta(0, text="A") + STOPPED + told)
    assert reader.error is not None
    assert not any(isinstance(event, Ended) for event in events)


def test_an_error_that_no_model_knows_is_one_too() -> None:
    """Its code and its message stand in the headers."""
    _, reader = read(BEGUN + error("InternalError", "no"))
    assert json.loads(reader.error or b"") == {
        "code": "InternalError",
        "type": "InternalError",
        "message": "no",
    }


@given(st.lists(st.binary(max_size=40), max_size=5), st.integers(0, len(STREAM)))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_read_without_failing(pieces: list[bytes], cut: int) -> None:
    """And as pieces they give what they give as a whole."""
    reader = EventReader(CLAUDE)
    events = [one for piece in (STREAM[:cut], *pieces) for one in reader.feed(piece)]
    events += reader.end()
    whole, same = read(STREAM[:cut] + b"".join(pieces))
    assert whole == events
    assert (same.malformed, same.error, same.ended) == (
        reader.malformed,
        reader.error,
        reader.ended,
    )


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["contentBlockStart", "contentBlockDelta", "contentBlockStop"]),
            st.integers(0, 2),
            st.sampled_from(
                [
                    {"text": "A"},
                    {"toolUse": {"input": "{"}},
                    {"toolUse": {"toolUseId": "t", "name": "f"}},
                    {"reasoningContent": {"text": "B"}},
                    {"reasoningContent": {"signature": "C"}},
                    {"reasoningContent": {"redactedContent": "Qw=="}},
                    {"citation": {}},
                ]
            ),
        ),
        max_size=8,
    )
)
@settings(max_examples=150, deadline=None)
def test_any_order_of_events_keeps_the_rules(steps: list[tuple[str, int, dict[str, Any]]]) -> None:
    """However a provider mixes its blocks, parts are numbered and one is open at a time."""
    stream = [
        fake.event(name, contentBlockIndex=index, start=told, delta=told)
        for name, index, told in steps
    ]
    events, reader = read(b"".join([BEGUN, *stream, STOPPED, METADATA]))
    parts_of(events)
    assert reader.ended is not reader.malformed
