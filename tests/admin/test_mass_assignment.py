"""Fields that a caller may not set, sent along with a sound body: refused, and nothing changes.

Every body of every dialect is sent with each field that belongs to the gateway, to somebody else or
to a higher role; the answer must name that field, or refuse the whole for the caller's role.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from admin.furnished import Furnished, furnished_house
from admin.matrix import NEW_MINE, NEW_MODEL, PARTICLES, Row

pytestmark = pytest.mark.asyncio(loop_scope="module")
TIME = "2020-01-01T00:00:00Z"
UUID = "00000000-0000-4000-8000-000000000000"
GLOBEX = {"kind": "org", "slug": "globex"}
SYSTEM = {"kind": "system"}


@dataclass(frozen=True)
class Body:
    """A sound request, and what must not be slipped into it."""

    row: Row
    role: str
    smuggled: Mapping[str, Any]


def _row(method: str, path: str, body: Any, sort: str | None = None) -> Row:
    return Row(method, path, path, {"own": ""}, body, sort)


STAMPS = {
    "uid": UUID,
    "version": 99,
    "source": "import",
    "created_at": TIME,
    "updated_at": TIME,
    "created_by": "root",
    "updated_by": "root",
    "lifecycle_state": "end_of_life",
    "deprecated_at": TIME,
}
NATIVE = {**STAMPS, "id": UUID, "actor": "root", "request_id": "mine", "role": "system_admin"}
CREDENTIAL = {
    "id": UUID,
    "uid": UUID,
    "key": "iak_mine_secret",
    "token": "at:mine:secret",
    "digest": "0" * 64,
    "previous_digest": "0" * 64,
    "previous_until": 1,
    "kind": "user_token",
    "plan": "enterprise",
    "created_at": TIME,
    "created_by": "root",
    "revoked_at": TIME,
    "version": 9,
    "source": "seed",
    "credit_multiplier": 0,
}
OF_ORG = {
    "id": UUID,
    "uid": UUID,
    "modelId": "gpt-4o",
    "model_id": "gpt-4o",
    "owner": SYSTEM,
    "org": "globex",
    "orgSlugs": ["globex"],
    "role": "system_admin",
    "provider": "openai",
    "modelName": "gpt-4o",
    "upstreamModel": "gpt-4o",
    "connection": {"protocol": "openai", "base_url": "https://evil.example/v1"},
    "pricing": {"per_request": "0"},
    "creditMultiplier": 0,
    "modelTier": "standard",
    "tier": "standard",
    "capabilities": {"vision": True},
    "supportsVision": True,
    "supportsTools": True,
    "supportsReasoning": True,
    "isSystemModel": True,
    "isRecommended": True,
    "lifecycleState": "active",
    "version": 9,
    "source": "seed",
    "createdBy": "root",
    "createdAt": TIME,
    "updatedAt": TIME,
    "failover": "common",
    "providerConfig": {"headers": {"x": "y"}},
}
OF_USER = {
    "id": 7,
    "uid": UUID,
    "owner": SYSTEM,
    "owner_id": "somebody",
    "user": "somebody",
    "org": "globex",
    "role": "system_admin",
    "is_owner": False,
    "can_edit": False,
    "can_delete": False,
    "is_shared": True,
    "tier": "standard",
    "pricing": {"per_request": "0"},
    "credit_multiplier": 0,
    "org_slugs": ["globex"],
    "connection": {"protocol": "openai", "base_url": "https://evil.example/v1"},
    "provider": "openai",
    "provider_config": {"headers": {"x": "y"}},
    "headers": {"x": "y"},
    "failover": "common",
    "version": 9,
    "source": "seed",
    "created_by": "root",
    "created_at": TIME,
    "updated_at": TIME,
}
PROMPT = {"name": "P", "particles": PARTICLES}
OF_PROMPT = {
    "prompt_id": UUID,
    "uid": UUID,
    "org": "globex",
    "role": "system_admin",
    "version": 9,
    "source": "seed",
    "created_by": "root",
    "created_at": TIME,
    "composed_text": "Obey.",
}
IN_CAMEL = {
    "id": UUID,
    "org": "globex",
    "owner": SYSTEM,
    "isSystemPrompt": True,
    "version": 9,
    "createdBy": "root",
    "createdAt": TIME,
    "composedText": "Obey.",
}
NEW_OURS = {"parentModelId": "common", "displayName": "{new}"}
BODIES = [
    Body(_row("POST", "/v1/models", NEW_MODEL), "system_admin", NATIVE),
    Body(
        _row("PATCH", "/v1/models/{it}", {"region": "eu"}, "model"),
        "system_admin",
        {**NATIVE, "model_id": "common"},
    ),
    Body(
        _row("POST", "/admin/v1/orgs", {"slug": "{new}", "plan": "pro"}),
        "system_admin",
        {"id": UUID, "created_at": TIME, "updated_at": TIME, "role": "system_admin", "version": 9},
    ),
    Body(
        _row("PATCH", "/admin/v1/orgs/{it}", {"name": "N"}, "org"),
        "system_admin",
        {"slug": "acme", "created_at": TIME, "updated_at": TIME, "version": 9, "source": "seed"},
    ),
    Body(
        _row("POST", "/admin/v1/keys", {"org": "acme"}),
        "org_admin",
        {**CREDENTIAL, "user": "root", "role": "system_admin", "org": "globex"},
    ),
    Body(
        _row("PATCH", "/admin/v1/keys/{it}", {"enabled": True}, "key"),
        "org_admin",
        {**CREDENTIAL, "user": "root", "role": "system_admin", "org": "globex"},
    ),
    Body(
        _row("POST", "/admin/v1/keys/{it}/rotate", {}, "key"),
        "org_admin",
        {**CREDENTIAL, "org": "globex", "role": "system_admin", "enabled": True},
    ),
    Body(
        _row("POST", "/admin/v1/tokens", {"user": "u", "org": "acme", "role": "member"}),
        "org_admin",
        {**CREDENTIAL, "role": "system_admin", "org": "globex"},
    ),
    Body(
        _row("POST", "/admin/v1/prompts", PROMPT),
        "org_admin",
        {**OF_PROMPT, "owner": GLOBEX},
    ),
    Body(
        _row("PATCH", "/admin/v1/prompts/{it}", {"name": "Q"}, "prompt"),
        "org_admin",
        {**OF_PROMPT, "owner": GLOBEX},
    ),
    Body(_row("POST", "/org/v1/models", NEW_OURS), "org_admin", OF_ORG),
    Body(
        _row("PATCH", "/org/v1/models/{it}", {"displayName": "R"}, "org_model"),
        "org_admin",
        OF_ORG,
    ),
    Body(_row("POST", "/org/v1/system-prompts", PROMPT), "org_admin", IN_CAMEL),
    Body(
        _row("PATCH", "/org/v1/system-prompts/{it}", {"name": "Q"}, "prompt"),
        "org_admin",
        IN_CAMEL,
    ),
    Body(_row("POST", "/api/models", NEW_MINE), "member", OF_USER),
    Body(
        _row("PUT", "/api/models/{it}", {"description": "D"}, "personal"),
        "member",
        {**OF_USER, "model_id": "common"},
    ),
]


def _cases() -> Iterator[Any]:
    for body in BODIES:
        for name, value in body.smuggled.items():
            title = f"{body.row.method} {body.row.path} {name} as {body.role}"
            yield pytest.param(body, name, value, id=title)
    # What only a system admin may set, by those below: the whole of the native dialect.
    for role in ("org_admin", "member", "viewer"):
        for name, value in {"owner": SYSTEM, "tier": "standard", "credit_multiplier": 0}.items():
            for row in (BODIES[0].row, BODIES[1].row):
                title = f"{row.method} {row.path} {name} as {role}"
                yield pytest.param(Body(row, role, {}), name, value, id=title)


@pytest_asyncio.fixture(name="at", scope="module", loop_scope="module")
async def _at(
    tmp_path_factory: pytest.TempPathFactory, migrated_file: Path
) -> AsyncIterator[Furnished]:
    async with furnished_house(migrated_file, tmp_path_factory.mktemp("mass")) as furnished:
        yield furnished


@pytest.mark.parametrize(("body", "name", "value"), list(_cases()))
async def test_smuggled_field_is_refused(at: Furnished, body: Body, name: str, value: Any) -> None:
    """422 that names the field, or 403; and the store is as it was."""
    row = Row(**{**vars(body.row), "body": {**body.row.body, name: value}})
    request = await at.request(row, body.role, "own")
    before = await at.house.store.versions()
    answer = await at.clients[body.role].send(request)
    assert answer.status_code in {403, 422}, answer.text
    assert answer.status_code == 403 or f'"{name}' in answer.text
    assert await at.house.store.versions() == before


@pytest.mark.parametrize("body", BODIES, ids=lambda body: f"{body.row.method} {body.row.path}")
async def test_same_body_without_it_is_sound(at: Furnished, body: Body) -> None:
    """So what was refused was the field."""
    request = await at.request(body.row, body.role, "own")
    answer = await at.clients[body.role].send(request)
    assert answer.is_success, answer.text
