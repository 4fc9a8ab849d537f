"""What every implementation of ``ports.ScheduleStore`` does with changes to come."""

from dataclasses import replace
from typing import Any

import pytest

from store.samples import NINE, change, event
from tollhouse.core.errors import FieldFault
from tollhouse.core.history import AuditEvent
from tollhouse.core.schedule import Scheduled, ScheduleState
from tollhouse.ports import StaleVersion, Store


def later(number: int = 1, **fields: Any) -> Scheduled:
    """A change of one model; later numbers are due later."""
    known: dict[str, Any] = {
        "id": f"later-{number:04}",
        "due": NINE + number + 0.25,
        "model_id": "a/b",
        "org": None,
        "patch": {"enabled": False, "display": {"name": "é"}, "limits": None},
        "created_at": float(NINE),
        "created_by": "user_token:ada",
    }
    return Scheduled(**{**known, **fields})


def settled(entry: Scheduled, state: ScheduleState, **fields: Any) -> Scheduled:
    """The same, at its end."""
    return replace(entry, state=state, settled_at=NINE + 9.5, **fields)


async def events(store: Store) -> list[str]:
    """The ids of all events, oldest first."""
    page = await store.events(
        target=None, actor=None, action=None, org=None, since=None, limit=100, cursor=None
    )
    return [one.id for one in reversed(page.rows) if isinstance(one, AuditEvent)]


async def test_a_change_is_kept_as_it_was_with_its_event(store: Store) -> None:
    """Every field survives, whatever state it comes to."""
    pending = later(org="acme")
    await store.add_scheduled(pending, event(1))
    assert await store.one_scheduled("later-0001") == pending
    faults = (FieldFault("failover", "is not a model: x"), FieldFault("", "?"))
    failed = settled(pending, ScheduleState.FAILED, code="validation_failed", faults=faults)
    assert await store.settle_scheduled(failed, event(2))
    assert await store.one_scheduled("later-0001") == failed
    assert await store.one_scheduled("later-0002") is None
    assert await events(store) == ["event-000001", "event-000002"]


@pytest.mark.parametrize("first", [ScheduleState.APPLIED, ScheduleState.CANCELLED])
async def test_a_change_is_settled_once(store: Store, first: ScheduleState) -> None:
    """The second attempt writes nothing, its event neither; one that never was is no different."""
    await store.add_scheduled(later(), event(1))
    assert await store.settle_scheduled(settled(later(), first), event(2))
    assert not await store.settle_scheduled(settled(later(), ScheduleState.FAILED), event(3))
    assert not await store.settle_scheduled(settled(later(9), ScheduleState.FAILED), event(4))
    kept = await store.one_scheduled("later-0001")
    assert kept is not None
    assert kept.state is first
    assert await events(store) == ["event-000001", "event-000002"]


async def test_a_commit_settles_the_change_that_it_is(store: Store) -> None:
    """Together or not at all: one that is settled already takes the whole commit back."""
    await store.add_scheduled(later(), event(1))
    made = replace(change(0, "m"), settles=settled(later(), ScheduleState.APPLIED))
    assert await store.commit(made) == 1
    again = replace(change(1, "n"), settles=settled(later(), ScheduleState.APPLIED))
    with pytest.raises(StaleVersion):
        await store.commit(again)
    assert [one.model_id for one in (await store.load()).models] == ["m"]
    assert (await store.versions()).catalogue == 1


async def test_what_is_due_comes_in_its_order_while_it_is_pending(store: Store) -> None:
    """To the microsecond, and no more than asked for."""
    for number in (3, 1, 2, 4):
        await store.add_scheduled(later(number), event(number))
    await store.settle_scheduled(settled(later(1), ScheduleState.CANCELLED), event(9))

    async def due(now: float, limit: int = 10) -> list[str]:
        return [one.id[-1] for one in await store.due_changes(now, limit=limit)]

    assert await due(NINE + 3.25) == ["2", "3"]
    assert await due(NINE + 3.249999) == ["2"]
    assert await due(NINE + 60, limit=1) == ["2"]


async def test_changes_are_listed_by_their_time_and_filtered(store: Store) -> None:
    """Page by page."""
    for number in range(1, 6):
        model_id = "odd" if number % 2 else "even"
        await store.add_scheduled(later(number, model_id=model_id), event(number))
    await store.settle_scheduled(settled(later(1), ScheduleState.FAILED), event(9))

    async def listed(**wanted: str) -> list[str]:
        found: list[str] = []
        cursor = None
        while True:
            narrowed: dict[str, Any] = {"state": None, "model_id": None, **wanted}
            page = await store.scheduled(**narrowed, limit=2, cursor=cursor)
            found += [one.id[-1] for one in page.rows]
            cursor = page.next_cursor
            if cursor is None:
                return found

    assert await listed() == ["1", "2", "3", "4", "5"]
    assert await listed(state="pending") == ["2", "3", "4", "5"]
    assert await listed(state="failed") == ["1"]
    assert await listed(state="pending", model_id="odd") == ["3", "5"]
