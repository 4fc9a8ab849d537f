"""LiteLLM's list: every kind of field that it has, and where it goes."""

import json
from decimal import Decimal
from typing import Any

import pytest

from tollhouse.catalogue.price_sources.book import Origin, PriceBook, PriceEntry
from tollhouse.catalogue.price_sources.litellm import is_litellm, read

SPEC = {"litellm_provider": "one of https://docs.litellm.ai/docs/providers", "max_tokens": "text"}


def book_of(**entries: dict[str, Any]) -> PriceBook:
    """A list in which the names' double underscores are slashes."""
    named = {name.replace("__", "/"): entry for name, entry in entries.items()}
    text = json.dumps({"sample_spec": SPEC, **named})
    return read(json.loads(text, parse_float=Decimal))


def entry_of(mode: str = "chat", provider: str = "openai", **fields: Any) -> PriceEntry:
    """The one entry of a list."""
    raw = {"litellm_provider": provider, "mode": mode, **fields}
    (entry,) = book_of(model=raw).entries
    return entry


def entry_with(fields: dict[str, Any]) -> PriceEntry:
    """The one entry of a list, of a chat model."""
    return entry_of(**fields)


def left_of(entry: PriceEntry) -> dict[str, str]:
    """The values of what was not placed, by name."""
    return {one.field: one.value for one in entry.unplaced}


@pytest.mark.parametrize(
    ("field", "ours"),
    [
        ("input_cost_per_token", "input_per_1m_tokens"),
        ("output_cost_per_token", "output_per_1m_tokens"),
        ("cache_read_input_token_cost", "cached_input_per_1m_tokens"),
        ("input_cost_per_token_cache_hit", "cached_input_per_1m_tokens"),
        ("cache_creation_input_token_cost", "cache_write_per_1m_tokens"),
        ("cache_creation_input_token_cost_above_1hr", "cache_write_1h_per_1m_tokens"),
        ("input_cost_per_audio_token", "audio_input_per_1m_tokens"),
        ("input_cost_per_image_token", "image_input_per_1m_tokens"),
        ("output_cost_per_reasoning_token", "reasoning_per_1m_tokens"),
        ("output_cost_per_audio_token", "audio_output_per_1m_tokens"),
        ("output_cost_per_image_token", "image_output_per_1m_tokens"),
    ],
)
def test_price_per_token_becomes_one_per_million(field: str, ours: str) -> None:
    """1.5e-07 is 0.15 a million, for the base, a size of input and each service tier."""
    base = entry_with({field: 1.5e-07})
    sized = entry_with({f"{field}_above_128k_tokens": 3e-07, f"{field}_above_200k_tokens": 4e-07})

    assert (base.pricing, base.unplaced, base.faults) == ({ours: "0.15"}, (), ())
    assert sized.pricing == {
        "tiers": [
            {"above_input_tokens": 128_000, ours: "0.3"},
            {"above_input_tokens": 200_000, ours: "0.4"},
        ]
    }
    for suffix, tier in (("batches", "batch"), ("flex", "flex"), ("priority", "priority")):
        served = entry_with({f"{field}_{suffix}": 7.5e-08})
        assert served.pricing == {"service_tiers": {tier: {ours: "0.075"}}}


@pytest.mark.parametrize(
    ("mode", "fields", "pricing"),
    [
        ("image_generation", {"output_cost_per_image": 0.04}, {"per_image": "0.04"}),
        ("image_generation", {"input_cost_per_image": 0.04}, {"per_image": "0.04"}),
        (
            "image_edit",
            {"input_cost_per_image": 0.02, "output_cost_per_image": 0.0},
            {"per_image": "0.02"},
        ),
        ("chat", {"output_cost_per_image": 0.039}, {"per_image": "0.039"}),
        ("audio_transcription", {"output_cost_per_second": 0.0001}, {"per_second": "0.0001"}),
        (
            "audio_transcription",
            {"input_cost_per_second": 0.0001, "output_cost_per_second": 0.0},
            {"per_second": "0.0001"},
        ),
        ("audio_speech", {"input_cost_per_character": 1.5e-05}, {"per_character": "0.000015"}),
        ("chat", {"input_cost_per_request": 0.005}, {"per_request": "0.005"}),
        ("rerank", {"input_cost_per_query": 0.002}, {"per_search": "0.002"}),
        (
            "chat",
            {"search_context_cost_per_query": {"search_context_size_low": 0.01}},
            {"per_search": "0.01"},
        ),
    ],
)
def test_price_per_unit_keeps_its_unit(
    mode: str, fields: dict[str, Any], pricing: dict[str, str]
) -> None:
    """A unit is counted once; the side that is charged gives its price."""
    entry = entry_of(mode, **fields)

    assert (entry.pricing, entry.unplaced) == (pricing, ())


