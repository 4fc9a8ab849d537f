"""System prompts in the organisation dialect: camelCase, within the caller's org."""

import asyncio
from typing import Any

import httpx
import pytest

from admin.house import NOON, OPERATOR, House

PATH = "/org/v1/system-prompts"
ROLE = {"kind": "role", "text": "You help."}
TONE = {"kind": "tone", "text": "Be brief.", "enabled": False}
SENT = {"name": "Support", "particles": [ROLE, TONE]}


@pytest.fixture(name="client")
async def _client(house: House) -> httpx.AsyncClient:
    """An admin of acme; there is globex, too."""
    for slug in ("acme", "globex"):
        await house.org(slug)
    return house.client(await house.token("org_admin", "acme", user="olga"))


async def created(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    """A prompt, made through the API."""
    response = await client.post(PATH, json={**SENT, **fields})
    assert response.status_code == 201, response.text
    shown: dict[str, Any] = response.json()
    return shown


async def of(house: House, owner: dict[str, str], name: str = "Theirs") -> str:
    """A prompt of somebody's, made by the operator; its id."""
    body = {**SENT, "name": name, "owner": owner}
    return (await house.plane.prompts.create(OPERATOR, body)).prompt_id


def problem_of(response: httpx.Response, status: int, code: str) -> dict[str, str]:
    """The faults of a problem, after a look at its shape."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    told = response.json()
    assert (told["status"], told["code"]) == (status, code)
    return {one["path"]: one["detail"] for one in told.get("errors", ())}


async def test_a_created_prompt_is_the_orgs_own(house: House, client: httpx.AsyncClient) -> None:
    """201 with its place, its tag and its text, and it is kept under the org's name."""
    response = await client.post(PATH, json={**SENT, "description": None})
    assert response.status_code == 201
    shown = response.json()
    assert response.headers["location"] == f"{PATH}/{shown['id']}"
    assert response.headers["etag"] == '"1"'
    version = house.live.snapshot.version
    assert response.headers["x-tollhouse-catalogue-version"] == str(version)
    (stored,) = house.live.stored.prompts
    assert stored.prompt_id == shown.pop("id")
    assert stored.document["owner"] == {"kind": "org", "slug": "acme"}
    assert shown == {
        "name": "Support",
        "description": None,
        "isSystemPrompt": False,
        "particles": [{**ROLE, "enabled": True}, TONE],
        "composedText": "You help.",
        "createdAt": "2030-03-17T17:46:40Z",
        "updatedAt": "2030-03-17T17:46:40Z",
    }


async def test_a_prompt_is_read_changed_and_deleted(
    house: House, client: httpx.AsyncClient
) -> None:
    """A patch keeps what it does not name; a stale tag is refused; a deleted one is gone."""
    shown = await created(client, description="For support")
    path = f"{PATH}/{shown['id']}"
    assert (await client.get(path)).json() == shown
    house.clock.time = NOON + 60
    patch = {"description": None, "particles": [{**TONE, "enabled": True}]}
    changed = await client.patch(path, json=patch, headers={"if-match": '"1"'})
    assert changed.json() == {
        **shown,
        "description": None,
        "particles": patch["particles"],
        "composedText": "Be brief.",
        "updatedAt": "2030-03-17T17:47:40Z",
    }
    stale = await client.patch(path, json={"name": "x"}, headers={"if-match": '"1"'})
    problem_of(stale, 412, "version_conflict")
    assert (await client.delete(path)).status_code == 204
    problem_of(await client.get(path), 404, "not_found")


async def test_the_systems_prompts_are_read_only(house: House, client: httpx.AsyncClient) -> None:
    """They are listed beside the org's own; nobody changes them here, a system admin neither."""
    common = await of(house, {"kind": "system"}, "Common")
    await created(client)
    listed = (await client.get(PATH)).json()
    found = [(one["name"], one["isSystemPrompt"]) for one in listed["data"]]
    assert found == [("Common", True), ("Support", False)]
    admin = house.client(await house.token("system_admin", "acme"))
    for one in (client, admin):
        assert (await one.get(f"{PATH}/{common}")).json()["isSystemPrompt"] is True
        problem_of(await one.patch(f"{PATH}/{common}", json={"name": "x"}), 403, "forbidden")
        problem_of(await one.delete(f"{PATH}/{common}"), 403, "forbidden")


async def test_another_orgs_prompt_is_not_there(house: House, client: httpx.AsyncClient) -> None:
    """Not for an admin of the org, and not for a system admin, who acts for its own org here."""
    theirs = await of(house, {"kind": "org", "slug": "globex"})
    for one in (client, house.client(await house.token("system_admin", "acme"))):
        assert (await one.get(PATH)).json()["data"] == []
        problem_of(await one.get(f"{PATH}/{theirs}"), 404, "not_found")
        problem_of(await one.patch(f"{PATH}/{theirs}", json={"name": "x"}), 404, "not_found")
        problem_of(await one.delete(f"{PATH}/{theirs}"), 404, "not_found")
    assert [one.document["name"] for one in house.live.stored.prompts] == ["Theirs"]


async def test_a_system_admin_writes_for_its_own_org(
    house: House, client: httpx.AsyncClient
) -> None:
    """What it makes here belongs to the org of its token."""
    assert client
    admin = house.client(await house.token("system_admin", "globex"))
    await created(admin)
    (stored,) = house.live.stored.prompts
    assert stored.document["owner"] == {"kind": "org", "slug": "globex"}


async def test_a_list_is_given_in_pages(client: httpx.AsyncClient) -> None:
    """In the order in which they were made, twenty at a time, in the envelope of this dialect."""
    made = [(await created(client, name=f"Prompt {number}"))["id"] for number in range(21)]
    first = (await client.get(PATH)).json()
    assert first.keys() == {"data", "items", "hasMore", "nextCursor"}
    assert (len(first["data"]), first["hasMore"]) == (20, True)
    rest = (await client.get(PATH, params={"cursor": first["nextCursor"], "limit": "2"})).json()
    assert (rest["hasMore"], rest["nextCursor"]) == (False, None)
    assert [one["id"] for one in (*first["items"], *rest["data"])] == made
    problem_of(await client.get(PATH, params={"limit": "101"}), 400, "invalid_request_error")
    problem_of(await client.get(PATH, params={"org": "acme"}), 400, "invalid_request_error")


async def test_a_create_that_is_sent_again_is_done_once(
    house: House, client: httpx.AsyncClient
) -> None:
    """Under one ``Idempotency-Key`` there is one prompt and one answer; a refusal keeps none."""
    headers = {"idempotency-key": "the-key"}
    refused = await client.post(PATH, json={**SENT, "name": ""}, headers=headers)
    problem_of(refused, 422, "validation_failed")
    first = await client.post(PATH, json=SENT, headers=headers)
    again = await client.post(PATH, json=SENT, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotent-replayed"] == "true"
    assert len(house.live.stored.prompts) == 1
    other = await client.post(PATH, json={**SENT, "name": "Other"}, headers=headers)
    problem_of(other, 422, "idempotency_key_reused")
    events = await house.events(actor="user_token:olga", action="prompt.created")
    assert [one["outcome"] for one in reversed(events)] == [
        "validation_failed",
        "ok",
        "idempotency_key_reused",
    ]


async def test_of_creates_that_come_together_under_one_key_one_is_done(
    house: House, client: httpx.AsyncClient
) -> None:
    """The others get its answer, or are told that it is under way."""
    headers = {"idempotency-key": "the-key"}
    answers = await asyncio.gather(
        *(client.post(PATH, json=SENT, headers=headers) for _ in range(5))
    )
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert len(house.live.stored.prompts) == 1


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"name": None}, "name"),
    ({"name": "x" * 201}, "name"),
    ({"description": "x" * 4001}, "description"),
    ({"particles": None}, "particles"),
    ({"particles": []}, "particles"),
    ({"particles": [ROLE] * 101}, "particles"),
    ({"particles": [{"kind": "Role", "text": "t"}]}, "particles[0].kind"),
    ({"particles": [{"kind": "role", "text": "t" * 50_001}]}, "particles[0].text"),
    ({"particles": [{"kind": "role", "text": "t", "weight": 1}]}, "particles[0].weight"),
    ({"owner": {"kind": "org", "slug": "globex"}}, "owner"),
    ({"isSystemPrompt": True}, "isSystemPrompt"),
    ({"id": "550e8400-e29b-41d4-a716-446655440000"}, "id"),
    ({"composedText": "x"}, "composedText"),
    ({"created_by": "root"}, "created_by"),
]


