"""Streams of typed events: responses, images, transcripts and speech."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tollhouse.core.needs import Endpoint
from tollhouse.wire.openai.raw_stream import RawStream
from tollhouse.wire.openai.typed_stream import TypedStream
from wire.openai.streams import DONE, Outcome, Tap, compact, play, play_every_way, priced, sse

SERVED = "openai/gpt-4o"
USAGE = {"input_tokens": 12, "output_tokens": 5, "total_tokens": 17}
ODD = "日本🙂ь\u2028\u2029\x85"
TRANSCRIPTS = Endpoint.TRANSCRIPTIONS


def reader(endpoint: Endpoint = Endpoint.RESPONSES) -> TypedStream:
    """A fresh reader."""
    return TypedStream(endpoint, SERVED, complete=priced)


def run(stream: bytes, endpoint: Endpoint = Endpoint.RESPONSES, *, step: int = 7) -> Outcome:
    """What comes of a stream, however it arrives."""
    return play_every_way(lambda: reader(endpoint), stream, step)


def typed(*events: dict[str, Any], end: str = "\n\n") -> bytes:
    """Events under their type as name, as OpenAI sends them."""
    return b"".join(sse(one, name=one["type"], end=end) for one in events)


def response(kind: str, **more: Any) -> dict[str, Any]:
    """An event with a response in it."""
    inner: dict[str, Any] = {
        "id": "r",
        "model": "gpt-4o-2024",
        "status": kind,
        "output": [],
        "error": None,
    }
    return {"type": f"response.{kind}", "response": {**inner, "usage": None, **more}}


def text(delta: str) -> dict[str, Any]:
    """An event with text."""
    return {"type": "response.output_text.delta", "item_id": "i", "delta": delta}


OPENING = [
    response("created"),
    response("in_progress"),
    {"type": "response.output_item.added", "item": {"type": "message", "content": []}},
    {"type": "response.content_part.added", "part": {"type": "output_text", "text": ""}},
]
COMPLETED = response("completed", usage=USAGE, service_tier="flex")
GOOD = [*OPENING, text("Hel"), text("lo"), text(ODD), COMPLETED]


@pytest.mark.parametrize("end", ["\n\n", "\r\n\r\n", "\r\r"])
def test_every_way_of_arriving_gives_the_same_response(end: str) -> None:
    """Whole, byte by byte and cut at every point: the same events, model and usage."""
    outcome = run(typed(*GOOD, end=end), step=1)
    assert (outcome.finished, outcome.malformed, outcome.error) == (True, False, None)
    deltas = [one["delta"] for one in outcome.events if "delta" in one]
    assert "".join(deltas) == f"Hello{ODD}"
    models = {one["response"]["model"] for one in outcome.events if "response" in one}
    assert models == {SERVED}
    assert outcome.events[-1]["response"]["usage"] == {"priced": USAGE, "tier": "flex"}
    assert json.loads(outcome.usage or b"") == USAGE
    assert outcome.tier == "flex"


def test_events_that_tell_nothing_are_the_same_bytes() -> None:
    """Deltas go on as they came, spellings, names of events and comments included."""
    delta = b'event: response.output_text.delta\ndata: {"type": "response.output_text.delta",'
    delta += b'"delta":"caf\\u00e9","n":1.50}\n\n'
    stream = typed(*OPENING, text("a")) + delta + b": beat\n\n" + delta + typed(COMPLETED)
    outcome = run(stream)
    assert outcome.out.count(delta) == 2
    assert b"\n\n: beat\n\n" in outcome.out
    assert outcome.out.startswith(b"event: response.created\ndata: {")


def test_text_about_models_and_usage_is_text() -> None:
    """Names of fields inside a delta change nothing."""
    texts = ["model", "usage", "error", '"model":"x"', "response.completed", "data: [DONE]\n\n"]
    outcome = run(typed(*OPENING, text("a"), *map(text, texts), COMPLETED), step=31)
    assert [one["delta"] for one in outcome.events if "delta" in one] == ["a", *texts]
    assert outcome.finished


@pytest.mark.parametrize("opening", [*OPENING, {"type": "keepalive"}])
def test_B05_announcements_do_not_start_the_answer(opening: dict[str, Any]) -> None:
    """A failure behind them can still move to another hop."""
    one = reader()
    assert one.feed(typed(opening))
    assert not one.started


@pytest.mark.parametrize(
    "event",
    [
        text("a"),
        {"type": "response.function_call_arguments.delta", "delta": "{"},
        {"type": "response.reasoning_text.delta", "delta": "hm"},
        {"type": "response.refusal.delta", "delta": "no"},
        {"type": "response.output_item.done", "item": {}},
        COMPLETED,
        {"type": "response.something_new"},
    ],
)
def test_B05_anything_else_starts_it(event: dict[str, Any]) -> None:
    """Text, calls, reasoning, refusals, the end, and what we do not know."""
    one = reader()
    one.feed(typed(*OPENING, event))
    assert one.started


@pytest.mark.parametrize("kind", ["completed", "incomplete"])
def test_B16_both_ends_are_ends_and_tell_usage(kind: str) -> None:
    """An answer that ran into its limit is whole, and is paid for."""
    outcome = run(typed(*OPENING, text("a"), response(kind, usage=USAGE)))
    assert outcome.finished
    assert outcome.events[-1]["response"]["usage"]["priced"] == USAGE


def test_usage_that_never_came_is_told_as_such() -> None:
    """The meter gets None and the size of what was relayed."""
    outcome = run(typed(*OPENING, text("Hello"), response("completed")))
    assert outcome.events[-1]["response"]["usage"] == {"priced": None, "tier": None}
    assert outcome.usage is None
    assert 5 <= outcome.content_bytes <= 20


BODY = {"code": "insufficient_quota", "message": "slow down"}
ERRORS: dict[str, tuple[bytes, Any]] = {
    "an error event": (typed({"type": "error", "error": BODY}), BODY),
    "a flat one": (typed({"type": "error", **BODY}), {"type": "error", **BODY}),
    "response.failed": (typed(response("failed", error=BODY)), BODY),
    "an unnamed one": (sse({"error": BODY}), BODY),
    "a named one, without a type": (sse({"error": BODY}, name="error"), BODY),
    "a named one, bare": (sse(BODY, name="error"), BODY),
    "text": (sse("it broke", name="error"), "it broke"),
    "the last, unended": (typed({"type": "error", "error": BODY}).rstrip(), BODY),
}


@pytest.mark.parametrize(("error", "told"), ERRORS.values(), ids=ERRORS)
@pytest.mark.parametrize("prefix", [[], OPENING, [*OPENING, text("a")]])
def test_B04_an_error_is_an_error_wherever_it_comes(
    prefix: list[dict[str, Any]], error: bytes, told: Any
) -> None:
    """It is told to the relay and not passed on, and what follows it is not either."""
    outcome = run(typed(*prefix) + error, step=17)
    assert json.loads(outcome.error or b"") == told
    assert not outcome.finished
    assert outcome.started is (len(prefix) > len(OPENING))
    assert b"slow down" not in outcome.out
    ended = error.endswith((b"\n\n", b"\r\n"))
    again = play(
        reader(), [typed(*prefix) + error + (b"" if ended else b"\n\n") + typed(COMPLETED)]
    )
    assert (again.error, again.finished) == (outcome.error, False)


def test_a_failed_response_without_a_reason_is_an_error_too() -> None:
    """The whole event stands for it, and the usage it tells is kept."""
    outcome = run(typed(*OPENING, response("failed", usage=USAGE)))
    assert json.loads(outcome.error or b"")["type"] == "response.failed"
    assert json.loads(outcome.usage or b"") == USAGE


def test_an_end_without_a_response_in_it_is_an_end() -> None:
    """An odd host, but its word is clear."""
    outcome = run(typed(*OPENING, text("a"), {"type": "response.completed", "usage": USAGE}))
    assert outcome.finished
    assert outcome.events[-1]["usage"] == {"priced": USAGE, "tier": None}
    assert run(typed(*OPENING, text("a"), {"type": "response.failed"})).error is not None


CUTS: dict[str, bytes] = {
    "nothing": b"",
    "the opening": typed(*OPENING),
    "text": typed(*OPENING, text("a")),
    "mid-frame": typed(*OPENING, text("a")) + typed(COMPLETED)[:-40],
    "DONE without an end": typed(*OPENING, text("a")) + sse(DONE),
    "DONE alone": sse(DONE),
}


@pytest.mark.parametrize("stream", CUTS.values(), ids=CUTS)
def test_B03_a_response_without_its_end_is_cut_off(stream: bytes) -> None:
    """It is not finished, and half an event is not passed on."""
    outcome = run(stream, step=1)
    assert (outcome.finished, outcome.malformed, outcome.error) == (False, False, None)
    assert outcome.out.count(b"data:") == len(outcome.events)


@pytest.mark.parametrize("event", ["oops", "<html>", '{"a":', "[1]"])
def test_an_event_that_is_no_object_breaks_the_stream_off(event: str) -> None:
    """At the start or amid an answer."""
    for prefix in (b"", typed(*OPENING), typed(*OPENING, text("a"))):
        outcome = run(prefix + sse(event) + typed(COMPLETED), step=17)
        assert (outcome.malformed, outcome.finished) == (True, False)


def test_an_event_beyond_all_bounds_breaks_the_stream_off() -> None:
    """Nothing is buffered without end."""
    one = reader()
    for _ in range(40):
        one.feed(b"x" * 1_000_000)
    assert one.malformed
    assert one.feed(typed(*GOOD)) == b""


def test_nothing_follows_the_end() -> None:
    """What a host sends behind its last event goes nowhere, whenever it comes."""
    whole = typed(*GOOD)
    assert run(whole + sse(DONE) + typed(text("b")), step=31).out == run(whole, step=31).out


def test_fields_without_data_go_and_comments_stay() -> None:
    """What an SDK would fail on is not passed on."""
    stream = b": hi\n\nevent: ping\n\nevent: ping\ndata:\n\nretry: 5\n\n" + typed(*GOOD)
    outcome = run(stream, step=31)
    assert outcome.out.startswith(b": hi\n\nevent: response.created")
    assert outcome.finished


def test_the_last_event_needs_no_blank_line() -> None:
    """As long as it is whole."""
    outcome = run(typed(*GOOD).rstrip(), step=1)
    assert outcome.finished
    assert outcome.events == run(typed(*GOOD)).events


@pytest.mark.parametrize("step", [1, 2, len(GOOD)])
def test_the_next_event_is_numbered_behind_those_that_came(step: int) -> None:
    """An error of ours takes the number that the provider's next event would have had."""
    one, fed = reader(), 0
    for first in range(0, len(GOOD), step):
        events = GOOD[first : first + step]
        one.feed(typed(*events))
        fed += len(events)
        assert one.sequence == fed
    assert reader().sequence == 0


