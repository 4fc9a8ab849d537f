"""Personal models at request time: each field that changes who is called, or with what."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from e2e.personal import KEY, Personal, personal_gateway
from e2e.stage import error_of
from fakes.gateway import chat
from fakes.http_server import Call

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(name="desk", scope="module", loop_scope="module")
async def _desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Personal]:
    async with personal_gateway(tmp_path_factory.mktemp("personal")) as desk:
        yield desk


async def sent(desk: Personal, path: str, body: dict[str, Any], who: str = "ada") -> Call:
    """The provider's view of a request that it answered."""
    answer = await desk[who].post(path, json=body)
    assert answer.status_code == 200, answer.text
    return desk.stage.up.calls[-1]


async def chatted(desk: Personal, model_id: str, **fields: Any) -> Call:
    """The provider's view of a chat."""
    return await sent(desk, "/v1/chat/completions", chat(model_id, **fields))


async def refusal(desk: Personal, who: str, model_id: str) -> tuple[int, str]:
    """The status and code of a chat that is refused."""
    answer = await desk[who].post("/v1/chat/completions", json=chat(model_id))
    return answer.status_code, error_of(answer)["code"]


async def test_owners_key_and_name_of_the_model_go_upstream(desk: Personal) -> None:
    """model_provider, model_name, base_url and api_key say who is called, as whom, for what."""
    await desk.make("mine", model_name="their-name")
    call = await chatted(desk, "mine")
    assert call.json["model"] == "their-name"
    assert call.header("authorization") == f"Bearer {KEY}"
    await desk.put("mine", model_name="newer-name", api_key="sk-another-key-of-ada")
    call = await chatted(desk, "mine")
    assert call.json["model"] == "newer-name"
    assert call.header("authorization") == "Bearer sk-another-key-of-ada"


async def test_model_without_a_key_sends_none(desk: Personal) -> None:
    """An open host is called without a credential, never with somebody else's."""
    await desk.make("open", api_key=None)
    call = await chatted(desk, "open")
    assert call.header("authorization") is None


async def test_azure_is_called_its_own_way(desk: Personal) -> None:
    """model_provider azure: the deployment in the path, the key in its header, a version."""
    base_url = desk.stage.up.url.removesuffix("/v1")
    await desk.make("azures", model_provider="Azure", model_name="dep", base_url=base_url)
    call = await chatted(desk, "azures")
    assert call.path == "/openai/deployments/dep/chat/completions?api-version=2024-10-21"
    assert (call.header("api-key"), call.header("authorization")) == (KEY, None)
    await desk.put("azures", model_provider="custom", base_url=f"{base_url}/v1")
    assert (await chatted(desk, "azures")).path == "/v1/chat/completions"


@pytest.mark.parametrize(("written", "upstream"), [(0.25, b"0.25"), (1, b"1"), (0, b"0")])
async def test_temperature_is_a_default(desk: Personal, written: float, upstream: bytes) -> None:
    """Sent where the request says nothing, not where it says something, not after null."""
    name = f"warm-{str(written).replace('.', '-')}"
    await desk.make(name, temperature=written)
    assert b'"temperature":' + upstream + b"}" in (await chatted(desk, name)).body
    assert (await chatted(desk, name, temperature=0.75)).json["temperature"] == 0.75
    assert (await chatted(desk, name, temperature=0)).json["temperature"] == 0
    assert (await chatted(desk, name, temperature=None)).json["temperature"] is None
    await desk.put(name, temperature=None)
    assert "temperature" not in (await chatted(desk, name)).json


async def test_dimension_is_a_default(desk: Personal) -> None:
    """Of an embedding: sent as dimensions where the request has none of its own."""
    await desk.make("vectors", category="embedding", dimension=256, temperature=0.5)
    body = {"model": "vectors", "input": "text"}
    call = await sent(desk, "/v1/embeddings", body)
    assert call.json == {"model": "vectors-upstream", "input": "text", "dimensions": 256}
    call = await sent(desk, "/v1/embeddings", {**body, "dimensions": 64})
    assert call.json["dimensions"] == 64
    await desk.put("vectors", dimension=None)
    assert "dimensions" not in (await sent(desk, "/v1/embeddings", body)).json


