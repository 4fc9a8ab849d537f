"""Usage and records over HTTP."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ...core.record import Outcome
from ...ports import UsageQuery
from ..entrance import Entrance
from ..ledger_queries import LedgerQueries
from ..openapi_operations import TIME, Operation, Parameter, choice, described, page, text
from ..openapi_reports import RecordShown
from ..openapi_shapes import Listed, UsageShown
from ..parameters import Parameters, fault
from .answers import document, listed
from .methods import at

_GROUPS = ("org", "model", "key")
_INTERVALS = ("hour", "day")


class LedgerResource:
    """``/admin/v1/usage`` and ``/admin/v1/records``."""

    def __init__(self, entrance: Entrance, queries: LedgerQueries) -> None:
        self._entrance = entrance
        self._queries = queries

    def routes(self) -> list[Route]:
        """Its paths."""
        return [
            at("/admin/v1/usage", GET=self._usage),
            at("/admin/v1/records", GET=self._records),
        ]

    @described(
        Operation(
            "Sums of usage and cost",
            UsageShown,
            query=(
                *text("group_by", "org"),
                Parameter("from", TIME),
                Parameter("to", TIME),
                *choice("interval", _INTERVALS),
            ),
        )
    )
    async def _usage(self, request: Request) -> Response:
        known = ("group_by", "from", "to", "interval", "org")
        reading = await self._entrance.read(request, *known)
        asked = reading.asked
        query = UsageQuery(
            group_by=_groups(asked),
            start=asked.time("from"),
            end=asked.time("to"),
            interval=asked.choice("interval", _INTERVALS),
            org=asked.text("org"),
        )
        return document(await self._queries.usage(reading.caller, query))

    @described(
        Operation(
            "Single records of the ledger, newest first",
            Listed[RecordShown],
            query=(
                *text("request_id", "org", "model"),
                *choice("status", [one.value for one in Outcome]),
                *page(),
            ),
        )
    )
    async def _records(self, request: Request) -> Response:
        filters = ("request_id", "org", "model", "status")
        reading = await self._entrance.read(request, *filters, "cursor", "limit")
        asked = reading.asked
        asked.choice("status", [one.value for one in Outcome])
        wanted = {name: value for name in filters if (value := asked.text(name)) is not None}
        page = await self._queries.records(
            reading.caller, wanted, limit=asked.limit(), cursor=asked.cursor()
        )
        return listed(page)


def _groups(asked: Parameters) -> tuple[str, ...]:
    text = asked.text("group_by")
    groups = tuple(dict.fromkeys(text.split(","))) if text else ()
    if any(group not in _GROUPS for group in groups):
        raise fault("group_by", f"must name some of {', '.join(_GROUPS)}, with commas between")
    return groups
