"""Who may do what with a personal model: every role, at home and abroad, on every route."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from admin.house import code_of
from e2e.personal import PEOPLE, Personal, personal_gateway

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(name="desk", scope="module", loop_scope="module")
async def _desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Personal]:
    async with personal_gateway(tmp_path_factory.mktemp("personal")) as desk:
        await desk.make("private")
        await desk.make("shared", share_with_users=True)
        yield desk


ABROAD = ("eve", "boss", "namesake")
READ: dict[str, dict[str, int]] = {
    # caller: status of GET on ada's private and shared model
    "ada": {"private": 200, "shared": 200},
    "bob": {"private": 404, "shared": 200},
    "olga": {"private": 200, "shared": 200},
    "vera": {"private": 404, "shared": 200},
    "root": {"private": 200, "shared": 200},
    **{who: {"private": 404, "shared": 404} for who in ABROAD},
}
WRITTEN: dict[str, dict[str, int]] = {
    # caller: status of PUT {"description": …} and DELETE on ada's models
    "ada": {"private": 200, "shared": 200},
    "bob": {"private": 404, "shared": 403},
    "olga": {"private": 403, "shared": 403},
    "vera": {"private": 403, "shared": 403},
    "root": {"private": 200, "shared": 200},
    **{who: {"private": 404, "shared": 404} for who in ABROAD},
}
FLAGS = {
    # caller: is_owner, can_edit, can_delete
    "ada": (True, True, True),
    "bob": (False, False, False),
    "olga": (False, False, False),
    "vera": (False, False, False),
    "root": (False, True, True),
}
CELLS = [(who, model) for who in PEOPLE for model in ("private", "shared")]


async def test_tables_name_everybody() -> None:
    """No person is left out."""
    assert READ.keys() == WRITTEN.keys() == PEOPLE.keys()


@pytest.mark.parametrize(("who", "model"), CELLS)
async def test_reading(desk: Personal, who: str, model: str) -> None:
    """One model and the list agree: what is 404 alone is not listed."""
    answer = await desk[who].get(f"/api/models/{model}")
    assert answer.status_code == READ[who][model]
    data = (await desk[who].get("/api/models")).json()["data"]
    assert (model in [one["model_id"] for one in data]) is (answer.status_code == 200)


@pytest.mark.parametrize(("who", "model"), CELLS)
async def test_changing(desk: Personal, who: str, model: str) -> None:
    """A change by anybody but the owner and the system's admin is refused and does nothing."""
    before = (await desk["ada"].get(f"/api/models/{model}")).json()
    said = {"description": f"by {who}"}
    answer = await desk[who].put(f"/api/models/{model}", json=said)
    assert answer.status_code == WRITTEN[who][model], answer.text
    after = (await desk["ada"].get(f"/api/models/{model}")).json()
    assert (after != before) is (answer.status_code == 200)


_TAKING: list[dict[str, Any]] = [
    {"base_url": "https://collector.example.com/v1", "api_key": "sk-mine-0123456789"},
    {"api_key": "sk-mine-0123456789"},
    {"model_name": "other"},
    {"share_with_users": True},
    {"is_active": False, "description": "x"},
]


@pytest.mark.parametrize("body", _TAKING, ids="-".join)
async def test_orgs_admin_may_only_switch(desk: Personal, body: dict[str, Any]) -> None:
    """The admin of the owner's org cannot lead a model elsewhere, open it or spend its key."""
    answer = await desk["olga"].put("/api/models/private", json=body)
    assert (answer.status_code, code_of(answer)) == (403, "forbidden")


@pytest.mark.parametrize("who", ["bob", "vera", "eve", "boss", "namesake"])
async def test_switch_is_for_the_owner_and_admins(desk: Personal, who: str) -> None:
    """Nobody else switches a model off, shared or not."""
    for model in ("private", "shared"):
        answer = await desk[who].put(f"/api/models/{model}", json={"is_active": False})
        assert answer.status_code in (403, 404)
        assert (await desk["ada"].get(f"/api/models/{model}")).json()["is_active"] is True


