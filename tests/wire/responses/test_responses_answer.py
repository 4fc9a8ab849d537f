"""Providers' whole responses, and what is none."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tollhouse.core.dialect import Vendor
from tollhouse.wire.neutral.answer import Answer, NotAnAnswer, Stop
from tollhouse.wire.neutral.parts import (
    Citation,
    Opaque,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
)
from tollhouse.wire.responses.answer import read_answer
from wire.responses.response_samples import USAGE


def body(*output: dict[str, Any], **more: Any) -> bytes:
    """A response."""
    told = {"id": "resp_1", "status": "completed", "error": None, "output": output, "usage": USAGE}
    return json.dumps(told | more).encode()


def answer(*output: dict[str, Any], **more: Any) -> Answer:
    """A response that must be an answer."""
    read = read_answer(body(*output, **more))
    assert isinstance(read, Answer)
    return read


WORDS = {"type": "message", "content": [{"type": "output_text", "text": "Hi"}]}
CALL = {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": "{}"}
NO = {"type": "message", "content": [{"type": "refusal", "refusal": "No."}]}


def test_every_item_is_a_part() -> None:
    """Words, sources, refusals, calls and thoughts are read; a vendor's own work is marked."""
    page = {"type": "url_citation", "url": "https://a.b", "title": "A", "start_index": 0}
    file = {"type": "file_citation", "file_id": "file_1", "filename": "f", "index": 0}
    read = answer(
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": "One."}, {"text": "Two."}],
            "encrypted_content": "e",
        },
        {"type": "reasoning", "id": "rs_2", "summary": [], "encrypted_content": "e2"},
        {"type": "reasoning", "id": "rs_3", "summary": []},
        {"type": "web_search_call", "id": "ws_1", "arguments": {"odd": 1}},
        {
            "type": "message",
            "content": [
                {
                    "type": "output_text",
                    "text": "Hi",
                    "annotations": [{**page, "end_index": 2}, file, "odd"],
                },
                {"type": "output_text", "text": ""},
                *NO["content"],
            ],
        },
        CALL,
        {"type": "custom_tool_call", "call_id": "c2", "name": "sql", "input": "SELECT"},
        {"type": "function_call", "id": "fc_9", "call_id": "", "name": "f", "arguments": ""},
        service_tier="default",
    )
    assert read.parts == (
        Reasoning("One.\n\nTwo.", Vendor.OPENAI, signature="e", id="rs_1", summary=True),
        Reasoning(vendor=Vendor.OPENAI, hidden="e2", id="rs_2"),
        Opaque("web_search_call"),
        Text("Hi", citations=(Citation("https://a.b", "A", start=0, end=2),)),
        Refusal("No."),
        ToolCall("c", "f", "{}"),
        ToolCall("c2", "sql", "SELECT", custom=True),
        ToolCall("fc_9", "f", ""),
    )
    assert read.stop is Stop.TOOLS
    assert read.id == "resp_1"
    assert json.loads(read.usage or b"") == USAGE
    assert read.service_tier == "default"
    assert read.content_bytes == 10 + 2 + 3 + 2 + 6


@pytest.mark.parametrize(
    ("items", "more", "stop"),
    [
        ((WORDS,), {}, Stop.END),
        ((WORDS,), {"status": None}, Stop.END),
        ((WORDS, CALL), {}, Stop.TOOLS),
        ((NO,), {}, Stop.REFUSED),
        ((NO, CALL), {}, Stop.TOOLS),
        ((), {}, Stop.END),
        (
            (CALL,),
            {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
            Stop.LENGTH,
        ),
        (
            (WORDS,),
            {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}},
            Stop.FILTERED,
        ),
        ((WORDS,), {"status": "incomplete"}, Stop.LENGTH),
    ],
)
def test_H03_every_stop_is_read(items: Any, more: dict[str, Any], stop: Stop) -> None:
    """Status, reason and parts together tell why an answer ended."""
    assert answer(*items, **more).stop is stop


def test_H04_a_200_that_is_no_answer() -> None:
    """Errors, other bodies and unfinished work are told from answers."""
    error = {"code": "server_error", "message": "x"}
    assert read_answer(body(status="failed", error=error)) == NotAnAnswer(
        json.dumps(error).encode(), "the body is an error"
    )
    assert isinstance(read_answer(json.dumps({"error": error}).encode()), NotAnAnswer)
    odd = [b"", b"null", b"<html>", b"[]", b"{}", body(WORDS)[:-9], b'{"output":null}']
    for one in (*odd, body(status="in_progress"), body(status="queued"), body(status="failed")):
        told = read_answer(one)
        assert isinstance(told, NotAnAnswer)
        assert told.error is None


@pytest.mark.parametrize(
    "item",
    [
        7,
        {"type": 7},
        {"type": "message", "content": 7},
        {"type": "message", "content": [{"type": "output_text", "text": 7}]},
        {"type": "function_call", "call_id": "c"},
        {"type": "reasoning", "summary": "x"},
    ],
)
def test_misshapen_output_is_no_answer(item: Any) -> None:
    """Output of another form is refused rather than read in part."""
    told = read_answer(body(item))
    assert isinstance(told, NotAnAnswer)


def test_thoughts_that_look_like_our_own_are_the_providers() -> None:
    """A provider's cipher is its own, whatever it looks like."""
    cipher = "tollhouse:google:signature:x"
    [part] = answer({"type": "reasoning", "id": "rs", "encrypted_content": cipher}).parts
    assert part == Reasoning(vendor=Vendor.OPENAI, hidden=cipher, id="rs")


def test_logprobs_are_told_in_chats_spelling() -> None:
    """Probabilities of all texts are one list; without any there is none."""
    token = {"token": "H", "logprob": -1e-05, "bytes": [72], "top_logprobs": []}
    words = {"type": "output_text", "text": "H", "annotations": [], "logprobs": [token]}
    read = answer({"type": "message", "content": [words]}, WORDS, {**WORDS, "content": [words]})
    assert read.logprobs is not None
    assert json.loads(bytes(read.logprobs)) == {"content": [token, token], "refusal": None}
    assert b"-1e-05" in bytes(read.logprobs)
    assert answer(WORDS).logprobs is None


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_body_is_too_odd(data: st.DataObject) -> None:
    """Damaged bodies raise nothing."""
    told = bytearray(body(WORDS, CALL, NO, {"type": "reasoning", "summary": [{"text": "x"}]}))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(told) - 1))
        told[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    assert isinstance(read_answer(bytes(told)), Answer | NotAnAnswer)
