"""Usage of OpenAI's own endpoints, and of Azure's, to the digit."""

import pytest

from pricing.tables import table
from tollhouse.core.dialect import Dialect
from tollhouse.core.needs import Endpoint
from wire.usage.blocks import Block, block, check
from wire.usage.usage_rows import chat, ins, outs, response

PRICES = table(
    {
        "input": "2.5",
        "cached_input": "0.25",
        "cache_write": "3.125",
        "audio_input": "40",
        "image_input": "5",
        "output": "10",
        "audio_output": "80",
        "image_output": "32",
    },
    tiers={272_000: {"input": "5", "cached_input": "0.5", "output": "15"}},
    service_tiers={
        "flex": {"input": "1.25", "cached_input": "0.125", "output": "5"},
        "priority": {"input": "5", "cached_input": "0.5", "output": "20"},
    },
)


CHAT = [
    block("plain", chat(19, 10), (19, "2.5"), (10, "10"), input=19, output=10),
    block(
        "all details",
        chat(
            2006,
            300,
            **ins(cached_tokens=1920, audio_tokens=0),
            **outs(
                reasoning_tokens=128,
                audio_tokens=0,
                accepted_prediction_tokens=7,
                rejected_prediction_tokens=9,
            ),
        ),
        (86, "2.5"),
        (1920, "0.25"),
        (300, "10"),
        input=2006,
        cached_input=1920,
        output=300,
        reasoning=128,
    ),
    block(
        "cached and written",
        chat(2600, 9, **ins(cached_tokens=2000, cache_write_tokens=400)),
        (200, "2.5"),
        (2000, "0.25"),
        (400, "3.125"),
        (9, "10"),
        input=2600,
        cached_input=2000,
        cache_write=400,
        output=9,
    ),
    block(
        "audio heard and spoken",
        chat(100, 50, **ins(audio_tokens=80), **outs(audio_tokens=30)),
        (20, "2.5"),
        (80, "40"),
        (20, "10"),
        (30, "80"),
        input=100,
        audio_input=80,
        output=50,
        audio_output=30,
    ),
    block(
        "pictures seen and drawn",
        chat(300, 1300, **ins(image_tokens=258), **outs(image_tokens=1290)),
        (42, "2.5"),
        (258, "5"),
        (10, "10"),
        (1290, "32"),
        input=300,
        image_input=258,
        output=1300,
        image_output=1290,
    ),
    block(
        "nothing but thoughts",
        chat(12, 4000, **outs(reasoning_tokens=4000)),
        (12, "2.5"),
        (4000, "10"),
        input=12,
        output=4000,
        reasoning=4000,
    ),
    block(
        "flex",
        chat(1000, 10, **ins(cached_tokens=600)),
        (400, "1.25"),
        (600, "0.125"),
        (10, "5"),
        tier="flex",
        input=1000,
        cached_input=600,
        output=10,
        service_tier="flex",
    ),
    block(
        "priority",
        chat(1000, 10),
        (1000, "5"),
        (10, "20"),
        tier="priority",
        input=1000,
        output=10,
        service_tier="priority",
    ),
    block(
        "A13 above the bound",
        chat(272_001, 10, **ins(cached_tokens=200_000)),
        (72_001, "5"),
        (200_000, "0.5"),
        (10, "15"),
        input=272_001,
        cached_input=200_000,
        output=10,
    ),
    block(
        "A13 on the bound",
        chat(272_000, 10),
        (272_000, "2.5"),
        (10, "10"),
        input=272_000,
        output=10,
    ),
    block(
        "details that are null",
        chat(10, 5, prompt_tokens_details=None, completion_tokens_details=None),
        (10, "2.5"),
        (5, "10"),
        input=10,
        output=5,
    ),
]

