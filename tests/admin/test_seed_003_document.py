"""Seed 003, "Update a model": every sentence of the page, by HTTP against a running gateway.

The sentences stand in the docstrings; the fields with their bounds are the table in ``native``.
"""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import pytest_asyncio

from admin.native import LONG, SPARE, UPDATABLE, Native, Updatable, native_gateway
from fakes.gateway import chat

pytestmark = pytest.mark.asyncio(loop_scope="module")
STAMPS = {"version", "updated_at", "updated_by"}
IDS = [
    "bedrock/anthropic.claude-3-haiku",
    "eu.anthropic.claude-sonnet-4-20250514-v1:0",
    "bedrock/eu.anthropic.claude-sonnet-4-20250514-v1:0",
    "a/b/c/d",
    "vendor/model@2024+beta",
    "vendor/history",
    "i" * 128,
]


@pytest_asyncio.fixture(name="native", scope="module", loop_scope="module")
async def _native(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Native]:
    async with native_gateway(tmp_path_factory.mktemp("native")) as native:
        made = await native.admin.post("/v1/models", json=_body(SPARE))
        assert made.status_code == 201, made.text
        yield native


def _body(model_id: str, kind: str = "completion", **fields: Any) -> dict[str, Any]:
    return {"model_id": model_id, "type": kind, "provider": "up", **fields}


async def _made(native: Native, name: str, kind: str = "completion", **fields: Any) -> str:
    """A model by an id of its own."""
    return await native.stage.model(name=name, type=kind, pricing=None, **fields)


def _changed(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    names = before.keys() | after.keys()
    return {name for name in names if before.get(name) != after.get(name)} - STAMPS


def _cases(refused: bool) -> list[Any]:  # noqa: FBT001 - one word for one of two tables
    return [
        pytest.param(field, value, id=f"{field.name}-{number}")
        for field in UPDATABLE
        for number, value in enumerate(field.refused if refused else field.allowed)
    ]


async def test_seed_003_list_of_updatable_fields_is_the_table() -> None:
    """Updatable fields: type, display, capabilities, …: fourteen, each tested below."""
    assert [field.name for field in UPDATABLE] == [
        *("type", "display", "capabilities", "limits", "failover", "region", "dimensions"),
        *("supported_dimensions", "metrics", "provider_config", "tags", "enabled", "pricing"),
        "org_slugs",
    ]


@pytest.mark.parametrize(("field", "value"), _cases(refused=False))
async def test_seed_003_field_is_updated_alone(
    native: Native, field: Updatable, value: Any
) -> None:
    """Only fields present in the request body are applied. 200 with the updated model document."""
    model_id = await _made(native, field.name, field.kind)
    before = await native.shown(model_id)
    answer = await native.patch(model_id, **{field.name: value})
    document = answer.json()
    assert document == await native.shown(model_id)
    assert document[field.name] == value or before.get(field.name) == value
    assert _changed(before, document) <= {field.name, "lifecycle_state"}
    assert document["version"] == before["version"] + 1
    assert answer.headers["etag"] == f'"{document["version"]}"'


@pytest.mark.parametrize(("field", "value"), _cases(refused=True))
async def test_seed_003_value_out_of_bounds_is_refused(
    native: Native, field: Updatable, value: tuple[Any, str]
) -> None:
    """The shape, lengths (type 64, failover 128, region 64, tags 64) and ranges of each field."""
    sent, path = value
    model_id = await _made(native, field.name, field.kind)
    before = await native.shown(model_id)
    answer = await native.admin.patch(f"/v1/models/{model_id}", json={field.name: sent})
    assert answer.status_code == 422, answer.text
    assert path in {fault["path"] for fault in answer.json()["error"]["fields"]}, answer.text
    assert await native.shown(model_id) == before
    refused = (await native.events(model_id))[0]
    assert (refused["action"], refused["outcome"]) == ("model.updated", "validation_failed")


@pytest.mark.parametrize("field", UPDATABLE, ids=lambda field: field.name)
async def test_seed_003_null_clears_what_may_be_absent(native: Native, field: Updatable) -> None:
    """Null takes a field back to its default; where there is none it is refused."""
    model_id = await _made(native, field.name, field.kind)
    first = await native.shown(model_id)
    await native.patch(model_id, **{field.name: field.allowed[0]})
    answer = await native.admin.patch(f"/v1/models/{model_id}", json={field.name: None})
    assert answer.status_code == (422 if field.required else 200), answer.text
    if not field.required:
        assert answer.json().get(field.name) == first.get(field.name)


@pytest.mark.parametrize("kind", ["completion", "image_generation"])
@pytest.mark.parametrize("name", ["dimensions", "supported_dimensions"])
async def test_seed_003_dimensions_are_of_embeddings_models_only(
    native: Native, kind: str, name: str
) -> None:
    """Default embedding dimensionality (embeddings models only)."""
    model_id = await _made(native, "sizeless", kind)
    value = 3 if name == "dimensions" else [3]
    answer = await native.admin.patch(f"/v1/models/{model_id}", json={name: value})
    assert answer.status_code == 422
    assert [fault["path"] for fault in answer.json()["error"]["fields"]] == [name]


async def test_seed_003_all_fields_in_one_body(native: Native) -> None:
    """Every updatable field of a kind at once, and no other field differs afterwards."""
    model_id = await _made(native, "whole")
    before = await native.shown(model_id)
    body = {f.name: f.allowed[0] for f in UPDATABLE if f.kind == "completion"}
    document = (await native.patch(model_id, **body)).json()
    assert {name: document[name] for name in body} == body
    assert _changed(before, document) <= {*body, "lifecycle_state"}


async def test_seed_003_empty_body_applies_nothing(native: Native) -> None:
    """Partial update: a body without a field changes no field."""
    model_id = await _made(native, "untouched")
    before = await native.shown(model_id)
    assert _changed(before, (await native.patch(model_id)).json()) == set()


async def test_seed_003_one_fault_keeps_every_field_from_being_applied(native: Native) -> None:
    """All of a body is applied or none of it, and each fault is named."""
    model_id = await _made(native, "atomic")
    before = await native.shown(model_id)
    body = {"tags": ["new"], "region": LONG, "enabled": "no", "unknown_field": 1}
    answer = await native.admin.patch(f"/v1/models/{model_id}", json=body)
    paths = {fault["path"] for fault in answer.json()["error"]["fields"]}
    assert (answer.status_code, paths) == (422, {"region", "enabled", "unknown_field"})
    assert await native.shown(model_id) == before


@pytest.mark.parametrize("model_id", IDS)
@pytest.mark.parametrize("safe", ["/:@+", ""], ids=["unencoded", "encoded"])
async def test_seed_003_catch_all_id(native: Native, model_id: str, safe: str) -> None:
    """Model IDs may contain forward slashes; consumers SHOULD send the slashes unencoded."""
    await native.admin.post("/v1/models", json=_body(model_id))
    path = f"/v1/models/{quote(model_id, safe=safe)}"
    region = f"eu-{len(safe)}"
    answer = await native.admin.patch(path, json={"region": region})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["model_id"], answer.json()["region"]) == (model_id, region)
    assert (await native.shown(model_id))["region"] == region
    asked = await native.stage.gw.client.post("/v1/chat/completions", json=chat(model_id))
    assert asked.headers["x-tollhouse-model"] == model_id


