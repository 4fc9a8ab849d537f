"""Streams as bytes: however an upstream cuts and spells them, the client gets what was said."""

import gzip
import json
from typing import Any

import pytest

from e2e.stage import (
    Stage,
    chunk,
    chunks,
    data_lines,
    exact,
    per_million,
    spent,
    streamed_usage,
    text_of,
)
from fakes.answers import Answer, Chunking, Framing, Shape, Stream
from fakes.openai_answers import USAGE, Chat, ToolCall

pytestmark = pytest.mark.asyncio(loop_scope="module")

HARD = '日本🙂ь \u2028 \u2029 \x85 \u200b e\u0301 \\u0041 "quoted" \\n end'
COST = per_million((12, "3"), (5, "15"))


def literal(event: dict[str, Any], newline: str = "\n") -> bytes:
    """A frame whose text stands as it is rather than in escapes."""
    data = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    return f"data: {data}{newline}{newline}".encode()


def hard_events(newline: str = "\n") -> list[bytes]:
    """A stream whose text is all that trips readers."""
    pieces = [HARD[:2], HARD[2:9], HARD[9:], "x" * 70_000]
    made = [chunk({"role": "assistant", "content": ""})]
    made += [chunk({"content": piece}) for piece in pieces]
    made.append(chunk({}, "stop", usage=USAGE))
    return [literal(event, newline) for event in made]


