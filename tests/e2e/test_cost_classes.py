"""What an answer says it cost: every token priced once, by its class, to the last digit."""

import pytest

from e2e.stage import Stage, chunks, exact, per_million, spent, streamed_usage, usage_of
from fakes.answers import error
from fakes.gateway import PRICING
from fakes.openai_answers import NO_USAGE, Chat, Embeddings, Images

pytestmark = pytest.mark.asyncio(loop_scope="module")

CACHES = {
    **PRICING,
    "cached_input_per_1m_tokens": "0.3",
    "cache_write_per_1m_tokens": "3.75",
}


async def both_ways(stage: Stage, told: object, pricing: object) -> dict[str, object]:
    """The usage of a whole answer, after the streamed one was seen to be the same."""
    model_id = await stage.model(Chat(usage=told), pricing=pricing)
    whole = usage_of(await stage.chat(model_id))
    assert streamed_usage(await stage.stream(model_id)) == whole
    asked = await stage.stream(model_id, stream_options={"include_usage": True})
    assert streamed_usage(asked) == whole
    return whole


async def test_A01_cache_writes_told_beside_the_input_are_priced_once(stage: Stage) -> None:
    """Anthropic's fields, with caches on top of the input, cost what the invoice says."""
    told = {
        "input_tokens": 3,
        "cache_creation_input_tokens": 12304,
        "cache_read_input_tokens": 0,
        "output_tokens": 550,
    }
    usage = await both_ways(stage, told, CACHES)
    assert exact(usage["cost"]) == per_million((3, "3"), (12304, "3.75"), (550, "15"))
    assert str(usage["cost"]) == "0.054399"  # 9 + 46 140 + 8 250 millionths


async def test_A01_cached_tokens_told_inside_the_input_are_priced_once(stage: Stage) -> None:
    """In OpenAI's form the cached tokens are part of the prompt, not on top of it."""
    told = {
        "prompt_tokens": 12307,
        "completion_tokens": 550,
        "total_tokens": 12857,
        "prompt_tokens_details": {"cached_tokens": 12304},
    }
    usage = await both_ways(stage, told, CACHES)
    assert exact(usage["cost"]) == per_million((3, "3"), (12304, "0.3"), (550, "15"))
    assert str(usage["cost"]) == "0.0119502"  # 9 + 3 691.2 + 8 250 millionths


async def test_A02_streams_cost_what_whole_answers_cost(stage: Stage) -> None:
    """The same usage has the same cost either way, in the answer, the ledger and the metrics."""
    model_id = await stage.model(Chat())
    counted = []
    for fields in ({}, {"stream": True}, {"stream": True, "n": 1}):
        before = await stage.metric("tollhouse_cost_usd_total", model=model_id)
        answer = await stage.chat(model_id, **fields)
        record = await stage.record(answer)
        assert spent(record) == per_million((12, "3"), (5, "15"))  # 36 + 75 millionths
        counted.append(await stage.metric("tollhouse_cost_usd_total", model=model_id) - before)
    assert [round(grown, 10) for grown in counted] == [per_million((111, "1"))] * 3


async def test_A05_reasoning_inside_the_output_is_not_billed_again(stage: Stage) -> None:
    """Reasoning that the total shows to be inside the completion costs nothing more."""
    told = {
        "prompt_tokens": 64,
        "completion_tokens": 135,
        "total_tokens": 199,
        "completion_tokens_details": {"reasoning_tokens": 78},
    }
    usage = await both_ways(stage, told, PRICING)
    assert exact(usage["cost"]) == per_million((64, "3"), (135, "15"))


async def test_A05_reasoning_beside_the_output_is_billed(stage: Stage) -> None:
    """Reasoning that the total shows to be on top of the completion is billed with it."""
    told = {
        "prompt_tokens": 10,
        "completion_tokens": 1,
        "total_tokens": 386,
        "completion_tokens_details": {"reasoning_tokens": 375},
    }
    usage = await both_ways(stage, told, PRICING)
    assert exact(usage["cost"]) == per_million((10, "3"), (376, "15"))


