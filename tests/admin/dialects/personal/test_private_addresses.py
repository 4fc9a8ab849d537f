"""Where a personal model may lead: the guard at the moment a connection is written."""

import asyncio

import httpx
import pytest

from admin.house import House, fields_of
from fakes.ssrf import ATTACKS, PUBLIC

MODEL = {
    "model_id": "mine",
    "category": "llm",
    "model_provider": "custom",
    "model_name": "m",
    "base_url": "https://llm.example.com/v1",
    "api_key": "sk-canary-0123456789",
}


async def ada(house: House) -> httpx.AsyncClient:
    """A member with a model of her own."""
    client = house.client(await house.token("member", await house.org("acme")))
    assert (await client.post("/api/models", json=MODEL)).status_code == 201
    return client


async def test_no_attack_is_stored_on_put_or_post(house: House) -> None:
    """Every form of a private place is 422 at base_url, unquoted, and nothing is changed."""
    client = await ada(house)
    for name, url in ATTACKS.items():
        body = {"base_url": url, "api_key": "sk-canary-0123456789"}
        answers = await asyncio.gather(
            client.put("/api/models/mine", json=body),
            client.post("/api/models", json={**MODEL, **body, "model_id": "second"}),
        )
        for answer in answers:
            assert (name, answer.status_code) == (name, 422)
            assert (name, set(fields_of(answer))) == (name, {"base_url"})
            assert url not in answer.text
    (kept,) = (await client.get("/api/models")).json()["data"]
    assert kept["base_url"] == MODEL["base_url"]


@pytest.mark.parametrize("url", PUBLIC)
async def test_public_place_is_stored(house: House, url: str) -> None:
    """What is refused is what is private, not what is unusual."""
    client = await ada(house)
    body = {"base_url": url, "api_key": "sk-canary-0123456789"}
    answer = await client.put("/api/models/mine", json=body)
    assert (answer.status_code, answer.json()["base_url"]) == (200, url)


async def test_native_dialect_keeps_the_same_rule(house: House) -> None:
    """A connection of a user's model is judged on every way in, a system model's is not."""
    await ada(house)
    connection = {"protocol": "openai", "base_url": "http://127.0.0.1:9/v1"}
    patch = {"connection": {**connection, "api_key": None}}
    answer = await house.client().patch("/v1/models/mine", json=patch)
    assert fields_of(answer).keys() == {"connection.base_url"}
    body = {"model_id": "ours", "type": "completion", "connection": connection}
    assert (await house.client().post("/v1/models", json=body)).status_code == 201
    owner = {"owner": {"kind": "user", "id": "ada", "slug": "acme"}}
    answer = await house.client().patch("/v1/models/ours", json=owner)
    assert fields_of(answer).keys() == {"connection.base_url"}


async def test_users_connection_is_guarded_when_it_is_dialled(house: House) -> None:
    """The compiled target says so, for a user's model and not for a system model."""
    await ada(house)
    connection = {"protocol": "openai", "base_url": "http://127.0.0.1:9/v1"}
    await house.model("ours", provider=None, connection=connection)
    models = house.live.snapshot.models
    assert models["mine"].target.provider.guarded
    assert not models["ours"].target.provider.guarded
