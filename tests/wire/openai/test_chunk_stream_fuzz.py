"""Streams of any chunks: nothing depends on their order, the cuts, or what came before."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from wire.openai.chunks import EXTRA, ODD, STOP, UPSTREAM, USAGE, chunk, reader, says
from wire.openai.streams import DONE, compact, deltas, play, sse

DELTAS = st.fixed_dictionaries(
    {},
    optional={
        "content": st.none() | st.text(max_size=12),
        "reasoning_content": st.none() | st.text(max_size=4),
        "tool_calls": st.lists(st.fixed_dictionaries({"index": st.integers(0, 3)}), max_size=2),
    },
)
CHUNKS = st.builds(
    chunk,
    DELTAS,
    st.sampled_from([None, None, None, "stop", "length"]),
    st.integers(0, 1),
    usage=st.none() | st.just(USAGE),
)


@given(
    st.lists(CHUNKS | st.just(EXTRA) | st.just({}), max_size=8),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.data(),
)
@settings(max_examples=250, deadline=None)
def test_any_chunks_in_any_pieces(
    sent: list[dict[str, Any]],
    asked: bool,  # noqa: FBT001 - drawn
    spaced: bool,  # noqa: FBT001 - drawn
    done: bool,  # noqa: FBT001 - drawn
    data: st.DataObject,
) -> None:
    """No order of chunks loses content, doubles usage or the terminator, or depends on the cuts."""
    events = [json.dumps(one) if spaced else compact(one) for one in sent]
    stream = sse(*events, *([DONE] if done else []))
    marks = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    pieces = [stream[a:b] for a, b in zip([0, *marks], [*marks, len(stream)], strict=True)]
    outcome = play(reader(asked=asked, choices=2), pieces)
    assert outcome == play(reader(asked=asked, choices=2), [stream])
    assert deltas(outcome.chunks) == deltas(sent)
    assert outcome.events.count(DONE) == outcome.finished
    assert len(outcome.usages) <= 1
    if outcome.finished:
        assert outcome.events[-1] == DONE
        assert len(outcome.usages) == 1 or not asked
    if not asked:
        assert all(one["choices"] for one in outcome.chunks if "choices" in one)


WORDS = st.sampled_from(
    [
        "a",
        "",
        " usage",
        "usage",
        "error",
        "}",
        '"',
        "\\",
        "{[",
        "\n",
        '"finish_reason":1',
        ODD,
        "🙂",
    ]
)
EVENTS = st.builds(
    chunk,
    st.builds(lambda text, more: {"content": text, **more}, WORDS, st.sampled_from([{}, {"x": 1}]))
    | st.builds(lambda text: {"role": "assistant", "content": text}, WORDS),
    st.sampled_from([None, None, None, "stop"]),
    usage=st.sampled_from([None, None, USAGE]),
    model=st.sampled_from([UPSTREAM, UPSTREAM, "other"]),
    created=st.sampled_from([1, 1, 2]),
)
WAYS_TO_WRITE = (compact, json.dumps, lambda one: compact({"choices": one["choices"], **one}))
"""The last of them names the model behind the text."""


@given(st.lists(EVENTS, max_size=12), st.sampled_from(WAYS_TO_WRITE), st.booleans())
@settings(max_examples=250, deadline=None)
def test_an_event_is_edited_the_same_whatever_came_before(
    sent: list[dict[str, Any]],
    spelled: Any,
    asked: bool,  # noqa: FBT001 - drawn
) -> None:
    """How the last event began saves looking at this one's beginning, and changes nothing."""
    remembering, forgetting = reader(asked=asked), reader(asked=asked)
    for one in [*says("Hi", "Hi"), *sent, STOP, DONE]:
        piece = sse(one if one == DONE else spelled(one))
        forgetting._beginning = b""
        assert remembering.feed(piece) == forgetting.feed(piece)
        assert remembering.content_bytes == forgetting.content_bytes
