"""Writes that come at the same time, in one worker and in two."""

import asyncio

import httpx
import pytest

from admin.house import OPERATOR, House, body
from tollhouse.admin.commits import Commits, Draft
from tollhouse.admin.turns import MAX_TRIES
from tollhouse.core.errors import GatewayError
from tollhouse.core.history import CatalogueChange, StoredCatalogue
from tollhouse.ports import StaleVersion
from tollhouse.store.sql import SqlStore
from tollhouse.system import SystemIds


async def test_F06_a_hundred_patches_of_different_fields_all_survive(
    house: House, admin: httpx.AsyncClient
) -> None:
    """Without If-Match, patches are merged one after the other; the trail has every one."""
    await house.model("m")
    answers = await asyncio.gather(
        *(
            admin.patch("/v1/models/m", json={"metadata": {f"field_{number}": number}})
            for number in range(100)
        )
    )
    assert {answer.status_code for answer in answers} == {200}
    shown = (await admin.get("/admin/v1/models/m")).json()
    assert shown["metadata"] == {f"field_{number}": number for number in range(100)}
    assert shown["version"] == 101
    assert {answer.json()["version"] for answer in answers} == set(range(2, 102))
    events = await house.events(action="model.updated", limit="200")
    assert len(events) == 100
    assert {path for event in events for path in event["changed"]} >= {"metadata.field_7"}


async def test_F06_patches_through_two_workers_all_survive(house: House, sibling: House) -> None:
    """A worker that comes second computes its patch again from what the other one wrote."""
    await house.model("m")
    clients = [house.client(), sibling.client()]
    answers = await asyncio.gather(
        *(
            clients[number % 2].patch("/v1/models/m", json={"metadata": {f"f{number}": number}})
            for number in range(40)
        )
    )
    assert {answer.status_code for answer in answers} == {200}
    stored = (await house.store.load()).models[0]
    assert stored.document["metadata"] == {f"f{number}": number for number in range(40)}
    assert stored.version == stored.document["version"] == 41


async def test_of_two_workers_that_create_the_same_model_one_does(
    house: House, sibling: House
) -> None:
    """The other one is told that it exists."""
    answers = await asyncio.gather(
        *(one.client().post("/v1/models", json=body("m")) for one in (house, sibling))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409]


async def test_two_writes_that_are_only_together_a_cycle_are_not_both_kept(
    house: House, sibling: House
) -> None:
    """What compiles alone is compiled again after the other one's write."""
    await house.model("a")
    await house.model("b")
    answers = await asyncio.gather(
        house.client().patch("/v1/models/a", json={"failover": "b"}),
        sibling.client().patch("/v1/models/b", json={"failover": "a"}),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 422]


async def test_F03_a_write_is_in_force_on_another_worker_when_it_looks(
    house: House, sibling: House
) -> None:
    """The version that the store counts is what the other worker compares and takes over."""
    await house.model("m")
    await sibling.live.load()
    await house.client().patch("/v1/models/m", json={"enabled": False})
    assert sibling.live.snapshot.models["m"].enabled is True
    await sibling.live.refresh((await sibling.store.versions()).catalogue)
    assert sibling.live.snapshot.models["m"].enabled is False
    assert sibling.live.snapshot.version == house.live.snapshot.version


class Contended:
    """A store in which another process always comes first."""

    def __init__(self, store: SqlStore) -> None:
        self.versions, self.load = store.versions, store.load
        self.history, self.model_version = store.history, store.model_version
        self.tries = 0

    async def commit(self, change: CatalogueChange) -> int:
        """Too late."""
        self.tries += 1
        raise StaleVersion(f"no longer {change.expected_version}")


class Steady(SystemIds):
    """Ids without a pause between tries."""

    def fraction(self) -> float:
        """None."""
        return 0.0


async def test_a_write_that_always_comes_second_gives_up_in_the_end(house: House) -> None:
    """503 after a bounded number of tries, with nothing changed."""
    store = Contended(house.store)
    commits = Commits(store, house.live, house.clock, Steady(), house.callers.forget_all)
    before = house.live.snapshot

    async def compute(_: StoredCatalogue) -> Draft:
        event = house.plane.trail.event(OPERATOR, "model.replaced", "models", org=None)
        return Draft(events=(event,))

    with pytest.raises(GatewayError) as caught:
        await commits.keep(OPERATOR, compute)
    assert caught.value.code == "store_unavailable"
    assert store.tries == MAX_TRIES
    assert house.live.snapshot is before


async def test_a_write_never_swaps_an_older_snapshot_in(
    house: House, sibling: House, admin: httpx.AsyncClient
) -> None:
    """A worker that is behind builds on the store's newest state, and is ahead afterwards."""
    await house.model("m")
    for region in ("eu", "us"):
        await admin.patch("/v1/models/m", json={"region": region})
    assert sibling.live.snapshot.version == 0
    await sibling.client().patch("/v1/models/m", json={"tags": ["new"]})
    model = sibling.live.snapshot.models["m"]
    assert (model.region, model.tags) == ("us", ("new",))
    assert sibling.live.snapshot.version == 4
