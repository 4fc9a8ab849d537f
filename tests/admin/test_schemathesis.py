"""Requests made from the plane's own document, thrown at a running plane.

No request is a 500; every status is documented, with its media type; every answer has the shape
that the document says, refusals and their codes too. ``TOLLHOUSE_TEST_SOAK_SECONDS`` makes it a
hundred times as many requests.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from admin.furnished import Furnished, furnished_house
from admin.matrix import Row
from e2e.soaking import soak_seconds

schemathesis = pytest.importorskip("schemathesis")
checks = pytest.importorskip("schemathesis.specs.openapi.checks")
core_checks = pytest.importorskip("schemathesis.checks")

pytestmark = pytest.mark.asyncio(loop_scope="module")
EXAMPLES = 12 if soak_seconds() is None else 1200
CALLERS = ("bootstrap", "system_admin", "org_admin", "member", "org_key", "none")
CHECKS = [
    core_checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
KEYS = {"authorization", "x-api-key", "api-key", "x-prismeai-api-key"}
SORTS = {
    "/v1/models": "model",
    "/admin/v1/models": "model",
    "/admin/v1/model": "model",
    "/admin/v1/orgs": "org",
    "/admin/v1/keys": "key",
    "/admin/v1/tokens": "token",
    "/admin/v1/prompts": "prompt",
    "/admin/v1/schedule": "scheduled",
    "/org/v1/models": "org_model",
    "/org/v1/system-prompts": "prompt",
    "/api/models": "personal",
}
"""What there is below a path, so that some requests find what they ask for."""


@pytest_asyncio.fixture(name="at", scope="module", loop_scope="module")
async def _at(
    tmp_path_factory: pytest.TempPathFactory, migrated_file: Path
) -> AsyncIterator[Furnished]:
    async with furnished_house(migrated_file, tmp_path_factory.mktemp("thrown")) as furnished:
        yield furnished


async def _found(at: Furnished, path: str) -> list[str]:
    """Some ids of what there is below a path."""
    ends = (end for end in SORTS if path.startswith(f"{end}/{{") or path == end)
    sort = SORTS.get(next(ends, path))
    if sort is None:
        return []
    several = EXAMPLES if "delete" in path else 4
    return [await at.made(sort, "own") for _ in range(several)]


def _thrower(at: Furnished, operation: Any, found: list[str]) -> Callable[[], None]:
    """What throws an operation's requests, as the callers in turn."""
    ids, callers = itertools.cycle(found or [""]), itertools.cycle(CALLERS)
    place = "path_parameters" if "{" in operation.path else "query"
    name = "slug" if "{slug}" in operation.path else "id"
    modes = [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE]
    cases = st.one_of([operation.as_strategy(mode) for mode in modes])

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases, known=st.booleans())
    def throw(case: Any, known: bool) -> None:  # noqa: FBT001 - hypothesis gives it
        if found and known and name in (getattr(case, place) or {}):
            getattr(case, place)[name] = next(ids)
        # Credentials are ours to give: those that it makes up are nobody's.
        case.headers = {n: v for n, v in (case.headers or {}).items() if n.lower() not in KEYS}
        headers = at.clients[next(callers)].headers
        credential = {n: v for n, v in headers.items() if n == "authorization"}
        case.call_and_validate(base_url=at.house.url, headers=credential, checks=CHECKS)

    return throw


async def test_plane_answers_as_its_document_says(at: Furnished) -> None:
    """Every operation of the document, as every kind of caller; all that is wrong is told."""
    document = (await at.clients["none"].get("/admin/openapi.json")).json()
    schema = schemathesis.openapi.from_dict(document)
    wrong: dict[str, str] = {}
    for made in schema.get_all_operations():
        operation = made.ok()
        found = await _found(at, operation.path)
        try:
            await asyncio.to_thread(_thrower(at, operation, found))
        except (BaseExceptionGroup, AssertionError) as error:
            wrong[operation.label] = str(error)
    assert wrong == {}


async def test_thrown_requests_find_what_there_is(at: Furnished) -> None:
    """The table of what there is below a path makes real ids: the test above has answers to see."""
    for path, sort in SORTS.items():
        (first, *_) = await _found(at, path)
        row = Row("GET", path, f"{path}/{first}", {"own": ""})
        if sort != "personal" and path not in {"/v1/models", "/admin/v1/model"}:
            request = await at.request(row, "system_admin", "own")
            assert (await at.clients["system_admin"].send(request)).status_code == 200, path
