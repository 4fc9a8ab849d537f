"""Changes that are to be made later: scheduled, made when they are due, failing visibly."""

import asyncio
from typing import Any

import httpx
import pytest

from admin.house import NOON, OPERATOR, House, SetClock, build, code_of, fields_of
from tollhouse.core.times import write_time
from tollhouse.store.sql import SqlStore

IN_AN_HOUR = write_time(NOON + 3600)
PATH = "/admin/v1/models/m/schedule"


async def schedule(admin: httpx.AsyncClient, patch: Any, **fields: Any) -> dict[str, Any]:
    """A change of the model ``m`` in an hour."""
    body = {"effective_at": IN_AN_HOUR, "patch": patch, **fields}
    response = await admin.post(PATH, json=body)
    assert response.status_code == 201, response.text
    entry: dict[str, Any] = response.json()
    assert response.headers["location"] == f"/admin/v1/schedule/{entry['id']}"
    return entry


async def test_a_change_is_made_when_it_is_due_and_not_before(
    house: House, admin: httpx.AsyncClient
) -> None:
    """As a patch of that moment, by the scheduler; both events name the change."""
    await house.model("m", tags=["a"])
    entry = await schedule(admin, {"region": "eu", "tags": None})
    assert entry == {
        "id": entry["id"],
        "model_id": "m",
        "effective_at": IN_AN_HOUR,
        "state": "pending",
        "patch": {"region": "eu", "tags": None},
        "created_at": write_time(NOON),
        "created_by": "bootstrap:bootstrap",
        "settled_at": None,
        "code": None,
        "fields": [],
    }
    house.clock.time = NOON + 3599.999
    await house.plane.scheduler.look()
    assert house.live.snapshot.models["m"].region is None

    house.clock.time = NOON + 3600
    await house.plane.scheduler.look()
    assert house.live.snapshot.models["m"].region == "eu"
    document = (await admin.get("/admin/v1/models/m")).json()
    assert (document["version"], document["updated_by"]) == (2, "local:scheduler")
    assert "tags" not in document
    shown = (await admin.get(f"/admin/v1/schedule/{entry['id']}")).json()
    assert (shown["state"], shown["settled_at"]) == ("applied", IN_AN_HOUR)
    updated, scheduled, _ = await house.events(target="m")
    assert (updated["action"], updated["outcome"]) == ("model.updated", "ok")
    assert (updated["actor"], updated["request_id"]) == ("local:scheduler", entry["id"])
    assert updated["changed"] == ["region", "tags"]
    assert (scheduled["action"], scheduled["actor"]) == ("model.scheduled", "bootstrap:bootstrap")
    assert scheduled["after"]["patch"] == {"region": "eu", "tags": None}

    await house.plane.scheduler.look()
    assert (await admin.get("/admin/v1/models/m")).json()["version"] == 2


async def test_a_change_merges_into_what_was_written_meanwhile(
    house: House, admin: httpx.AsyncClient
) -> None:
    """It is a patch, not a copy of the document as it was."""
    await house.model("m")
    price = {"pricing": {"input_per_1m_tokens": 0.1000000001}}
    await schedule(admin, {**price, "provider_config": {"timeouts": {"idle": 1.5}}})
    await admin.patch("/v1/models/m", json={"region": "eu"})
    house.clock.time = NOON + 3600
    await house.plane.scheduler.look()
    document = (await admin.get("/admin/v1/models/m")).json()
    assert document["region"] == "eu"
    assert document["pricing"] == {"input_per_1m_tokens": "0.1000000001"}
    assert document["provider_config"] == {"timeouts": {"idle": 1.5}}


async def test_changes_are_made_in_the_order_in_which_they_are_due(
    house: House, admin: httpx.AsyncClient
) -> None:
    """Those that a stopped gateway has missed too."""
    await house.model("m")
    for minute in (3, 1, 2):
        due = write_time(NOON + 60 * minute)
        await schedule(admin, {"region": f"r{minute}"}, effective_at=due)
    house.clock.time = NOON + 7200
    await house.plane.scheduler.look()
    rows = (await admin.get("/admin/v1/models/m/history")).json()["data"]
    assert [row["document"].get("region") for row in rows] == ["r3", "r2", "r1", None]


