"""Usage of Anthropic's models on Vertex AI and on Bedrock in their own dialect, to the digit."""

import pytest

from tollhouse.core.dialect import Dialect
from wire.usage.anthropic_rows import PRICES, told, written
from wire.usage.blocks import Block, block, check

VERTEX = [
    block("plain", told(16, 16), (16, "3"), (16, "15"), input=16, output=16),
    block("tools", told(394, 68), (394, "3"), (68, "15"), input=394, output=68),
    block("a stream", told(453, 67), (453, "3"), (67, "15"), input=453, output=67),
    block(
        "read",
        told(6, 9, read=2000),
        (6, "3"),
        (2000, "0.3"),
        (9, "15"),
        input=2006,
        cached_input=2000,
        output=9,
    ),
    block(
        "written",
        told(6, 9, wrote=2000),
        (6, "3"),
        (2000, "3.75"),
        (9, "15"),
        input=2006,
        cache_write=2000,
        output=9,
    ),
    block(
        "written for an hour",
        told(6, 9, wrote=2000, **written(0, 2000)),
        (6, "3"),
        (2000, "6"),
        (9, "15"),
        input=2006,
        cache_write_1h=2000,
        output=9,
    ),
    block(
        "thoughts",
        told(6, 900, output_tokens_details={"thinking_tokens": 812}),
        (6, "3"),
        (900, "15"),
        input=6,
        output=900,
        reasoning=812,
    ),
    block(
        "searches",
        told(6, 9, server_tool_use={"web_search_requests": 1}),
        (6, "3"),
        (9, "15"),
        (1, "10000"),
        input=6,
        output=9,
        searches=1,
    ),
    block(
        "A13 a long prompt",
        told(200_001, 9),
        (200_001, "6"),
        (9, "22.5"),
        input=200_001,
        output=9,
    ),
    block(
        "a tier told beside the usage",
        told(7, 9),
        (7, "1.5"),
        (9, "7.5"),
        tier="batch",
        input=7,
        output=9,
        service_tier="batch",
    ),
]

BEDROCK_NATIVE = [
    block("plain", told(16, 18, **written(0, 0)), (16, "3"), (18, "15"), input=16, output=18),
    block(
        "read and written",
        told(3, 44, read=9511, wrote=1956, **written(1956, 0)),
        (3, "3"),
        (9511, "0.3"),
        (1956, "3.75"),
        (44, "15"),
        input=11470,
        cached_input=9511,
        cache_write=1956,
        output=44,
    ),
    block(
        "read",
        told(3, 1944, read=9511, **written(0, 0)),
        (3, "3"),
        (9511, "0.3"),
        (1944, "15"),
        input=9514,
        cached_input=9511,
        output=1944,
    ),
    block(
        "thoughts told as none",
        told(68, 508, output_tokens_details={"thinking_tokens": 0}, service_tier="standard"),
        (68, "3"),
        (508, "15"),
        input=68,
        output=508,
        service_tier="standard",
    ),
]


@pytest.mark.parametrize("row", [*VERTEX, *BEDROCK_NATIVE])
def test_A01_anthropics_blocks_cost_the_same_wherever_they_come_from(row: Block) -> None:
    """Caches come on top of the input, once each."""
    check(row, Dialect.MESSAGES, PRICES)
