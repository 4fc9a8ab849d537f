"""Usage of Cohere's rerankings and embeddings, to the digit."""

import pytest

from tollhouse.core.needs import Endpoint
from tollhouse.core.usage import Unusable, Usage
from tollhouse.wire.usage.cohere import read_usage
from tollhouse.wire.usage.table import Kind
from wire.usage.blocks import HOST_PRICES, Block, block, check

COHERE = [
    block(
        "a reranking",
        {"api_version": {"version": "2"}, "billed_units": {"search_units": 1}},
        (1, "5000"),
        searches=1,
    ),
    block("many documents", {"billed_units": {"search_units": 3.0}}, (3, "5000"), searches=3),
    block(
        "embeddings",
        {"api_version": {"version": "2"}, "billed_units": {"image_tokens": 0, "input_tokens": 4}},
        (4, "0.2"),
        input=4,
    ),
    block(
        "embeddings of pictures",
        {"billed_units": {"images": 1, "image_tokens": 258, "input_tokens": 4}},
        (4, "0.2"),
        (258, "0.4"),
        input=262,
        image_input=258,
    ),
    block(
        "a reranking billed by the token",
        {"billed_units": {"total_tokens": 26}, "tokens": {"input_tokens": 26}},
        (26, "0.2"),
        input=26,
    ),
    block(
        "warnings beside",
        {"billed_units": {"search_units": 1}, "warnings": ["deprecated"], "is_experimental": True},
        (1, "5000"),
        searches=1,
    ),
    block("A10 explicit zeros", {"billed_units": {"search_units": 0}}, (0, "5000")),
]


@pytest.mark.parametrize("row", COHERE)
def test_A21_coheres_units_cost_what_they_add_up_to(row: Block) -> None:
    """Rerankings are billed by the search unit, embeddings by the token."""
    check(row, Kind.COHERE, HOST_PRICES, Endpoint.RERANK)


@pytest.mark.parametrize(
    "told",
    [
        b"{}",
        b'{"billed_units":null}',
        b'{"billed_units":{}}',
        b'{"billed_units":{"output_tokens":0}}',
        b'{"billed_units":[]}',
        b'{"billed_units":{"search_units":-1}}',
        b'{"billed_units":{"search_units":0.5}}',
        b'{"billed_units":{"search_units":"1"}}',
        b"null",
        b"",
    ],
)
def test_A07_units_that_cannot_be_believed_are_unusable(told: bytes) -> None:
    """What is not told is not nought."""
    assert isinstance(read_usage(told), Unusable)


def test_A07_units_that_nobody_knows_are_passed_over() -> None:
    """New units do no harm to the known ones."""
    told = b'{"billed_units":{"search_units":2,"classifications":"many"}}'
    assert read_usage(told) == Usage(searches=2)