# --- Images, transcripts and speech ---

MEDIA: list[tuple[Endpoint, list[dict[str, Any]], dict[str, Any]]] = [
    (
        Endpoint.IMAGES_GENERATIONS,
        [
            {
                "type": "image_generation.partial_image",
                "b64_json": "A" * 300,
                "partial_image_index": 0,
            }
        ],
        {"type": "image_generation.completed", "b64_json": "B" * 300, "usage": USAGE},
    ),
    (
        Endpoint.IMAGES_EDITS,
        [{"type": "image_edit.partial_image", "b64_json": "A" * 300}],
        {"type": "image_edit.completed", "b64_json": "B" * 300, "usage": USAGE},
    ),
    (
        Endpoint.TRANSCRIPTIONS,
        [{"type": "transcript.text.delta", "delta": one} for one in ("Hel", "lo", ODD)],
        {"type": "transcript.text.done", "text": f"Hello{ODD}", "usage": USAGE},
    ),
    (
        Endpoint.TRANSLATIONS,
        [{"type": "transcript.text.delta", "delta": "a"}],
        {"type": "transcript.text.done", "text": "a", "usage": USAGE},
    ),
    (
        Endpoint.SPEECH,
        [{"type": "speech.audio.delta", "audio": "AAAA" * 50}],
        {"type": "speech.audio.done", "usage": USAGE},
    ),
]


