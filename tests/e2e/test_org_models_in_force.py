"""What is written in the organisation dialect holds for the next request, field by field.

Each test writes by HTTP in that dialect and calls the model with the official SDK.
"""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import openai
import pytest
import pytest_asyncio

from e2e.org_models import PATH, OrgAdmin, org_admin
from e2e.sdk import Sdk, sdk_for
from e2e.stage import Stage, exact, per_million
from fakes.gateway import PRICING
from fakes.openai_answers import Chat

pytestmark = pytest.mark.asyncio(loop_scope="module")
HELLO = [{"role": "user", "content": "Hello"}]


@pytest_asyncio.fixture(name="org", scope="module", loop_scope="module")
async def _org(stage: Stage) -> OrgAdmin:
    return await org_admin(stage)


@pytest_asyncio.fixture(name="sdk", scope="module", loop_scope="module")
async def _sdk(stage: Stage) -> AsyncIterator[Sdk]:
    async with sdk_for(stage, blocking=False) as sdk:
        yield sdk


async def ask(sdk: Sdk, model_id: str, **fields: Any) -> Any:
    """The answer to a chat."""
    given = {"messages": HELLO, **fields}
    return await sdk(lambda c: c.chat.completions.create(model=model_id, **given))


async def refused(sdk: Sdk, model_id: str, **fields: Any) -> tuple[int, str | None]:
    """The status and code that a chat is refused with."""
    given = {"messages": HELLO, **fields}
    error = await sdk.raised(lambda c: c.chat.completions.create(model=model_id, **given))
    assert isinstance(error, openai.APIStatusError), error
    return error.status_code, error.code


async def listed(sdk: Sdk) -> set[str]:
    """The models that the application is told of."""
    return {one.id for one in await sdk.pages(lambda c: c.models.list())}


async def test_parent_says_what_is_called_and_what_it_costs(org: OrgAdmin, sdk: Sdk) -> None:
    """``parentModelId``: provider, upstream model, credential and price are the parent's."""
    parent = await org.parent(credit_multiplier=3)
    mine = await org.model(parent)
    answer = await ask(sdk, mine["modelId"])
    assert answer.model == mine["modelId"]
    assert answer.choices[0].message.content == Chat().text
    (call,) = org.stage.calls(parent)
    assert call.json["model"] == f"{parent}-upstream"
    assert "messages" in call.json
    assert call.json["messages"] == HELLO
    price_in, price_out = PRICING["input_per_1m_tokens"], PRICING["output_per_1m_tokens"]
    assert exact(answer.usage.cost) == per_million((12, price_in), (5, price_out))
    assert exact(answer.usage.credits) == Decimal("0.051")


async def test_another_parent_is_called_from_the_next_request_on(org: OrgAdmin, sdk: Sdk) -> None:
    """``Changes which system model this model inherits pricing and capabilities from``."""
    first = await org.parent()
    second = await org.parent(
        pricing={"input_per_1m_tokens": "100", "output_per_1m_tokens": "1"},
        capabilities={"vision": False},
    )
    mine = await org.model(first)
    assert exact((await ask(sdk, mine["modelId"])).usage.cost) == per_million((12, "3"), (5, "15"))
    await org.patch(mine, parentModelId=second)
    assert exact((await ask(sdk, mine["modelId"])).usage.cost) == per_million((12, "100"), (5, "1"))
    assert (len(org.stage.calls(first)), len(org.stage.calls(second))) == (1, 1)
    image = {"type": "image_url", "image_url": {"url": "https://example.com/x.png"}}
    picture = [{"role": "user", "content": [image]}]
    assert await refused(sdk, mine["modelId"], messages=picture) == (
        400,
        "capability_not_supported",
    )


