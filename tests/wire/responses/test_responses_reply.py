"""Whole answers for clients of responses, as the official SDK demands them."""

import json
from typing import Any

import msgspec
import pytest
from openai.types.responses import Response

from tollhouse.core.dialect import Vendor
from tollhouse.wire.neutral.answer import Answer, Stop
from tollhouse.wire.neutral.parts import (
    Citation,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
)
from tollhouse.wire.responses.answer import read_answer
from tollhouse.wire.responses.reply import write_answer
from wire.responses.response_samples import FINISHED, heading, read

PARTS: tuple[Part, ...] = (
    Reasoning("I think.", Vendor.ANTHROPIC, signature="sig=="),
    Reasoning(vendor=Vendor.ANTHROPIC, hidden="cipher"),
    Text("Ein ", citations=(Citation("https://a.b", "A", start=0, end=3), Citation(cited="x"))),
    Text("日本\u2028🙂"),
    Refusal("No."),
    ToolCall("call_1", "look", '{"a": 1}', signature="goo"),
    ToolCall("call:2/ü", "look", ""),
)


def written(*parts: Part, stop: Stop = Stop.END, **more: Any) -> dict[str, Any]:
    """The body that a client gets, which the SDK must accept."""
    answer = Answer(parts, stop, **more)
    body: dict[str, Any] = json.loads(write_answer(answer, heading(), FINISHED))
    Response.model_validate(body)
    return body


def test_an_answer_is_what_the_sdk_expects() -> None:
    """Every field that the SDK requires is there, and its own view of the text is right."""
    body = written(*PARTS, stop=Stop.TOOLS, id="msg_017")
    sdk = Response.model_validate(body)
    assert sdk.output_text == "Ein 日本\u2028🙂"
    assert body["id"] == "resp_msg_017"
    assert body["status"] == "completed"
    assert body["model"] == "tollhouse/m"
    assert body["created_at"] == 1_700_000_000
    assert body["usage"] == json.loads(FINISHED)
    assert [item["type"] for item in body["output"]] == [
        "reasoning",
        "reasoning",
        "message",
        "reasoning",
        "function_call",
        "function_call",
    ]
    ids = [item["id"] for item in body["output"]]
    assert ids[2] == "msg_01-abc_2"
    assert ids[4:] == ["fc_01-abc_4", "fc_01-abc_5"]
    assert len(set(ids)) == len(ids)
    assert body["output"][5]["arguments"] == "{}"


def test_the_sdk_misses_a_field_that_is_not_there() -> None:
    """The check of these tests can fail: the SDK refuses an answer without a required field."""
    body = written(Text("x"))
    for name in ("id", "created_at", "output", "tool_choice", "tools", "parallel_tool_calls"):
        with pytest.raises(ValueError, match=name):
            Response.model_validate({key: value for key, value in body.items() if key != name})


@pytest.mark.parametrize(
    ("stop", "status", "reason"),
    [
        (Stop.END, "completed", None),
        (Stop.TOOLS, "completed", None),
        (Stop.STOP_SEQUENCE, "completed", None),
        (Stop.LENGTH, "incomplete", "max_output_tokens"),
        (Stop.CONTEXT, "incomplete", "max_output_tokens"),
        (Stop.PAUSED, "incomplete", "max_output_tokens"),
        (Stop.FILTERED, "incomplete", "content_filter"),
        (Stop.REFUSED, "incomplete", "content_filter"),
        (Stop.FAILED, "failed", None),
    ],
)
def test_H03_every_stop_has_its_words(stop: Stop, status: str, reason: str | None) -> None:
    """Each neutral stop is a status, with a reason where the answer is cut."""
    body = written(Text("x"), stop=stop)
    assert body["status"] == status
    assert (body["incomplete_details"] or {}).get("reason") == reason
    assert (body["error"] is not None) == (status == "failed")
    whole = status == "completed"
    assert body["output"][0]["status"] == ("completed" if whole else "incomplete")


def test_every_stop_is_written() -> None:
    """No stop is without words."""
    assert all(written(Text("x"), stop=stop)["status"] for stop in Stop)