@pytest.mark.parametrize(
    "told",
    [
        {"prompt_tokens": -1_000_000, "completion_tokens": 5, "total_tokens": 5},
        {"prompt_tokens": 12, "completion_tokens": -1_000_000, "total_tokens": 12},
        {"prompt_tokens": "12", "completion_tokens": 5, "total_tokens": 17},
        {
            "prompt_tokens": 100,
            "completion_tokens": 5,
            "prompt_tokens_details": {"cached_tokens": 500},
        },
        {
            "prompt_tokens": 1,
            "completion_tokens": 5,
            "completion_tokens_details": {"reasoning_tokens": 9},
        },
        {"prompt_tokens": 1e308, "completion_tokens": 5},
        {"prompt_tokens": 18446744073686646784, "completion_tokens": 5},
        {"prompt_tokens": 1.5, "completion_tokens": 5},
        {"prompt_tokens": True, "completion_tokens": 5},
        {"prompt_tokens": None, "completion_tokens": None},
        [1, 2],
        "12",
        7,
        True,
    ],
    ids=str,
)
async def test_A07_usage_that_cannot_be_believed_has_no_cost(stage: Stage, told: object) -> None:
    """Negative, huge, mistyped or impossible counts cost null, are counted, and break nothing."""
    model_id = await stage.model(Chat(usage=told))
    for fields in ({}, {"stream": True}):
        answer = await stage.chat(model_id, **fields)
        assert answer.status_code == 200
        told_back = chunks(answer)[-1] if fields else answer.json()
        assert told_back["usage"]["cost"] is None
        assert spent(await stage.record(answer)) is None
    assert await stage.metric("tollhouse_cost_usd_total", model=model_id) == 0
    unpriced = await stage.metric(
        "tollhouse_unpriced_requests_total", model=model_id, reason="unusable_usage"
    )
    assert unpriced == 2


async def test_A07_more_choices_than_anybody_needs_are_refused(stage: Stage) -> None:
    """An n that would overflow a price is refused before the provider is asked."""
    model_id = await stage.model()
    for n in (18446744073686646784, 129, 0, -1, "2", 1.5):
        answer = await stage.chat(model_id, n=n)
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, "n")
    assert stage.calls(model_id) == []


async def test_A10_zero_is_a_number(stage: Stage) -> None:
    """A usage of all zeros costs 0 and is exact, not taken for missing and estimated."""
    told = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    usage = await both_ways(stage, told, PRICING)
    assert str(usage["cost"]) == "0"


