"""Streams of chunks: content, tools, and everything else that has to survive."""

import json
from typing import Any

import pytest

from wire.openai.chunks import (
    EXTRA,
    GOOD,
    ODD,
    ROLE,
    SERVED,
    STOP,
    UPSTREAM,
    USAGE,
    chunk,
    reader,
    run,
    says,
)
from wire.openai.streams import DONE, compact, play, sse


@pytest.mark.parametrize("asked", [False, True])
def test_every_way_of_arriving_gives_the_same(asked: bool) -> None:  # noqa: FBT001 - both
    """Whole, byte by byte and cut at every single point, the client gets the same bytes."""
    outcome = run(GOOD, asked=asked, step=1)
    assert outcome.finished
    assert outcome.text == f"Hello {ODD}"
    assert outcome.usages == [{"priced": USAGE, "tier": None}]
    assert outcome.events[-1] == DONE


@pytest.mark.parametrize("end", ["\n\n", "\r\n\r\n", "\r\r", "\n\r\n"])
@pytest.mark.parametrize("space", ["data: ", "data:"])
def test_line_ends_and_spaces_do_not_matter(end: str, space: str) -> None:
    """LF, CRLF, CR, with and without the space: the same events."""
    stream = GOOD.replace(b"\n\n", end.encode()).replace(b"data: ", space.encode())
    outcome = run(stream)
    assert outcome.finished
    assert outcome.events == run(GOOD).events


def test_other_lines_of_events_and_comments_survive() -> None:
    """Names, ids and comments stay where they were; a frame that is only fields goes."""
    stream = b": PROCESSING\n\n" + b"retry: 3000\n\nevent: ping\n\nevent: ping\ndata:\n\n"
    stream += sse(ROLE) + b"event: chunk\nid: 7\n: hi\n" + sse(*says("Hi")) + b": beat\n\n"
    stream += sse(STOP, DONE)
    outcome = run(stream)
    assert outcome.finished
    assert outcome.text == "Hi"
    assert outcome.out.startswith(b": PROCESSING\n\ndata: {")
    assert b"\n\nevent: chunk\nid: 7\n: hi\ndata: {" in outcome.out
    assert b"\n\n: beat\n\n" in outcome.out
    assert b"ping" not in outcome.out
    assert b"retry" not in outcome.out


def test_events_over_64_KiB_survive() -> None:
    """A chunk of half a megabyte is one chunk."""
    stream = sse(ROLE, *says("a", "x" * 500_000), STOP, DONE)
    outcome = play(reader(), [stream[i : i + 1400] for i in range(0, len(stream), 1400)])
    assert outcome.finished
    assert outcome.text == "a" + "x" * 500_000


def test_an_event_beyond_all_bounds_breaks_the_stream_off() -> None:
    """Nothing is buffered without end."""
    one = reader()
    one.feed(sse(ROLE, *says("a")))
    for _ in range(40):
        one.feed(b"x" * 1_000_000)
    assert one.malformed
    assert one.feed(sse(STOP, DONE)) == b""
    assert not one.finished


def test_B06_tool_calls_are_the_same_bytes() -> None:
    """Openers, pieces, a whole call at once, missing and interleaved indices: never re-chunked."""
    calls = [
        '[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}]',
        '[{"index":1,"id":"b","type":"function","function":{"name":"g","arguments":""}}]',
        '[{"index":0,"function":{"arguments":"{\\"a\\":"}}]',
        '[{"index":1,"function":{"arguments":"{\\"\\u00e9日\\": 1.50"}}]',
        '[{"index":0,"function":{"arguments":"1}"}},{"index":1,"function":{"arguments":"}"}}]',
        '[{"id":"c","type":"function","function":{"name":"h","arguments":"{}"}}]',
        '[{"index":7,"id":"d","type":"function","function":{"name":"i", "arguments":"" }}]',
    ]
    frames = [
        compact(chunk()).replace('"delta":{}', f'"delta":{{"tool_calls":{call}}}') for call in calls
    ]
    stream = sse(ROLE, *frames, chunk(finish="tool_calls"), EXTRA, DONE)
    outcome = run(stream, step=31)
    for call in calls:
        assert outcome.out.count(f'"delta":{{"tool_calls":{call}}}'.encode()) == 1
    assert outcome.chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"


@pytest.mark.parametrize(
    "delta",
    [
        {"refusal": "no"},
        {"reasoning_content": "hm"},
        {"reasoning": "hm", "reasoning_details": [{"type": "t"}]},
        {"audio": {"id": "a", "data": "AAAA"}},
        {"function_call": {"name": "f", "arguments": ""}},
        {"content": "x", "annotations": [{"type": "url_citation"}]},
        {"content": " "},
    ],
)
def test_B05_every_kind_of_content_starts_the_answer(delta: dict[str, Any]) -> None:
    """Refusals, reasoning, audio and calls commit the hop as text does."""
    one = reader()
    one.feed(sse(ROLE))
    assert not one.started
    one.feed(sse(chunk(delta)))
    assert one.started
    assert one.content_bytes > 0


