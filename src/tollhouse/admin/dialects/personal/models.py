"""``/api/models`` over HTTP: POST, PUT, GET one and many, DELETE."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ....core.caller import Caller
from ....core.errors import Code
from ....core.history import StoredModel
from ...entrance import Entrance
from ...openapi_operations import Operation, described, page
from ...openapi_shapes import Listed
from ...preconditions import etag
from ...resources.answers import document, listed, nothing
from ...resources.methods import at
from ...resources.paths import name_after
from .described import PersonalNew, PersonalPut, PersonalShown
from .desk import PersonalModels

_HERE = "/api/models"
_PAGE = ("cursor", "limit")


class PersonalResource:
    """Personal models over HTTP."""

    def __init__(self, entrance: Entrance, models: PersonalModels) -> None:
        self._entrance = entrance
        self._models = models

    def routes(self) -> list[Route]:
        """The list and the single model."""
        return [
            at(_HERE, GET=self._list, POST=self._create),
            at(f"{_HERE}/{{id:path}}", GET=self._get, PUT=self._put, DELETE=self._delete),
        ]

    @described(
        Operation("Personal models that the caller may see", Listed[PersonalShown], query=page())
    )
    async def _list(self, request: Request) -> Response:
        reading = await self._entrance.read(request, *_PAGE)
        asked = reading.asked
        return listed(self._models.page(reading.caller, limit=asked.limit(), cursor=asked.cursor()))

    @described(
        Operation(
            "Bring a model of one's own",
            PersonalShown,
            201,
            body=PersonalNew,
            errors=(Code.MODEL_EXISTS,),
            answer_headers=("etag", "location"),
        )
    )
    async def _create(self, request: Request) -> Response:
        writing = await self._entrance.write(request, "model.created", "")
        stored = await self._models.create(writing.by, await writing.body())
        response = self._shown(writing.by.caller, stored, status=201)
        response.headers["location"] = f"{_HERE}/{quote(stored.model_id, safe='/:@+')}"
        return response

    @described(
        Operation(
            "One personal model",
            PersonalShown,
            errors=(Code.MODEL_NOT_FOUND,),
            answer_headers=("etag",),
        )
    )
    async def _get(self, request: Request) -> Response:
        model_id = name_after(request, f"{_HERE}/")
        reading = await self._entrance.read(request)
        return self._shown(reading.caller, self._models.one(reading.caller, model_id))

    @described(
        Operation(
            "Change a personal model: what is sent",
            PersonalShown,
            body=PersonalPut,
            errors=(Code.MODEL_NOT_FOUND,),
            if_match=True,
            answer_headers=("etag",),
        )
    )
    async def _put(self, request: Request) -> Response:
        model_id = name_after(request, f"{_HERE}/")
        writing = await self._entrance.write(request, "model.updated", model_id)
        stored = await self._models.update(
            writing.by, model_id, await writing.body(), if_match=writing.if_match
        )
        return self._shown(writing.by.caller, stored)

    @described(
        Operation(
            "Delete a personal model",
            status=204,
            errors=(Code.MODEL_NOT_FOUND, Code.IN_USE),
            if_match=True,
        )
    )
    async def _delete(self, request: Request) -> Response:
        model_id = name_after(request, f"{_HERE}/")
        writing = await self._entrance.write(request, "model.deleted", model_id)
        await self._models.delete(writing.by, model_id, if_match=writing.if_match)
        return nothing()

    def _shown(self, caller: Caller, stored: StoredModel, *, status: int = 200) -> Response:
        shown = self._models.show(caller, stored)
        return document(shown, status=status, headers={"etag": etag(stored.version)})
