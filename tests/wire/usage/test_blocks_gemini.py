"""Usage of Gemini's models at Google's own API and on Vertex AI, to the digit."""

from typing import Any

import pytest

from pricing.tables import table
from tollhouse.core.dialect import Dialect
from tollhouse.core.needs import Endpoint
from tollhouse.core.usage import Unusable, Usage
from tollhouse.wire.usage.gemini import read_usage
from tollhouse.wire.usage.table import Kind
from wire.usage.blocks import Block, block, check

PRICES = table(
    {
        "input": "1.25",
        "cached_input": "0.125",
        "audio_input": "3",
        "image_input": "2",
        "output": "10",
        "audio_output": "12",
        "image_output": "30",
    },
    tiers={200_000: {"input": "2.5", "cached_input": "0.25", "output": "15"}},
    service_tiers={
        "flex": {"input": "0.625", "output": "5"},
        "priority": {"input": "2.25", "output": "18"},
    },
)


def told(entered: int, left: int | None, thoughts: int = 0, **more: Any) -> dict[str, Any]:
    """A block whose total is the sum; what is nought is left out, as Google does."""
    counts = {
        "promptTokenCount": entered,
        "candidatesTokenCount": left,
        "thoughtsTokenCount": thoughts,
        "totalTokenCount": entered
        + (left or 0)
        + thoughts
        + more.get("toolUsePromptTokenCount", 0),
    }
    return {name: count for name, count in counts.items() if count} | more


def by(**modalities: int) -> list[dict[str, Any]]:
    """Tokens by modality."""
    return [{"modality": name, "tokenCount": count} for name, count in modalities.items()]


GEMINI = [
    block(
        "plain",
        told(14, 1, promptTokensDetails=by(TEXT=14), serviceTier="standard"),
        (14, "1.25"),
        (1, "10"),
        input=14,
        output=1,
        service_tier="standard",
    ),
    block(
        "A05 thoughts come on top of the candidates",
        told(38, 78, 285),
        (38, "1.25"),
        (78 + 285, "10"),
        input=38,
        output=363,
        reasoning=285,
    ),
    block(
        "A05 nothing but thoughts",
        told(15, None, 2),
        (15, "1.25"),
        (2, "10"),
        input=15,
        output=2,
        reasoning=2,
    ),
    block(
        "A05 thoughts inside the candidates, as the total says",
        told(15, 40, thoughtsTokenCount=30),
        (15, "1.25"),
        (40, "10"),
        input=15,
        output=40,
        reasoning=30,
    ),
    block(
        "cached, inside the prompt",
        told(3520, 2, 42, cachedContentTokenCount=3512, cacheTokensDetails=by(TEXT=3512)),
        (3520 - 3512, "1.25"),
        (3512, "0.125"),
        (44, "10"),
        input=3520,
        cached_input=3512,
        output=44,
        reasoning=42,
    ),
    block(
        "a document is plain input",
        told(
            345,
            37,
            cachedContentTokenCount=230,
            promptTokensDetails=by(TEXT=87, DOCUMENT=258),
            cacheTokensDetails=by(DOCUMENT=172, TEXT=58),
        ),
        (115, "1.25"),
        (230, "0.125"),
        (37, "10"),
        input=345,
        cached_input=230,
        output=37,
    ),
    block(
        "audio heard",
        told(214, 19, 58, promptTokensDetails=by(TEXT=70, AUDIO=144)),
        (70, "1.25"),
        (144, "3"),
        (77, "10"),
        input=214,
        audio_input=144,
        output=77,
        reasoning=58,
    ),
    block(
        "audio of which a part was cached",
        told(
            500,
            10,
            cachedContentTokenCount=150,
            promptTokensDetails=by(TEXT=300, AUDIO=200),
            cacheTokensDetails=by(TEXT=50, AUDIO=100),
        ),
        (250, "1.25"),
        (100, "3"),
        (150, "0.125"),
        (10, "10"),
        input=500,
        cached_input=150,
        audio_input=100,
        output=10,
    ),
    block(
        "pictures seen",
        told(272, 86, 641, promptTokensDetails=by(TEXT=14, IMAGE=258)),
        (14, "1.25"),
        (258, "2"),
        (727, "10"),
        input=272,
        image_input=258,
        output=727,
        reasoning=641,
    ),
    block(
        "a film with its sound",
        told(900, 10, promptTokensDetails=by(TEXT=20, VIDEO=600, AUDIO=280)),
        (620, "1.25"),
        (280, "3"),
        (10, "10"),
        input=900,
        audio_input=280,
        output=10,
    ),
    block(
        "a picture drawn",
        told(12, 1295, candidatesTokensDetails=by(TEXT=5, IMAGE=1290)),
        (12, "1.25"),
        (5, "10"),
        (1290, "30"),
        input=12,
        output=1295,
        image_output=1290,
    ),
    block(
        "speech",
        told(12, 300, candidatesTokensDetails=by(AUDIO=300)),
        (12, "1.25"),
        (300, "12"),
        input=12,
        output=300,
        audio_output=300,
    ),
    block(
        "what tools brought in is input",
        told(46, 293, 980, toolUsePromptTokenCount=1436, toolUsePromptTokensDetails=by(TEXT=1436)),
        (46 + 1436, "1.25"),
        (293 + 980, "10"),
        input=1482,
        output=1273,
        reasoning=980,
    ),
    block(
        "pictures that tools brought in",
        told(10, 5, toolUsePromptTokenCount=258, toolUsePromptTokensDetails=by(IMAGE=258)),
        (10, "1.25"),
        (258, "2"),
        (5, "10"),
        input=268,
        image_input=258,
        output=5,
    ),
    block(
        "A13 above the bound",
        told(200_001, 10, 5, cachedContentTokenCount=100_000),
        (100_001, "2.5"),
        (100_000, "0.25"),
        (15, "15"),
        input=200_001,
        cached_input=100_000,
        output=15,
        reasoning=5,
    ),
    block(
        "a service tier",
        told(100, 10, serviceTier="priority"),
        (100, "2.25"),
        (10, "18"),
        input=100,
        output=10,
        service_tier="priority",
    ),
]

