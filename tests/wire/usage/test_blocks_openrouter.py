"""Usage of OpenRouter, which tells everybody's in one form and what it billed, to the digit."""

import pytest

from tollhouse.core.dialect import Dialect
from wire.usage.blocks import HOST_PRICES, Block, block, check
from wire.usage.usage_rows import chat, ins, outs, response

OPENROUTER = [
    block(
        "plain, with its bill",
        chat(6, 3, cost=0.0000027, is_byok=False),
        (6, "0.2"),
        (3, "0.5"),
        input=6,
        output=3,
        upstream_cost=27_000,
    ),
    block(
        "all details",
        chat(
            194,
            50,
            cost=0.00002,
            is_byok=False,
            cost_details={"upstream_inference_cost": None, "upstream_inference_prompt_cost": 0.1},
            **ins(cached_tokens=128, audio_tokens=0, video_tokens=0, cache_write_tokens=0),
            **outs(reasoning_tokens=44, image_tokens=0),
        ),
        (66, "0.2"),
        (128, "0.05"),
        (50, "0.5"),
        input=194,
        cached_input=128,
        output=50,
        reasoning=44,
        upstream_cost=200_000,
    ),
    block(
        "written",
        chat(2000, 5, **ins(cached_tokens=0, cache_write_tokens=1990)),
        (10, "0.2"),
        (1990, "0.25"),
        (5, "0.5"),
        input=2000,
        cache_write=1990,
        output=5,
    ),
    block(
        "Gemini's implicit cache, told as read and as written",
        chat(2168, 100, **ins(cache_write_tokens=2161, cached_tokens=2161)),
        (7, "0.05"),
        (2161, "0.25"),
        (100, "0.5"),
        input=2168,
        cached_input=2161,
        cache_write=2161,
        output=100,
    ),
    block(
        "audio",
        chat(100, 5, **ins(audio_tokens=60)),
        (40, "0.2"),
        (60, "0.8"),
        (5, "0.5"),
        input=100,
        audio_input=60,
        output=5,
    ),
    block(
        "searches",
        chat(2315, 40, cost=0.005, server_tool_use={"web_search_requests": 1}),
        (2315, "0.2"),
        (40, "0.5"),
        (1, "5000"),
        input=2315,
        output=40,
        searches=1,
        upstream_cost=50_000_000,
    ),
    block(
        "free",
        chat(1, 1, cost=0),
        (1, "0.2"),
        (1, "0.5"),
        input=1,
        output=1,
        upstream_cost=0,
    ),
    block(
        "a key of one's own",
        chat(1, 1, cost=0.0001, is_byok=True, cost_details={"upstream_inference_cost": 0.002}),
        (1, "0.2"),
        (1, "0.5"),
        input=1,
        output=1,
        upstream_cost=1_000_000,
    ),
    block(
        "thoughts",
        chat(20, 300, **outs(reasoning_tokens=290)),
        (20, "0.2"),
        (300, "0.5"),
        input=20,
        output=300,
        reasoning=290,
    ),
    block(
        "a response",
        response(30, 40, 10, 20, cost=0.001, is_byok=False),
        (20, "0.2"),
        (10, "0.05"),
        (40, "0.5"),
        input=30,
        cached_input=10,
        output=40,
        reasoning=20,
        upstream_cost=10_000_000,
    ),
]


@pytest.mark.parametrize("row", OPENROUTER)
def test_A19_openrouters_blocks_cost_what_they_add_up_to(row: Block) -> None:
    """Our price is our own; what they billed is kept beside it."""
    check(row, Dialect.RESPONSES if "input_tokens" in row.told else Dialect.CHAT, HOST_PRICES)
