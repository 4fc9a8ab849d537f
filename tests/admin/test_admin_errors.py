"""Errors of the admin plane: one shape, no internals; and what goes on without the store."""

import logging
from pathlib import Path

import httpx
import pytest

from admin.house import House, body, bring_back, code_of, take_away


@pytest.mark.parametrize(
    "path",
    [
        "/admin",
        "/admin/",
        "/admin/v1",
        "/admin/v1/nothing",
        "/admin/v1/orgs/",
        "/admin/v1/keys/a/b",
        "/admin/v2/models",
        "/%61dmin/v1/models/x",
        "/admin/v1/%6dodels/x",
        "/admin/v1//models",
    ],
)
async def test_an_unknown_path_is_told_in_the_admin_shape(
    admin: httpx.AsyncClient, path: str
) -> None:
    """404 ``unknown_url``, the framework's own too."""
    response = await admin.get(path)
    assert response.status_code == 404
    assert code_of(response) == "unknown_url"
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/models", "GET, HEAD, POST, PUT"),
        ("PUT", "/v1/models/a/b", "DELETE, GET, HEAD, PATCH"),
        ("POST", "/admin/v1/models", "GET, HEAD"),
        ("POST", "/admin/v1/models/a", "DELETE, GET, HEAD, PATCH"),
        ("POST", "/admin/v1/models/a/history", "DELETE, GET, HEAD, PATCH"),
        ("PUT", "/admin/v1/orgs/a", "DELETE, GET, HEAD, PATCH"),
        ("GET", "/admin/v1/explain", "POST"),
        ("OPTIONS", "/admin/v1/audit", "GET, HEAD"),
        ("TRACE", "/admin/v1/usage", "GET, HEAD"),
        ("GET", "/admin/v1/keys/a/rotate", "POST"),
    ],
)
async def test_a_wrong_method_is_told_the_right_ones(
    admin: httpx.AsyncClient, method: str, path: str, allowed: str
) -> None:
    """405 with all of them in ``Allow``."""
    response = await admin.request(method, path)
    assert response.status_code == 405
    assert code_of(response) == "method_not_allowed"
    assert response.headers["allow"] == allowed


async def test_head_answers_like_get_without_a_body(house: House, admin: httpx.AsyncClient) -> None:
    """Same status and tag."""
    await house.model("m")
    response = await admin.head("/admin/v1/models/m")
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["etag"] == '"1"'


async def test_a_bug_is_a_500_without_a_word_of_it(
    house: House, admin: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    """What it was is in the log, with the request's id, and nothing reaches the server."""

    class Broken:
        @property
        def models(self) -> None:
            raise RuntimeError("canary-of-the-inside")

    house.live.snapshot = Broken()  # type: ignore[assignment]
    with caplog.at_level(logging.ERROR):
        response = await admin.get("/admin/v1/models", headers={"x-request-id": "the-request"})
    assert response.status_code == 500
    assert code_of(response) == "internal_error"
    assert "canary" not in response.text
    (logged,) = [one for one in caplog.records if one.name == "tollhouse.admin"]
    assert getattr(logged, "request_id", None) == "the-request"
    assert "canary-of-the-inside" in (logged.exc_text or "")


@pytest.mark.parametrize(
    ("given", "whose"),
    [("abc", "its"), ("~" * 128, "its"), ("~" * 129, "ours"), ("a b", "ours"), ("é", "ours")],
)
async def test_a_request_id_is_the_clients_if_it_is_a_sound_one(
    admin: httpx.AsyncClient, given: str, whose: str
) -> None:
    """At most 128 visible ASCII characters, else a new one; on errors too."""
    for path in ("/admin/v1/models", "/admin/v1/nothing"):
        response = await admin.get(path, headers={b"x-request-id": given.encode()})
        assert (response.headers["x-request-id"] == given) is (whose == "its")
        assert response.headers["x-request-id"]


async def test_a_request_id_that_comes_twice_is_none(admin: httpx.AsyncClient) -> None:
    """Nobody can say which of the two it is, so it is a new one, as on the data plane."""
    headers = [("x-request-id", "one"), ("x-request-id", "two")]
    response = await admin.get("/admin/v1/models", headers=headers)
    assert len(response.headers["x-request-id"]) == 36


async def test_too_large_a_head_is_told_in_the_admin_shape(
    house: House, admin: httpx.AsyncClient
) -> None:
    """431 for more than 100 headers or 64 KiB of them, before anything is done."""

    def request(slug: str, **headers: str) -> httpx.Request:
        ask = {"slug": slug, "plan": "pro"}
        return admin.build_request("POST", "/admin/v1/orgs", json=ask, headers=headers)

    count = 100 - len(request("fits").headers)
    most = {f"x-{number}": "" for number in range(count)}
    assert (await admin.send(request("fits", **most))).status_code == 201
    for headers in ({**most, "x-request-id": "given"}, {"x-large": "x" * 65_536}):
        response = await admin.send(request("more", **headers))
        assert response.status_code == 431
        assert code_of(response) == "headers_too_large"
        assert len(response.headers["x-request-id"]) == 36
    assert await house.store.org("more") is None


@pytest.mark.parametrize("header", ["x-api-key", "api-key", "x-prismeai-api-key"])
async def test_a_credential_is_accepted_in_any_of_the_headers(house: House, header: str) -> None:
    """A user's token in each of them, without Authorization."""
    await house.org("acme")
    token = await house.token("viewer", "acme")
    response = await house.client(None).get("/admin/v1/models", headers={header: token})
    assert response.status_code == 200


async def test_without_the_store_models_are_read_and_nothing_is_written(
    house: House, sqlite_file: Path
) -> None:
    """Reads from memory answer; writes and what only the store knows are 503."""
    await house.org("acme")
    await house.model("m")
    token = await house.token("system_admin", "acme")
    client = house.client(token)
    assert (await client.get("/admin/v1/models")).status_code == 200
    before = house.live.snapshot
    away = take_away(sqlite_file)
    for path in ("/admin/v1/models", "/admin/v1/models/m", "/admin/v1/providers"):
        assert (await client.get(path)).status_code == 200
    lost = [
        await client.post("/v1/models", json=body("new")),
        await client.patch("/v1/models/m", json={"region": "eu"}),
        await client.put("/v1/models", json={"models": []}),
        await client.delete("/v1/models/m"),
        await client.post("/admin/v1/models/m/rollback", json={"version": 1}),
        await client.post("/admin/v1/orgs", json={"slug": "new", "plan": "pro"}),
        await client.post("/admin/v1/keys", json={"org": "acme"}),
        await client.get("/admin/v1/orgs"),
        await client.get("/admin/v1/audit"),
        await client.get("/admin/v1/usage"),
        await client.get("/admin/v1/models/m/history"),
    ]
    assert {code_of(one) for one in lost} == {"store_unavailable"}
    assert {(one.status_code, one.headers["retry-after"]) for one in lost} == {(503, "1")}
    assert house.live.snapshot is before
    stranger = house.client("at:somebody:" + "s" * 43)
    assert code_of(await stranger.get("/admin/v1/models")) == "store_unavailable"
    bring_back(away)
    assert (await client.patch("/v1/models/m", json={"region": "eu"})).status_code == 200


async def test_answers_are_not_kept_by_caches(admin: httpx.AsyncClient) -> None:
    """What an admin reads is not for anybody else behind a proxy."""
    assert (await admin.get("/admin/v1/models")).headers["cache-control"] == "no-store"
