"""What the ledger tells admins: sums of usage, and single records; amounts as exact JSON numbers.

A sum leaves out what had no price and counts it in ``unpriced``; where nothing had a price the cost
is null, not 0. A caller that may see its own org only is answered for that org.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from ..core.caller import Caller
from ..core.history import Document
from ..core.money import write
from ..core.record import Attempt, Record
from ..core.times import write_time
from ..core.usage import Usage
from ..identity.roles import Permission, Scope, scope_of
from ..ports import LedgerStore, Page, UsageQuery
from .ownership import check_any, org_within
from .times import write_time_or_none

_COUNTS = (
    "requests",
    "failed",
    "input_tokens",
    "cached_input_tokens",
    "output_tokens",
    "reasoning_tokens",
    "unpriced",
)
_MICROSECONDS = 1_000_000


class LedgerQueries:
    """Reads usage and records."""

    def __init__(self, store: LedgerStore) -> None:
        self._store = store

    async def usage(self, caller: Caller, query: UsageQuery) -> Document:
        """Sums as rows and in total."""
        check_any(caller, Permission.USAGE_READ, "see usage")
        org = org_within(caller, Permission.USAGE_READ, query.org, "see the usage of another org")
        rows = await self._store.usage(replace(query, org=org))
        return {"data": [_row(row) for row in rows], "totals": _totals(rows)}

    async def records(
        self, caller: Caller, filters: Mapping[str, str], *, limit: int, cursor: str | None
    ) -> Page:
        """Records, newest first."""
        check_any(caller, Permission.RECORDS_READ, "see records")
        what = "see the records of another org"
        org = org_within(caller, Permission.RECORDS_READ, filters.get("org"), what)
        narrowed = {**filters, "org": org} if org is not None else filters
        page = await self._store.records(filters=narrowed, limit=limit, cursor=cursor)
        whole = scope_of(caller, Permission.RECORDS_READ) is Scope.ALL
        return Page([show_record(record, whole=whole) for record in page.rows], page.next_cursor)


def show_record(record: Record, *, whole: bool) -> Document:
    """A record as JSON; only the ``whole`` of it names what the provider calls the model."""
    shown = msgspec.structs.asdict(record)
    shown["key"] = shown.pop("key_id")
    shown["started_at"] = write_time(record.started_at / _MICROSECONDS)
    ended = record.ended_at
    shown["ended_at"] = write_time_or_none(None if ended is None else ended / _MICROSECONDS)
    shown["overhead_ms"] = shown.pop("overhead_us") / 1000
    first_byte = shown.pop("first_byte_us")
    shown["first_byte_ms"] = None if first_byte is None else first_byte / 1000
    shown["cost"] = amount(record.cost)
    shown["usage"] = _usage(record.usage)
    shown["attempts"] = [_attempt(attempt) for attempt in record.attempts]
    if not whole:
        del shown["upstream_model"]
    return shown


def amount(cost: int | None) -> msgspec.Raw | None:
    """A cost as a JSON number with all its digits."""
    return None if cost is None else msgspec.Raw(write(cost).encode())


def _row(row: Mapping[str, Any]) -> Document:
    bucket = row["bucket"]
    return {
        "org": row["org"],
        "model": row["model"],
        "key": row["key"],
        "bucket": write_time_or_none(bucket),
        **{name: row[name] for name in _COUNTS},
        "cost": _sum(row["cost"], row),
    }


def _totals(rows: Sequence[Mapping[str, Any]]) -> Document:
    totals: dict[str, Any] = {name: sum(row[name] for row in rows) for name in _COUNTS}
    totals["cost"] = _sum(sum(row["cost"] for row in rows), totals)
    return totals


def _sum(cost: int, counts: Mapping[str, Any]) -> msgspec.Raw | None:
    nothing_priced = counts["requests"] > 0 and counts["unpriced"] == counts["requests"]
    return None if nothing_priced else amount(cost)


def _usage(usage: Usage | None) -> Document | None:
    if usage is None:
        return None
    return {**msgspec.structs.asdict(usage), "upstream_cost": amount(usage.upstream_cost)}


def _attempt(attempt: Attempt) -> Document:
    shown = msgspec.structs.asdict(attempt)
    return {**shown, "usage": _usage(attempt.usage), "cost": amount(attempt.cost)}
