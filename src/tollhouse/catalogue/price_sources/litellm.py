"""LiteLLM's ``model_prices_and_context_window.json``: USD per single token or unit, by model.

Suffixes make variants of a price: ``_above_200k_tokens`` for large inputs, ``_batches``,
``_flex`` and ``_priority`` for service tiers. ``cache_creation_…_above_1hr`` is the price of
writing to the cache for an hour, not one for large inputs.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from ..documents.pricing import PRICE_FIELDS
from .book import Origin, PriceBook, PriceEntry
from .placing import MILLION, TIER_IN_TIER, Placing

TITLE = "LiteLLM"

_TOKENS = {
    "input_cost_per_token": "input_per_1m_tokens",
    "output_cost_per_token": "output_per_1m_tokens",
    "cache_read_input_token_cost": "cached_input_per_1m_tokens",
    "input_cost_per_token_cache_hit": "cached_input_per_1m_tokens",
    "cache_creation_input_token_cost": "cache_write_per_1m_tokens",
    "cache_creation_input_token_cost_above_1hr": "cache_write_1h_per_1m_tokens",
    "input_cost_per_audio_token": "audio_input_per_1m_tokens",
    "input_cost_per_image_token": "image_input_per_1m_tokens",
    "output_cost_per_reasoning_token": "reasoning_per_1m_tokens",
    "output_cost_per_audio_token": "audio_output_per_1m_tokens",
    "output_cost_per_image_token": "image_output_per_1m_tokens",
}
_SIDES = {
    "per_second": ("output_cost_per_second", "input_cost_per_second"),
    "per_character": ("input_cost_per_character", "output_cost_per_character"),
}
"""Units that are counted once, whichever side the list charges; the first one wins."""
_OUTPUT, _REASONING = "output_cost_per_token", "output_cost_per_reasoning_token"
_IMAGE_MODES = frozenset({"image_generation", "image_edit"})
_VARIANT = re.compile(
    r"(?P<stem>[a-z0-9_]+?)(_above_(?P<thousands>\d{1,6})k_tokens)?"
    r"(_(?P<service>batches|flex|priority))?"
)
_SERVICE_TIERS = {"batches": "batch", "flex": "flex", "priority": "priority"}
_CAPABILITIES = {
    "supports_function_calling": "tools",
    "supports_parallel_function_calling": "parallel_tools",
    "supports_vision": "vision",
    "supports_audio_input": "audio",
    "supports_pdf_input": "files",
    "supports_response_schema": "json_schema",
    "supports_reasoning": "reasoning",
    "supports_native_streaming": "streaming",
}
_LIMITS = {"max_input_tokens": "context_window", "max_output_tokens": "max_tokens"}
_LARGEST_BOUND = 1_000_000_000
_NO_MODELS = frozenset({"sample_spec", "fallback_generalizations"})

_FAMILIES = {
    "openai": ("openai", "text-completion-openai"),
    "bedrock": ("bedrock", "bedrock_converse"),
    "cohere": ("cohere", "cohere_chat"),
    "fireworks_ai": ("fireworks_ai", "fireworks_ai-embedding-models"),
    "azure": ("azure", "azure_text"),
}
_OTHER_NAMES = {
    "aws": "bedrock",
    "azure_openai": "azure",
    "fireworks": "fireworks_ai",
    "google": "gemini",
    "mistralai": "mistral",
    "perplexity_ai": "perplexity",
    "together": "together_ai",
    "vertex": "vertex_ai",
    "x_ai": "xai",
}
_HOSTS = (
    ("api.openai.com", "openai"),
    ("openai.azure.com", "azure"),
    ("api.anthropic.com", "anthropic"),
    ("generativelanguage.googleapis.com", "gemini"),
    ("aiplatform.googleapis.com", "vertex_ai"),
    ("api.mistral.ai", "mistral"),
    ("api.groq.com", "groq"),
    ("api.deepseek.com", "deepseek"),
    ("api.x.ai", "xai"),
    ("openrouter.ai", "openrouter"),
    ("api.together.xyz", "together_ai"),
    ("api.fireworks.ai", "fireworks_ai"),
    ("api.perplexity.ai", "perplexity"),
    ("api.cohere.com", "cohere"),
    ("api.cerebras.ai", "cerebras"),
    ("api.deepinfra.com", "deepinfra"),
)
_BEDROCK = re.compile(r"bedrock-runtime\.[a-z0-9-]+\.amazonaws\.com")


def is_litellm(data: Any) -> bool:
    """Whether a decoded JSON value is such a list."""
    return isinstance(data, dict) and any(
        isinstance(entry, dict) and "litellm_provider" in entry for entry in data.values()
    )


def read(data: Mapping[str, Any]) -> PriceBook:
    """The list, from JSON that was decoded with ``parse_float=Decimal``."""
    entries, unread = [], []
    for name, raw in data.items():
        if name in _NO_MODELS:
            continue
        if isinstance(raw, dict) and isinstance(raw.get("litellm_provider"), str):
            entries.append(_entry(name, raw))
        else:
            unread.append(name)
    known = frozenset(entry.provider for entry in entries)
    return PriceBook(
        title=TITLE,
        entries=tuple(entries),
        speaks_of=frozenset(PRICE_FIELDS),
        service_tiers=frozenset(_SERVICE_TIERS.values()),
        providers_at=lambda origin: _providers_at(origin, known),
        unread=tuple(unread),
    )


def _entry(name: str, raw: Mapping[str, Any]) -> PriceEntry:
    placing = Placing()
    mode = raw["mode"] if isinstance(raw.get("mode"), str) else ""
    _place_units(placing, raw, mode)
    for key, value in raw.items():
        if key == _REASONING and value == raw.get(_OUTPUT):
            continue  # a tier that changes the one would leave the other behind
        if value is not None and ("cost" in key or "multiplier" in key or key == "tiered_pricing"):
            _place(placing, key, value, mode)
    return PriceEntry(
        id=name,
        provider=raw["litellm_provider"],
        names=_names(name, raw["litellm_provider"]),
        pricing=placing.pricing(),
        limits={ours: raw[key] for key, ours in _LIMITS.items() if _whole(raw.get(key))},
        dimensions=raw["output_vector_size"] if _whole(raw.get("output_vector_size")) else None,
        capabilities={
            ours: raw[key] for key, ours in _CAPABILITIES.items() if isinstance(raw.get(key), bool)
        },
        unplaced=tuple(placing.unplaced),
        faults=tuple(placing.faults),
    )


def _names(name: str, provider: str) -> tuple[str, ...]:
    """The key, and without the provider in front of it."""
    head, slash, rest = name.partition("/")
    if slash and rest and (provider == head or provider.startswith((f"{head}_", f"{head}-"))):
        return name.lower(), rest.lower()
    return (name.lower(),)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


# --- Prices ---


def _place_units(placing: Placing, raw: Mapping[str, Any], mode: str) -> None:
    """What is counted once whichever side is charged: the side that has a price, if one has."""
    sides: dict[str, tuple[str, ...]] = {**_SIDES, "per_image": ("output_cost_per_image",)}
    if mode in _IMAGE_MODES:
        sides["per_image"] = ("output_cost_per_image", "input_cost_per_image")
    for ours, keys in sides.items():
        given = [key for key in keys if raw.get(key) is not None]
        charged = [key for key in given if raw[key]] or given[:1]
        for key in charged:
            placing.base(ours, key, raw[key])


def _place(placing: Placing, key: str, value: Any, mode: str) -> None:
    if key == "tiered_pricing":
        _place_ranges(placing, value)
    elif key == "search_context_cost_per_query":
        _place_searches(placing, value)
    elif key == "input_cost_per_request":
        placing.base("per_request", key, value)
    elif key == "input_cost_per_query" and mode == "rerank":
        placing.base("per_search", key, value)
    elif key in {"output_cost_per_image", *_SIDES["per_second"], *_SIDES["per_character"]} or (
        key == "input_cost_per_image" and mode in _IMAGE_MODES
    ):
        return  # placed with the other side of its unit
    else:
        _place_tokens(placing, key, value)


def _place_tokens(placing: Placing, key: str, value: Any) -> None:
    variant = _VARIANT.fullmatch(key)
    ours = None if variant is None else _TOKENS.get(variant["stem"])
    if variant is None or ours is None:
        placing.leave(key, value)
        return
    above, service = variant["thousands"], variant["service"]
    if above and service:
        placing.leave(key, value, TIER_IN_TIER)
    elif above:
        placing.tier(int(above) * 1000, ours, key, value, times=MILLION)
    elif service:
        placing.service_tier(_SERVICE_TIERS[service], ours, key, value, times=MILLION)
    else:
        placing.base(ours, key, value, times=MILLION)


def _place_ranges(placing: Placing, ranges: Any) -> None:
    """Prices by ranges of input size, the first of which starts at none."""
    for index, part in enumerate(ranges if isinstance(ranges, list) else [ranges]):
        name = f"tiered_pricing[{index}]"
        span = part.get("range") if isinstance(part, dict) else None
        if not isinstance(span, list) or not span:
            placing.leave(name, part)
        elif (start := _bound(span[0])) is None:
            placing.fault(f"{name}.range", span, "is no range of whole tokens")
        else:
            _place_range(placing, name, start, part)


def _place_range(placing: Placing, name: str, start: int, part: Mapping[str, Any]) -> None:
    for key, value in part.items():
        ours = _TOKENS.get(key)
        if key == "range" or value is None:
            continue
        if ours is None:
            placing.leave(f"{name}.{key}", value)
        elif start == 0:
            placing.base(ours, f"{name}.{key}", value, times=MILLION)
        else:
            placing.tier(start, ours, f"{name}.{key}", value, times=MILLION)


def _bound(value: Any) -> int | None:
    """A count of tokens, which the list may write as 32000 or as 32e3."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    if not 0 <= value <= _LARGEST_BOUND or value != int(value):
        return None
    return int(value)


