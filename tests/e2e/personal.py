"""A gateway with people who bring models, and the page of seed 004 that their dialect is from."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from e2e.stage import Stage, staged

SECRET_KEY = base64.b64encode(bytes(range(32))).decode()
KEY = "sk-canary-of-ada-0123456789"
"""What no answer, event or log may hold."""
PEOPLE = {
    "ada": ("ada", "acme", "member"),
    "bob": ("bob", "acme", "member"),
    "olga": ("olga", "acme", "org_admin"),
    "vera": ("vera", "acme", "viewer"),
    "root": ("root", "acme", "system_admin"),
    "eve": ("eve", "globex", "member"),
    "boss": ("boss", "globex", "org_admin"),
    "namesake": ("ada", "globex", "member"),
}
"""User, org and role of each."""

CURL = """curl --request PUT \\
  --url https://api.example.com/api/models/{model_id} \\
  --header 'Authorization: Bearer <token>' \\
  --header 'Content-Type: application/json' \\
  --data '
{
  "category": "<string>",
  "model_provider": "<string>",
  "model_name": "<string>",
  "api_key": "<string>",
  "base_url": "<string>",
  "temperature": 123,
  "dimension": 123,
  "description": "<string>",
  "abilities": [
    "<string>"
  ],
  "share_with_users": true
}
'"""
"""Seed 004: the documented call, as it stands there."""
REQUEST = {
    "category": "string",
    "model_provider": "string",
    "model_name": "string",
    "api_key": "string",
    "base_url": "string",
    "temperature": "number",
    "dimension": "integer",
    "description": "string",
    "abilities": "string[]",
    "share_with_users": "boolean",
}
"""Seed 004, "Body": every field with its type; each of them "| null", none of them required."""
RESPONSE = {
    "id": ("integer",),
    "model_id": ("string",),
    "category": ("string",),
    "model_provider": ("string",),
    "model_name": ("string",),
    "base_url": ("string", "null"),
    "temperature": ("number", "null"),
    "dimension": ("integer", "null"),
    "abilities": ("string[]", "null"),
    "description": ("string", "null"),
    "created_at": ("string", "null"),
    "updated_at": ("string", "null"),
    "is_active": ("boolean",),
    "is_owner": ("boolean",),
    "can_edit": ("boolean",),
    "can_delete": ("boolean",),
    "is_shared": ("boolean",),
}
"""Seed 004, "Response": every field with its types, in order; all of them required."""


def is_of(value: Any, kinds: tuple[str, ...]) -> bool:
    """Whether a JSON value is of one of the documented types."""
    match value:
        case None:
            return "null" in kinds
        case bool():
            return "boolean" in kinds
        case int():
            return bool({"integer", "number"} & set(kinds))
        case float():
            return "number" in kinds
        case str():
            return "string" in kinds
        case list():
            return "string[]" in kinds and all(isinstance(one, str) for one in value)
    return False


@dataclass
class Personal:
    """A stage, and a client for each person."""

    stage: Stage
    people: dict[str, httpx.AsyncClient]

    def __getitem__(self, name: str) -> httpx.AsyncClient:
        return self.people[name]

    def body(self, model_id: str, /, **fields: Any) -> dict[str, Any]:
        """A model as its owner makes it; the provider is the stage's."""
        usual = {
            "model_id": model_id,
            "category": "llm",
            "model_provider": "openai-compatible",
            "model_name": f"{model_id}-upstream",
            "base_url": self.stage.up.url,
            "api_key": KEY,
        }
        return {**usual, **fields}

    async def make(self, model_id: str, who: str = "ada", /, **fields: Any) -> dict[str, Any]:
        """A model, made by somebody; what was answered."""
        made = await self[who].post("/api/models", json=self.body(model_id, **fields))
        assert made.status_code == 201, made.text
        shown: dict[str, Any] = made.json()
        return shown

    async def put(self, model_id: str, who: str = "ada", /, **fields: Any) -> dict[str, Any]:
        """A change that is taken; what was answered."""
        answer = await self[who].put(f"/api/models/{model_id}", json=fields)
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    async def native(self, model_id: str) -> dict[str, Any]:
        """The same model as a document of the catalogue."""
        answer = await self.stage.gw.admin.get(f"/admin/v1/models/{model_id}")
        document: dict[str, Any] = answer.json()
        return document


@asynccontextmanager
async def personal_gateway(folder: Path) -> AsyncIterator[Personal]:
    """The gateway, its provider on loopback, and everybody's token."""
    auth = {"secret_key": SECRET_KEY, "allow_private_upstreams": True}
    async with staged(folder, auth=auth) as stage:
        await stage.gw.admin.post("/admin/v1/orgs", json={"slug": "globex", "plan": "pro"})
        people = {}
        for name, (user, org, role) in PEOPLE.items():
            body = {"user": user, "org": org, "role": role}
            made = await stage.gw.admin.post("/admin/v1/tokens", json=body)
            people[name] = stage.gw.as_caller(made.json()["token"])
        yield Personal(stage, people)
