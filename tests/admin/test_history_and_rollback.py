"""Versions of a model, and back to one."""

from typing import Any

import httpx
import pytest

from admin.house import NOON, House, body, code_of, fields_of


async def test_the_history_has_every_version_newest_first(
    house: House, admin: httpx.AsyncClient
) -> None:
    """Each entry says who, when and what; a deletion is one of them."""
    await house.model("m")
    house.clock.time = NOON + 60
    await admin.patch("/v1/models/m", json={"region": "eu"})
    await admin.delete("/v1/models/m")
    rows = (await admin.get("/admin/v1/models/m/history")).json()["data"]
    assert [(row["version"], row["deleted"]) for row in rows] == [
        (3, True),
        (2, False),
        (1, False),
    ]
    assert rows[0]["document"] is None
    assert rows[1]["document"]["region"] == "eu"
    assert rows[1]["actor"] == "bootstrap:bootstrap"
    assert rows[1]["at"] == "2030-03-17T17:47:40Z"
    assert "region" not in rows[2]["document"]


async def test_the_history_is_paged(house: House, admin: httpx.AsyncClient) -> None:
    """A cursor leads to the older ones and ends."""
    await house.model("m")
    for number in range(4):
        await admin.patch("/v1/models/m", json={"region": str(number)})
    seen: list[int] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = (await admin.get("/admin/v1/models/m/history", params=query)).json()
        seen += [row["version"] for row in page["data"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert seen == [5, 4, 3, 2, 1]


async def test_a_model_that_never_was_has_no_history(admin: httpx.AsyncClient) -> None:
    """404, not an empty list."""
    response = await admin.get("/admin/v1/models/nowhere/history")
    assert code_of(response) == "model_not_found"


async def test_a_rollback_is_a_new_version_with_the_old_content(
    house: House, admin: httpx.AsyncClient
) -> None:
    """Nothing of the history is rewritten, and what was in force then is in force now."""
    await house.model("m", pricing={"per_request": "1"}, tags=["a"])
    await admin.patch("/v1/models/m", json={"pricing": {"per_request": "2"}, "region": "eu"})
    response = await admin.post("/admin/v1/models/m/rollback", json={"version": 1})
    assert response.status_code == 200
    document = response.json()
    assert document["version"] == 3
    assert document["pricing"]["per_request"] == "1"
    assert "region" not in document
    assert response.headers["etag"] == '"3"'
    model = house.live.snapshot.models["m"]
    assert model.pricing is not None
    assert model.pricing.version == 3
    (event,) = await house.events(action="model.rolled_back")
    assert event["changed"] == ["pricing.per_request", "region"]


async def test_a_deleted_model_can_be_brought_back(house: House, admin: httpx.AsyncClient) -> None:
    """With its identity, as the next version."""
    uid = (await house.model("m", region="eu"))["uid"]
    await admin.delete("/v1/models/m")
    response = await admin.post("/admin/v1/models/m/rollback", json={"version": 1})
    document = response.json()
    assert (document["version"], document["uid"], document["region"]) == (3, uid, "eu")
    assert house.live.snapshot.models["m"].version == 3


async def test_a_rollback_is_compiled_like_any_other_write(
    house: House, admin: httpx.AsyncClient
) -> None:
    """What the old version named may be gone."""
    await house.model("spare")
    await house.model("m", failover="spare")
    await admin.patch("/v1/models/m", json={"failover": None})
    await admin.delete("/v1/models/spare")
    response = await admin.post("/admin/v1/models/m/rollback", json={"version": 1})
    assert response.status_code == 422
    assert fields_of(response) == {"failover": "names no model: spare"}


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"version": 9}, 404),
        ({"version": 0}, 422),
        ({"version": "1"}, 422),
        ({"version": True}, 422),
        ({"version": 2**70}, 422),
        ({}, 422),
        ({"version": 1, "force": True}, 422),
    ],
)
async def test_a_version_that_cannot_be_is_refused_naming_it(
    house: House, admin: httpx.AsyncClient, sent: dict[str, Any], status: int
) -> None:
    """404 for one that never was, 422 for what is no version."""
    await house.model("m")
    response = await admin.post("/admin/v1/models/m/rollback", json=sent)
    assert response.status_code == status
    assert fields_of(response).keys() <= {"version", "force"}


async def test_a_deletion_is_no_version_to_go_back_to(
    house: House, admin: httpx.AsyncClient
) -> None:
    """It has no document."""
    await house.model("m")
    await admin.delete("/v1/models/m")
    await admin.post("/v1/models", json=body("m"))
    response = await admin.post("/admin/v1/models/m/rollback", json={"version": 2})
    assert code_of(response) == "not_found"


async def test_a_rollback_of_nothing_is_not_found(admin: httpx.AsyncClient) -> None:
    """There is no such model and no such version."""
    response = await admin.post("/admin/v1/models/nowhere/rollback", json={"version": 1})
    assert response.status_code == 404
