"""When text in pieces is a whole JSON object: as if all of it were read again each time."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollhouse.wire.chat.whole_object import WholeObject

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='a"\\{}[]é\n'),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('a"\\{}'), inner),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text('a"\\{}'), VALUES)
SOUP = st.text(alphabet='{}[]",:1\\ a', max_size=30)


def is_object(text: str) -> bool:
    """What the pieces have to come to."""
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


@given(OBJECTS.map(json.dumps) | SOUP, st.lists(st.integers(0, 60)), SOUP | st.just(" \n"))
def test_it_says_at_every_piece_what_reading_all_would_say(
    text: str, cuts: list[int], behind: str
) -> None:
    """Wherever it is cut, and whatever comes behind it; but not of a text that was none before."""
    edges = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    pieces: list[str] = []
    watched, unwatched = WholeObject(), WholeObject()
    for start, end in pairwise(edges):
        pieces.append(text[start:end])
        assert watched.is_in(pieces) is is_object("".join(pieces))
    pieces.append(behind)
    whole = is_object("".join(pieces))
    assert watched.is_in(pieces) is whole
    assert unwatched.is_in(pieces) is whole


@pytest.mark.parametrize(
    "text", ["", "1", '"{}"', "[{}]", "}", "{", "{}{}", "{} {}", '{"a":"}', '{"a":"\\"}', "{a}"]
)
def test_what_is_none(text: str) -> None:
    """Other values, what is open, two of them, and what only looks like one."""
    assert not WholeObject().is_in([text])
    letters, watched = [], WholeObject()
    for letter in text:
        letters.append(letter)
        watched.is_in(letters)
    assert not watched.is_in(letters)


def test_it_is_none_until_it_is_whole() -> None:
    """A brace in a string, or behind an escape that a piece ends with, closes nothing."""
    pieces = ['{"a}":{"b', "}\\", '"}', '":[]', "}", " ", "}", "\n"]
    watched = WholeObject()
    told = [watched.is_in(pieces[: end + 1]) for end in range(len(pieces))]
    assert told == [False, False, False, False, False, False, True, True]
