"""An org's admin at work in the organisation dialect, above one system model.

The model and a system prompt have the ids that the documents of the API give as examples.
"""

from dataclasses import dataclass
from typing import Any

import httpx

from admin.house import OPERATOR, House
from tollhouse.core.history import CatalogueChange, StoredModel, StoredPrompt

PATH = "/org/v1/models"
BASE = "550e8400-e29b-41d4-a716-446655440000"
PARENT = "550e8400-e29b-41d4-a716-446655440001"
PROMPT = "550e8400-e29b-41d4-a716-446655440002"
LARGE = {
    "display": {"name": "Large", "description": "Advanced language model for complex tasks"},
    "upstream_model": "large-modelo",
    "capabilities": {"streaming": True, "tools": True, "vision": True, "reasoning": True},
    "limits": {"context_window": 2_000_000, "max_tokens": 200_000},
    "pricing": {"input_per_1m_tokens": "3", "output_per_1m_tokens": "15"},
    "credit_multiplier": 2,
}


@dataclass
class Desk:
    """One worker, one org and its admin."""

    house: House
    http: httpx.AsyncClient

    async def create(self, **fields: Any) -> dict[str, Any]:
        """A new model of the org, as the answer shows it."""
        answer = await self.http.post(PATH, json=new(**fields))
        assert answer.status_code == 201, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    async def patch(self, uid: str, **fields: Any) -> dict[str, Any]:
        """A model of the org after a change."""
        answer = await self.http.patch(f"{PATH}/{uid}", json=fields)
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    async def get(self, uid: str) -> dict[str, Any]:
        """A model as it is shown now."""
        answer = await self.http.get(f"{PATH}/{uid}")
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    async def names(self, path: str = PATH, **filters: str) -> list[str]:
        """The model ids of one page of a list."""
        answer = await self.http.get(path, params=filters)
        assert answer.status_code == 200, answer.text
        return [one["modelId"] for one in answer.json()["data"]]

    async def system(self, model_id: str, uid: str | None = None, **fields: Any) -> str:
        """Another system model; its uid."""
        document = await self.house.model(model_id, **fields)
        if uid is None:
            made: str = document["uid"]
            return made
        version = document["version"] + 1
        put = StoredModel(model_id, version, {**document, "uid": uid, "version": version})
        await self._commit(put=[put])
        return uid

    async def operate(self, model_id: str, **fields: Any) -> None:
        """Change a model as the operator does."""
        await self.house.plane.models.patch(OPERATOR, model_id, fields)

    async def prompt(self, text: str, uid: str | None = None, **fields: Any) -> str:
        """A system prompt of the operator's; its id."""
        body = {"name": "Prompt", "particles": [{"kind": "role", "text": text}], **fields}
        made = await self.house.plane.prompts.create(OPERATOR, body)
        if uid is None:
            return made.prompt_id
        put = StoredPrompt(uid, made.version, {**made.document, "prompt_id": uid})
        await self._commit(put_prompts=[put])
        return uid

    def native(self, model_id: str) -> dict[str, Any]:
        """The document that is kept."""
        found = (one for one in self.house.live.stored.models if one.model_id == model_id)
        return next(found).document

    async def _commit(self, **changed: Any) -> None:
        version = self.house.live.stored.version
        await self.house.store.commit(CatalogueChange(expected_version=version, **changed))
        await self.house.live.load()


def new(**fields: Any) -> dict[str, Any]:
    """The body of a create; a field given as None is left out."""
    body = {"parentModelId": BASE, "displayName": "Mine", **fields}
    return {name: value for name, value in body.items() if value is not None}


async def furnished(house: House) -> Desk:
    """The desk of the admin of the org acme; there is another org, globex."""
    for slug in ("acme", "globex"):
        await house.org(slug)
    desk = Desk(house, house.client(await house.token("org_admin", "acme", user="olga")))
    await desk.system("large", BASE, **LARGE)
    await desk.prompt("You are a helpful assistant.", PROMPT)
    return desk


def problem_of(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem details of an answer, after a look at their shape."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"]
    problem: dict[str, Any] = answer.json()
    known = {"type", "title", "status", "detail", "code"}
    assert set(problem) - {"errors"} == known
    assert (problem["type"], problem["status"], problem["code"]) == ("about:blank", status, code)
    assert problem["title"]
    assert problem["detail"]
    return problem


def faults_of(answer: httpx.Response) -> dict[str, str]:
    """The faulty fields of a refused body, each by its JSON pointer."""
    problem = problem_of(answer, 422, "validation_failed")
    for one in problem["errors"]:
        assert set(one) == {"path", "detail", "pointer"}
    return {one["pointer"]: one["detail"] for one in problem["errors"]}
