"""Where usage comes from in a stream of chunks, and where the client finds it."""

from typing import Any

import pytest

from tollhouse.wire.openai.chunk_stream import ChunkStream
from wire.openai.chunks import EXTRA, ROLE, SERVED, STOP, USAGE, chunk, reader, run, says
from wire.openai.streams import DONE, Outcome, Tap, play, sse

BOTH = pytest.mark.parametrize("asked", [False, True], ids=["not asked", "asked"])
PRICED = {"priced": USAGE, "tier": None}
EARLIER = {"prompt_tokens": 12, "completion_tokens": 1, "total_tokens": 13}
TEXT = says("Hel", "lo")
NO_CHOICES = {name: value for name, value in EXTRA.items() if name != "choices"}


def finishing(outcome: Outcome) -> list[dict[str, Any]]:
    """The chunks that carry a finish reason."""
    return [
        one
        for one in outcome.chunks
        if any(choice.get("finish_reason") for choice in one.get("choices") or [])
    ]


WAYS: dict[str, list[Any]] = {
    "a chunk without choices": [ROLE, *TEXT, STOP, EXTRA],
    "choices null": [ROLE, *TEXT, STOP, {**EXTRA, "choices": None}],
    "choices absent": [ROLE, *TEXT, STOP, NO_CHOICES],
    "the finish chunk": [ROLE, *TEXT, {**STOP, "usage": USAGE}],
    "an empty delta behind the finish": [ROLE, *TEXT, STOP, chunk(usage=USAGE)],
    "the last content": [ROLE, TEXT[0], {**TEXT[1], "usage": USAGE}, STOP],
    "every chunk, cumulative": [
        {**ROLE, "usage": EARLIER},
        {**TEXT[0], "usage": EARLIER},
        {**TEXT[1], "usage": EARLIER},
        {**STOP, "usage": USAGE},
    ],
    "every chunk, and an extra one": [
        {**ROLE, "usage": EARLIER},
        {**TEXT[0], "usage": EARLIER},
        TEXT[1],
        {**STOP, "usage": USAGE},
        EXTRA,
    ],
    "two extra ones": [ROLE, *TEXT, STOP, {**EXTRA, "usage": EARLIER}, EXTRA],
    "first of all, then at last": [{**EXTRA, "usage": EARLIER}, ROLE, *TEXT, STOP, EXTRA],
    "first of all": [EXTRA, ROLE, *TEXT, STOP],
    "null everywhere else": [
        *[{**one, "usage": None} for one in [ROLE, *TEXT, STOP]],
        EXTRA,
    ],
    "null behind it": [ROLE, *TEXT, STOP, EXTRA, {**EXTRA, "usage": None}],
    "empty behind it": [ROLE, *TEXT, STOP, EXTRA, {**EXTRA, "usage": {}}],
    "in front of the finish": [ROLE, *TEXT, EXTRA, STOP],
    "no text at all": [ROLE, STOP, EXTRA],
    "two finishes": [ROLE, *TEXT, STOP, {**STOP, "usage": USAGE}],
    "an annotation behind the finish": [ROLE, *TEXT, STOP, chunk(note="x"), EXTRA],
}