@pytest.mark.parametrize(("endpoint", "events", "last"), MEDIA)
def test_media_streams_end_with_their_usage(
    endpoint: Endpoint, events: list[dict[str, Any]], last: dict[str, Any]
) -> None:
    """Every event is passed on as it is, and the last one is priced."""
    outcome = run(typed(*events, last), endpoint, step=13)
    assert outcome.finished
    assert outcome.events == [*events, {**last, "usage": {"priced": USAGE, "tier": None}}]
    assert outcome.content_bytes > 0
    told = {name: value for name, value in last.items() if name != "usage"}
    outcome = run(typed(*events, told), endpoint, step=97)
    assert outcome.events[-1]["usage"] == {"priced": None, "tier": None}
    cut = run(typed(*events), endpoint, step=97)
    assert (cut.finished, cut.started) == (False, True)
    assert run(typed(*events) + typed({"type": "error", "error": BODY}), endpoint, step=97).error


def test_transcripts_in_chunks_end_with_DONE() -> None:
    """Hosts that stream transcripts as chunks have no typed end, and are priced nevertheless."""
    tap = Tap()
    part = {
        "object": "transcription.chunk",
        "model": "up",
        "choices": [{"delta": {"content": "a"}}],
    }
    stream = sse(part, part, {"choices": [], "model": "up", "usage": USAGE}, DONE)
    outcome = play(TypedStream(TRANSCRIPTS, SERVED, complete=tap), [stream])
    assert outcome.finished
    assert outcome.events[-1] == DONE
    assert {one["model"] for one in outcome.chunks} == {SERVED}
    assert [json.loads(one or b"") for one in tap.told] == [USAGE]
    assert run(stream, TRANSCRIPTS).out == outcome.out
    assert not run(sse(DONE), TRANSCRIPTS).finished


