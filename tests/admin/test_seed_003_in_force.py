"""Seed 003 at request time: what an update of a field does to the very next request.

``CASES`` has a row for every field of the document that can change routing, access, prompt, limits
or price, and the last test holds that no such field is without one.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import pytest_asyncio

from admin.native import UPDATABLE, Native, native_gateway
from admin.native_probes import (
    Probe,
    asking,
    by_alias,
    embedding,
    header_got,
    header_sent,
    listed,
    path_called,
    recommended,
    sent,
    sent_embedding,
    to_the_poor,
    two_at_once,
    usage,
    verdict,
)
from fakes.answers import error, json_answer
from fakes.gateway import PRICING
from fakes.http_server import Behaviour
from fakes.openai_answers import Chat
from tollhouse.catalogue.documents.model import ModelDocument
from tollhouse.catalogue.writing import READ_ONLY

pytestmark = pytest.mark.asyncio(loop_scope="module")
PAST, FUTURE = "2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"
TOOL = {"type": "function", "function": {"name": "f", "parameters": {}}}
PICTURE = {"type": "image_url", "image_url": {"url": "https://images.example/1.png"}}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "s", "schema": {"type": "object"}}}


@pytest_asyncio.fixture(name="native", scope="module", loop_scope="module")
async def _native(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Native]:
    async with native_gateway(tmp_path_factory.mktemp("native")) as native:
        for model_id in ("spare", "parent"):
            body = {"model_id": model_id, "type": "completion", "provider": "up"}
            assert (await native.admin.post("/v1/models", json=body)).status_code == 201
        org = {"slug": "poor", "plan": "free"}
        assert (await native.admin.post("/admin/v1/orgs", json=org)).status_code == 201
        yield native


# --- The table ---


@dataclass(frozen=True)
class Case:
    """A patch of one field, and what a probe sees before and after."""

    name: str
    patch: Any
    probe: Probe
    before: Any
    after: Any
    start: Mapping[str, Any] = field(default_factory=dict)
    """Other fields that the model begins with."""
    plays: tuple[Behaviour, ...] = ()
    """What its provider does."""


EMBEDDINGS = {"type": "embeddings", "pricing": None}
MESSAGE = {"role": "assistant", "content": "Hello"}
CHOICE = {"index": 0, "message": MESSAGE, "finish_reason": "stop"}
SLOW = replace(json_answer({"object": "chat.completion", "choices": [CHOICE]}), before=0.3)
CASES = [
    Case("type", "embeddings", asking(), 200, "endpoint_not_supported", {"pricing": None}),
    Case("type", "image_generation", asking(), 200, "endpoint_not_supported", {"pricing": None}),
    Case("type", "completion", asking(), "endpoint_not_supported", 200, EMBEDDINGS),
    Case("display", {"hidden": True}, listed, True, False),
    Case("display", {"hidden": True}, asking(), 200, 200),
    Case(
        "capabilities",
        {"streaming": False},
        asking(stream=True),
        200,
        "capability_not_supported",
    ),
    Case("capabilities", {"tools": False}, asking(tools=[TOOL]), 200, "capability_not_supported"),
    Case(
        "capabilities",
        {"vision": False},
        asking(messages=[{"role": "user", "content": [PICTURE]}]),
        200,
        "capability_not_supported",
    ),
    Case(
        "capabilities",
        {"json_schema": False},
        asking(response_format=SCHEMA),
        200,
        "capability_not_supported",
    ),
    Case("limits", {"max_tokens": 99}, asking(max_tokens=100), 200, "max_tokens_exceeded"),
    Case("limits", {"max_tokens": 100}, asking(max_tokens=100), 200, 200),
    Case(
        "limits",
        {"context_window": 50},
        asking(messages=[{"role": "user", "content": "word " * 51}]),
        200,
        "context_length_exceeded",
    ),
    Case("failover", "spare", header_got("x-tollhouse-model"), None, "spare", plays=(error(500),)),
    Case("failover", ["spare"], asking(), "upstream_error", 200, plays=(error(500),)),
    Case("dimensions", 256, embedding(dimensions=512), 200, "invalid_dimensions", EMBEDDINGS),
    Case(
        "dimensions",
        256,
        sent_embedding("dimensions"),
        None,
        256,
        {**EMBEDDINGS, "supported_dimensions": [256, 512]},
    ),
    Case(
        "dimensions",
        256,
        sent_embedding("dimensions", dimensions=512),
        512,
        512,
        {**EMBEDDINGS, "supported_dimensions": [256, 512]},
    ),
    Case(
        "supported_dimensions",
        [256],
        embedding(dimensions=512),
        200,
        "invalid_dimensions",
        EMBEDDINGS,
    ),
    Case("provider_config", {"params": {"temperature": 0.2}}, sent("temperature"), None, 0.2),
    Case(
        "provider_config",
        {"params": {"temperature": 0.2}},
        sent("temperature", temperature=1),
        1,
        1,
    ),
    Case("provider_config", {"headers": {"x-team": "a"}}, header_sent("x-team"), None, "a"),
    Case(
        "provider_config",
        {"retries": 1},
        asking(),
        "upstream_error",
        200,
        plays=(error(500), error(500), Chat()),
    ),
    Case(
        "provider_config",
        {"timeouts": {"first_byte": 0.05}},
        asking(),
        200,
        "upstream_timeout",
        plays=(SLOW,),
    ),
    Case(
        "provider_config",
        {"max_parallel": 1},
        two_at_once,
        [200, 200],
        [200, 503],
        plays=(SLOW,),
    ),
    Case(
        "provider_config",
        {"stream_usage": False},
        sent("stream_options", stream=True),
        {"include_usage": True},
        None,
    ),
    Case(
        "provider_config",
        {"on_end_of_life": "redirect"},
        header_got("x-tollhouse-model"),
        None,
        "spare",
        {"end_of_life_at": PAST, "replacement_model_id": "spare"},
    ),
    Case("enabled", False, asking(), 200, "model_disabled"),
    Case("enabled", False, listed, True, False),
    Case("pricing", {"per_request": "2"}, usage("cost"), None, 2, {"pricing": None}),
    Case("pricing", {"output_per_1m_tokens": "0"}, usage("cost"), 0.000111, 0.000036),
    Case("pricing", None, usage("cost"), 0.000111, None),
    Case("org_slugs", ["poor"], asking(), 200, "model_not_allowed"),
    Case("org_slugs", ["poor"], listed, True, False),
    Case("org_slugs", ["acme"], to_the_poor, 200, "model_not_allowed"),
    Case("org_slugs", [], asking(), "model_not_allowed", 200, {"org_slugs": ["poor"]}),
    # What the contract adds to the page.
    Case("aliases", ["also-aliases"], by_alias, "model_not_found", 200),
    Case("owner", {"kind": "org", "slug": "poor"}, asking(), 200, "model_not_found"),
    Case("upstream_model", "another", sent("model"), "one", "another", {"upstream_model": "one"}),
    Case("tier", "premium", to_the_poor, 200, "tier_insufficient"),
    Case("credit_multiplier", 1000, usage("credits"), None, 17),
    Case("end_of_life_at", PAST, asking(), 200, "model_retired"),
    Case("end_of_life_at", PAST, listed, True, False),
    Case("end_of_life_at", FUTURE, header_got("sunset"), None, "Tue, 01 Jan 2999 00:00:00 GMT"),
    Case(
        "replacement_model_id",
        "spare",
        header_got("link"),
        None,
        '</v1/models/spare>; rel="successor-version"',
        {"end_of_life_at": FUTURE},
    ),
    Case(
        "brownouts",
        [{"start": PAST, "end": "2998-01-01T00:00:00Z", "share": 1.0}],
        asking(),
        200,
        "model_retired",
        {"end_of_life_at": FUTURE},
    ),
    Case("is_recommended", True, recommended, None, True),
    Case(
        "system_prompt",
        "Be brief.",
        sent("messages"),
        [{"role": "user", "content": "Hello"}],
        [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}],
    ),
]
SILENT = {
    "region": "eu-west-3",
    "metrics": {"latency_ms": 1},
    "tags": ["fast"],
    "metadata": {"a": 1},
}
"""Fields that say something and do nothing."""
ELSEWHERE = {
    "provider": "test_seed_003_provider_and_connection_say_who_is_called",
    "connection": "test_seed_003_provider_and_connection_say_who_is_called",
    "parent_model_id": "test_seed_003_parent_says_what_its_child_is",
    "system_prompt_id": "test_seed_003_composition_is_put_in_front",
    "deprecation_message": "test_seed_003_message_of_a_retired_model",
}
"""Fields whose update takes more than one value, by the test that has it."""


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=f"{case.name}-{n}") for n, case in enumerate(CASES)]
)
async def test_seed_003_update_is_in_force_for_the_next_request(native: Native, case: Case) -> None:
    """Before the update the one, and with the request that follows its answer the other."""
    model_id = await native.stage.model(*case.plays, name=case.name, **case.start)
    assert await case.probe(native, model_id) == case.before
    await native.patch(model_id, **{case.name: case.patch})
    assert await case.probe(native, model_id) == case.after


@pytest.mark.parametrize("name", SILENT)
async def test_seed_003_words_for_people_change_no_request(native: Native, name: str) -> None:
    """The provider gets the same bytes, and the client the same answer."""
    model_id = await native.stage.model(name=name)
    await native.stage.chat(model_id)
    before = native.stage.up.calls[-1]
    await native.patch(model_id, **{name: SILENT[name]})
    assert (await native.stage.chat(model_id)).status_code == 200
    assert native.stage.up.calls[-1].body == before.body


async def test_seed_003_provider_and_connection_say_who_is_called(native: Native) -> None:
    """A connection in the provider's place: its address, its key, an Azure deployment; and back."""
    up = native.stage.up
    model_id = await native.stage.model(name="moving")
    connection = {"protocol": "azure", "base_url": up.origin, "api_key": "key-of-the-connection"}
    config = {"deployment": "gpt", "api_version": "2024-06-01"}
    await native.patch(model_id, provider=None, connection=connection, provider_config=config)
    path = await path_called(native, model_id)
    assert path == "/openai/deployments/gpt/chat/completions?api-version=2024-06-01"
    assert up.calls[-1].header("api-key") == "key-of-the-connection"
    await native.patch(model_id, provider="up", connection=None, provider_config=None)
    assert await path_called(native, model_id) == "/v1/chat/completions"


