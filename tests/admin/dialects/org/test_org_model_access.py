"""Who may do what to which model in the organisation dialect."""

import json
from typing import Any

import httpx
import pytest

from admin.dialects.org.org_desk import BASE, PATH, Desk, new, problem_of

OWN = {"owner": {"kind": "org", "slug": "acme"}, "type": None, "provider": None}
NOBODY = "00000000-0000-4000-8000-000000000000"


async def furniture(desk: Desk) -> dict[str, str]:
    """A model of each sort, by what it is to acme; their uids."""
    theirs = desk.house.client(await desk.house.token("org_admin", "globex", user="gil"))
    foreign = (await theirs.post(PATH, json=new())).json()["id"]
    child = {"type": None, "provider": None, "parent_model_id": "large"}
    users = {"kind": "user", "id": "olga", "slug": "acme", "shared": True}
    return {
        "own": (await desk.create())["id"],
        "system": BASE,
        "foreign": foreign,
        "kept for others": await desk.system("reserved", org_slugs=["globex"]),
        "a user's": await desk.system("personal", owner=users, **child),
        "none": NOBODY,
        "no uid": "acme",
    }


READS = {"own": 200, "system": 200, "foreign": 404, "kept for others": 404}
READS |= {"a user's": 404, "none": 404, "no uid": 404}
WRITES = {**READS, "system": 403}
MAY_WRITE = ("system_admin", "org_admin")


@pytest.mark.parametrize("role", ["system_admin", "org_admin", "member", "viewer"])
async def test_each_role_on_each_sort_of_model(desk: Desk, role: str) -> None:
    """Admins write their org's own; all read it and the system's; the rest is not there.

    A system admin acts for the org of its token here, and for no other.
    """
    uids = await furniture(desk)
    http = desk.house.client(await desk.house.token(role, "acme", user="the-caller"))
    for sort, uid in uids.items():
        read = await http.get(f"{PATH}/{uid}")
        assert read.status_code == READS[sort], (sort, read.text)
        changed = await http.patch(f"{PATH}/{uid}", json={"displayName": "Renamed"})
        deleted = await http.delete(f"{PATH}/{uid}")
        if role not in MAY_WRITE:
            problem_of(changed, 403, "forbidden")
            problem_of(deleted, 403, "forbidden")
        elif sort == "own":
            assert (changed.status_code, deleted.status_code) == (200, 204)
        elif sort == "system":
            problem_of(changed, 403, "system_model_read_only")
            problem_of(deleted, 403, "system_model_read_only")
        else:
            problem_of(changed, 404, "model_not_found")
            problem_of(deleted, 404, "model_not_found")
    made = await http.post(PATH, json=new())
    assert made.status_code == (201 if role in MAY_WRITE else 403)
    assert (await http.get(PATH)).status_code == 200


async def test_only_organization_models_can_be_updated(desk: Desk) -> None:
    """``system models are read-only`` (seed 000): nothing of one is changed, whoever asks."""
    before = desk.native("large")
    for body in ({"displayName": "x"}, {}, {"nonsense": 1}):
        answer = await desk.http.patch(f"{PATH}/{BASE}", json=body)
        problem_of(answer, 403, "system_model_read_only")
    assert desk.native("large") is before


async def test_an_orgs_key_has_no_identity_here(desk: Desk) -> None:
    """403 on reads and writes; applications call models, people change them."""
    http = desk.house.client(await desk.house.key("acme"))
    for answer in (
        await http.get(PATH),
        await http.get(f"{PATH}/{BASE}"),
        await http.post(PATH, json=new()),
        await http.patch(f"{PATH}/{BASE}", json={}),
        await http.delete(f"{PATH}/{BASE}"),
    ):
        problem_of(answer, 403, "user_identity_required")


async def test_without_a_credential_nothing_is_answered(desk: Desk) -> None:
    """401 with the challenge, the same for every wrong one."""
    answers = [
        await desk.house.client(credential).request(method, path, json=body)
        for credential in (None, "x", "at:unknown:" + "s" * 43)
        for method, path, body in (
            ("GET", PATH, None),
            ("POST", PATH, new()),
            ("PATCH", f"{PATH}/{BASE}", {}),
        )
    ]
    for answer in answers:
        problem_of(answer, 401, "invalid_api_key")
        assert answer.headers["www-authenticate"] == "Bearer"
    assert len({answer.text for answer in answers}) == 1


async def test_who_acts_for_no_org_is_refused(desk: Desk) -> None:
    """The bootstrap token has none: the native dialect is its place."""
    http = desk.house.client()
    for answer in (await http.get(PATH), await http.post(PATH, json=new())):
        assert "organisation" in problem_of(answer, 403, "forbidden")["detail"]


async def test_a_model_that_the_operators_gave_without_a_parent_is_theirs(desk: Desk) -> None:
    """It is shown, but its limits and capabilities have no parent to bound what is sent."""
    uid = await desk.system("dedicated", owner=OWN["owner"], limits={"max_tokens": 10})
    shown = await desk.get(uid)
    assert (shown["isSystemModel"], shown["parentModelId"], shown["provider"]) == (
        False,
        None,
        None,
    )
    for answer in (
        await desk.http.patch(f"{PATH}/{uid}", json={"maxTokensPerRequest": 100_000}),
        await desk.http.delete(f"{PATH}/{uid}"),
    ):
        problem_of(answer, 403, "forbidden")


