"""The documented call of the API (seed 002), with only the base URL changed, by a session's token.

The session is one of the three kinds that the document names: magic link, SSO or M2M.
"""

import asyncio
import json
import os
import shlex
import shutil
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from e2e.stage import Stage, staged
from fakes.issuer import FakeIssuer
from tollhouse.core.history import CatalogueChange, StoredModel, StoredPrompt

pytestmark = pytest.mark.asyncio(loop_scope="module")

DOCUMENTED = """\
curl --request PATCH \\
  --url https://api.cuadra.ai/v1/models/{model_id} \\
  --header 'Authorization: Bearer <token>' \\
  --header 'Content-Type: application/json' \\
  --data '
{
  "displayName": "Updated large-model Model",
  "contextWindow": 8192,
  "maxTokensPerRequest": 4096,
  "supportsStreaming": true,
  "enabled": true,
  "metadata": "<unknown>",
  "systemPromptId": "550e8400-e29b-41d4-a716-446655440002",
  "systemPrompt": "<string>",
  "parentModelId": "550e8400-e29b-41d4-a716-446655440000"
}
'
"""
PARENT = "550e8400-e29b-41d4-a716-446655440000"
PROMPT = "550e8400-e29b-41d4-a716-446655440002"
ANSWERED = {
    *("contextWindow", "createdAt", "creditMultiplier", "description", "displayName", "enabled"),
    *("id", "isRecommended", "isSystemModel", "lifecycleState", "maxTokensPerRequest", "metadata"),
    *("modelName", "provider", "supportsStreaming", "updatedAt"),
}
"""The fields of the documented answer."""
PROJECT = "project-test-1"
MACHINE = "m2m-client-test-1"
CLAIMS = [
    {
        "org": ["https://stytch.com/organization", "slug"],
        "role": ["https://stytch.com/session", "roles"],
        "role_map": {"stytch_admin": "org_admin", "stytch_member": "member"},
    },
    {
        "org": "sub",
        "org_map": {MACHINE: "acme"},
        "role": "scope",
        "role_map": {"write:models": "org_admin"},
    },
]


@dataclass
class Cuadra:
    """A gateway with the models and prompt of the document, and the issuer of its sessions."""

    stage: Stage
    issuer: FakeIssuer

    def member(self, role: str, factor: str) -> str:
        """The token of a member's session."""
        return self._signed(
            **{
                "sub": "member-test-1",
                "https://stytch.com/organization": {"organization_id": "o-1", "slug": "acme"},
                "https://stytch.com/session": {
                    "id": "session-test-1",
                    "roles": [role],
                    "authentication_factors": [{"type": factor}],
                },
            }
        )

    def machine(self) -> str:
        """The access token of a machine."""
        return self._signed(sub=MACHINE, scope="write:models")

    def _signed(self, **claims: Any) -> str:
        none = dict.fromkeys(("org", "role", "azp"))
        now = int(time.time())
        times = {"nbf": now, "exp": now + 3600}
        return self.issuer.token(**{**none, "aud": [PROJECT], **times, **claims})

    async def model(self, token: str) -> str:
        """A new model of the org; its uid."""
        body = {"parentModelId": PARENT, "displayName": "large-model Omni"}
        http = self.stage.gw.as_caller(token)
        made = await http.post("/org/v1/models", json=body)
        assert made.status_code == 201, made.text
        uid: str = made.json()["id"]
        return uid