@pytest.mark.parametrize(
    "opening",
    [
        ROLE,
        chunk({"role": "assistant"}),
        chunk({"role": "assistant", "content": None, "refusal": None, "tool_calls": []}),
        chunk({}),
        {**chunk(), "choices": []},
        {**chunk(), "choices": None},
        {"prompt_filter_results": [], **chunk(), "choices": []},
        {"usage": USAGE, **chunk(), "choices": []},
        {"choices": [{"index": 0, "text": "", "finish_reason": None}]},
        {},
    ],
)
def test_B05_what_is_no_content_does_not_start_it(opening: dict[str, Any]) -> None:
    """Role chunks, preambles and early usage leave the hop free to change."""
    one = reader()
    one.feed(sse(opening))
    assert (one.started, one.content_bytes) == (False, 0)
    one.feed(sse(STOP))
    assert one.started


@pytest.mark.parametrize(
    "odd",
    [
        {"usage": None},
        {**chunk(), "choices": None},
        {**chunk(), "choices": []},
        {name: value for name, value in chunk().items() if name != "choices"},
        {**chunk(), "choices": [], "prompt_filter_results": [{"prompt_index": 0}]},
        {**chunk(), "choices": [{}]},
        {**chunk(), "choices": [{"index": None, "delta": None}]},
        {},
    ],
)
@pytest.mark.parametrize("asked", [False, True])
def test_B17_chunks_without_choices_pass(odd: dict[str, Any], asked: bool) -> None:  # noqa: FBT001 - both
    """Preambles, keep-alives and annotations go through, in front, amid and behind content."""
    outcome = run(sse(odd, ROLE, odd, *says("a", "b"), odd, STOP, odd, DONE), asked=asked, step=31)
    assert outcome.finished
    assert outcome.text == "ab"
    expected = {**odd, "model": SERVED} if "model" in odd or "choices" in odd else odd
    assert outcome.chunks.count(expected) == 4


@pytest.mark.parametrize(
    "choices",
    ['"x"', "5", "{}", '[{"delta":"text"}]', '[{"index":"0"}]', '["x"]', '[{"finish_reason":5}]'],
)
def test_choices_of_an_unknown_shape_are_content(choices: str) -> None:
    """They are not ours to judge, and they go on as they are."""
    odd = compact(chunk()).replace(compact(chunk()["choices"]), choices)
    outcome = run(sse(odd, DONE))
    assert outcome.finished
    assert outcome.started
    assert f'"choices":{choices}'.encode() in outcome.out
    assert not run(sse(odd)).finished


def test_unknown_fields_and_spellings_survive() -> None:
    """Extensions of a host go on byte for byte, on fast and slow chunks alike."""
    extra = '"x_groq":{"id":"r", "n":1.50},"big":9007199254740993,"e":1e400,"model"'
    frames = [compact(one).replace('"model"', extra) for one in [*says("a", "b"), STOP]]
    outcome = run(sse(*frames, DONE))
    assert outcome.out.count(extra.encode()) == 3


def test_logprobs_survive() -> None:
    """They stand beside the delta."""
    one = chunk({"content": "Hi"})
    one["choices"][0]["logprobs"] = {"content": [{"token": "Hi", "logprob": -0.5}]}
    assert run(sse(ROLE, one, STOP, DONE)).chunks[1]["choices"] == one["choices"]


def test_legacy_completions_are_chunks_too() -> None:
    """Their text stands in the choice itself."""
    texts = [{"index": 0, "text": text, "finish_reason": None} for text in ("", "Hel", "lo")]
    frames = [
        {"id": "c", "object": "text_completion", "model": UPSTREAM, "choices": [t]} for t in texts
    ]
    end = {**frames[0], "choices": [{"index": 0, "text": "", "finish_reason": "length"}]}
    outcome = run(sse(*frames, end, EXTRA, DONE))
    assert outcome.finished
    assert "".join(one["choices"][0]["text"] for one in outcome.chunks) == "Hello"
    assert outcome.usages == [{"priced": USAGE, "tier": None}]
    assert 5 <= outcome.content_bytes <= 20


def test_names_of_fields_in_the_text_are_text() -> None:
    """A text about usage, errors and finish reasons is none of them."""
    texts = [
        "usage",
        "error",
        "finish_reason",
        '"usage":{"a":1}',
        '{"error":"x"}',
        "data: [DONE]\n\n",
    ]
    outcome = run(sse(ROLE, *says("a", *texts), STOP, DONE), step=31)
    assert outcome.text == "a" + "".join(texts)
    assert outcome.finished
    assert outcome.error is None


def test_an_event_that_begins_as_the_last_one_is_not_taken_apart() -> None:
    """Otherwise the way that nearly every event takes would be a detour."""
    one = reader()
    one.feed(sse(ROLE, *says("a", "b")))
    beginning = one._beginning
    assert sse(*says("c")).startswith(beginning)
    assert one.feed(sse(*says("usage"))).count(SERVED.encode()) == 1
    assert one._beginning is beginning


def test_a_chunk_on_several_lines() -> None:
    """Its values may have line ends in them; the client gets all of it in one event."""
    first, last = [json.dumps(one, indent=1).encode() for one in (says("a")[0], STOP)]
    lines = [b"data: " + line + b"\n" for one in (first, last) for line in [*one.split(b"\n"), b""]]
    stream = b"".join(line if line != b"data: \n" else b"\n" for line in lines)
    outcome = run(sse(ROLE) + stream + sse(DONE))
    assert outcome.finished
    assert outcome.text == "a"
