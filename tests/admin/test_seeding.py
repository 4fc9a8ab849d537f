"""Creating from catalogue files what the store never had."""

import asyncio

import pytest

from admin.house import OPERATOR, House, body, seal
from tollhouse.admin.seeding import seed
from tollhouse.catalogue.seeds import Seeds, read_seeds
from tollhouse.core.errors import CallerError
from tollhouse.system import SystemIds


def file(*models: dict[str, object], orgs: tuple[str, ...] = ()) -> Seeds:
    """A catalogue file's content."""
    made = [{"slug": slug, "plan": "pro"} for slug in orgs]
    return read_seeds({"models": list(models), "orgs": made})


async def sow(house: House, *files: Seeds) -> None:
    """Seed as a start does."""
    await seed(
        files,
        commits=house.plane.commits,
        trail=house.plane.trail,
        store=house.store,
        clock=house.clock,
        ids=SystemIds(),
        seal=seal,
    )


async def test_what_the_store_never_had_is_created(house: House) -> None:
    """Orgs and models, in force at once, with their source and an event each."""
    await sow(house, file(body("b", failover="a"), body("a"), orgs=("acme",)))
    assert set(house.live.snapshot.models) == {"a", "b"}
    document = (await house.client().get("/admin/v1/models/a")).json()
    assert (document["source"], document["created_by"]) == ("seed", "local:seed")
    assert (await house.store.org("acme")) is not None
    actions = {(one["action"], one["target"]) for one in await house.events()}
    assert actions == {("org.created", "acme"), ("model.created", "a"), ("model.created", "b")}


async def test_F11_a_restart_keeps_patches_and_resurrects_nothing(house: House) -> None:
    """What the store has is never touched, and what was deleted stays deleted."""
    seeds = file(body("kept", region="file"), body("gone"), orgs=("acme",))
    await sow(house, seeds)
    await house.plane.models.patch(OPERATOR, "kept", {"region": "patched"})
    await house.plane.models.delete(OPERATOR, "gone")
    await house.plane.orgs.patch(OPERATOR, "acme", {"plan": "free"})
    version = house.live.snapshot.version
    await sow(house, seeds)
    assert house.live.snapshot.version == version
    assert house.live.snapshot.models.keys() == {"kept"}
    assert house.live.snapshot.models["kept"].region == "patched"
    org = await house.store.org("acme")
    assert org is not None
    assert org.plan == "free"


async def test_F12_seeds_that_do_not_compile_change_nothing(house: House) -> None:
    """All of them are one change, and every fault is named."""
    await house.model("present")
    before = house.live.snapshot
    with pytest.raises(CallerError) as caught:
        await sow(house, file(body("a", failover="no"), body("b", provider="none"), body("c")))
    assert len(caught.value.fields) == 2
    assert house.live.snapshot is before


async def test_two_workers_that_start_at_once_seed_once(house: House, sibling: House) -> None:
    """Neither fails, and no model has a second version."""
    seeds = file(*(body(f"m{number}") for number in range(10)), orgs=("acme",))
    await asyncio.gather(sow(house, seeds), sow(sibling, seeds))
    stored = await house.store.load()
    assert [(one.version, one.document["source"]) for one in stored.models] == [(1, "seed")] * 10
    created = await house.events(action="model.created")
    assert len(created) == 10


async def test_the_first_file_that_has_a_model_counts(house: House) -> None:
    """A later file does not override an earlier one."""
    await sow(house, file(body("m", region="one")), file(body("m", region="two")))
    assert house.live.snapshot.models["m"].region == "one"


async def test_system_prompts_of_files_are_created_once(house: House) -> None:
    """Together with the models that name them; one that was deleted does not come back."""
    prompt_id = "550e8400-e29b-41d4-a716-446655440000"
    prompt = {"prompt_id": prompt_id, "name": "P", "particles": [{"kind": "role", "text": "Hi."}]}
    seeds = read_seeds({"prompts": [prompt], "models": [body("m", system_prompt_id=prompt_id)]})
    await sow(house, seeds, seeds)
    made = house.live.snapshot.models["m"].system_prompt
    assert made is not None
    assert made.text == "Hi."
    (event,) = await house.events(action="prompt.created")
    assert (event["target"], event["actor"]) == (prompt_id, "local:seed")
    await house.plane.models.patch(OPERATOR, "m", {"system_prompt_id": None})
    await house.plane.prompts.delete(OPERATOR, prompt_id)
    version = house.live.snapshot.version
    await sow(house, seeds)
    assert house.live.snapshot.version == version
    assert house.live.stored.prompts == []
