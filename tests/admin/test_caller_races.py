"""Keys and orgs changed by two workers at the same time, on both engines."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from admin.house import NOON, OPERATOR, House, SetClock, build
from tollhouse.core.errors import CallerError
from tollhouse.core.history import AuditEvent
from tollhouse.core.tenants import Credential
from tollhouse.store.sql import SqlStore

LATER = "2031-01-01T00:00:00Z"
ROUNDS = 12


@pytest.fixture
async def workers(store_url: str, clock: SetClock) -> AsyncIterator[tuple[House, House]]:
    """Two workers on one store, with an org."""
    pair = build(store_url, clock), build(store_url, clock)
    for worker in pair:
        await worker.live.load()
    await pair[0].org("acme")
    yield pair
    for worker in pair:
        await worker.store.aclose()


class Overtaken(SqlStore):
    """A worker's store in which something happens between its first reading and its first put."""

    def __init__(self, store: SqlStore, happens: Callable[[], Awaitable[object]]) -> None:
        super().__init__(store._database)
        self._happens = [happens]

    async def put_credential(
        self, credential: Credential, event: AuditEvent, *, replacing: Credential | None = None
    ) -> None:
        """Too late, the first time."""
        while self._happens:
            await self._happens.pop()()
        await super().put_credential(credential, event, replacing=replacing)


async def make(worker: House) -> str:
    """A key of the org; its id."""
    return (await worker.plane.keys.create(OPERATOR, {"org": "acme"})).credential.id


async def kept(worker: House, key: str) -> Credential:
    """A key as the store has it."""
    found = await worker.store.credential(key)
    assert found is not None
    return found[0]


CHANGES: list[Callable[[House, str], Awaitable[object]]] = [
    lambda worker, key: worker.plane.keys.patch(OPERATOR, key, {"enabled": True, "name": "late"}),
    lambda worker, key: worker.plane.keys.rotate(OPERATOR, key, {"overlap": 600}),
]


@pytest.mark.parametrize("change", CHANGES, ids=["patch", "rotate"])
async def test_G07_a_change_that_was_read_before_a_revocation_does_not_undo_it(
    workers: tuple[House, House], change: Callable[[House, str], Awaitable[object]]
) -> None:
    """It is computed again, finds the key revoked, and is refused and audited like any other."""
    one, other = workers
    key = await make(one)
    one.plane.keys._store = Overtaken(one.store, lambda: other.plane.keys.revoke(OPERATOR, key))
    with pytest.raises(CallerError, match="revoked"):
        await change(one, key)
    after = await kept(one, key)
    assert (after.enabled, after.revoked_at, after.name) == (False, NOON, None)
    outcomes = [row.outcome for row in await events(one, key)]
    assert sorted(outcomes) == ["ok", "ok", "validation_failed"]


@pytest.mark.parametrize("change", CHANGES, ids=["patch", "rotate"])
async def test_G07_a_revocation_that_comes_second_keeps_the_change_and_ends_the_key(
    workers: tuple[House, House], change: Callable[[House, str], Awaitable[object]]
) -> None:
    """It is computed again from what the other worker wrote: a new secret is no way out."""
    one, other = workers
    key = await make(one)
    one.plane.keys._store = Overtaken(one.store, lambda: change(other, key))
    await one.plane.keys.revoke(OPERATOR, key)
    after = await kept(one, key)
    assert (after.enabled, after.revoked_at, after.previous_digest) == (False, NOON, None)
    first, *rest = await events(one, key)
    assert first.action == "key.revoked"
    assert len(rest) == 2


async def test_G07_a_revocation_wins_every_race(workers: tuple[House, House]) -> None:
    """Whichever comes first, patches and rotations leave the key revoked."""
    one, other = workers
    for number in range(ROUNDS):
        key = await make(one)
        await asyncio.gather(
            CHANGES[number % 2](one, key),
            other.plane.keys.revoke(OPERATOR, key),
            CHANGES[number % 2](other, key),
            return_exceptions=True,
        )
        after = await kept(one, key)
        assert (after.enabled, after.revoked_at) == (False, NOON)
        assert after.previous_digest is None


async def test_F06_patches_of_different_fields_of_a_key_all_survive(
    workers: tuple[House, House],
) -> None:
    """Two workers that patch at once lose neither change, and the trail tells each for itself."""
    one, other = workers
    for _ in range(ROUNDS):
        key = await make(one)
        await asyncio.gather(
            one.plane.keys.patch(OPERATOR, key, {"name": "backend"}),
            other.plane.keys.patch(OPERATOR, key, {"expires_at": LATER}),
            other.plane.keys.patch(OPERATOR, key, {"enabled": False}),
        )
        after = await kept(one, key)
        assert (after.name, after.expires_at, after.enabled) == ("backend", 1_924_992_000.0, False)
        changed = [row.changed for row in await events(one, key, "key.updated")]
        assert sorted(changed) == [("enabled",), ("expires_at",), ("name",)]


async def test_F06_patches_of_different_fields_of_an_org_all_survive(
    workers: tuple[House, House],
) -> None:
    """The plan from one worker, the name from the other."""
    one, other = workers
    before = await one.store.org("acme")
    assert before is not None
    for number in range(ROUNDS):
        plan = ("free", "enterprise")[number % 2]
        await asyncio.gather(
            one.plane.orgs.patch(OPERATOR, "acme", {"plan": plan}),
            other.plane.orgs.patch(OPERATOR, "acme", {"name": f"Acme {number}"}),
        )
        expected = replace(before, plan=plan, name=f"Acme {number}")
        assert await one.store.org("acme") == expected


async def test_of_two_workers_that_create_the_same_org_one_does(
    workers: tuple[House, House],
) -> None:
    """The other one is told that it exists."""
    results = await asyncio.gather(
        *(
            worker.plane.orgs.create(OPERATOR, {"slug": "globex", "plan": "free"})
            for worker in workers
        ),
        return_exceptions=True,
    )
    (refused,) = [one for one in results if isinstance(one, BaseException)]
    assert isinstance(refused, CallerError)
    assert refused.code == "org_exists"


async def test_a_key_whose_org_was_deleted_meanwhile_is_not_found(
    workers: tuple[House, House],
) -> None:
    """A change that was read before does not bring it back."""
    one, other = workers
    key = await make(one)
    one.plane.keys._store = Overtaken(one.store, lambda: other.plane.orgs.delete(OPERATOR, "acme"))
    with pytest.raises(CallerError) as caught:
        await one.plane.keys.patch(OPERATOR, key, {"name": "late"})
    assert caught.value.code == "not_found"
    assert await one.store.credential(key) is None


async def events(worker: House, key: str, action: str | None = None) -> list[Any]:
    """A key's events, newest first."""
    page = await worker.store.events(
        target=key, actor=None, action=action, org="acme", since=None, limit=100, cursor=None
    )
    return list(page.rows)
