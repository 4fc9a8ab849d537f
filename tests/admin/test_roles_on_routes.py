"""Who may do what: every role on every route, for its own org and for another one."""

from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from admin.house import OPERATOR, House, code_of

ROLES = ("system_admin", "org_admin", "member", "viewer")


@dataclass(frozen=True)
class Row:
    """One request, and the status that each role gets, in the order of ``ROLES``."""

    method: str
    path: str
    statuses: tuple[int, int, int, int]
    body: dict[str, Any] | None = None


NEW = {"model_id": "new", "type": "completion", "provider": "openai"}
SYSTEM, ACME, GLOBEX = (
    {"kind": "system"},
    {"kind": "org", "slug": "acme"},
    {"kind": "org", "slug": "globex"},
)
UNOWNED = {"kind": "system", "slug": None}
PROMPT = {"name": "P", "particles": [{"kind": "role", "text": "Help."}]}
OWNED = {**NEW, "model_id": "owned", "owner": {"kind": "user", "id": "u"}}
LATER = {"effective_at": "2040-01-01T00:00:00Z", "patch": {"region": "eu"}}
ROWS = [
    Row("POST", "/v1/models", (201, 403, 403, 403), NEW),
    Row("POST", "/v1/models", (201, 403, 403, 403), OWNED),
    Row("PUT", "/v1/models", (422, 403, 403, 403), {"models": []}),
    Row("PUT", "/v1/models?dry_run=true", (422, 403, 403, 403), {"models": []}),
    Row("PATCH", "/v1/models/common", (200, 403, 403, 403), {"region": "eu"}),
    Row("PATCH", "/v1/models/own", (200, 403, 403, 403), {"tags": ["a"]}),
    Row("DELETE", "/v1/models/own", (204, 403, 403, 403)),
    Row("PATCH", "/admin/v1/model?id=common", (200, 403, 403, 403), {"region": "eu"}),
    Row("POST", "/admin/v1/models/common/rollback", (200, 403, 403, 403), {"version": 1}),
    Row("POST", "/admin/v1/models/common/impact", (200, 403, 403, 403), {"region": "eu"}),
    Row("POST", "/admin/v1/models/own/impact", (200, 403, 403, 403), {"region": "eu"}),
    Row("POST", "/admin/v1/model/impact?id=common", (200, 403, 403, 403), {"region": "eu"}),
    Row("POST", "/admin/v1/models/common/schedule", (201, 403, 403, 403), LATER),
    Row("POST", "/admin/v1/model/schedule?id=own", (201, 403, 403, 403), LATER),
    Row("GET", "/admin/v1/models/retiring", (200, 200, 200, 200)),
    Row("GET", "/admin/v1/models/retiring?org=globex", (200, 403, 403, 403)),
    Row("GET", "/admin/v1/schedule", (200, 403, 403, 403)),
    Row("GET", "/admin/v1/schedule/none", (404, 403, 403, 403)),
    Row("DELETE", "/admin/v1/schedule/none", (404, 403, 403, 403)),
    Row("GET", "/admin/v1/models", (200, 200, 200, 200)),
    Row("GET", "/admin/v1/models?org=acme", (200, 200, 200, 200)),
    Row("GET", "/admin/v1/models?org=globex", (200, 403, 403, 403)),
    Row("GET", "/admin/v1/models/common", (200, 200, 200, 200)),
    Row("GET", "/admin/v1/models/own", (200, 200, 200, 200)),
    Row("GET", "/admin/v1/models/foreign", (200, 404, 404, 404)),
    Row("GET", "/admin/v1/models/common/history", (200, 403, 403, 403)),
    Row("GET", "/admin/v1/models/own/history", (200, 200, 200, 200)),
    Row("GET", "/admin/v1/models/foreign/history", (200, 404, 404, 404)),
    Row("POST", "/admin/v1/explain", (200, 200, 200, 200), {"model": "common"}),
    Row("POST", "/admin/v1/explain", (200, 200, 200, 200), {"model": "common", "org": "acme"}),
    Row("POST", "/admin/v1/explain", (200, 403, 403, 403), {"model": "common", "org": "globex"}),
    Row("POST", "/admin/v1/prompts", (201, 201, 403, 403), PROMPT),
    Row("POST", "/admin/v1/prompts", (201, 201, 403, 403), {**PROMPT, "owner": ACME}),
    Row("POST", "/admin/v1/prompts", (201, 403, 403, 403), {**PROMPT, "owner": GLOBEX}),
    Row("POST", "/admin/v1/prompts", (201, 403, 403, 403), {**PROMPT, "owner": SYSTEM}),
    Row("GET", "/admin/v1/prompts", (200, 200, 403, 200)),
    Row("GET", "/admin/v1/prompts?org=acme", (200, 200, 403, 200)),
    Row("GET", "/admin/v1/prompts?org=globex", (200, 403, 403, 403)),
    Row("GET", "/admin/v1/prompts/{system_prompt}", (200, 200, 403, 404)),
    Row("GET", "/admin/v1/prompts/{own_prompt}", (200, 200, 403, 200)),
    Row("GET", "/admin/v1/prompts/{foreign_prompt}", (200, 404, 403, 404)),
    Row("PATCH", "/admin/v1/prompts/{system_prompt}", (200, 403, 403, 403), {"name": "n"}),
    Row("PATCH", "/admin/v1/prompts/{own_prompt}", (200, 200, 403, 403), {"name": "n"}),
    Row("PATCH", "/admin/v1/prompts/{foreign_prompt}", (200, 404, 403, 403), {"name": "n"}),
    Row("PATCH", "/admin/v1/prompts/{own_prompt}", (200, 403, 403, 403), {"owner": UNOWNED}),
    Row("PATCH", "/admin/v1/prompts/{own_prompt}", (200, 403, 403, 403), {"owner": GLOBEX}),
    Row("DELETE", "/admin/v1/prompts/{system_prompt}", (204, 403, 403, 403)),
    Row("DELETE", "/admin/v1/prompts/{own_prompt}", (204, 204, 403, 403)),
    Row("DELETE", "/admin/v1/prompts/{foreign_prompt}", (204, 404, 403, 403)),
    Row("POST", "/admin/v1/orgs", (201, 403, 403, 403), {"slug": "new", "plan": "pro"}),
    Row("GET", "/admin/v1/orgs", (200, 200, 200, 200)),
    Row("GET", "/admin/v1/orgs/acme", (200, 200, 200, 200)),
    Row("GET", "/admin/v1/orgs/globex", (200, 403, 403, 403)),
    Row("GET", "/admin/v1/orgs/nobody", (404, 403, 403, 403)),
    Row("PATCH", "/admin/v1/orgs/acme", (200, 403, 403, 403), {"plan": "enterprise"}),
    Row("DELETE", "/admin/v1/orgs/globex", (409, 403, 403, 403)),
    Row("POST", "/admin/v1/keys", (201, 201, 403, 403), {"org": "acme"}),
    Row("POST", "/admin/v1/keys", (201, 403, 403, 403), {"org": "globex"}),
    Row("GET", "/admin/v1/keys", (200, 200, 403, 200)),
    Row("GET", "/admin/v1/keys?org=globex", (200, 403, 403, 403)),
    Row("GET", "/admin/v1/keys/{own_key}", (200, 200, 403, 200)),
    Row("GET", "/admin/v1/keys/{foreign_key}", (200, 404, 403, 404)),
    Row("PATCH", "/admin/v1/keys/{own_key}", (200, 200, 403, 403), {"enabled": False}),
    Row("PATCH", "/admin/v1/keys/{foreign_key}", (200, 404, 403, 403), {"enabled": False}),
    Row("POST", "/admin/v1/keys/{own_key}/rotate", (200, 200, 403, 403)),
    Row("POST", "/admin/v1/keys/{foreign_key}/rotate", (200, 404, 403, 403)),
    Row("DELETE", "/admin/v1/keys/{own_key}", (204, 204, 403, 403)),
    Row("DELETE", "/admin/v1/keys/{foreign_key}", (204, 404, 403, 403)),
    Row(
        "POST",
        "/admin/v1/tokens",
        (201, 201, 403, 403),
        {"user": "u", "org": "acme", "role": "member"},
    ),
    Row(
        "POST",
        "/admin/v1/tokens",
        (201, 403, 403, 403),
        {"user": "u", "org": "acme", "role": "system_admin"},
    ),
    Row("GET", "/admin/v1/tokens", (200, 200, 403, 403)),
    Row("GET", "/admin/v1/tokens/{own_token}", (200, 200, 403, 403)),
    Row("DELETE", "/admin/v1/tokens/{own_token}", (204, 204, 403, 403)),
    Row("DELETE", "/admin/v1/tokens/{foreign_token}", (204, 404, 403, 403)),
    Row("GET", "/admin/v1/providers", (200, 403, 403, 403)),
    Row("GET", "/admin/v1/audit", (200, 200, 403, 200)),
    Row("GET", "/admin/v1/usage", (200, 200, 200, 200)),
    Row("GET", "/admin/v1/usage?org=globex", (200, 403, 403, 403)),
    Row("GET", "/admin/v1/records", (200, 200, 403, 200)),
    Row("GET", "/admin/v1/records?org=globex", (200, 403, 403, 403)),
]
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


