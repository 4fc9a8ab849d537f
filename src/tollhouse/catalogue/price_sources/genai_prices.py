"""The data of genai-prices: providers, their models, USD per million tokens or per so many units.

A price may be one number or ``{base, tiers: [{start, price}]}``, where the tier holds for the whole
request, as here. Prices are dated: the last one that has started counts. What differs by time of
day has no place here; the price without such a condition is taken. ``price_variants`` differ by a
condition of the request, of which the service tier and batch processing have a place.
"""

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from .book import Origin, PriceBook, PriceEntry
from .placing import NO_PLACE, TIER_IN_TIER, Placing

TITLE = "genai-prices"

_FIELDS: dict[str, tuple[str, int]] = {
    "input_mtok": ("input_per_1m_tokens", 1),
    "input_text_mtok": ("input_per_1m_tokens", 1),
    "output_mtok": ("output_per_1m_tokens", 1),
    "output_text_mtok": ("output_per_1m_tokens", 1),
    "cache_read_mtok": ("cached_input_per_1m_tokens", 1),
    "cache_write_mtok": ("cache_write_per_1m_tokens", 1),
    "cache_write_5m_mtok": ("cache_write_per_1m_tokens", 1),
    "cache_write_1h_mtok": ("cache_write_1h_per_1m_tokens", 1),
    "input_audio_mtok": ("audio_input_per_1m_tokens", 1),
    "input_image_mtok": ("image_input_per_1m_tokens", 1),
    "output_reasoning_mtok": ("reasoning_per_1m_tokens", 1),
    "output_audio_mtok": ("audio_output_per_1m_tokens", 1),
    "output_image_mtok": ("image_output_per_1m_tokens", 1),
    "requests_kcount": ("per_request", 1000),
    "web_searches_kcount": ("per_search", 1000),
    "rerank_searches_kcount": ("per_search", 1000),
    "input_mchars": ("per_character", 1_000_000),
    "audio_hours": ("per_second", 3600),
    "input_audio_hours": ("per_second", 3600),
    "input_audio_minutes": ("per_second", 60),
}
"""Our field, and how many of our units the list's price is for. The general name stands before the
special one, which has a place only where the general one is absent or the same."""
_BATCH = ("processing", "batch")
_SERVICE = "service_tier"
_CLAUSES: dict[str, Callable[[str, str], bool]] = {
    "starts_with": lambda text, part: text.startswith(part.lower()),
    "ends_with": lambda text, part: text.endswith(part.lower()),
    "contains": lambda text, part: part.lower() in text,
    "equals": lambda text, part: text == part.lower(),
    "regex": lambda text, pattern: re.search(pattern, text) is not None,
}


def providers_of(data: Any) -> list[Any] | None:
    """The providers in a decoded JSON value, with or without the units about them."""
    if isinstance(data, dict):
        data = data.get("providers")
    if not isinstance(data, list) or not data:
        return None
    sound = all(isinstance(one, dict) and isinstance(one.get("models"), list) for one in data)
    return data if sound else None


def read(providers: Iterable[Mapping[str, Any]], now: float) -> PriceBook:
    """The list as it holds at a time, from JSON decoded with ``parse_float=Decimal``."""
    entries: list[PriceEntry] = []
    unread: list[str] = []
    known = [one for one in providers if isinstance(one.get("id"), str)]
    today = datetime.fromtimestamp(now, UTC).date()
    for provider in known:
        for model in provider["models"]:
            if isinstance(model, dict) and isinstance(model.get("id"), str):
                entries.append(_entry(provider["id"], model, today))
            else:
                unread.append(f"{provider['id']}/?")
    return PriceBook(
        title=TITLE,
        entries=tuple(entries),
        speaks_of=frozenset(ours for ours, _ in _FIELDS.values()),
        service_tiers=frozenset({"batch", "default", "fast", "flex", "priority"}),
        providers_at=lambda origin: _providers_at(origin, known),
        unread=tuple(unread),
    )


def from_package(providers: Iterable[Any]) -> list[dict[str, Any]]:
    """The package's own objects in the form that its data has in JSON."""
    return [_plain(provider) for provider in providers]


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, date | time):
        return value.isoformat()
    if dataclasses.is_dataclass(value) or type(value).__name__ == "ModelPrice":
        parts = {name.rstrip("_"): one for name, one in vars(value).items() if one is not None}
        return {name: _plain(one) for name, one in parts.items() if not name.startswith("_")}
    return value


def _entry(provider: str, model: Mapping[str, Any], today: date) -> PriceEntry:
    placing = Placing()
    prices = _prices_now(placing, model.get("prices"), today)
    for key in _ordered(prices):
        _place(placing, key, prices[key], _Base(placing))
    for variant in model.get("price_variants") or ():
        _place_variant(placing, variant, today)
    context = model.get("context_window")
    return PriceEntry(
        id=f"{provider}/{model['id']}",
        provider=provider,
        names=(model["id"].lower(), f"{provider}/{model['id']}".lower()),
        pricing=placing.pricing(),
        matches=lambda name: _holds(model.get("match"), name),
        limits={} if not isinstance(context, int) else {"context_window": context},
        unplaced=tuple(placing.unplaced),
        faults=tuple(placing.faults),
    )


# --- Which prices hold ---


def _prices_now(placing: Placing, prices: Any, today: date) -> Mapping[str, Any]:
    """The prices that hold on a day; those to come or for some hours are named."""
    if isinstance(prices, dict):
        return prices
    held: Mapping[str, Any] = {}
    for part in prices if isinstance(prices, list) else ():
        if not isinstance(part, dict) or not isinstance(part.get("prices"), dict):
            placing.fault("prices", part, "is no set of prices")
            continue
        reason = _not_now(part.get("constraint"), today)
        if reason is None:
            held = part["prices"]
            continue
        for key, value in part["prices"].items():
            placing.leave(key, _shown(value), reason)
    return held


