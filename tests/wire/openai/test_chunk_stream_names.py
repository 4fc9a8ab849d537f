"""Every chunk names the served model, wherever and however the provider wrote its own name."""

import json

import pytest

from wire.openai.chunks import GOOD, ODD, ROLE, SERVED, STOP, UPSTREAM, chunk, run, says
from wire.openai.streams import DONE, compact, sse


@pytest.mark.parametrize("asked", [False, True])
def test_F16_every_chunk_names_the_served_model(asked: bool) -> None:  # noqa: FBT001 - both
    """The provider's own name is in none of them, and nothing else of a chunk changes."""
    outcome = run(GOOD, asked=asked)
    assert {chunk["model"] for chunk in outcome.chunks} == {SERVED}
    assert UPSTREAM.encode() not in outcome.out
    expected = [{**sent, "model": SERVED} for sent in [ROLE, *says("Hel", "lo ", ODD)]]
    assert outcome.chunks[:4] == expected


PLAIN = chunk({"content": "Hi"})
SPELLINGS = {
    "compact": compact(PLAIN),
    "spaced": json.dumps(PLAIN),
    "odd spaces": compact(PLAIN).replace('"model":', '"model" :\t'),
    "behind choices": compact(dict(sorted(PLAIN.items()))),
    "behind choices, more behind": compact(dict(sorted(PLAIN.items())) | {"x": {"a": ["}"]}}),
    "first": compact({"model": UPSTREAM} | PLAIN),
    "name in the text": compact(chunk({"content": f'"model":"{UPSTREAM}"'})),
    "name in other fields": compact({"x": UPSTREAM, **PLAIN, "provider": UPSTREAM}),
    "brackets in front": compact({"x": "}]{[", **PLAIN}),
    "brackets behind": compact({**dict(sorted(PLAIN.items())), "z": "}]{["}),
    "escaped": compact(PLAIN).replace("gpt", "\\u0067pt"),
    "null": compact({**PLAIN, "model": None}),
    "a number": compact({**PLAIN, "model": 5}),
    "empty": compact({**PLAIN, "model": ""}),
}


@pytest.mark.parametrize("written", SPELLINGS.values(), ids=SPELLINGS)
@pytest.mark.parametrize("asked", [False, True])
def test_the_name_is_replaced_however_it_is_written(written: str, asked: bool) -> None:  # noqa: FBT001 - both
    """Each chunk, first or twentieth, gets the served id at its top level and nowhere else."""
    expected = {**json.loads(written), "model": SERVED}
    outcome = run(sse(ROLE, *[written] * 5, STOP, DONE), asked=asked, step=31)
    assert outcome.chunks[1:6] == [expected] * 5


def test_a_name_that_changes_is_replaced_too() -> None:
    """Azure's first chunk has an empty one; hosts that route may change it halfway."""
    names = ["", "a", "a", "a", "b", "b", "", "a", None]
    outcome = run(sse(ROLE, *[{**PLAIN, "model": name} for name in names], STOP, DONE))
    assert {chunk["model"] for chunk in outcome.chunks} == {SERVED}


def test_inner_names_are_not_ours_to_change() -> None:
    """A model inside a delta or an extension is content, even where the top level has none."""
    deep = chunk({"content": "Hi", "tool": {"model": UPSTREAM}}, x={"model": UPSTREAM})
    bare = {name: value for name, value in deep.items() if name != "model"}
    late = dict(sorted(bare.items()))
    outcome = run(sse(ROLE, *says("a"), deep, bare, late, deep, STOP, DONE), step=31)
    for got in outcome.chunks[2:6]:
        assert got["model"] == SERVED
        assert got["x"] == {"model": UPSTREAM}
        assert got["choices"][0]["delta"]["tool"] == {"model": UPSTREAM}


def test_a_chunk_without_a_name_gets_one() -> None:
    """Clients expect it; what is no chunk at all is left alone."""
    bare = {name: value for name, value in PLAIN.items() if name != "model"}
    outcome = run(sse(ROLE, bare, {"ping": 1}, STOP, DONE))
    assert outcome.chunks[1]["model"] == SERVED
    assert outcome.chunks[2] == {"ping": 1}
