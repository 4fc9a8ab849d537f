"""Close ids: what a caller who mistyped one is offered, and what looking for it costs."""

import math
from typing import Any

import pytest

from gate.samples import (
    ACME,
    CHAT,
    NOW,
    OTHERS,
    caller,
    model,
    snapshot,
)
from tollhouse.catalogue.compile import spellings
from tollhouse.core.model import Owner
from tollhouse.core.snapshot import Spelling
from tollhouse.gate import close
from tollhouse.gate.gate import close_ids, decide


@pytest.mark.parametrize(
    ("requested", "expected"),
    [
        ("gpt-4o-mnii", "openai/gpt-4o-mini"),
        ("GPT-4o-mini", "openai/gpt-4o-mini"),
        ("gpt-4o-mini", "openai/gpt-4o-mini"),
        ("azure/gpt-4o-mini", "openai/gpt-4o-mini"),
        ("openai/gpt-4o-mini-2024", "openai/gpt-4o-mini"),
        ("claude-3-haiku", "bedrock/claude-3-haiku"),
        ("bedrock/claude-3-haku", "bedrock/claude-3-haiku"),
        ("fst", "fast"),
    ],
)
def test_mistyped_id_is_offered_close_ones(requested: str, expected: str) -> None:
    """Case, a typo, a missing or wrong provider in front: the right id is offered first."""
    catalogue = snapshot(
        model("openai/gpt-4o-mini", aliases=("fast",)),
        model("openai/gpt-4o"),
        model("bedrock/claude-3-haiku"),
        model("mistral/large"),
    )
    refusal = decide(catalogue, requested, caller(), CHAT, NOW).refusals[0]
    assert refusal.close_ids[0] == expected
    assert expected in refusal.message
    assert len(refusal.close_ids) <= 3


def test_id_like_no_other_is_offered_nothing() -> None:
    """A name that resembles none gets no suggestion, and the plain message."""
    catalogue = snapshot(model("openai/gpt-4o"))
    for requested in ("zzz", "x" * 128, "o" * 5000, "/", ""):
        assert decide(catalogue, requested, caller(), CHAT, NOW).refusals[0].close_ids == ()


def test_only_models_that_the_caller_may_use_are_offered() -> None:
    """Denied, disabled and foreign models are not given away by a typo."""
    catalogue = snapshot(
        model("gpt-1", enabled=False),
        model("gpt-2", org_slugs=OTHERS),
        model("gpt-3", owner=Owner(ACME.kind, slug="other")),
        model("gpt-4"),
    )
    assert close_ids(catalogue, "gpt-", caller(), NOW) == ("gpt-4",)


class _Watched(list[Spelling]):
    """A list that counts the items it gives out."""

    given = 0

    def __getitem__(self, key: Any) -> Any:
        got = super().__getitem__(key)
        self.given += len(got) if isinstance(key, slice) else 1
        return got


@pytest.mark.parametrize("requested", ["org3/modle-9", "model", "nothing/like/it", "/"])
def test_F13_unknown_ids_cost_the_same_in_a_large_catalogue(requested: str) -> None:
    """An unknown id looks at a fixed number of neighbours, found by halving."""
    size = 3000
    watched = _Watched(spellings(f"org{i % 7}/model-{i}" for i in range(size)))
    close.close_names(watched, requested, lambda _: True)
    halvings = 2 * math.ceil(math.log2(2 * size))
    assert watched.given <= 4 * close.REACH + halvings


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("", "", 0.0),
        ("abc", "abc", 1.0),
        ("abc", "xyz", 0.0),
        ("abcd", "abd", 6 / 7),
        ("aa", "a", 2 / 3),
    ],
)
def test_likeness_is_shared_ends(one: str, other: str, expected: float) -> None:
    """Two words are as alike as the beginning and the end that they share, none counted twice."""
    assert close.likeness(one, other) == pytest.approx(expected)
    assert close.likeness(other, one) == pytest.approx(expected)
