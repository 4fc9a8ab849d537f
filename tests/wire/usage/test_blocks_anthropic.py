"""Usage of Anthropic's models as Anthropic tells it, to the digit."""

import json

import pytest

from tollhouse.core.dialect import Dialect
from tollhouse.core.usage import Unusable
from tollhouse.wire.usage.anthropic import read_usage
from wire.usage.anthropic_rows import PRICES, step, told, written
from wire.usage.blocks import Block, block, check

ANTHROPIC = [
    block(
        "plain",
        told(10, 25, **written(0, 0), service_tier="standard", inference_geo="global"),
        (10, "3"),
        (25, "15"),
        input=10,
        output=25,
        service_tier="standard",
    ),
    block(
        "A01 written for five minutes",
        told(3, 550, wrote=12304),
        (3, "3"),
        (12304, "3.75"),
        (550, "15"),
        input=12307,
        cache_write=12304,
        output=550,
    ),
    block(
        "A01 read and written",
        told(4, 156, read=9116, wrote=219, **written(219, 0), service_tier="standard"),
        (4, "3"),
        (9116, "0.3"),
        (219, "3.75"),
        (156, "15"),
        input=9339,
        cached_input=9116,
        cache_write=219,
        output=156,
        service_tier="standard",
    ),
    block(
        "written for five minutes and for an hour",
        told(2, 113, wrote=1273, **written(273, 1000)),
        (2, "3"),
        (273, "3.75"),
        (1000, "6"),
        (113, "15"),
        input=1275,
        cache_write=273,
        cache_write_1h=1000,
        output=113,
    ),
    block(
        "written for an hour, told in the breakdown alone",
        {"input_tokens": 2, "output_tokens": 5, **written(0, 800)},
        (2, "3"),
        (800, "6"),
        (5, "15"),
        input=802,
        cache_write_1h=800,
        output=5,
    ),
    block(
        "a stream whose breakdown is older than the sum",
        told(6, 198, read=6289, wrote=3337, **written(3068, 0)),
        (6, "3"),
        (6289, "0.3"),
        (3337, "3.75"),
        (198, "15"),
        input=9632,
        cached_input=6289,
        cache_write=3337,
        output=198,
    ),
    block(
        "thoughts",
        told(13, 44, output_tokens_details={"thinking_tokens": 33}),
        (13, "3"),
        (44, "15"),
        input=13,
        output=44,
        reasoning=33,
    ),
    block(
        "searches",
        told(11665, 186, server_tool_use={"web_search_requests": 2, "web_fetch_requests": 1}),
        (11665, "3"),
        (186, "15"),
        (2, "10000"),
        input=11665,
        output=186,
        searches=2,
    ),
    block(
        "A13 above the bound by what was cached",
        told(10_000, 100, read=150_000, wrote=50_000, **written(40_000, 10_000)),
        (10_000, "6"),
        (150_000, "0.6"),
        (40_000, "7.5"),
        (10_000, "12"),
        (100, "22.5"),
        input=210_000,
        cached_input=150_000,
        cache_write=40_000,
        cache_write_1h=10_000,
        output=100,
    ),
    block(
        "A13 on the bound",
        told(50_000, 100, read=150_000),
        (50_000, "3"),
        (150_000, "0.3"),
        (100, "15"),
        input=200_000,
        cached_input=150_000,
        output=100,
    ),
    block(
        "a batch",
        told(100, 20, read=30, wrote=40, service_tier="batch"),
        (100, "1.5"),
        (30, "0.15"),
        (40, "1.875"),
        (20, "7.5"),
        input=170,
        cached_input=30,
        cache_write=40,
        output=20,
        service_tier="batch",
    ),
    block(
        "a tier without prices of its own",
        told(100, 20, service_tier="priority"),
        (100, "3"),
        (20, "15"),
        input=100,
        output=20,
        service_tier="priority",
    ),
    block(
        "fast mode",
        told(100, 20, service_tier="standard", speed="fast"),
        (100, "18"),
        (20, "90"),
        input=100,
        output=20,
        service_tier="fast",
    ),
    block(
        "one iteration",
        told(1311, 16, iterations=[step("message", 1311, 16)]),
        (1311, "3"),
        (16, "15"),
        input=1311,
        output=16,
    ),
    block(
        "a conversation compacted first, which the sum leaves out",
        told(
            2300,
            1000,
            iterations=[step("compaction", 18_000, 3500), step("message", 2300, 1000)],
        ),
        (20_300, "3"),
        (4500, "15"),
        input=20_300,
        output=4500,
    ),
    block(
        "a conversation compacted first, added up by who passed it on",
        told(300, 14, iterations=[step("compaction", 180, 4), step("message", 120, 10)]),
        (300, "3"),
        (14, "15"),
        input=300,
        output=14,
    ),
    block(
        "another model's advice, at another price",
        told(
            2411,
            145,
            output_tokens_details={"thinking_tokens": 47},
            iterations=[
                step("message", 1128, 135),
                step("advisor_message", 2543, 18, model="claude-opus"),
                step("message", 1283, 10),
            ],
        ),
        (2411, "3"),
        (145, "15"),
        input=2411,
        output=145,
        reasoning=47,
    ),
    block(
        "A10 explicit zeros and nulls",
        told(0, 0) | {"cache_creation": None, "server_tool_use": None, "service_tier": None},
        (0, "3"),
    ),
]