@pytest.mark.parametrize(("who", "model"), CELLS)
async def test_deleting(desk: Personal, who: str, model: str) -> None:
    """As changing; a refused deletion leaves the model where it is."""
    name = f"{model}-{who}"
    await desk.make(name, share_with_users=model == "shared")
    answer = await desk[who].delete(f"/api/models/{name}")
    allowed = WRITTEN[who][model] == 200
    assert answer.status_code == (204 if allowed else WRITTEN[who][model]), answer.text
    left = (await desk["ada"].get(f"/api/models/{name}")).status_code
    assert left == (404 if allowed else 200)


@pytest.mark.parametrize("who", FLAGS)
async def test_answer_says_what_the_caller_may(desk: Personal, who: str) -> None:
    """is_owner, can_edit, can_delete are the caller's own; is_shared is the model's."""
    shown = (await desk[who].get("/api/models/shared")).json()
    assert (shown["is_owner"], shown["can_edit"], shown["can_delete"]) == FLAGS[who]
    assert shown["is_shared"] is True


@pytest.mark.parametrize("who", PEOPLE)
async def test_making_one(desk: Personal, who: str) -> None:
    """Everybody but a viewer makes models, each of them the maker's own in the maker's org."""
    answer = await desk[who].post("/api/models", json=desk.body(f"by-{who}"))
    assert answer.status_code == (403 if who == "vera" else 201), answer.text
    if answer.status_code == 201:
        user, org, _ = PEOPLE[who]
        owner = (await desk.native(f"by-{who}"))["owner"]
        assert owner == {"kind": "user", "id": user, "slug": org, "shared": False}
        assert answer.json()["is_owner"] is True


async def test_org_key_has_no_user_identity(desk: Personal) -> None:
    """An org's key is 403 user_identity_required on every route, shared model or not."""
    key = desk.stage.gw.client
    for method, path in (
        *(("GET", "/api/models"), ("POST", "/api/models"), ("GET", "/api/models/shared")),
        *(("PUT", "/api/models/shared"), ("DELETE", "/api/models/shared")),
    ):
        answer = await key.request(method, path, json={})
        assert (answer.status_code, code_of(answer)) == (403, "user_identity_required")


async def test_bootstrap_token_owns_nothing(desk: Personal) -> None:
    """It stands for no user, so it makes no personal model; it sees and changes all of them."""
    admin = desk.stage.gw.admin
    answer = await admin.post("/api/models", json=desk.body("nobodys"))
    assert (answer.status_code, code_of(answer)) == (403, "user_identity_required")
    assert (await admin.get("/api/models/private")).json()["is_owner"] is False
    assert (await admin.put("/api/models/private", json={"description": "x"})).status_code == 200


async def test_models_of_others_kinds_are_not_here(desk: Personal) -> None:
    """A system model is not found in this dialect, not even by who may change it elsewhere."""
    await desk.stage.model(name="system")
    system = next(
        one["id"]
        for one in (await desk["root"].get("/v1/models")).json()["data"]
        if one["id"].startswith("system")
    )
    for who in ("root", "ada"):
        calls: list[httpx.Response] = [
            await desk[who].get(f"/api/models/{system}"),
            await desk[who].put(f"/api/models/{system}", json={"description": "x"}),
            await desk[who].delete(f"/api/models/{system}"),
        ]
        assert [one.status_code for one in calls] == [404, 404, 404]


@pytest.mark.parametrize(("who", "status"), [("ada", 200), ("bob", 403), ("olga", 403)])
async def test_history_is_the_owners(desk: Personal, who: str, status: int) -> None:
    """What a shared model was before it was shared is nobody else's to read; eve finds none."""
    answer = await desk[who].get("/admin/v1/models/shared/history")
    assert answer.status_code == status
    assert (await desk["eve"].get("/admin/v1/models/shared/history")).status_code == 404


async def test_user_of_the_same_id_in_another_org_is_somebody_else(desk: Personal) -> None:
    """A token made for "ada" by another org's admin opens nothing of ada's."""
    made = await desk["boss"].post(
        "/admin/v1/tokens", json={"user": "ada", "org": "globex", "role": "member"}
    )
    impostor = desk.stage.gw.as_caller(made.json()["token"])
    assert (await impostor.get("/api/models/private")).status_code == 404
    body = {"model": "private", "messages": [{"role": "user", "content": "x"}]}
    answer = await impostor.post("/v1/chat/completions", json=body)
    assert answer.status_code == 404