FAULTY: list[tuple[str, dict[str, Any], set[str]]] = [
    ("the past", {"effective_at": write_time(NOON), "patch": {}}, {"effective_at"}),
    ("no zone", {"effective_at": "2031-01-01T00:00:00", "patch": {}}, {"effective_at"}),
    ("no time", {"patch": {}}, {"effective_at"}),
    ("no patch", {"effective_at": IN_AN_HOUR}, {"patch"}),
    ("no object", {"effective_at": IN_AN_HOUR, "patch": []}, {"patch"}),
    ("more", {"effective_at": IN_AN_HOUR, "patch": {}, "state": "applied"}, {"state"}),
    (
        "a faulty patch",
        {"effective_at": IN_AN_HOUR, "patch": {"failover": ["x"], "aliases": ["other"]}},
        {"aliases[0]", "failover[0]"},
    ),
    ("a fixed field", {"effective_at": IN_AN_HOUR, "patch": {"model_id": "n"}}, {"model_id"}),
    ("no connection", {"effective_at": IN_AN_HOUR, "patch": {"connection": 5}}, {"connection"}),
    (
        "a key",
        {"effective_at": IN_AN_HOUR, "patch": {"connection": {"api_key": "sk-canary"}}},
        {"patch.connection.api_key"},
    ),
]


@pytest.mark.parametrize(
    ("body", "paths"), [row[1:] for row in FAULTY], ids=[row[0] for row in FAULTY]
)
async def test_a_faulty_change_is_refused_when_it_is_scheduled(
    house: House, admin: httpx.AsyncClient, body: dict[str, Any], paths: set[str]
) -> None:
    """Checked against the catalogue of today, all at once; it leaves an event and no entry."""
    await house.model("m")
    await house.model("other")
    response = await admin.post(PATH, json=body)
    assert response.status_code == 422
    assert set(fields_of(response)) == paths
    assert (await admin.get("/admin/v1/schedule")).json()["data"] == []
    (event,) = await house.events(action="model.scheduled")
    assert event["outcome"] == "validation_failed"
    assert "sk-canary" not in response.text + str(event)


async def test_a_change_of_no_model_or_of_a_stale_one_is_refused(
    house: House, admin: httpx.AsyncClient
) -> None:
    """404 and 412."""
    body = {"effective_at": IN_AN_HOUR, "patch": {}}
    assert code_of(await admin.post(PATH, json=body)) == "model_not_found"
    await house.model("m")
    stale = await admin.post(PATH, json=body, headers={"if-match": '"2"'})
    assert code_of(stale) == "version_conflict"
    by_query = await admin.post("/admin/v1/model/schedule?id=m", json=body)
    assert by_query.status_code == 201


async def test_a_change_that_compiles_no_more_fails_visibly(
    house: House, admin: httpx.AsyncClient
) -> None:
    """Its faults are kept with it, an event says so, and it is not tried again."""
    await house.model("m")
    await house.model("spare")
    entry = await schedule(admin, {"failover": ["spare"]})
    await admin.delete("/v1/models/spare")
    house.clock.time = NOON + 3600
    await house.plane.scheduler.look()
    shown = (await admin.get(f"/admin/v1/schedule/{entry['id']}")).json()
    assert (shown["state"], shown["code"]) == ("failed", "validation_failed")
    assert [fault["path"] for fault in shown["fields"]] == ["failover[0]"]
    event = (await house.events(target="m"))[0]
    assert (event["action"], event["outcome"]) == ("model.updated", "validation_failed")
    assert (event["actor"], event["request_id"]) == ("local:scheduler", entry["id"])
    await house.model("spare-again", aliases=["spare"])
    await house.plane.scheduler.look()
    assert house.live.snapshot.models["m"].failover == ()
    assert len(await house.events(target="m")) == 3