async def test_seed_003_id_has_at_most_128_characters(native: Native) -> None:
    """Stable identifier (matches the value sent in request.model), 128."""
    answer = await native.admin.post("/v1/models", json=_body("i" * 129))
    assert answer.status_code == 422
    assert [fault["path"] for fault in answer.json()["error"]["fields"]] == ["model_id"]


async def test_seed_003_id_comes_from_the_path(native: Native) -> None:
    """model_id is taken from the path, not the body: another one there renames and reaches nothing.

    It is told, since a client that sends it means something that does not happen.
    """
    mine, other = await _made(native, "mine"), await _made(native, "other")
    before = await native.shown(mine), await native.shown(other)
    body = {"model_id": other, "region": "eu"}
    answer = await native.admin.patch(f"/v1/models/{mine}", json=body)
    assert answer.status_code == 422
    assert [fault["path"] for fault in answer.json()["error"]["fields"]] == ["model_id"]
    assert (await native.shown(mine), await native.shown(other)) == before
    assert (await native.patch(mine, model_id=mine, region="eu")).json()["region"] == "eu"


async def test_seed_003_unknown_model_is_404(native: Native) -> None:
    """Identifier of the model document: compared exactly, and an update creates nothing."""
    model_id = await _made(native, "exact")
    for wrong in (f"{model_id}/", model_id.upper(), f"x/{model_id}", model_id[:-1], "nobody"):
        answer = await native.admin.patch(f"/v1/models/{wrong}", json={"region": "eu"})
        assert answer.status_code == 404, wrong
        assert answer.json()["error"]["code"] == "model_not_found"