RESPONSES = [
    block("plain", response(19, 10), (19, "2.5"), (10, "10"), input=19, output=10),
    block(
        "cached and thought",
        response(328, 52, 16, 40),
        (312, "2.5"),
        (16, "0.25"),
        (52, "10"),
        input=328,
        cached_input=16,
        output=52,
        reasoning=40,
    ),
    block(
        "cached and written",
        response(2600, 9, input_tokens_details={"cached_tokens": 2000, "cache_write_tokens": 400}),
        (200, "2.5"),
        (2000, "0.25"),
        (400, "3.125"),
        (9, "10"),
        input=2600,
        cached_input=2000,
        cache_write=400,
        output=9,
    ),
    block(
        "nothing but thoughts, cut short",
        response(12, 4000, 0, 4000),
        (12, "2.5"),
        (4000, "10"),
        input=12,
        output=4000,
        reasoning=4000,
    ),
    block(
        "flex",
        response(1000, 10, 600),
        (400, "1.25"),
        (600, "0.125"),
        (10, "5"),
        tier="flex",
        input=1000,
        cached_input=600,
        output=10,
        service_tier="flex",
    ),
    block(
        "priority",
        response(1000, 10),
        (1000, "5"),
        (10, "20"),
        tier="priority",
        input=1000,
        output=10,
        service_tier="priority",
    ),
    block(
        "the default tier, which has no prices of its own",
        response(1000, 10),
        (1000, "2.5"),
        (10, "10"),
        tier="default",
        input=1000,
        output=10,
        service_tier="default",
    ),
    block(
        "A13 above the bound",
        response(300_000, 10, 250_000),
        (50_000, "5"),
        (250_000, "0.5"),
        (10, "15"),
        input=300_000,
        cached_input=250_000,
        output=10,
    ),
    block(
        "everything was cached",
        response(1024, 3, 1024),
        (1024, "0.25"),
        (3, "10"),
        input=1024,
        cached_input=1024,
        output=3,
    ),
    block("A10 explicit zeros", response(0, 0), (0, "2.5")),
    block(
        "without details",
        {"input_tokens": 9, "output_tokens": 2, "total_tokens": 11},
        (9, "2.5"),
        (2, "10"),
        input=9,
        output=2,
    ),
]

AZURE = [
    block("plain", chat(57, 40), (57, "2.5"), (40, "10"), input=57, output=40),
    block(
        "all details told as none",
        chat(
            91,
            16,
            **ins(audio_tokens=0, cached_tokens=0),
            **outs(
                accepted_prediction_tokens=0,
                audio_tokens=0,
                reasoning_tokens=0,
                rejected_prediction_tokens=0,
            ),
        ),
        (91, "2.5"),
        (16, "10"),
        input=91,
        output=16,
    ),
    block(
        "without any details",
        chat(91, 16, prompt_tokens_details={}, completion_tokens_details={}),
        (91, "2.5"),
        (16, "10"),
        input=91,
        output=16,
    ),
    block(
        "cached",
        chat(3000, 16, **ins(cached_tokens=2816)),
        (184, "2.5"),
        (2816, "0.25"),
        (16, "10"),
        input=3000,
        cached_input=2816,
        output=16,
    ),
    block(
        "thoughts",
        chat(33, 1088, **outs(reasoning_tokens=1024)),
        (33, "2.5"),
        (1088, "10"),
        input=33,
        output=1088,
        reasoning=1024,
    ),
    block(
        "audio heard",
        chat(120, 6, **ins(audio_tokens=111, cached_tokens=0)),
        (9, "2.5"),
        (111, "40"),
        (6, "10"),
        input=120,
        audio_input=111,
        output=6,
    ),
    block(
        "audio spoken",
        chat(9, 200, **outs(audio_tokens=160, text_tokens=40)),
        (9, "2.5"),
        (40, "10"),
        (160, "80"),
        input=9,
        output=200,
        audio_output=160,
    ),
    block(
        "priority processing",
        chat(9, 2),
        (9, "5"),
        (2, "20"),
        tier="priority",
        input=9,
        output=2,
        service_tier="priority",
    ),
    block(
        "a filtered prompt, which is billed all the same",
        chat(44, 0),
        (44, "2.5"),
        input=44,
    ),
    block(
        "A13 above the bound",
        chat(272_001, 1),
        (272_001, "5"),
        (1, "15"),
        input=272_001,
        output=1,
    ),
    block(
        "a latency check and other fields of Azure's",
        chat(12, 3, latency_checkpoint={"engine_ttft_ms": 41, "user_visible_ttft_ms": 55}),
        (12, "2.5"),
        (3, "10"),
        input=12,
        output=3,
    ),
]


@pytest.mark.parametrize("row", [*CHAT, *AZURE])
def test_A05_blocks_of_chats_cost_what_they_add_up_to(row: Block) -> None:
    """Everything is in the two wholes, and each token is paid once."""
    check(row, Dialect.CHAT, PRICES)


@pytest.mark.parametrize("row", RESPONSES)
def test_A05_blocks_of_responses_cost_what_they_add_up_to(row: Block) -> None:
    """Everything is in the two wholes, and each token is paid once."""
    check(row, Dialect.RESPONSES, PRICES)


@pytest.mark.parametrize("endpoint", [Endpoint.CHAT, Endpoint.RESPONSES, Endpoint.COMPLETIONS])
def test_the_clients_endpoint_says_nothing_of_the_providers_spelling(endpoint: Endpoint) -> None:
    """A translated answer is read as its provider spells it, whoever asked."""
    both = {"input_tokens": 0, "output_tokens": 0, "prompt_tokens": 9, "completion_tokens": 2}
    row: Block = block("", both, (9, "2.5"), (2, "10"), input=9, output=2).values[0]
    check(row, Dialect.CHAT, PRICES, endpoint)