async def test_one_failure_does_not_keep_the_others_from_being_made(
    house: House, admin: httpx.AsyncClient
) -> None:
    """The model of the first is gone."""
    await house.model("gone")
    await house.model("m")
    body = {"effective_at": IN_AN_HOUR, "patch": {"region": "eu"}}
    await admin.post("/admin/v1/models/gone/schedule", json=body)
    await schedule(admin, {"region": "eu"})
    await admin.delete("/v1/models/gone")
    house.clock.time = NOON + 3600
    await house.plane.scheduler.look()
    rows = (await admin.get("/admin/v1/schedule")).json()["data"]
    assert [(row["model_id"], row["state"]) for row in rows] == [
        ("gone", "failed"),
        ("m", "applied"),
    ]
    assert rows[0]["code"] == "model_not_found"


async def test_a_change_is_taken_back_once(house: House, admin: httpx.AsyncClient) -> None:
    """Then it is never made, and there is nothing pending to take back."""
    await house.model("m")
    entry = await schedule(admin, {"region": "eu"})
    path = f"/admin/v1/schedule/{entry['id']}"
    assert (await admin.delete(path)).status_code == 204
    assert (await admin.get(path)).json()["state"] == "cancelled"
    assert code_of(await admin.delete(path)) == "not_found"
    assert code_of(await admin.delete("/admin/v1/schedule/nowhere")) == "not_found"
    assert code_of(await admin.get("/admin/v1/schedule/nowhere")) == "not_found"
    house.clock.time = NOON + 3600
    await house.plane.scheduler.look()
    assert house.live.snapshot.models["m"].region is None
    (event,) = await house.events(action="model.unscheduled", target="m")
    assert (event["before"]["state"], event["after"]["state"]) == ("pending", "cancelled")


async def test_the_list_is_filtered_and_paged(house: House, admin: httpx.AsyncClient) -> None:
    """By state and model."""
    await house.model("m")
    first, second = [(await schedule(admin, {"region": one}))["id"] for one in ("a", "b")]
    await admin.delete(f"/admin/v1/schedule/{first}")

    async def ids(**query: Any) -> list[str]:
        response = await admin.get("/admin/v1/schedule", params=query)
        return [row["id"] for row in response.json()["data"]]

    assert await ids() == [first, second]
    assert await ids(state="pending", model="m") == [second]
    assert await ids(model="n") == []
    assert (await admin.get("/admin/v1/schedule?state=gone")).status_code == 400
    page = (await admin.get("/admin/v1/schedule?limit=1")).json()
    assert await ids(cursor=page["next_cursor"]) == [second]


async def test_of_many_workers_one_makes_a_change(store_url: str, clock: SetClock) -> None:
    """All look at the same moment; every change is made once and leaves one event."""
    workers = [build(store_url, clock) for _ in range(4)]
    first = workers[0]
    await first.live.load()
    await first.model("m")
    for number in range(5):
        body = {"effective_at": IN_AN_HOUR, "patch": {"tags": [str(number)]}}
        await first.plane.scheduling.create(OPERATOR, "m", body)
    clock.time = NOON + 3600
    await asyncio.gather(*(worker.live.load() for worker in workers))
    await asyncio.gather(*(worker.plane.scheduler.look() for worker in workers))
    stored = await first.store.load()
    assert stored.models[0].version == 6
    page = await first.store.events(
        target="m", actor=None, action="model.updated", org=None, since=None, limit=99, cursor=None
    )
    assert [(event.outcome, event.actor) for event in page.rows] == [("ok", "local:scheduler")] * 5
    assert len({event.request_id for event in page.rows}) == 5
    assert await first.store.due_changes(clock.time, limit=10) == []
    for worker in workers:
        await worker.store.aclose()


async def test_a_change_that_is_taken_back_meanwhile_is_not_made(
    house: House, sibling: House, admin: httpx.AsyncClient
) -> None:
    """Between the look and the commit; of the two writers, one is told."""

    class TakenBack(SqlStore):
        async def commit(self, change: Any) -> int:
            await sibling.plane.scheduling.cancel(OPERATOR, entry["id"])
            return await super().commit(change)

    await house.model("m")
    entry = await schedule(admin, {"region": "eu"})
    house.clock.time = NOON + 3600
    house.store.__class__ = TakenBack
    await house.plane.scheduler.look()
    assert (await admin.get(f"/admin/v1/schedule/{entry['id']}")).json()["state"] == "cancelled"
    assert "region" not in (await admin.get("/admin/v1/models/m")).json()
