"""Streams of chat hosts: words, thoughts, sources, usage and the end."""

import json
from typing import Any

import pytest

from tollhouse.core.dialect import Vendor
from tollhouse.wire.chat.events import EventReader
from tollhouse.wire.neutral.answer import Stop
from tollhouse.wire.neutral.events import Began, Ended, PartBegan, PartEnded, TextDelta
from tollhouse.wire.neutral.parts import Citation, Reasoning, Refusal, Text, ToolCall
from tollhouse.wire.sse import MAX_FRAME
from wire.chat.chat_streams import CALLS, DONE, ROLE, STOP, calls, chunk, piece, play, read, sse

ODD = "日本🙂ь\u2028\u2029\x85"
USAGE = {"prompt_tokens": 3, "completion_tokens": 2}


def says(text: str) -> dict[str, Any]:
    """A chunk with words."""
    return chunk({"content": text})


def test_words_become_one_text() -> None:
    """Words in pieces are one part, and the events are those of the neutral form."""
    heard = read(ROLE, says("Hel"), says("lo"), STOP, DONE)
    assert heard.events == (
        Began("c-1"),
        PartBegan(0, Text("")),
        TextDelta("Hel"),
        TextDelta("lo"),
        PartEnded(0),
        Ended(Stop.END),
    )
    assert heard.content_bytes == 5


def test_B01_B02_odd_letters_survive() -> None:
    """Letters of several bytes and odd line ends inside content come out as they went in."""
    assert read(ROLE, says(ODD), STOP, DONE).text == ODD


@pytest.mark.parametrize("end", ["\n\n", "\r\n\r\n", "\r\r"])
def test_line_ends_do_not_matter(end: str) -> None:
    """Frames may end as the standard allows."""
    heard = read(sse(ROLE, says("a"), STOP, DONE, end=end))
    assert heard.text == "a"
    assert heard.stop is Stop.END


def test_comments_and_blank_data_are_skipped() -> None:
    """Heartbeats are no events."""
    heard = read(b": PROCESSING\n\n", ROLE, b"data:\n\n", b"event: ping\n\n", says("a"), STOP, DONE)
    assert heard.text == "a"


def test_other_choices_are_not_read() -> None:
    """Only the first choice counts."""
    other = chunk({"content": "other"})
    other["choices"][0]["index"] = 1
    assert read(ROLE, other, says("a"), STOP, DONE).text == "a"


# --- the end ---


@pytest.mark.parametrize(
    "stream",
    [
        sse(ROLE, says("a"), STOP, DONE),
        sse(ROLE, says("a"), STOP),
        sse(ROLE, says("a"), DONE),
        sse(ROLE, says("a"), STOP, DONE, DONE),
        sse(ROLE, says("a"), STOP)[:-2],
        sse(ROLE, says("a"), STOP) + b"data: [DONE]",
    ],
)
def test_sound_ends(stream: bytes) -> None:
    """A finish reason or ``[DONE]`` is an end, with or without a last blank line."""
    heard = play([stream])
    assert heard.stop is Stop.END
    assert heard.ended
    assert heard.text == "a"


@pytest.mark.parametrize(
    "stream",
    [b"", sse(ROLE), sse(ROLE, says("a")), sse(ROLE, says("a"), STOP)[:-40]],
)
def test_B03_a_stream_that_breaks_off_has_no_end(stream: bytes) -> None:
    """Without its last event, an answer is not ended, nor malformed."""
    heard = read(stream)
    assert not heard.ended
    assert not heard.malformed
    assert heard.stop is None


def test_done_without_any_choice_is_malformed() -> None:
    """A provider that is done and never said anything did not answer."""
    assert read(sse({"choices": []}, DONE)).malformed


def test_content_behind_a_finish_reason_counts() -> None:
    """Some hosts finish too early; the last reason is the one that holds."""
    heard = read(ROLE, says("a"), STOP, says("b"), chunk(finish="length"), DONE)
    assert heard.text == "ab"
    assert heard.stop is Stop.LENGTH


def test_nothing_follows_the_end() -> None:
    """What comes behind ``[DONE]`` is not told."""
    reader = EventReader()
    reader.feed(sse(ROLE, says("a"), STOP, DONE))
    assert reader.feed(sse(says("b"), STOP, DONE)) == []
    assert reader.end() == []


