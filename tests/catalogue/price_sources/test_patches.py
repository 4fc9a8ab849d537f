"""What an entry changes in a document, and what it leaves alone."""

import json
from decimal import Decimal
from typing import Any

import pytest

from tollhouse.catalogue.merge import merge
from tollhouse.catalogue.price_sources import genai_prices, litellm
from tollhouse.catalogue.price_sources.book import PriceBook, PriceEntry
from tollhouse.catalogue.price_sources.patches import (
    differences,
    fact_patch,
    kind_of,
    price_patch,
    usable,
)
from tollhouse.core.needs import ModelType


def litellm_book(**fields: Any) -> PriceBook:
    """A list with one entry."""
    raw = json.dumps({"m": {"litellm_provider": "openai", **fields}})
    return litellm.read(json.loads(raw, parse_float=Decimal))


def entry_of(**fields: Any) -> PriceEntry:
    """The entry of such a list."""
    return litellm_book(**fields).entries[0]


@pytest.mark.parametrize(
    ("current", "patch"),
    [
        ({}, {"input_per_1m_tokens": "3", "output_per_1m_tokens": "15"}),
        ({"input_per_1m_tokens": "3.00", "output_per_1m_tokens": "15"}, {}),
        (
            {"input_per_1m_tokens": "2", "output_per_1m_tokens": "15", "per_image": "1"},
            {"input_per_1m_tokens": "3", "per_image": None},
        ),
        (
            {"input_per_1m_tokens": "3", "output_per_1m_tokens": "15", "currency": "EUR"},
            {"currency": "USD"},
        ),
        (
            {
                "input_per_1m_tokens": "3",
                "output_per_1m_tokens": "15",
                "source": "upstream",
                "tiers": [{"above_input_tokens": 1000, "input_per_1m_tokens": "4"}],
                "service_tiers": {"flex": {"input_per_1m_tokens": "1"}, "gold": {}},
            },
            {"tiers": None, "service_tiers": {"flex": None}},
        ),
    ],
)
def test_block_comes_to_say_what_the_list_tells(
    current: dict[str, Any], patch: dict[str, Any]
) -> None:
    """Only differences of amount are changes; words that the list lacks stay as they are."""
    book = litellm_book(input_cost_per_token=3e-06, output_cost_per_token=1.5e-05)

    assert price_patch(current, book.entries[0].pricing, book, keep=False) == patch


def test_keeping_takes_nothing_away() -> None:
    """What the list does not tell stays, tiers and service tiers too."""
    book = litellm_book(input_cost_per_token=3e-06, input_cost_per_token_flex=1e-06)
    current = {
        "per_request": "0.1",
        "tiers": [{"above_input_tokens": 1000, "input_per_1m_tokens": "4"}],
        "service_tiers": {"flex": {"output_per_1m_tokens": "2"}, "batch": {"per_request": "0"}},
    }

    patch = price_patch(current, book.entries[0].pricing, book, keep=True)

    assert patch == {
        "input_per_1m_tokens": "3",
        "service_tiers": {"flex": {"input_per_1m_tokens": "1"}},
    }


def test_list_is_silent_on_fields_that_it_has_no_word_for() -> None:
    """genai-prices knows no price per image: one that stands there is not its affair."""
    prices = {"input_mtok": 3}
    provider = {"id": "a", "models": [{"id": "m", "match": {}, "prices": prices}]}
    book = genai_prices.read([provider], 0.0)
    current = {"per_image": "0.04", "output_per_1m_tokens": "1"}

    patch = price_patch(current, book.entries[0].pricing, book, keep=False)

    assert patch == {"input_per_1m_tokens": "3", "output_per_1m_tokens": None}


def test_tiers_that_are_the_same_amounts_are_no_change() -> None:
    """A tier is compared by its bound and its amounts, as a base price is."""
    book = litellm_book(input_cost_per_token_above_200k_tokens=6e-06)
    tiers = [{"above_input_tokens": 200_000, "input_per_1m_tokens": "6.0"}]
    told = book.entries[0].pricing

    assert price_patch({"tiers": tiers}, told, book, keep=False) == {}
    tiers[0]["above_input_tokens"] = 128_000
    assert price_patch({"tiers": tiers}, told, book, keep=False) == {"tiers": told["tiers"]}


def test_units_that_a_type_cannot_use_are_left_and_named() -> None:
    """Embeddings have no output, in the base, in tiers and in service tiers."""
    entry = entry_of(
        input_cost_per_token=2e-08,
        output_cost_per_token=0.0,
        output_cost_per_token_above_128k_tokens=1e-08,
        input_cost_per_token_batches=1e-08,
        output_cost_per_token_flex=0.0,
    )

    pricing, left = usable(entry, ModelType.EMBEDDINGS)

    assert pricing == {
        "input_per_1m_tokens": "0.02",
        "service_tiers": {"batch": {"input_per_1m_tokens": "0.01"}},
    }
    assert [one.field for one in left] == [
        "output_per_1m_tokens",
        "tiers[128000].output_per_1m_tokens",
        "service_tiers.flex.output_per_1m_tokens",
    ]
    assert usable(entry, ModelType.COMPLETION) == (entry.pricing, ())


def test_limits_and_capabilities_are_taken_where_they_have_a_place() -> None:
    """What stands there already is no change; what is more than a document takes is named."""
    entry = entry_of(
        max_input_tokens=10_000_000,
        max_output_tokens=8192,
        supports_vision=True,
        supports_reasoning=False,
        output_vector_size=1536,
    )
    current = {"limits": {"max_tokens": 4096}, "capabilities": {"vision": True}}

    patch, left = fact_patch(entry, current, ModelType.COMPLETION)

    assert patch == {"limits": {"max_tokens": 8192}, "capabilities": {"reasoning": False}}
    assert [one.field for one in left] == ["limits.context_window"]


def test_dimensions_are_taken_for_embeddings_alone() -> None:
    """One that the model's own choices exclude has no place."""
    entry = entry_of(max_output_tokens=8192, output_vector_size=1536)

    assert fact_patch(entry, {}, ModelType.EMBEDDINGS) == ({"dimensions": 1536}, ())
    assert fact_patch(entry, {"dimensions": 1536}, ModelType.EMBEDDINGS) == ({}, ())
    patch, left = fact_patch(entry, {"supported_dimensions": [256]}, ModelType.EMBEDDINGS)
    assert (patch, [one.field for one in left]) == ({}, ["dimensions"])


def test_differences_name_each_field_once() -> None:
    """Tiers are told by their bound, whatever place they have in the list."""
    tier = {"above_input_tokens": 200_000, "input_per_1m_tokens": "6"}
    before = {"pricing": {"input_per_1m_tokens": "2", "per_request": "1"}, "limits": {"a": 1}}
    patch = {"pricing": {"input_per_1m_tokens": "3", "per_request": None, "tiers": [tier]}}

    assert differences(before, merge(before, patch)) == [
        ("pricing.input_per_1m_tokens", "2", "3"),
        ("pricing.per_request", "1", None),
        ("pricing.tiers[above 200000].input_per_1m_tokens", None, "6"),
    ]


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ({"type": "embeddings"}, ModelType.EMBEDDINGS),
        ({"type": "completion", "owner": {"kind": "system"}}, ModelType.COMPLETION),
        ({"parent_model_id": "a"}, None),
        ({"type": "completion", "owner": {"kind": "user", "id": "u"}}, None),
    ],
)
def test_system_models_alone_have_prices_of_lists(
    document: dict[str, Any], kind: ModelType | None
) -> None:
    """A child's are its parent's, and a user's are theirs."""
    assert kind_of(document) is kind
