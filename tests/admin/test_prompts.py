"""System prompts: created, patched, deleted, listed; in force for every model that names them."""

import httpx
import pytest

from admin.house import NOON, House, code_of, fields_of
from admin.prompt_samples import PATH, ROLE, TONE, created, sent

# --- One prompt ---


async def test_a_created_prompt_is_answered_whole(house: House, admin: httpx.AsyncClient) -> None:
    """201 with its id, its place, its tag and its text; the catalogue moves on by one."""
    version = house.live.snapshot.version
    response = await admin.post(PATH, json=sent(description="For support"))
    assert response.status_code == 201
    shown = response.json()
    assert response.headers["location"] == f"{PATH}/{shown['prompt_id']}"
    assert response.headers["etag"] == '"1"'
    assert response.headers["x-tollhouse-catalogue-version"] == str(version + 1)
    assert len(shown.pop("prompt_id")) == 36
    assert shown == {
        "name": "Support",
        "description": "For support",
        "owner": {"kind": "system"},
        "particles": [{**ROLE, "enabled": True}, TONE],
        "composed_text": "You help.",
        "version": 1,
        "created_at": "2030-03-17T17:46:40Z",
        "created_by": "bootstrap:bootstrap",
        "updated_at": "2030-03-17T17:46:40Z",
        "updated_by": "bootstrap:bootstrap",
    }


async def test_a_prompt_is_read_as_it_was_written(admin: httpx.AsyncClient) -> None:
    """The same document, with its tag."""
    shown = await created(admin)
    response = await admin.get(f"{PATH}/{shown['prompt_id']}")
    assert (response.status_code, response.json()) == (200, shown)
    assert response.headers["etag"] == '"1"'


async def test_a_patch_is_a_merge(house: House, admin: httpx.AsyncClient) -> None:
    """Absent keeps, null clears, particles are replaced as a list, in the order sent."""
    shown = await created(admin, description="d")
    house.clock.time = NOON + 60
    particles = [{**TONE, "enabled": True}, {**ROLE, "enabled": True}]
    patch = {"description": None, "particles": particles}
    response = await admin.patch(f"{PATH}/{shown['prompt_id']}", json=patch)
    assert response.status_code == 200
    expected = {name: value for name, value in shown.items() if name != "description"}
    assert response.json() == {
        **expected,
        "particles": particles,
        "composed_text": "Be brief.\n\nYou help.",
        "version": 2,
        "updated_at": "2030-03-17T17:47:40Z",
    }
    assert response.headers["etag"] == '"2"'


async def test_faults_of_a_body_are_told_at_once_and_quote_nothing(
    house: House, admin: httpx.AsyncClient
) -> None:
    """422 with each path; nothing of the texts is repeated, and nothing is written."""
    before = await house.store.versions()
    bad = sent({"kind": "CANARY", "text": "canary" * 9000}, name="", prompt_id="x", canary=1)
    response = await admin.post(PATH, json=bad)
    assert (response.status_code, code_of(response)) == (422, "validation_failed")
    assert fields_of(response).keys() == {
        "canary",
        "name",
        "particles[0].kind",
        "particles[0].text",
        "prompt_id",
    }
    assert "canarycanary" not in response.text
    assert "CANARY" not in response.text
    assert await house.store.versions() == before


async def test_a_prompt_of_too_much_text_is_refused(admin: httpx.AsyncClient) -> None:
    """The composed text has a bound of its own; what is switched off does not count in it."""
    half = {"kind": "role", "text": "x" * 25_000}
    response = await admin.post(PATH, json=sent(half, half))
    assert fields_of(response) == {"particles": "must make a text of at most 50000 characters"}
    assert (await admin.post(PATH, json=sent(half, {**half, "enabled": False}))).is_success


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize("prompt_id", ["nothing", "00000000-0000-0000-0000-000000000000", "a%2Fb"])
async def test_what_is_not_there_is_not_found(
    admin: httpx.AsyncClient, method: str, prompt_id: str
) -> None:
    """404, whatever the id looks like."""
    json = {"name": "n"} if method == "PATCH" else None
    response = await admin.request(method, f"{PATH}/{prompt_id}", json=json)
    assert (response.status_code, code_of(response)) == (404, "not_found")