@pytest.mark.parametrize(("fields", "path"), REFUSED)
async def test_what_a_prompt_cannot_have_is_refused_by_name(
    house: House, client: httpx.AsyncClient, fields: dict[str, Any], path: str
) -> None:
    """In a create and in a patch, with nothing written: bounds, and fields that are not given."""
    before = await of(house, {"kind": "org", "slug": "acme"}, "Mine")
    version = house.live.snapshot.version
    made = await client.post(PATH, json={**SENT, **fields})
    patched = await client.patch(f"{PATH}/{before}", json=fields)
    for response in (made, patched):
        assert list(problem_of(response, 422, "validation_failed")) == [path]
    assert house.live.snapshot.version == version


async def test_all_faults_are_told_at_once(client: httpx.AsyncClient) -> None:
    """With a pointer to each, and without a word of the texts."""
    body = {"name": "", "particles": [{"kind": "role", "text": "canary" * 9000}], "canary": 1}
    response = await client.post(PATH, json=body)
    found = problem_of(response, 422, "validation_failed")
    assert found.keys() == {"name", "particles[0].text", "canary"}
    assert "canarycanary" not in response.text


@pytest.mark.parametrize("role", ["member", "viewer"])
async def test_only_admins_write(house: House, client: httpx.AsyncClient, role: str) -> None:
    """A viewer reads its org's prompts, a member does not even that; refusals are in the trail."""
    shown = await created(client)
    other = house.client(await house.token(role, "acme", user="max"))
    expected = 200 if role == "viewer" else 403
    assert (await other.get(PATH)).status_code == expected
    assert (await other.get(f"{PATH}/{shown['id']}")).status_code == expected
    problem_of(await other.post(PATH, json=SENT), 403, "forbidden")
    problem_of(await other.patch(f"{PATH}/{shown['id']}", json={}), 403, "forbidden")
    problem_of(await other.delete(f"{PATH}/{shown['id']}"), 403, "forbidden")
    events = await house.events(actor="user_token:max")
    assert [(one["action"], one["outcome"], one["org"]) for one in reversed(events)] == [
        (f"prompt.{what}", "forbidden", "acme") for what in ("created", "updated", "deleted")
    ]