def test_H03_a_call_wins_over_stop() -> None:
    """An answer with a tool call waits for tools, whatever the host says."""
    opener = calls(piece(0, "t1", name="f", arguments="{}"))
    assert read(ROLE, says("a"), opener, STOP, DONE).stop is Stop.TOOLS
    assert read(ROLE, opener, chunk(finish="length"), DONE).stop is Stop.LENGTH
    assert read(ROLE, says("a"), CALLS, DONE).stop is Stop.END


# --- errors ---


@pytest.mark.parametrize(
    "event",
    [
        {"error": {"code": 400, "message": "no"}},
        chunk({"content": "x"}, error={"code": 400, "message": "no"}),
        {"choices": [{"error": {"code": 400, "message": "no"}, "finish_reason": "error"}]},
        {"error": {"code": 400, "message": "no"}, "choices": "none"},
    ],
)
def test_B04_errors_in_a_chunk(event: dict[str, Any]) -> None:
    """An error is told as the provider's object, and nothing behind it is."""
    heard = read(ROLE, says("a"), event, says("b"), STOP, DONE)
    assert json.loads(heard.error or b"") == {"code": 400, "message": "no"}
    assert heard.text == "a"
    assert not heard.ended


def test_errors_by_the_name_of_the_event() -> None:
    """An event called ``error`` is one, JSON or not."""
    assert play([b'event: error\ndata: {"message":"no"}\n\n']).error == b'{"message":"no"}'
    assert play([b"event: error\ndata: sorry\n\n"]).error == b'"sorry"'


def test_errors_in_place_of_a_stream() -> None:
    """A plain JSON error where events should be is found."""
    assert play([b'{"error":{"code":429}}\n\n']).error == b'{"code":429}'


@pytest.mark.parametrize("data", ["{", "null", "[]", '"x"', '{"choices":5}', "{'a':1}"])
def test_what_is_no_chunk_is_malformed(data: str) -> None:
    """Broken JSON and other shapes end the reading."""
    heard = read(ROLE, says("a"), data, STOP, DONE)
    assert heard.malformed
    assert heard.text == "a"
    assert not heard.ended


def test_an_endless_frame_is_malformed() -> None:
    """The buffer is bounded."""
    assert play([b"data: " + b"x" * (MAX_FRAME + 1)]).malformed


def test_B05_null_errors_are_none() -> None:
    """Hosts that put ``error: null`` on each chunk mean no error."""
    assert read(ROLE, chunk({"content": "a"}, error=None), STOP, DONE).ended


# --- usage ---


@pytest.mark.parametrize(
    "events",
    [
        [STOP, {"id": "c-1", "choices": [], "usage": USAGE}, DONE],
        [chunk(finish="stop", usage=USAGE), DONE],
        [chunk(finish="stop", usage={"prompt_tokens": 1}), chunk(usage=USAGE), DONE],
        [STOP, DONE, {"choices": [], "usage": USAGE}],
        [chunk(finish="stop", x_groq={"usage": USAGE}), DONE],
        [chunk(finish="stop", usage=USAGE), {"choices": [], "usage": {}}, DONE],
    ],
)
def test_A03_usage_on_any_chunk(events: list[Any]) -> None:
    """Usage counts wherever it stands, and the last one wins."""
    heard = play([sse(ROLE, says("a"), *events)])
    assert json.loads(heard.usage or b"") == USAGE
    assert heard.ended


def test_the_tier_is_heard() -> None:
    """The tier is kept when later chunks do not repeat it."""
    assert read(chunk({"content": "a"}, service_tier="flex"), STOP, DONE).tier == "flex"


# --- thoughts ---

