"""Explanations over HTTP."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..bodies import read_object
from ..entrance import Entrance
from ..explaining import Explaining
from ..forms import Explanation
from ..openapi_operations import Operation, described
from ..openapi_reports import ExplanationShown
from .answers import document
from .methods import at


class ExplainResource:
    """``/admin/v1/explain``: a question with a body, so a POST, but no write."""

    def __init__(self, entrance: Entrance, explaining: Explaining) -> None:
        self._entrance = entrance
        self._explaining = explaining

    def routes(self) -> list[Route]:
        """Its path."""
        return [at("/admin/v1/explain", POST=self._explain)]

    @described(Operation("What would happen to a request", ExplanationShown, body=Explanation))
    async def _explain(self, request: Request) -> Response:
        reading = await self._entrance.read(request)
        body = await read_object(request)
        return document(await self._explaining.explain(reading.caller, body))