@BOTH
@pytest.mark.parametrize("sent", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("done", [True, False], ids=["DONE", "no DONE"])
def test_A03_usage_is_found_wherever_it_is(
    sent: list[Any],
    asked: bool,  # noqa: FBT001 - both
    done: bool,  # noqa: FBT001 - both
) -> None:
    """On any chunk, cumulative or not, the last one counts, and the client gets it once, priced."""
    outcome = run(sse(*sent, *([DONE] if done else [])), asked=asked, step=23)
    assert outcome.finished
    assert outcome.text == ("" if sent == WAYS["no text at all"] else "Hello")
    assert outcome.usages == [PRICED]
    assert outcome.events[-1] == DONE
    assert outcome.events.count(DONE) == 1


@pytest.mark.parametrize("sent", WAYS.values(), ids=WAYS)
def test_a_client_that_did_not_ask_gets_usage_on_the_finish(sent: list[Any]) -> None:
    """On the last chunk with a finish reason; the provider's chunk for it is not in its stream."""
    outcome = run(sse(*sent, DONE), step=97)
    assert finishing(outcome)[-1]["usage"] == PRICED
    added = [one for one in outcome.chunks if not one["choices"]]
    assert added == [{**EXTRA, "model": SERVED, "usage": None}] * (sent is WAYS["null behind it"])


@pytest.mark.parametrize("sent", WAYS.values(), ids=WAYS)
def test_A17_a_client_that_asked_gets_usage_on_one_extra_chunk(sent: list[Any]) -> None:
    """Right before the terminator, without choices, under the served name."""
    outcome = run(sse(*sent, DONE), asked=True, step=97)
    last = outcome.chunks[-1]
    assert (last["choices"] or [], last["usage"], last["model"]) == ([], PRICED, SERVED)
    assert (last["id"], last["object"], last["created"]) == (
        "c-1",
        "chat.completion.chunk",
        1760000000,
    )


def test_the_providers_extra_chunk_keeps_its_other_fields() -> None:
    """It is completed, not rebuilt."""
    extra = {**EXTRA, "obfuscation": "x", "service_tier": "flex", "x_more": {"a": 1.5}}
    outcome = run(sse(ROLE, *TEXT, STOP, extra, DONE), asked=True)
    assert outcome.chunks[-1] == {
        **extra,
        "model": SERVED,
        "usage": {"priced": USAGE, "tier": "flex"},
    }


def test_an_extra_chunk_of_ours_says_no_more_than_it_has_to() -> None:
    """It takes over what all chunks of a stream share, and no extension."""
    sent = [{**one, "service_tier": "flex", "x_more": 1} for one in [ROLE, *TEXT, STOP]]
    outcome = run(sse(*sent, DONE), asked=True)
    assert outcome.chunks[-1] == {
        "id": "c-1",
        "object": "chat.completion.chunk",
        "created": 1760000000,
        "model": SERVED,
        "system_fingerprint": "fp_1",
        "service_tier": "flex",
        "choices": [],
        "usage": {"priced": None, "tier": "flex"},
    }


@BOTH
@pytest.mark.parametrize("usage", [None, {}, "absent"])
def test_A20_usage_that_never_came_is_told_as_such(usage: Any, asked: bool) -> None:  # noqa: FBT001 - both
    """The meter is told None, with the size of what was relayed, and the client still gets one."""
    told = [one if usage == "absent" else {**one, "usage": usage} for one in [ROLE, *TEXT, STOP]]
    outcome = run(sse(*told, DONE), asked=asked)
    assert outcome.usage is None
    assert outcome.usages == [{"priced": None, "tier": None}]
    assert len("Hello") <= outcome.content_bytes <= 4 * len("Hello")


@BOTH
@pytest.mark.parametrize(
    "usage", ["12", 12, [1], True, {"prompt_tokens": "12"}, {"prompt_tokens": -1}, {"total": 1e308}]
)
def test_A07_a_usage_of_any_kind_is_handed_to_the_meter(usage: Any, asked: bool) -> None:  # noqa: FBT001 - both
    """Whether it can be believed is not decided here, and it breaks no stream."""
    outcome = run(sse(ROLE, *TEXT, STOP, {**EXTRA, "usage": usage}, DONE), asked=asked)
    assert outcome.finished
    assert outcome.usages == [{"priced": usage, "tier": None}]


@BOTH
def test_usage_behind_the_terminator_counts_when_it_comes_along(asked: bool) -> None:  # noqa: FBT001 - both
    """In the same read it counts; nothing is kept back to wait for it."""
    for end in ("\n\n", "\r\n\r\n"):
        stream = sse(ROLE, *TEXT, STOP, DONE, EXTRA, end=end)
        outcome = play(reader(asked=asked), [stream])
        assert outcome.usages == [PRICED]
        assert outcome.events[-1] == DONE
        cut = stream.index(b"[DONE]") + len(b"[DONE]") + len(end)
        outcome = play(reader(asked=asked), [stream[:cut], stream[cut:]])
        assert outcome.finished
        assert outcome.usages == [{"priced": None, "tier": None}]
        assert outcome.events[-1] == DONE


@BOTH
def test_A02_every_finished_stream_has_been_priced(asked: bool) -> None:  # noqa: FBT001 - both
    """Also one without a finish reason, where no chunk could carry the price."""
    for sent in ([ROLE, *TEXT, EXTRA, DONE], [ROLE, *TEXT, STOP, EXTRA], [ROLE, *TEXT, DONE]):
        tap = Tap()
        one = ChunkStream(SERVED, asked_usage=asked, complete=tap)
        outcome = play(one, [sse(*sent)])
        assert outcome.finished
        assert len(tap.told) == 1
        assert (tap.told[0] is not None) == (EXTRA in sent)


def test_the_finish_is_not_kept_back_longer_than_needed() -> None:
    """Content is out at once; only the last chunk waits, and only for the end."""
    one = reader()
    assert one.feed(sse(ROLE)) != b""
    assert b"Hel" in one.feed(sse(TEXT[0]))
    assert one.feed(sse(STOP)) == b""
    assert one.feed(sse(EXTRA)) == b""
    out = one.feed(sse(DONE))
    assert out.index(b'"finish_reason":"stop"') < out.index(b"[DONE]")
    asked = reader(asked=True)
    asked.feed(sse(ROLE, *TEXT))
    assert b'"finish_reason":"stop"' in asked.feed(sse(STOP))


def test_what_comes_behind_the_finish_stays_behind_it() -> None:
    """Annotations without content queue up behind the held chunk, in order."""
    notes = [chunk(note=n) for n in range(3)]
    filters = {**chunk(), "choices": [], "prompt_filter_results": []}
    outcome = run(sse(ROLE, *TEXT, STOP, *notes, filters, EXTRA, DONE), step=31)
    assert finishing(outcome) == [outcome.chunks[3]]
    assert outcome.chunks[3]["usage"] == PRICED
    assert [one.get("note") for one in outcome.chunks[4:]] == [0, 1, 2, None]


def test_what_may_wait_behind_the_finish_is_bounded() -> None:
    """A provider that never ends does not fill our memory."""
    one = reader()
    one.feed(sse(ROLE, *TEXT, STOP))
    out = b"".join(one.feed(sse(chunk(note=n))) for n in range(1000))
    assert out.count(b'"note"') == 1000
    assert out.index(b'"finish_reason":"stop"') < out.index(b'"note":0')
    assert play(one, [sse(DONE)]).finished


# --- Several choices ---

TWO = [
    chunk({"role": "assistant", "content": ""}),
    chunk({"role": "assistant", "content": ""}, index=1),
    chunk({"content": "a"}),
    chunk({"content": "b"}, index=1),
]
STOP_1 = chunk(finish="length", index=1)
ORDERS: dict[str, list[Any]] = {
    "in turn": [*TWO, STOP, STOP_1, EXTRA],
    "turned round": [*TWO, STOP_1, STOP, EXTRA],
    "text between": [*TWO, STOP, chunk({"content": "c"}, index=1), STOP_1, EXTRA],
    "one after the other": [TWO[0], TWO[2], STOP, TWO[1], TWO[3], STOP_1, EXTRA],
    "both at once": [*TWO, {**STOP, "choices": [*STOP["choices"], *STOP_1["choices"]]}, EXTRA],
    "usage on each finish": [*TWO, {**STOP, "usage": EARLIER}, {**STOP_1, "usage": USAGE}],
}


@BOTH
@pytest.mark.parametrize("sent", ORDERS.values(), ids=ORDERS)
@pytest.mark.parametrize("done", [True, False], ids=["DONE", "no DONE"])
def test_several_choices_share_one_usage(sent: list[Any], asked: bool, done: bool) -> None:  # noqa: FBT001 - both
    """It comes with the last finish or on the extra chunk, in whatever order the choices end."""
    outcome = run(sse(*sent, *([DONE] if done else [])), asked=asked, choices=2, step=31)
    assert outcome.finished
    assert outcome.usages == [PRICED]
    reasons = [choice["finish_reason"] for one in finishing(outcome) for choice in one["choices"]]
    assert sorted(reason for reason in reasons if reason) == ["length", "stop"]
    carrier = outcome.chunks[-1] if asked else finishing(outcome)[-1]
    assert carrier["usage"] == PRICED


# --- Service tiers ---


def test_the_last_tier_told_counts() -> None:
    """Wherever it stands; null and other types tell nothing."""
    sent = [
        {**ROLE, "service_tier": "default"},
        *TEXT,
        {**STOP, "service_tier": None},
        {**EXTRA, "service_tier": "flex"},
        {**EXTRA, "service_tier": 5},
    ]
    outcome = run(sse(*sent, DONE))
    assert outcome.tier == "flex"
    assert outcome.usages == [{"priced": USAGE, "tier": "flex"}]
