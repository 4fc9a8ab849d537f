"""Who still uses models whose end of life is near: the people to speak to before it comes.

Counted is what the ledger's hourly sums have of the served model, hours whole, so the oldest hour
reaches back a little further than a day or a week.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ..core.caller import Caller
from ..core.history import Document
from ..core.model import Model
from ..core.times import write_time
from ..identity.roles import Permission
from ..pipeline.live import LiveCatalogue
from ..ports import Clock, LedgerStore, UsageQuery
from .ledger_queries import amount
from .ownership import check_any, may_see, org_within

DAY = 86_400.0
WITHIN = 30 * DAY
"""Seconds ahead that are looked at when nobody says how many."""
_SPANS = (("last_24h", DAY), ("last_7d", 7 * DAY))

_Who = tuple[str | None, str | None]
"""Org and key."""


class Retiring:
    """Tells of models whose end of life is near."""

    def __init__(self, store: LedgerStore, live: LiveCatalogue, clock: Clock) -> None:
        self._store = store
        self._live = live
        self._clock = clock

    async def report(
        self, caller: Caller, *, within: float = WITHIN, org: str | None = None
    ) -> list[Document]:
        """The models that end within so many seconds, the next one first, with their callers.

        Callers of the caller's own org only, unless it may see them all; 403 for another org's.
        """
        check_any(caller, Permission.USAGE_READ, "see usage")
        org = org_within(caller, Permission.USAGE_READ, org, "see the usage of another org")
        now = self._clock.now()
        models = [
            model
            for model in self._live.snapshot.models.values()
            if model.end_of_life_at is not None
            and now < model.end_of_life_at <= now + within
            and may_see(caller, model)
        ]
        models.sort(key=lambda model: (model.end_of_life_at or 0.0, model.model_id))
        used = await self._used([model.model_id for model in models], org, now)
        return [_told(model, used.get(model.model_id, {}), now) for model in models]

    async def _used(
        self, models: Sequence[str], org: str | None, now: float
    ) -> Mapping[str, Mapping[_Who, Document]]:
        """The sums of each span, by model and caller."""
        used: dict[str, dict[_Who, Document]] = {}
        for name, seconds in _SPANS if models else ():
            query = UsageQuery(
                group_by=("org", "model", "key"), start=now - seconds, org=org, models=models
            )
            for row in await self._store.usage(query):
                who = (row["org"], row["key"])
                used.setdefault(row["model"], {}).setdefault(who, {})[name] = row
        return used


def _told(model: Model, used: Mapping[_Who, Document], now: float) -> Document:
    ends = model.end_of_life_at or now
    callers: list[Document] = [
        {
            "org": org,
            "key": key,
            **{name: _sums([sums[name]] if name in sums else []) for name, _ in _SPANS},
        }
        for (org, key), sums in used.items()
    ]
    callers.sort(key=lambda row: (-row["last_7d"]["requests"], row["org"] or "", row["key"] or ""))
    return {
        "model_id": model.model_id,
        "end_of_life_at": write_time(ends),
        "seconds_left": int(ends - now),
        "replacement_model_id": model.replacement_model_id,
        "deprecation_message": model.deprecation_message,
        **{
            name: _sums([sums[name] for sums in used.values() if name in sums])
            for name, _ in _SPANS
        },
        "callers": callers,
    }


def _sums(rows: Sequence[Mapping[str, Any]]) -> Document:
    requests, unpriced, cost = (
        sum(row[name] for row in rows) for name in ("requests", "unpriced", "cost")
    )
    known = not requests or unpriced < requests
    return {
        "requests": requests,
        "failed": sum(row["failed"] for row in rows),
        "cost": amount(cost) if known else None,
        "unpriced": unpriced,
    }
