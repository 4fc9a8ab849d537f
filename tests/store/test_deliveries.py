"""The audit trail as an outbox: nothing is missed, nothing is taken twice, one worker has it."""

import asyncio
from dataclasses import replace

import pytest

from store.samples import NINE, event
from tollhouse.core.model import Secret
from tollhouse.core.webhook import Delivery, DeliveryState, Webhook
from tollhouse.store.deliveries import LATEST
from tollhouse.store.sql import SqlStore, open_store

HOOK = Webhook("audit", "https://hooks.example", Secret("whsec_x"))
START = float(NINE)


async def begun(store: SqlStore, webhook: Webhook = HOOK) -> SqlStore:
    """The store, with a webhook that begins at nine."""
    assert await store.take_events(webhook, START) == 0
    return store


async def due(store: SqlStore, now: float = START + 1) -> list[Delivery]:
    """What is due."""
    return list(await store.due_deliveries(HOOK.name, now, limit=100))


async def test_new_webhook_is_not_sent_the_past(store: SqlStore) -> None:
    """It begins when it is first seen."""
    await store.append(event(at=START - 60))
    await begun(store)
    await store.append(event(2))

    assert await store.take_events(HOOK, START + 1) == 1
    assert [one.event for one in await due(store)] == ["event-000002"]


async def test_event_is_taken_once(store: SqlStore) -> None:
    """However often it is looked for, by however many workers at a time."""
    await begun(store)
    for number in range(1, 4):
        await store.append(event(number))

    await asyncio.gather(*(store.take_events(HOOK, START + 1) for _ in range(4)))

    assert await store.take_events(HOOK, START + 1) == 0
    assert len(await due(store)) == 3


async def test_event_that_comes_late_is_taken(store: SqlStore) -> None:
    """It bears an earlier time than one that has been delivered long since."""
    await begun(store)
    await store.append(event(at=START + 100))
    await store.take_events(HOOK, START + 100)
    await store.append(event(2, at=START + 1))

    assert await store.take_events(HOOK, START + 101) == 1


async def test_delivered_event_is_forgotten_and_not_taken_again(store: SqlStore) -> None:
    """Its row is gone once no look goes back so far; what is not delivered stays."""
    await begun(store)
    for number in (1, 2):
        await store.append(event(number, at=START + number))
    await store.take_events(HOOK, START + 2)
    first, second = await due(store, START + 2)
    claimed = await store.claim_delivery(first, START + 60)
    assert claimed is not None
    assert await store.settle_delivery(claimed, DeliveryState.DELIVERED, START + 1, None)

    late = START + 10 * LATEST
    for _ in range(3):
        assert await store.take_events(HOOK, late) == 0

    assert [one.event for one in await due(store, late)] == [second.event]
    assert await store.claim_delivery(first, late) is None


@pytest.mark.parametrize(
    ("globs", "org", "taken"),
    [
        (("*",), None, {"model.updated", "model_x", "key.created"}),
        (("model.*",), None, {"model.updated"}),
        (("model_*", "key.created"), None, {"model_x", "key.created"}),
        (("*.created",), "acme", {"key.created"}),
        (("*",), "other", set()),
    ],
)
async def test_only_what_fits_is_taken(
    store: SqlStore, globs: tuple[str, ...], org: str | None, taken: set[str]
) -> None:
    """An underscore is an underscore; only the star stands for anything."""
    webhook = replace(HOOK, events=globs, org=org)
    await begun(store, webhook)
    for number, (action, whose) in enumerate(
        (("model.updated", None), ("model_x", None), ("key.created", "acme"))
    ):
        await store.append(event(number, action=action, org=whose, target=action))

    await store.take_events(webhook, START + 1)

    found = [await store.one_event(one.event) for one in await due(store)]
    assert {one.action for one in found if one is not None} == taken


async def test_more_than_one_batch_is_taken_at_once(store: SqlStore) -> None:
    """A large import leaves no event behind."""
    await begun(store)
    for number in range(1_050):
        await store.append(event(number, at=START + 1))

    assert await store.take_events(HOOK, START + 2) == 1_050


async def test_one_worker_has_a_delivery(store_url: str) -> None:
    """Of many that claim at once one gets it, and it is due again when the claim runs out."""
    workers = [open_store(store_url) for _ in range(3)]
    await begun(workers[0])
    await workers[0].append(event())
    await workers[0].take_events(HOOK, START + 1)
    (delivery,) = await due(workers[0])

    claims = await asyncio.gather(
        *(worker.claim_delivery(delivery, START + 60) for worker in workers for _ in range(3))
    )

    (claimed,) = [one for one in claims if one is not None]
    assert claimed.attempts == 1
    assert await due(workers[1], START + 59) == []
    (again,) = await due(workers[1], START + 60)
    taken_over = await workers[1].claim_delivery(again, START + 120)
    assert taken_over is not None
    assert taken_over.attempts == 2
    assert not await workers[0].settle_delivery(claimed, DeliveryState.DELIVERED, START, None)
    assert await workers[1].settle_delivery(taken_over, DeliveryState.DELIVERED, START, None)
    for worker in workers:
        await worker.aclose()


async def test_dead_letters_are_listed_and_revived_once(store: SqlStore) -> None:
    """Page by page; reviving begins the tries anew and is in the trail."""
    await begun(store)
    for number in (1, 2, 3):
        await store.append(event(number))
    await store.take_events(HOOK, START + 1)
    for number, delivery in enumerate(await due(store)):
        claimed = await store.claim_delivery(delivery, START + 60)
        assert claimed is not None
        await store.settle_delivery(claimed, DeliveryState.DEAD, START + number, "it answered 500")

    page = await store.dead_letters("audit", limit=2, cursor=None)
    rest = await store.dead_letters(None, limit=2, cursor=page.next_cursor)

    assert [one.event for one in (*page.rows, *rest.rows)] == [
        f"event-00000{number}" for number in (1, 2, 3)
    ]
    assert rest.next_cursor is None
    assert (await store.dead_letters("other", limit=2, cursor=None)).rows == []
    told = event(9, action="webhook.retried")
    revived = await store.revive_delivery("audit", "event-000001", START + 5, told)
    assert revived is not None
    assert (revived.state, revived.attempts) == (DeliveryState.PENDING, 0)
    assert await store.revive_delivery("audit", "event-000001", START + 5, told) is None
    assert await store.one_event(told.id) == told