Spelled = list[tuple[dict[str, Any], ...]]
PLAIN: Spelled = [
    ({"reasoning_content": "hm"}, {"reasoning_content": "m"}),
    ({"reasoning": "hm"}, {"reasoning": "m", "channel": "analysis"}),
    ({"reasoning": "hm", "reasoning_content": "hm"}, {"reasoning_content": "m", "reasoning": "m"}),
    (
        {"reasoning": "hm", "reasoning_details": [{"type": "reasoning.text", "text": "hm"}]},
        {"reasoning": "m", "reasoning_details": [{"type": "reasoning.text", "text": "m"}]},
    ),
    (
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]},
        {"content": [{"type": "thinking", "thinking": "m"}]},
    ),
    (
        {"reasoning_content": "hm", "thinking_blocks": [{"type": "thinking", "thinking": "hm"}]},
        {"reasoning_content": "m", "thinking_blocks": [{"type": "thinking", "thinking": "m"}]},
    ),
]


@pytest.mark.parametrize("spelled", PLAIN)
def test_thoughts_in_every_spelling(spelled: tuple[dict[str, Any], ...]) -> None:
    """The same thoughts in several fields are told once."""
    heard = read(ROLE, *[chunk(delta) for delta in spelled], says("a"), STOP, DONE)
    assert heard.parts == [Reasoning("hmm"), Text("a")]


def detail(kind: str, **more: Any) -> dict[str, Any]:
    """A chunk with one detail."""
    return chunk({"reasoning_details": [{"type": f"reasoning.{kind}", **more}]})


def test_H02_signed_details() -> None:
    """Signatures and thoughts in cipher keep their vendor; a new index is a new thought."""
    claude = {"format": "anthropic-claude-v1"}
    heard = read(
        ROLE,
        detail("text", text="hm", index=0, **claude),
        detail("text", text="m", index=0, **claude),
        detail("text", signature="sig", index=0, **claude),
        detail("encrypted", data="dark", index=1, **claude),
        detail("text", text="so", index=2, **claude),
        detail("text", signature="sig2", index=2),
        says("a"),
        STOP,
        DONE,
    )
    assert heard.parts == [
        Reasoning("hmm", Vendor.ANTHROPIC, "sig"),
        Reasoning("", Vendor.ANTHROPIC, hidden="dark"),
        Reasoning("so", Vendor.ANTHROPIC, "sig2"),
        Text("a"),
    ]


def test_summaries_of_openai() -> None:
    """A summary and its cipher have the item's id."""
    openai = {"format": "openai-responses-v1", "id": "rs_1", "index": 0}
    heard = read(
        ROLE,
        detail("encrypted", data="dark", **openai),
        detail("summary", summary="hm", **openai),
        says("a"),
        STOP,
        DONE,
    )
    assert heard.parts[0] == Reasoning("hm", Vendor.OPENAI, hidden="dark", id="rs_1")


def test_H02_a_cipher_behind_a_summary_is_of_the_same_thought() -> None:
    """As OpenRouter tells it; a cipher with another id is a thought of its own."""
    openai = {"format": "openai-responses-v1"}
    heard = read(
        ROLE,
        detail("summary", summary="h", id="rs_1", index=0, **openai),
        detail("summary", summary="m", index=0),
        detail("encrypted", data="dark", id="rs_1", index=1, **openai),
        detail("encrypted", data="two", id="rs_2", index=2, **openai),
        says("a"),
        STOP,
        DONE,
    )
    assert heard.parts == [
        Reasoning("hm", Vendor.OPENAI, "dark", id="rs_1", summary=True),
        Reasoning(vendor=Vendor.OPENAI, hidden="two", id="rs_2"),
        Text("a"),
    ]


def test_thinking_blocks_of_litellm() -> None:
    """A signature closes its block; redacted blocks are thoughts in cipher."""
    heard = read(
        ROLE,
        chunk({"thinking_blocks": [{"type": "thinking", "thinking": "hm"}]}),
        chunk({"thinking_blocks": [{"type": "thinking", "thinking": "", "signature": "s"}]}),
        chunk({"thinking_blocks": [{"type": "redacted_thinking", "data": "dark"}]}),
        says("a"),
        STOP,
        DONE,
    )
    assert heard.parts[:2] == [
        Reasoning("hm", Vendor.ANTHROPIC, "s"),
        Reasoning(vendor=Vendor.ANTHROPIC, hidden="dark"),
    ]


