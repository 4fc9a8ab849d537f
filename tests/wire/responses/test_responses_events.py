"""Providers' streams of responses: what they say, however they arrive and whoever sends them."""

import json

import pytest

from tollhouse.core.dialect import Vendor
from tollhouse.wire.neutral.answer import Stop
from tollhouse.wire.neutral.events import (
    ArgumentsDelta,
    Began,
    Cited,
    Ended,
    PartBegan,
    PartEnded,
    ReasoningDelta,
    Signed,
    TextDelta,
)
from tollhouse.wire.neutral.parts import Citation, Reasoning, Refusal, Text, ToolCall
from wire.responses.response_events import (
    COMPLETED,
    CREATED,
    ODD,
    PAGE,
    WORKING,
    added,
    delta,
    done,
    response,
    run,
    said,
)
from wire.responses.response_samples import (
    USAGE,
    hear,
    hear_every_way,
    parts_of,
    sse,
)


def test_a_text_is_streamed() -> None:
    """Words come as they are sent, between the events that frame them."""
    heard = run(
        CREATED,
        WORKING,
        added(0, "message", content=[]),
        said(0, "Hel"),
        said(0, ""),
        said(0, ODD),
        done(0, "message", content=[{"type": "output_text", "text": f"Hel{ODD}"}]),
        COMPLETED,
    )
    assert heard.events == (
        Began("resp_1"),
        PartBegan(0, Text("")),
        TextDelta("Hel"),
        TextDelta(ODD),
        PartEnded(0),
        Ended(Stop.END),
    )
    assert heard.ended
    assert json.loads(heard.usage or b"") == USAGE
    assert heard.service_tier == "flex"
    assert heard.content_bytes == 3 + len(ODD)


