"""Patching a model over HTTP: RFC 7396 on the stored document."""

from typing import Any

import httpx
import pytest

from admin.house import NOON, House, code_of, fields_of


async def test_F02_what_is_absent_stays_and_what_is_given_is_set(
    house: House, admin: httpx.AsyncClient
) -> None:
    """Objects merge, so a price that the patch does not name keeps its value."""
    await house.model("m", pricing={"input_per_1m_tokens": 3, "output_per_1m_tokens": 15})
    response = await admin.patch("/v1/models/m", json={"pricing": {"input_per_1m_tokens": 5}})
    assert response.status_code == 200
    assert response.headers["etag"] == '"2"'
    shown = (await admin.get("/admin/v1/models/m")).json()
    assert shown == response.json()
    assert shown["pricing"]["input_per_1m_tokens"] == "5"
    assert shown["pricing"]["output_per_1m_tokens"] == "15"


async def test_F02_null_clears_a_field_for_the_next_request(
    house: House, admin: httpx.AsyncClient
) -> None:
    """Cleared pricing and failover are gone from the document and from the snapshot at once."""
    await house.model("spare")
    await house.model("m", pricing={"per_request": 1}, failover=["spare"], tags=["a"])
    response = await admin.patch(
        "/v1/models/m", json={"pricing": None, "failover": None, "tags": None}
    )
    assert response.status_code == 200
    assert not {"pricing", "failover", "tags"} & response.json().keys()
    model = house.live.snapshot.models["m"]
    assert (model.pricing, model.failover, model.tags) == (None, (), ())


async def test_F02_null_is_refused_where_a_value_is_required(
    house: House, admin: httpx.AsyncClient
) -> None:
    """Clearing what a model cannot be without is a 422 that names it."""
    await house.model("m")
    response = await admin.patch(
        "/v1/models/m", json={"model_id": None, "type": None, "provider": None}
    )
    assert response.status_code == 422
    assert {"model_id", "type", "provider"} <= fields_of(response).keys()
    assert house.live.snapshot.models["m"].version == 1


async def test_F02_lists_are_replaced_and_an_empty_one_is_kept(
    house: House, admin: httpx.AsyncClient
) -> None:
    """A list in a patch is the new list."""
    await house.model("m", tags=["a", "b"])
    await admin.patch("/v1/models/m", json={"tags": ["c"]})
    assert (await admin.get("/admin/v1/models/m")).json()["tags"] == ["c"]
    await admin.patch("/v1/models/m", json={"tags": []})
    assert (await admin.get("/admin/v1/models/m")).json()["tags"] == []


async def test_F08_a_patch_of_one_field_leaves_every_other_as_it_was(
    house: House, admin: httpx.AsyncClient
) -> None:
    """Nothing but the field and the stamps differ, odd and free-form fields included."""
    await house.model(
        "m",
        metadata={"deep": {"list": [1, 2.5, None, "é"]}, "n": 10**15},
        metrics={"latency_ms": 12.25},
        pricing={"input_per_1m_tokens": "0.10"},
        provider_config={"params": {"temperature": 0.7, "stop": ["x"]}},
        end_of_life_at="2031-01-31T00:00:00Z",
        deprecation_message="bye",
    )
    before = (await admin.get("/admin/v1/models/m")).json()
    after = (await admin.patch("/v1/models/m", json={"region": "eu"})).json()
    names = before.keys() | after.keys()
    changed = {name for name in names if before.get(name) != after.get(name)}
    assert changed == {"region", "version", "updated_by"}


FAULTY: list[tuple[dict[str, Any], str]] = [
    ({"enabeld": True}, "enabeld"),
    ({"enabled": "true"}, "enabled"),
    ({"type": None}, "type"),
    ({"failover": "b"}, "failover"),
    ({"failover": "nowhere"}, "failover"),
    ({"parent_model_id": "nowhere"}, "parent_model_id"),
    ({"pricing": {"output_per_1m_tokens": "-0.1"}}, "pricing.output_per_1m_tokens"),
    ({"pricing": {"tiers": [{"above_input_tokens": 0}]}}, "pricing.tiers[0].above_input_tokens"),
    ({"model_id": "other"}, "model_id"),
    ({"version": 7}, "version"),
    ({"created_at": "2020-01-01T00:00:00Z"}, "created_at"),
    ({"limits": {"context_window": 2_000_001}}, "limits.context_window"),
    ({"limits": {"max_tokens": "10"}}, "limits.max_tokens"),
    ({"display": {"name": "n" * 201}}, "display.name"),
    ({"tier": "gold"}, "tier"),
    ({"dimensions": 3}, "dimensions"),
    ({"end_of_life_at": "tomorrow"}, "end_of_life_at"),
    ({"provider_config": {"api_base": "http://x"}}, "provider_config.api_base"),
    ({"credit_multiplier": -1}, "credit_multiplier"),
]


