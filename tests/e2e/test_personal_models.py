"""Seed 004, "Update Model": the documented call, every field of its body and of its answer."""

import json
import shlex
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from admin.house import code_of, fields_of
from e2e.personal import CURL, KEY, REQUEST, RESPONSE, Personal, is_of, personal_gateway

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(name="desk", scope="module", loop_scope="module")
async def _desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Personal]:
    async with personal_gateway(tmp_path_factory.mktemp("personal")) as desk:
        yield desk


def _filled(curl: str, desk: Personal, model_id: str) -> tuple[str, str, dict[str, str], str]:
    """The documented call with its placeholders filled in: method, URL, headers, body."""
    words = shlex.split(curl.replace("\\\n", " "))
    options = dict(zip(words[1::2], words[2::2], strict=True)) | {"--header": ""}
    headers = dict(
        text.split(": ", 1)
        for name, text in zip(words[1::2], words[2::2], strict=True)
        if name == "--header"
    )
    token = desk["ada"].headers["authorization"].removeprefix("Bearer ")
    headers["Authorization"] = headers["Authorization"].replace("<token>", token)
    url = options["--url"].replace("https://api.example.com", desk.stage.gw.url)
    said = {
        "category": "llm",
        "model_provider": "openai-compatible",
        "model_name": "gpt-4o-mini",
        "api_key": KEY,
        "base_url": desk.stage.up.url,
        "description": "Mine",
        "abilities": ["vision"],
    }
    body = {**json.loads(options["--data"]), **said}
    return options["--request"], url.format(model_id=model_id), headers, json.dumps(body)