VERTEX = [
    block(
        "plain",
        told(21, 15, promptTokensDetails=by(TEXT=21), candidatesTokensDetails=by(TEXT=15)),
        (21, "1.25"),
        (15, "10"),
        input=21,
        output=15,
    ),
    block(
        "on demand is the standard",
        told(13, 7, 32, trafficType="ON_DEMAND"),
        (13, "1.25"),
        (39, "10"),
        input=13,
        output=39,
        reasoning=32,
        service_tier="standard",
    ),
    block(
        "flex",
        told(5, 1, 100, trafficType="ON_DEMAND_FLEX"),
        (5, "0.625"),
        (101, "5"),
        input=5,
        output=101,
        reasoning=100,
        service_tier="flex",
    ),
    block(
        "priority",
        told(5, 1, trafficType="ON_DEMAND_PRIORITY"),
        (5, "2.25"),
        (1, "18"),
        input=5,
        output=1,
        service_tier="priority",
    ),
    block(
        "provisioned throughput, with no prices of its own",
        told(5, 1, trafficType="PROVISIONED_THROUGHPUT"),
        (5, "1.25"),
        (1, "10"),
        input=5,
        output=1,
        service_tier="provisioned_throughput",
    ),
    block(
        "traffic that is not told, and a tier told beside the usage",
        told(5, 1, trafficType="TRAFFIC_TYPE_UNSPECIFIED", serviceTier="unspecified"),
        (5, "0.625"),
        (1, "5"),
        tier="flex",
        input=5,
        output=1,
        service_tier="flex",
    ),
    block(
        "audio heard",
        told(159, 19, promptTokensDetails=by(TEXT=9, AUDIO=150), trafficType="ON_DEMAND"),
        (9, "1.25"),
        (150, "3"),
        (19, "10"),
        input=159,
        audio_input=150,
        output=19,
        service_tier="standard",
    ),
    block(
        "pictures seen",
        told(1817, 5, promptTokensDetails=by(TEXT=11, IMAGE=1806)),
        (11, "1.25"),
        (1806, "2"),
        (5, "10"),
        input=1817,
        image_input=1806,
        output=5,
    ),
    block(
        "cached",
        told(4200, 9, cachedContentTokenCount=4096, cacheTokensDetails=by(TEXT=4096)),
        (104, "1.25"),
        (4096, "0.125"),
        (9, "10"),
        input=4200,
        cached_input=4096,
        output=9,
    ),
    block(
        "grounded on pages",
        told(17, 241, 412, toolUsePromptTokenCount=102),
        (119, "1.25"),
        (653, "10"),
        input=119,
        output=653,
        reasoning=412,
    ),
    block(
        "A13 on the bound",
        told(200_000, 1),
        (200_000, "1.25"),
        (1, "10"),
        input=200_000,
        output=1,
    ),
]


