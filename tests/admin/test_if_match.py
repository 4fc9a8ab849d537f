"""Conditional writes: ``If-Match`` against the ETag of a model."""

import asyncio

import httpx

from admin.house import House, code_of

HEADERS = [
    ('"1"', 200),
    ("*", 200),
    ('"7", "1"', 200),
    ('"7","1" , "9"', 200),
    ('"2"', 412),
    ('"01"', 412),
    ('""', 412),
    ('W/"1"', 412),
    ("1", 400),
    ('"1', 400),
    ('"1" "2"', 400),
    ("", 200),
    ("garbage", 400),
    ('w/"1"', 400),
]


async def test_if_match_is_read_as_the_http_standard_says(
    house: House, admin: httpx.AsyncClient
) -> None:
    """Strong comparison with any of the tags; an empty header is none; malformed is a 400."""
    for number, (if_match, status) in enumerate(HEADERS):
        await house.model(f"m{number}")
        response = await admin.patch(
            f"/v1/models/m{number}", json={"region": "eu"}, headers={"if-match": if_match}
        )
        assert response.status_code == status, if_match
        if status == 412:
            assert code_of(response) == "version_conflict"
            assert response.headers["etag"] == '"1"'
        if status == 400:
            assert code_of(response) == "invalid_request_error"


async def test_F06_of_two_patches_with_one_etag_one_wins(
    house: House, admin: httpx.AsyncClient
) -> None:
    """The second one is a 412 and changes nothing."""
    await house.model("m")
    seen = (await admin.get("/admin/v1/models/m")).headers["etag"]
    answers = await asyncio.gather(
        *(
            admin.patch("/v1/models/m", json={"region": name}, headers={"if-match": seen})
            for name in ("eu", "us")
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412]
    won = next(answer for answer in answers if answer.status_code == 200).json()["region"]
    assert (await admin.get("/admin/v1/models/m")).json()["region"] == won


async def test_F06_a_stale_etag_from_another_worker_is_a_conflict_here(
    house: House, sibling: House
) -> None:
    """The comparison is with the store's newest version, not with this worker's memory of it."""
    await house.model("m")
    await sibling.live.load()
    await house.client().patch("/v1/models/m", json={"region": "eu"})
    assert sibling.live.snapshot.models["m"].version == 1
    there = sibling.client()
    stale = await there.patch("/v1/models/m", json={"region": "x"}, headers={"if-match": '"1"'})
    fresh = await there.patch("/v1/models/m", json={"region": "y"}, headers={"if-match": '"2"'})
    assert (stale.status_code, fresh.status_code) == (412, 200)


async def test_a_delete_and_a_rollback_take_if_match_too(
    house: House, admin: httpx.AsyncClient
) -> None:
    """A stale tag stops them."""
    await house.model("m")
    stale = {"if-match": '"9"'}
    deleted = await admin.delete("/v1/models/m", headers=stale)
    rolled = await admin.post("/admin/v1/models/m/rollback", json={"version": 1}, headers=stale)
    assert (deleted.status_code, rolled.status_code) == (412, 412)
