"""How usage objects of other OpenAI-compatible hosts are read, and what they billed."""

import json
from decimal import Decimal
from typing import Any

import pytest

from tollhouse.core.needs import Endpoint
from tollhouse.core.usage import Usage
from tollhouse.wire.usage.openai import read_usage
from wire.usage.usage_rows import CHAT, case, chat, ins, outs

READ = [
    # Other hosts.
    case(
        "DeepSeek",
        chat(976, 61, prompt_cache_hit_tokens=896, prompt_cache_miss_tokens=80),
        input=976,
        cached_input=896,
        output=61,
    ),
    case("Moonshot", chat(100, 5, cached_tokens=64), input=100, cached_input=64, output=5),
    case("Mistral", chat(254, 93, num_cached_tokens=48), input=254, cached_input=48, output=93),
    case(
        "A05 xAI, reasoning beside the completion",
        chat(10, 1, total_tokens=386, **outs(reasoning_tokens=375)),
        input=10,
        output=376,
        reasoning=375,
    ),
    case(
        "A05 reasoning in the completion",
        chat(64, 135, **outs(reasoning_tokens=78)),
        input=64,
        output=135,
        reasoning=78,
    ),
    case(
        "A05 a completion of nothing but reasoning, told beside it",
        chat(21, 0, total_tokens=81, **outs(reasoning_tokens=60)),
        input=21,
        output=60,
        reasoning=60,
    ),
    case(
        "xAI's bill and searches",
        {
            "input_tokens": 9212,
            "input_tokens_details": {"cached_tokens": 3072},
            "output_tokens": 3417,
            "total_tokens": 12629,
            "cost_in_usd_ticks": 318_319_000,
            "server_side_tool_usage_details": {"web_search_calls": 1, "x_search_calls": 3},
        },
        Endpoint.RESPONSES,
        input=9212,
        cached_input=3072,
        output=3417,
        searches=4,
        upstream_cost=318_319_000,
    ),
    case(
        "OpenRouter",
        chat(
            2315,
            40,
            cost=0.007637029,
            cost_details={"upstream_inference_cost": 0.000637029},
            server_tool_use_details={"web_search_requests": 1},
        ),
        input=2315,
        output=40,
        searches=1,
        upstream_cost=76_370_290,
    ),
    case("a free model at OpenRouter", chat(1, 1, cost=0), input=1, output=1, upstream_cost=0),
    case(
        "Perplexity",
        chat(
            33,
            11395,
            citation_tokens=19028,
            num_search_queries=21,
            reasoning_tokens=193947,
            cost={"reasoning_tokens_cost": 0.582, "total_cost": 0.816},
        ),
        input=33 + 19028,
        output=11395 + 193947,
        reasoning=193947,
        searches=21,
        upstream_cost=8_160_000_000,
    ),
    case(
        "Perplexity without research",
        chat(24, 2681, citation_tokens=None, reasoning_tokens=None, cost={"total_cost": 0.04629}),
        input=24,
        output=2681,
        upstream_cost=462_900_000,
    ),
    case(
        "LiteLLM",
        chat(
            12307,
            550,
            cache_creation_input_tokens=12304,
            cache_read_input_tokens=0,
            **ins(cached_tokens=0, cache_creation_tokens=12304),
        ),
        input=12307,
        cache_write=12304,
        output=550,
    ),
    # Anthropic's fields.
    case(
        "A01 Anthropic's own convention",
        {
            "input_tokens": 3,
            "cache_creation_input_tokens": 12304,
            "cache_read_input_tokens": 0,
            "output_tokens": 550,
        },
        input=12307,
        cache_write=12304,
        output=550,
    ),
    case(
        "A01 Anthropic's convention with fewer cached than not",
        {"input_tokens": 300, "cache_read_input_tokens": 200, "output_tokens": 5},
        input=500,
        cached_input=200,
        output=5,
    ),
    case(
        "A01 passed on and added up, as the total shows",
        chat(300, 5, cache_read_input_tokens=200),
        input=300,
        cached_input=200,
        output=5,
    ),
    case(
        "A01 passed on and not added up, as the total shows",
        chat(300, 5, total_tokens=505, cache_read_input_tokens=200),
        input=500,
        cached_input=200,
        output=5,
    ),
    case(
        "A01 passed on under OpenAI's names without a total",
        {"prompt_tokens": 300, "completion_tokens": 5, "cache_read_input_tokens": 200},
        input=300,
        cached_input=200,
        output=5,
    ),
    case(
        "A01 more cached than input cannot be inside it",
        chat(3, 550, cache_creation_input_tokens=12304),
        input=12307,
        cache_write=12304,
        output=550,
    ),
    case(
        "A01 caches and reasoning both beside",
        chat(10, 1, total_tokens=41, **ins(cached_tokens=20), **outs(reasoning_tokens=10)),
        input=30,
        cached_input=20,
        output=11,
        reasoning=10,
    ),
    case(
        "writes for an hour",
        {
            "input_tokens": 2,
            "cache_creation_input_tokens": 1273,
            "cache_creation": {"ephemeral_5m_input_tokens": 273, "ephemeral_1h_input_tokens": 1000},
            "output_tokens": 113,
        },
        input=1275,
        cache_write=273,
        cache_write_1h=1000,
        output=113,
    ),
    case(
        "Gemini's cache told as read and as written",
        chat(2168, 100, **ins(cache_write_tokens=2161, cached_tokens=2161)),
        input=2168,
        cached_input=2161,
        cache_write=2161,
        output=100,
    ),
]


