"""System prompts in the store, on every engine: a part of the catalogue, under its counter."""

from dataclasses import replace

import pytest

from store.samples import change, event
from tollhouse.core.history import CatalogueChange, StoredPrompt, Versions
from tollhouse.ports import StaleVersion, Store

TEXT = "Sei höflich. \x00 💡 'quoted' \"twice\" %s {x} \\"


def prompt(prompt_id: str, version: int = 1, text: str = TEXT) -> StoredPrompt:
    """A prompt of one particle."""
    particles = [{"kind": "role", "text": text, "enabled": True}]
    return StoredPrompt(prompt_id, version, {"prompt_id": prompt_id, "particles": particles})


def putting(version: int, *prompts: StoredPrompt) -> CatalogueChange:
    """A change that puts prompts."""
    return CatalogueChange(expected_version=version, put_prompts=prompts)


async def test_a_fresh_store_has_no_prompts(store: Store) -> None:
    """Nothing is there before it is written."""
    assert not (await store.load()).prompts


async def test_a_committed_prompt_is_loaded_as_it_was(store: Store) -> None:
    """A document comes back equal, with its version, at the new catalogue version."""
    assert await store.commit(putting(0, prompt("a"))) == 1
    assert await store.versions() == Versions(catalogue=1, callers=0)
    loaded = await store.load()
    assert (loaded.version, loaded.models, loaded.prompts) == (1, [], [prompt("a")])


async def test_models_and_prompts_of_a_change_are_one_commit(store: Store) -> None:
    """Both are there after it, each in the order of its ids, at one version."""
    mixed = replace(change(0, "m/2", "m/1"), put_prompts=[prompt("b"), prompt("Z"), prompt("a")])
    await store.commit(mixed)
    loaded = await store.load()
    assert loaded.version == 1
    assert [one.model_id for one in loaded.models] == ["m/1", "m/2"]
    assert [one.prompt_id for one in loaded.prompts] == ["Z", "a", "b"]


async def test_a_model_and_a_prompt_with_one_name_are_two(store: Store) -> None:
    """Neither is taken for the other, whether put or deleted."""
    await store.commit(replace(change(0, "same"), put_prompts=[prompt("same")]))
    await store.commit(CatalogueChange(expected_version=1, delete_prompts=["same"]))
    loaded = await store.load()
    assert [one.model_id for one in loaded.models] == ["same"]
    assert not loaded.prompts
    assert len((await store.history("same", limit=10, cursor=None)).rows) == 1


async def test_a_prompt_is_replaced_by_its_next_version(store: Store) -> None:
    """The last one counts; others stay as they are."""
    await store.commit(putting(0, prompt("a"), prompt("b")))
    await store.commit(putting(1, prompt("a", 2, "New.")))
    assert (await store.load()).prompts == [prompt("a", 2, "New."), prompt("b")]


async def test_a_deleted_prompt_is_gone(store: Store) -> None:
    """Deleting one that is not there does nothing."""
    await store.commit(putting(0, prompt("a"), prompt("b")))
    gone = CatalogueChange(expected_version=1, delete_prompts=["a", "unknown"])
    assert await store.commit(gone) == 2
    assert (await store.load()).prompts == [prompt("b")]


async def test_a_stale_change_of_prompts_leaves_nothing(store: Store) -> None:
    """Computed from another version, neither put nor deletion happens."""
    await store.commit(putting(0, prompt("a")))
    for stale in (
        putting(0, prompt("b")),
        CatalogueChange(expected_version=2, delete_prompts=["a"]),
    ):
        with pytest.raises(StaleVersion):
            await store.commit(stale)
    assert (await store.load()).prompts == [prompt("a")]


async def test_a_change_of_prompts_is_whole_or_not_there(store: Store) -> None:
    """An event that cannot be kept takes the prompts and the version back with it."""
    await store.append(event(1))
    with pytest.raises(Exception, match="store"):
        await store.commit(replace(putting(0, prompt("a")), events=[event(1)]))
    assert await store.versions() == Versions()
    assert not (await store.load()).prompts


async def test_a_large_change_of_prompts_is_one_commit(store: Store) -> None:
    """A thousand long prompts come in, and most of them go out again, each in one transaction."""
    names = [f"prompt-{number:04}" for number in range(1_000)]
    await store.commit(putting(0, *(prompt(name, text="x" * 2_000) for name in names)))
    assert [one.prompt_id for one in (await store.load()).prompts] == names
    await store.commit(CatalogueChange(expected_version=1, delete_prompts=names[1:]))
    assert (await store.load()).prompts == [prompt(names[0], text="x" * 2_000)]
