"""The audit trail: every write, done or refused, and reading it."""

from typing import Any

import httpx
import pytest

from admin.house import NOON, OPERATOR, House, body, code_of, fields_of
from tollhouse.admin.audit_queries import AuditFilter
from tollhouse.core.caller import Caller, CredentialKind, Role
from tollhouse.core.errors import CallerError


async def test_I04_an_update_says_who_when_what_before_and_after(
    house: House, admin: httpx.AsyncClient
) -> None:
    """The whole event, as the API tells it."""
    await house.model("m", tags=["a"], pricing={"per_request": "1"})
    house.clock.time = NOON + 60
    await admin.patch(
        "/v1/models/m",
        json={"tags": ["b"], "pricing": {"per_request": "2"}},
        headers={"x-request-id": "the-request"},
    )
    (event,) = await house.events(action="model.updated")
    before, after = event.pop("before"), event.pop("after")
    assert len(event.pop("id")) == 36
    assert event == {
        "at": "2030-03-17T17:47:40Z",
        "actor": "bootstrap:bootstrap",
        "action": "model.updated",
        "target": "m",
        "org": None,
        "request_id": "the-request",
        "outcome": "ok",
        "changed": ["pricing.per_request", "tags"],
    }
    assert (before["version"], before["tags"]) == (1, ["a"])
    assert (after["version"], after["tags"]) == (2, ["b"])


async def test_every_kind_of_write_leaves_its_event(house: House, admin: httpx.AsyncClient) -> None:
    """One event for each acknowledged write, oldest here first."""
    await admin.post("/admin/v1/orgs", json={"slug": "acme", "plan": "pro"})
    await admin.patch("/admin/v1/orgs/acme", json={"plan": "free"})
    key = (await admin.post("/admin/v1/keys", json={"org": "acme"})).json()["id"]
    await admin.patch(f"/admin/v1/keys/{key}", json={"name": "n"})
    await admin.post(f"/admin/v1/keys/{key}/rotate")
    await admin.delete(f"/admin/v1/keys/{key}")
    token_body = {"user": "u", "org": "acme", "role": "member"}
    token = (await admin.post("/admin/v1/tokens", json=token_body)).json()["id"]
    await admin.delete(f"/admin/v1/tokens/{token}")
    await admin.delete("/admin/v1/orgs/acme")
    await admin.post("/v1/models", json=body("m"))
    await admin.patch("/v1/models/m", json={"region": "eu"})
    await admin.post("/admin/v1/models/m/rollback", json={"version": 1})
    await admin.delete("/v1/models/m")
    await admin.put("/v1/models", json={"models": []})
    events = [(one["action"], one["target"]) for one in reversed(await house.events())]
    assert events == [
        ("org.created", "acme"),
        ("org.updated", "acme"),
        ("key.created", key),
        ("key.updated", key),
        ("key.rotated", key),
        ("key.revoked", key),
        ("token.created", token),
        ("token.revoked", token),
        ("org.deleted", "acme"),
        ("model.created", "m"),
        ("model.updated", "m"),
        ("model.rolled_back", "m"),
        ("model.deleted", "m"),
        ("model.replaced", "models"),
    ]


REFUSED: list[tuple[str, str, Any, str, str, str]] = [
    ("POST", "/v1/models", body("m"), "model.created", "m", "model_exists"),
    ("POST", "/v1/models", {"model_id": "x"}, "model.created", "x", "validation_failed"),
    ("POST", "/v1/models", {"model_id": 1}, "model.created", "", "validation_failed"),
    ("POST", "/v1/models", [], "model.created", "", "invalid_request_error"),
    ("PATCH", "/v1/models/m", {"x": 1}, "model.updated", "m", "validation_failed"),
    ("PATCH", "/v1/models/no", {}, "model.updated", "no", "model_not_found"),
    ("PATCH", "/v1/models/m?x=1", {}, "model.updated", "m", "invalid_request_error"),
    ("DELETE", "/v1/models/m", None, "model.deleted", "m", "in_use"),
    ("PUT", "/v1/models", {}, "model.replaced", "models", "validation_failed"),
    (
        "POST",
        "/admin/v1/models/m/rollback",
        {"version": 7},
        "model.rolled_back",
        "m",
        "not_found",
    ),
    ("POST", "/admin/v1/orgs", {"slug": "acme"}, "org.created", "acme", "validation_failed"),
    ("PATCH", "/admin/v1/orgs/no", {}, "org.updated", "no", "not_found"),
    ("DELETE", "/admin/v1/orgs/no", None, "org.deleted", "no", "not_found"),
    ("POST", "/admin/v1/keys", {"org": "no"}, "key.created", "", "validation_failed"),
    ("DELETE", "/admin/v1/keys/no", None, "key.revoked", "no", "not_found"),
    ("POST", "/admin/v1/tokens", {}, "token.created", "", "validation_failed"),
]