def test_long_context_model_with_every_class_of_input() -> None:
    """Caches are read, written and written for an hour at prices of their own, above 200k too."""
    entry = entry_of(
        provider="anthropic",
        input_cost_per_token=3e-06,
        output_cost_per_token=1.5e-05,
        cache_read_input_token_cost=3e-07,
        cache_creation_input_token_cost=3.75e-06,
        cache_creation_input_token_cost_above_1hr=6e-06,
        input_cost_per_token_above_200k_tokens=6e-06,
        output_cost_per_token_above_200k_tokens=2.25e-05,
        cache_creation_input_token_cost_above_1hr_above_200k_tokens=1.2e-05,
    )

    assert entry.pricing == {
        "input_per_1m_tokens": "3",
        "output_per_1m_tokens": "15",
        "cached_input_per_1m_tokens": "0.3",
        "cache_write_per_1m_tokens": "3.75",
        "cache_write_1h_per_1m_tokens": "6",
        "tiers": [
            {
                "above_input_tokens": 200_000,
                "input_per_1m_tokens": "6",
                "output_per_1m_tokens": "22.5",
                "cache_write_1h_per_1m_tokens": "12",
            }
        ],
    }
    assert entry.unplaced == ()


def test_higher_tier_holds_what_a_lower_one_changed() -> None:
    """One tier alone applies to a request, so it carries the prices of those below it."""
    entry = entry_of(
        input_cost_per_token_above_128k_tokens=2e-06,
        output_cost_per_token_above_128k_tokens=4e-06,
        input_cost_per_token_above_256k_tokens=3e-06,
    )

    assert entry.pricing["tiers"][1] == {
        "above_input_tokens": 256_000,
        "input_per_1m_tokens": "3",
        "output_per_1m_tokens": "4",
    }


def test_ranges_of_input_size_become_base_and_tiers() -> None:
    """The range from nothing is the base; the list writes sizes as whole numbers or as 32e3."""
    text = (
        '{"m": {"litellm_provider": "dashscope", "mode": "chat", "tiered_pricing": ['
        '{"range": [0, 32e3], "input_cost_per_token": 1e-06, "output_cost_per_token": 5e-06},'
        '{"range": [32e3, 128000.0], "input_cost_per_token": 1.8e-06,'
        ' "output_cost_per_token": 9e-06}]}}'
    )

    (entry,) = read(json.loads(text, parse_float=Decimal)).entries

    assert entry.pricing == {
        "input_per_1m_tokens": "1",
        "output_per_1m_tokens": "5",
        "tiers": [
            {
                "above_input_tokens": 32_000,
                "input_per_1m_tokens": "1.8",
                "output_per_1m_tokens": "9",
            }
        ],
    }


@pytest.mark.parametrize(
    "field",
    [
        "input_cost_per_token_above_272k_tokens_priority",
        "input_cost_per_pixel",
        "ocr_cost_per_page",
        "input_cost_per_audio_per_second_above_128k_tokens",
        "output_cost_per_video_per_second",
        "input_cost_per_query",
        "input_cost_per_image",
        "code_interpreter_cost_per_session",
        "input_dbu_cost_per_token",
        "regional_processing_uplift_multiplier_eu",
        "cost_of_a_kind_that_is_new",
    ],
)
def test_price_without_a_place_is_named(field: str) -> None:
    """Nothing that looks like a price is dropped silently; null is no price."""
    assert left_of(entry_with({field: 1.1, "output_cost_per_token": None})) == {field: "1.1"}