async def test_seed_003_parent_says_what_its_child_is(native: Native) -> None:
    """An update of a parent is in force for the next request of its child."""
    parent = await native.stage.model(name="parent")
    body = {
        "model_id": "child",
        "parent_model_id": parent,
        "owner": {"kind": "org", "slug": "acme"},
    }
    assert (await native.admin.post("/v1/models", json=body)).status_code == 201
    assert (await usage("cost")(native, "child")) == 0.000111
    await native.patch(parent, pricing={**PRICING, "output_per_1m_tokens": "0"})
    assert (await usage("cost")(native, "child")) == 0.000036
    await native.patch(parent, enabled=False)
    assert verdict(await native.stage.chat("child")) == "model_disabled"
    await native.patch("child", parent_model_id="parent")
    assert (await usage("cost")(native, "child")) is None


async def test_seed_003_composition_is_put_in_front(native: Native) -> None:
    """The composition that a model names is its prompt from the next request on."""
    body = {"name": "Brief", "particles": [{"kind": "tone", "text": "Be brief."}]}
    made = await native.admin.post("/admin/v1/prompts", json=body)
    assert made.status_code == 201, made.text
    model_id = await native.stage.model(name="composed")
    await native.patch(model_id, system_prompt_id=made.json()["prompt_id"])
    first = (await sent("messages")(native, model_id))[0]
    assert first == {"role": "system", "content": "Be brief."}


async def test_seed_003_message_of_a_retired_model(native: Native) -> None:
    """What the admin says of a model's end is what its callers are told."""
    model_id = await native.stage.model(name="retired", end_of_life_at=PAST)
    await native.patch(model_id, deprecation_message="Ask for the other one.")
    assert "Ask for the other one." in (await native.stage.chat(model_id)).text


async def test_seed_003_every_field_has_its_test() -> None:
    """No field of the document is without a row, here or among those that do nothing."""
    tested = {case.name for case in CASES} | SILENT.keys() | ELSEWHERE.keys()
    settable = ModelDocument.model_fields.keys() - {*READ_ONLY, "model_id"}
    assert settable <= tested
    assert {one.name for one in UPDATABLE} <= tested
    assert all(name in globals() for name in ELSEWHERE.values())
