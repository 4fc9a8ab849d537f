"""The stage that the tests of a module share, and the official client of it in both forms."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from e2e.endpoints import Table, every_endpoint
from e2e.sdk import Sdk, sdk_for
from e2e.stage import Stage, staged
from e2e.vendors import Vendors, every_vendor


@pytest_asyncio.fixture(name="stage", scope="module", loop_scope="module")
async def _stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with staged(tmp_path_factory.mktemp("stage")) as stage:
        yield stage


@pytest_asyncio.fixture(name="sdk", scope="module", loop_scope="module", params=["async", "sync"])
async def _sdk(request: pytest.FixtureRequest, stage: Stage) -> AsyncIterator[Sdk]:
    async with sdk_for(stage, blocking=request.param == "sync") as sdk:
        yield sdk


@pytest_asyncio.fixture(name="table", scope="module", loop_scope="module")
async def _table(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Table]:
    async with every_endpoint(tmp_path_factory.mktemp("table")) as table:
        yield table


@pytest_asyncio.fixture(name="vendors", scope="module", loop_scope="module")
async def _vendors(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Vendors]:
    async with every_vendor(tmp_path_factory.mktemp("vendors")) as vendors:
        yield vendors