async def furnish(stage: Stage) -> None:
    """The parent and the prompt under the ids that the document names."""
    app = stage.gw.app
    limits = {"context_window": 128_000, "max_tokens": 16_384}
    name = await stage.model(name="large", limits=limits, credit_multiplier=2)
    particles = [{"kind": "role", "text": "You are a clerk."}]
    made = await stage.gw.admin.post(
        "/admin/v1/prompts", json={"name": "P", "particles": particles}
    )
    prompt_id = made.json()["prompt_id"]
    stored = app.live.stored
    (model,) = (one for one in stored.models if one.model_id == name)
    (prompt,) = (one for one in stored.prompts if one.prompt_id == prompt_id)
    await app.store.commit(
        CatalogueChange(
            expected_version=stored.version,
            put=[StoredModel(name, 2, {**model.document, "uid": PARENT, "version": 2})],
            put_prompts=[StoredPrompt(PROMPT, 1, {**prompt.document, "prompt_id": PROMPT})],
        )
    )
    await app.live.load()


@pytest_asyncio.fixture(name="cuadra", scope="module", loop_scope="module")
async def _cuadra(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cuadra]:
    async with FakeIssuer() as issuer:
        issuer.name = f"stytch.com/{PROJECT}"
        entry = issuer.settings(audience=PROJECT, claims=CLAIMS)
        auth = {"allow_private_upstreams": True, "jwt": [entry]}
        async with staged(tmp_path_factory.mktemp("cuadra"), auth=auth) as stage:
            await furnish(stage)
            yield Cuadra(stage, issuer)


async def by_curl(command: str, home: Path) -> tuple[int, bytes]:
    """Status and body of what a shell makes of a command, which tells its status last."""
    (home / ".curlrc").write_text('silent\nnoproxy = "*"\nwrite-out = "\\n%{http_code}"\n')
    process = await asyncio.create_subprocess_shell(
        command,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "CURL_HOME": str(home), "HOME": str(home)},
    )
    out, _ = await process.communicate()
    body, _, status = out.rpartition(b"\n")
    return int(status), body


async def by_client(command: str) -> tuple[int, bytes]:
    """The same without curl: the same bytes, sent by a client."""
    words = shlex.split(command.replace("\\\n", " "))
    assert words[0] == "curl"
    options = list(zip(words[1::2], words[2::2], strict=True))
    headers = [value.split(": ", 1) for option, value in options if option == "--header"]
    given = dict(options)
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.request(
            given["--request"],
            given["--url"],
            headers=[(name, value) for name, value in headers],
            content=given["--data"].encode(),
        )
    return answer.status_code, answer.content


@pytest.mark.parametrize("kind", ["magic link", "SSO", "M2M"])
async def test_documented_call_works_with_only_the_base_url_changed(
    cuadra: Cuadra, tmp_path: Path, kind: str
) -> None:
    """By curl where there is one, and by a client with the same bytes: a 200 and the answer."""
    factors = {"magic link": "magic_link", "SSO": "sso"}
    token = cuadra.member("stytch_admin", factors[kind]) if kind in factors else cuadra.machine()
    uid = await cuadra.model(token)
    base = f"{cuadra.stage.gw.url}/org"
    command = DOCUMENTED.replace("https://api.cuadra.ai", base)
    command = command.replace("{model_id}", uid).replace("<token>", token)
    answers = [await by_client(command)]
    if shutil.which("curl"):
        answers.append(await by_curl(command, tmp_path))
    for status, body in answers:
        assert status == 200, body
        shown = json.loads(body)
        assert set(shown) >= ANSWERED
        sent = json.loads(command[command.index("{") : command.rindex("}") + 1])
        assert {name: shown[name] for name in sent} == sent
        assert (shown["id"], shown["isSystemModel"], shown["creditMultiplier"]) == (uid, False, 2)
        assert (shown["lifecycleState"], shown["isRecommended"]) == ("active", False)


async def test_session_of_a_member_reads_and_does_not_write(cuadra: Cuadra) -> None:
    """What a session may do, its role says."""
    uid = await cuadra.model(cuadra.machine())
    http = cuadra.stage.gw.as_caller(cuadra.member("stytch_member", "magic_link"))
    assert (await http.get(f"/org/v1/models/{uid}")).status_code == 200
    refused = await http.patch(f"/org/v1/models/{uid}", json={"enabled": False})
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
