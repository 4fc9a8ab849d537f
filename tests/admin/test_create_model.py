"""Creating models over HTTP."""

from typing import Any

import httpx

from admin.house import House, body, code_of, fields_of


async def test_a_created_model_is_answered_whole_with_its_place_and_tag(
    admin: httpx.AsyncClient,
) -> None:
    """The answer is the document with defaults, a Location and an ETag."""
    response = await admin.post("/v1/models", json=body("bedrock/anthropic.claude-3-haiku"))
    assert response.status_code == 201
    assert response.headers["etag"] == '"1"'
    assert response.headers["location"] == "/admin/v1/models/bedrock/anthropic.claude-3-haiku"
    document = response.json()
    assert document["version"] == 1
    assert document["enabled"] is True
    assert document["tier"] == "standard"
    assert document["owner"] == {"kind": "system"}
    assert document["lifecycle_state"] == "active"
    assert document["source"] == "api"
    assert document["created_by"] == "bootstrap:bootstrap"
    assert document["created_at"] == "2030-03-17T17:46:40Z"


async def test_a_created_model_is_in_force_before_the_answer(
    house: House, admin: httpx.AsyncClient
) -> None:
    """The next request of this worker meets the new snapshot, at the version the answer names."""
    response = await admin.post("/v1/models", json=body("new"))
    assert house.live.snapshot.find("new") is not None
    version = response.headers["x-tollhouse-catalogue-version"]
    assert version == str(house.live.snapshot.version) == str(house.live.stored.version)


async def test_an_id_that_is_taken_is_a_conflict(house: House, admin: httpx.AsyncClient) -> None:
    """A second model of the same id is a 409 that names the field, and changes nothing."""
    await house.model("m", region="eu")
    response = await admin.post("/v1/models", json=body("m"))
    assert response.status_code == 409
    assert code_of(response) == "model_exists"
    assert fields_of(response) == {"model_id": "is taken"}
    assert (await admin.get("/admin/v1/models/m")).json()["region"] == "eu"


FAULTY: list[tuple[dict[str, Any], str]] = [
    ({"enabeld": True}, "enabeld"),
    ({"type": "chat"}, "type"),
    ({"model_id": "a b"}, "model_id"),
    ({"model_id": "../secret"}, "model_id"),
    ({"model_id": "x" * 129}, "model_id"),
    ({"model_id": None}, "model_id"),
    ({"limits": {"max_tokens": 0}}, "limits.max_tokens"),
    ({"limits": {"max_tokens": 1.5}}, "limits.max_tokens"),
    ({"enabled": "yes"}, "enabled"),
    ({"provider": "nobody"}, "provider"),
    ({"failover": "nowhere"}, "failover"),
    ({"failover": ["nowhere"]}, "failover[0]"),
    ({"failover": "m"}, "failover"),
    ({"replacement_model_id": "nowhere"}, "replacement_model_id"),
    ({"pricing": {"input_per_1m_tokens": -1}}, "pricing.input_per_1m_tokens"),
    ({"pricing": {"per_second": 1}}, "pricing.per_second"),
    ({"uid": "0"}, "uid"),
    ({"version": 3}, "version"),
    ({"connection": {"protocol": "openai"}}, "connection.base_url"),
    ({"tags": ["a\0b"]}, "tags[0]"),
]


async def test_a_faulty_document_is_refused_naming_the_field(
    house: House, admin: httpx.AsyncClient
) -> None:
    """A 422 names the path of what is wrong, and the running snapshot stays."""
    before = house.live.snapshot
    for sent, path in FAULTY:
        response = await admin.post("/v1/models", json={**body("m"), **sent})
        assert (response.status_code, code_of(response)) == (422, "validation_failed"), sent
        assert path in fields_of(response), sent
    assert house.live.snapshot is before


async def test_every_fault_of_a_document_is_named_at_once(admin: httpx.AsyncClient) -> None:
    """One answer holds all faults of the document's own."""
    sent = body("a b", enabeld=True, enabled="x", tags=["t" * 65], limits={"max_tokens": 0})
    response = await admin.post("/v1/models", json=sent)
    assert set(fields_of(response)) == {
        "model_id",
        "enabeld",
        "enabled",
        "tags[0]",
        "limits.max_tokens",
    }


async def test_an_alias_of_another_model_is_refused_naming_both(
    house: House, admin: httpx.AsyncClient
) -> None:
    """A fault that another model shares names that model in its message."""
    await house.model("first", aliases=["shared"])
    response = await admin.post("/v1/models", json=body("second", aliases=["shared"]))
    assert response.status_code == 422
    messages = [one["message"] for one in response.json()["error"]["fields"]]
    assert any("first" in message for message in messages)
    assert any("(in the model first)" in message for message in messages)


async def test_a_price_keeps_every_digit_that_was_sent(admin: httpx.AsyncClient) -> None:
    """A JSON number never passes through a binary float on its way into the store."""
    text = '{"model_id":"m","type":"completion","provider":"openai","pricing":{%s}}'
    price = '"input_per_1m_tokens": 1234567.123456789012'
    response = await admin.post(
        "/v1/models",
        content=text % price,
        headers={"content-type": "application/json"},
    )
    assert response.status_code == 201
    assert response.json()["pricing"]["input_per_1m_tokens"] == "1234567.123456789012"


async def test_a_model_made_again_goes_on_counting_its_versions(
    house: House, admin: httpx.AsyncClient
) -> None:
    """An id that was used before gets no version, and so no ETag, a second time."""
    await house.model("m")
    await admin.delete("/v1/models/m")
    response = await admin.post("/v1/models", json=body("m"))
    assert response.json()["version"] == 3
    assert response.headers["etag"] == '"3"'
    stored = (await house.store.load()).models[0]
    assert stored.version == stored.document["version"] == 3


async def test_the_key_of_a_connection_is_sealed_and_never_shown(
    house: House, admin: httpx.AsyncClient
) -> None:
    """The store, the answers and the trail know only that there is a key."""
    connection = {
        "protocol": "openai",
        "base_url": "https://own.example/v1",
        "api_key": "sk-canary-secret",
    }
    sent = body("own", connection=connection)
    del sent["provider"]
    response = await admin.post("/v1/models", json=sent)
    assert response.status_code == 201
    assert response.json()["connection"] == {
        "protocol": "openai",
        "base_url": "https://own.example/v1",
        "api_key_set": True,
    }
    (event,) = await house.events(target="own")
    assert event["after"]["connection"]["api_key_set"] is True
    history = await admin.get("/admin/v1/models/own/history")
    assert "canary" not in response.text + str(event) + history.text
    assert "canary" not in str((await house.store.load()).models[0].document)
    model = house.live.snapshot.models["own"]
    assert model.target.provider.api_key is not None
    assert model.target.provider.api_key.reveal() == "sk-canary-secret"
