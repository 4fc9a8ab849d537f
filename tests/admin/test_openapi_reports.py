"""What the document says of reports, held against real ones."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from pydantic import TypeAdapter

from fakes.answers import error
from fakes.gateway import RunningGateway, chat, model
from fakes.openai_answers import Chat
from fakes.upstream import FakeUpstream
from tollhouse.admin.dead_letters import show_delivery
from tollhouse.admin.openapi_reports import (
    ExplanationShown,
    ImpactShown,
    LetterShown,
    RecordShown,
    RetiringShown,
)
from tollhouse.admin.openapi_shapes import Listed
from tollhouse.core.webhook import Delivery, DeliveryState

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHAT = "/v1/chat/completions"
PRICED = {"input_per_1m_tokens": "2", "output_per_1m_tokens": "8"}
ENDS = {"end_of_life_at": "2099-01-02T00:00:00Z", "deprecation_message": "soon"}
WINDOW = {"start": "2001-01-01T00:00:00Z", "end": "2098-01-01T00:00:00Z", "share": 0}


@pytest_asyncio.fixture(name="used", scope="module", loop_scope="module")
async def _used(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningGateway]:
    """A gateway that has answered, failed over and streamed, for a model that will end."""
    folder: Path = tmp_path_factory.mktemp("reports")
    models = [
        model("a", failover="b", pricing=PRICED, brownouts=[WINDOW], **ENDS),
        model("b", pricing=PRICED, tier="premium", replacement_model_id="a", **ENDS),
    ]
    async with FakeUpstream() as up:
        providers = {"up": up.url}
        async with RunningGateway(folder, providers=providers, models=models) as gw:
            up.script(error(500), error(500), Chat())
            for body in (chat("a"), chat("a"), chat("b"), chat("b", stream=True), chat("none")):
                await gw.client.post(CHAT, json=body)
            await gw.app.shipper.flush(gw.app.clock.monotonic() + 5)
            yield gw


def holds(shape: Any, body: bytes) -> Any:
    """The body, which has just the fields of the shape."""
    return TypeAdapter(shape).validate_json(body)


async def test_records_are_as_described(used: RunningGateway) -> None:
    """Those of the whole gateway, with an attempt that failed among them."""
    answer = await used.admin.get("/admin/v1/records")
    told = holds(Listed[RecordShown], answer.content)
    assert len(told.data) == 4
    assert any(len(record.attempts) > 1 for record in told.data)
    assert all(record.upstream_model for record in told.data)


async def test_records_of_an_org_are_as_described(used: RunningGateway) -> None:
    """Its admin is not told what the provider calls the model."""
    asked = {"user": "ada", "org": "acme", "role": "org_admin"}
    token = (await used.admin.post("/admin/v1/tokens", json=asked)).json()["token"]
    answer = await used.as_caller(token).get("/admin/v1/records")
    told = holds(Listed[RecordShown], answer.content)
    assert len(told.data) == 4
    assert all("upstream_model" not in record for record in answer.json()["data"])


@pytest.mark.parametrize("asked", [{}, {"org": "nobody"}, {"model": "none"}])
async def test_explanations_are_as_described(used: RunningGateway, asked: dict[str, str]) -> None:
    """Of a request that is let in, with its windows and hops, and of refused ones."""
    question = {"model": "a", "org": "acme", **asked}
    if asked.get("org") == "nobody":
        await used.admin.post("/admin/v1/orgs", json={"slug": "nobody", "plan": "free"})
    answer = await used.admin.post("/admin/v1/explain", json=question)
    told = holds(ExplanationShown, answer.content)
    assert told.allowed is ("model" not in asked)
    assert bool(told.brownouts) is ("model" not in asked)
    assert bool(told.skipped) is (asked.get("org") == "nobody")


@pytest.mark.parametrize(
    "patch",
    [
        {"enabled": False},
        {"pricing": {"input_per_1m_tokens": "3", "output_per_1m_tokens": "8"}},
        {"upstream_model": "other", "capabilities": {"tools": False}},
        {"org_slugs": ["others"]},
    ],
    ids=lambda patch: next(iter(patch)),
)
async def test_previews_are_as_described(used: RunningGateway, patch: dict[str, Any]) -> None:
    """Of patches that refuse, re-price and re-route what was asked."""
    answer = await used.admin.post("/admin/v1/models/b/impact", json=patch)
    told = holds(ImpactShown, answer.content)
    effect = told.requests
    assert effect.refused or effect.repriced or effect.rerouted, answer.text
    assert effect.by_key


async def test_retiring_models_are_as_described(used: RunningGateway) -> None:
    """With who still calls them."""
    answer = await used.admin.get("/admin/v1/models/retiring", params={"within": "40000d"})
    told = holds(Listed[RetiringShown], answer.content)
    assert {row.model_id for row in told.data} == {"a", "b"}
    assert any(row.callers for row in told.data)


@pytest.mark.parametrize("state", list(DeliveryState))
async def test_letters_are_as_described(state: DeliveryState) -> None:
    """In every state, with and without a problem."""
    for problem in (None, "status 500"):
        delivery = Delivery("hook", "event", state, 1.5, 3, problem)
        assert (
            holds(LetterShown, TypeAdapter(Any).dump_json(show_delivery(delivery))).state == state
        )
