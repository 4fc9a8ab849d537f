"""How streams of chunks end: well, badly, and with errors."""

import json
from typing import Any

import pytest

from wire.openai.chunks import EXTRA, ROLE, STOP, USAGE, chunk, reader, run, says
from wire.openai.streams import DONE, Outcome, play, sse

BOTH = pytest.mark.parametrize("asked", [False, True], ids=["not asked", "asked"])
TEXT = says("Hel", "lo")


def ending(outcome: Outcome) -> str:
    """What the relay makes of an outcome."""
    if outcome.error is not None:
        return "error"
    if outcome.malformed:
        return "malformed"
    return "whole" if outcome.finished else "cut off"


ENDS: dict[str, tuple[bytes, str]] = {
    "DONE": (sse(ROLE, *TEXT, STOP, DONE), "whole"),
    "DONE twice": (sse(ROLE, *TEXT, STOP, DONE, DONE), "whole"),
    "DONE thrice, spaced": (sse(ROLE, *TEXT, STOP, " [DONE] ", DONE, DONE), "whole"),
    "data:[DONE]": (sse(ROLE, *TEXT, STOP) + b"data:[DONE]\n\n", "whole"),
    "data:[DONE] with CRLF": (sse(ROLE, *TEXT, STOP) + b"data:[DONE]\r\n\r\n", "whole"),
    "DONE without a blank line": (sse(ROLE, *TEXT, STOP) + b"data: [DONE]", "whole"),
    "DONE with one line end": (sse(ROLE, *TEXT, STOP) + b"data: [DONE]\n", "whole"),
    "DONE as a named event": (sse(ROLE, *TEXT, STOP) + b"event: done\ndata: [DONE]\n\n", "whole"),
    "DONE cut": (sse(ROLE, *TEXT, STOP) + b"data: [DO", "whole"),
    "no DONE": (sse(ROLE, *TEXT, STOP), "whole"),
    "no DONE, no blank line": (sse(ROLE, *TEXT, STOP).rstrip(), "whole"),
    "no DONE, CRLF, no blank line": (sse(ROLE, *TEXT, STOP, end="\r\n\r\n").rstrip(), "whole"),
    "usage cut": (sse(ROLE, *TEXT, STOP) + sse(EXTRA)[:-30], "whole"),
    "text behind DONE": (sse(ROLE, *TEXT, STOP, DONE, *TEXT, STOP, {"error": "x"}), "whole"),
    "comment behind": (sse(ROLE, *TEXT, STOP, DONE) + b": bye\n\n", "whole"),
    "DONE without a finish": (sse(ROLE, *TEXT, DONE), "whole"),
    "DONE behind a role": (sse(ROLE, DONE), "whole"),
    "nothing at all": (b"", "cut off"),
    "blank lines": (b"\n\n\n\n", "cut off"),
    "comments": (b": hi\n\n: hi\n\n", "cut off"),
    "a role": (sse(ROLE), "cut off"),
    "a preamble": (sse({**chunk(), "choices": []}), "cut off"),
    "usage alone": (sse(EXTRA), "cut off"),
    "text without a finish": (sse(ROLE, *TEXT), "cut off"),
    "text and usage": (sse(ROLE, *TEXT, EXTRA), "cut off"),
    "mid-frame": (sse(ROLE, *TEXT) + sse(TEXT[0])[:-40], "cut off"),
    "mid-letter": (sse(ROLE, *says("日本"))[:-75], "cut off"),
    "mid-finish": (sse(ROLE, *TEXT) + sse(STOP)[:-10], "cut off"),
    "half a name": (sse(ROLE, *TEXT) + b"da", "cut off"),
    "one choice of two": (
        sse(ROLE, {**ROLE, "choices": [{**ROLE["choices"][0], "index": 1}]}, *TEXT, STOP),
        "cut off",
    ),
    "DONE alone": (sse(DONE), "malformed"),
    "DONE behind a preamble": (sse({**chunk(), "choices": []}, DONE), "malformed"),
    "DONE behind usage": (sse(EXTRA, DONE), "malformed"),
    "no JSON": (sse(ROLE, *TEXT, "oops"), "malformed"),
    "no JSON first": (sse("<html>"), "malformed"),
    "a list": (sse(ROLE, [1]), "malformed"),
    "bad JSON": (sse(ROLE, '{"a":'), "malformed"),
    "two chunks in one event": (sse(ROLE, '{"a":1}\ndata: {"b":2}'), "malformed"),
}


