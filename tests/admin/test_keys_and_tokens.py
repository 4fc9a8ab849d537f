"""Keys and tokens over HTTP."""

from typing import Any

import httpx
import pytest

from admin.house import NOON, OPERATOR, House, code_of, fields_of
from tollhouse.core.errors import CallerError

SOON = "2030-03-17T18:00:00Z"


async def works(house: House, secret: str) -> bool:
    """Whether a credential stands for a caller."""
    try:
        await house.callers.resolve(secret)
    except CallerError as error:
        return error.status != 401
    return True


async def test_a_key_is_shown_once_and_kept_as_a_digest(
    house: House, admin: httpx.AsyncClient
) -> None:
    """No list, document, event or row has the secret, or any part of it."""
    await house.org("acme")
    made = await admin.post("/admin/v1/keys", json={"org": "acme", "name": "backend"})
    assert made.status_code == 201
    document = made.json()
    secret = document.pop("key")
    assert secret.startswith(f"iak_{document['id']}_")
    assert document == {
        "id": document["id"],
        "org": "acme",
        "name": "backend",
        "enabled": True,
        "created_at": "2030-03-17T17:46:40Z",
        "expires_at": None,
        "revoked_at": None,
        "old_secret_good_until": None,
    }
    one = await admin.get(f"/admin/v1/keys/{document['id']}")
    every = await admin.get("/admin/v1/keys")
    assert one.json() == document
    assert every.json() == {"data": [document], "next_cursor": None}
    found = await house.store.credential(document["id"])
    assert found is not None
    hidden = secret.removeprefix(f"iak_{document['id']}_")
    audited = str(await house.events())
    assert hidden not in one.text + every.text + audited + str(found)
    assert found[0].digest not in one.text + every.text + audited
    assert await works(house, secret)
    assert not await works(house, found[0].digest)


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ({}, "org"),
        ({"org": None}, "org"),
        ({"org": "nobody"}, "org"),
        ({"org": 1}, "org"),
        ({"org": "acme", "expires_at": "2030-03-17T17:46:40Z"}, "expires_at"),
        ({"org": "acme", "expires_at": "2030-03-17T17:46:40"}, "expires_at"),
        ({"org": "acme", "expires_at": NOON + 60}, "expires_at"),
        ({"org": "acme", "expires_at": "2031-02-30T00:00:00Z"}, "expires_at"),
        ({"org": "acme", "name": ""}, "name"),
        ({"org": "acme", "role": "system_admin"}, "role"),
    ],
)
async def test_a_faulty_key_is_refused_naming_the_field(
    house: House, admin: httpx.AsyncClient, sent: dict[str, Any], path: str
) -> None:
    """422, and no key."""
    await house.org("acme")
    response = await admin.post("/admin/v1/keys", json=sent)
    assert response.status_code == 422
    assert fields_of(response).keys() == {path}
    assert (await admin.get("/admin/v1/keys")).json()["data"] == []


async def test_what_was_issued_does_not_show_itself_in_a_traceback(house: House) -> None:
    """Its representation is the public id."""
    await house.org("acme")
    issued = await house.plane.keys.create(OPERATOR, {"org": "acme"})
    assert repr(issued) == f"Issued({issued.credential.id})"


async def test_G07_a_key_that_is_disabled_revoked_or_expired_ends_with_the_answer(
    house: House, admin: httpx.AsyncClient
) -> None:
    """A key that was just used, and so is cached, does not go on for a moment."""
    await house.org("acme")
    for change in ("disable", "revoke", "expire"):
        made = (await admin.post("/admin/v1/keys", json={"org": "acme"})).json()
        path = f"/admin/v1/keys/{made['id']}"
        assert await works(house, made["key"])
        if change == "disable":
            await admin.patch(path, json={"enabled": False})
        elif change == "revoke":
            assert (await admin.delete(path)).status_code == 204
        else:
            await admin.patch(path, json={"expires_at": SOON})
            assert await works(house, made["key"])
            house.clock.time = NOON + 3600
        assert not await works(house, made["key"])


async def test_G07_an_admins_token_is_checked_like_any_other(house: House) -> None:
    """A revoked token of a system admin, just used, is refused by the next request."""
    await house.org("acme")
    issued = await house.plane.tokens.create(
        OPERATOR, {"user": "eve", "org": "acme", "role": "system_admin"}
    )
    client = house.client(issued.secret)
    assert (await client.get("/admin/v1/orgs")).status_code == 200
    assert (await client.delete(f"/admin/v1/tokens/{issued.credential.id}")).status_code == 204
    assert (await client.get("/admin/v1/orgs")).status_code == 401