def test_a_refusal_in_words_is_a_complete_answer() -> None:
    """OpenAI completes a response in which the model declines in words."""
    body = written(Refusal("No."), stop=Stop.REFUSED)
    assert body["status"] == "completed"
    assert body["output"][0]["content"] == [{"type": "refusal", "refusal": "No."}]
    again = read_answer(json.dumps(body).encode())
    assert isinstance(again, Answer)
    assert again.stop is Stop.REFUSED


def test_what_the_client_asked_is_repeated() -> None:
    """Fields of the request are echoed as given, the others as the API takes them for granted."""
    echo = heading(
        instructions="Be brief.",
        temperature=0.30000000000000004,
        tools=[{"type": "function", "name": "f", "parameters": {}, "strict": True}],
        tool_choice={"type": "function", "name": "f"},
        text={"verbosity": "low"},
        metadata={"a": "b"},
        parallel_tool_calls=False,
        max_output_tokens=7,
        top_p=None,
        reasoning={"effort": "high"},
        user="u",
        store=True,
        secret="not repeated",
    )
    body = json.loads(write_answer(Answer((Text("x"),), Stop.END), echo, FINISHED))
    Response.model_validate(body)
    told = {name: json.loads(bytes(value)) for name, value in echo.echo.items()}
    for name in ("instructions", "tools", "tool_choice", "metadata", "parallel_tool_calls"):
        assert body[name] == told[name]
    assert body["temperature"] == 0.30000000000000004
    assert body["max_output_tokens"] == 7
    assert body["reasoning"] == {"effort": "high"}
    assert body["user"] == "u"
    assert body["text"] == {"verbosity": "low", "format": {"type": "text"}}
    assert body["top_p"] == 1.0
    assert body["store"] is False
    assert body["previous_response_id"] is None
    assert body["truncation"] == "disabled"
    assert body["id"] == "resp_01-abc"
    assert "secret" not in body


def test_null_settings_are_defaults() -> None:
    """A client that spells out nulls gets the API's defaults."""
    nulls = heading(text=None, tools=None, tool_choice=None, metadata=None)
    body = json.loads(write_answer(Answer((), Stop.END), nulls, FINISHED))
    assert body["text"] == {"format": {"type": "text"}}
    assert body["tools"] == []
    assert body["tool_choice"] == "auto"
    Response.model_validate(body)


def test_citations_are_annotations() -> None:
    """Pages are cited with positions; what has no URL has no spelling here."""
    cited = Citation("https://a.b", "A", start=1, end=2), Citation("https://c.d"), Citation()
    content = written(Text("abc", citations=cited))["output"][0]["content"][0]
    head = {"type": "url_citation", "url": "https://a.b", "title": "A"}
    assert content["annotations"][0] == {**head, "start_index": 1, "end_index": 2}
    assert content["annotations"][1]["end_index"] == 3
    assert len(content["annotations"]) == 2


def test_logprobs_are_listed() -> None:
    """Chat's probabilities stand at the first text, with the bytes that the SDK requires."""
    token = {"token": "é", "logprob": -0.5, "top_logprobs": [{"token": "é", "logprob": -0.5}]}
    told = msgspec.Raw(json.dumps({"content": [token]}).encode())
    content = written(Text("é"), logprobs=told)["output"][0]["content"][0]
    assert content["logprobs"][0]["bytes"] == [195, 169]
    assert content["logprobs"][0]["top_logprobs"][0]["bytes"] == [195, 169]
    again = read_answer(json.dumps(written(Text("é"), logprobs=told)).encode())
    assert isinstance(again, Answer)
    assert again.logprobs is not None
    assert json.loads(bytes(again.logprobs))["content"] == content["logprobs"]


@pytest.mark.parametrize(
    ("told", "given"),
    [
        *((tier, tier) for tier in ("flex", "priority", "scale", "fast", "ultrafast")),
        ("standard", "default"),
        (None, "default"),
    ],
)
def test_the_service_tier_is_one_that_the_sdk_knows(told: str | None, given: str) -> None:
    """A tier of another vendor's is the default one."""
    body = written(Text("x"), service_tier=told)
    assert body["service_tier"] == given
    Response.model_validate(body, strict=True)