async def furnish(house: House) -> dict[str, str]:
    """Two orgs with a model, a key and a token each; the ids of the latter."""
    ids = {}
    await house.model("common")
    ids["system_prompt"] = await made_prompt(house, SYSTEM)
    for slug, whose in (("acme", "own"), ("globex", "foreign")):
        await house.org(slug)
        await house.model(whose, owner={"kind": "org", "slug": slug})
        key = await house.plane.keys.create(OPERATOR, {"org": slug})
        body = {"user": "somebody", "org": slug, "role": "member"}
        token = await house.plane.tokens.create(OPERATOR, body)
        ids[f"{whose}_key"] = key.credential.id
        ids[f"{whose}_token"] = token.credential.id
        ids[f"{whose}_prompt"] = await made_prompt(house, {"kind": "org", "slug": slug})
    await house.model("child", type=None, provider=None, **CHILD)
    return ids


async def made_prompt(house: House, owner: dict[str, str]) -> str:
    """A system prompt, made by the operator; its id."""
    return (await house.plane.prompts.create(OPERATOR, {**PROMPT, "owner": owner})).prompt_id


CHILD = {"parent_model_id": "common", "owner": {"kind": "org", "slug": "globex"}}


async def send(client: httpx.AsyncClient, row: Row, ids: dict[str, str]) -> httpx.Response:
    """Send a row's request."""
    return await client.request(row.method, row.path.format(**ids), json=row.body)