async def test_defaults_of_another_category_wait(desk: Personal) -> None:
    """A chat is not sent a dimension nor an embedding a temperature, until the category fits."""
    await desk.make("turns", temperature=0.5, dimension=32)
    assert "dimensions" not in (await chatted(desk, "turns")).json
    shown = await desk.put("turns", category="embedding")
    assert (shown["temperature"], shown["dimension"]) == (0.5, 32)
    call = await sent(desk, "/v1/embeddings", {"model": "turns", "input": "text"})
    assert (call.json.get("temperature"), call.json.get("dimensions")) == (None, 32)
    await desk.put("turns", category="chat")
    call = await chatted(desk, "turns")
    assert (call.json.get("temperature"), call.json.get("dimensions")) == (0.5, None)


@pytest.mark.parametrize(
    ("category", "path", "fields"),
    [
        ("LLM", "chat/completions", {"messages": [{"role": "user", "content": "x"}]}),
        ("embedding", "embeddings", {"input": "x"}),
        ("image", "images/generations", {"prompt": "x"}),
        ("tts", "audio/speech", {"input": "x", "voice": "alloy"}),
        ("rerank", "rerank", {"query": "x", "documents": ["y"]}),
        ("moderation", "moderations", {"input": "x"}),
    ],
)
async def test_category_says_which_endpoint_serves(
    desk: Personal, category: str, path: str, fields: dict[str, Any]
) -> None:
    """Its own endpoint answers, every other one refuses it by type."""
    name = f"kind-{category.lower()}"
    await desk.make(name, category=category)
    call = await sent(desk, f"/v1/{path}", {"model": name, **fields})
    assert call.path.endswith(f"/v1/{path}")
    other = "embeddings" if path != "embeddings" else "chat/completions"
    body = {"model": name, "input": "x", "messages": [{"role": "user", "content": "x"}]}
    answer = await desk["ada"].post(f"/v1/{other}", json=body)
    assert error_of(answer)["code"] == "endpoint_not_supported"


async def test_abilities_are_capabilities(desk: Personal) -> None:
    """Words of other systems mean ours; unknown ones keep their name; a dropped one is unknown."""
    words = ["Function Calling", "image", "thinking", "json-mode", "web search"]
    await desk.make("able", abilities=words)
    names = ("tools", "vision", "reasoning", "json_schema", "web_search")
    assert (await desk.native("able"))["capabilities"] == dict.fromkeys(names, True)
    listed = (await desk["ada"].get("/v1/models/able")).json()
    assert listed["capabilities"]["vision"] is True
    await desk.put("able", abilities=["image"])
    assert (await desk.native("able"))["capabilities"] == {"vision": True}
    await desk.put("able", abilities=[])
    assert (await desk.native("able"))["capabilities"] == {}


async def test_admins_no_to_a_capability_is_in_force_and_is_shown(desk: Personal) -> None:
    """What the gateway's admin says a model has not is refused, and is no ability of it."""
    await desk.make("limited", abilities=["tools", "vision"])
    patch = {"capabilities": {"tools": False}}
    await desk.stage.gw.admin.patch("/v1/models/limited", json=patch)
    assert (await desk["ada"].get("/api/models/limited")).json()["abilities"] == ["vision"]
    tools = [{"type": "function", "function": {"name": "f"}}]
    answer = await desk["ada"].post("/v1/chat/completions", json=chat("limited", tools=tools))
    assert error_of(answer)["code"] == "capability_not_supported"


async def test_sharing_opens_a_model_to_the_org_at_once(desk: Personal) -> None:
    """share_with_users: the org's users and keys may call it, and nobody else, while it is set."""
    await desk.make("ours")
    callers = {**desk.people, "key": desk.stage.gw.client}
    strangers = ("bob", "olga", "vera", "root", "key", "eve", "boss", "namesake")
    for who in strangers:
        answer = await callers[who].post("/v1/chat/completions", json=chat("ours"))
        assert (answer.status_code, error_of(answer)["code"]) == (404, "model_not_found"), who
    await desk.put("ours", share_with_users=True)
    for who in strangers:
        answer = await callers[who].post("/v1/chat/completions", json=chat("ours"))
        assert answer.status_code == (404 if who in ("eve", "boss", "namesake") else 200), who
        assert ("ours" in await listed(callers[who])) is (answer.status_code == 200), who
    await desk.put("ours", share_with_users=False)
    assert await refusal(desk, "bob", "ours") == (404, "model_not_found")
    assert "ours" not in await listed(desk["bob"])


async def listed(client: httpx.AsyncClient) -> set[str]:
    """The ids of GET /v1/models."""
    return {one["id"] for one in (await client.get("/v1/models")).json()["data"]}


