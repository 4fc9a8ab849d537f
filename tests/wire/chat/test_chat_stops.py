"""Reasons for an end, both ways."""

import pytest

from tollhouse.wire.chat.stops import READ, WRITTEN, read_stop, written_stop
from tollhouse.wire.neutral.answer import Stop

OPENAI = {"stop", "length", "tool_calls", "content_filter"}


def test_every_stop_has_one_of_openais_words() -> None:
    """Clients with closed enumerations can read every answer."""
    assert set(WRITTEN) == set(Stop)
    assert set(WRITTEN.values()) == OPENAI


@pytest.mark.parametrize("word", sorted(OPENAI))
def test_openais_words_come_back(word: str) -> None:
    """What OpenAI says is said again."""
    assert WRITTEN[READ[word]] == word


@pytest.mark.parametrize(
    ("word", "calls", "refused", "stop"),
    [
        ("stop", False, False, Stop.END),
        ("stop", True, False, Stop.TOOLS),
        ("stop", False, True, Stop.REFUSED),
        ("tool_calls", False, False, Stop.END),
        (None, False, False, Stop.END),
        ("SOMETHING", False, False, Stop.END),
        ("length", True, False, Stop.LENGTH),
        ("MAX_TOKENS", False, False, Stop.LENGTH),
        ("model_length", False, False, Stop.CONTEXT),
        ("content_filter: SAFETY", False, False, Stop.FILTERED),
        ("function_call_filter: MALFORMED_FUNCTION_CALL", False, False, Stop.FAILED),
        ("error", True, False, Stop.FAILED),
    ],
)
def test_words_and_what_they_mean(
    word: str | None, *, calls: bool, refused: bool, stop: Stop
) -> None:
    """Hosts' words, known and unknown, given what is in the answer."""
    assert read_stop(word, calls=calls, refused=refused) is stop


def test_a_refusal_in_words_ends_as_openai_ends_it() -> None:
    """Behind words of refusal stands "stop"; without them the filter is named."""
    assert written_stop(Stop.REFUSED, refusal=True) == "stop"
    assert written_stop(Stop.REFUSED, refusal=False) == "content_filter"
