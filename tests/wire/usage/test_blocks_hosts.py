"""Usage of hosts that speak OpenAI's dialects in their own way, to the digit."""

import pytest

from tollhouse.core.dialect import Dialect
from wire.usage.blocks import HOST_PRICES, Block, block, check
from wire.usage.usage_rows import chat, ins, outs, response

XAI = [
    block("plain", chat(7, 9), (7, "0.2"), (9, "0.5"), input=7, output=9),
    block(
        "A05 thoughts beside the completion",
        chat(10, 1, total_tokens=386, **outs(reasoning_tokens=375)),
        (10, "0.2"),
        (376, "0.5"),
        input=10,
        output=376,
        reasoning=375,
    ),
    block(
        "A05 thoughts beside the completion, with a cache",
        chat(
            379,
            30,
            total_tokens=379 + 30 + 281,
            num_sources_used=0,
            **ins(text_tokens=379, audio_tokens=0, image_tokens=0, cached_tokens=157),
            **outs(reasoning_tokens=281, audio_tokens=0),
        ),
        (222, "0.2"),
        (157, "0.05"),
        (311, "0.5"),
        input=379,
        cached_input=157,
        output=311,
        reasoning=281,
    ),
    block(
        "A05 thoughts inside the output of a response",
        response(199, 283, 163, 233),
        (36, "0.2"),
        (163, "0.05"),
        (283, "0.5"),
        input=199,
        cached_input=163,
        output=283,
        reasoning=233,
    ),
    block(
        "pictures",
        chat(1000, 5, **ins(text_tokens=200, image_tokens=800)),
        (200, "0.2"),
        (800, "0.4"),
        (5, "0.5"),
        input=1000,
        image_input=800,
        output=5,
    ),
    block(
        "its bill",
        chat(7, 9, cost_in_usd_ticks=59_000),
        (7, "0.2"),
        (9, "0.5"),
        input=7,
        output=9,
        upstream_cost=59_000,
    ),
    block(
        "searches",
        response(
            9212,
            3417,
            3072,
            cost_in_usd_ticks=318_319_000,
            server_side_tool_usage_details={"web_search_calls": 1, "x_search_calls": 3},
        ),
        (6140, "0.2"),
        (3072, "0.05"),
        (3417, "0.5"),
        (4, "5000"),
        input=9212,
        cached_input=3072,
        output=3417,
        searches=4,
        upstream_cost=318_319_000,
    ),
    block(
        "A13 above the bound",
        chat(128_001, 2),
        (128_001, "0.4"),
        (2, "1"),
        input=128_001,
        output=2,
    ),
    block(
        "everything cached",
        chat(64, 2, **ins(cached_tokens=64)),
        (64, "0.05"),
        (2, "0.5"),
        input=64,
        cached_input=64,
        output=2,
    ),
    block(
        "priority",
        chat(64, 2),
        (64, "0.3"),
        (2, "0.75"),
        tier="priority",
        input=64,
        output=2,
        service_tier="priority",
    ),
]


def deepseek(hit: int, miss: int, left: int, thought: int | None = None) -> dict[str, object]:
    """What DeepSeek tells: the input split by its cache."""
    details = {} if thought is None else outs(reasoning_tokens=thought)
    split = {"prompt_cache_hit_tokens": hit, "prompt_cache_miss_tokens": miss}
    return chat(hit + miss, left, **split, **details)


DEEPSEEK = [
    block("plain", deepseek(0, 12, 5), (12, "0.2"), (5, "0.5"), input=12, output=5),
    block(
        "a hit",
        deepseek(896, 80, 61),
        (80, "0.2"),
        (896, "0.05"),
        (61, "0.5"),
        input=976,
        cached_input=896,
        output=61,
    ),
    block(
        "a hit told twice",
        deepseek(64, 4, 5) | ins(cached_tokens=64),
        (4, "0.2"),
        (64, "0.05"),
        (5, "0.5"),
        input=68,
        cached_input=64,
        output=5,
    ),
    block(
        "everything hit",
        deepseek(128, 0, 5),
        (128, "0.05"),
        (5, "0.5"),
        input=128,
        cached_input=128,
        output=5,
    ),
    block(
        "A05 thoughts inside the completion",
        deepseek(0, 64, 135, 78),
        (64, "0.2"),
        (135, "0.5"),
        input=64,
        output=135,
        reasoning=78,
    ),
    block(
        "thoughts and a hit",
        deepseek(320, 9, 1200, 1100),
        (9, "0.2"),
        (320, "0.05"),
        (1200, "0.5"),
        input=329,
        cached_input=320,
        output=1200,
        reasoning=1100,
    ),
    block(
        "thoughts told as none",
        deepseek(0, 9, 3, 0),
        (9, "0.2"),
        (3, "0.5"),
        input=9,
        output=3,
    ),
    block("no answer", deepseek(0, 9, 0), (9, "0.2"), input=9),
    block(
        "a long prompt",
        deepseek(0, 130_000, 1),
        (130_000, "0.4"),
        (1, "1"),
        input=130_000,
        output=1,
    ),
    block(
        "a long prompt of which a part was hit",
        deepseek(100_000, 30_000, 1),
        (30_000, "0.4"),
        (100_000, "0.05"),
        (1, "1"),
        input=130_000,
        cached_input=100_000,
        output=1,
    ),
]

OTHERS = [
    block(
        "Moonshot",
        chat(100, 5, cached_tokens=64),
        (36, "0.2"),
        (64, "0.05"),
        (5, "0.5"),
        input=100,
        cached_input=64,
        output=5,
    ),
    block(
        "Mistral",
        chat(254, 93, num_cached_tokens=48),
        (206, "0.2"),
        (48, "0.05"),
        (93, "0.5"),
        input=254,
        cached_input=48,
        output=93,
    ),
    block(
        "Groq",
        chat(45, 6, queue_time=0.01, prompt_time=0.002, completion_time=0.1, total_time=0.2),
        (45, "0.2"),
        (6, "0.5"),
        input=45,
        output=6,
    ),
    block(
        "Perplexity",
        chat(
            33,
            100,
            citation_tokens=190,
            num_search_queries=2,
            reasoning_tokens=1000,
            cost={"total_cost": 0.816},
        ),
        (223, "0.2"),
        (1100, "0.5"),
        (2, "5000"),
        input=223,
        output=1100,
        reasoning=1000,
        searches=2,
        upstream_cost=8_160_000_000,
    ),
    block(
        "A01 LiteLLM in front of Anthropic",
        chat(
            12307,
            550,
            cache_creation_input_tokens=12304,
            cache_read_input_tokens=0,
            **ins(cached_tokens=0, cache_creation_tokens=12304),
        ),
        (3, "0.2"),
        (12304, "0.25"),
        (550, "0.5"),
        input=12307,
        cache_write=12304,
        output=550,
    ),
]


@pytest.mark.parametrize("row", [*XAI, *DEEPSEEK, *OTHERS])
def test_A05_blocks_of_other_hosts_cost_what_they_add_up_to(row: Block) -> None:
    """Whether it stands inside or beside, each token is paid once."""
    check(row, Dialect.RESPONSES if "input_tokens" in row.told else Dialect.CHAT, HOST_PRICES)
