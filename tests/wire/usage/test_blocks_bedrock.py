"""Usage as Bedrock's Converse tells it, and the counts of its embeddings models, to the digit."""

from typing import Any

import pytest

from pricing.tables import table
from tollhouse.core.dialect import Dialect
from tollhouse.core.needs import Endpoint
from tollhouse.core.usage import Unusable, Usage
from tollhouse.wire.usage.converse import read_usage
from tollhouse.wire.usage.table import Kind
from tollhouse.wire.usage.table import read_usage as read_any
from wire.usage.blocks import Block, block, check

PRICES = table(
    {
        "input": "3",
        "cached_input": "0.3",
        "cache_write": "3.75",
        "cache_write_1h": "6",
        "output": "15",
    },
    tiers={200_000: {"input": "6", "cached_input": "0.6", "output": "22.5"}},
    service_tiers={"flex": {"input": "1.5", "output": "7.5"}},
)
NO_WRITE_PRICE = table({"input": "0.06", "cached_input": "0.015", "output": "0.24"})


def told(entered: int, left: int, read: int = 0, wrote: int = 0, **more: Any) -> dict[str, Any]:
    """A block with its total, and with its caches under both of their names where there are any."""
    counts = {
        "inputTokens": entered,
        "outputTokens": left,
        "serverToolUsage": {},
        "totalTokens": entered + left + read + wrote,
    }
    if read or wrote:
        counts |= {
            "cacheReadInputTokenCount": read,
            "cacheReadInputTokens": read,
            "cacheWriteInputTokenCount": wrote,
            "cacheWriteInputTokens": wrote,
        }
    return counts | more


def kept(hour: int, five_minutes: int) -> dict[str, Any]:
    """What was written to the cache, by how long it is kept."""
    details = [{"inputTokens": hour, "ttl": "1h"}, {"inputTokens": five_minutes, "ttl": "5m"}]
    return {"cacheDetails": details}


CONVERSE = [
    block("plain", told(64, 17), (64, "3"), (17, "15"), input=64, output=17),
    block(
        "caches told as none",
        told(145, 48, cacheReadInputTokens=0, cacheWriteInputTokens=0),
        (145, "3"),
        (48, "15"),
        input=145,
        output=48,
    ),
    block(
        "A01 read, told under two names",
        told(13, 5, read=1504),
        (13, "3"),
        (1504, "0.3"),
        (5, "15"),
        input=1517,
        cached_input=1504,
        output=5,
    ),
    block(
        "A01 written, told under two names",
        told(14, 5, wrote=1503),
        (14, "3"),
        (1503, "3.75"),
        (5, "15"),
        input=1517,
        cache_write=1503,
        output=5,
    ),
    block(
        "read and written",
        told(2, 5, read=1000, wrote=300),
        (2, "3"),
        (1000, "0.3"),
        (300, "3.75"),
        (5, "15"),
        input=1302,
        cached_input=1000,
        cache_write=300,
        output=5,
    ),
    block(
        "fewer cached than not",
        told(2000, 5, read=1000),
        (2000, "3"),
        (1000, "0.3"),
        (5, "15"),
        input=3000,
        cached_input=1000,
        output=5,
    ),
    block(
        "written for an hour and for five minutes",
        told(2, 5, wrote=1500, **kept(1000, 500)),
        (2, "3"),
        (1000, "6"),
        (500, "3.75"),
        (5, "15"),
        input=1502,
        cache_write=500,
        cache_write_1h=1000,
        output=5,
    ),
    block(
        "written, told in the details alone",
        {"inputTokens": 2, "outputTokens": 5, "totalTokens": 1507, **kept(1000, 500)},
        (2, "3"),
        (1000, "6"),
        (500, "3.75"),
        (5, "15"),
        input=1502,
        cache_write=500,
        cache_write_1h=1000,
        output=5,
    ),
    block(
        "the older name alone",
        {"inputTokens": 4, "outputTokens": 5, "totalTokens": 109, "cacheReadInputTokenCount": 100},
        (4, "3"),
        (100, "0.3"),
        (5, "15"),
        input=104,
        cached_input=100,
        output=5,
    ),
    block(
        "a total that leaves the caches out",
        told(400, 5, read=100, totalTokens=405),
        (400, "3"),
        (100, "0.3"),
        (5, "15"),
        input=500,
        cached_input=100,
        output=5,
    ),
    block(
        "A13 above the bound by what was cached",
        told(1000, 10, read=199_001),
        (1000, "6"),
        (199_001, "0.6"),
        (10, "22.5"),
        input=200_001,
        cached_input=199_001,
        output=10,
    ),
    block(
        "a service tier, told beside the usage",
        told(100, 10),
        (100, "1.5"),
        (10, "7.5"),
        tier="flex",
        input=100,
        output=10,
        service_tier="flex",
    ),
    block(
        "input by way of the total",
        {"outputTokens": 5, "totalTokens": 25},
        (20, "3"),
        (5, "15"),
        input=20,
        output=5,
    ),
    block(
        "output by way of the total",
        {"inputTokens": 20, "totalTokens": 25},
        (20, "3"),
        (5, "15"),
        input=20,
        output=5,
    ),
    block(
        "A07 a total that fits nothing",
        told(9, 1, totalTokens=7),
        (9, "3"),
        (1, "15"),
        input=9,
        output=1,
    ),
    block("A10 explicit zeros", told(0, 0), (0, "3")),
]


