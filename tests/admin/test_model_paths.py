"""Finding a model by its path or by a query, whatever characters its id has."""

import asyncio
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
import pytest

from admin.house import BOOTSTRAP, House, code_of, take_away

IDS = [
    "bedrock/anthropic.claude-3-haiku",
    "eu.anthropic.claude-sonnet-4-20250514-v1:0",
    "owner/name@2024+beta",
    "a/b/test",
    "ünïcode/模型",
    "a/b/history",
    "history",
]


async def ask(house: House, target: str, method: str = "GET") -> tuple[int, str]:
    """The status and body for a request target sent byte for byte."""
    where = urlsplit(house.url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    head = (
        f"{method} {target} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {BOOTSTRAP}\r\n"
        "connection: close\r\n\r\n"
    )
    writer.write(head.encode())
    answer = (await reader.read()).decode()
    writer.close()
    await writer.wait_closed()
    return int(answer.split(" ")[1]), answer.partition("\r\n\r\n")[2]


@pytest.mark.parametrize("model_id", IDS[:5])
@pytest.mark.parametrize("safe", ["/:@+", ""])
async def test_F01_an_id_is_found_as_it_is_and_percent_encoded(
    house: House, admin: httpx.AsyncClient, model_id: str, safe: str
) -> None:
    """GET, PATCH and DELETE reach the same model by either spelling."""
    await house.model(model_id)
    path = quote(model_id, safe=safe)
    shown = await admin.get(f"/admin/v1/models/{path}")
    assert shown.json()["model_id"] == model_id
    patched = await admin.patch(f"/v1/models/{path}", json={"region": "eu"})
    assert patched.json()["region"] == "eu"
    also = await admin.patch(f"/admin/v1/models/{path}", json={"region": "us"})
    assert also.json()["region"] == "us"
    assert (await admin.delete(f"/admin/v1/models/{path}")).status_code == 204
    assert (await admin.get(f"/admin/v1/models/{path}")).status_code == 404


async def test_F01_a_path_is_decoded_exactly_once(house: House) -> None:
    """A doubly encoded slash is no slash."""
    await house.model("bedrock/haiku")
    assert (await ask(house, "/admin/v1/models/bedrock/haiku"))[0] == 200
    assert (await ask(house, "/admin/v1/models/bedrock%2Fhaiku"))[0] == 200
    assert (await ask(house, "/admin/v1/models/bedrock%2fhaiku"))[0] == 200
    assert (await ask(house, "/admin/v1/models/bedrock%252Fhaiku"))[0] == 404


ODD = [
    ("bedrock/../haiku", 404),
    ("../models/haiku", 404),
    ("%2e%2e/haiku", 404),
    ("bedrock//haiku", 404),
    ("bedrock/haiku/", 404),
    ("/bedrock/haiku", 404),
    ("", 404),
    ("bedrock%00haiku", 400),
    ("bedrock%0ahaiku", 404),
    ("bedrock%7fhaiku", 400),
    ("bedrock%ffhaiku", 400),
    ("%zz", 404),
    ("x" * 200, 404),
    ("BEDROCK/haiku", 404),
    ("bedrock/haiku%20", 404),
]


async def test_F01_odd_paths_find_nothing_and_say_so(house: House) -> None:
    """No spelling but the exact one reaches a model, and every answer has the error's shape."""
    await house.model("bedrock/haiku")
    for rest, status in ODD:
        found, content = await ask(house, f"/admin/v1/models/{rest}")
        assert found == status, rest
        assert content.startswith('{"error"')


@pytest.mark.parametrize("model_id", IDS)
async def test_F07_the_query_forms_always_reach_the_id(
    house: House, admin: httpx.AsyncClient, model_id: str
) -> None:
    """Every operation on one model has a form with the id in the query."""
    await house.model(model_id)
    query = f"?id={quote(model_id, safe='/:@+')}"
    assert (await admin.get(f"/admin/v1/model{query}")).json()["model_id"] == model_id
    patched = await admin.patch(f"/admin/v1/model{query}", json={"region": "eu"})
    assert patched.json()["region"] == "eu"
    history = await admin.get(f"/admin/v1/model/history{query}&limit=1")
    assert [one["version"] for one in history.json()["data"]] == [2]
    rolled = await admin.post(f"/admin/v1/model/rollback{query}", json={"version": 1})
    assert rolled.json()["version"] == 3
    assert (await admin.delete(f"/admin/v1/model{query}")).status_code == 204


async def test_F07_where_an_id_ends_like_a_sub_resource_the_sub_resource_wins(
    house: House, admin: httpx.AsyncClient
) -> None:
    """A slash as it is makes a sub-resource; an encoded one, or the query, means the id."""
    await house.model("a/b")
    await house.model("a/b/history")
    history = await admin.get("/admin/v1/models/a/b/history")
    assert [one["document"]["model_id"] for one in history.json()["data"]] == ["a/b"]
    encoded = await admin.get("/admin/v1/models/a%2Fb%2Fhistory")
    assert encoded.json()["model_id"] == "a/b/history"
    mixed = await admin.get("/admin/v1/models/a%2Fb/history")
    assert mixed.json()["data"][0]["document"]["model_id"] == "a/b"
    patched = await admin.patch("/v1/models/a/b/history", json={"region": "eu"})
    assert patched.json()["model_id"] == "a/b/history"


async def test_F07_a_model_called_like_a_sub_resource_is_a_model(
    house: House, admin: httpx.AsyncClient
) -> None:
    """``history`` alone is an id."""
    await house.model("history")
    assert (await admin.get("/admin/v1/models/history")).json()["model_id"] == "history"


@pytest.mark.parametrize(
    "target",
    ["/admin/v1/model", "/admin/v1/model?id=", "/admin/v1/model?id=a&id=b", "/admin/v1/model?i=a"],
)
async def test_F07_a_query_without_one_id_is_refused(admin: httpx.AsyncClient, target: str) -> None:
    """Missing, empty, doubled and misspelt are each a 400."""
    response = await admin.get(target)
    assert response.status_code == 400
    assert code_of(response) == "invalid_request_error"


async def test_F13_an_unknown_model_is_looked_up_in_memory(house: House, sqlite_file: Path) -> None:
    """Random ids cost the store nothing: it may even be gone."""
    take_away(sqlite_file)
    client = house.client()
    for number in range(20):
        assert (await client.get(f"/admin/v1/models/unknown-{number}")).status_code == 404
