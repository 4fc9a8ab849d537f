"""What a patch of a model would do, told before it is made; nothing is written.

The faults are those that the patch itself would meet. Requests are those of the last day that the
ledger has: the newest come first, and an answer says when there were more than are looked at.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..catalogue.merge import changed_fields, value_at
from ..catalogue.writing import public_document
from ..core.history import Document
from ..core.record import Record
from ..core.tenants import Org
from ..core.times import write_time
from ..ports import Clock, Store
from .catalogue_writes import CatalogueWrites
from .commits import Trial
from .impact import Access, Change, Effect, Tally, access, affected, concerned, untold
from .ledger_queries import amount
from .model_writing import find_model
from .trail import STAMPS, Author

WINDOW = 86_400.0
"""Seconds that are looked back."""
MOST_RECORDS = 20_000
MOST_ROWS = 1_000
"""Rows of one list in an answer; what is left out is counted."""
_PAGE = 1_000
_MOST_NAMES = 500
"""Models that records are looked up by; above it, all records are looked at."""


class Previewing:
    """Tells what patches would do."""

    def __init__(
        self, store: Store, writes: CatalogueWrites, clock: Clock, *, max_hops: int
    ) -> None:
        self._store = store
        self._writes = writes
        self._clock = clock
        self._max_hops = max_hops

    async def preview(
        self, by: Author, model_id: str, body: Mapping[str, Any], *, if_match: str | None = None
    ) -> Document:
        """The diff, the orgs that gain or lose access, and requests refused, re-priced, re-routed.

        403, 404, 412 or 422 as the patch would be.
        """
        trial = await self._writes.try_patch(by, model_id, body, if_match=if_match)
        now = self._clock.now()
        change = Change(trial.before, trial.after, now, self._max_hops)
        orgs = {org.slug: org for org in await _all_orgs(self._store)}
        changed = affected(change.before, change.after)
        tally = Tally(change, orgs)
        cut = await self._count(tally, concerned(change.before, change.after, changed), now)
        diff = _diff(trial, model_id, now)
        return {
            "object": "impact",
            "model_id": model_id,
            "catalogue_version": trial.base.version,
            "changes": diff,
            "affected_models": sorted(changed),
            "access": await asyncio.to_thread(_access, change, changed, orgs.values()),
            "requests": {
                "since": write_time(now - WINDOW),
                "until": write_time(now),
                "cut": cut,
                **_effect(tally.total),
                "by_org": _rows(({"org": org}, effect) for org, effect in tally.by_org.items()),
                "by_key": _rows(
                    ({"org": org, "key": key}, effect)
                    for (org, key), effect in tally.by_key.items()
                ),
            },
            "not_judged": untold(row["field"] for row in diff),
        }

    async def _count(self, tally: Tally, names: frozenset[str], now: float) -> bool:
        """Count the records that may be concerned; True when there are more than are looked at."""
        models = sorted(names) if len(names) <= _MOST_NAMES else None
        cursor: str | None = None
        for _ in range(MOST_RECORDS // _PAGE if names else 0):
            page = await self._store.records(
                filters={}, limit=_PAGE, cursor=cursor, since=now - WINDOW, models=models
            )
            rows: Sequence[Record] = page.rows
            # Other requests go on while these are judged.
            await asyncio.to_thread(tally.add, rows)
            cursor = page.next_cursor
            if cursor is None:
                return False
        return cursor is not None


async def _all_orgs(store: Store) -> list[Org]:
    orgs: list[Org] = []
    cursor: str | None = None
    while True:
        page = await store.orgs(limit=_PAGE, cursor=cursor)
        orgs += page.rows
        cursor = page.next_cursor
        if cursor is None:
            return orgs


def _diff(trial: Trial, model_id: str, now: float) -> list[Document]:
    """The fields that change, with what they were and would be; absent is null."""
    current = find_model(trial.base, model_id)
    if current is None:
        return []
    before, after = (
        public_document(one.document, now=now) for one in (current, trial.draft.put[0])
    )
    return [
        {"field": path, "before": value_at(before, path), "after": value_at(after, path)}
        for path in changed_fields(before, after)
        if path not in STAMPS
    ]


def _access(change: Change, models: frozenset[str], orgs: Iterable[Org]) -> Document:
    orgs = list(orgs)
    reverse = replace(change, before=change.after, after=change.before)
    return {
        "gained": _listed(list(access(reverse, models, orgs))),
        "lost": _listed(list(access(change, models, orgs))),
    }


def _listed(found: Sequence[Access]) -> Document:
    rows = [{"org": it.org, "model": it.model, "code": it.code.value} for it in found[:MOST_ROWS]]
    return {"count": len(found), "data": rows}


def _rows(groups: Iterable[tuple[Document, Effect]]) -> list[Document]:
    """The groups that the change has an effect on, the worst first."""
    touched = [(name, effect) for name, effect in groups if any(effect.weight)]
    touched.sort(key=lambda pair: pair[1].weight, reverse=True)
    return [{**name, **_effect(effect)} for name, effect in touched[:MOST_ROWS]]


def _effect(effect: Effect) -> Document:
    return {
        "requests": effect.requests,
        "refused": sum(effect.refused.values()),
        "refusals": {code.value: count for code, count in sorted(effect.refused.items())},
        "repriced": effect.repriced,
        "cost_before": {name: amount(cost) for name, cost in effect.cost_before.items()},
        "cost_after": {name: amount(cost) for name, cost in effect.cost_after.items()},
        "unpriced_before": effect.unpriced_before,
        "unpriced_after": effect.unpriced_after,
        "rerouted": effect.rerouted,
    }
