"""An org's admin at a running gateway, who makes models in the organisation dialect."""

from typing import Any

import httpx

from e2e.stage import Stage

PATH = "/org/v1/models"
BASE = {
    "capabilities": {"streaming": True, "tools": True, "vision": True},
    "limits": {"context_window": 1_000, "max_tokens": 500},
}


class OrgAdmin:
    """Works for the org acme of a stage; every model has a system model of its own above it."""

    def __init__(self, stage: Stage, http: httpx.AsyncClient) -> None:
        self.stage = stage
        self.http = http

    async def parent(self, *behaviours: Any, **fields: Any) -> str:
        """A new system model; the id that it is called by."""
        return await self.stage.model(*behaviours, name="base", **{**BASE, **fields})

    async def model(self, parent: str | None = None, **fields: Any) -> dict[str, Any]:
        """A new model of the org, as the answer shows it."""
        above = parent or await self.parent()
        body = {"parentModelId": above, "displayName": f"Mine above {above}", **fields}
        answer = await self.http.post(PATH, json=body)
        assert answer.status_code == 201, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    async def patch(self, shown: dict[str, Any], **fields: Any) -> dict[str, Any]:
        """A model after a change."""
        answer = await self.http.patch(f"{PATH}/{shown['id']}", json=fields)
        assert answer.status_code == 200, answer.text
        changed: dict[str, Any] = answer.json()
        return changed


async def org_admin(stage: Stage, role: str = "org_admin", org: str = "acme") -> OrgAdmin:
    """A user of an org, with a token of a role."""
    body = {"user": f"{role}-of-{org}", "org": org, "role": role}
    made = await stage.gw.admin.post("/admin/v1/tokens", json=body)
    assert made.status_code == 201, made.text
    return OrgAdmin(stage, stage.gw.as_caller(made.json()["token"]))