async def test_G07_another_worker_forgets_when_it_sees_the_count_move(
    house: House, sibling: House
) -> None:
    """Every write to callers moves the count that other workers watch."""
    await house.org("acme")
    issued = await house.plane.keys.create(OPERATOR, {"org": "acme"})
    assert await works(sibling, issued.secret)
    before = (await sibling.store.versions()).callers
    await house.plane.keys.revoke(OPERATOR, issued.credential.id)
    assert (await sibling.store.versions()).callers > before
    sibling.callers.forget_all()
    assert not await works(sibling, issued.secret)


async def test_G08_a_key_that_was_refused_before_it_was_good_works_at_once(
    house: House, admin: httpx.AsyncClient
) -> None:
    """Enabling it again empties what was remembered of the refusal."""
    await house.org("acme")
    made = (await admin.post("/admin/v1/keys", json={"org": "acme"})).json()
    path = f"/admin/v1/keys/{made['id']}"
    await admin.patch(path, json={"enabled": False})
    assert not await works(house, made["key"])
    await admin.patch(path, json={"enabled": True})
    assert await works(house, made["key"])


async def test_a_rotation_gives_a_new_secret_and_the_old_one_its_overlap(
    house: House, admin: httpx.AsyncClient
) -> None:
    """Both work until the overlap is over, by the clock."""
    await house.org("acme")
    made = (await admin.post("/admin/v1/keys", json={"org": "acme"})).json()
    path = f"/admin/v1/keys/{made['id']}/rotate"
    rotated = await admin.post(path, json={"overlap": 600})
    assert rotated.status_code == 200
    document = rotated.json()
    assert document["id"] == made["id"]
    assert document["key"] != made["key"]
    assert document["old_secret_good_until"] == "2030-03-17T17:56:40Z"
    assert await works(house, made["key"])
    assert await works(house, document["key"])
    house.clock.time = NOON + 601
    assert not await works(house, made["key"])
    assert await works(house, document["key"])


async def test_a_rotation_without_overlap_ends_the_old_secret_at_once(
    house: House, admin: httpx.AsyncClient
) -> None:
    """No body is no overlap."""
    await house.org("acme")
    made = (await admin.post("/admin/v1/keys", json={"org": "acme"})).json()
    assert await works(house, made["key"])
    rotated = (await admin.post(f"/admin/v1/keys/{made['id']}/rotate")).json()
    assert not await works(house, made["key"])
    assert await works(house, rotated["key"])


@pytest.mark.parametrize(
    "sent", [{"overlap": -1}, {"overlap": "1h"}, {"overlap": 10**9}, {"grace": 1}]
)
async def test_a_faulty_overlap_is_refused(
    house: House, admin: httpx.AsyncClient, sent: dict[str, Any]
) -> None:
    """422, and the old secret stays."""
    await house.org("acme")
    made = (await admin.post("/admin/v1/keys", json={"org": "acme"})).json()
    response = await admin.post(f"/admin/v1/keys/{made['id']}/rotate", json=sent)
    assert response.status_code == 422
    assert await works(house, made["key"])


async def test_a_revoked_key_never_comes_back(house: House, admin: httpx.AsyncClient) -> None:
    """Not by a patch, not by a rotation; revoking it again is done already."""
    await house.org("acme")
    made = (await admin.post("/admin/v1/keys", json={"org": "acme"})).json()
    path = f"/admin/v1/keys/{made['id']}"
    await admin.delete(path)
    assert (await admin.patch(path, json={"enabled": True})).status_code == 422
    assert (await admin.post(f"{path}/rotate")).status_code == 422
    assert (await admin.delete(path)).status_code == 204
    shown = (await admin.get(path)).json()
    assert (shown["enabled"], shown["revoked_at"]) == (False, "2030-03-17T17:46:40Z")
    assert not await works(house, made["key"])


async def test_a_patch_of_a_key_keeps_what_it_does_not_name(
    house: House, admin: httpx.AsyncClient
) -> None:
    """Null clears the name and the end; it is no value for ``enabled``."""
    await house.org("acme")
    body = {"org": "acme", "name": "backend", "expires_at": SOON}
    made = (await admin.post("/admin/v1/keys", json=body)).json()
    path = f"/admin/v1/keys/{made['id']}"
    renamed = (await admin.patch(path, json={"name": "front"})).json()
    assert (renamed["name"], renamed["expires_at"]) == ("front", SOON)
    cleared = (await admin.patch(path, json={"name": None, "expires_at": None})).json()
    assert (cleared["name"], cleared["expires_at"]) == (None, None)
    assert fields_of(await admin.patch(path, json={"enabled": None})).keys() == {"enabled"}
    assert fields_of(await admin.patch(path, json={"org": "x"})).keys() == {"org"}