async def test_deactivation_is_in_force_at_once(desk: Personal) -> None:
    """is_active false: 403 model_disabled and not listed, for its owner and for everybody."""
    await desk.make("paused", share_with_users=True)
    assert (await desk.put("paused", is_active=False))["is_active"] is False
    for who in ("ada", "bob"):
        assert await refusal(desk, who, "paused") == (403, "model_disabled")
        assert "paused" not in await listed(desk[who])
    assert (await desk.put("paused", is_active=True))["is_active"] is True
    await chatted(desk, "paused")


async def test_owner_cannot_undo_an_admins_deactivation(desk: Personal) -> None:
    """An org's admin switches a model off; its owner may change it, but not switch it on."""
    await desk.make("held")
    shown = await desk.put("held", "olga", is_active=False)
    assert (shown["is_active"], shown["is_owner"], shown["can_edit"]) == (False, False, False)
    answer = await desk["ada"].put("/api/models/held", json={"is_active": True})
    assert answer.status_code == 403
    assert (await desk.put("held", description="still mine"))["is_active"] is False
    assert await refusal(desk, "ada", "held") == (403, "model_disabled")
    await desk.put("held", "olga", is_active=True)
    await chatted(desk, "held")
    await desk.put("held", is_active=False)
    await desk.put("held", is_active=True)


async def test_end_of_life_is_not_active(desk: Personal) -> None:
    """is_active is worked out: a model past its end of life is not."""
    await desk.make("old")
    patch = {"end_of_life_at": "2020-01-01T00:00:00Z"}
    await desk.stage.gw.admin.patch("/v1/models/old", json=patch)
    assert (await desk["ada"].get("/api/models/old")).json()["is_active"] is False
    assert await refusal(desk, "ada", "old") == (410, "model_retired")


async def test_deletion_is_in_force_at_once(desk: Personal) -> None:
    """After 204 the model is unknown to everybody, in both planes."""
    await desk.make("gone")
    assert (await desk["ada"].delete("/api/models/gone")).status_code == 204
    assert await refusal(desk, "ada", "gone") == (404, "model_not_found")
    assert (await desk["ada"].get("/api/models/gone")).status_code == 404


async def test_new_host_needs_its_key_again(desk: Personal) -> None:
    """Who moves a model elsewhere must know the key: the stored one goes to no other host."""
    await desk.make("moving")
    body = {"base_url": "https://collector.example.com/v1"}
    for who in ("ada", "root"):
        answer = await desk[who].put("/api/models/moving", json=body)
        assert answer.status_code == 422
        assert [one["path"] for one in answer.json()["error"]["fields"]] == ["api_key"]
    assert (await chatted(desk, "moving")).header("authorization") == f"Bearer {KEY}"


async def test_key_is_nowhere_to_be_read(desk: Personal, caplog: pytest.LogCaptureFixture) -> None:
    """Not in an answer of any dialect, not in history or trail, not in the store, not logged."""
    await desk.make("secretive", share_with_users=True)
    await desk.put("secretive", api_key=f"{KEY}-2", description="x")
    await desk["ada"].put("/api/models/secretive", json={"api_key": f"{KEY} 3"})
    await desk["eve"].put("/api/models/secretive", json={"api_key": KEY})
    await chatted(desk, "secretive")
    pages = [
        await desk[who].get(path)
        for who in ("ada", "bob", "olga", "root")
        for path in (
            *("/api/models", "/api/models/secretive", "/v1/models", "/v1/models/secretive"),
            *("/admin/v1/models/secretive", "/admin/v1/models/secretive/history"),
            *("/admin/v1/models", "/admin/v1/audit?limit=1000", "/admin/v1/records"),
        )
    ]
    assert any(page.status_code == 200 for page in pages)
    everything = "".join(page.text for page in pages)
    store = b"".join(
        file.read_bytes() for file in desk.stage.gw.folder.rglob("*") if file.is_file()
    )
    for place in (everything, store.decode("latin-1"), caplog.text):
        assert KEY not in place
        assert "api_key_sealed" not in everything


async def test_every_write_leaves_an_event(desk: Personal) -> None:
    """Created, updated, deleted, and what was refused: in the trail of the owner's org."""
    await desk.make("trailed")
    await desk.put("trailed", description="x")
    await desk["bob"].put("/api/models/trailed", json={})
    await desk["ada"].delete("/api/models/trailed")
    answer = await desk["olga"].get("/admin/v1/audit?target=trailed")
    told = [(one["action"], one["outcome"]) for one in answer.json()["data"]]
    assert told == [
        ("model.deleted", "ok"),
        ("model.updated", "model_not_found"),
        ("model.updated", "ok"),
        ("model.created", "ok"),
    ]
    assert json.dumps(answer.json()).count("api_key_set") > 0
