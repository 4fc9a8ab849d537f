"""Audit events on their way out: signed, at least once, tried again, given up, tried anew."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from admin.house import House, SetClock, code_of, open_house
from fakes.webhook_receiver import SECRET, Receiver, receiving, status
from store.samples import event
from tollhouse.admin.deliverer import (
    CLAIM_SECONDS,
    LONGEST_PAUSE,
    Deliverer,
    pause_after,
)
from tollhouse.core.model import Secret
from tollhouse.core.webhook import Delivery, Webhook
from tollhouse.store.sql import open_store
from tollhouse.system import SystemIds
from tollhouse.upstream.choose import ChosenTransport

LETTERS = "/admin/v1/webhooks/dead-letters"


@pytest.fixture(name="transport")
async def _transport() -> AsyncIterator[ChosenTransport]:
    """The real one."""
    transport = ChosenTransport()
    yield transport
    await transport.aclose()


def hook(receiver: Receiver, name: str = "audit", **fields: Any) -> Webhook:
    """A webhook that leads to a receiver."""
    known = Webhook(name, receiver.url, Secret(SECRET), guarded=False)
    return replace(known, **fields)


def deliverer(house: House, transport: ChosenTransport, *webhooks: Webhook) -> Deliverer:
    """A worker's part in it."""
    return Deliverer(webhooks, house.store, transport, house.clock, SystemIds())


async def test_event_is_sent_in_its_public_form(house: House, transport: ChosenTransport) -> None:
    """Type, time and the event as the audit API tells it; signed; without a secret."""
    async with receiving(lambda _: status(204)) as receiver:
        webhook = hook(receiver)
        worker = deliverer(house, transport, webhook)
        await worker.look(webhook)
        await house.model(
            "a/one",
            connection={
                "protocol": "openai",
                "base_url": "https://api.openai.com/v1",
                "api_key": "sk-canary-of-a-model",
            },
            provider=None,
        )

        assert await worker.look(webhook)

        (message,) = receiver.messages
        (told,) = await house.events(target="a/one")
        assert message["type"] == "model.created"
        assert message["timestamp"] == told["at"]
        assert message["data"] == told
        assert receiver.ids == [told["id"]]
        assert receiver.signed_at == [int(house.clock.now())]
        assert b"canary" not in b"".join(*receiver.bodies.values())
        assert not await worker.look(webhook)
        assert len(receiver.ids) == 1


async def test_failed_event_is_sent_again_with_the_same_id_and_body(
    house: House, clock: SetClock, transport: ChosenTransport
) -> None:
    """After a pause, and not before it; what another event meets does not matter to it."""
    answers = [status(500), status(302, "location: https://elsewhere.example/"), status(200)]
    async with receiving(lambda _: answers.pop(0)) as receiver:
        webhook = hook(receiver)
        worker = deliverer(house, transport, webhook)
        await worker.look(webhook)
        await house.model("a/one")
        for tries in (1, 2, 3):
            await worker.look(webhook)
            await worker.look(webhook)
            assert len(receiver.ids) == tries
            clock.time += LONGEST_PAUSE
        await worker.look(webhook)

        assert len(receiver.ids) == 3
        assert [len(bodies) for bodies in receiver.bodies.values()] == [1]
        assert len(set(receiver.signed_at)) == 3
    assert (await house.client().get(LETTERS)).json()["data"] == []


@pytest.mark.parametrize(("answer", "tries"), [(500, 3), (404, 3), (301, 3), (410, 1)])
async def test_event_is_given_up_listed_and_tried_anew(
    house: House, clock: SetClock, transport: ChosenTransport, answer: int, tries: int
) -> None:
    """After its tries, or at once when the receiver is gone; a retry begins from the start."""
    said = [answer]
    async with receiving(lambda _: status(said[0])) as receiver:
        webhook = hook(receiver, attempts=3, events=("model.*",))
        worker = deliverer(house, transport, webhook)
        await worker.look(webhook)
        await house.model("a/one")
        for _ in range(5):
            await worker.look(webhook)
            clock.time += LONGEST_PAUSE * 2
        assert len(receiver.ids) == tries

        admin = house.client()
        (letter,) = (await admin.get(LETTERS, params={"webhook": "audit"})).json()["data"]
        assert letter["id"] == f"audit:{receiver.ids[0]}"
        assert (letter["state"], letter["attempts"]) == ("dead", tries)
        assert letter["problem"] == f"it answered {answer}"

        said[0] = 200
        retried = await admin.post(f"{LETTERS}/{letter['id']}/retry")
        assert (retried.status_code, retried.json()["state"]) == (200, "pending")
        assert await worker.look(webhook)
        assert len(receiver.ids) == tries + 1
        assert (await admin.get(LETTERS)).json()["data"] == []
        assert code_of(await admin.post(f"{LETTERS}/{letter['id']}/retry")) == "not_found"
        outcomes = [one["outcome"] for one in await house.events(action="webhook.retried")]
        assert sorted(outcomes) == ["not_found", "ok"]


async def test_dead_receiver_holds_nobody_up(
    house: House, clock: SetClock, transport: ChosenTransport
) -> None:
    """One that refuses connections and one that never answers: the third has its event at once."""

    def refused(at: float) -> Awaitable[Sequence[Delivery]]:
        return house.store.due_deliveries("refusing", at, limit=10)

    async with receiving(lambda _: status(200)) as well, receiving(lambda _: b"") as silent:
        refusing = replace(hook(well, "refusing"), url="http://127.0.0.1:1/hooks")
        worker = deliverer(house, transport, refusing, hook(silent, "silent"), hook(well, "well"))
        task = asyncio.create_task(worker.run())
        await asyncio.sleep(0.2)
        await house.model("a/one")

        await well.until(1, seconds=5)
        await silent.until(1, seconds=5)
        later = clock.now() + CLAIM_SECONDS
        async with asyncio.timeout(5):
            while not [one for one in await refused(later) if one.problem]:
                await asyncio.sleep(0.01)

        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert [one.attempts for one in await refused(later)] == [1]


