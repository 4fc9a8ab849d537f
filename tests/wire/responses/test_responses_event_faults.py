"""Streams of responses that fail, break off or make no sense."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tollhouse.wire.neutral.answer import Stop
from tollhouse.wire.neutral.events import (
    Began,
    Cited,
    Ended,
    Event,
    TextDelta,
)
from wire.responses.response_events import (
    COMPLETED,
    CREATED,
    added,
    delta,
    done,
    response,
    run,
    said,
)
from wire.responses.response_samples import (
    USAGE,
    assert_rules,
    hear,
    hear_every_way,
    sse,
)


@pytest.mark.parametrize(
    ("told", "stop"),
    [
        ({"reason": "max_output_tokens"}, Stop.LENGTH),
        ({"reason": "content_filter"}, Stop.FILTERED),
        ({"reason": "something_new"}, Stop.LENGTH),
        (None, Stop.LENGTH),
    ],
)
def test_B16_an_incomplete_response_has_usage_and_a_reason(
    told: dict[str, str] | None, stop: Stop
) -> None:
    """A cut answer is an answer: it ends, for its reason and with its usage."""
    heard = run(
        CREATED,
        added(0, "function_call", call_id="c", name="f"),
        delta("function_call_arguments", 0, '{"a'),
        response("incomplete", usage=USAGE, incomplete_details=told),
    )
    assert heard.events[-1] == Ended(stop)
    assert json.loads(heard.usage or b"") == USAGE


FAILURE = {"code": "server_error", "message": "Broken."}


@pytest.mark.parametrize(
    ("event", "error"),
    [
        (response("failed", error=FAILURE, usage=USAGE), FAILURE),
        ({"type": "error", "error": FAILURE}, FAILURE),
        ({"type": "error", **FAILURE, "param": None}, {"type": "error", **FAILURE, "param": None}),
        (response("completed", error=FAILURE), FAILURE),
    ],
)
def test_B04_errors_in_every_shape(event: dict[str, Any], error: dict[str, Any]) -> None:
    """A failure is told at whichever point it comes, and nothing after it."""
    for before in ([], [CREATED], [CREATED, said(0, "x")]):
        heard = run(*before, event, said(0, "late"), COMPLETED)
        assert json.loads(heard.error or b"null") == error
        assert not heard.ended
        assert TextDelta("late") not in heard.events


def test_B16_a_failed_response_has_usage() -> None:
    """What a failure cost is not lost."""
    heard = run(CREATED, response("failed", error=FAILURE, usage=USAGE))
    assert json.loads(heard.usage or b"") == USAGE


def test_an_untyped_error_is_an_error() -> None:
    """Hosts that fail before they know what they speak send a bare error."""
    assert hear([b'data: {"error":{"message":"x"}}\n\n']).error == b'{"message":"x"}'
    assert hear([b"event: error\ndata: overloaded\n\n"]).error == b'"overloaded"'
    assert hear([b'{"error":{"message":"x"}}']).error == b'{"message":"x"}'
    assert hear([b'{\n "output": []\n}\n']).malformed


@pytest.mark.parametrize(
    "frame",
    [
        b"data: {oops}\n\n",
        b"data: [1]\n\n",
        b'data: {"type":"response.output_text.delta","delta":{}}\n\n',
        b'data: {"type":"response.output_item.added","item":7}\n\n',
        b'data: {"type":"response.completed","response":{"incomplete_details":3}}\n\n',
    ],
)
def test_what_is_no_event_is_malformed(frame: bytes) -> None:
    """Bytes that no provider means are told as such, and end the reading."""
    heard = hear([sse(CREATED), frame, sse(said(0, "late"), COMPLETED)])
    assert heard.malformed
    assert heard.events == (Began("resp_1"),)


def test_B14_a_terminator_that_is_not_theirs_is_skipped() -> None:
    """Some hosts put a ``[DONE]`` behind; comments and empty data are nothing."""
    frames = sse(CREATED, said(0, "x")) + b": ping\n\ndata:\n\n" + sse(COMPLETED)
    heard = hear_every_way(frames + b"data: [DONE]\n\n")
    assert heard.ended
    assert not heard.malformed


def test_logprobs_are_told_in_chats_spelling() -> None:
    """Probabilities of a delta become chat's object, with the bytes that streams leave out."""
    token = {"token": "é", "logprob": -0.25, "top_logprobs": [{"token": "e", "logprob": -2.5}]}
    event = said(0, "é") | {"logprobs": [token]}
    [told] = [one for one in run(CREATED, event, COMPLETED).events if isinstance(one, TextDelta)]
    assert told.logprobs is not None
    assert json.loads(bytes(told.logprobs)) == {
        "content": [
            {
                "token": "é",
                "logprob": -0.25,
                "bytes": [195, 169],
                "top_logprobs": [{"token": "e", "logprob": -2.5, "bytes": [101]}],
            }
        ],
        "refusal": None,
    }


KNOWN = (
    CREATED,
    added(0, "message", content=[]),
    added(1, "function_call", call_id="c", name="f"),
    added(2, "reasoning", summary=[]),
    said(0, "x"),
    said(0, "y", 1),
    delta("refusal", 0, "No"),
    delta("function_call_arguments", 1, "{}"),
    delta("reasoning_summary_text", 2, "z", summary_index=0),
    delta("reasoning_text", 2, "z"),
    done(0, "message", content=[{"type": "output_text", "text": "x"}]),
    done(1, "function_call", call_id="c", name="f", arguments="{}"),
    done(2, "reasoning", summary=[{"text": "z"}], encrypted_content="e"),
    {"type": "response.content_part.done", "output_index": 0, "part": {"type": "output_text"}},
    COMPLETED,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(KNOWN), max_size=12))
def test_any_order_of_events_keeps_the_rules(events: list[dict[str, Any]]) -> None:
    """Whatever a provider sends in whatever order, what comes out is a sound sequence."""
    heard = hear([sse(*events)])
    assert_rules(heard.events, ended=heard.ended)
    assert heard.ended or COMPLETED not in events or heard.malformed


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_bytes_are_never_too_odd(data: st.DataObject) -> None:
    """Damaged streams raise nothing, and give the same however they are cut."""
    stream = bytearray(sse(*KNOWN))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(stream) - 1))
        stream[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    whole = hear([bytes(stream)])
    middle = data.draw(st.integers(0, len(stream)))
    assert hear([bytes(stream[:middle]), bytes(stream[middle:])]) == whole


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_noise_is_no_answer(noise: bytes) -> None:
    """No bytes but a provider's last event end an answer."""
    heard = hear([noise])
    assert not heard.ended


def test_nothing_is_given_after_the_end() -> None:
    """What follows the last event is not read."""
    events: tuple[Event, ...] = hear([sse(CREATED, COMPLETED), sse(said(0, "late"))]).events
    assert events == (Began("resp_1"), Ended(Stop.END))


@pytest.mark.parametrize("number", [-1, -7, 2**31])
def test_a_part_of_an_impossible_number(number: int) -> None:
    """Its words are told; no sources are looked for at such a place."""
    page = {"type": "url_citation", "url": "https://a.b"}
    words = {"type": "output_text", "text": "a", "annotations": [page]}
    heard = run(CREATED, said(0, "a", number), done(0, "message", content=[words]), COMPLETED)
    assert heard.ended
    assert not heard.malformed
    assert [type(event) for event in heard.events if isinstance(event, TextDelta | Cited)] == [
        TextDelta
    ]