async def test_who_belongs_to_no_org_is_refused(
    admin: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    """The bootstrap token acts for no org; an org's key is nobody; no credential is a 401."""
    assert client
    problem_of(await admin.get(PATH), 403, "forbidden")
    problem_of(await admin.post(PATH, json=SENT), 403, "forbidden")


async def test_a_key_and_a_stranger_are_turned_away(
    house: House, client: httpx.AsyncClient
) -> None:
    """An org's key has no user behind it; without a credential nothing is answered."""
    assert client
    key = house.client(await house.key("acme"))
    problem_of(await key.get(PATH), 403, "user_identity_required")
    problem_of(await key.post(PATH, json=SENT), 403, "user_identity_required")
    problem_of(await house.client(None).get(PATH), 401, "invalid_api_key")


async def test_every_write_is_in_the_trail(house: House, client: httpx.AsyncClient) -> None:
    """As the native dialect tells it: one catalogue, one trail."""
    shown = await created(client)
    path = f"{PATH}/{shown['id']}"
    await client.patch(path, json={"name": "New"})
    await client.patch(path, json={"name": 5})
    await client.delete(path)
    events = list(reversed(await house.events(actor="user_token:olga")))
    assert [(one["action"], one["target"], one["outcome"]) for one in events] == [
        ("prompt.created", shown["id"], "ok"),
        ("prompt.updated", shown["id"], "ok"),
        ("prompt.updated", shown["id"], "validation_failed"),
        ("prompt.deleted", shown["id"], "ok"),
    ]
    assert events[1]["changed"] == ["name"]
    assert events[1]["after"]["prompt_id"] == shown["id"]
    assert {one["org"] for one in events} == {"acme"}