def test_words_beside_a_cipher() -> None:
    """Thoughts that stand only in the plain field are not lost to a detail without words."""
    dark = {"type": "reasoning.encrypted", "data": "d", "format": "google-gemini-v1"}
    empty = {"type": "reasoning.text", "text": ""}
    heard = read(
        ROLE,
        chunk({"reasoning": "hm", "reasoning_details": [empty]}),
        chunk({"reasoning": "so", "reasoning_details": [dark]}),
        chunk({"thinking_blocks": [{"type": "thinking", "thinking": "", "signature": "s"}]}),
        STOP,
        DONE,
    )
    assert heard.parts == [
        Reasoning("hm"),
        Reasoning(vendor=Vendor.GOOGLE, hidden="d"),
        Reasoning("so", vendor=Vendor.ANTHROPIC, signature="s"),
    ]


def test_what_nobody_can_read_is_left_out() -> None:
    """Thoughts in cipher of a vendor that is not known go to nobody."""
    heard = read(ROLE, detail("encrypted", data="x", format="xai-responses-v1"), STOP, DONE)
    assert heard.parts == []
    assert heard.ended


def test_a_signature_of_a_call_in_details() -> None:
    """OpenRouter's signature of a call finds its call, before or behind the opener."""
    opener = calls(piece(0, "t1", name="f", arguments="{}"))
    signature = detail("encrypted", data="sig", format="google-gemini-v1", id="t1")
    want = [ToolCall("t1", "f", "{}", "sig")]
    assert read(ROLE, opener, signature, CALLS, DONE).parts == want
    assert read(ROLE, signature, opener, CALLS, DONE).parts == want
    unclaimed = read(ROLE, signature, says("a"), STOP, DONE).parts
    assert unclaimed == [Text("a"), Reasoning(vendor=Vendor.GOOGLE, hidden="sig", id="t1")]


# --- refusals, sources, probabilities ---


def test_refusals() -> None:
    """A refusal in words is a part of its own, and the reason for the end."""
    heard = read(ROLE, chunk({"refusal": "I "}), chunk({"refusal": "won't"}), STOP, DONE)
    assert heard.parts == [Refusal("I won't")]
    assert heard.stop is Stop.REFUSED


def source(url: str, **more: Any) -> dict[str, Any]:
    """An annotation."""
    return {"type": "url_citation", "url_citation": {"url": url, **more}}


def test_sources() -> None:
    """Annotations are sources of the open text; early ones wait for it; empty spans are none."""
    early = chunk({"annotations": [source("https://a", start_index=0, end_index=0)]})
    late = chunk({"annotations": [source("https://b", title="B", start_index=0, end_index=1)]})
    heard = read(ROLE, early, says("x"), late, chunk({"annotations": [{"type": "?"}]}), STOP, DONE)
    assert heard.parts == [
        Text("x", citations=(Citation("https://a"), Citation("https://b", "B", None, 0, 1)))
    ]


def test_addresses_beside_the_choices() -> None:
    """Perplexity repeats all addresses on every chunk; they are told once."""
    urls = ["https://a", "https://b"]
    heard = read(
        chunk({"content": "x"}, citations=urls), chunk(finish="stop", citations=urls), DONE
    )
    assert heard.parts == [Text("x", citations=(Citation("https://a"), Citation("https://b")))]


def test_probabilities_stay_as_they_are() -> None:
    """Log probabilities keep their spelling."""
    told = {"content": [{"token": "a", "logprob": -0.10, "bytes": [97], "top_logprobs": []}]}
    with_them = chunk({"content": "a"})
    with_them["choices"][0]["logprobs"] = told
    found = [
        e.logprobs for e in read(ROLE, with_them, STOP, DONE).events if isinstance(e, TextDelta)
    ]
    assert [json.loads(bytes(one)) for one in found if one] == [told]


def test_probabilities_on_several_lines() -> None:
    """An event may have several lines; what is kept of it for another stream has one."""
    lines = [b'{"choices":[{"delta":{"content":"a"},"logprobs":{"content":', b'["\xff"]}}]}']
    heard = read(b"".join(b"data: " + line + b"\n" for line in lines) + b"\n", STOP, DONE)
    logprobs = [one.logprobs for one in heard.events if isinstance(one, TextDelta)]
    assert [bytes(one or b"").decode() for one in logprobs] == ['{"content": ["\ufffd"]}']