def test_searches_of_different_prices_have_no_place() -> None:
    """A search has one price here."""
    sizes = {"search_context_size_low": 0.03, "search_context_size_high": 0.05}

    entry = entry_of(search_context_cost_per_query=sizes)

    assert set(left_of(entry)) == {f"search_context_cost_per_query.{size}" for size in sizes}
    assert entry.pricing == {}


def test_second_price_of_one_unit_is_named() -> None:
    """Two names of one thing agree, or the second has no place."""
    agreed = entry_of(cache_read_input_token_cost=1e-07, input_cost_per_token_cache_hit=1e-07)
    other = entry_of(cache_read_input_token_cost=1e-07, input_cost_per_token_cache_hit=2e-07)

    assert left_of(agreed) == {}
    assert list(left_of(other)) == ["input_cost_per_token_cache_hit"]
    assert other.pricing == agreed.pricing == {"cached_input_per_1m_tokens": "0.1"}


@pytest.mark.parametrize("value", [-1e-06, "cheap", True, [], {}, "1e-06"])
def test_unreadable_price_is_a_fault(value: Any) -> None:
    """What has a place and cannot be read is told, never guessed."""
    entry = entry_of(input_cost_per_token=value, output_cost_per_token=1e-06)

    assert [one.field for one in entry.faults] == ["input_cost_per_token"]


def test_limits_and_capabilities_are_read_as_stated() -> None:
    """What is absent is unknown; the old max_tokens means two things and is not read."""
    entry = entry_of(
        max_tokens=16_384,
        max_input_tokens=128_000,
        max_output_tokens=16_384,
        supports_function_calling=True,
        supports_vision=False,
        supports_pdf_input=None,
        output_vector_size=1536,
    )

    assert entry.limits == {"context_window": 128_000, "max_tokens": 16_384}
    assert entry.capabilities == {"tools": True, "vision": False}
    assert entry.dimensions == 1536


def test_list_is_recognised_and_what_is_no_model_is_left_out() -> None:
    """The placeholder and the rules are no models; other strays are named."""
    data = {
        "sample_spec": SPEC,
        "fallback_generalizations": {"rules": []},
        "stray": {"price": 1},
        "gpt-4o": {"litellm_provider": "openai"},
    }

    book = read(data)

    assert is_litellm(data)
    assert not is_litellm({"gpt-4o": {"input": 1}})
    assert not is_litellm([data])
    assert [entry.id for entry in book.entries] == ["gpt-4o"]
    assert book.unread == ("stray",)


@pytest.mark.parametrize(
    ("origin", "providers"),
    [
        (Origin("main", "openai", "https://api.openai.com/v1"), ("openai",)),
        (Origin("openai", None, None), ("openai",)),
        (Origin("eu", "azure", "https://acme.openai.azure.com"), ("azure",)),
        (Origin("aws", None, None), ("bedrock", "bedrock_converse")),
        (
            Origin("x", "openai", "https://bedrock-runtime.eu-west-1.amazonaws.com/v1"),
            ("bedrock", "bedrock_converse"),
        ),
        (Origin("vertex-ai", None, None), ("vertex_ai-language-models",)),
        (Origin("lab", "openai", "http://127.0.0.1:9/v1"), ()),
        (Origin("openai", "openai", "https://api.openai.com.evil.test/v1"), ("openai",)),
        (Origin("lab", "openai", "https://api.openai.com.evil.test/v1"), ()),
        (Origin(None, None, "https://[bad"), ()),
    ],
)
def test_provider_is_told_by_address_then_by_name(
    origin: Origin, providers: tuple[str, ...]
) -> None:
    """Where the money goes says more than what the provider is called here."""
    names = ("openai", "azure", "bedrock", "bedrock_converse", "vertex_ai-language-models")
    book = book_of(**{name: {"litellm_provider": name} for name in names})

    assert book.providers_at(origin) == providers