@pytest.mark.parametrize("credential", ["session", "user"])
async def test_seed_003_credential_that_carries_an_identity(
    native: Native, credential: str
) -> None:
    """Either a session JWT or a user access token (at:*), as Authorization: Bearer."""
    model_id = await _made(native, "identified")
    client = native.session() if credential == "session" else native.user()
    answer = await client.patch(f"/v1/models/{model_id}", json={"region": "eu"})
    assert answer.status_code == 200, answer.text
    actor = {"session": "session:ada", "user": "user_token:ada"}[credential]
    assert answer.json()["updated_by"] == actor
    assert (await native.events(model_id))[0]["actor"] == actor


@pytest.mark.parametrize("header", ["authorization", "x-prismeai-api-key", "x-api-key", "api-key"])
async def test_seed_003_org_keys_are_not_accepted(native: Native, header: str) -> None:
    """Org API keys (iak_*) are not accepted here - they carry no user identity."""
    model_id = await _made(native, "keyless")
    before = await native.shown(model_id)
    key = native.stage.gw.key
    assert key.startswith("iak_")
    headers = {header: f"Bearer {key}" if header == "authorization" else key}
    async with httpx.AsyncClient(base_url=native.stage.gw.url, headers=headers) as client:
        answer = await client.patch(f"/v1/models/{model_id}", json={"region": "eu"})
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "user_identity_required"
    assert key not in answer.text
    assert await native.shown(model_id) == before
    refused = (await native.events(model_id))[0]
    assert (refused["action"], refused["outcome"]) == ("model.updated", "user_identity_required")


async def test_seed_003_org_keys_have_a_header_of_their_own(native: Native) -> None:
    """Use the x-prismeai-api-key header instead: with it an org's key calls the model."""
    model_id = await _made(native, "called")
    headers = {"x-prismeai-api-key": native.stage.gw.key}
    async with httpx.AsyncClient(base_url=native.stage.gw.url, headers=headers) as client:
        answer = await client.post("/v1/chat/completions", json=chat(model_id))
        assert answer.status_code == 200, answer.text
        listed = (await client.get("/v1/models")).json()["data"]
    assert model_id in {one["id"] for one in listed}


async def test_seed_003_audit_event(native: Native) -> None:
    """Emits a model.updated audit event."""
    model_id = await _made(native, "audited")
    answer = await native.patch(model_id, region="eu", tags=["a"])
    event = (await native.events(model_id))[0]
    assert (event["action"], event["outcome"], event["target"]) == ("model.updated", "ok", model_id)
    assert event["request_id"] == answer.headers["x-request-id"]
    assert sorted(event["changed"]) == ["region", "tags"]
    assert event["before"].get("region") is None
    assert (event["after"]["region"], event["after"]["tags"]) == ("eu", ["a"])


async def test_seed_003_invalidates_the_per_key_cache(native: Native) -> None:
    """The key's next request looks the key up anew, and only the next one."""
    gw, looked_up = native.stage.gw, []
    model_id = await _made(native, "cached")
    original = gw.app.callers._store.credential

    async def counted(credential_id: str) -> Any:
        looked_up.append(credential_id)
        return await original(credential_id)

    gw.app.callers._store = _Counting(gw.app.store, counted)
    try:
        for _ in range(3):
            assert (await native.stage.chat(model_id)).status_code == 200
        looked_up.clear()
        await native.stage.chat(model_id)
        assert looked_up == []
        await native.patch(model_id, region="eu")
        for _ in range(3):
            assert (await native.stage.chat(model_id)).status_code == 200
    finally:
        gw.app.callers._store = gw.app.store
    assert 1 <= len(looked_up) <= 2  # the watch may have seen the new version once more
    assert set(looked_up) == {gw.key.split("_")[1]}


class _Counting:
    """A store that tells who was looked up."""

    def __init__(self, store: Any, credential: Any) -> None:
        self._store = store
        self.credential = credential

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


async def test_seed_003_response_is_the_whole_document(native: Native) -> None:
    """Updated model document: every field of the page, as the catalogue holds it."""
    model_id = await _made(native, "documented", "embeddings", limits={"context_window": 8192})
    body = {field.name: field.allowed[0] for field in UPDATABLE if field.name != "type"}
    body |= {"dimensions": 256, "pricing": {"input_per_1m_tokens": "0.25"}}
    body |= {"limits": {"context_window": 4096}}
    document = (await native.patch(model_id, **body)).json()
    assert {name: document[name] for name in body} == body
    assert (document["model_id"], document["type"]) == (model_id, "embeddings")
