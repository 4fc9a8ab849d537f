"""Sessions on both planes: Stytch's three kinds of tokens, roles, the audit trail, an outage.

The claims are those that Stytch's public documentation shows, the settings those of README.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio
import yaml

from e2e.stage import Stage, error_of, staged
from fakes.answers import error
from fakes.gateway import chat
from fakes.issuer import FakeIssuer
from tollhouse.pipeline import issuer_keys

pytestmark = pytest.mark.asyncio(loop_scope="module")
PAUSE = 0.2
"""Seconds between two fetches in the test of an outage."""
PROJECT = "project-test-1"
MEMBER = "member-test-32fc5024-9c09-4da3-bd2e-c9ce4da9375f"
MACHINE = "m2m-client-test-d731954d-dab3-4a2b-bdee-07f3ad1be885"
CLAIMS = f"""
- org: ["https://stytch.com/organization", slug]
  role: ["https://stytch.com/session", roles]
  role_map: {{stytch_admin: org_admin, stytch_member: member, operator: system_admin}}
- org: sub
  org_map: {{{MACHINE}: acme}}
  role: scope
  role_map: {{"write:models": org_admin, "use:models": member}}
"""


@dataclass
class Stytch:
    """A project at Stytch, and a gateway that believes it."""

    issuer: FakeIssuer
    stage: Stage
    model: str

    def session(self, *roles: str, how: str = "magic_link", **claims: Any) -> str:
        """The token of a member's session."""
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        factors = {
            "magic_link": {"delivery_method": "email", "email_factor": {"email_id": "email-1"}},
            "sso": {"delivery_method": "sso_saml", "saml_sso_factor": {"id": "saml-user-1"}},
        }
        session = {
            "id": "session-test-fe6c042b-6286-479f-8a4f-b046a6c46509",
            "started_at": at,
            "last_accessed_at": at,
            "expires_at": at,
            "attributes": {"ip_address": "", "user_agent": ""},
            "authentication_factors": [
                {"type": how, "last_authenticated_at": at, **factors[how]},
            ],
            "roles": list(roles),
        }
        organization = {"organization_id": "organization-test-1", "slug": "acme"}
        return self._signed(
            **{
                "sub": MEMBER,
                "https://stytch.com/session": session,
                "https://stytch.com/organization": organization,
                **claims,
            }
        )

    def machine(self, scope: str, **claims: Any) -> str:
        """The access token of a machine, which is good for an hour."""
        hour = int(time.time()) + 3600
        return self._signed(**{"sub": MACHINE, "scope": scope, "exp": hour, **claims})

    def _signed(self, **claims: Any) -> str:
        none = dict.fromkeys(("org", "role", "azp"))
        now = int(time.time())
        return self.issuer.token(**{**none, "aud": [PROJECT], "nbf": now, **claims})

    def caller(self, token: str) -> httpx.AsyncClient:
        """Whoever has this token."""
        return self.stage.gw.as_caller(token)


@pytest_asyncio.fixture(name="stytch", scope="module", loop_scope="module")
async def _stytch(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stytch]:
    async with FakeIssuer() as issuer:
        issuer.name = f"stytch.com/{PROJECT}"
        entry = issuer.settings(audience=PROJECT, claims=yaml.safe_load(CLAIMS))
        auth = {"allow_private_upstreams": True, "jwt": [entry]}
        async with staged(tmp_path_factory.mktemp("stytch"), auth=auth) as stage:
            yield Stytch(issuer, stage, await stage.model())


async def test_seed_000_member_calls_a_model_by_magic_link(stytch: Stytch) -> None:
    """With the SDK's own header; what it cost is the member's and the org's."""
    client = stytch.caller(stytch.session("stytch_member"))
    answer = await client.post("/v1/chat/completions", json=chat(stytch.model))
    assert answer.status_code == 200, answer.text
    assert answer.json()["usage"]["cost"] is not None
    record = await stytch.stage.record(answer)
    assert (record.org, record.user) == ("acme", MEMBER)
    listed = (await client.get("/v1/models")).json()["data"]
    assert stytch.model in {one["id"] for one in listed}


@pytest.mark.parametrize("header", ["x-api-key", "api-key", "x-prismeai-api-key"])
async def test_token_is_taken_from_every_header_of_credentials(stytch: Stytch, header: str) -> None:
    """As a key is."""
    headers = {header: stytch.session("stytch_member", how="sso")}
    async with httpx.AsyncClient(base_url=stytch.stage.gw.url, headers=headers) as client:
        answer = await client.post("/v1/chat/completions", json=chat(stytch.model, stream=True))
        assert answer.status_code == 200
        assert answer.text.rstrip().endswith("[DONE]")


async def test_token_with_many_claims_is_taken(stytch: Stytch) -> None:
    """Of an issuer that puts two hundred groups into it, and more than Stytch's four kilobytes."""
    groups = [f"0193a7c2-86f5-7b0e-9d1c-{number:012}" for number in range(200)]
    token = stytch.session("stytch_member", groups=groups)
    assert len(token) > 10_000
    assert (await stytch.caller(token).get("/v1/models")).status_code == 200


async def test_seed_000_admin_by_single_sign_on_makes_a_key(stytch: Stytch) -> None:
    """An org's admin may, for its own org; the trail says who it was."""
    admin = stytch.caller(stytch.session("stytch_member", "stytch_admin", how="sso"))
    made = await admin.post("/admin/v1/keys", json={"org": "acme", "name": "by a session"})
    assert made.status_code == 201, made.text
    target = made.json()["id"]
    events = (await admin.get("/admin/v1/audit", params={"target": target})).json()["data"]
    assert [(one["actor"], one["action"]) for one in events] == [
        (f"session:{MEMBER}", "key.created")
    ]
    elsewhere = await admin.post("/admin/v1/keys", json={"org": "globex"})
    assert (elsewhere.status_code, elsewhere.json()["error"]["code"]) == (403, "forbidden")


