"""Whole answers of Converse, made ones and recorded ones."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes import bedrock_answers as fake
from fakes.recorded import Recording, each, recordings
from tollhouse.core.dialect import Vendor
from tollhouse.wire.converse.answer import read_answer
from tollhouse.wire.neutral.answer import Answer, NotAnAnswer, Stop
from tollhouse.wire.neutral.parts import Citation, Reasoning, Text, ToolCall
from wire.converse.sound import CLAUDE, GPT, HI, LLAMA, NOVA_2, PROFILE, asking, assistant, written

CALL = {"toolUse": {"toolUseId": "tooluse_1", "name": "weather", "input": {"city": "Paris"}}}
SERVED = {"toolUse": {"toolUseId": "t", "name": "code", "input": {}, "type": "server_tool_use"}}
SERVED_RESULT = {"toolResult": {"toolUseId": "t", "content": [{"json": {"a": 1}}]}}
SIGNED = {"reasoningContent": {"reasoningText": {"text": "Hm", "signature": "c2ln"}}}
UNSIGNED = {"reasoningContent": {"reasoningText": {"text": "Hm"}}}
HIDDEN = {"reasoningContent": {"redactedContent": "UlhSci8rPT0="}}
ODD_HIDDEN = {"reasoningContent": {"redactedContent": "/w=="}}


def answer(*content: dict[str, Any], model: str = CLAUDE, stop: str = "end_turn") -> Answer:
    """A made answer, read."""
    found = read_answer(fake.converse(*content, stop=stop)[2], model)
    assert isinstance(found, Answer)
    return found


def test_blocks_become_parts() -> None:
    """Text, thoughts and calls; a call's input is the text that the provider wrote."""
    body = (
        b'{"output":{"message":{"content":[{"text":"Hi"},{"toolUse":{"toolUseId":"c","name":"f",'
        b'"input":{"a": 1.50,"b":9007199254740993}}}]}},"stopReason":"tool_use",'
        b'"usage":{"inputTokens": 1.0},"serviceTier":{"type":"flex"},"new":[1]}'
    )
    found = read_answer(body)
    assert found == Answer(
        (Text("Hi"), ToolCall("c", "f", '{"a": 1.50,"b":9007199254740993}')),
        Stop.TOOLS,
        usage=b'{"inputTokens": 1.0}',
        service_tier="flex",
        content_bytes=34,
    )


def test_thoughts_are_signed_by_their_vendor() -> None:
    """By Anthropic for Claude and for profiles that do not tell, by Amazon for all others."""
    signed = {
        CLAUDE: Vendor.ANTHROPIC,
        PROFILE: Vendor.ANTHROPIC,
        "": Vendor.ANTHROPIC,
        NOVA_2: Vendor.AMAZON,
        LLAMA: Vendor.AMAZON,
    }
    unsigned: dict[str, Vendor | None] = {
        CLAUDE: Vendor.ANTHROPIC,
        PROFILE: None,
        "": None,
        NOVA_2: Vendor.AMAZON,
        GPT: None,
    }
    for model, vendor in signed.items():
        assert answer(SIGNED, model=model).parts == (Reasoning("Hm", vendor, "c2ln"),)
    for model, thinker in unsigned.items():
        assert answer(UNSIGNED, model=model).parts == (Reasoning("Hm", thinker),)


def test_thoughts_in_cipher_are_Anthropics_own_text() -> None:
    """Unwrapped from Bedrock's base64, so that they can be read wherever Claude is reached."""
    assert answer(HIDDEN).parts == (Reasoning(vendor=Vendor.ANTHROPIC, hidden="RXRr/+=="),)
    wrapped = Reasoning(vendor=Vendor.AMAZON, hidden="UlhSci8rPT0=")
    assert answer(HIDDEN, model=NOVA_2).parts == (wrapped,)
    assert answer(ODD_HIDDEN).parts == (Reasoning(vendor=Vendor.AMAZON, hidden="/w=="),)


@pytest.mark.parametrize("model", [CLAUDE, NOVA_2, PROFILE])
@pytest.mark.parametrize("block", [SIGNED, HIDDEN])
def test_H02_what_was_thought_goes_back_byte_for_byte(block: dict[str, Any], model: str) -> None:
    """An answer's thoughts, sent back to the same model, are the blocks that it gave."""
    parts = answer(block, {"text": "A"}, model=model).parts
    body = written(asking(HI, assistant(*parts), HI), model)
    assert body["messages"][1]["content"] == [block, {"text": "A"}]


def test_what_is_not_for_a_client_is_passed_over() -> None:
    """Bedrock's own tools, empty blocks, pictures and new kinds."""
    image = {"image": {"format": "png", "source": {"bytes": "AA=="}}}
    thought = {"reasoningContent": {"reasoningText": {"text": ""}}}
    others: tuple[dict[str, Any], ...] = (
        SERVED,
        SERVED_RESULT,
        image,
        thought,
        {"text": ""},
        {"new": {}},
    )
    found = answer(*others, {"text": "A"}, stop="tool_use")
    assert (found.parts, found.stop) == ((Text("A"),), Stop.END)


def test_citations_name_their_sources() -> None:
    """By URL, by title and by their words."""
    block = {
        "citationsContent": {
            "content": [{"text": "Grass "}, {"text": "is green."}],
            "citations": [
                {
                    "title": "Grass",
                    "sourceContent": [{"text": "green"}],
                    "location": {"documentChar": {"documentIndex": 0, "start": 0, "end": 5}},
                },
                {"location": {"web": {"url": "https://a/b", "domain": "a"}}},
                {"source": "https://c", "title": "C"},
                {"source": "note"},
            ],
        }
    }
    citations = (
        Citation(title="Grass", cited="green"),
        Citation(url="https://a/b"),
        Citation(url="https://c", title="C"),
        Citation(title="note"),
    )
    assert answer(block).parts == (Text("Grass is green.", citations=citations),)