def _not_now(constraint: Any, today: date) -> str | None:
    """Why prices under a condition are not those of every request today; None: they are."""
    if constraint is None:
        return None
    start = _day(constraint.get("start_date")) if isinstance(constraint, dict) else None
    if start is not None:
        return None if start <= today else f"has no place before {start}"
    if isinstance(constraint, dict) and "start_time" in constraint:
        hours = f"{constraint['start_time']} to {constraint.get('end_time')}"
        return f"has no place: it holds from {hours} of a day"
    return f"has no place: it holds under a condition ({_shown(constraint)})"


def _day(text: Any) -> date | None:
    try:
        return date.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None


# --- Placing them ---


@dataclasses.dataclass(frozen=True, slots=True)
class _Base:
    """Where the prices of all requests go."""

    placing: Placing

    def put(self, ours: str, key: str, value: Any, per: int) -> None:
        """One price."""
        self.placing.base(ours, key, value, per=per)

    def put_tier(self, start: int, ours: str, key: str, value: Any, per: int) -> None:
        """One price for large inputs."""
        self.placing.tier(start, ours, key, value, per=per)


@dataclasses.dataclass(frozen=True, slots=True)
class _Service:
    """Where the prices of a service tier go."""

    placing: Placing
    name: str

    def put(self, ours: str, key: str, value: Any, per: int) -> None:
        """One price."""
        self.placing.service_tier(self.name, ours, f"{self.name}.{key}", value, per=per)

    def put_tier(self, start: int, ours: str, key: str, value: Any, per: int) -> None:  # noqa: ARG002
        """One price for large inputs, which has no place."""
        self.placing.leave(f"{self.name}.{key} above {start}", value, TIER_IN_TIER)


def _place(placing: Placing, key: str, value: Any, where: _Base | _Service) -> None:
    if value is None:
        return
    if key not in _FIELDS:
        placing.leave(key, _shown(value))
        return
    ours, per = _FIELDS[key]
    if not isinstance(value, dict):
        where.put(ours, key, value, per)
        return
    where.put(ours, key, value.get("base"), per)
    for tier in value.get("tiers") or ():
        start = tier.get("start") if isinstance(tier, dict) else None
        if isinstance(start, bool) or not isinstance(start, int):
            placing.fault(key, _shown(tier), "is no tier")
        else:
            where.put_tier(start, ours, key, tier.get("price"), per)


def _place_variant(placing: Placing, variant: Any, today: date) -> None:
    when = variant.get("when") if isinstance(variant, dict) else None
    prices = variant.get("prices") if isinstance(variant, dict) else None
    if not isinstance(when, dict) or not isinstance(prices, dict):
        placing.fault("price_variants", variant, "is no variant")
        return
    reason = _not_now(variant.get("constraint"), today)
    service = _service_tier(when)
    if reason is None and service is not None:
        for key in _ordered(prices):
            _place(placing, key, prices[key], _Service(placing, service))
        return
    condition = ", ".join(f"{name}: {value}" for name, value in when.items())
    for key, value in prices.items():
        placing.leave(f"{key} ({condition})", _shown(value), reason or NO_PLACE)


def _service_tier(when: Mapping[str, Any]) -> str | None:
    if len(when) != 1:
        return None
    name, value = next(iter(when.items()))
    if (name, value) == _BATCH:
        return "batch"
    return value if name == _SERVICE and isinstance(value, str) else None


def _ordered(prices: Mapping[str, Any]) -> list[str]:
    """General names first, as the table of them has it."""
    known = [key for key in _FIELDS if key in prices]
    return [*known, *(key for key in prices if key not in _FIELDS)]


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_shown(one)}" for name, one in value.items())
    if isinstance(value, list):
        return "; ".join(_shown(one) for one in value)
    return f"{value:f}" if isinstance(value, Decimal) and value.is_finite() else str(value)


# --- Names ---


def _holds(clause: Any, name: str) -> bool:
    """Whether a name fulfils a clause of the list; one that cannot be understood never holds."""
    if not isinstance(clause, dict) or len(clause) != 1:
        return False
    kind, about = next(iter(clause.items()))
    if kind in {"and", "or"} and isinstance(about, list):
        parts = [_holds(part, name) for part in about]
        return all(parts) if kind == "and" else any(parts)
    test = _CLAUSES.get(kind)
    if test is None or not isinstance(about, str):
        return False
    try:
        return test(name.lower(), about)
    except re.error:
        return False


def _providers_at(origin: Origin, known: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """The provider that answers at a base URL, else the one of that name; then who stands in."""
    found = _by_address(origin, known) or _by_name(origin, known)
    if found is None:
        return ()
    stand_ins = found.get("fallback_model_providers") or ()
    return (found["id"], *(name for name in stand_ins if isinstance(name, str)))


def _by_address(origin: Origin, known: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    if origin.base_url is None:
        return None
    return next(
        (one for one in known if _matches_at_start(one.get("api_pattern"), origin.base_url)), None
    )


def _matches_at_start(pattern: Any, text: str) -> bool:
    try:
        return isinstance(pattern, str) and re.match(pattern, text) is not None
    except re.error:
        return False


def _by_name(origin: Origin, known: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    name = "azure" if origin.protocol == "azure" else (origin.provider or "").lower()
    exact = next((one for one in known if one["id"] == name), None)
    if exact is not None or not name:
        return exact
    return next((one for one in known if _holds(one.get("provider_match"), name)), None)