async def test_a_faulty_patch_is_refused_naming_the_field(
    house: House, admin: httpx.AsyncClient
) -> None:
    """A 422 names the path; document, version and snapshot stay (b fails over to m already)."""
    await house.model("m")
    await house.model("b", failover="m")
    before = house.live.snapshot
    for patch, path in FAULTY:
        response = await admin.patch("/v1/models/m", json=patch)
        assert (response.status_code, code_of(response)) == (422, "validation_failed"), patch
        assert path in fields_of(response), patch
    assert house.live.snapshot is before
    assert (await admin.get("/admin/v1/models/m")).headers["etag"] == '"1"'


async def test_F12_a_patch_that_breaks_another_model_is_refused_naming_that_one(
    house: House, admin: httpx.AsyncClient
) -> None:
    """The whole catalogue is compiled before a write is kept, so a child protects its parent."""
    await house.model("parent", limits={"context_window": 1000})
    await house.org("acme")
    child = {
        "model_id": "child",
        "parent_model_id": "parent",
        "owner": {"kind": "org", "slug": "acme"},
        "limits": {"context_window": 1000},
    }
    assert (await admin.post("/v1/models", json=child)).status_code == 201
    before = house.live.snapshot
    response = await admin.patch("/v1/models/parent", json={"limits": {"context_window": 10}})
    assert response.status_code == 422
    assert any("child" in message for message in fields_of(response).values())
    assert house.live.snapshot is before


async def test_a_body_may_repeat_the_id_of_the_path_and_what_the_gateway_set(
    house: House, admin: httpx.AsyncClient
) -> None:
    """What a GET gave can be sent back as a patch."""
    await house.model("m", region="eu")
    shown = (await admin.get("/admin/v1/models/m")).json()
    response = await admin.patch("/v1/models/m", json={**shown, "region": "us"})
    assert response.status_code == 200
    assert response.json()["region"] == "us"


@pytest.mark.parametrize("masked", ["sk-****", "***", "sk-c***ret"])
async def test_F08_a_masked_secret_is_never_written_back(
    house: House, admin: httpx.AsyncClient, masked: str
) -> None:
    """A mask for a key is a 422, and leaving the key out keeps it."""
    connection = {"protocol": "openai", "base_url": "https://own.example/v1", "api_key": "sk-real"}
    await house.model("m", provider=None, connection=connection)
    response = await admin.patch("/v1/models/m", json={"connection": {"api_key": masked}})
    assert response.status_code == 422
    assert "connection.api_key" in fields_of(response)
    assert "sk-" not in response.text
    shown = (await admin.get("/admin/v1/models/m")).json()
    kept = await admin.patch("/v1/models/m", json={**shown, "region": "eu"})
    assert kept.json()["connection"]["api_key_set"] is True
    key = house.live.snapshot.models["m"].target.provider.api_key
    assert key is not None
    assert key.reveal() == "sk-real"


async def test_an_unknown_model_is_not_found(admin: httpx.AsyncClient) -> None:
    """A PATCH creates nothing."""
    response = await admin.patch("/v1/models/nowhere", json={"enabled": False})
    assert response.status_code == 404
    assert code_of(response) == "model_not_found"


async def test_the_stamps_name_who_and_when(house: House, admin: httpx.AsyncClient) -> None:
    """``updated_*`` move with a patch, ``created_*`` never do."""
    await house.model("m")
    house.clock.time = NOON + 60
    shown = (await admin.patch("/v1/models/m", json={"region": "eu"})).json()
    assert shown["created_by"] == "local:shell"
    assert shown["updated_by"] == "bootstrap:bootstrap"
    assert shown["created_at"] == "2030-03-17T17:46:40Z"
    assert shown["updated_at"] == "2030-03-17T17:47:40Z"


async def test_an_end_of_life_set_today_is_in_force_when_the_clock_gets_there(
    house: House, admin: httpx.AsyncClient
) -> None:
    """The lifecycle state is worked out at read time."""
    await house.model("m")
    await admin.patch("/v1/models/m", json={"end_of_life_at": "2030-03-18T00:00:00Z"})
    assert (await admin.get("/admin/v1/models/m")).json()["lifecycle_state"] == "deprecated"
    house.clock.time = NOON + 86_400
    assert (await admin.get("/admin/v1/models/m")).json()["lifecycle_state"] == "end_of_life"