def _place_searches(placing: Placing, sizes: Any) -> None:
    """Searches have one price here, so there is a place when all sizes cost the same."""
    name = "search_context_cost_per_query"
    if not isinstance(sizes, dict):
        placing.fault(name, sizes, "is no object")
        return
    values = list(sizes.values())
    if values and all(value == values[0] for value in values):
        placing.base("per_search", name, values[0])
        return
    for size, value in sizes.items():
        placing.leave(f"{name}.{size}", value, "has no place: a search has one price")


# --- Providers ---


def _providers_at(origin: Origin, known: frozenset[str]) -> tuple[str, ...]:
    family = _family_of_host(origin.base_url)
    if family is None and origin.protocol == "azure":
        family = "azure"
    if family is None and origin.provider is not None:
        named = origin.provider.lower().replace("-", "_").replace(".", "_")
        family = _OTHER_NAMES.get(named, named)
    if family is None:
        return ()
    members: tuple[str, ...] = _FAMILIES.get(family, (family,))
    if family == "vertex_ai":
        members = tuple(sorted(name for name in known if name.startswith("vertex_ai")))
    return tuple(name for name in members if name in known)


def _family_of_host(base_url: str | None) -> str | None:
    try:
        host = urlsplit(base_url or "").hostname or ""
    except ValueError:
        return None
    if _BEDROCK.fullmatch(host):
        return "bedrock"
    return next((f for name, f in _HOSTS if host == name or host.endswith(f".{name}")), None)