LIVE: list[tuple[str, dict[str, Any], dict[str, Any], tuple[int, str]]] = [
    ("its switch", {"enabled": False}, {}, (403, "model_disabled")),
    ("its end", {"end_of_life_at": "2020-01-01T00:00:00Z"}, {}, (410, "model_retired")),
    ("its tier", {"tier": "premium"}, {}, (403, "tier_insufficient")),
    ("its orgs", {"org_slugs": ["globex"]}, {}, (403, "model_not_allowed")),
    (
        "its streams",
        {"capabilities": {"streaming": False}},
        {"stream": True},
        (400, "capability_not_supported"),
    ),
    (
        "its output",
        {"limits": {"max_tokens": 10}},
        {"max_tokens": 11},
        (400, "max_tokens_exceeded"),
    ),
    (
        "its window",
        {"limits": {"context_window": 5}},
        {"messages": [{"role": "user", "content": "word " * 6}]},
        (400, "context_length_exceeded"),
    ),
]


@pytest.mark.parametrize(("what", "change", "asked", "expected"), LIVE, ids=[r[0] for r in LIVE])
async def test_change_of_the_parent_is_in_force_for_the_childs_next_request(
    org: OrgAdmin,
    sdk: Sdk,
    what: str,
    change: dict[str, Any],
    asked: dict[str, Any],
    expected: tuple[int, str],
) -> None:
    """Whatever is inherited is looked up, not copied."""
    parent = await org.parent()
    mine = await org.model(parent)
    if not asked.get("stream"):
        await ask(sdk, mine["modelId"], **asked)
    if "org_slugs" in change:
        await org.stage.gw.admin.post("/admin/v1/orgs", json={"slug": "globex", "plan": "pro"})
    if "tier" in change:
        await org.stage.gw.admin.patch("/admin/v1/orgs/acme", json={"plan": "free"})
    try:
        await org.stage.gw.patch(parent, **change)
        assert await refused(sdk, mine["modelId"], **asked) == expected
    finally:
        await org.stage.gw.admin.patch("/admin/v1/orgs/acme", json={"plan": "pro"})


async def test_new_price_of_the_parent_is_the_childs(org: OrgAdmin, sdk: Sdk) -> None:
    """From the next request on."""
    parent = await org.parent()
    mine = await org.model(parent)
    await org.stage.gw.patch(parent, pricing={"input_per_1m_tokens": "50"})
    cost = exact((await ask(sdk, mine["modelId"])).usage.cost)
    assert cost == per_million((12, "50"), (5, "15"))


async def test_output_is_bounded_by_what_the_org_says(org: OrgAdmin, sdk: Sdk) -> None:
    """``maxTokensPerRequest``: own, then the parent's again."""
    mine = await org.model(maxTokensPerRequest=100)
    await ask(sdk, mine["modelId"], max_tokens=100)
    assert await refused(sdk, mine["modelId"], max_tokens=101) == (400, "max_tokens_exceeded")
    await org.patch(mine, maxTokensPerRequest=None)
    await ask(sdk, mine["modelId"], max_tokens=500)
    assert await refused(sdk, mine["modelId"], max_tokens=501) == (400, "max_tokens_exceeded")


async def test_input_is_bounded_by_what_the_org_says(org: OrgAdmin, sdk: Sdk) -> None:
    """``contextWindow``: own, then the parent's again; a system prompt takes its part of it."""
    mine = await org.model(contextWindow=10)
    long = [{"role": "user", "content": "word " * 11}]
    assert await refused(sdk, mine["modelId"], messages=long) == (400, "context_length_exceeded")
    short = [{"role": "user", "content": "word " * 8}]
    await ask(sdk, mine["modelId"], messages=short)
    await org.patch(mine, systemPrompt="Three words more.")
    assert await refused(sdk, mine["modelId"], messages=short) == (400, "context_length_exceeded")
    await org.patch(mine, contextWindow=None)
    await ask(sdk, mine["modelId"], messages=long)


async def test_streams_are_switched_off_and_on_again(org: OrgAdmin, sdk: Sdk) -> None:
    """``supportsStreaming``: a stream of a model without is a 400 that names ``stream``."""
    mine = await org.model(supportsStreaming=False)
    name = mine["modelId"]

    def streamed(client: Any) -> Any:
        return client.chat.completions.create(model=name, messages=HELLO, stream=True)

    error = await sdk.raised(streamed, streamed=True)
    assert (error.status_code, error.code, error.param) == (
        400,
        "capability_not_supported",
        "stream",
    )
    await ask(sdk, name)
    await org.patch(mine, supportsStreaming=True)
    assert len(await sdk.events(streamed)) > 1
    await org.patch(mine, supportsStreaming=False)
    assert (await sdk.raised(streamed, streamed=True)).code == "capability_not_supported"
    await org.patch(mine, supportsStreaming=None)
    assert len(await sdk.events(streamed)) > 1