async def test_every_refused_write_leaves_its_event(house: House, admin: httpx.AsyncClient) -> None:
    """With the code that the client was given, and without a document."""
    await house.model("m")
    await house.model("user", failover="m")
    for number, (method, path, sent, *expected) in enumerate(REFUSED):
        name = f"request-{number}"
        response = await admin.request(method, path, json=sent, headers={"x-request-id": name})
        assert code_of(response) == expected[-1], path
    events = {event["request_id"]: event for event in await house.events()}
    for number, (_, _, _, *expected) in enumerate(REFUSED):
        event = events[f"request-{number}"]
        assert [event["action"], event["target"], event["outcome"]] == expected
        assert (event["before"], event["after"], event["changed"]) == (None, None, [])


async def test_a_stale_write_is_in_the_trail(house: House, admin: httpx.AsyncClient) -> None:
    """412 and a malformed If-Match too."""
    await house.model("m")
    for if_match, outcome in (('"9"', "version_conflict"), ("x", "invalid_request_error")):
        await admin.patch("/v1/models/m", json={}, headers={"if-match": if_match})
        assert (await house.events())[0]["outcome"] == outcome


async def test_reads_and_dry_runs_leave_nothing(house: House, admin: httpx.AsyncClient) -> None:
    """Polling does not clutter the trail."""
    for path in ("/admin/v1/models", "/admin/v1/orgs", "/admin/v1/audit", "/admin/v1/usage"):
        await admin.get(path)
    await admin.put("/v1/models?dry_run=true", json={"models": [body("m")]})
    await admin.post("/admin/v1/explain", json={"model": "m", "org": "x"})
    assert await house.events() == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"target": "a"}, ["model.updated", "model.created"]),
        ({"action": "model.created"}, ["model.created", "model.created"]),
        ({"actor": "bootstrap:bootstrap"}, ["model.updated"]),
        ({"actor": "nobody"}, []),
        ({"since": "2030-03-17T17:47:00Z"}, ["model.updated"]),
        ({"since": "2030-03-17T18:47:00+01:00"}, ["model.updated"]),
        ({"since": str(NOON + 1)}, ["model.updated"]),
        ({"since": "1900000001.5"}, ["model.updated"]),
        ({"target": "a", "action": "model.created"}, ["model.created"]),
    ],
)
async def test_filters_narrow_the_trail(
    house: House, admin: httpx.AsyncClient, query: dict[str, str], expected: list[str]
) -> None:
    """Each filter alone and together, newest first."""
    await house.model("a")
    await house.model("b")
    house.clock.time = NOON + 60
    await admin.patch("/v1/models/a", json={"region": "eu"})
    assert [one["action"] for one in await house.events(**query)] == expected


