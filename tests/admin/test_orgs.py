"""Orgs over HTTP."""

from typing import Any

import httpx
import pytest

from admin.house import NOON, House, code_of, fields_of


async def test_an_org_is_made_shown_listed_changed_and_deleted(
    house: House, admin: httpx.AsyncClient
) -> None:
    """The whole life of an org."""
    made = await admin.post("/admin/v1/orgs", json={"slug": "acme", "plan": "pro", "name": "Acme"})
    assert made.status_code == 201
    assert made.json() == {
        "slug": "acme",
        "plan": "pro",
        "name": "Acme",
        "created_at": "2030-03-17T17:46:40Z",
        "updated_at": "2030-03-17T17:46:40Z",
    }
    assert (await admin.get("/admin/v1/orgs/acme")).json() == made.json()
    assert (await admin.get("/admin/v1/orgs")).json() == {
        "data": [made.json()],
        "next_cursor": None,
    }
    house.clock.time = NOON + 1
    changed = await admin.patch("/admin/v1/orgs/acme", json={"plan": "free", "name": None})
    assert changed.json() == {
        **made.json(),
        "plan": "free",
        "name": None,
        "updated_at": "2030-03-17T17:46:41Z",
    }
    assert (await admin.delete("/admin/v1/orgs/acme")).status_code == 204
    assert code_of(await admin.get("/admin/v1/orgs/acme")) == "not_found"


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ({"plan": "pro"}, "slug"),
        ({"slug": "acme"}, "plan"),
        ({"slug": "acme", "plan": "gold"}, "plan"),
        ({"slug": "Acme", "plan": "pro"}, "slug"),
        ({"slug": "-acme", "plan": "pro"}, "slug"),
        ({"slug": "a" * 64, "plan": "pro"}, "slug"),
        ({"slug": "a/b", "plan": "pro"}, "slug"),
        ({"slug": "acme\n", "plan": "pro"}, "slug"),
        ({"slug": "", "plan": "pro"}, "slug"),
        ({"slug": 1, "plan": "pro"}, "slug"),
        ({"slug": "acme", "plan": "pro", "name": ""}, "name"),
        ({"slug": "acme", "plan": "pro", "name": "n" * 201}, "name"),
        ({"slug": "acme", "plan": "pro", "name": "a\tb"}, "name"),
        ({"slug": "acme", "plan": "pro", "tier": "x"}, "tier"),
    ],
)
async def test_a_faulty_org_is_refused_naming_the_field(
    admin: httpx.AsyncClient, sent: dict[str, Any], path: str
) -> None:
    """422, and no org."""
    response = await admin.post("/admin/v1/orgs", json=sent)
    assert response.status_code == 422
    assert fields_of(response).keys() == {path}
    assert (await admin.get("/admin/v1/orgs")).json()["data"] == []


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ({"slug": "other"}, "slug"),
        ({"plan": None}, "plan"),
        ({"name": 1}, "name"),
        ({"limits": {}}, "limits"),
    ],
)
async def test_a_faulty_patch_of_an_org_is_refused(
    house: House, admin: httpx.AsyncClient, sent: dict[str, Any], path: str
) -> None:
    """422 naming the field; a slug never changes."""
    await house.org("acme")
    response = await admin.patch("/admin/v1/orgs/acme", json=sent)
    assert response.status_code == 422
    assert fields_of(response).keys() == {path}


async def test_a_slug_that_is_taken_is_a_conflict(house: House, admin: httpx.AsyncClient) -> None:
    """409, and the org that is there stays as it is."""
    await house.org("acme", "pro")
    response = await admin.post("/admin/v1/orgs", json={"slug": "acme", "plan": "free"})
    assert response.status_code == 409
    assert code_of(response) == "org_exists"
    assert (await admin.get("/admin/v1/orgs/acme")).json()["plan"] == "pro"


async def test_an_org_that_models_name_is_not_deleted(
    house: House, admin: httpx.AsyncClient
) -> None:
    """409 names them all."""
    await house.org("acme")
    await house.model("kept", org_slugs=["acme", "other"])
    await house.model("own", owner={"kind": "org", "slug": "acme"})
    await house.model("free", org_slugs=["acme2"])
    response = await admin.delete("/admin/v1/orgs/acme")
    assert response.status_code == 409
    assert fields_of(response) == {"kept": "names it in org_slugs", "own": "belongs to it"}


async def test_a_plan_that_changed_holds_for_the_next_request_of_its_keys(
    house: House, admin: httpx.AsyncClient
) -> None:
    """Callers resolved before the change are forgotten."""
    await house.org("acme", "pro")
    key = await house.key("acme")
    assert (await house.callers.resolve(key)).plan == "pro"
    await admin.patch("/admin/v1/orgs/acme", json={"plan": "free"})
    assert (await house.callers.resolve(key)).plan == "free"


async def test_deleting_an_org_ends_its_keys_at_once(
    house: House, admin: httpx.AsyncClient
) -> None:
    """They answer like any unknown key."""
    await house.org("acme")
    token = await house.token("org_admin", "acme")
    assert (await house.client(token).get("/admin/v1/keys")).status_code == 200
    await admin.delete("/admin/v1/orgs/acme")
    assert (await house.client(token).get("/admin/v1/keys")).status_code == 401


async def test_orgs_are_paged_by_slug(house: House, admin: httpx.AsyncClient) -> None:
    """A cursor leads on."""
    for slug in ("b", "a", "c"):
        await house.org(slug)
    first = (await admin.get("/admin/v1/orgs?limit=2")).json()
    assert [one["slug"] for one in first["data"]] == ["a", "b"]
    query = {"limit": 2, "cursor": first["next_cursor"]}
    second = (await admin.get("/admin/v1/orgs", params=query)).json()
    assert [one["slug"] for one in second["data"]] == ["c"]
    assert second["next_cursor"] is None
