"""Errors of the organisation dialect: problem details (RFC 9457) for everything that goes wrong."""

from pathlib import Path

import pytest

from admin.dialects.org.org_desk import BASE, PATH, Desk, new, problem_of
from admin.house import bring_back, take_away
from tollhouse.admin.dialects.org.problems import pointer

JSON = {"content-type": "application/json"}
POINTERS = [
    ("displayName", "#/displayName"),
    ("metadata.a.b", "#/metadata/a/b"),
    ("metadata[0].b[12]", "#/metadata/0/b/12"),
    ("a/b~c", "#/a~1b~0c"),
    ("naïve name", "#/na%C3%AFve%20name"),
]


@pytest.mark.parametrize(("path", "expected"), POINTERS)
def test_a_path_becomes_a_json_pointer(path: str, expected: str) -> None:
    """As a URI fragment, with its escapes (RFC 6901, 3 and 6)."""
    assert pointer(path) == expected


async def test_a_faulty_body_is_told_field_by_field(desk: Desk) -> None:
    """Title and status in words and numbers, the code for programs, and each field by pointer."""
    answer = await desk.http.post(PATH, json=new(contextWindow=0))
    problem = problem_of(answer, 422, "validation_failed")
    assert problem["title"] == "Unprocessable Entity"
    assert problem["detail"] == "contextWindow: must be at least 1"
    assert problem["errors"] == [
        {"path": "contextWindow", "detail": "must be at least 1", "pointer": "#/contextWindow"}
    ]


BODIES = [
    (b"", 400, "invalid_request_error"),
    (b"[]", 400, "invalid_request_error"),
    (b"{", 400, "invalid_request_error"),
    (b'{"displayName":"a","displayName":"b"}', 400, "invalid_request_error"),
    (b'{"contextWindow":NaN}', 400, "invalid_request_error"),
    (b'{"displayName":"\xff"}', 400, "invalid_request_error"),
    (b'{"displayName":"a\\u0000b"}', 422, "validation_failed"),
    (b'{"metadata":' + b'{"a":' * 40 + b"1" + b"}" * 41, 422, "validation_failed"),
    (b'{"metadata":"' + b"x" * 1_100_000 + b'"}', 413, "request_too_large"),
]


@pytest.mark.parametrize(("body", "status", "code"), BODIES)
async def test_a_body_that_cannot_be_read(desk: Desk, body: bytes, status: int, code: str) -> None:
    """Of creates and updates alike."""
    for method, path in (("POST", PATH), ("PATCH", f"{PATH}/{BASE}")):
        answer = await desk.http.request(method, path, content=body, headers=JSON)
        problem_of(answer, status, code)


async def test_what_the_framework_raises_has_the_same_shape(desk: Desk) -> None:
    """Unknown paths, wrong methods and media types; a 405 names the methods there are."""
    for path in ("/org/v1/nothing", "/org/v1/models/a/b", "/org/", "/org/v1/models/"):
        problem_of(await desk.http.get(path), 404, "unknown_url")
    for method, path, allowed in (
        ("PUT", PATH, "GET, HEAD, POST"),
        ("POST", f"{PATH}/{BASE}", "DELETE, GET, HEAD, PATCH"),
        ("DELETE", f"{PATH}/catalog", "GET, HEAD"),
    ):
        answer = await desk.http.request(method, path)
        problem_of(answer, 405, "method_not_allowed")
        assert answer.headers["allow"] == allowed
    answer = await desk.http.post(PATH, content=b"a=b", headers={"content-type": "text/plain"})
    problem_of(answer, 415, "unsupported_media_type")


async def test_a_head_that_is_too_large_is_refused_in_the_same_shape(desk: Desk) -> None:
    """Before anybody is asked who calls."""
    answer = await desk.http.get(PATH, headers={f"x-{number}": "v" for number in range(300)})
    problem_of(answer, 431, "headers_too_large")


async def test_a_lost_store_is_a_problem_too(desk: Desk, sqlite_file: Path) -> None:
    """Writes are 503 with the time to wait; reads are answered from memory."""
    own = (await desk.create())["id"]
    await desk.get(own)  # the caller is known again, after the write
    away = take_away(sqlite_file)
    for answer in (
        await desk.http.post(PATH, json=new()),
        await desk.http.post(PATH, json=new(), headers={"idempotency-key": "k"}),
        await desk.http.patch(f"{PATH}/{own}", json={"enabled": False}),
        await desk.http.delete(f"{PATH}/{own}"),
    ):
        problem_of(answer, 503, "store_unavailable")
        assert answer.headers["retry-after"] == "1"
    assert (await desk.get(own))["enabled"] is True
    assert len(await desk.names()) == 2
    bring_back(away)


async def test_no_answer_repeats_a_value(desk: Desk) -> None:
    """What was sent may be a prompt: a fault tells its field and what would be right."""
    for body in (
        {"systemPrompt": "canary" * 10_000},
        {"displayName": "canary\n"},
        {"contextWindow": "canary"},
        {"metadata": {"x": "canary" * 5_000}},
    ):
        answer = await desk.http.post(PATH, json={**new(), **body})
        problem_of(answer, 422, "validation_failed")
        assert "canary" not in answer.text