async def test_if_match_is_asked_of_the_prompts_own_version(admin: httpx.AsyncClient) -> None:
    """A stale tag is a 412 with the present one, for a patch and for a deletion."""
    path = f"{PATH}/{(await created(admin))['prompt_id']}"
    first = await admin.patch(path, json={"name": "New"}, headers={"if-match": '"1"'})
    assert first.status_code == 200
    for method, json in (("PATCH", {"name": "Stale"}), ("DELETE", None)):
        response = await admin.request(method, path, json=json, headers={"if-match": '"1"'})
        assert (response.status_code, code_of(response)) == (412, "version_conflict")
        assert response.headers["etag"] == '"2"'
    assert (await admin.delete(path, headers={"if-match": '"2"'})).status_code == 204


async def test_a_deleted_prompt_is_gone_at_once(admin: httpx.AsyncClient) -> None:
    """204 without a body; it is found no more, and a new one has another id."""
    shown = await created(admin)
    path = f"{PATH}/{shown['prompt_id']}"
    response = await admin.delete(path)
    assert (response.status_code, response.content) == (204, b"")
    assert (await admin.get(path)).status_code == 404
    assert (await created(admin))["prompt_id"] != shown["prompt_id"]


async def test_other_methods_are_told_what_there_is(admin: httpx.AsyncClient) -> None:
    """405 with the methods of the path."""
    assert (await admin.put(PATH, json={})).headers["allow"] == "GET, HEAD, POST"
    assert (await admin.post(f"{PATH}/x", json={})).headers["allow"] == "DELETE, GET, HEAD, PATCH"


# --- Lists ---


async def test_a_list_is_given_in_pages_oldest_first(admin: httpx.AsyncClient) -> None:
    """Every prompt once, in the order in which they were made, whatever the size of a page."""
    made = [(await created(admin, name=f"Prompt {number}"))["name"] for number in range(5)]
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await admin.get(PATH, params={"limit": "2", **cursor})).json()
        assert len(page["data"]) <= 2
        found += [one["name"] for one in page["data"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert found == made


async def test_a_list_goes_on_after_a_prompt_that_is_gone(admin: httpx.AsyncClient) -> None:
    """The cursor is a place, not a row."""
    made = [(await created(admin))["prompt_id"] for _ in range(3)]
    page = (await admin.get(PATH, params={"limit": "2"})).json()
    await admin.delete(f"{PATH}/{made[1]}")
    rest = (await admin.get(PATH, params={"cursor": page["next_cursor"]})).json()
    assert [one["prompt_id"] for one in rest["data"]] == made[2:]


@pytest.mark.parametrize("query", [{"cursor": "???"}, {"limit": "0"}, {"name": "x"}])
async def test_a_list_refuses_what_it_does_not_know(
    admin: httpx.AsyncClient, query: dict[str, str]
) -> None:
    """400 for a foreign cursor, a bad limit and an unknown parameter."""
    response = await admin.get(PATH, params=query)
    assert (response.status_code, code_of(response)) == (400, "invalid_request_error")


async def test_an_orgs_admin_sees_its_own_and_the_systems(
    house: House, admin: httpx.AsyncClient
) -> None:
    """Another org's prompts are neither listed nor found; the filter shows what an org may name."""
    for slug in ("acme", "globex"):
        await house.org(slug)
    common = await created(admin, name="common")
    theirs = await created(admin, name="theirs", owner={"kind": "org", "slug": "globex"})
    client = house.client(await house.token("org_admin", "acme"))
    own = await created(client, name="own")
    assert own["owner"] == {"kind": "org", "slug": "acme"}
    listed = (await client.get(PATH)).json()["data"]
    assert [one["name"] for one in listed] == ["common", "own"]
    assert (await client.get(f"{PATH}/{common['prompt_id']}")).json() == common
    assert (await client.get(f"{PATH}/{theirs['prompt_id']}")).status_code == 404
    everything = (await admin.get(PATH)).json()["data"]
    assert [one["name"] for one in everything] == ["common", "theirs", "own"]
    for_globex = (await admin.get(PATH, params={"org": "globex"})).json()["data"]
    assert [one["name"] for one in for_globex] == ["common", "theirs"]
