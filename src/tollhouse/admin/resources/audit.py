"""The audit trail over HTTP."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..audit_queries import AuditFilter, AuditQueries
from ..entrance import Entrance
from ..openapi_operations import TIME, Operation, Parameter, described, page, text
from ..openapi_shapes import EventShown, Listed
from .answers import listed
from .methods import at


class AuditResource:
    """``/admin/v1/audit``."""

    def __init__(self, entrance: Entrance, queries: AuditQueries) -> None:
        self._entrance = entrance
        self._queries = queries

    def routes(self) -> list[Route]:
        """Its path."""
        return [at("/admin/v1/audit", GET=self._list)]

    @described(
        Operation(
            "The audit trail, newest first",
            Listed[EventShown],
            query=(*text("target", "actor", "action"), Parameter("since", TIME), *page()),
        )
    )
    async def _list(self, request: Request) -> Response:
        reading = await self._entrance.read(
            request, "target", "actor", "action", "since", "cursor", "limit"
        )
        asked = reading.asked
        wanted = AuditFilter(
            target=asked.text("target"),
            actor=asked.text("actor"),
            action=asked.text("action"),
            since=asked.time("since"),
        )
        page = await self._queries.page(
            reading.caller, wanted, limit=asked.limit(), cursor=asked.cursor()
        )
        return listed(page)