@pytest.mark.parametrize(
    ("reason", "without", "with_call"),
    [
        ("end_turn", Stop.END, Stop.TOOLS),
        ("tool_use", Stop.END, Stop.TOOLS),
        ("stop_sequence", Stop.STOP_SEQUENCE, Stop.TOOLS),
        ("max_tokens", Stop.LENGTH, Stop.LENGTH),
        ("model_context_window_exceeded", Stop.CONTEXT, Stop.CONTEXT),
        ("guardrail_intervened", Stop.FILTERED, Stop.FILTERED),
        ("content_filtered", Stop.FILTERED, Stop.FILTERED),
        ("malformed_tool_use", Stop.FAILED, Stop.FAILED),
        ("malformed_model_output", Stop.FAILED, Stop.FAILED),
        ("refusal", Stop.REFUSED, Stop.REFUSED),
        ("pause_turn", Stop.PAUSED, Stop.PAUSED),
        ("something_new", Stop.END, Stop.TOOLS),
    ],
)
def test_H03_a_call_wins_over_every_sound_end(reason: str, without: Stop, with_call: Stop) -> None:
    """And over no other."""
    assert answer({"text": "A"}, stop=reason).stop is without
    assert answer({"text": "A"}, CALL, stop=reason).stop is with_call


@pytest.mark.parametrize("told", [{"stop_sequence": "X"}, {"delta": {"stop_sequence": "X"}}])
def test_the_sequence_that_stopped_Claude_is_told(told: dict[str, Any]) -> None:
    """In the model's own fields, which were asked for."""
    body = json.loads(fake.converse({"text": "A"}, stop="stop_sequence")[2])
    found = read_answer(json.dumps({**body, "additionalModelResponseFields": told}).encode())
    assert isinstance(found, Answer)
    assert found.stop_sequence == "X"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", False),
        (b"null", False),
        (b"<html>", False),
        (b"[1]", False),
        (b"{}", False),
        (b'{"output":{}}', False),
        (b'{"output":{"message":{"content":[{"text":5}]}},"stopReason":"end_turn"}', False),
        (b'{"output":{"message":{"content":[{"text":"a"}]}}}', False),
        (b'{"output":{"message":{"content":[{"toolUse":{"name":"f"}}]}},"stopReason":"x"}', False),
        (
            (
                b'{"output":{"message":{"content":[{"toolUse":{"toolUseId":"","name":"",'
                b'"input":"\xff"}}]}},"stopReason":"x"}'
            ),
            False,
        ),
        (b'{"message":"no"}', True),
        (b'{"Output":{"__type":"x"},"Version":"1.0"}', False),
        (b'{"__type":"com.amazon.coral.service#UnknownOperationException"}', True),
        (b"[" * 9000, False),
    ],
)
def test_H04_a_body_that_is_no_answer_is_none(body: bytes, error: bool) -> None:  # noqa: FBT001
    """With the reason; an error object is kept for its code to be read."""
    found = read_answer(body, CLAUDE)
    assert isinstance(found, NotAnAnswer)
    assert found.reason
    assert found.error == (body if error else None)


def test_an_answer_cut_anywhere_is_none() -> None:
    """No prefix of an answer is one."""
    body = fake.converse(SIGNED, {"text": "é"}, CALL)[2]
    for end in range(len(body)):
        assert isinstance(read_answer(body[:end]), NotAnAnswer)


@given(st.binary(max_size=80))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_an_answer_or_none(more: bytes) -> None:
    """Nothing raises, wherever the bytes stand."""
    body = fake.converse({"text": "A"}, CALL)[2]
    for data in (more, body + more, body.replace(b"A", more), body.replace(b"{}", more)):
        assert isinstance(read_answer(data), Answer | NotAnAnswer)


def _whole(recording: Recording) -> bool:
    return recording.kind == "json" and recording.is_answer


@pytest.mark.parametrize("recording", each("bedrock-converse"))
def test_recorded_answers_are_read(recording: Recording) -> None:
    """Each has content, a known stop and its usage as Bedrock wrote it; a refusal is no answer."""
    if recording.kind == "sse":
        return  # told by the streams' tests
    model = recording.path.split("/")[2] if recording.path else ""
    found = read_answer(recording.body, model)
    if not _whole(recording):
        assert isinstance(found, NotAnAnswer)
        assert found.error == recording.body
        return
    assert isinstance(found, Answer)
    assert found.parts
    told = json.loads(recording.body)
    assert json.loads(found.usage or b"") == told["usage"]
    calls = [part for part in found.parts if isinstance(part, ToolCall)]
    assert (found.stop is Stop.TOOLS) is bool(calls)
    blocks = told["output"]["message"]["content"]
    assert [part.text for part in found.parts if isinstance(part, Text)] == [
        block["text"] for block in blocks if block.get("text")
    ]
    assert [json.loads(call.arguments) for call in calls] == [
        block["toolUse"]["input"]
        for block in blocks
        if block.get("toolUse", {}).get("type", "tool_use") == "tool_use" and "toolUse" in block
    ]


def test_the_recordings_hold_what_they_are_here_for() -> None:
    """Thoughts, calls and Bedrock's own tools are among them."""
    if not (found := [one for one in recordings("bedrock-converse") if _whole(one)]):
        pytest.skip("the recorded exchanges are not beside this checkout")
    bodies = b"".join(one.body for one in found)
    for word in (b"reasoningContent", b"signature", b"toolUse", b"server_tool_use"):
        assert word in bodies
