"""What a caller may use, as ``GET /v1/models`` shows it: the gate's own list, kept while it holds.

The list of an org and plan changes with the catalogue's version and when a lifecycle date passes,
and with nothing else, so it is kept for exactly that long.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from cachetools import LRUCache

from ..core.caller import Caller
from ..core.errors import Refusal
from ..core.model import Model
from ..core.needs import Needs
from ..core.snapshot import Snapshot
from ..gate.gate import decide, listing
from .live import LiveCatalogue

KEPT_LISTS = 1000


class Listing:
    """Lists models for callers."""

    def __init__(self, live: LiveCatalogue) -> None:
        self._live = live
        self._kept: LRUCache[tuple[Any, ...], tuple[float, list[dict[str, Any]]]] = LRUCache(
            KEPT_LISTS
        )
        self._ends: tuple[Snapshot, list[float]] | None = None

    def all(self, caller: Caller, now: float) -> Sequence[Mapping[str, Any]]:
        """Every model the caller may use and see."""
        snapshot = self._live.snapshot
        key = (snapshot.version, caller.org, caller.plan, caller.user)
        kept = self._kept.get(key)
        if kept is not None and now < kept[0]:
            return kept[1]
        shown = [show(model, now) for model in listing(snapshot, caller, now)]
        self._kept[key] = (self._next_change(snapshot, now), shown)
        return shown

    def one(
        self, model_id: str, caller: Caller, now: float
    ) -> dict[str, Any] | tuple[Refusal, ...]:
        """One model by its id or alias, or why not."""
        verdict = decide(self._live.snapshot, model_id, caller, Needs(), now)
        if verdict.model is None or not verdict.allowed:
            return verdict.refusals
        return show(verdict.model, now)

    def etag(self, caller: Caller, now: float) -> str:
        """Changes whenever an answer could."""
        snapshot = self._live.snapshot
        change = self._next_change(snapshot, now)
        seen = repr((snapshot.version, change, caller.org, caller.plan, caller.user))
        return f'"{sha256(seen.encode()).hexdigest()[:32]}"'

    def _next_change(self, snapshot: Snapshot, now: float) -> float:
        if self._ends is None or self._ends[0] is not snapshot:
            ends = {model.end_of_life_at for model in snapshot.models.values()}
            self._ends = (snapshot, sorted(end for end in ends if end is not None))
        return next((end for end in self._ends[1] if end > now), float("inf"))


def show(model: Model, now: float) -> dict[str, Any]:
    """A model in OpenAI's shape with the gateway's own fields."""
    shown = {**model.public, "lifecycle_state": model.lifecycle(now).value}
    if model.end_of_life_at is not None:
        shown["end_of_life_at"] = int(model.end_of_life_at)
        shown["replacement_model_id"] = model.replacement_model_id
        shown["deprecation_message"] = model.deprecation_message
    return shown