async def test_switch_takes_a_model_out_of_service(org: OrgAdmin, sdk: Sdk) -> None:
    """``enabled``: off, refused and not listed, without being deleted; null is on."""
    mine = await org.model()
    assert mine["modelId"] in await listed(sdk)
    await org.patch(mine, enabled=False)
    assert await refused(sdk, mine["modelId"]) == (403, "model_disabled")
    assert mine["modelId"] not in await listed(sdk)
    await org.patch(mine, enabled=None)
    await ask(sdk, mine["modelId"])
    off = await org.model(enabled=False)
    assert await refused(sdk, off["modelId"]) == (403, "model_disabled")


async def test_prompts_are_put_in_front_of_the_conversation(org: OrgAdmin, sdk: Sdk) -> None:
    """``systemPromptId`` is the composition; ``systemPrompt`` bypasses it; null takes it back."""
    particles = [
        {"kind": "role", "text": "You are a clerk."},
        {"kind": "tone", "text": "Be brief."},
    ]
    made = await org.stage.gw.admin.post(
        "/admin/v1/prompts", json={"name": "Clerk", "particles": particles}
    )
    prompt_id = made.json()["prompt_id"]
    parent = await org.parent()
    mine = await org.model(parent, systemPromptId=prompt_id)

    async def first_message() -> str:
        await ask(sdk, mine["modelId"])
        message: dict[str, str] = org.stage.calls(parent)[-1].json["messages"][0]
        return message["content"]

    assert await first_message() == "You are a clerk.\n\nBe brief."
    await org.patch(mine, systemPrompt="You are a helpful assistant.")
    assert await first_message() == "You are a helpful assistant."
    await org.patch(mine, systemPrompt=None)
    assert await first_message() == "You are a clerk.\n\nBe brief."
    await org.patch(mine, systemPromptId=None)
    assert await first_message() == "Hello"


async def test_name_and_metadata_change_nothing_that_is_sent(org: OrgAdmin, sdk: Sdk) -> None:
    """``displayName``, ``metadata``: a rename leaves the id alone, and nothing goes upstream."""
    parent = await org.parent()
    mine = await org.model(parent, metadata={"model": "other", "stream": True})
    await org.patch(mine, displayName="Renamed", metadata={"temperature": 2})
    await ask(sdk, mine["modelId"])
    assert org.stage.calls(parent)[-1].json == {"model": f"{parent}-upstream", "messages": HELLO}


async def test_model_is_its_orgs_alone(org: OrgAdmin, sdk: Sdk) -> None:
    """Another org's application neither sees it nor calls it, and its admin cannot either."""
    mine = await org.model()
    await org.stage.gw.admin.post("/admin/v1/orgs", json={"slug": "globex", "plan": "pro"})
    stranger = Sdk(org.stage.gw.url, await org.stage.gw.new_key("globex"), blocking=False)
    try:
        assert await refused(stranger, mine["modelId"]) == (404, "model_not_found")
        assert mine["modelId"] not in await listed(stranger)
    finally:
        await stranger.close()
    theirs = await org_admin(org.stage, org="globex")
    assert (await theirs.http.get(f"{PATH}/{mine['id']}")).status_code == 404
    await ask(sdk, mine["modelId"])


async def test_deleted_model_is_gone_for_the_next_request(org: OrgAdmin, sdk: Sdk) -> None:
    """``DELETE``: 204, then 404 on both planes."""
    mine = await org.model()
    await ask(sdk, mine["modelId"])
    assert (await org.http.delete(f"{PATH}/{mine['id']}")).status_code == 204
    assert await refused(sdk, mine["modelId"]) == (404, "model_not_found")
