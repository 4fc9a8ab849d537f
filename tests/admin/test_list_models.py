"""Listing models with filters and a cursor, and who sees which."""

from typing import Any

import httpx
import pytest

from admin.house import NOON, House, code_of, fields_of


@pytest.fixture
async def stocked(house: House) -> House:
    """A worker with models that differ in everything that can be asked for."""
    await house.org("acme")
    await house.org("globex", "free")
    await house.model(
        "openai/chat",
        tags=["fast", "eu"],
        display={"brand": "OpenAI", "name": "The Chatty One"},
        capabilities={"vision": True, "tools": False},
        aliases=["chatty"],
    )
    await house.model("openai/embed", type="embeddings", dimensions=3)
    await house.model("off", enabled=False)
    await house.model("only-acme", org_slugs=["acme"])
    await house.model("shared-two", org_slugs=["acme", "globex"], tier="premium")
    await house.model("old", end_of_life_at="2030-01-01T00:00:00Z")
    await house.model("ageing", end_of_life_at="2031-01-01T00:00:00Z")
    await house.model(
        "acme/own",
        type=None,
        provider=None,
        parent_model_id="openai/chat",
        owner={"kind": "org", "slug": "acme"},
    )
    return house


def ids(response: httpx.Response) -> list[str]:
    """The ids on a page."""
    assert response.status_code == 200
    return [one["model_id"] for one in response.json()["data"]]


FILTERS = [
    ("type=embeddings", ["openai/embed"]),
    ("enabled=false", ["off"]),
    ("tag=eu", ["openai/chat"]),
    ("tag=EU", []),
    ("brand=OpenAI", ["openai/chat"]),
    ("search=CHAT", ["openai/chat"]),
    ("search=chatty+one", ["openai/chat"]),
    ("search=%2Fown", ["acme/own"]),
    ("capability=vision", ["acme/own", "openai/chat"]),
    ("capability=tools", []),
    ("lifecycle=deprecated", ["ageing"]),
    ("lifecycle=end_of_life", ["old"]),
    ("lifecycle=disabled", ["off"]),
    ("org=globex&tag=&type=completion&lifecycle=active", ["openai/chat", "shared-two"]),
    ("org=nobody&lifecycle=active", ["openai/chat", "openai/embed"]),
    ("type=completion&search=own", ["acme/own"]),
]


async def test_filters_narrow_the_list(stocked: House) -> None:
    """Each filter alone and together; those of a parent hold for the models that hang off it."""
    admin = stocked.client()
    for query, expected in FILTERS:
        assert ids(await admin.get(f"/admin/v1/models?{query}")) == expected, query


async def test_the_list_is_sorted_and_paged_by_id(stocked: House) -> None:
    """Pages put together are the whole, whatever is created in between."""
    admin = stocked.client()
    whole = ids(await admin.get("/admin/v1/models"))
    assert whole == sorted(whole)
    assert len(whole) == 8
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 3}
    while True:
        response = await admin.get("/admin/v1/models", params=query)
        seen += ids(response)
        await stocked.model(f"a-{len(seen)}")
        if (cursor := response.json()["next_cursor"]) is None:
            break
        query["cursor"] = cursor
    assert seen == whole


UNUSABLE = [
    ("limit=0", "limit"),
    ("limit=1001", "limit"),
    ("limit=ten", "limit"),
    ("limit=-1", "limit"),
    ("limit=%D9%A1", "limit"),
    ("cursor=!!!", "cursor"),
    ("cursor=%FF", "cursor"),
    ("type=chat", "type"),
    ("enabled=1", "enabled"),
    ("lifecycle=dead", "lifecycle"),
    ("tags=eu", "tags"),
    ("tag=a&tag=b", "tag"),
    ("search=%00", "search"),
    ("search=a%0Ab", "search"),
]


async def test_a_query_that_cannot_be_used_is_refused_naming_the_parameter(
    admin: httpx.AsyncClient,
) -> None:
    """A filter with a typo does not silently show everything."""
    for query, path in UNUSABLE:
        response = await admin.get(f"/admin/v1/models?{query}")
        assert (response.status_code, code_of(response)) == (400, "invalid_request_error"), query
        assert fields_of(response).keys() == {path}, query


@pytest.mark.parametrize("role", ["org_admin", "member", "viewer"])
async def test_F14_a_user_sees_the_models_of_its_org_and_no_other(
    stocked: House, role: str
) -> None:
    """The list, the document and the history are all scoped as the gate is."""
    globex = stocked.client(await stocked.token(role, "globex"))
    seen = ids(await globex.get("/admin/v1/models"))
    assert seen == ["ageing", "off", "old", "openai/chat", "openai/embed", "shared-two"]
    for hidden in ("only-acme", "acme/own"):
        for path in (f"/admin/v1/models/{hidden}", f"/admin/v1/models/{hidden}/history"):
            assert code_of(await globex.get(path)) == "model_not_found"
    assert (await globex.get("/admin/v1/models?org=acme")).status_code == 403
    assert ids(await globex.get("/admin/v1/models?org=globex")) == seen


async def test_F14_an_org_sees_its_own_models_whole_and_shared_ones_in_part(
    stocked: House,
) -> None:
    """How the system's models are called, and who else has them, is not an org's affair."""
    acme = stocked.client(await stocked.token("org_admin", "acme"))
    shared = (await acme.get("/admin/v1/models/shared-two")).json()
    assert shared["org_slugs"] == ["acme"]
    assert not {"provider", "upstream_model", "provider_config", "created_by"} & shared.keys()
    own = (await acme.get("/admin/v1/models/acme/own")).json()
    assert own["parent_model_id"] == "openai/chat"
    assert own["created_by"] == "local:shell"
    assert (await acme.get("/admin/v1/models/acme/own/history")).status_code == 200
    assert (await acme.get("/admin/v1/models/openai/chat/history")).status_code == 403


async def test_the_state_follows_the_clock_and_the_parent(stocked: House) -> None:
    """A disabled parent disables what hangs off it; a date passes without a restart."""
    admin = stocked.client()
    await admin.patch("/v1/models/openai/chat", json={"enabled": False})
    own = (await admin.get("/admin/v1/models/acme/own")).json()
    assert (own["enabled"], own["lifecycle_state"]) == (True, "disabled")
    stocked.clock.time = NOON + 366 * 86_400
    assert ids(await admin.get("/admin/v1/models?lifecycle=end_of_life")) == ["ageing", "old"]
