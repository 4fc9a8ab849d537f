"""Streams for clients of responses, as the official SDK reads them."""

import json
from typing import Any

import httpx
import msgspec
import openai
import pytest
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from tollhouse.core.dialect import Vendor
from tollhouse.wire.chat.request import write_request
from tollhouse.wire.neutral.answer import Answer, Stop
from tollhouse.wire.neutral.events import Began, Ended, PartBegan, PartEnded, TextDelta
from tollhouse.wire.neutral.heading import Heading
from tollhouse.wire.neutral.losses import Losses
from tollhouse.wire.neutral.parts import Citation, Part, Reasoning, Refusal, Text, ToolCall
from tollhouse.wire.responses.answer import read_answer
from tollhouse.wire.responses.stream import EventWriter
from wire.responses.response_samples import (
    FINISHED,
    assert_rules,
    events_in,
    events_of,
    heading,
    hear,
    parts_of,
    read,
)

_EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
PARTS: tuple[Part, ...] = (
    Reasoning("I think.", Vendor.ANTHROPIC, signature="sig=="),
    Reasoning(vendor=Vendor.ANTHROPIC, hidden="cipher"),
    Text("Look: ", citations=(Citation("https://a.b", "A", start=0, end=4),)),
    Text("日本\u2028🙂"),
    Refusal("No more."),
    ToolCall("call_1", "look", '{"a": 1}', signature="goo"),
    ToolCall("call_2", "look", ""),
    ToolCall("call_3", "sql", "SELECT 1", custom=True),
    Text("Done."),
)
ENDED = Ended(Stop.TOOLS)


def frames_of(
    *parts: Part, ended: Ended = ENDED, tier: str | None = None, head: Heading | None = None
) -> bytes:
    """A whole stream."""
    writer = EventWriter(head or heading())
    pieces = [writer.write([event]) for event in events_of(parts, ended)]
    return b"".join([*pieces, writer.finish(FINISHED, tier)])


def checked(frames: bytes) -> list[dict[str, Any]]:
    """The events, each of which the SDK must accept, in order and numbered."""
    events = events_in(frames)
    for event in events:
        _EVENT.validate_python(event)
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    return events


def test_a_stream_is_what_the_sdk_expects() -> None:
    """Every event has the fields that the SDK requires, and the whole has the API's order."""
    events = checked(frames_of(*PARTS))
    kinds = [event["type"].removeprefix("response.") for event in events]
    assert kinds[:2] == ["created", "in_progress"]
    assert kinds[2:9] == [
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
    ]
    assert kinds[9:11] == ["output_item.added", "output_item.done"]
    message = kinds[11 : kinds.index("function_call_arguments.delta") - 1]
    assert message == [
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.annotation.added",
        "output_text.done",
        "content_part.done",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "content_part.added",
        "refusal.delta",
        "refusal.delta",
        "refusal.done",
        "content_part.done",
        "output_item.done",
    ]
    assert kinds[-1] == "completed"
    assert events[-1]["response"]["usage"] == json.loads(FINISHED)
    assert events[0]["response"]["usage"] is None


RAW: tuple[Part, ...] = (
    Reasoning("I think. So I am."),
    Text("Yes."),
    Reasoning("Once more.", Vendor.OPENAI, signature="c", id="rs_1"),
    Reasoning("In short.", Vendor.OPENAI, id="rs_2", summary=True),
    Text("No."),
)


def test_thoughts_themselves_are_no_summary() -> None:
    """They have events of their own, as at DeepSeek's and in OpenAI's of open models."""
    events = checked(frames_of(*RAW, ended=Ended(Stop.END)))
    kinds = [event["type"].removeprefix("response.") for event in events]
    assert kinds[2:9] == [
        "output_item.added",
        "content_part.added",
        "reasoning_text.delta",
        "reasoning_text.delta",
        "reasoning_text.done",
        "content_part.done",
        "output_item.done",
    ]
    assert events[2]["item"]["content"] == events[2]["item"]["summary"] == []
    assert events[3]["part"] == {"type": "reasoning_text", "text": ""}
    assert (events[4]["content_index"], "summary_index" in events[4]) == (0, False)
    output = [item for item in events[-1]["response"]["output"] if item["type"] == "reasoning"]
    assert output == [
        {
            "id": "rs_tollhouse_01-abc_0",
            "type": "reasoning",
            "summary": [],
            "content": [{"type": "reasoning_text", "text": "I think. So I am."}],
        },
        {
            "id": "rs_1",
            "type": "reasoning",
            "summary": [],
            "content": [{"type": "reasoning_text", "text": "Once more."}],
            "encrypted_content": "c",
        },
        {
            "id": "rs_2",
            "type": "reasoning",
            "summary": [{"type": "summary_text", "text": "In short."}],
        },
    ]


