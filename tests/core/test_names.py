"""Ids, secrets and states of the nouns."""

import uuid

import pytest

from tollhouse.core.model import Lifecycle, Model, Provider, Secret, Target, Timeouts
from tollhouse.core.needs import ModelType, Needs
from tollhouse.core.tasks import spawn
from tollhouse.system import SystemClock, SystemIds


def model(**fields: object) -> Model:
    """A model with little in it."""
    target = Target(Provider("p", "openai", "http://127.0.0.1"), "m", Timeouts())
    return Model("m", ModelType.COMPLETION, target, **fields)  # type: ignore[arg-type]


def test_G01_a_secret_does_not_show_itself() -> None:
    """Neither printed nor in a record that holds it."""
    provider = Provider("p", "openai", "http://127.0.0.1", Secret("sk-canary"))
    assert "sk-canary" not in f"{provider} {provider!r} {provider.api_key}"
    assert provider.api_key is not None
    assert provider.api_key.reveal() == "sk-canary"


@pytest.mark.parametrize(
    ("enabled", "ends", "state"),
    [
        (True, None, Lifecycle.ACTIVE),
        (False, None, Lifecycle.DISABLED),
        (False, 5.0, Lifecycle.DISABLED),
        (True, 11.0, Lifecycle.DEPRECATED),
        (True, 10.0, Lifecycle.END_OF_LIFE),
    ],
)
def test_F10_the_lifecycle_follows_the_clock(
    enabled: bool,  # noqa: FBT001 - a row of a table
    ends: float | None,
    state: Lifecycle,
) -> None:
    """The end has come at its very second."""
    assert model(enabled=enabled, end_of_life_at=ends).lifecycle(10.0) is state


def test_words_are_a_floor_of_tokens() -> None:
    """No tokenizer makes fewer tokens than there are words and numbers given as tokens."""
    assert Needs(texts=("one two", "three"), token_count=4).input_floor() == 7


def test_ids_are_version_7_and_sort_by_their_time() -> None:
    """A later id stands behind an earlier one of another millisecond."""
    ids = SystemIds()
    first, clock = ids.uuid(), SystemClock()
    now = clock.now()
    while clock.now() < now + 0.002:
        pass
    second = ids.uuid()
    assert first < second
    assert {uuid.UUID(one).version for one in (first, second)} == {7}
    assert uuid.UUID(first).variant == uuid.RFC_4122
    assert len({ids.uuid() for _ in range(10_000)}) == 10_000


def test_an_id_is_its_time_its_marks_and_chance() -> None:
    """Milliseconds in front, and of the other 80 bits all but the six of the marks vary."""
    clock, ids = SystemClock(), SystemIds()
    before = int(clock.now() * 1000)
    made = [uuid.UUID(ids.uuid()) for _ in range(500)]
    after = int(clock.now() * 1000)
    assert all(before <= one.int >> 80 <= after for one in made)
    ones = zeros = 0
    for one in made:
        ones |= one.int
        zeros |= ~one.int
    assert (ones & zeros & ((1 << 80) - 1)).bit_count() == 74


async def test_a_background_task_that_fails_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing dies in silence."""

    async def fails() -> None:
        raise RuntimeError("boom")

    task = spawn(fails(), name="a task")
    with pytest.raises(RuntimeError):
        await task
    assert "background task failed" in caplog.text
