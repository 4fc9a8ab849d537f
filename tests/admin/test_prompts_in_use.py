"""System prompts among the models that name them, in the trail, in races, and without a store."""

import asyncio
from pathlib import Path

import httpx

from admin.house import House, body, bring_back, code_of, fields_of, take_away
from admin.prompt_samples import PATH, ROLE, TONE, created


def in_force(house: House, model_id: str) -> str | None:
    """What a worker puts in front of a model's conversations."""
    found = house.live.snapshot.models[model_id].system_prompt
    return None if found is None else found.text


# --- Models that name it ---


async def test_a_changed_prompt_is_in_force_for_its_models_at_once(
    house: House, admin: httpx.AsyncClient
) -> None:
    """Compositions follow, overrides stay, and models without the prompt are left as they are."""
    prompt_id = (await created(admin))["prompt_id"]
    await house.model("composed", system_prompt_id=prompt_id)
    await house.model("override", system_prompt_id=prompt_id, system_prompt="My own.")
    await house.model("none")
    bystander = house.live.snapshot.models["none"]
    assert in_force(house, "composed") == "You help."
    await admin.patch(f"{PATH}/{prompt_id}", json={"particles": [{**ROLE, "text": "Serve."}]})
    assert in_force(house, "composed") == "Serve."
    assert in_force(house, "override") == "My own."
    assert house.live.snapshot.models["none"] is bystander
    off = [{**ROLE, "enabled": False}]
    await admin.patch(f"{PATH}/{prompt_id}", json={"particles": off})
    assert in_force(house, "composed") is None


async def test_another_worker_learns_of_it_with_the_catalogue(
    house: House, sibling: House, admin: httpx.AsyncClient
) -> None:
    """A prompt's change moves the number that workers watch, and is loaded with the models."""
    prompt_id = (await created(admin))["prompt_id"]
    await house.model("m", system_prompt_id=prompt_id)
    await sibling.live.refresh((await sibling.store.versions()).catalogue)
    assert in_force(sibling, "m") == "You help."
    await admin.patch(f"{PATH}/{prompt_id}", json={"particles": [{**ROLE, "text": "Serve."}]})
    assert await sibling.live.refresh((await sibling.store.versions()).catalogue)
    assert in_force(sibling, "m") == "Serve."
    assert in_force(house, "m") == "Serve."


async def test_a_model_names_prompts_of_its_org_and_of_the_system_only(
    house: House, admin: httpx.AsyncClient
) -> None:
    """422 otherwise, in the words for a prompt that is not there."""
    acme, globex = ({"kind": "org", "slug": slug} for slug in ("acme", "globex"))
    common = (await created(admin))["prompt_id"]
    own = (await created(admin, owner=acme))["prompt_id"]
    theirs = (await created(admin, owner=globex))["prompt_id"]
    for number, named in enumerate((common, own)):
        fields = {"system_prompt_id": named, "owner": acme}
        response = await admin.post("/v1/models", json=body(f"fine-{number}", **fields))
        assert response.status_code == 201, response.text
    absent = "00000000-0000-0000-0000-000000000000"
    for fields in (
        {"system_prompt_id": theirs, "owner": acme},
        {"system_prompt_id": absent, "owner": acme},
        {"system_prompt_id": own},
    ):
        response = await admin.post("/v1/models", json=body("bad", **fields))
        assert response.status_code == 422
        named = fields["system_prompt_id"]
        assert fields_of(response) == {
            "system_prompt_id": f"names no system prompt that this model may use: {named}"
        }


async def test_a_prompt_in_use_is_not_deleted_and_its_models_are_named(
    house: House, admin: httpx.AsyncClient
) -> None:
    """409 for a composition and for one that is only overridden; free again, it goes."""
    prompt_id = (await created(admin))["prompt_id"]
    await house.model("a/one", system_prompt_id=prompt_id)
    await house.model("two", system_prompt_id=prompt_id, system_prompt="My own.")
    response = await admin.delete(f"{PATH}/{prompt_id}")
    assert (response.status_code, code_of(response)) == (409, "in_use")
    message = "names it as its system prompt"
    assert fields_of(response) == {"a/one": message, "two": message}
    for model_id in ("a/one", "two"):
        await admin.patch(f"/v1/models/{model_id}", json={"system_prompt_id": None})
    assert (await admin.delete(f"{PATH}/{prompt_id}")).status_code == 204


async def test_an_orgs_admin_is_not_told_of_models_that_it_cannot_see(
    house: House, admin: httpx.AsyncClient
) -> None:
    """A user's own model is counted, not named."""
    await house.org("acme")
    client = house.client(await house.token("org_admin", "acme"))
    prompt_id = (await created(client))["prompt_id"]
    mine = {"kind": "org", "slug": "acme"}
    users = {"kind": "user", "id": "ada-the-user", "slug": "acme"}
    await house.model("shown", system_prompt_id=prompt_id, owner=mine)
    await house.model("secret", system_prompt_id=prompt_id, owner=users)
    response = await client.delete(f"{PATH}/{prompt_id}")
    assert (response.status_code, code_of(response)) == (409, "in_use")
    assert fields_of(response).keys() == {"shown"}
    assert "shown, 1 more" in response.json()["error"]["message"]
    assert "secret" not in response.text
    seen = await admin.delete(f"{PATH}/{prompt_id}")
    assert fields_of(seen).keys() == {"shown", "secret"}