async def test_the_trail_is_paged(house: House, admin: httpx.AsyncClient) -> None:
    """Pages put together are the whole."""
    for name in "abcde":
        await house.model(name)
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = (await admin.get("/admin/v1/audit", params=query)).json()
        seen += [one["target"] for one in page["data"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert seen == ["e", "d", "c", "b", "a"]


async def test_the_plus_of_a_zone_may_be_sent_as_it_is(
    house: House, admin: httpx.AsyncClient
) -> None:
    """Nobody encodes it by hand."""
    await house.model("m")
    for zone, count in (("18:46:40+01:00", 1), ("18:46:41+01:00", 0)):
        response = await admin.get(f"/admin/v1/audit?since=2030-03-17T{zone}")
        assert len(response.json()["data"]) == count


@pytest.mark.parametrize("query", ["since=yesterday", "cursor=x", "until=1", "limit=0"])
async def test_a_query_that_cannot_be_used_is_refused(admin: httpx.AsyncClient, query: str) -> None:
    """400 naming the parameter, the store's own faults too."""
    response = await admin.get(f"/admin/v1/audit?{query}")
    assert response.status_code == 400
    assert fields_of(response).keys() == {query.partition("=")[0]}


async def test_F14_an_org_reads_its_own_part_of_the_trail(house: House) -> None:
    """Its org, its keys and tokens, its models, and nothing of another's or the system's."""
    for slug in ("acme", "globex"):
        await house.org(slug)
        await house.plane.keys.create(OPERATOR, {"org": slug})
        await house.model(f"{slug}/own", owner={"kind": "org", "slug": slug})
    await house.model("common")
    client = house.client(await house.token("org_admin", "acme"))
    events = (await client.get("/admin/v1/audit")).json()["data"]
    assert [one["action"] for one in events] == [
        "token.created",
        "model.created",
        "key.created",
        "org.created",
    ]
    assert "globex" not in str(events)


async def test_F14_pages_of_an_orgs_trail_are_full(house: House) -> None:
    """Other events between its own make no page shorter, and no cursor leads to nothing."""
    for slug in ("acme", "globex"):
        await house.org(slug)
    for number in range(6):
        await house.plane.keys.create(OPERATOR, {"org": "acme", "name": f"key {number}"})
        for _ in range(4):
            await house.plane.keys.create(OPERATOR, {"org": "globex"})
    client = house.client(await house.token("viewer", "acme"))
    pages: list[list[dict[str, Any]]] = []
    query: dict[str, Any] = {"limit": 4}
    while True:
        page = (await client.get("/admin/v1/audit", params=query)).json()
        pages.append(page["data"])
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert [len(page) for page in pages] == [4, 4]
    assert {event["org"] for page in pages for event in page} == {"acme"}
    filtered = await client.get("/admin/v1/audit", params={"action": "key.created", "limit": 6})
    assert len(filtered.json()["data"]) == 6


async def test_F14_refused_writes_are_the_affair_of_the_org_that_tried(house: House) -> None:
    """Its admins read them, whatever they were aimed at; the org they were aimed at does not."""
    for slug in ("acme", "globex"):
        await house.org(slug)
    foreign = (await house.plane.keys.create(OPERATOR, {"org": "globex"})).credential.id
    await house.model("common")
    await house.model("theirs", owner={"kind": "org", "slug": "globex"})
    mine = house.client(await house.token("org_admin", "acme"))
    theirs = house.client(await house.token("org_admin", "globex", user="eve"))
    member = house.client(await house.token("member", "acme", user="bob"))
    await mine.delete(f"/admin/v1/keys/{foreign}")
    await mine.patch("/admin/v1/orgs/globex", json={"plan": "free"})
    await mine.patch("/v1/models/theirs", json={"enabled": False})
    await mine.post("/admin/v1/keys", content=b"not JSON")
    await member.patch("/v1/models/common", json={"enabled": False})
    await house.client(await house.key("acme")).post("/admin/v1/keys", json={})
    refused = [
        (event["action"], event["target"], event["outcome"])
        for event in (await mine.get("/admin/v1/audit")).json()["data"]
        if event["outcome"] != "ok"
    ]
    assert refused == [
        ("key.created", "", "user_identity_required"),
        ("model.updated", "common", "forbidden"),
        ("key.created", "", "invalid_request_error"),
        ("model.updated", "theirs", "forbidden"),
        ("org.updated", "globex", "forbidden"),
        ("key.revoked", foreign, "not_found"),
    ]
    seen = (await theirs.get("/admin/v1/audit")).json()["data"]
    assert {event["outcome"] for event in seen} == {"ok"}
    assert "acme" not in str(seen)


async def test_F14_what_the_system_was_refused_belongs_to_the_target(house: House) -> None:
    """A system admin acts for no org, not even for the one that its token is kept in."""
    for slug in ("acme", "globex"):
        await house.org(slug)
    key = (await house.plane.keys.create(OPERATOR, {"org": "globex"})).credential.id
    await house.model("common")
    await house.model("theirs", owner={"kind": "org", "slug": "globex"})
    client = house.client(await house.token("system_admin", "acme", user="root"))
    stale = {"if-match": '"9"'}
    for method, path, sent in (
        ("POST", "/admin/v1/orgs", {"slug": "globex", "plan": "pro"}),
        ("PATCH", "/admin/v1/orgs/globex", {"plan": "gold"}),
        ("DELETE", "/admin/v1/orgs/globex", None),
        ("PATCH", f"/admin/v1/keys/{key}", {"name": 1}),
        ("POST", "/admin/v1/keys", {"org": "globex", "expires_at": "2000-01-01T00:00:00Z"}),
        ("PATCH", "/v1/models/theirs", {}),
        ("POST", "/v1/models", body("theirs", owner={"kind": "org", "slug": "globex"})),
        ("PATCH", "/v1/models/common", {}),
        ("DELETE", "/v1/models/common", None),
        ("PATCH", "/admin/v1/orgs/nobody", {}),
    ):
        response = await client.request(method, path, json=sent, headers=stale)
        assert response.status_code >= 400, path
    events = await house.events(actor="user_token:root")
    assert [event["org"] for event in reversed(events)] == ["globex"] * 7 + [None] * 3


async def test_a_reader_without_an_org_is_not_shown_everybodys_trail(house: House) -> None:
    """An org's admin whose credential names no org reads nothing."""
    await house.model("m")
    lost = Caller(CredentialKind.SESSION, "s", role=Role.ORG_ADMIN)
    with pytest.raises(CallerError) as caught:
        await house.plane.audit.page(lost, AuditFilter(), limit=10, cursor=None)
    assert caught.value.code == "forbidden"
