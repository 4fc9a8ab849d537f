"""Previews of patches over HTTP: a POST, since it has a body, but no write."""

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ...core.errors import Code
from ..bodies import read_object
from ..entrance import Entrance
from ..openapi_operations import BY_ID, Operation, described
from ..openapi_reports import ImpactShown
from ..openapi_shapes import ModelPatchSent
from ..parameters import Parameters
from ..previewing import Previewing
from ..trail import Author
from .answers import document
from .methods import at

PREVIEWED = Operation(
    "What a patch of a model would do",
    ImpactShown,
    body=ModelPatchSent,
    errors=(Code.MODEL_NOT_FOUND,),
    if_match=True,
    below="/impact",
)


class ImpactResource:
    """``/admin/v1/models/{id}/impact``, reached by way of ``ModelResource``, and the query form."""

    def __init__(self, entrance: Entrance, previewing: Previewing) -> None:
        self._entrance = entrance
        self._previewing = previewing

    def routes(self) -> list[Route]:
        """The path of the query form."""
        return [at("/admin/v1/model/impact", POST=self._by_query)]

    async def of(self, request: Request, model_id: str, *parameters: str) -> Response:
        """The impact of the patch in the request's body on one model."""
        reading = await self._entrance.read(request, *parameters)
        by = Author(reading.caller, request.state.request_id)
        if_match = ", ".join(request.headers.getlist("if-match")) or None
        body = await read_object(request)
        return document(await self._previewing.preview(by, model_id, body, if_match=if_match))

    @described(replace(PREVIEWED, query=BY_ID, below=""))
    async def _by_query(self, request: Request) -> Response:
        return await self.of(request, Parameters(request, "id").name("id"), "id")