async def test_seed_000_machine_calls_a_model(stytch: Stytch) -> None:
    """Its client stands for an org by the map, its scopes for a role."""
    client = stytch.caller(stytch.machine("use:models read:users"))
    answer = await client.post("/v1/chat/completions", json=chat(stytch.model))
    assert answer.status_code == 200, answer.text
    record = await stytch.stage.record(answer)
    assert (record.org, record.user, record.key_id) == ("acme", MACHINE, MACHINE)


@pytest.mark.parametrize(
    ("who", "statuses"),
    [
        ("member", (200, 403, 403, 403)),
        ("machine that uses", (200, 403, 403, 403)),
        ("admin", (200, 201, 403, 403)),
        ("machine that writes", (200, 201, 403, 403)),
        ("operator", (200, 201, 201, 200)),
    ],
)
async def test_role_of_a_session_is_all_it_may_do(
    stytch: Stytch, who: str, statuses: tuple[int, ...]
) -> None:
    """Every role on the admin plane, got from a role or a scope of the issuer."""
    tokens = {
        "member": stytch.session("stytch_member"),
        "machine that uses": stytch.machine("use:models"),
        "admin": stytch.session("stytch_admin"),
        "machine that writes": stytch.machine("use:models write:models"),
        "operator": stytch.session("operator", "stytch_member"),
    }
    client = stytch.caller(tokens[who])
    slug = who.replace(" ", "-")
    answers = [
        await client.get("/admin/v1/orgs/acme"),
        await client.post("/admin/v1/keys", json={"org": "acme"}),
        await client.post("/admin/v1/orgs", json={"slug": f"of-{slug}", "plan": "free"}),
        await client.patch(f"/v1/models/{stytch.model}", json={"region": "eu"}),
    ]
    assert tuple(answer.status_code for answer in answers) == statuses


@pytest.mark.parametrize(
    "token",
    [
        lambda of: of.session("editor"),
        lambda of: of.session(),
        lambda of: of.session(
            "stytch_admin", **{"https://stytch.com/organization": {"slug": "other"}}
        ),
        lambda of: of.session("stytch_admin", **{"https://stytch.com/organization": None}),
        lambda of: of.machine("use:models", sub="m2m-client-test-2"),
        lambda of: of.machine("read:users"),
    ],
    ids=["custom role", "no role", "other org", "no org", "other client", "other scopes"],
)
async def test_G13_what_is_not_mapped_is_refused(stytch: Stytch, token: Any) -> None:
    """A good token of the project that no mapping knows is 403 on both planes."""
    asked = stytch.stage.up.count
    client = stytch.caller(token(stytch))
    answer = await client.post("/v1/chat/completions", json=chat(stytch.model))
    assert (answer.status_code, error_of(answer)["code"]) == (403, "forbidden")
    assert (await client.get("/admin/v1/models")).status_code == 403
    assert stytch.stage.up.count == asked


async def test_metrics_know_the_org_and_not_the_user(stytch: Stytch) -> None:
    """Who somebody is at the issuer is in the ledger, and in no label."""
    client = stytch.caller(stytch.session("stytch_member"))
    await client.post("/v1/chat/completions", json=chat(stytch.model))
    told = (await stytch.stage.gw.admin.get("/metrics")).text
    assert f'model="{stytch.model}"' in told
    assert 'org="acme"' in told
    for personal in (MEMBER, MACHINE, PROJECT, "stytch"):
        assert personal not in told


async def test_org_that_is_deleted_signs_nobody_in(stytch: Stytch) -> None:
    """Its sessions are remembered for a minute, but not past that."""
    admin = stytch.stage.gw.admin
    await admin.post("/admin/v1/orgs", json={"slug": "short-lived", "plan": "free"})
    organization: dict[str, Any] = {"https://stytch.com/organization": {"slug": "short-lived"}}
    client = stytch.caller(stytch.session("stytch_member", **organization))
    assert (await client.get("/v1/models")).status_code == 200
    assert (await admin.delete("/admin/v1/orgs/short-lived")).status_code == 204
    assert (await client.get("/v1/models")).status_code == 403


async def test_rotation_and_outage_of_the_issuer(
    stytch: Stytch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new key is found with its first token; without the issuer a newer one is 503, not 401."""
    monkeypatch.setattr(issuer_keys, "PAUSE_SECONDS", PAUSE)
    await stytch.caller(stytch.session("stytch_member")).get("/v1/models")
    await asyncio.sleep(PAUSE)
    stytch.issuer.rotate("second")
    rotated = stytch.caller(stytch.session("stytch_member"))
    assert (await rotated.get("/v1/models")).status_code == 200
    stytch.issuer.fails(error(503))
    await asyncio.sleep(PAUSE)
    stytch.issuer.rotate("third")
    newest = stytch.caller(stytch.session("stytch_member"))
    answer = await newest.get("/v1/models")
    assert (answer.status_code, error_of(answer)["code"]) == (503, "issuer_unavailable")
    assert answer.headers["retry-after"]
    admin = await newest.get("/admin/v1/models")
    assert (admin.status_code, admin.json()["error"]["code"]) == (503, "issuer_unavailable")
    assert (await rotated.get("/v1/models")).status_code == 200
    stytch.issuer.recovers()
    await asyncio.sleep(PAUSE)
    assert (await newest.get("/v1/models")).status_code == 200