@pytest.mark.parametrize("row", [*GEMINI, *VERTEX])
def test_A05_geminis_blocks_cost_what_they_add_up_to(row: Block) -> None:
    """Thoughts are output and cached tokens are input, once each; modalities have their prices."""
    check(row, Dialect.GEMINI, PRICES)


@pytest.mark.parametrize(
    ("block_told", "entered", "left"),
    [
        ({"totalTokenCount": 12}, 12, 0),
        ({"candidatesTokenCount": 5, "totalTokenCount": 12}, 7, 5),
        ({"promptTokenCount": 7, "totalTokenCount": 12}, 7, 5),
        ({"promptTokenCount": 7, "totalTokenCount": 3}, 7, 0),
        ({"promptTokenCount": 7, "candidatesTokenCount": 5, "totalTokenCount": 99}, 7, 5),
        ({"promptTokenCount": 7, "candidatesTokenCount": 5}, 7, 5),
        ({"promptTokenCount": 7, "responseTokenCount": 5, "totalTokenCount": 12}, 7, 5),
        ({"promptTokenCount": 0, "totalTokenCount": 0}, 0, 0),
        ({"promptTokenCount": 7.0, "candidatesTokenCount": 5e0}, 7, 5),
    ],
)
def test_A10_what_is_left_out_is_worked_out(
    block_told: dict[str, Any], entered: int, left: int
) -> None:
    """Nought is left out; a total that fits nothing is ignored."""
    assert read_usage(block_told) == Usage(input_tokens=entered, output_tokens=left)


@pytest.mark.parametrize(
    "block_told",
    [
        {},
        {"candidatesTokenCount": 5},
        {"candidatesTokenCount": 5, "totalTokenCount": 4},
        {"promptTokenCount": -7},
        {"promptTokenCount": "7"},
        {"promptTokenCount": 7, "promptTokensDetails": {}},
        {"promptTokenCount": 7, "promptTokensDetails": by(AUDIO=8)},
        {"promptTokenCount": 7, "promptTokensDetails": by(IMAGE=-8)},
        {"promptTokenCount": 7, "cachedContentTokenCount": 8},
        {"promptTokenCount": 7, "candidatesTokensDetails": by(IMAGE=8)},
        [],
        None,
    ],
)
def test_A07_what_cannot_be_believed_is_unusable(block_told: Any) -> None:
    """A missing input, a count that is none and a part larger than its whole price nothing."""
    assert isinstance(read_usage(block_told), Unusable)


def test_A21_embeddings_tell_their_modalities_under_another_name() -> None:
    """``promptTokenDetails`` there, and never any output."""
    row = Block(
        {"promptTokenCount": 265, "promptTokenDetails": by(TEXT=7, IMAGE=258)},
        Usage(input_tokens=265, image_input_tokens=258),
        ((7, "1.25"), (258, "2")),
    )
    check(row, Kind.GEMINI_EMBED, PRICES, Endpoint.EMBEDDINGS)
