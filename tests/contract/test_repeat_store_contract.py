"""What every implementation of ``ports.RepeatStore`` does, on every engine."""

import asyncio
from dataclasses import replace

import pytest

from store.samples import change
from tollhouse.core.errors import CallerError, Code
from tollhouse.core.history import Repeat, Versions
from tollhouse.ports import RepeatStore, Store

TURN = Repeat("acme k", "f" * 64, 1_000.000001)
DAY = 86_400


async def begin(store: RepeatStore, turn: Repeat) -> Repeat | None:
    """Take a turn, with the usual periods before it."""
    return await store.begin_repeat(turn, kept_since=turn.at - DAY, under_way_since=turn.at - 20)


async def test_a_turn_is_taken_once(store: Store) -> None:
    """Who comes second learns what there is: the request, without an answer."""
    assert await begin(store, TURN) is None
    assert await begin(store, replace(TURN, at=1_001, fingerprint="other")) == TURN
    assert await begin(store, replace(TURN, key="acme other")) is None


async def test_of_many_at_once_one_has_the_turn(store: Store) -> None:
    """Whatever the engine lets run beside each other."""
    found = await asyncio.gather(
        *(begin(store, replace(TURN, at=1_000 + number / 1_000)) for number in range(10))
    )
    assert found.count(None) == 1


async def test_an_answer_is_kept_with_the_change(store: Store) -> None:
    """Whoever asks later gets it."""
    await begin(store, TURN)
    answered = replace(TURN, answer='{"status": 201}')
    await store.commit(replace(change(0, "a"), answered=answered))
    assert await begin(store, replace(TURN, at=1_005)) == answered


async def test_a_turn_that_is_not_there_takes_the_change_back(store: Store) -> None:
    """Never begun, given up, overtaken or answered already: a 409, and nothing was committed."""
    answered = replace(TURN, answer="{}")

    async def refused() -> None:
        version = (await store.versions()).catalogue
        with pytest.raises(CallerError) as caught:
            await store.commit(replace(change(version, "b"), answered=answered))
        assert caught.value.code is Code.IDEMPOTENCY_KEY_IN_USE
        assert (await store.versions()).catalogue == version
        assert "b" not in [one.model_id for one in (await store.load()).models]

    await refused()
    await begin(store, TURN)
    await store.give_up_repeat(TURN)
    await refused()
    await begin(store, TURN)
    assert await begin(store, replace(TURN, at=1_021)) is None
    await refused()
    await store.commit(replace(change(0, "a"), answered=replace(answered, at=1_021)))
    await refused()
    assert await store.versions() == Versions(catalogue=1)


async def test_a_turn_without_an_answer_ends_by_itself(store: Store) -> None:
    """What began before the period in which it could be under way was given up."""
    await begin(store, TURN)
    assert await begin(store, replace(TURN, at=1_020)) == TURN
    later = replace(TURN, at=1_020.1, fingerprint="other")
    assert await begin(store, later) is None
    assert await begin(store, replace(TURN, at=1_021)) == later


async def test_only_ones_own_turn_is_given_up(store: Store) -> None:
    """Neither another's nor one that has an answer."""
    await begin(store, TURN)
    await store.give_up_repeat(replace(TURN, at=999))
    assert await begin(store, replace(TURN, at=1_001)) == TURN
    answered = replace(TURN, answer="{}")
    await store.commit(replace(change(0, "a"), answered=answered))
    await store.give_up_repeat(TURN)
    assert await begin(store, replace(TURN, at=1_001)) == answered


async def test_what_is_older_than_a_day_is_forgotten(store: Store) -> None:
    """Answers too, and of every key, when any turn begins."""
    await begin(store, TURN)
    await store.commit(replace(change(0, "a"), answered=replace(TURN, answer="{}")))
    other = replace(TURN, key="acme other", at=TURN.at + DAY)
    assert await begin(store, other) is None
    assert await begin(store, replace(TURN, at=TURN.at + DAY)) == replace(TURN, answer="{}")
    assert await begin(store, replace(other, at=TURN.at + DAY + 1)) is not None
    assert await begin(store, replace(TURN, at=TURN.at + DAY + 1)) is None
