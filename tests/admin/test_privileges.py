"""Who may do what: each caller on each operation of the admin plane, for each kind of object.

The operations are those of the application itself: a route without a row fails a test. What is
refused changes nothing, and is in the audit trail if it was a write of somebody known.
"""

import re
from collections.abc import AsyncIterator, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from admin.furnished import Furnished, furnished_house
from admin.matrix import ALIKE, ROLES, ROWS, Row
from tollhouse.admin.openapi import Described
from tollhouse.admin.openapi import operations as operations_described

pytestmark = pytest.mark.asyncio(loop_scope="module")
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
OPEN = {("GET", "/admin/openapi.json")}
QUESTIONS = ("/admin/v1/explain", "/impact", "dry_run=true")
"""What is asked with a body and is no write."""


@pytest_asyncio.fixture(name="at", scope="module", loop_scope="module")
async def _at(
    tmp_path_factory: pytest.TempPathFactory, migrated_file: Path
) -> AsyncIterator[Furnished]:
    async with furnished_house(migrated_file, tmp_path_factory.mktemp("matrix")) as furnished:
        yield furnished


def operations(application: Any) -> Iterator[tuple[str, str]]:
    """Every method of every route of every dialect; HEAD goes with GET."""
    for dialect in application.dialects:
        for route in dialect.application.routes:
            for method in route.app.handlers.keys() - {"HEAD"}:
                yield method, route.path


def _name(row: Row) -> str:
    return " ".join(filter(None, (row.method, row.route, row.word)))


def _cases() -> Iterator[Any]:
    for row in ROWS:
        for whose in row.statuses:
            # Whoever is nobody has nothing: one object is enough to see that.
            nobodies = ALIKE if whose == next(iter(row.statuses)) else ("org_key",)
            for role in (*ROLES, *nobodies):
                yield pytest.param(row, role, whose, id=f"{_name(row)} {whose} as {role}")


@pytest.mark.parametrize(("row", "role", "whose"), list(_cases()))
async def test_caller_gets_what_the_matrix_says(
    at: Furnished, row: Row, role: str, whose: str
) -> None:
    """The status and code of the row; a refusal changes nothing and is in the trail."""
    request = await at.request(row, role, whose)
    before = await at.house.store.versions()
    answer = await at.clients[role].send(request)
    if role in ALIKE:
        assert (answer.status_code, _code(answer)) == ALIKE[role], answer.text
    else:
        assert answer.status_code == row.status(role, whose), answer.text
    _is_documented(at, answer)
    if not answer.is_success:
        assert await at.house.store.versions() == before
        if row.method in WRITES and not any(one in row.path for one in QUESTIONS):
            await _is_in_the_trail(at, answer, known=answer.status_code != 401)


def _code(answer: httpx.Response) -> str:
    """The code of a refusal, in the shape of whichever dialect."""
    content = answer.json()
    code: str = content["code"] if "code" in content else content["error"]["code"]
    return code


def _is_documented(at: Furnished, answer: httpx.Response) -> None:
    """The document of the plane has this status, and its code, for this operation."""
    path, method = answer.request.url.path, answer.request.method
    found = [
        one
        for pattern, one in _described(at.house.application)
        if one.method == method and pattern.fullmatch(path)
    ]
    # Of several, the one with the most of its path spelled out is meant.
    meant = max(found, key=lambda one: len(one.path))
    if answer.is_success:
        assert answer.status_code == meant.operation.status
    else:
        assert _code(answer) in {code.value for code in meant.codes()}


@cache
def _described(application: Any) -> list[tuple[re.Pattern[str], Described]]:
    """Every operation of the plane's document, with what its paths look like."""
    return [
        (re.compile(re.sub(r"\{\w+\}", "[^?]+", one.path)), one)
        for one in operations_described(application.dialects)
    ]


async def _is_in_the_trail(at: Furnished, answer: httpx.Response, *, known: bool) -> None:
    """One event for a caller who has a name, none for one who has not."""
    events = await at.house.events(limit="5")
    named = [one for one in events if one["request_id"] == answer.headers["x-request-id"]]
    assert [one["outcome"] for one in named] == ([_code(answer)] if known else [])


async def test_every_route_has_its_rows(at: Furnished) -> None:
    """As the application has them, method by method; what answers anybody has no row."""
    rows = {(row.method, row.route) for row in ROWS}
    assert set(operations(at.house.application)) - OPEN == rows