@pytest.mark.parametrize("row", CONVERSE)
def test_A01_converses_blocks_cost_what_they_add_up_to(row: Block) -> None:
    """Caches come on top of the input, once each, however many names they have."""
    check(row, Dialect.CONVERSE, PRICES)


def test_A01_a_model_without_a_price_for_writes_writes_at_the_price_of_input() -> None:
    """Amazon's own models charge nothing extra for what is written to the cache."""
    row = Block(
        told(64, 4, wrote=2492),
        Usage(input_tokens=2556, cache_write_tokens=2492, output_tokens=4),
        ((64 + 2492, "0.06"), (4, "0.24")),
    )
    check(row, Dialect.CONVERSE, NO_WRITE_PRICE)


@pytest.mark.parametrize(
    "block_told",
    [
        b"{}",
        b'{"outputTokens":5}',
        b'{"outputTokens":5,"totalTokens":4}',
        b'{"inputTokens":-1,"outputTokens":5}',
        b'{"inputTokens":"1","outputTokens":5}',
        b'{"inputTokens":1,"cacheDetails":{}}',
        b'{"inputTokens":1,"cacheDetails":[{"inputTokens":0.5}]}',
        b'{"inputTokens":9,"cacheWriteInputTokens":1,"cacheDetails":[{"inputTokens":2,"ttl":"1h"}]}',
        b'[{"inputTokens":1}]',
        b"null",
        b'{"inputTokens":1',
    ],
)
def test_A07_what_cannot_be_believed_is_unusable(block_told: bytes) -> None:
    """A missing input, a count that is none and a part larger than its whole price nothing."""
    assert isinstance(read_usage(block_told), Unusable)


def test_A07_whole_numbers_with_a_point_are_whole() -> None:
    """12.0 is 12, in the details too."""
    usage = read_usage(b'{"inputTokens":12.0,"cacheDetails":[{"inputTokens":3.0,"ttl":"1h"}]}')
    assert usage == Usage(input_tokens=15, cache_write_1h_tokens=3)


@pytest.mark.parametrize(
    ("block_told", "count"),
    [
        (b'{"embedding":[0.1],"inputTextTokenCount":18}', 18),
        (b'{"inputTokenCount":3}', 3),
        (b'{"inputTextTokenCount":0,"inputTokenCount":3}', 0),
        (b'{"inputTextTokenCount":null,"inputTokenCount":3.0}', 3),
    ],
)
def test_titans_count_is_its_input(block_told: bytes, count: int) -> None:
    """It is told in the answer or in the header of the answer."""
    assert read_any(Kind.TITAN, block_told, Endpoint.EMBEDDINGS) == Usage(input_tokens=count)


@pytest.mark.parametrize("block_told", [b"{}", b'{"inputTextTokenCount":-1}', b"[]"])
def test_titans_count_that_is_none_is_unusable(block_told: bytes) -> None:
    """What is not told is not nought."""
    assert isinstance(read_any(Kind.TITAN, block_told, Endpoint.EMBEDDINGS), Unusable)