@pytest.mark.parametrize(("told", "endpoint", "expected"), READ)
def test_every_hosts_convention_is_read_into_one(
    told: dict[str, Any], endpoint: Endpoint, expected: Usage
) -> None:
    """Bytes and decoded objects give the same usage, with input and output inclusive."""
    assert read_usage(json.dumps(told).encode(), endpoint) == expected
    assert read_usage(told, endpoint) == expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (b'{"cost":9.99}', 99_900_000_000),
        (b'{"cost":0.0004970133333333333}', 4_970_133),
        (b'{"cost":0.00000000005}', 0),
        (b'{"cost":0.00000000015}', 2),
        (b'{"cost":5.025e-05}', 502_500),
        (b'{"cost":0.1}', 1_000_000_000),
        (b'{"cost":-0.0}', 0),
        (b'{"cost":{"total_cost":0.409}}', 4_090_000_000),
        (b'{"cost_in_usd_ticks":37756000}', 37_756_000),
        (b'{"cost_in_usd_ticks":37756000.0}', 37_756_000),
        (b'{"cost":null,"cost_in_usd_ticks":1}', 1),
        (b'{"cost":"0.1"}', None),
        (b'{"cost":-0.1}', None),
        (b'{"cost":true}', None),
        (b'{"cost":1e308}', None),
        (b'{"cost":1e999999999999999999999}', None),
        (b'{"cost":{"total":1}}', None),
        (b'{"cost":{"total_cost":null}}', None),
        (b'{"cost_in_usd_ticks":-1}', None),
        (b"{}", None),
    ],
)
def test_A19_the_providers_bill_is_exact_or_none(told: bytes, expected: int | None) -> None:
    """A sound amount is kept to ten decimals; anything else is as if it was not told."""
    raw = told[:-1] + (b"," if len(told) > 2 else b"") + b'"prompt_tokens":1}'
    assert read_usage(raw, CHAT) == Usage(input_tokens=1, upstream_cost=expected)


def test_floats_of_other_decoders_keep_their_shortest_digits() -> None:
    """An amount that came by way of a binary float is taken as it is printed."""
    assert read_usage(chat(1, 1, cost=0.1 + 0.2), CHAT).upstream_cost == 3_000_000_000
    assert read_usage(chat(1, 1, cost=Decimal("0.3")), CHAT).upstream_cost == 3_000_000_000
