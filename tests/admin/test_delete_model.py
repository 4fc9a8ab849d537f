"""Deleting models."""

from typing import Any

import httpx
import pytest

from admin.house import House, code_of, fields_of


async def test_a_deleted_model_is_gone_at_once(house: House, admin: httpx.AsyncClient) -> None:
    """204 without a body, and the next request does not find it."""
    await house.model("m")
    response = await admin.delete("/v1/models/m")
    assert (response.status_code, response.content) == (204, b"")
    assert house.live.snapshot.find("m") is None
    assert (await admin.delete("/v1/models/m")).status_code == 404


@pytest.mark.parametrize(
    ("fields", "use"),
    [
        ({"failover": "m"}, "failover"),
        ({"failover": ["m"]}, "failover"),
        ({"replacement_model_id": "m"}, "replacement_model_id"),
        (
            {
                "type": None,
                "provider": None,
                "parent_model_id": "m",
                "owner": {"kind": "org", "slug": "acme"},
            },
            "parent_model_id",
        ),
    ],
)
async def test_a_model_in_use_is_not_deleted_and_its_users_are_named(
    house: House, admin: httpx.AsyncClient, fields: dict[str, Any], use: str
) -> None:
    """409 names every model that fails over to it, inherits from it or names it as replacement."""
    await house.model("m")
    await house.model("user/one", **fields)
    response = await admin.delete("/v1/models/m")
    assert response.status_code == 409
    assert code_of(response) == "in_use"
    assert fields_of(response) == {"user/one": f"names it as its {use}"}
    assert "user/one" in response.json()["error"]["message"]
    await admin.delete("/v1/models/user%2Fone")
    assert (await admin.delete("/v1/models/m")).status_code == 204
