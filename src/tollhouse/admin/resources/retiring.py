"""The end-of-life report over HTTP."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..entrance import Entrance
from ..openapi_operations import Operation, described, text
from ..openapi_reports import RetiringShown
from ..openapi_shapes import Listed
from ..retiring import WITHIN, Retiring
from .answers import document
from .methods import at


class RetiringResource:
    """``/admin/v1/models/retiring``. A model of that name is reached by ``/admin/v1/model?id=``."""

    def __init__(self, entrance: Entrance, retiring: Retiring) -> None:
        self._entrance = entrance
        self._retiring = retiring

    def routes(self) -> list[Route]:
        """Its path."""
        return [at("/admin/v1/models/retiring", GET=self._report)]

    @described(
        Operation(
            "Who still calls models whose end of life is near",
            Listed[RetiringShown],
            query=text("within", "org"),
        )
    )
    async def _report(self, request: Request) -> Response:
        reading = await self._entrance.read(request, "within", "org")
        within = reading.asked.duration("within")
        rows = await self._retiring.report(
            reading.caller,
            within=WITHIN if within is None else within,
            org=reading.asked.text("org"),
        )
        return document({"data": rows, "next_cursor": None})