@BOTH
@pytest.mark.parametrize(("stream", "expected"), ENDS.values(), ids=ENDS)
def test_B14_B03_only_a_whole_answer_ends_well(stream: bytes, expected: str, asked: bool) -> None:  # noqa: FBT001 - both
    """The terminator goes out once for what is whole, and never for what was cut off."""
    outcome = run(stream, asked=asked, step=1)
    assert ending(outcome) == expected
    assert outcome.events.count(DONE) == (expected == "whole")
    if expected == "whole":
        assert outcome.events[-1] == DONE
        assert outcome.text in {"Hello", ""}
    assert b"oops" not in outcome.out


@BOTH
def test_B03_two_choices_have_to_finish_when_two_were_asked_for(asked: bool) -> None:  # noqa: FBT001 - both
    """A choice that was begun and not finished is missed, though another one has finished."""
    cut = sse(ROLE, *TEXT, chunk({"content": "b"}, index=1), STOP)
    assert ending(run(cut, asked=asked, choices=2)) == "cut off"
    whole = cut + sse(chunk(finish="stop", index=1))
    assert ending(run(whole, asked=asked, choices=2)) == "whole"


def test_B03_what_came_of_a_cut_stream_is_passed_on() -> None:
    """Content before the cut has been relayed, half an event has not."""
    outcome = run(sse(ROLE, *TEXT) + sse(TEXT[0])[:-40])
    assert outcome.text == "Hello"
    assert outcome.started
    assert outcome.content_bytes > 0


def test_nothing_follows_the_end() -> None:
    """Whatever a provider sends behind its terminator goes nowhere."""
    one = reader()
    first = play(one, [sse(ROLE, *TEXT, STOP, DONE)])
    assert first.finished
    assert one.feed(sse(*TEXT, STOP, {"error": "x"}, DONE)) == b""
    assert one.feed(b": hi\n\n") == b""
    assert one.end() == b""
    assert (one.error, one.malformed) == (None, False)


# --- Errors ---

BODY = {"message": "slow down", "type": "rate_limit_error", "param": None, "code": "429"}
ERRORS: dict[str, tuple[bytes, Any]] = {
    "an object": (sse({"error": BODY}), BODY),
    "a number as code": (
        sse({"error": {"code": 400, "message": "x"}}),
        {"code": 400, "message": "x"},
    ),
    "text": (sse({"error": "overloaded"}), "overloaded"),
    "sglang's": (sse({"object": "error", "code": 400}), {"object": "error", "code": 400}),
    "with choices": (
        sse({**chunk({"content": ""}, finish="error"), "error": BODY}),
        BODY,
    ),
    "a named event": (sse({"error": BODY}, name="error"), BODY),
    "a named event, bare": (sse(BODY, name="error"), BODY),
    "a named event, no space": (b"event:error\ndata:" + json.dumps(BODY).encode() + b"\n\n", BODY),
    "a named event of text": (sse("it broke", name="error"), "it broke"),
    "CRLF": (sse({"error": BODY}, end="\r\n\r\n"), BODY),
    "the last event, unended": (sse({"error": BODY}).rstrip(), BODY),
}
PREFIXES: dict[str, bytes] = {
    "first": b"",
    "behind a comment": b": hi\n\n",
    "behind a role": sse(ROLE),
    "behind text": sse(ROLE, *TEXT),
    "behind the finish": sse(ROLE, *TEXT, STOP),
}