@given(
    st.lists(
        st.sampled_from([*GOOD, {"type": "x", "model": "y"}, {"delta": "a"}, {}, {"error": None}]),
        max_size=8,
    ),
    st.data(),
)
@settings(max_examples=150, deadline=None)
def test_any_events_in_any_pieces(sent: list[dict[str, Any]], data: st.DataObject) -> None:
    """No order of events depends on the cuts, and all come through up to the end."""
    stream = sse(*map(compact, sent))
    marks = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    pieces = [stream[a:b] for a, b in zip([0, *marks], [*marks, len(stream)], strict=True)]
    outcome = play(reader(), pieces)
    assert outcome == play(reader(), [stream])
    last = sent.index(COMPLETED) + 1 if COMPLETED in sent else len(sent)
    assert outcome.finished is (COMPLETED in sent)
    assert [one.get("type") for one in outcome.events] == [one.get("type") for one in sent[:last]]


# --- Bytes without a structure ---


def test_spoken_audio_is_the_same_bytes() -> None:
    """It starts with its first byte, is whole when the body is, and is nobody's to read."""
    audio = bytes(range(256)) * 4
    outcome = play_every_way(RawStream, audio, 31)
    assert outcome.out == audio
    assert (outcome.started, outcome.finished) == (True, True)
    assert (outcome.content_bytes, RawStream().events) == (len(audio), False)


def test_no_audio_at_all_is_no_answer() -> None:
    """A body without a byte is not finished."""
    assert not play(RawStream(), []).finished


@pytest.mark.parametrize("own", [None, "Mine."])
def test_instructions_are_told_as_the_clients_own(own: str | None) -> None:
    """In every event that repeats what the provider was sent, however it arrives."""
    theirs = {"instructions": "canary"}
    bare = {"type": "response.queued", "response": {"id": "r", **theirs}}
    events = [
        response("created", **theirs),
        bare,
        response("in_progress", **theirs),
        text("Hi"),
        response("completed", usage=USAGE, **theirs),
    ]
    given = msgspec.Raw(msgspec.json.encode(own))
    outcome = play_every_way(
        lambda: TypedStream(Endpoint.RESPONSES, SERVED, complete=priced, instructions=given),
        typed(*events),
        7,
    )
    assert b"canary" not in outcome.out
    told = [one["response"]["instructions"] for one in outcome.events if "response" in one]
    assert told == [own] * 4


def test_instructions_are_left_alone_where_nothing_was_put_before_them() -> None:
    """What the provider repeats is the client's."""
    stream = typed(response("created", instructions="Mine."), COMPLETED)
    assert b'"instructions":"Mine."' in run(stream).out
