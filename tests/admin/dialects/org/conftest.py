"""The desk of an org's admin."""

import pytest

from admin.dialects.org.org_desk import Desk, furnished
from admin.house import House


@pytest.fixture(name="desk")
async def _desk(house: House) -> Desk:
    return await furnished(house)