@pytest.mark.parametrize("role", ROLES)
async def test_each_role_gets_what_the_table_says(house: House, role: str) -> None:
    """Own org acme, other org globex; a refused write is in the trail with its code."""
    ids = await furnish(house)
    secret = await house.token(role, "acme", user="the-caller")
    client = house.client(secret)
    wrong = []
    # Rows that destroy come last, so that one role's rows do not get in each other's way.
    for row in sorted(ROWS, key=lambda row: row.method == "DELETE"):
        expected = row.statuses[ROLES.index(role)]
        response = await send(client, row, ids)
        if response.status_code != expected:
            wrong.append((row, response.status_code, response.text))
        if response.status_code == 403:
            assert code_of(response) == "forbidden"
    assert wrong == []


async def test_every_refused_write_of_a_member_is_in_the_trail(house: House) -> None:
    """With the caller's name, one event for each, and nothing was changed."""
    ids = await furnish(house)
    client = house.client(await house.token("member", "acme", user="the-caller"))
    before = await house.store.versions()
    reads = ("explain", "impact")
    writes = [
        row for row in ROWS if row.method in WRITES and not any(read in row.path for read in reads)
    ]
    for row in writes:
        await send(client, row, ids)
    assert await house.store.versions() == before
    events = await house.events(actor="user_token:the-caller", limit="100")
    audited = [row for row in writes if "dry_run" not in row.path]
    assert len(events) == len(audited)
    assert {event["outcome"] for event in events} == {"forbidden"}