@BOTH
@pytest.mark.parametrize(("error", "told"), ERRORS.values(), ids=ERRORS)
@pytest.mark.parametrize("prefix", PREFIXES.values(), ids=PREFIXES)
@pytest.mark.parametrize("suffix", [b"", sse(DONE)], ids=["end", "DONE"])
def test_B04_an_error_is_an_error_wherever_it_comes(
    prefix: bytes,
    error: bytes,
    told: Any,
    suffix: bytes,
    asked: bool,  # noqa: FBT001 - both
) -> None:
    """It is told to the relay, is not passed on, and no terminator hides it."""
    if suffix and error.endswith(b"}"):
        return
    outcome = run(prefix + error + suffix, asked=asked, step=17)
    assert ending(outcome) == "error"
    assert json.loads(outcome.error or b"") == told
    assert DONE not in outcome.events
    assert outcome.started is (prefix in {PREFIXES["behind text"], PREFIXES["behind the finish"]})
    assert b"slow down" not in outcome.out
    assert outcome.text == ("Hello" if outcome.started else "")


@pytest.mark.parametrize("nothing", [None, "", {}, [], False])
def test_an_error_that_says_nothing_is_none(nothing: Any) -> None:
    """Some hosts send the field on every chunk."""
    sent = [{**one, "error": nothing} for one in [ROLE, *TEXT, STOP]]
    outcome = run(sse(*sent, DONE))
    assert ending(outcome) == "whole"
    assert outcome.text == "Hello"


def test_A15_an_error_may_tell_what_was_used() -> None:
    """Usage on the failing chunk, or before it, is there to be billed."""
    outcome = run(sse(ROLE, *TEXT, {"error": BODY, "usage": USAGE}))
    assert json.loads(outcome.usage or b"") == USAGE
    outcome = run(sse(ROLE, {**TEXT[0], "usage": USAGE}, {"error": BODY}))
    assert json.loads(outcome.usage or b"") == USAGE


def test_B05_a_role_and_then_an_error_can_still_move_on() -> None:
    """Nothing has started, so the relay may drop what it holds and ask another."""
    outcome = run(sse(ROLE, {"error": BODY}))
    assert (ending(outcome), outcome.started) == ("error", False)


@pytest.mark.parametrize(
    "reason", ["stop", "length", "tool_calls", "content_filter", "function_call", "error", "odd"]
)
def test_B16_every_finish_reason_finishes(reason: str) -> None:
    """Whatever its word for it, the choice is done, and the client sees that word."""
    outcome = run(sse(ROLE, *TEXT, chunk(finish=reason), EXTRA))
    assert ending(outcome) == "whole"
    assert outcome.chunks[-1]["choices"][0]["finish_reason"] == reason


@pytest.mark.parametrize("reason", [None, ""])
def test_an_empty_finish_reason_is_none(reason: Any) -> None:
    """Some hosts send it with every chunk."""
    sent = [chunk({"content": "a"}, finish=reason), chunk({"content": "b"}, finish=reason)]
    assert ending(run(sse(*sent))) == "cut off"
    outcome = run(sse(*sent, STOP))
    assert (ending(outcome), outcome.text) == ("whole", "ab")


def test_content_behind_a_finish_is_passed_on() -> None:
    """An odd host, but nothing is lost, and the answer is still a whole one."""
    outcome = run(sse(ROLE, *TEXT, STOP, *says(" you"), EXTRA, DONE))
    assert outcome.text == "Hello you"
    assert ending(outcome) == "whole"


def test_large_chunks_behind_the_held_one_do_not_wait() -> None:
    """What is held back is bounded in bytes as well; the chunk with the finish reason goes out."""
    stream = reader()
    stream.feed(sse(ROLE, *says("a"), STOP))
    junk = {**chunk({}), "junk": "x" * 700_000}
    assert stream.feed(sse(junk)) == b""
    assert b'"finish_reason":' in stream.feed(sse(junk))
