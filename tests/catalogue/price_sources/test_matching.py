"""Which entry is taken for a model, and that a price of another provider never is."""

import json
from decimal import Decimal
from typing import Any

import pytest

from tollhouse.catalogue.price_sources import genai_prices, litellm
from tollhouse.catalogue.price_sources.matching import Finder, sought

BASES = {
    "openai": ("openai", "https://api.openai.com/v1"),
    "azure-eu": ("azure", "https://acme.openai.azure.com"),
    "router": ("openai", "https://openrouter.ai/api/v1"),
    "lab": ("openai", "http://127.0.0.1:9/v1"),
}
LITELLM = {
    "gpt-4o": {"litellm_provider": "openai"},
    "gpt-4o-mini": {"litellm_provider": "openai"},
    "azure/gpt-4o": {"litellm_provider": "azure"},
    "azure/only-here": {"litellm_provider": "azure"},
    "openrouter/openai/gpt-4o": {"litellm_provider": "openrouter"},
}
GENAI = [
    {
        "id": "openai",
        "api_pattern": "https://api\\.openai\\.com",
        "models": [
            {"id": "gpt-4o", "match": {"starts_with": "gpt-4o"}, "prices": {}},
            {"id": "gpt-4o-mini", "match": {"starts_with": "gpt-4o-mini"}, "prices": {}},
        ],
    },
    {
        "id": "azure",
        "api_pattern": "https://.*\\.openai\\.azure\\.com",
        "fallback_model_providers": ["openai"],
        "models": [{"id": "phi-4", "match": {"equals": "phi-4"}, "prices": {}}],
    },
]
LISTS = {
    "litellm": litellm.read(LITELLM),
    "genai": genai_prices.read(json.loads(json.dumps(GENAI), parse_float=Decimal), 0.0),
}


@pytest.mark.parametrize(
    ("title", "model", "expected"),
    [
        ("litellm", {"provider": "openai", "upstream_model": "gpt-4o"}, "gpt-4o"),
        ("litellm", {"provider": "openai", "upstream_model": "GPT-4o-mini"}, "gpt-4o-mini"),
        ("litellm", {"provider": "openai", "model_id": "gpt-4o"}, "gpt-4o"),
        ("litellm", {"provider": "openai", "aliases": ["x", "gpt-4o"]}, "gpt-4o"),
        ("litellm", {"provider": "azure-eu", "upstream_model": "gpt-4o"}, "azure/gpt-4o"),
        (
            "litellm",
            {"provider": "router", "upstream_model": "openai/gpt-4o"},
            "openrouter/openai/gpt-4o",
        ),
        (
            "litellm",
            {"connection": {"protocol": "openai", "base_url": "https://api.openai.com/v1"}}
            | {"upstream_model": "gpt-4o"},
            "gpt-4o",
        ),
        ("litellm", {"provider": "lab", "upstream_model": "only-here"}, "azure/only-here"),
        ("genai", {"provider": "openai", "upstream_model": "gpt-4o-mini"}, "openai/gpt-4o-mini"),
        ("genai", {"provider": "openai", "upstream_model": "gpt-4o-2024-08-06"}, "openai/gpt-4o"),
        ("genai", {"provider": "azure-eu", "upstream_model": "phi-4"}, "azure/phi-4"),
        ("genai", {"provider": "azure-eu", "upstream_model": "gpt-4o"}, "openai/gpt-4o"),
        ("genai", {"provider": "lab", "upstream_model": "gpt-4o"}, "openai/gpt-4o"),
    ],
)
def test_model_is_found_at_its_provider(title: str, model: dict[str, Any], expected: str) -> None:
    """By the upstream's name first, then by its own and its aliases."""
    found = Finder(LISTS[title]).find(sought({"model_id": "ours", **model}, BASES))

    assert found.entry is not None
    assert found.entry.id == expected


@pytest.mark.parametrize(
    ("title", "model", "candidates"),
    [
        ("litellm", {"provider": "openai", "upstream_model": "only-here"}, ("azure/only-here",)),
        ("litellm", {"provider": "lab", "upstream_model": "gpt-4o"}, ("gpt-4o", "azure/gpt-4o")),
        ("litellm", {"provider": "lab", "upstream_model": "gpt-5"}, ()),
        ("genai", {"provider": "openai", "upstream_model": "phi-4"}, ("azure/phi-4",)),
        ("genai", {"provider": "lab", "upstream_model": "gpt-4o-2024-08-06"}, ()),
    ],
)
def test_model_that_could_be_several_or_none_is_not_guessed(
    title: str, model: dict[str, Any], candidates: tuple[str, ...]
) -> None:
    """Those that could be meant are named, for a mapping to choose from."""
    found = Finder(LISTS[title]).find(sought({"model_id": "ours", **model}, BASES))

    assert (found.entry, found.candidates) == (None, candidates)


def test_upstream_name_comes_before_an_alias() -> None:
    """An alias may be another model's name, kept for clients that ask for that one."""
    model = {"model_id": "ours", "provider": "openai", "upstream_model": "gpt-4o-mini"}

    found = Finder(LISTS["litellm"]).find(sought({**model, "aliases": ["gpt-4o"]}, BASES))

    assert found.entry is not None
    assert (found.entry.id, found.name) == ("gpt-4o-mini", "gpt-4o-mini")