async def test_a_token_stands_for_its_user_role_and_org(
    house: House, admin: httpx.AsyncClient
) -> None:
    """Its form is ``at:``, and it is shown once."""
    await house.org("acme")
    body = {"user": "ada", "org": "acme", "role": "viewer", "expires_at": SOON}
    made = await admin.post("/admin/v1/tokens", json=body)
    assert made.status_code == 201
    document = made.json()
    secret = document.pop("token")
    assert secret.startswith(f"at:{document['id']}:")
    assert (document["user"], document["role"]) == ("ada", "viewer")
    caller = await house.callers.resolve(secret)
    assert (caller.user, caller.role, caller.org, caller.plan) == ("ada", "viewer", "acme", "pro")
    path = f"/admin/v1/tokens/{document['id']}"
    assert (await admin.get(path)).json() == document
    assert (await admin.get("/admin/v1/tokens?org=acme")).json()["data"] == [document]
    assert (await admin.get("/admin/v1/tokens?org=other")).json()["data"] == []
    assert (await admin.delete(path)).status_code == 204
    assert not await works(house, secret)


@pytest.mark.parametrize(
    ("sent", "path"),
    [({"user": None}, "user"), ({"role": "root"}, "role"), ({"role": None}, "role")],
)
async def test_a_faulty_token_is_refused(
    house: House, admin: httpx.AsyncClient, sent: dict[str, Any], path: str
) -> None:
    """422 naming the field."""
    await house.org("acme")
    body = {"user": "ada", "org": "acme", "role": "member", **sent}
    assert fields_of(await admin.post("/admin/v1/tokens", json=body)).keys() == {path}


async def test_a_key_is_no_token_and_a_token_no_key(house: House, admin: httpx.AsyncClient) -> None:
    """Each is found under its own path only."""
    await house.org("acme")
    key = (await house.plane.keys.create(OPERATOR, {"org": "acme"})).credential.id
    body = {"user": "ada", "org": "acme", "role": "member"}
    token = (await house.plane.tokens.create(OPERATOR, body)).credential.id
    assert (await admin.get(f"/admin/v1/tokens/{key}")).status_code == 404
    assert (await admin.delete(f"/admin/v1/keys/{token}")).status_code == 404
    assert (await admin.patch(f"/admin/v1/tokens/{token}", json={})).status_code == 405


async def test_G09_a_whole_key_in_a_path_is_not_repeated_anywhere(
    house: House, admin: httpx.AsyncClient
) -> None:
    """Neither the answer nor the trail holds it."""
    await house.org("acme")
    key = await house.key("acme")
    response = await admin.delete(f"/admin/v1/keys/{key}")
    assert response.status_code == 404
    assert key not in response.text + str(response.headers) + str(await house.events())
    assert await works(house, key)


async def test_org_admins_mint_within_their_org_and_below_themselves(house: House) -> None:
    """No token of a system admin, nothing for another org; the own org is the default."""
    for slug in ("acme", "globex"):
        await house.org(slug)
    client = house.client(await house.token("org_admin", "acme"))
    own = await client.post("/admin/v1/keys", json={})
    assert (own.status_code, own.json()["org"]) == (201, "acme")
    foreign = await client.post("/admin/v1/keys", json={"org": "globex"})
    assert code_of(foreign) == "forbidden"
    for role, status in (("org_admin", 201), ("member", 201), ("system_admin", 403)):
        body = {"user": "bob", "role": role}
        assert (await client.post("/admin/v1/tokens", json=body)).status_code == status


async def test_keys_of_other_orgs_do_not_exist_for_an_org_admin(house: House) -> None:
    """404 as for an id that never was, whatever is tried; a list of theirs is a 403."""
    for slug in ("acme", "globex"):
        await house.org(slug)
    client = house.client(await house.token("org_admin", "acme"))
    foreign = (await house.plane.keys.create(OPERATOR, {"org": "globex"})).credential.id
    await house.key("acme")
    path = f"/admin/v1/keys/{foreign}"
    answers = [
        await client.get(path),
        await client.patch(path, json={"enabled": False}),
        await client.post(f"{path}/rotate"),
        await client.delete(path),
        await client.get("/admin/v1/keys/01234567-89ab-7def-8123-456789abcdef"),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.json()["error"]["message"] for answer in answers}) == 1
    assert [one["org"] for one in (await client.get("/admin/v1/keys")).json()["data"]] == ["acme"]
    assert code_of(await client.get("/admin/v1/keys?org=globex")) == "forbidden"
