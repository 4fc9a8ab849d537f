"""A large catalogue: what a patch, a list and a compilation cost.

The suite runs a tenth of it; ``TOLLHOUSE_TEST_SOAK_SECONDS`` (any value) asks for the whole,
10 000 models and 1 000 orgs, of which the bounds are. Times are medians in seconds, so that a
machine with other work does not decide.
"""

import gc
import shutil
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from admin.house import OPERATOR, House, SetClock, build, listening
from e2e.soaking import soak_seconds
from fakes.slowness import in_time, slowness
from tollhouse.admin.commits import Draft
from tollhouse.catalogue.writing import new_document
from tollhouse.core.history import StoredCatalogue, StoredModel
from tollhouse.core.tenants import Org

pytestmark = pytest.mark.asyncio(loop_scope="module")
WHOLE = soak_seconds() is not None
MODELS, ORGS = (10_000, 1_000) if WHOLE else (1_000, 100)
ROUNDS = 21
PATCH_SECONDS, LIST_SECONDS = 0.1, 0.05
COMPILE_SECONDS = 20.0
"""Of all 10 000 from nothing, on a machine that has other work."""
BYTES_PER_MODEL = 25_000


@dataclass
class Large:
    """A worker with a large catalogue, and what it cost to have it."""

    house: House
    client: httpx.AsyncClient
    compile_seconds: float
    bytes_per_model: float


def _document(number: int) -> dict[str, Any]:
    """One in three is an org's child of a system model; ids, tags and orgs are spread."""
    org = f"org-{number % ORGS}"
    body: dict[str, Any] = {
        "model_id": f"vendor-{number % 50}/model-{number:05}",
        "tags": [f"tag-{number % 20}"],
        "display": {"name": f"Model {number}", "brand": f"Brand {number % 10}"},
    }
    if number % 3 == 2:
        parent = number - 1
        body |= {"parent_model_id": f"vendor-{parent % 50}/model-{parent:05}"}
        return body | {"owner": {"kind": "org", "slug": org}}
    body |= {
        "type": "completion",
        "provider": "openai",
        "capabilities": {"streaming": True, "tools": number % 2 == 0},
        "limits": {"context_window": 128_000, "max_tokens": 8192},
        "pricing": {"input_per_1m_tokens": "3", "output_per_1m_tokens": "15"},
    }
    if number % 3 == 0 and number >= 3:
        spare = number - 3
        body["failover"] = f"vendor-{spare % 50}/model-{spare:05}"
    if number % 5 == 0:
        body["org_slugs"] = [f"org-{(number + step) % ORGS}" for step in range(5)]
    return body


def _resident() -> int:
    """Bytes of this process in memory."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest_asyncio.fixture(name="large", scope="module", loop_scope="module")
async def _large(
    tmp_path_factory: pytest.TempPathFactory, migrated_file: Path
) -> AsyncIterator[Large]:
    file = Path(shutil.copy(migrated_file, tmp_path_factory.mktemp("large")))
    first = build(f"sqlite:///{file}", SetClock())
    await first.live.load()
    await _fill(first)
    await first.store.aclose()
    house = build(f"sqlite:///{file}", SetClock())
    stored = await house.store.load()
    before, began = _resident(), time.process_time()
    snapshot = house.live.compile(stored)
    seconds, grown = time.process_time() - began, _resident() - before
    house.live.swap(stored, snapshot)
    async with listening(house.application) as url:
        house.url = url
        yield Large(house, house.client(), seconds, grown / MODELS)
        for client in house.clients:
            await client.aclose()
    await house.store.aclose()


async def _fill(house: House) -> None:
    now = house.clock.now()
    for number in range(ORGS):
        org = Org(f"org-{number}", "pro", None, created_at=now, updated_at=now)
        event = house.plane.trail.event(OPERATOR, "org.created", org.slug, org=org.slug)
        await house.store.put_org(org, event)

    def uid(number: int) -> str:
        return f"00000000-0000-4000-8000-{number:012}"

    documents = [
        new_document(_document(number), uid=uid(number), now=now, actor="a", source="import")
        for number in range(MODELS)
    ]
    put = tuple(StoredModel(one["model_id"], 1, one) for one in documents)

    async def compute(_: StoredCatalogue) -> Draft:
        return Draft(put=put)

    await house.plane.commits.keep(OPERATOR, compute)


async def _median(act: Callable[[int], Awaitable[None]]) -> float:
    taken = []
    for turn in range(ROUNDS):
        began = time.perf_counter()
        await act(turn)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


async def test_patch_is_in_force_within_a_tenth_of_a_second(large: Large) -> None:
    """From the request to the answer, with which the next request meets the new document."""
    live = large.house.live

    async def patch(turn: int) -> None:
        number = turn * 3
        model_id = f"vendor-{number % 50}/model-{number:05}"
        body = {"limits": {"max_tokens": 100 + turn}}
        answer = await large.client.patch(f"/v1/models/{model_id}", json=body)
        assert answer.status_code == 200, answer.text
        assert live.snapshot.models[model_id].limits.max_tokens == 100 + turn

    seconds = await _median(patch)
    print(f"\n{MODELS} models, {ORGS} orgs: a patch takes {seconds * 1000:.1f} ms")  # noqa: T201
    in_time(seconds, PATCH_SECONDS * slowness())


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"tag": "tag-7", "limit": "100"},
        {"search": "model-009"},
        {"brand": "Brand 3", "capability": "tools", "enabled": "true"},
        {"org": "org-7"},
        {"lifecycle": "deprecated"},
        {"search": "nothing has this"},
    ],
    ids=lambda query: "-".join(query) or "all",
)
async def test_list_with_filters_is_answered_within_a_twentieth(
    large: Large, query: dict[str, str]
) -> None:
    """Those that match a few and those that match none, which look at every model."""

    async def ask(_: int) -> None:
        answer = await large.client.get("/admin/v1/models", params=query)
        assert answer.status_code == 200

    seconds = await _median(ask)
    print(f"\n{MODELS} models: {query} takes {seconds * 1000:.1f} ms")  # noqa: T201
    in_time(seconds, LIST_SECONDS * slowness())


async def test_compiling_takes_time_and_memory_in_proportion(large: Large) -> None:
    """From documents to a snapshot, everything read anew."""
    print(  # noqa: T201
        f"\n{MODELS} models compile in {large.compile_seconds:.2f} s of CPU,"
        f" {large.bytes_per_model / 1000:.1f} kB each"
    )
    assert large.compile_seconds < COMPILE_SECONDS * slowness() * MODELS / 10_000
    assert large.bytes_per_model < BYTES_PER_MODEL
