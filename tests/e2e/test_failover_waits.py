"""How long a request waits before it asks again: its own backoff, and what a 429 says."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from typing import Any

import pytest
import pytest_asyncio

from e2e.failing import EagerIds, failing, fails
from e2e.stage import Stage, error_of
from fakes.answers import rate_limited
from fakes.http_server import Call, Step
from fakes.openai_answers import Chat
from fakes.slowness import in_time
from tollhouse.routing.decide import BACKOFF_BASE

pytestmark = pytest.mark.asyncio(loop_scope="module")

CAP = 3
"""The longest ``Retry-After`` that is waited for, in seconds."""


@pytest_asyncio.fixture(name="stage", scope="module", loop_scope="module")
async def _stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    limits = {"retry_after_cap": CAP}
    async with failing(tmp_path_factory.mktemp("waits"), failover=limits) as stage:
        yield stage


@contextmanager
def jitter(stage: Stage, part: float) -> Iterator[None]:
    """Waits with this part of their longest."""
    ids = stage.gw.app.ids
    assert isinstance(ids, EagerIds)
    ids.part = part
    try:
        yield
    finally:
        ids.part = 0.0


def gaps(stage: Stage, model_id: str) -> list[float]:
    """Seconds between the calls of a model."""
    at = [call.at for call in stage.calls(model_id)]
    return [later - earlier for earlier, later in pairwise(at)]


async def test_C13_waits_between_tries_are_jittered_and_grow(stage: Stage) -> None:
    """A known part of a wait that doubles; waiting is no overhead of ours."""
    model_id = await stage.model(fails(500), provider_config={"retries": 2})
    with jitter(stage, 0.3):
        answer = await stage.chat(model_id)
    first, second = gaps(stage, model_id)
    assert 0.3 * BACKOFF_BASE <= first < 0.3 * BACKOFF_BASE + 0.2
    assert 0.6 * BACKOFF_BASE <= second < 0.6 * BACKOFF_BASE + 0.2
    in_time(float(answer.headers["x-tollhouse-overhead-ms"]) / 1e3, 0.15)


def limited_by_date(call: Call) -> Iterator[Step]:
    """A 429 with an HTTP date two seconds ahead, which has no fractions of a second."""
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    return rate_limited(date)(call)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [({"ms": "250"}, 0.25, 1.0), ({"retry_after": "0"}, 0.0, 0.6)],
    ids=["milliseconds", "at_once"],
)
async def test_C06_a_limited_provider_is_waited_for(
    stage: Stage, headers: dict[str, Any], least: float, most: float, *, stream: bool
) -> None:
    """With no hop left and a time below the cap, the same target is asked again after it."""
    limited = rate_limited(**({"retry_after": None} | headers))
    model_id = await stage.model(limited, Chat("at last"))
    answer = await stage.chat(model_id, stream=stream)
    assert answer.status_code == 200
    (waited,) = gaps(stage, model_id)
    in_time(waited, most, least=least)


async def test_C06_seconds_and_dates_are_understood(stage: Stage) -> None:
    """The two spellings of ``Retry-After``, both at once."""
    seconds = await stage.model(rate_limited("1"), Chat())
    date = await stage.model(limited_by_date, Chat())
    answers = await asyncio.gather(stage.chat(seconds), stage.chat(date))
    assert [answer.status_code for answer in answers] == [200, 200]
    ((by_number,), (by_date,)) = gaps(stage, seconds), gaps(stage, date)
    in_time(by_number, 1.8, least=1.0)
    in_time(by_date, 2.6, least=0.9)


async def test_C06_a_longer_wait_is_the_clients_to_make(stage: Stage) -> None:
    """Above the cap the 429 is passed on at once, with its time."""
    model_id = await stage.model(rate_limited("7"))
    answer = await stage.chat(model_id)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert error_of(answer)["code"] == "upstream_rate_limited"
    assert "x-should-retry" not in answer.headers
    assert len(stage.calls(model_id)) == 1


async def test_C06_a_second_429_is_passed_on_with_its_own_time(stage: Stage) -> None:
    """A provider that does not keep its word is not waited for again."""
    model_id = await stage.model(rate_limited(None, ms="50"), rate_limited("2"))
    answer = await stage.chat(model_id)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")
    assert len(stage.calls(model_id)) == 2


async def test_C11_a_429_is_told_only_when_the_last_target_was_limited(stage: Stage) -> None:
    """Limited, then broken, is 502: waiting for the first would not mend the second."""
    broken = await stage.model(fails(401))
    limited = await stage.model(rate_limited("7"), failover=broken)
    answer = await stage.chat(limited)
    assert answer.status_code == 502
    assert error_of(answer)["code"] == "upstream_auth_error"
    both = await stage.model(rate_limited("5"))
    first = await stage.model(rate_limited("9"), failover=both)
    answer = await stage.chat(first)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "5")
    last = await stage.model(rate_limited("8"))
    first = await stage.model(fails(500), failover=last)
    answer = await stage.chat(first)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "8")


async def test_C06_a_wait_that_would_outlast_the_request_is_not_begun(stage: Stage) -> None:
    """With a second left a wait of two is not made."""
    model_id = await stage.model(rate_limited("2"), provider_config={"timeouts": {"total": 1}})
    began = asyncio.get_running_loop().time()
    answer = await stage.chat(model_id)
    assert answer.status_code == 429
    in_time(asyncio.get_running_loop().time() - began, 0.8)