@pytest.mark.parametrize(
    "chunking",
    [Chunking.EVENT, Chunking.WHOLE, Chunking.BYTE, tuple(range(3, 2400, 7))],
    ids=["event", "whole", "byte", "odd"],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
async def test_B01_B02_characters_survive_every_cut(
    stage: Stage, chunking: Chunking | tuple[int, ...], newline: str
) -> None:
    """Split UTF-8, U+2028 and U+0085, any line end and large events arrive as they were sent."""
    events: list[Any] = hard_events(newline)
    if chunking is Chunking.BYTE:
        events.pop(-2)
    expected = HARD if chunking is Chunking.BYTE else HARD + "x" * 70_000
    shape = Shape(chunking=chunking, newline=newline, done=1)
    model_id = await stage.model(Stream(events, shape))
    answer = await stage.stream(model_id)
    assert answer.status_code == 200
    assert text_of(answer) == expected
    assert exact(streamed_usage(answer)["cost"]) == COST
    assert data_lines(answer)[-1] == "[DONE]"


async def test_B01_frames_are_relayed_byte_for_byte(stage: Stage) -> None:
    """But for the model's name, content leaves as it came: escapes, spaces and digits."""
    odd = b'data: {"id": "c","model":"theirs", "choices":[ {"index":0 , "delta":{"content":'
    frames = [
        literal(chunk({"role": "assistant", "content": ""})),
        literal(chunk({"content": HARD})),
        odd + b'"\\u65e5\\/ \xe2\x80\xa8"} }], "x": 1e400, "y":1.50, "big": 9007199254740993}\n\n',
        b": a comment\n\n",
        literal(chunk({"content": "end"})),
    ]
    finish = literal(chunk({}, "stop"))
    model_id = await stage.model(Stream([*frames, finish], Shape(done=1)))
    answer = await stage.stream(model_id)
    named = b"".join(frames).replace(b'"model":"theirs"', b'"model":"%b"' % model_id.encode())
    assert answer.content[: len(named)] == named


async def test_B01_text_that_looks_like_the_model_s_name_is_left_alone(stage: Stage) -> None:
    """Only the field at the top is set, not what stands in a text or in another object."""
    text = '{"model":"theirs"}'
    events = [
        chunk({"content": text}),
        chunk({"content": text}, extra={"model": "theirs"}),
        {"extra": {"model": "theirs"}} | chunk({"content": text}),
        chunk({}, "stop"),
    ]
    model_id = await stage.model(Stream(events, Shape(done=1)))
    answer = await stage.stream(model_id)
    assert text_of(answer) == 3 * text
    assert {one["model"] for one in chunks(answer)} == {model_id}
    assert [one["extra"] for one in chunks(answer)[1:3]] == 2 * [{"model": "theirs"}]


TOOLS = [
    ToolCall("weather", '{"city":"Zürich","days":3}', "call_1", 3),
    ToolCall("clock", "{}", "call_2", 1),
    ToolCall("search", '{"q":"a\\"b"}', "call_3", 4),
]


async def test_B06_parallel_tool_calls_keep_their_order_and_indices(stage: Stage) -> None:
    """The deltas of three calls leave as they came; nothing is cut anew or put at index 0."""
    model_id = await stage.model(Chat(None, tools=TOOLS))
    answer = await stage.stream(model_id)
    deltas = [
        call
        for one in chunks(answer)
        for choice in one["choices"]
        for call in choice["delta"].get("tool_calls") or []
    ]
    assert deltas == [delta for index, tool in enumerate(TOOLS) for delta in tool.deltas(index)]
    assert chunks(answer)[-1]["choices"][0]["finish_reason"] == "tool_calls"


@pytest.mark.parametrize(
    "calls",
    [
        [{"index": 3, "id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
        [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
        [{"index": 0, "id": "a", "function": {"name": "f"}}, {"index": 1, "id": "b"}],
        [{"index": 0, "id": "", "type": None, "function": {"arguments": ""}}],
    ],
    ids=["starts_at_three", "no_index", "two_in_one_delta", "empty"],
)
async def test_B06_odd_tool_calls_are_relayed_as_they_are(
    stage: Stage, calls: list[dict[str, Any]]
) -> None:
    """Whatever a host leaves out of a tool call is left out for the client too."""
    events = [chunk({"tool_calls": calls}), chunk({}, "tool_calls")]
    model_id = await stage.model(Stream(events, Shape(done=1)))
    answer = await stage.stream(model_id)
    assert chunks(answer)[0]["choices"][0]["delta"]["tool_calls"] == calls


@pytest.mark.parametrize(
    "shape",
    [
        Shape(done=0),
        Shape(done=1),
        Shape(done=2),
        Shape(done=1, space=False),
        Shape(done=1, last_blank=False),
        Shape(done=0, last_blank=False),
        Shape(done=0, framing=Framing.UNTIL_CLOSE),
        Shape(done=3, chunking=Chunking.WHOLE),
    ],
    ids=["none", "one", "two", "no_space", "no_blank", "nothing", "until_close", "in_one_write"],
)
@pytest.mark.parametrize("options", [{}, {"stream_options": {"include_usage": True}}])
async def test_B14_there_is_exactly_one_done(
    stage: Stage, shape: Shape, options: dict[str, Any]
) -> None:
    """However the upstream ends a whole answer, the client gets one terminator and the cost."""
    model_id = await stage.model(Chat(shape=shape))
    answer = await stage.stream(model_id, **options)
    lines = data_lines(answer)
    assert lines.count("[DONE]") == 1
    assert lines[-1] == "[DONE]"
    assert answer.content.endswith(b"data: [DONE]\n\n")
    assert text_of(answer) == Chat().text
    assert exact(streamed_usage(answer)["cost"]) == COST


async def test_H06_a_compressed_stream_is_undone(stage: Stage) -> None:
    """A host that compresses its events, although nobody asked, is read all the same."""
    events = [chunk({"content": "日本"}), chunk({}, "stop", usage=USAGE)]
    plain = b"".join(literal(event) for event in events) + b"data: [DONE]\n\n"
    headers = (("content-type", "Text/Event-Stream"), ("content-encoding", "gzip"))
    squeezed = Answer(gzip.compress(plain), headers=headers, framing=Framing.CHUNKED)
    answer = await stage.stream(await stage.model(squeezed))
    assert text_of(answer) == "日本"
    assert exact(streamed_usage(answer)["cost"]) == COST
    assert "content-encoding" not in answer.headers


async def test_B14_a_terminator_without_a_finish_reason_is_still_priced(stage: Stage) -> None:
    """A host that never says why it stopped is recorded with what it used."""
    events = [chunk({"content": "Hi"}, usage=USAGE)]
    model_id = await stage.model(Stream(events, Shape(done=1)))
    answer = await stage.stream(model_id)
    assert text_of(answer) == "Hi"
    record = await stage.record(answer)
    assert (record.status, spent(record)) == ("ok", COST)


async def test_B15_usage_in_two_events_is_replaced_and_not_added(stage: Stage) -> None:
    """Input told at the start and again at the end counts once; the total is worked out anew."""
    events = [
        chunk({"role": "assistant"}, usage={"prompt_tokens": 100, "completion_tokens": 0}),
        chunk({"content": "Hi"}),
        chunk({}, "stop", usage={"prompt_tokens": 100, "completion_tokens": 20}),
    ]
    model_id = await stage.model(Stream(events, Shape(done=1)))
    record = await stage.record(await stage.stream(model_id))
    assert record.usage is not None
    assert (record.usage.input_tokens, record.usage.total_tokens) == (100, 120)
    assert spent(record) == per_million((100, "3"), (20, "15"))


@pytest.mark.parametrize("reason", ["length", "content_filter", "tool_calls", "stop", "other"])
async def test_B16_usage_counts_whatever_the_answer_ended_for(stage: Stage, reason: str) -> None:
    """Cut off, filtered or complete: the usage that came is priced."""
    model_id = await stage.model(Chat(finish_reason=reason))
    answer = await stage.stream(model_id)
    assert chunks(answer)[-1]["choices"][0]["finish_reason"] == reason
    assert exact(streamed_usage(answer)["cost"]) == COST


ODD = [
    {"usage": {"prompt_tokens": 1, "completion_tokens": 1}},
    {"choices": None},
    {"choices": []},
    {"id": "", "choices": [], "prompt_filter_results": [{"prompt_index": 0}]},
    {"choices": [{"index": 0, "delta": None}]},
    {"choices": [{}]},
    {"choices": [{"index": 0, "delta": {}}], "error": None},
    {"choices": [None]},
    {"choices": {"0": {}}},
    {"choices": [{"index": "0", "delta": "text"}]},
]


@pytest.mark.parametrize("odd", ODD, ids=str)
@pytest.mark.parametrize("place", [0, 2, 4], ids=["first", "between", "last"])
async def test_B17_chunks_without_choices_pass(stage: Stage, odd: Any, place: int) -> None:
    """Preambles, filters' verdicts and keep-alives of hosts break nothing, wherever they stand."""
    events: list[Any] = [
        chunk({"role": "assistant", "content": ""}),
        chunk({"content": "Hel"}),
        chunk({"content": "lo"}),
        chunk({}, "stop", usage=USAGE),
    ]
    events.insert(place, odd)
    model_id = await stage.model(Stream(events, Shape(done=1)))
    answer = await stage.stream(model_id)
    assert answer.status_code == 200
    said = [
        choice["delta"]["content"]
        for one in chunks(answer)
        for choice in (one["choices"] if isinstance(one.get("choices"), list) else [])
        if choice and isinstance(choice.get("delta"), dict) and choice["delta"].get("content")
    ]
    assert said == ["Hel", "lo"]
    assert data_lines(answer)[-1] == "[DONE]"
    if "prompt_filter_results" in odd:
        assert any("prompt_filter_results" in one for one in chunks(answer))


@pytest.mark.parametrize(
    "extra",
    [b": OPENROUTER PROCESSING\n\n", b"retry: 3000\n\n", b"id: 7\n\n", b"event: ping\n\n"],
    ids=["comment", "retry", "id", "event"],
)
async def test_B07_lines_without_data_are_never_read_as_events(stage: Stage, extra: bytes) -> None:
    """Comments and fields without data of an upstream are passed on and parsed by nobody."""
    hello, stop = chunk({"content": "Hello"}), chunk({}, "stop", usage=USAGE)
    model_id = await stage.model(Stream([extra, hello, extra, stop, extra], Shape(done=1)))
    answer = await stage.stream(model_id)
    assert text_of(answer) == "Hello"
    assert exact(streamed_usage(answer)["cost"]) == COST