def test_H02_thoughts_themselves_come_back_as_they_were() -> None:
    """What a client sends back, a model that asks for its own thoughts is given again."""
    items = events_in(frames_of(*RAW, ended=Ended(Stop.END)))[-1]["response"]["output"]
    asked = read(input=[*items[:2], {"role": "user", "content": "Why?"}])
    assert asked.messages[0].parts == (Reasoning("I think. So I am.", at="input[0]"),)
    body = write_request(asked, "deepseek-reasoner", Losses(allowed=False))
    assert body["messages"][0]["reasoning_content"] == "I think. So I am."
    heard = parts_of(hear([frames_of(*RAW)]).events)
    summaries = [part.summary for part in heard if isinstance(part, Reasoning)]
    assert summaries == [False, False, True]


@pytest.mark.parametrize("parts", [PARTS, RAW])
def test_the_sdk_misses_a_field_that_is_not_there(parts: tuple[Part, ...]) -> None:
    """The check of these tests can fail: the SDK refuses events without a required field."""
    for event in checked(frames_of(*parts)):
        for name in set(event) - {"annotation"}:
            without = {key: value for key, value in event.items() if key != name}
            with pytest.raises(ValueError, match="validation error"):
                _EVENT.validate_python(without)


@pytest.mark.parametrize("parts", [PARTS, RAW])
def test_the_last_event_repeats_what_was_streamed(parts: tuple[Part, ...]) -> None:
    """The items of the whole answer are those that were streamed, at the places they were at."""
    events = checked(frames_of(*parts))
    output = events[-1]["response"]["output"]
    done = [event for event in events if event["type"] == "response.output_item.done"]
    added = [event for event in events if event["type"] == "response.output_item.added"]
    assert [event["item"] for event in done] == output
    assert [event["output_index"] for event in done] == list(range(len(output)))
    assert [event["item"]["id"] for event in added] == [item["id"] for item in output]
    assert [event["item"]["type"] for event in added] == [item["type"] for item in output]
    for event in events:
        if "item_id" in event:
            assert event["item_id"] == output[event["output_index"]]["id"]
        if "part" in event and event["type"] == "response.content_part.done":
            assert output[event["output_index"]]["content"][event["content_index"]] == event["part"]


def test_what_is_streamed_is_what_was_said() -> None:
    """A reader hears the same parts from the events and from the last one's whole answer."""
    heard = hear([frames_of(*PARTS)])
    assert_rules(heard.events)
    assert heard.events[-1] == ENDED
    texts = [part.text for part in parts_of(heard.events) if isinstance(part, Text | Refusal)]
    assert texts == ["Look: ", "日本\u2028🙂", "No more.", "Done."]
    whole = read_answer(json.dumps(events_in(frames_of(*PARTS))[-1]["response"]).encode())
    assert isinstance(whole, Answer)
    assert whole.parts == parts_of(heard.events)


def test_the_sdk_puts_the_stream_together() -> None:
    """The official client accumulates the stream and calls it complete."""

    def answer(request: httpx.Request) -> httpx.Response:
        body = frames_of(*PARTS, *RAW[:1], ended=ENDED)
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=body)

    http: Any = httpx.Client(transport=httpx.MockTransport(answer))
    client = openai.OpenAI(api_key="k", base_url="https://gate/v1", http_client=http)
    with client.responses.stream(model="m", input="Hello") as stream:
        seen = [event.type for event in stream]
        final = stream.get_final_response()
    http.close()
    assert final.output_text == "Look: 日本\u2028🙂Done."
    assert seen.count("response.function_call_arguments.done") == 2
    assert "response.completed" in seen
    assert seen.count("response.reasoning_text.delta") == 2
    thoughts = [item for item in final.output if item.type == "reasoning"]
    assert [part.text for part in thoughts[-1].content or ()] == ["I think. So I am."]
    calls = [item for item in final.output if item.type == "function_call"]
    assert [call.arguments for call in calls] == ['{"a": 1}', "{}"]


@pytest.mark.parametrize(
    ("stop", "kind", "status"),
    [
        (Stop.END, "completed", "completed"),
        (Stop.LENGTH, "incomplete", "incomplete"),
        (Stop.FILTERED, "incomplete", "incomplete"),
        (Stop.FAILED, "failed", "failed"),
    ],
)
def test_H03_the_last_event_is_named_for_the_stop(stop: Stop, kind: str, status: str) -> None:
    """A cut answer ends as an incomplete one, with the message marked so."""
    events = checked(frames_of(Text("x y"), ended=Ended(stop)))
    assert events[-1]["type"] == f"response.{kind}"
    assert events[-1]["response"]["status"] == status
    whole = stop is Stop.END
    item = events[-1]["response"]["output"][0]
    assert item["status"] == ("completed" if whole else "incomplete")
    Response.model_validate(events[-1]["response"])


def test_the_next_number_is_told() -> None:
    """An error that is told in place of the rest can be numbered."""
    writer = EventWriter(heading())
    assert writer.sequence == 0
    frames = writer.write([Began("r"), PartBegan(0, Text("")), TextDelta("x")])
    assert writer.sequence == len(events_in(frames)) == 5
    writer.write([PartEnded(0), Ended(Stop.END)])
    assert writer.sequence == 7
    assert len(events_in(writer.finish(FINISHED))) == 2
    assert writer.sequence == 9


