"""What a price list's entry changes in a model's document, as a merge patch (RFC 7396)."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from ...core.history import Document
from ...core.needs import ModelType
from ..documents.model import Limits
from ..documents.pricing import PRICE_FIELDS, USABLE
from ..rules import typed_faults
from .book import PriceBook, PriceEntry, Unplaced
from .figures import same_price

CURRENCY = "USD"
"""What the lists are in."""
_BOUND = "above_input_tokens"


def usable(entry: PriceEntry, kind: ModelType) -> tuple[Document, tuple[Unplaced, ...]]:
    """The entry's pricing as a model of this type can be charged it, and what it cannot."""
    left: list[Unplaced] = []

    def sift(prices: Mapping[str, Any], where: str) -> Document:
        kept = {}
        for name, value in prices.items():
            if name in USABLE and kind not in USABLE[name]:
                reason = f"is a unit that a model of type {kind} cannot use"
                left.append(Unplaced(f"{where}{name}", value, reason))
            else:
                kept[name] = value
        return kept

    flat = {name: entry.pricing[name] for name in PRICE_FIELDS if name in entry.pricing}
    made = sift(flat, "")
    tiers = [sift(one, f"tiers[{one[_BOUND]}].") for one in entry.pricing.get("tiers", ())]
    if tiers := [one for one in tiers if len(one) > 1]:
        made["tiers"] = tiers
    named = entry.pricing.get("service_tiers", {})
    service = {name: sift(one, f"service_tiers.{name}.") for name, one in named.items()}
    if service := {name: one for name, one in service.items() if one}:
        made["service_tiers"] = service
    return made, tuple(left)


def price_patch(
    current: Mapping[str, Any], told: Mapping[str, Any], book: PriceBook, *, keep: bool
) -> Document:
    """The patch of a ``pricing`` block that makes it say what a list tells.

    Of what the list has words for, what it does not tell is taken away, unless ``keep``. A price
    that is the same amount keeps its spelling.
    """
    patch = _price_changes(current, told, book.speaks_of, keep=keep)
    if current.get("currency", CURRENCY) != CURRENCY:
        patch["currency"] = CURRENCY
    before, after = current.get("tiers") or [], told.get("tiers") or []
    if not _same_tiers(before, after) and (after or not keep):
        patch["tiers"] = after or None
    patch |= _service_changes(current, told, book, keep=keep)
    return patch


def fact_patch(
    entry: PriceEntry, current: Mapping[str, Any], kind: ModelType
) -> tuple[Document, tuple[Unplaced, ...]]:
    """The patch that takes over limits, dimensions and capabilities; and what has no place."""
    patch: Document = {}
    left: list[Unplaced] = []
    for name, value in entry.limits.items():
        if name == "max_tokens" and kind is not ModelType.COMPLETION:
            continue  # lists repeat the size of the input there
        try:
            Limits(**{name: value})
        except ValidationError:
            left.append(Unplaced(f"limits.{name}", str(value), "is more than has a place"))
            continue
        if (current.get("limits") or {}).get(name) != value:
            patch.setdefault("limits", {})[name] = value
    if entry.dimensions is not None and kind is ModelType.EMBEDDINGS:
        raw = {**current, "dimensions": entry.dimensions}
        if any(typed_faults(raw, kind)):
            left.append(Unplaced("dimensions", str(entry.dimensions), "is none of those supported"))
        elif current.get("dimensions") != entry.dimensions:
            patch["dimensions"] = entry.dimensions
    known = current.get("capabilities") or {}
    news = {name: has for name, has in entry.capabilities.items() if known.get(name) is not has}
    if news:
        patch["capabilities"] = news
    return patch, tuple(left)


def differences(before: Document, after: Document) -> list[tuple[str, Any, Any]]:
    """Each field that two documents differ in, with both values; tiers are taken by their bound."""
    old, new = (dict(_leaves(one)) for one in (before, after))
    paths = [*old, *(path for path in new if path not in old)]
    return [
        (path, old.get(path), new.get(path)) for path in paths if old.get(path) != new.get(path)
    ]


def _leaves(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name in ("pricing", "limits", "dimensions", "capabilities"):
        if document.get(name) is not None:
            yield from _walk(name, document[name])


def _walk(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _walk(f"{path}.{name}", inner)
    elif isinstance(value, list) and all(isinstance(one, dict) and _BOUND in one for one in value):
        for one in value:
            rest = {name: inner for name, inner in one.items() if name != _BOUND}
            yield from _walk(f"{path}[above {one[_BOUND]}]", rest)
    else:
        yield path, value


def _price_changes(
    current: Mapping[str, Any], told: Mapping[str, Any], fields: frozenset[str], *, keep: bool
) -> Document:
    patch: Document = {}
    for name in PRICE_FIELDS:
        old, new = current.get(name), told.get(name)
        if new is None and (keep or name not in fields):
            continue
        if not same_price(old, new):
            patch[name] = new
    return patch


def _same_tiers(one: list[Document], other: list[Document]) -> bool:
    return len(one) == len(other) and all(
        mine[_BOUND] == theirs[_BOUND]
        and all(same_price(mine.get(name), theirs.get(name)) for name in PRICE_FIELDS)
        for mine, theirs in zip(one, other, strict=True)
    )


def _service_changes(
    current: Mapping[str, Any], told: Mapping[str, Any], book: PriceBook, *, keep: bool
) -> Document:
    before, after = current.get("service_tiers") or {}, told.get("service_tiers") or {}
    changes: Document = {}
    for name in [*after, *(one for one in before if one not in after)]:
        if name not in after:
            if not keep and name in book.service_tiers:
                changes[name] = None
            continue
        inner = _price_changes(before.get(name) or {}, after[name], book.speaks_of, keep=keep)
        if inner:
            changes[name] = inner
    return {"service_tiers": changes} if changes else {}


def kind_of(document: Mapping[str, Any]) -> ModelType | None:
    """The type of a model that has prices of its own; None for one that inherits or is a user's."""
    owner = document.get("owner") or {}
    if document.get("parent_model_id") is not None or owner.get("kind", "system") != "system":
        return None
    return ModelType(document["type"])
