"""Anthropic's streams, passed on to Anthropic's clients."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tollhouse.wire.anthropic.message_stream import MessageStream
from tollhouse.wire.openai.stream import StreamReader
from tollhouse.wire.sse import FrameSplitter, data_of
from wire.anthropic.anthropic_streams import (
    PING,
    START,
    STOP,
    WHOLE,
    delta,
    ended,
    frame,
    pieces,
    start,
    stop,
    stream,
    text,
)
from wire.openai.streams import Tap, priced

SERVED = "our/claude"


def reader() -> MessageStream:
    """A reader whose meter says what it was told."""
    return MessageStream(SERVED, complete=priced)


def play(*data: bytes) -> tuple[MessageStream, bytes]:
    """Everything that comes of these bytes."""
    made = reader()
    out = b"".join([made.feed(piece) for piece in data])
    return made, out + made.end()


def decoded(data: bytes) -> list[Any]:
    """The events of a stream."""
    return [json.loads(data_of(one) or b"null") for one in FrameSplitter().feed(data)]


def state(made: MessageStream) -> Any:
    """What the relay can see."""
    told = (made.started, made.finished, made.error, made.malformed, made.usage)
    return (*told, made.service_tier, made.content_bytes)


def test_it_is_a_stream_reader() -> None:
    """The relay takes it for one."""
    made: StreamReader = reader()
    assert (made.events, made.sequence, made.started, made.finished) == (True, 0, False, False)


def test_only_the_model_and_the_usage_change() -> None:
    """All else is byte for byte what the provider sent."""
    made, out = play(WHOLE)
    assert (made.started, made.finished, made.error, made.malformed) == (True, True, None, False)
    sent, got = WHOLE.split(b"\n\n"), out.split(b"\n\n")
    changed = [
        number for number, pair in enumerate(zip(sent, got, strict=True)) if len({*pair}) > 1
    ]
    assert changed == [0, len(sent) - 3]
    first, last = decoded(out)[0], decoded(out)[-2]
    assert first == START | {"message": {**START["message"], "model": SERVED}}  # type: ignore[dict-item]
    merged = {
        "input_tokens": 100,
        "output_tokens": 20,
        "service_tier": "standard",
        "cache_read_input_tokens": 7,
    }
    assert last["usage"] == {"priced": merged, "tier": "standard"}
    assert last["delta"] == {"stop_reason": "tool_use", "stop_sequence": None}
    assert json.loads(made.usage or b"") == merged
    assert made.content_bytes > 40


def test_however_the_bytes_are_cut() -> None:
    """The same bytes for the client, and the same facts for the relay."""
    whole = play(WHOLE)
    for cut in pieces(WHOLE, 400):
        made, out = play(*cut)
        assert out == whole[1]
        assert state(made) == state(whole[0])


def test_B15_usage_is_merged_by_field() -> None:
    """Input from the beginning, output from the end; what comes twice is replaced."""
    tap = Tap()
    made = MessageStream(SERVED, complete=tap)
    made.feed(
        stream(START, text(0, "a"), ended(usage={"input_tokens": 90, "output_tokens": 9}), STOP)
    )
    assert [json.loads(told or b"") for told in tap.told] == [
        {"input_tokens": 90, "output_tokens": 9, "service_tier": "standard"}
    ]


@pytest.mark.parametrize(
    ("event", "started"),
    [
        (START, False),
        (PING, False),
        (start(0, type="text", text=""), False),
        (start(0, type="thinking", thinking="", signature=""), False),
        (start(0, type="text", text="Hi"), True),
        (start(0, type="redacted_thinking", data="E"), True),
        (start(0, type="tool_use", id="t", name="f", input={}), True),
        (start(0, type="server_tool_use", id="t", name="f", input={}), True),
        (delta(0, "text", text="a"), True),
        (delta(0, "signature", signature="E"), True),
        (ended(), True),
        (ended(None), False),
    ],
)
def test_B05_what_commits_a_stream(event: Any, started: bool) -> None:  # noqa: FBT001 - a table
    """Content or a reason to stop; what only announces does not, and can be failed over."""
    made = reader()
    assert made.feed(frame(event))
    assert made.started is started


ERROR = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}


@pytest.mark.parametrize("before", [[], [START, PING], [START, *text(0, "a")]])
def test_B04_errors_are_told_and_not_passed_on(before: list[Any]) -> None:
    """First, before content or in the middle; nothing after one is passed on."""
    made, out = play(stream(*before, ERROR, text(1, "b"), ended(), STOP))
    assert json.loads(made.error or b"") == ERROR["error"]
    assert not made.finished
    assert len(decoded(out)) == len(before)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"event: error\ndata: it died\n\n", b'"it died"'),
        (b'data: {"error":{"message":"x"}}\n\n', b'{"message":"x"}'),
        (b'event: error\ndata: {"message":"x"}\n\n', b'{"message":"x"}'),
    ],
)
def test_errors_of_other_shapes(data: bytes, error: bytes) -> None:
    """As hosts behind other hosts send them."""
    made, out = play(stream(START) + data)
    assert (made.error, made.malformed) == (error, False)
    assert len(decoded(out)) == 1


def test_B03_a_stream_that_breaks_off_is_not_finished() -> None:
    """Without ``message_stop`` it is not whole; half an event is not passed on."""
    made, out = play(stream(START, text(0, "a")) + frame(ended())[:-9])
    assert (made.finished, made.malformed) == (False, False)
    assert len(decoded(out)) == 4
    made, _ = play(stream(START, text(0, "a"), ended()))
    assert not made.finished


def test_the_last_event_may_lack_its_blank_line() -> None:
    """It is whole all the same."""
    made, _ = play(WHOLE.rstrip(b"\n"))
    assert made.finished


@pytest.mark.parametrize("data", [b"data: <html>\n\n", b"data: []\n\n", b'data: {"a":\n\n'])
def test_what_is_no_stream_is_malformed(data: bytes) -> None:
    """Before content and after it."""
    for before in ([START], [START, *text(0, "a")]):
        made, _ = play(stream(*before) + data)
        assert made.malformed
        assert made.feed(WHOLE) == b""


def test_a_message_that_is_none_is_malformed() -> None:
    """A beginning without a message tells no usage and names no model."""
    made, out = play(frame({"type": "message_start"}))
    assert made.malformed
    assert out == b""


def test_another_message_in_a_stream_is_malformed() -> None:
    """Hosts that try again in the same stream; a beginning told twice is one."""
    again = START | {"message": {"id": "msg_2", "usage": {"input_tokens": 5}}}
    made, out = play(stream(START, START, text(0, "a"), again, text(0, "b"), ended(), STOP))
    assert made.malformed
    assert not made.finished
    assert [event["type"] for event in decoded(out)].count("message_start") == 1
    assert b'"b"' not in out


def test_events_that_are_new_pass() -> None:
    """The client may know them; comments and spaces behind the data pass too."""
    new = {"type": "content_block_retracted", "index": 0, "x": [1.50]}
    odd = b'event: new\ndata: {"type":"new", "n":1.50}   \n\n'
    body = stream(START, text(0, "a"), new) + odd + b": comment\n\n" + stream(ended(), STOP)
    made, out = play(body)
    assert made.finished
    for piece in (frame(new), odd, b": comment\n\n"):
        assert piece in out


def test_every_finished_answer_is_priced() -> None:
    """Also one whose end told no usage and no reason."""
    tap = Tap()
    made = MessageStream(SERVED, complete=tap)
    made.feed(stream(START, text(0, "Hello"), STOP))
    assert made.finished
    assert json.loads(tap.told[0] or b"")["input_tokens"] == 100
    assert len(tap.told) == 1


def test_after_the_end_nothing_is_passed_on() -> None:
    """Neither a second answer nor another terminator."""
    made, out = play(WHOLE, WHOLE, b"data: [DONE]\n\n")
    assert made.finished
    assert len(decoded(out)) == len(decoded(WHOLE))


def test_words_of_ours_in_an_answer_are_words() -> None:
    """A text that quotes an event's names is content."""
    said = '{"type":"message_stop"} "error" "usage": model'
    made, out = play(stream(START, text(0, "a", said), ended(), STOP))
    assert made.finished
    assert frame(delta(0, "text", text=said)) in out


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.sampled_from([part + b"\n\n" for part in WHOLE.split(b"\n\n") if part])
        | st.sampled_from([b"data: {}\n\n", b"data: [DONE]\n\n", b": c\n\n", frame(ERROR)])
        | st.binary(max_size=20),
        max_size=12,
    ),
    st.integers(1, 40),
)
def test_any_bytes_can_come(frames: list[bytes], size: int) -> None:
    """No exception, and the same however they are cut."""
    data = b"".join(frames)
    made, out = play(data)
    again, cut = play(*[data[at : at + size] for at in range(0, len(data), size)])
    assert (cut, state(again)) == (out, state(made))
    assert not (made.finished and made.error)


def test_sizes_are_those_of_the_words() -> None:
    """Roughly, for the estimate where usage never came: padding and frames are not content."""
    made, _ = play(stream(START, start(0, type="text", text="")))
    made.feed(frame(delta(0, "text", text="x")))
    before = made.content_bytes
    made.feed(frame(delta(0, "text", text="y" * 100)).replace(b"}}", b"}       }"))
    assert made.content_bytes == before + 100
    made.feed(frame(stop(0)))
    assert made.content_bytes < before + 110