def test_nothing_is_held_but_the_end() -> None:
    """Each delta is out at once; the end is not before its usage is known."""
    writer = EventWriter(heading())
    writer.write([Began(None), PartBegan(0, Text(""))])
    delta = writer.write([TextDelta('"\n\u2028é')])
    assert [event["delta"] for event in events_in(delta)] == ['"\n\u2028é']
    assert b"\n" not in delta.split(b"data: ")[1][:-2]
    writer.write([PartEnded(0)])
    assert writer.write([Ended(Stop.END)]) == b""
    assert b"response.completed" in writer.finish(FINISHED)


@pytest.mark.parametrize(
    ("tier", "told"),
    [("flex", "flex"), ("ultrafast", "ultrafast"), ("standard", "default"), (None, "default")],
)
@pytest.mark.parametrize("stop", [Stop.END, Stop.LENGTH])
def test_the_service_tier_is_told_at_the_end(tier: str | None, told: str, stop: Stop) -> None:
    """It is known by then, and one that the SDK knows."""
    events = checked(frames_of(Text("x"), ended=Ended(stop), tier=tier))
    assert events[-1]["response"]["service_tier"] == told
    assert Response.model_validate(events[-1]["response"], strict=True).service_tier == told


def test_a_completed_response_tells_when_it_was() -> None:
    """By the clock at its end; before that, and of one that was cut, nothing is told."""
    times = iter([1_700_000_007])
    clocked = msgspec.structs.replace(heading(), clock=lambda: next(times))
    events = checked(frames_of(Text("x"), ended=Ended(Stop.END), head=clocked))
    told = [event["response"].get("completed_at") for event in events if "response" in event]
    assert told == [None, None, 1_700_000_007]
    cut = checked(frames_of(Text("x"), ended=Ended(Stop.LENGTH), head=clocked))
    assert "completed_at" not in cut[-1]["response"]


def test_an_answer_without_parts_is_an_answer() -> None:
    """A model may say nothing."""
    events = checked(frames_of(ended=Ended(Stop.END)))
    kinds = [event["type"] for event in events]
    assert kinds == ["response.created", "response.in_progress", "response.completed"]
    assert events[-1]["response"]["output"] == []


def test_logprobs_are_streamed() -> None:
    """Probabilities stand at their delta, and all of them at the end of the text."""
    token = {"token": "a", "logprob": -1.5, "bytes": [97], "top_logprobs": []}
    told = msgspec.Raw(json.dumps({"content": [token], "refusal": None}).encode())
    writer = EventWriter(heading())
    frames = writer.write([Began("r"), PartBegan(0, Text("")), TextDelta("a", told)])
    frames += writer.write([TextDelta("b"), TextDelta("a", told), PartEnded(0), Ended(Stop.END)])
    events = checked(frames + writer.finish(FINISHED))
    deltas = [event for event in events if event["type"] == "response.output_text.delta"]
    assert [event["logprobs"] for event in deltas] == [[token], [], [token]]
    done = next(event for event in events if event["type"] == "response.output_text.done")
    assert done["logprobs"] == [token, token]
    heard = hear([frames])
    texts = [event for event in heard.events if isinstance(event, TextDelta)]
    assert texts[0].logprobs is not None
    assert json.loads(bytes(texts[0].logprobs)) == json.loads(bytes(told))


def test_H02_signatures_go_through_a_tool_turn() -> None:
    """What a client collects from the stream has every vendor's signatures in it."""
    output = events_in(frames_of(*PARTS))[-1]["response"]["output"]
    parts = [part for message in read(input=output).messages for part in message.parts]
    signed = [part for part in parts if isinstance(part, Reasoning)]
    assert [(one.text, one.signature, one.hidden) for one in signed] == [
        ("I think.", "sig==", None),
        ("", None, "cipher"),
    ]
    calls = [part for part in parts if isinstance(part, ToolCall)]
    assert [call.signature for call in calls] == ["goo", None, None]
    assert [call.custom for call in calls] == [False, False, True]


def test_B06_each_parallel_call_has_its_own_place() -> None:
    """Parallel calls have their own index, item and id."""
    calls = [ToolCall(f"call_{i}", "f", f'{{"i": {i}}}') for i in range(3)]
    events = checked(frames_of(*calls))
    added = [event for event in events if event["type"] == "response.output_item.added"]
    assert [event["output_index"] for event in added] == [0, 1, 2]
    assert [event["item"]["call_id"] for event in added] == ["call_0", "call_1", "call_2"]
    for i in range(3):
        arguments = "".join(
            event["delta"]
            for event in events
            if event["type"] == "response.function_call_arguments.delta"
            and event["output_index"] == i
        )
        assert json.loads(arguments) == {"i": i}
