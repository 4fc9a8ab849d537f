"""Replacing the set of the system's models."""

from typing import Any

import httpx
import pytest

from admin.house import House, body, code_of, fields_of


async def put(
    client: httpx.AsyncClient, *models: dict[str, Any], query: str = ""
) -> httpx.Response:
    """A replacement by these models."""
    return await client.put(f"/v1/models{query}", json={"models": list(models)})


async def test_a_replacement_creates_updates_and_deletes_as_one_change(
    house: House, admin: httpx.AsyncClient
) -> None:
    """The answer names the ids; what was sent as it is already stays at its version."""
    for name in ("same", "changed", "gone"):
        await house.model(name)
    version = house.live.snapshot.version
    response = await put(
        admin, body("same"), body("changed", region="eu"), body("new", failover="changed")
    )
    assert response.status_code == 200
    assert response.json() == {"created": ["new"], "updated": ["changed"], "deleted": ["gone"]}
    assert house.live.snapshot.version == version + 1
    models = house.live.snapshot.models
    assert {name: model.version for name, model in models.items()} == {
        "same": 1,
        "changed": 2,
        "new": 1,
    }


async def test_a_dry_run_answers_alike_and_changes_nothing(
    house: House, admin: httpx.AsyncClient
) -> None:
    """Neither documents nor the trail nor the version move."""
    await house.model("old")
    before = house.live.snapshot
    response = await put(admin, body("new"), query="?dry_run=true")
    assert response.json() == {"created": ["new"], "updated": [], "deleted": ["old"]}
    assert house.live.snapshot is before
    assert (await house.store.versions()).catalogue == before.version
    assert len(await house.events()) == 1
    refused = await put(admin, body("new", failover="old"), query="?dry_run=true")
    assert fields_of(refused) == {"models[0].failover": "names no model: old"}


async def test_what_a_list_gave_can_be_put_back_unchanged(
    house: House, admin: httpx.AsyncClient
) -> None:
    """Export and import make no difference, secrets included."""
    connection = {"protocol": "openai", "base_url": "https://own.example/v1", "api_key": "sk-real"}
    await house.model("own", provider=None, connection=connection, pricing={"per_request": "0.10"})
    await house.model("plain", tags=["a"], limits={"max_tokens": 5})
    exported = (await admin.get("/admin/v1/models")).json()["data"]
    response = await put(admin, *exported)
    assert response.json() == {"created": [], "updated": [], "deleted": []}
    assert (await admin.get("/admin/v1/models")).json()["data"] == exported


async def test_I04_export_wipe_and_import_gives_the_same_models(
    house: House, admin: httpx.AsyncClient
) -> None:
    """All but what the gateway sets comes back as it was."""
    await house.model("a", tags=["x"], metadata={"n": 1.5})
    await house.model("b", failover=["a"], pricing={"input_per_1m_tokens": "3"})
    exported = (await admin.get("/admin/v1/models")).json()["data"]
    assert (await put(admin)).json()["deleted"] == ["a", "b"]
    assert (await put(admin, *exported)).json()["created"] == ["a", "b"]
    again = (await admin.get("/admin/v1/models")).json()["data"]
    own = {"uid", "version", "created_by", "updated_by"}
    for before, after in zip(exported, again, strict=True):
        assert {k: v for k, v in before.items() if k not in own} == {
            k: v for k, v in after.items() if k not in own
        }


async def test_every_fault_of_every_model_is_named_by_its_place(
    house: House, admin: httpx.AsyncClient
) -> None:
    """Documents are checked together, and nothing is kept."""
    before = house.live.snapshot
    response = await put(
        admin,
        body("fine"),
        body("a b"),
        body("owned", owner={"kind": "org", "slug": "acme"}),
        body("fine"),
        body("bad", enabled=1, colour="red"),
    )
    assert response.status_code == 422
    assert fields_of(response).keys() == {
        "models[1].model_id",
        "models[2].owner",
        "models[3].model_id",
        "models[4].enabled",
        "models[4].colour",
    }
    assert house.live.snapshot is before


async def test_a_fault_between_models_is_named_by_its_place(admin: httpx.AsyncClient) -> None:
    """So is what only shows when the whole is compiled."""
    response = await put(admin, body("a", failover="b"), body("b", failover="a"))
    assert fields_of(response).keys() == {"models[0].failover", "models[1].failover"}


async def test_models_of_orgs_are_left_alone_and_hold_on_to_their_parents(
    house: House, admin: httpx.AsyncClient
) -> None:
    """A replacement that takes a parent away is refused, and one cannot take an org's id."""
    await house.model("parent")
    child = {"parent_model_id": "parent", "owner": {"kind": "org", "slug": "acme"}}
    await house.model("child", type=None, provider=None, **child)
    refused = await put(admin, body("other"))
    assert refused.status_code == 422
    assert "child" in str(fields_of(refused))
    taken = await put(admin, body("parent"), body("child"))
    assert fields_of(taken).keys() == {"models[1].model_id"}
    kept = await put(admin, body("parent", region="eu"))
    assert kept.json() == {"created": [], "updated": ["parent"], "deleted": []}
    assert "child" in house.live.snapshot.models


async def test_a_replacement_leaves_an_event_for_each_model_and_one_for_the_whole(
    house: House, admin: httpx.AsyncClient
) -> None:
    """So that the trail of one model has it too."""
    await house.model("old")
    await put(admin, body("new"))
    events = {(one["action"], one["target"]) for one in await house.events()}
    assert events == {
        ("model.created", "old"),
        ("model.created", "new"),
        ("model.deleted", "old"),
        ("model.replaced", "models"),
    }


@pytest.mark.parametrize(
    "sent",
    [{}, {"models": None}, {"models": {}}, {"models": ["a"]}, {"models": [], "mode": "merge"}],
)
async def test_a_body_of_another_shape_is_refused(
    house: House, admin: httpx.AsyncClient, sent: dict[str, Any]
) -> None:
    """In particular, nothing is deleted because a field was missing."""
    await house.model("m")
    response = await admin.put("/v1/models", json=sent)
    assert response.status_code == 422
    assert code_of(response) == "validation_failed"
    assert "m" in house.live.snapshot.models


async def test_at_most_five_hundred_models_are_taken(admin: httpx.AsyncClient) -> None:
    """500 go in as one change, 501 are refused."""
    models = [body(f"m{number:03}") for number in range(501)]
    assert fields_of(await put(admin, *models)) == {"models": "must have at most 500 items"}
    response = await put(admin, *models[:500])
    assert len(response.json()["created"]) == 500


async def test_a_misspelt_or_odd_dry_run_changes_nothing(
    house: House, admin: httpx.AsyncClient
) -> None:
    """A parameter that is not understood is never taken for a real run."""
    await house.model("m")
    for query in ("?dryrun=true", "?dry_run=1", "?dry_run=TRUE", "?dry_run=true&dry_run=true"):
        assert (await put(admin, query=query)).status_code == 400
    assert "m" in house.live.snapshot.models
