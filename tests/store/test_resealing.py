"""Sealing every stored key anew: in force and in the history, all or none, without new versions."""

import pytest

from store.samples import NINE, event
from tollhouse.core.history import AuditEvent, CatalogueChange, StoredModel
from tollhouse.ports import StaleVersion
from tollhouse.store.resealing import Place, Resealed
from tollhouse.store.sql import SqlStore


def put(version: int, *models: StoredModel, delete: tuple[str, ...] = ()) -> CatalogueChange:
    """A change of a catalogue at a version."""
    return CatalogueChange(version, put=models, delete=delete, at=NINE, actor="a")


def sealed(model_id: str, version: int, key: str | None) -> StoredModel:
    """A model with a key, or without one."""
    connection = {"base_url": "https://x.example"}
    if key is not None:
        connection["api_key_sealed"] = key
    return StoredModel(model_id, version, {"model_id": model_id, "connection": connection})


async def stocked(store: SqlStore) -> None:
    """Two models in force, one that was changed, one that was deleted, one without a key."""
    await store.commit(put(0, sealed("a", 1, "old-1"), sealed("gone", 1, "old-2")))
    await store.commit(put(1, sealed("a", 2, "old-3"), sealed("b", 1, "new-1"), delete=("gone",)))
    named = StoredModel("c", 1, {"model_id": "c", "metadata": {"api_key_sealed": "old-9"}})
    await store.commit(put(2, sealed("none", 1, None), named))


def anew(text: str) -> str | None:
    """Old keys become new ones, new ones stay, others cannot be opened."""
    if text.startswith("shut"):
        return None
    return text.replace("old", "new-of")


def told(found: Resealed) -> AuditEvent:
    """The event of a rotation."""
    return event(1, action="secrets.rotated", after={"resealed": len(found.done)})


async def keys(store: SqlStore) -> dict[str, str]:
    """The sealed keys in force."""
    catalogue = await store.load()
    return {
        one.model_id: one.document["connection"]["api_key_sealed"]
        for one in catalogue.models
        if "api_key_sealed" in one.document.get("connection", {})
    }


async def test_every_key_is_sealed_anew(store: SqlStore) -> None:
    """Those in force and those of every version, one that is deleted too; nothing else changes."""
    await stocked(store)
    before = await store.load()
    found = await store.reseal(anew, told)
    assert found.done == [Place("a"), Place("a", 1), Place("a", 2), Place("gone", 1)]
    assert found.right == [Place("b"), Place("b", 1)]
    assert found.shut == []
    assert await keys(store) == {"a": "new-of-3", "b": "new-1"}
    past = await store.model_version("gone", 1)
    assert past is not None
    assert past.document == sealed("gone", 1, "new-of-2").document
    after = await store.load()
    assert [one.version for one in after.models] == [one.version for one in before.models]
    assert next(one for one in after.models if one.model_id == "c") in before.models


async def test_other_workers_are_told(store: SqlStore) -> None:
    """The catalogue's counter moves on, so that who reads it reads the documents again."""
    await stocked(store)
    await store.reseal(anew, told)
    assert (await store.versions()).catalogue == 4
    with pytest.raises(StaleVersion):
        await store.commit(put(3, sealed("a", 3, "old-7")))
    page = await store.events(
        target=None,
        actor=None,
        action="secrets.rotated",
        org=None,
        since=None,
        limit=5,
        cursor=None,
    )
    assert [row.after for row in page.rows] == [{"resealed": 4}]


async def test_second_run_finds_nothing_to_do(store: SqlStore) -> None:
    """What is sealed right is left alone, without an event and without a new version."""
    await stocked(store)
    await store.reseal(anew, told)
    found = await store.reseal(anew, told)
    assert (found.done, len(found.right)) == ([], 6)
    assert (await store.versions()).catalogue == 4


async def test_dry_run_changes_nothing(store: SqlStore) -> None:
    """It finds the same and keeps none of it."""
    await stocked(store)
    found = await store.reseal(anew, told, dry_run=True)
    assert len(found.done) == 4
    assert await keys(store) == {"a": "old-3", "b": "new-1"}
    assert (await store.versions()).catalogue == 3


async def test_failure_half_way_changes_nothing(store: SqlStore) -> None:
    """All of it is one transaction: an error at any key leaves every key as it was."""
    await stocked(store)

    def fails(text: str) -> str:
        if text == "old-2":
            raise MemoryError
        return f"new-{text}"

    with pytest.raises(MemoryError):
        await store.reseal(fails, told)
    assert await keys(store) == {"a": "old-3", "b": "new-1"}
    assert (await store.versions()).catalogue == 3


async def test_key_that_cannot_be_opened_is_named_and_left(store: SqlStore) -> None:
    """The others are sealed anew all the same."""
    await stocked(store)
    await store.commit(put(3, sealed("lost", 1, "shut-1")))
    found = await store.reseal(anew, told)
    assert found.shut == [Place("lost"), Place("lost", 1)]
    assert await keys(store) == {"a": "new-of-3", "b": "new-1", "lost": "shut-1"}