async def test_seed_004_documented_curl_works(desk: Personal) -> None:
    """PUT /api/models/{model_id} with the documented headers, fields and figures: 200."""
    await desk.make("curl")
    method, url, headers, body = _filled(CURL, desk, "curl")
    async with httpx.AsyncClient() as client:
        answer = await client.request(method, url, headers=headers, content=body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    shown = answer.json()
    assert list(shown) == list(RESPONSE)
    assert (shown["temperature"], shown["dimension"]) == (123, 123)
    assert shown["is_shared"] is True


async def test_seed_004_curl_names_every_field_of_the_body() -> None:
    """The example and the schema of the page have the same fields."""
    words = shlex.split(CURL.replace("\\\n", " "))
    assert list(json.loads(words[words.index("--data") + 1])) == list(REQUEST)


async def test_seed_004_bearer_authentication_is_required(desk: Personal) -> None:
    """Authorization: Bearer <token>, required; without it or with another one 401."""
    async with httpx.AsyncClient(base_url=desk.stage.gw.url) as client:
        for headers in ({}, {"authorization": "Bearer nobody"}, {"authorization": "Basic YTpi"}):
            answer = await client.put("/api/models/curl", json={}, headers=headers)
            assert (answer.status_code, code_of(answer)) == (401, "invalid_api_key")


async def test_seed_004_path_parameter_names_the_model(desk: Personal) -> None:
    """model_id: string, required; an unknown one is 404 and PUT makes none."""
    answer = await desk["ada"].put("/api/models/nothing-here", json=desk.body("x"))
    assert (answer.status_code, code_of(answer)) == (404, "model_not_found")
    assert (await desk["ada"].put("/api/models/", json={})).status_code == 404


@pytest.mark.parametrize("model_id", ["team/mine", "mine:v2", "mine@2", "mine+plus", "i" * 128])
async def test_seed_004_model_id_may_hold_what_ids_hold(desk: Personal, model_id: str) -> None:
    """Slashes and the like work as they are and percent-encoded."""
    await desk.make(model_id, model_name="short")
    quoted = model_id.replace("/", "%2F").replace("+", "%2B")
    for path in (model_id, quoted):
        assert (await desk["ada"].get(f"/api/models/{path}")).json()["model_id"] == model_id


@pytest.mark.parametrize("field", REQUEST)
async def test_seed_004_every_field_may_be_null(desk: Personal, field: str) -> None:
    """Each field of the body is "| null": null is taken, alone and with the others."""
    name = f"null-{field.replace('_', '-')}"
    full = {"temperature": 0.5, "dimension": 8, "description": "d", "abilities": ["tools"]}
    before = await desk.make(name, **full, share_with_users=True)
    after = await desk.put(name, **{field: None})
    shown = "is_shared" if field == "share_with_users" else field
    cleared = {"temperature", "dimension", "description", "abilities"}
    assert after.get(shown) == (None if field in cleared else before.get(shown))
    assert (await desk.native(name))["connection"]["api_key_set"] is True


async def test_seed_004_nothing_is_required(desk: Personal) -> None:
    """No field of the body is required: an empty object changes nothing but the stamp."""
    before = await desk.make("empty", temperature=0.5, description="d")
    after = await desk.put("empty")
    assert {**before, "updated_at": after["updated_at"]} == after


async def test_all_nulls_at_once_are_a_model_without_its_extras(desk: Personal) -> None:
    """What a client sends whose fields are all null by default does not lose model or key."""
    await desk.make("nulls", model_provider="openai", base_url=None, temperature=0.5)
    after = await desk.put("nulls", **dict.fromkeys(REQUEST))
    assert (after["category"], after["model_name"]) == ("llm", "nulls-upstream")
    assert after["base_url"] == "https://api.openai.com/v1"
    assert after["temperature"] is None
    assert (await desk.native("nulls"))["connection"]["api_key_set"] is True


_OTHER: dict[str, Any] = {
    "category": "embedding",
    "model_provider": "vllm",
    "model_name": "other-name",
    "base_url": "https://llm.example.com/v1",
    "temperature": 0.25,
    "dimension": 512,
    "description": "other",
    "abilities": ["vision", "web-search"],
    "share_with_users": True,
}


@pytest.mark.parametrize("field", _OTHER)
async def test_seed_004_field_is_updated_alone(desk: Personal, field: str) -> None:
    """A field in the body changes that field; the absent ones stay."""
    name = f"alone-{field.replace('_', '-')}"
    before = await desk.make(name)
    key = {"api_key": KEY} if field == "base_url" else {}
    after = await desk.put(name, **{field: _OTHER[field]}, **key)
    shown = "is_shared" if field == "share_with_users" else field
    assert after == {**before, shown: _OTHER[field], "updated_at": after["updated_at"]}
    assert (await desk["ada"].get(f"/api/models/{name}")).json() == after


_WRONG: list[tuple[str, Any]] = [
    ("category", 7),
    ("category", ""),
    ("category", "teapot"),
    ("model_provider", True),
    ("model_provider", "acme-cloud"),
    ("model_name", []),
    ("model_name", "a b"),
    ("model_name", "../x"),
    ("api_key", 5),
    ("api_key", ""),
    ("api_key", "sk-***"),
    ("api_key", "sk\r\nx: y"),
    ("base_url", 1),
    ("base_url", "<string>"),
    ("base_url", "ftp://llm.example.com"),
    ("temperature", "hot"),
    ("temperature", True),
    ("dimension", 1.5),
    ("dimension", 0),
    ("dimension", -3),
    ("dimension", "12"),
    ("description", 1),
    ("description", "d" * 4001),
    ("abilities", "vision"),
    ("abilities", [1]),
    ("abilities", ["<string>"]),
    ("share_with_users", "yes"),
    ("share_with_users", 1),
    ("is_active", "no"),
]


@pytest.mark.parametrize(("field", "value"), _WRONG)
async def test_seed_004_value_of_another_type_names_its_field(
    desk: Personal, field: str, value: Any
) -> None:
    """A wrong value is 422, on PUT and on POST, and the fault's path is the field's."""
    before = (await desk["ada"].get("/api/models/wrong")).json()
    if "error" in before:
        before = await desk.make("wrong")
    put = await desk["ada"].put("/api/models/wrong", json={field: value})
    post = await desk["ada"].post("/api/models", json=desk.body("wrong-2", **{field: value}))
    for answer in (put, post):
        assert answer.status_code == 422, answer.text
        assert {path.partition("[")[0] for path in fields_of(answer)} == {field}
        if isinstance(value, str) and len(value) > 3:
            assert value not in answer.text
    assert (await desk["ada"].get("/api/models/wrong")).json() == before


@pytest.mark.parametrize("field", RESPONSE)
async def test_seed_004_answer_has_every_field_of_its_type(desk: Personal, field: str) -> None:
    """Each field of the answer is required and of its documented type, full or bare."""
    name = f"shown-{field.replace('_', '-')}"
    bare = await desk.make(name)
    full = await desk.put(name, **{k: v for k, v in _OTHER.items() if k != "base_url"})
    listed = (await desk["ada"].get("/api/models?limit=1000")).json()["data"]
    for shown in (bare, full, *listed):
        assert list(shown) == list(RESPONSE)
        assert is_of(shown[field], RESPONSE[field]), shown


async def test_answer_can_be_sent_back(desk: Personal) -> None:
    """PUT of what GET showed changes nothing; a read-only field with another value is 422."""
    before = await desk.make("round", temperature=1.5, abilities=["tool_call"], dimension=3)
    after = await desk.put("round", **before)
    assert {**before, "updated_at": after["updated_at"]} == after
    read_only = {"id": 1, "model_id": "x", "is_owner": False, "can_edit": False, "is_shared": True}
    for field, value in (read_only | {"can_delete": False, "created_at": None}).items():
        answer = await desk["ada"].put("/api/models/round", json={field: value})
        assert fields_of(answer).keys() == {field}, answer.text


@pytest.mark.parametrize(
    "field",
    [
        *("owner", "enabled", "pricing", "tier", "org_slugs", "uid", "connection", "aliases"),
        *("failover", "metadata", "credit_multiplier", "system_prompt", "held", "user_id"),
        *("version", "provider", "type", "capabilities", "upstream_model"),
    ],
)
async def test_fields_of_the_catalogue_cannot_be_smuggled_in(desk: Personal, field: str) -> None:
    """The body is the dialect's: a native field in it is 422 and changes nothing."""
    if (await desk["ada"].get("/api/models/mass")).status_code == 404:
        await desk.make("mass")
    body = {field: {"kind": "system"}}
    for answer in (
        await desk["ada"].put("/api/models/mass", json=body),
        await desk["ada"].post("/api/models", json=desk.body("mass-2", **body)),
    ):
        assert fields_of(answer) == {field: "is not a known field"}


async def test_ids_are_unique_whole_numbers_that_stay(desk: Personal) -> None:
    """id: integer; no two models share one, changes keep it, a number is not given twice."""
    made = [await desk.make(f"number-{n}") for n in range(5)]
    numbers = [one["id"] for one in made]
    assert len(set(numbers)) == 5
    assert all(0 < number < 2**53 for number in numbers)
    assert (await desk.put("number-0", description="x"))["id"] == numbers[0]
    assert (await desk["ada"].delete("/api/models/number-4")).status_code == 204
    assert (await desk.make("number-4"))["id"] > numbers[4]


async def test_id_that_is_taken_is_409(desk: Personal) -> None:
    """An id or alias of the catalogue, or somebody's model, cannot be made a personal one."""
    await desk.stage.gw.admin.post(
        "/v1/models",
        json={"model_id": "house", "type": "completion", "provider": "up", "aliases": ["casa"]},
    )
    await desk.make("adas")
    for who, name in (("ada", "house"), ("ada", "casa"), ("ada", "adas"), ("eve", "adas")):
        answer = await desk[who].post("/api/models", json=desk.body(name))
        assert (answer.status_code, code_of(answer)) == (409, "model_exists")
        assert fields_of(answer) == {"model_id": "is taken"}


async def test_create_names_all_that_is_missing(desk: Personal) -> None:
    """POST needs an id, a category, a provider and its name of the model; a 422 names them all."""
    answer = await desk["ada"].post("/api/models", json={})
    assert fields_of(answer).keys() == {"model_id", "category", "model_provider", "model_name"}


async def test_list_goes_on_by_cursor(desk: Personal) -> None:
    """Every model once, whatever the size of the page."""
    for number in range(3):
        await desk.make(f"page-{number}", "eve")
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await desk["eve"].get(f"/api/models?limit=2{cursor}")).json()
        seen += [one["model_id"] for one in page["data"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert [name for name in seen if name.startswith("page-")] == ["page-0", "page-1", "page-2"]
    assert len(set(seen)) == len(seen)


async def test_stale_etag_is_412(desk: Personal) -> None:
    """If-Match holds a change or a deletion back that was made from an older state."""
    await desk.make("tagged")
    tag = (await desk["ada"].get("/api/models/tagged")).headers["etag"]
    await desk.put("tagged", description="newer")
    for call in (
        desk["ada"].put("/api/models/tagged", json={}, headers={"if-match": tag}),
        desk["ada"].delete("/api/models/tagged", headers={"if-match": tag}),
    ):
        assert code_of(await call) == "version_conflict"


async def test_other_methods_and_parameters_are_refused(desk: Personal) -> None:
    """405 names the methods there are; an unknown query parameter is 400."""
    answer = await desk["ada"].patch("/api/models/curl", json={})
    assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, GET, HEAD, PUT")
    assert (await desk["ada"].get("/api/models?offset=3")).status_code == 400
    assert code_of(await desk["ada"].get("/api/elsewhere")) == "unknown_url"
