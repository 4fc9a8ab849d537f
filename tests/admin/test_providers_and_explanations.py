"""Connections with their health, and explanations."""

from typing import Any

import httpx
import pytest

from admin.house import OPERATOR, House, code_of, fields_of


async def test_providers_are_shown_without_a_secret(house: House, admin: httpx.AsyncClient) -> None:
    """The configuration's and the models' own; keys only as set or not, headers by name."""
    connection = {
        "protocol": "openai",
        "base_url": "https://own.example/v1",
        "api_key": "sk-canary-own",
    }
    await house.model("a")
    await house.model("own", provider=None, connection=connection)
    response = await admin.get("/admin/v1/providers")
    rows = {row["name"]: row for row in response.json()["data"]}
    assert list(rows) == ["connection:own", "openai", "spare"]
    assert rows["openai"] == {
        "name": "openai",
        "protocol": "openai",
        "base_url": "https://api.openai.com/v1",
        "api_key_set": True,
        "api_version": None,
        "headers": ["x-team"],
        "timeouts": {"connect": 5.0, "first_byte": 60.0, "idle": 60.0, "total": 600.0},
        "max_connections": 1000,
        "models": [{"model": "a", "breaker": "closed"}],
    }
    assert rows["spare"]["base_url"] == "https://spare.example/v1"
    assert "canary" not in response.text


async def test_a_provider_shows_the_breakers_of_its_models(
    house: House, admin: httpx.AsyncClient
) -> None:
    """As the process knows them at this moment."""
    await house.model("a")
    await house.model("b")
    house.breakers["b", "openai"] = "open"
    rows = (await admin.get("/admin/v1/providers")).json()["data"]
    assert rows[0]["models"] == [
        {"model": "a", "breaker": "closed"},
        {"model": "b", "breaker": "open"},
    ]


async def test_providers_cannot_be_written(admin: httpx.AsyncClient) -> None:
    """They are the configuration's: 405 naming what there is."""
    response = await admin.post("/admin/v1/providers", json={})
    assert code_of(response) == "method_not_allowed"
    assert response.headers["allow"] == "GET, HEAD"


async def test_an_explanation_tells_every_check_for_an_org_or_a_key(
    house: House, admin: httpx.AsyncClient
) -> None:
    """The same for both, and what the gate would say."""
    await house.org("acme", "free")
    await house.model("dear", tier="premium", capabilities={"tools": False})
    key = (await house.plane.keys.create(OPERATOR, {"org": "acme"})).credential.id
    question = {"model": "dear", "needs": ["tools"], "max_tokens": 10}
    by_org = (await admin.post("/admin/v1/explain", json={**question, "org": "acme"})).json()
    by_key = (await admin.post("/admin/v1/explain", json={**question, "key": key})).json()
    assert by_org == by_key
    assert by_org["allowed"] is False
    assert by_org["code"] == "tier_insufficient"
    failed = [one["check"] for one in by_org["checks"] if not one["passed"]]
    assert failed == ["tier", "capabilities"]


async def test_an_explanation_lists_the_hops(house: House, admin: httpx.AsyncClient) -> None:
    """Those that would be tried, in order, and those left out."""
    await house.org("acme")
    await house.model("spare")
    await house.model("off", enabled=False)
    await house.model("m", failover=["off", "spare"])
    response = await admin.post("/admin/v1/explain", json={"model": "m", "org": "acme"})
    told = response.json()
    assert [hop["model"] for hop in told["hops"]] == ["m", "spare"]
    assert [hop["model"] for hop in told["skipped"]] == ["off"]


async def test_a_user_is_explained_its_own_view(house: House) -> None:
    """Without an org or a key, the caller is who is asked about."""
    await house.org("acme")
    await house.model("m")
    client = house.client(await house.token("member", "acme"))
    told = (await client.post("/admin/v1/explain", json={"model": "m"})).json()
    assert (told["org"], told["plan"], told["allowed"]) == ("acme", "pro", True)


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ({}, "model"),
        ({"model": "m"}, "org"),
        ({"model": "m", "org": "nobody"}, "org"),
        ({"model": "m", "key": "nothing"}, "key"),
        ({"model": "m", "org": "acme", "key": "k"}, "key"),
        ({"model": "m", "org": "acme", "endpoint": "chatter"}, "endpoint"),
        ({"model": "m", "org": "acme", "needs": "tools"}, "needs"),
        ({"model": "m", "org": "acme", "max_tokens": 0}, "max_tokens"),
        ({"model": "m", "org": "acme", "plan": "pro"}, "plan"),
    ],
)
async def test_a_faulty_question_is_refused_naming_the_field(
    house: House, admin: httpx.AsyncClient, sent: dict[str, Any], path: str
) -> None:
    """422."""
    await house.org("acme")
    response = await admin.post("/admin/v1/explain", json=sent)
    assert response.status_code == 422
    assert path in fields_of(response)


async def test_an_unknown_endpoint_is_answered_with_those_there_are(
    house: House, admin: httpx.AsyncClient
) -> None:
    """The names are those of metrics and records."""
    sent = {"model": "m", "org": "acme", "endpoint": "x"}
    message = fields_of(await admin.post("/admin/v1/explain", json=sent))["endpoint"]
    assert "'chat'" in message
    assert "'moderations'" in message