@pytest.mark.parametrize("end", ["\n\n", "\r\n\r\n", "\r\r"])
def test_line_ends_are_the_hosts_own(end: str) -> None:
    """A stream with other line ends says the same."""
    frames = sse(CREATED, said(0, "x"), COMPLETED)
    same = frames.replace(b"\n", end[: len(end) // 2].encode())
    assert hear_every_way(same).events == hear([frames]).events


def test_the_last_event_may_lack_its_blank_line() -> None:
    """A stream that ends right behind its last event is whole."""
    assert hear([sse(CREATED, said(0, "x"), COMPLETED).rstrip()]).ended


def test_B03_a_stream_that_breaks_off_is_not_ended() -> None:
    """Without the last event nothing ends, wherever the stream is cut."""
    frames = sse(CREATED, said(0, "x"), COMPLETED)
    cut = frames.rindex(b"event: ")
    for size in range(0, len(frames) - 6, 9):
        heard = hear([frames[:size]])
        assert not heard.ended
        assert not heard.malformed
        assert not any(isinstance(event, Ended) for event in heard.events)
    assert hear([frames[:cut]]).events[-1] == TextDelta("x")


def test_calls_are_streamed_with_their_arguments() -> None:
    """Each parallel call is a part of its own, and tools win over a sound end."""
    heard = run(
        CREATED,
        said(0, "I look."),
        added(1, "function_call", call_id="c1", name="f", arguments=""),
        delta("function_call_arguments", 1, '{"a"'),
        delta("function_call_arguments", 1, ":1}"),
        {
            "type": "response.function_call_arguments.done",
            "output_index": 1,
            "arguments": '{"a":1}',
        },
        done(1, "function_call", call_id="c1", name="f", arguments='{"a":1}'),
        added(2, "function_call", call_id="c2", name="g", arguments=""),
        done(2, "function_call", call_id="c2", name="g", arguments="{}"),
        added(3, "custom_tool_call", call_id="c3", name="h", input=""),
        delta("custom_tool_call_input", 3, "SELECT"),
        done(3, "custom_tool_call", call_id="c3", name="h", input="SELECT"),
        COMPLETED,
    )
    assert parts_of(heard.events) == (
        Text("I look."),
        ToolCall("c1", "f", '{"a":1}'),
        ToolCall("c2", "g", "{}"),
        ToolCall("c3", "h", "SELECT", custom=True),
    )
    assert sum(isinstance(event, ArgumentsDelta) for event in heard.events) == 4
    assert heard.events[-1] == Ended(Stop.TOOLS)


def test_a_host_may_tell_a_call_only_when_it_is_done() -> None:
    """Items that were never added nor streamed are taken from their last event."""
    heard = run(
        CREATED,
        done(
            0,
            "reasoning",
            summary=[{"type": "summary_text", "text": "Hm."}],
            encrypted_content="e",
        ),
        done(
            1,
            "message",
            content=[
                {"type": "output_text", "text": "Hi", "annotations": [{**PAGE, "end_index": 2}]},
                {"type": "refusal", "refusal": "No"},
            ],
        ),
        done(2, "function_call", call_id="c", name="f", arguments="{}"),
        COMPLETED,
    )
    assert parts_of(heard.events) == (
        Reasoning("Hm.", Vendor.OPENAI, signature="e", id="i0", summary=True),
        Text("Hi", citations=(Citation("https://a.b", "A", start=0, end=2),)),
        Refusal("No"),
        ToolCall("c", "f", "{}"),
    )


def test_a_host_may_stream_nothing_but_the_end() -> None:
    """An answer that stands in the last event only is not lost."""
    item = {"type": "message", "content": [{"type": "output_text", "text": "Hi"}]}
    heard = run(response("completed", output=[item], usage=USAGE))
    assert parts_of(heard.events) == (Text("Hi"),)
    assert heard.ended


def test_output_indexes_may_be_missing() -> None:
    """A host that numbers nothing is read in order."""
    events = [
        CREATED,
        added(0, "function_call", call_id="c1", name="f"),
        delta("function_call_arguments", 0, "{}"),
        done(0, "function_call", call_id="c1", name="f", arguments="{}"),
        added(0, "message", content=[]),
        said(0, "x"),
        done(0, "message", content=[{"type": "output_text", "text": "x"}]),
        COMPLETED,
    ]
    for event in events:
        event.pop("output_index", None)
    assert parts_of(run(*events).events) == (ToolCall("c1", "f", "{}"), Text("x"))


def test_B06_going_back_to_a_call_is_malformed() -> None:
    """Arguments for a call that was left, or that never began, are nobody's."""
    left = [
        CREATED,
        added(0, "function_call", call_id="c0", name="f"),
        added(1, "function_call", call_id="c1", name="f"),
        delta("function_call_arguments", 0, "{}"),
    ]
    assert run(*left, COMPLETED).malformed
    assert run(CREATED, delta("function_call_arguments", 0, "{}"), COMPLETED).malformed


def test_thoughts_are_streamed_with_their_cipher() -> None:
    """Parts of a summary become one text; the cipher that comes with the item signs it."""
    heard = run(
        CREATED,
        added(0, "reasoning", summary=[], encrypted_content="early"),
        delta("reasoning_summary_text", 0, "One", summary_index=0),
        delta("reasoning_summary_text", 0, ".", summary_index=0),
        delta("reasoning_summary_text", 0, "Two.", summary_index=1),
        done(0, "reasoning", summary=[{"text": "One."}, {"text": "Two."}], encrypted_content="e"),
        said(1, "x"),
        COMPLETED,
    )
    begun = Reasoning("", Vendor.OPENAI, id="i0", summary=True)
    assert heard.events[1:7] == (
        PartBegan(0, begun),
        ReasoningDelta("One"),
        ReasoningDelta("."),
        ReasoningDelta("\n\n"),
        ReasoningDelta("Two."),
        Signed("e", Vendor.OPENAI),
    )


def test_thoughts_without_words_are_hidden() -> None:
    """A reasoning item with nothing but a cipher is a part; one with nothing at all is none."""
    heard = run(
        CREATED,
        added(0, "reasoning", summary=[]),
        done(0, "reasoning", summary=[], encrypted_content="e"),
        added(1, "reasoning", summary=[]),
        done(1, "reasoning", summary=[]),
        said(2, "x"),
        COMPLETED,
    )
    hidden = Reasoning("", Vendor.OPENAI, hidden="e", id="i0")
    assert parts_of(heard.events) == (hidden, Text("x"))


def test_thoughts_themselves_are_read() -> None:
    """Hosts that show the thoughts stream them under another name."""
    heard = run(
        CREATED,
        added(0, "reasoning", summary=[]),
        delta("reasoning_summary_text", 0, "Short.", summary_index=0),
        delta("reasoning_text", 0, "Long", content_index=0),
        delta("reasoning_text", 0, "er.", content_index=0),
        done(0, "reasoning", summary=[], content=[{"text": "Longer."}], encrypted_content="e"),
        COMPLETED,
    )
    assert parts_of(heard.events) == (
        Reasoning("Short.", Vendor.OPENAI, id="i0", summary=True),
        Reasoning("Longer.", Vendor.OPENAI, id="i0", signature="e"),
    )


def test_several_texts_of_a_message_are_several_parts() -> None:
    """A message's parts are told apart by their index."""
    heard = run(CREATED, said(0, "a", 0), said(0, "b", 1), said(1, "c", 0), COMPLETED)
    assert [part.text for part in parts_of(heard.events) if isinstance(part, Text)] == [*"abc"]


def test_a_refusal_is_streamed() -> None:
    """Words of refusal are a part of their own kind, and say why the answer ended."""
    heard = run(CREATED, delta("refusal", 0, "No."), COMPLETED)
    assert parts_of(heard.events) == (Refusal("No."),)
    assert heard.events[-1] == Ended(Stop.REFUSED)


def test_citations_come_once() -> None:
    """A source is told by its own event, or by the part that is complete, never twice."""
    page, other = {**PAGE, "end_index": 1}, {**PAGE, "url": "https://c.d", "end_index": 1}
    event = {"type": "response.output_text.annotation.added", "output_index": 0}
    part = {"type": "output_text", "text": "x", "annotations": [page, other]}
    heard = run(
        CREATED,
        said(0, "x"),
        {**event, "content_index": 0, "annotation": page},
        {**event, "content_index": 0, "annotation": {"type": "file_citation", "index": 3}},
        {"type": "response.content_part.done", "output_index": 0, "content_index": 0, "part": part},
        done(0, "message", content=[part]),
        COMPLETED,
    )
    assert [one.citation.url for one in heard.events if isinstance(one, Cited)] == ["https://a.b"]
    late = run(CREATED, said(0, "x"), done(0, "message", content=[part]), COMPLETED)
    cited = [one.citation.url for one in late.events if isinstance(one, Cited)]
    assert cited == ["https://a.b", "https://c.d"]


def test_vendors_own_work_is_skipped() -> None:
    """Searches, images and events nobody knows are no parts and no faults."""
    heard = run(
        CREATED,
        added(0, "web_search_call", action={"type": "search"}),
        {"type": "response.web_search_call.searching", "output_index": 0},
        done(0, "web_search_call", action={"type": "search"}),
        {"type": "response.shell_call_output_content.delta", "delta": {"stdout": "x"}},
        {"type": "keepalive", "sequence_number": 3},
        {"type": "response.brand_new", "output_index": "odd", "item": 7},
        said(1, "x"),
        COMPLETED,
    )
    assert parts_of(heard.events) == (Text("x"),)
    assert heard.ended