async def test_headers_and_bodies_name_no_other_org(desk: Desk) -> None:
    """Whose model it is, the credential says."""
    spoof = {"x-org-id": "globex", "x-tollhouse-org": "globex", "x-role": "system_admin"}
    made = await desk.http.post(PATH, json=new(), headers=spoof)
    assert made.status_code == 201
    kept = desk.native(made.json()["modelId"])
    assert kept["owner"] == {"kind": "org", "slug": "acme"}
    assert kept["created_by"] == "user_token:olga"
    for extra in ({"org": "globex"}, {"owner": {"kind": "org", "slug": "globex"}}):
        assert (await desk.http.post(PATH, json={**new(), **extra})).status_code == 422


async def test_an_org_uses_its_own_prompts_and_the_systems(desk: Desk) -> None:
    """Another org's composition is one that is not there."""
    theirs = await desk.prompt("Ours only.", owner={"kind": "org", "slug": "globex"})
    ours = await desk.prompt("Ours.", owner={"kind": "org", "slug": "acme"})
    own = await desk.create(systemPromptId=ours)
    for answer in (
        await desk.http.post(PATH, json=new(systemPromptId=theirs)),
        await desk.http.patch(f"{PATH}/{own['id']}", json={"systemPromptId": theirs}),
    ):
        (fault,) = answer.json()["errors"]
        assert fault["pointer"] == "#/systemPromptId"


async def test_every_write_leaves_an_event_that_the_org_can_read(desk: Desk) -> None:
    """Done and refused ones: who, what, which model, before and after, in native words."""
    own = await desk.create()
    await desk.patch(own["id"], displayName="Renamed", contextWindow=8192)
    await desk.http.patch(f"{PATH}/{own['id']}", json={"contextWindow": 0})
    await desk.http.delete(f"{PATH}/{own['id']}")
    await desk.http.delete(f"{PATH}/{NOBODY}")
    await desk.http.patch(f"{PATH}/{BASE}", json={})
    answer = await desk.http.get("/admin/v1/audit", params={"actor": "user_token:olga"})
    told: list[dict[str, Any]] = answer.json()["data"][::-1]
    name = own["modelId"]
    assert [(one["action"], one["target"], one["outcome"], one["org"]) for one in told] == [
        ("model.created", name, "ok", "acme"),
        ("model.updated", name, "ok", "acme"),
        ("model.updated", name, "validation_failed", "acme"),
        ("model.deleted", name, "ok", "acme"),
        ("model.deleted", NOBODY, "model_not_found", "acme"),
        ("model.updated", "large", "system_model_read_only", "acme"),
    ]
    assert told[1]["changed"] == ["display.name", "limits"]
    assert told[1]["before"]["display"]["name"] == "Mine"
    assert told[1]["after"]["display"]["name"] == "Renamed"


async def test_a_refusal_names_nothing_of_another_org(desk: Desk) -> None:
    """The trail of who tried holds the uid that was sent, not the name of the model behind it."""
    uids = await furniture(desk)
    await desk.http.patch(f"{PATH}/{uids['foreign']}", json={"displayName": "x"})
    (event,) = await desk.house.events(target=uids["foreign"])
    assert (event["org"], event["outcome"]) == ("acme", "model_not_found")
    assert "globex/" not in json.dumps(event)


async def test_if_match_is_the_condition_of_a_write(desk: Desk) -> None:
    """A stale tag is a 412 that tells the present one; the right tag lets the write through."""
    own = await desk.create()
    uid = own["id"]
    tag = (await desk.http.get(f"{PATH}/{uid}")).headers["etag"]
    assert tag == '"1"'
    stale: dict[str, Any] = {"if-match": '"7"'}
    refused = await desk.http.patch(f"{PATH}/{uid}", json={"enabled": False}, headers=stale)
    problem_of(refused, 412, "version_conflict")
    assert refused.headers["etag"] == tag
    problem_of(await desk.http.delete(f"{PATH}/{uid}", headers=stale), 412, "version_conflict")
    done = await desk.http.patch(
        f"{PATH}/{uid}", json={"enabled": False}, headers={"if-match": tag}
    )
    assert (done.status_code, done.headers["etag"]) == (200, '"2"')


async def test_a_model_in_use_is_not_deleted(desk: Desk) -> None:
    """409 naming the models that name it, but none that the org may not know of."""
    own = await desk.create()
    await desk.operate("large", replacement_model_id=own["modelId"])
    await desk.system("reserved", org_slugs=["globex"], failover=own["modelId"])
    problem = problem_of(await desk.http.delete(f"{PATH}/{own['id']}"), 409, "in_use")
    assert [one["path"] for one in problem["errors"]] == ["large"]
    await desk.operate("large", replacement_model_id=None)
    problem = problem_of(await desk.http.delete(f"{PATH}/{own['id']}"), 409, "in_use")
    assert "errors" not in problem
    await desk.operate("reserved", failover=None)
    assert (await desk.http.delete(f"{PATH}/{own['id']}")).status_code == 204
    problem_of(await desk.http.get(f"{PATH}/{own['id']}"), 404, "model_not_found")


async def test_a_parent_is_not_deleted_under_its_children(desk: Desk) -> None:
    """The operator is told which models hang off it."""
    await desk.create()
    answer: httpx.Response = await desk.house.client().delete("/v1/models/large")
    assert answer.status_code == 409