@pytest.mark.parametrize("row", [ROWS[0], ROWS[4], ROWS[9], ROWS[23], ROWS[-1]])
async def test_G06_without_a_credential_nothing_is_answered(house: House, row: Row) -> None:
    """Missing, malformed and unknown credentials are the same 401 on reads and writes."""
    answers = [
        await send(house.client(credential), row, {})
        for credential in (None, "x", "at:unknown:" + "s" * 43, "wrong" * 10)
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert {code_of(answer) for answer in answers} == {"invalid_api_key"}
    assert len({answer.text for answer in answers}) == 1


async def test_an_orgs_key_has_no_identity_here(house: House) -> None:
    """403 on reads and writes; the write is in the trail under the key's public id."""
    await house.org("acme")
    issued = await house.plane.keys.create(OPERATOR, {"org": "acme"})
    client = house.client(issued.secret)
    answers = [
        await client.get("/admin/v1/models"),
        await client.patch("/v1/models/m", json={"region": "eu"}),
    ]
    assert {code_of(answer) for answer in answers} == {"user_identity_required"}
    (event,) = await house.events(actor=f"org_key:{issued.credential.id}")
    assert (event["action"], event["target"], event["outcome"]) == (
        "model.updated",
        "m",
        "user_identity_required",
    )


async def test_G06_without_a_bootstrap_token_the_store_decides(house: House) -> None:
    """A process that has none lets nobody in but users."""
    house.callers._bootstrap = None
    assert (await house.client().get("/admin/v1/models")).status_code == 401
    for path in ("/docs", "/openapi.json", "/admin/docs", "/admin/v1/openapi.json"):
        assert (await house.client(None).get(path)).status_code == 404


async def test_G10_every_kind_of_wrong_credential_gets_the_same_answer(house: House) -> None:
    """Unknown, malformed, wrong secret, revoked, expired and disabled cannot be told apart."""
    await house.org("acme")
    body = {"user": "u", "org": "acme", "role": "system_admin"}
    revoked = await house.plane.tokens.create(OPERATOR, body)
    await house.plane.tokens.revoke(OPERATOR, revoked.credential.id)
    expiring = {**body, "expires_at": "2030-03-17T17:50:00Z"}
    expired = await house.plane.tokens.create(OPERATOR, expiring)
    good = await house.plane.tokens.create(OPERATOR, body)
    house.clock.time += 3600
    wrong = [
        revoked.secret,
        expired.secret,
        good.secret[:-1] + ("a" if good.secret[-1] != "a" else "b"),
        f"at:{good.credential.id}:" + "x" * 43,
        good.credential.digest,
        "' OR 1=1 --",
        "Bearer",
    ]
    answers = [await house.client(one).get("/admin/v1/orgs") for one in wrong]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert "www-authenticate" in answers[0].headers
    for secret, answer in zip(wrong, answers, strict=True):
        assert secret not in answer.text or secret == "Bearer"


async def test_G11_identity_comes_from_the_credential_alone(house: House) -> None:
    """Fields and headers that name another org or role change nothing."""
    for slug in ("acme", "globex"):
        await house.org(slug)
    client = house.client(await house.token("org_admin", "acme"))
    spoof = {
        "x-org-id": "globex",
        "x-tollhouse-org": "globex",
        "x-role": "system_admin",
        "x-forwarded-user": "root",
    }
    listed = await client.get("/admin/v1/orgs", headers=spoof)
    assert [one["slug"] for one in listed.json()["data"]] == ["acme"]
    foreign = await client.post("/admin/v1/keys", json={"org": "globex"}, headers=spoof)
    assert foreign.status_code == 403
    claimed = {"org": "acme", "created_by": "root", "actor": "root"}
    assert (await client.post("/admin/v1/keys", json=claimed)).status_code == 422


async def test_two_different_credentials_are_none(house: House) -> None:
    """A request that says it is two callers is refused."""
    response = await house.client().get("/admin/v1/models", headers={"x-api-key": "another"})
    assert response.status_code == 401