async def test_a_prompt_is_not_given_away_under_its_models(
    house: House, admin: httpx.AsyncClient
) -> None:
    """422 names the models that could not use it any more; the old one stays in force."""
    shown = await created(admin)
    await house.model("m", system_prompt_id=shown["prompt_id"])
    path = f"{PATH}/{shown['prompt_id']}"
    response = await admin.patch(path, json={"owner": {"kind": "org", "slug": "acme"}})
    assert response.status_code == 422
    (message,) = fields_of(response).values()
    assert message.endswith("(in the model m)")
    assert (await admin.get(path)).json() == shown
    assert in_force(house, "m") == "You help."


async def test_an_org_with_a_prompt_of_its_own_is_not_deleted(
    house: House, admin: httpx.AsyncClient
) -> None:
    """409 names the prompt."""
    await house.org("acme")
    shown = await created(admin, owner={"kind": "org", "slug": "acme"})
    response = await admin.delete("/admin/v1/orgs/acme")
    assert code_of(response) == "in_use"
    assert fields_of(response) == {shown["prompt_id"]: "belongs to it"}
    await admin.delete(f"{PATH}/{shown['prompt_id']}")
    assert (await admin.delete("/admin/v1/orgs/acme")).status_code == 204


async def test_a_model_is_not_rolled_back_to_a_prompt_that_is_gone(
    house: House, admin: httpx.AsyncClient
) -> None:
    """The whole catalogue is compiled before a rollback too."""
    prompt_id = (await created(admin))["prompt_id"]
    await house.model("m", system_prompt_id=prompt_id)
    await admin.patch("/v1/models/m", json={"system_prompt_id": None})
    await admin.delete(f"{PATH}/{prompt_id}")
    response = await admin.post("/admin/v1/models/m/rollback", json={"version": 1})
    assert response.status_code == 422
    assert fields_of(response).keys() == {"system_prompt_id"}


# --- The trail, races and a lost store ---


async def test_every_write_is_in_the_trail_with_both_documents(
    house: House, admin: httpx.AsyncClient
) -> None:
    """Done or refused, by whom, what before and after, and which fields differ."""
    await house.org("acme")
    client = house.client(await house.token("org_admin", "acme", user="olga"))
    shown = await created(client)
    path = f"{PATH}/{shown['prompt_id']}"
    await client.patch(path, json={"particles": [TONE | {"enabled": True}]})
    await client.patch(path, json={"name": ""})
    await client.patch(f"{PATH}/unknown", json={"name": "x"})
    await client.delete(path)
    events = list(reversed(await house.events(actor="user_token:olga")))
    assert [(one["action"], one["target"], one["outcome"], one["org"]) for one in events] == [
        ("prompt.created", shown["prompt_id"], "ok", "acme"),
        ("prompt.updated", shown["prompt_id"], "ok", "acme"),
        ("prompt.updated", shown["prompt_id"], "validation_failed", "acme"),
        ("prompt.updated", "unknown", "not_found", "acme"),
        ("prompt.deleted", shown["prompt_id"], "ok", "acme"),
    ]
    made, updated, _, _, deleted = events
    kept = {name: value for name, value in shown.items() if name != "composed_text"}
    assert (made["before"], made["after"]) == (None, kept)
    assert updated["changed"] == ["particles"]
    assert (updated["before"], updated["after"]["version"]) == (kept, 2)
    assert (deleted["before"]["version"], deleted["after"]) == (2, None)


async def test_patches_that_come_together_all_survive(
    house: House, sibling: House, admin: httpx.AsyncClient
) -> None:
    """Through two workers, each is computed from what the others wrote."""
    shown = await created(admin)
    path = f"{PATH}/{shown['prompt_id']}"
    clients = [house.client(), sibling.client()]
    patches = [{"name": f"Name {number}"} for number in range(20)]
    answers = await asyncio.gather(
        *(clients[number % 2].patch(path, json=patch) for number, patch in enumerate(patches))
    )
    assert {answer.status_code for answer in answers} == {200}
    (stored,) = (await house.store.load()).prompts
    assert stored.version == stored.document["version"] == 21
    assert {answer.json()["version"] for answer in answers} == set(range(2, 22))


async def test_a_prompt_is_not_deleted_while_another_worker_takes_it_up(
    house: House, sibling: House
) -> None:
    """Of a deletion and a model that names the prompt, one is refused, whoever comes first."""
    for number in range(5):
        admin = house.client()
        prompt_id = (await created(admin))["prompt_id"]
        model = body(f"m{number}", system_prompt_id=prompt_id)
        deleted, taken = await asyncio.gather(
            admin.delete(f"{PATH}/{prompt_id}"), sibling.client().post("/v1/models", json=model)
        )
        outcome = (deleted.status_code, taken.status_code)
        assert outcome in {(204, 422), (409, 201)}


async def test_without_the_store_prompts_are_read_and_not_written(
    house: House, admin: httpx.AsyncClient, sqlite_file: Path
) -> None:
    """Reads are answered from memory; a write is a 503 and changes nothing."""
    shown = await created(admin)
    path = f"{PATH}/{shown['prompt_id']}"
    away = take_away(sqlite_file)
    assert (await admin.get(path)).json() == shown
    response = await admin.patch(path, json={"name": "Lost"})
    assert (response.status_code, code_of(response)) == (503, "store_unavailable")
    bring_back(away)
    assert (await admin.get(path)).json() == shown