async def test_A10_a_price_of_zero_is_a_price(stage: Stage) -> None:
    """Input that is free is free, and the output still costs."""
    usage = await both_ways(
        stage,
        {"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17},
        {"input_per_1m_tokens": "0", "output_per_1m_tokens": "2"},
    )
    assert exact(usage["cost"]) == per_million((12, "0"), (5, "2"))


async def test_A12_reasoning_has_its_own_price(stage: Stage) -> None:
    """Where reasoning has a price it is taken out of the output first."""
    told = {
        "prompt_tokens": 10,
        "completion_tokens": 100,
        "total_tokens": 110,
        "completion_tokens_details": {"reasoning_tokens": 60},
    }
    pricing = {
        "input_per_1m_tokens": "0",
        "output_per_1m_tokens": "8",
        "reasoning_per_1m_tokens": "3",
    }
    usage = await both_ways(stage, told, pricing)
    assert exact(usage["cost"]) == per_million((40, "8"), (60, "3"))


@pytest.mark.parametrize(
    ("tokens", "output", "rates"),
    [
        (200_000, 10, ("3", "0.3", "15")),
        (200_001, 10, ("6", "0.6", "22.5")),
        (10, 250_000, ("3", "0.3", "15")),
    ],
)
async def test_A13_the_tier_switches_above_its_bound_for_the_whole_request(
    stage: Stage, tokens: int, output: int, rates: tuple[str, str, str]
) -> None:
    """The input alone chooses the tier, strictly above the bound, and then all of it has it."""
    told = {
        "prompt_tokens": tokens,
        "completion_tokens": output,
        "total_tokens": tokens + output,
        "prompt_tokens_details": {"cached_tokens": 4},
    }
    tier = {
        "above_input_tokens": 200_000,
        "input_per_1m_tokens": "6",
        "cached_input_per_1m_tokens": "0.6",
        "output_per_1m_tokens": "22.5",
    }
    usage = await both_ways(stage, told, {**CACHES, "tiers": [tier]})
    fresh, cached, written = rates
    cost = per_million((tokens - 4, fresh), (4, cached), (output, written))
    assert exact(usage["cost"]) == cost


async def test_A14_a_model_without_prices_costs_null_and_is_counted(stage: Stage) -> None:
    """Unpriced is null in the answer and a number in the metrics, and never 0."""
    model_id = await stage.model(pricing=None)
    whole, streamed = await stage.chat(model_id), await stage.stream(model_id)
    assert usage_of(whole)["cost"] is None
    assert streamed_usage(streamed)["cost"] is None
    assert whole.headers["x-tollhouse-cost-status"] == "unpriced"
    assert "x-tollhouse-cost" not in whole.headers
    unpriced = await stage.metric(
        "tollhouse_unpriced_requests_total", model=model_id, reason="no_pricing"
    )
    assert unpriced == 2


async def test_A14_a_model_priced_at_zero_costs_zero(stage: Stage) -> None:
    """Free is 0, exact, and not counted as unpriced."""
    free = {"input_per_1m_tokens": "0", "output_per_1m_tokens": 0}
    model_id = await stage.model(pricing=free)
    answer = await stage.chat(model_id)
    assert str(usage_of(answer)["cost"]) == "0"
    assert answer.headers["x-tollhouse-cost"] == "0"
    assert answer.headers["x-tollhouse-cost-status"] == "exact"
    assert await stage.metric("tollhouse_unpriced_requests_total", model=model_id) == 0


async def test_A19_the_provider_s_own_cost_is_kept_apart(stage: Stage) -> None:
    """Our price is the cost; what the provider says it billed stands in the details."""
    told = {
        "prompt_tokens": 12,
        "completion_tokens": 5,
        "total_tokens": 17,
        "cost": 9.99,
        "is_byok": False,
        "cost_details": {"upstream_inference_cost": 9.98},
    }
    usage = await both_ways(stage, told, PRICING)
    assert exact(usage["cost"]) == per_million((12, "3"), (5, "15"))
    details = usage["cost_details"]
    assert isinstance(details, dict)
    assert str(details["upstream_cost"]) == "9.99"
    assert usage["is_byok"] is False


async def test_A19_the_provider_s_own_cost_can_be_the_price(stage: Stage) -> None:
    """With ``source: upstream`` the amount billed is the cost, and null where none was told."""
    told = {"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17}
    usage = await both_ways(stage, told | {"cost": 0.0000123}, {"source": "upstream"})
    assert str(usage["cost"]) == "0.0000123"
    usage = await both_ways(stage, told, {"source": "upstream"})
    assert usage["cost"] is None


async def test_A21_image_tokens_have_the_image_price(stage: Stage) -> None:
    """Output of an image model is image tokens, told apart or not; its text input is text."""
    told = {"input_tokens": 23, "output_tokens": 1056, "total_tokens": 1079}
    pricing = {
        "input_per_1m_tokens": "5",
        "output_per_1m_tokens": "10",
        "image_output_per_1m_tokens": "30",
    }
    model_id = await stage.model(Images(usage=told), type="image_generation", pricing=pricing)
    answer = await stage.gw.client.post(
        "/v1/images/generations", json={"model": model_id, "prompt": "a toll house"}
    )
    assert exact(usage_of(answer)["cost"]) == per_million((23, "5"), (1056, "30"))


async def test_A21_images_are_priced_each(stage: Stage) -> None:
    """Three images at 0.04 each are 0.12, whatever usage the provider left out."""
    model_id = await stage.model(
        Images(usage=None), type="image_generation", pricing={"per_image": "0.04"}
    )
    answer = await stage.gw.client.post(
        "/v1/images/generations", json={"model": model_id, "prompt": "a toll house", "n": 3}
    )
    assert str(usage_of(answer)["cost"]) == "0.12"


async def test_A22_costs_have_no_float_noise_and_sums_are_exact(stage: Stage) -> None:
    """Ten decimals as they are, in the answer, the header, the ledger and its sums."""
    told = {"prompt_tokens": 3, "completion_tokens": 7, "total_tokens": 10}
    pricing = {"input_per_1m_tokens": 0.15, "output_per_1m_tokens": 0.6}
    model_id = await stage.model(Chat(usage=told), pricing=pricing)
    for _ in range(40):
        answer = await stage.chat(model_id)
        assert '"cost":0.00000465,' in answer.text  # (3 of 0.15 + 7 of 0.6) / 1 000 000
        assert answer.headers["x-tollhouse-cost"] == "0.00000465"
    await stage.record(answer)
    usage = await stage.gw.admin.get("/admin/v1/usage", params={"group_by": "model"})
    (row,) = [row for row in usage.json()["data"] if row["model"] == model_id]
    assert exact(row["cost"]) == 40 * per_million((3, "0.15"), (7, "0.6"))


async def test_A22_the_smallest_request_costs_something(stage: Stage) -> None:
    """One token at a cent per million is a hundred-millionth, not nothing and not 1e-08."""
    model_id = await stage.model(
        Embeddings(usage={"prompt_tokens": 1, "total_tokens": 1}),
        type="embeddings",
        pricing={"input_per_1m_tokens": "0.01"},
    )
    answer = await stage.gw.client.post("/v1/embeddings", json={"model": model_id, "input": "a"})
    assert '"cost":0.00000001,' in answer.text


async def test_A23_a_changed_price_holds_for_the_next_answer(stage: Stage) -> None:
    """The catalogue is the only source of prices, in force at once, and the past keeps its own."""
    model_id = await stage.model()
    first = await stage.chat(model_id)
    await stage.gw.patch(
        model_id, pricing={"input_per_1m_tokens": "30", "output_per_1m_tokens": "150"}
    )
    second, third = await stage.chat(model_id), await stage.stream(model_id)
    assert exact(usage_of(first)["cost"]) == per_million((12, "3"), (5, "15"))
    assert exact(usage_of(second)["cost"]) == per_million((12, "30"), (5, "150"))
    assert streamed_usage(third)["cost"] == usage_of(second)["cost"]
    assert spent(await stage.record(first)) == per_million((12, "3"), (5, "15"))
    shown = await stage.gw.client.get(f"/v1/models/{model_id}")
    assert shown.json()["pricing"]["input_per_1m_tokens"] == "30"


async def test_A06_the_model_that_served_sets_the_price(stage: Stage) -> None:
    """After a failover the cost, the model and the header are those of the one that answered."""
    cheap = await stage.model(
        pricing={"input_per_1m_tokens": "1", "output_per_1m_tokens": "2"}, name="cheap"
    )
    dear = await stage.model(error(500), failover=cheap, name="dear")
    for fields in ({}, {"stream": True}):
        answer = await stage.chat(dear, **fields)
        told = chunks(answer)[-1] if fields else answer.json()
        assert exact(told["usage"]["cost"]) == per_million((12, "1"), (5, "2"))
        assert told["model"] == answer.headers["x-tollhouse-model"] == cheap
        assert answer.headers["x-tollhouse-requested-model"] == dear
        assert answer.headers["x-tollhouse-failover"] == "status_500"
        record = await stage.record(answer)
        assert (record.requested_model, record.served_model) == (dear, cheap)
        assert spent(record) == per_million((12, "1"), (5, "2"))


async def test_A20_usage_that_never_came_is_estimated_and_says_so(stage: Stage) -> None:
    """Without a usage the cost is an estimate, and answer, header and ledger say so."""
    model_id = await stage.model(Chat(usage=NO_USAGE))
    whole = await stage.chat(model_id)
    assert whole.headers["x-tollhouse-cost-status"] == "estimated"
    assert exact(usage_of(whole)["cost"]) > 0
    streamed = await stage.stream(model_id)
    assert streamed_usage(streamed)["cost_details"]["status"] == "estimated"
    assert (await stage.record(streamed)).cost_status == "estimated"