async def test_worker_that_dies_while_sending_leaves_the_event_to_another(
    house: House, sibling: House, clock: SetClock, transport: ChosenTransport
) -> None:
    """The claim runs out; the receiver may have had it, and is told again."""
    answers = [b"", status(200)]
    async with receiving(lambda _: answers.pop(0)) as receiver:
        webhook = hook(receiver)
        first = deliverer(house, transport, webhook)
        second = deliverer(sibling, transport, webhook)
        await first.look(webhook)
        await house.model("a/one")
        dying = asyncio.create_task(first.look(webhook))
        await receiver.until(1)
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)

        assert not await second.look(webhook)
        clock.time += CLAIM_SECONDS
        assert await second.look(webhook)

        assert receiver.ids[0] == receiver.ids[1]


async def test_two_workers_send_each_event_once(store_url: str, clock: SetClock) -> None:
    """On both engines, running side by side, when nothing fails."""
    transports = [ChosenTransport() for _ in range(2)]
    stores = [open_store(store_url) for _ in range(2)]
    async with receiving(lambda _: status(200)) as receiver:
        webhook = hook(receiver)
        workers = [
            Deliverer([webhook], store, transport, clock, SystemIds())
            for store, transport in zip(stores, transports, strict=True)
        ]
        await workers[0].look(webhook)
        for number in range(40):
            await stores[0].append(event(number, at=clock.now()))
        tasks = [asyncio.create_task(worker.run()) for worker in workers]
        await receiver.until(40)
        await asyncio.sleep(0.3)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

        assert sorted(receiver.ids) == [f"event-{number:06}" for number in range(40)]
    for store, transport in zip(stores, transports, strict=True):
        await transport.aclose()
        await store.aclose()


async def test_restart_takes_up_what_was_left(
    house: House, sqlite_file: Path, clock: SetClock, transport: ChosenTransport
) -> None:
    """What a process took on and what happened while none ran are both sent by the next."""
    said = [500]
    async with receiving(lambda _: status(said[0])) as receiver:
        webhook = hook(receiver)
        worker = deliverer(house, transport, webhook)
        await worker.look(webhook)
        await house.model("a/one")
        await worker.look(webhook)
        await house.model("a/two")
        clock.time += LONGEST_PAUSE
        said[0] = 200
        async with open_house(sqlite_file, clock) as restarted:
            after = deliverer(restarted, transport, webhook)
            assert await after.look(webhook)

        told = {message["data"]["target"] for message in receiver.messages}
        assert told == {"a/one", "a/two"}
        assert len(receiver.ids) == 3


async def test_guarded_webhook_is_not_dialled_at_a_private_address(
    house: House, clock: SetClock, transport: ChosenTransport
) -> None:
    """The address is checked as it is dialled, whatever its name said."""
    async with receiving(lambda _: status(200)) as receiver:
        url = receiver.url.replace("http://", "https://")
        webhook = replace(hook(receiver, guarded=True), url=url)
        worker = deliverer(house, transport, webhook)
        await worker.look(webhook)
        await house.model("a/one")

        assert not await worker.look(webhook)

        assert receiver.server.accepted == 0
        clock.time += LONGEST_PAUSE
        (waiting,) = await house.store.due_deliveries("audit", clock.now(), limit=10)
        assert waiting.problem == "the provider's host is not a public one"


@pytest.mark.parametrize("role", ["org_admin", "member", "viewer"])
async def test_dead_letters_are_for_those_who_run_the_gateway(house: House, role: str) -> None:
    """Every other role is refused, and its attempt to retry is in the trail."""
    client = house.client(await house.token(role, await house.org("acme")))

    assert code_of(await client.get(LETTERS)) == "forbidden"
    assert code_of(await client.post(f"{LETTERS}/audit:1/retry")) == "forbidden"

    (told,) = await house.events(action="webhook.retried")
    assert told["outcome"] == "forbidden"


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", f"{LETTERS}?limit=0", 400),
        ("GET", f"{LETTERS}?cursor=none", 400),
        ("GET", f"{LETTERS}?colour=red", 400),
        ("POST", f"{LETTERS}/audit:1", 404),
        ("POST", f"{LETTERS}/none/retry", 404),
        ("DELETE", LETTERS, 405),
    ],
)
async def test_paths_and_parameters_that_are_none(
    admin: httpx.AsyncClient, method: str, path: str, expected: int
) -> None:
    """Each is answered as everywhere on this plane."""
    assert (await admin.request(method, path)).status_code == expected


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(1, 5), (2, 20), (3, 80), (4, 320), (7, 20_480), (8, 21_600)]
)
def test_pauses_grow_and_are_spread(attempts: int, seconds: float) -> None:
    """From seconds to hours, a fifth more or less."""
    assert pause_after(attempts, 0.5) == seconds
    assert pause_after(attempts, 0.0) == pytest.approx(seconds * 0.8)
    assert pause_after(attempts, 0.999) < seconds * 1.2
    assert pause_after(10_000, 0.5) == LONGEST_PAUSE