@pytest.mark.parametrize(
    ("stop", "told"), [(Stop.TOOLS, 1_700_000_009), (Stop.LENGTH, None), (Stop.FAILED, None)]
)
def test_a_completed_answer_tells_when_it_was(stop: Stop, told: int | None) -> None:
    """By the clock, and of no other; without a clock it cannot be told."""
    clocked = msgspec.structs.replace(heading(), clock=lambda: 1_700_000_009)
    body = json.loads(write_answer(Answer((Text("x"),), stop), clocked, FINISHED))
    assert body.get("completed_at") == told
    assert Response.model_validate(body).completed_at == told
    assert "completed_at" not in written(Text("x"))


@pytest.mark.parametrize(
    ("part", "summarised"),
    [
        (Reasoning("hm"), False),
        (Reasoning("hm", Vendor.OPENAI), False),
        (Reasoning("hm", Vendor.OPENAI, summary=True), True),
        (Reasoning("hm", Vendor.ANTHROPIC, "sig"), True),
        (Reasoning("hm", Vendor.GOOGLE, summary=True), True),
        (Reasoning("hm", Vendor.AMAZON), True),
    ],
)
def test_thoughts_themselves_are_no_summary(part: Reasoning, *, summarised: bool) -> None:
    """Open models tell theirs; what the vendors show of their models' are summaries."""
    item = written(part)["output"][0]
    words = [{"type": "summary_text", "text": "hm"}]
    assert item["summary"] == (words if summarised else [])
    raw = None if summarised else [{"type": "reasoning_text", "text": "hm"}]
    assert item.get("content") == raw
    again = read_answer(json.dumps(written(part)).encode())
    assert isinstance(again, Answer)
    (thought,) = again.parts
    assert isinstance(thought, Reasoning)
    assert (thought.text, thought.summary) == ("hm", summarised)


def test_custom_calls_and_opaque_parts() -> None:
    """Free text stays free text; a vendor's own part is nothing to this client."""
    body = written(ToolCall("c", "sql", "SELECT 1", custom=True), Opaque("web_search_call"))
    assert [item["type"] for item in body["output"]] == ["custom_tool_call"]
    assert body["output"][0]["input"] == "SELECT 1"


def test_H02_signatures_go_through_a_tool_turn() -> None:
    """What a client gives back byte for byte has every vendor's signatures in it again."""
    body = written(*PARTS, stop=Stop.TOOLS)
    results = [
        {"type": "function_call_output", "call_id": call_id, "output": "7"}
        for call_id in ("call_1", "call:2/ü")
    ]
    asked = read(input=[*body["output"], *results])
    parts = [part for message in asked.messages for part in message.parts]
    thought, hidden = parts[:2]
    assert isinstance(thought, Reasoning)
    assert isinstance(hidden, Reasoning)
    assert (thought.text, thought.signature) == ("I think.", "sig==")
    assert (hidden.text, hidden.hidden) == ("", "cipher")
    assert {thought.vendor, hidden.vendor} == {Vendor.ANTHROPIC}
    assert thought.id is None
    calls = [part for part in parts if isinstance(part, ToolCall)]
    assert [(call.id, call.signature) for call in calls] == [("call_1", "goo"), ("call:2/ü", None)]
    assert sum(isinstance(part, Reasoning) for part in parts) == 2


@pytest.mark.parametrize(
    "part",
    [
        Reasoning("words", Vendor.OPENAI, signature="enc", id="rs_1", summary=True),
        Reasoning(vendor=Vendor.OPENAI, hidden="enc", id="rs_1"),
        Reasoning(vendor=Vendor.OPENAI, hidden="tollhouse:google:call:a:b", id="rs_1"),
        Reasoning("thought", Vendor.AMAZON, signature="s"),
        Reasoning("", Vendor.ANTHROPIC, signature="omitted"),
        Reasoning("unsigned words"),
    ],
)
def test_H02_thoughts_come_back_as_they_were(part: Reasoning) -> None:
    """Vendor, words, signature and cipher survive a client."""
    [item] = written(part)["output"]
    [message] = read(input=[item]).messages
    [back] = message.parts
    assert isinstance(back, Reasoning)
    expected = part if part.vendor is Vendor.OPENAI else msgspec.structs.replace(part, id=None)
    assert msgspec.structs.replace(back, at="", summary=False) == msgspec.structs.replace(
        expected, summary=False
    )