MORE_FOR_AN_HOUR = json.dumps(told(9, 1, wrote=5, **written(0, 6))).encode()


@pytest.mark.parametrize("row", ANTHROPIC)
def test_A01_anthropics_blocks_cost_what_they_add_up_to(row: Block) -> None:
    """Caches come on top of the input, once each; whatever it holds, the block is exact."""
    check(row, Dialect.MESSAGES, PRICES)


@pytest.mark.parametrize(
    ("block_told", "reason"),
    [
        (b"{}", "the input tokens are not told"),
        (b'{"output_tokens":7}', "the input tokens are not told"),
        (b'{"input_tokens":null}', "the input tokens are not told"),
        (b"[]", None),
        (b"7", None),
        (b"", "usage is not JSON"),
        (b'{"input_tokens":-1}', None),
        (b'{"input_tokens":"12"}', None),
        (b'{"input_tokens":true}', None),
        (b'{"input_tokens":1.5}', None),
        (b'{"input_tokens":1000000000001}', None),
        (b'{"input_tokens":1e400}', None),
        (b'{"input_tokens":1,"iterations":[{"type":"compaction","input_tokens":-5}]}', None),
        (MORE_FOR_AN_HOUR, "cached tokens are more than the input"),
        (
            b'{"input_tokens":1,"output_tokens":1,"output_tokens_details":{"thinking_tokens":2}}',
            "reasoning tokens are more than the output",
        ),
    ],
)
def test_A07_what_cannot_be_believed_is_unusable(block_told: bytes, reason: str | None) -> None:
    """A missing input, a count that is none and a part larger than its whole price nothing."""
    usage = read_usage(block_told)
    assert isinstance(usage, Unusable)
    assert reason is None or usage.reason == reason


def test_A07_whole_numbers_with_a_point_are_whole() -> None:
    """12.0 is 12, in lists too; fields that nobody knows are of any type."""
    spelled = b'{"input_tokens":12.0,"output_tokens":3e0,"inference_geo":7,"service_tier":1,'
    steps = b'"iterations":[{"type":"compaction","input_tokens":5.0},{"type":9,"model":"m"}]}'
    usage = read_usage(spelled + steps)
    assert not isinstance(usage, Unusable)
    assert (usage.input_tokens, usage.output_tokens, usage.service_tier) == (17, 3, None)


def test_A19_a_bill_is_kept_even_where_the_counts_are_not_sound() -> None:
    """OpenRouter bills answers in this dialect too."""
    usage = read_usage(b'{"input_tokens":1,"output_tokens":2,"cost":0.00123}')
    assert not isinstance(usage, Unusable)
    assert usage.upstream_cost == 12_300_000
    assert read_usage(b'{"input_tokens":-1,"cost":0.5}').upstream_cost == 5_000_000_000
