"""Models: created, patched, replaced, deleted and rolled back; listed, shown, with their history.

An id is found in the path or, for proxies that mangle slashes, in the query of ``/admin/v1/model``.
"""

from dataclasses import replace
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ...core.caller import Caller
from ...core.errors import CallerError, Code
from ...core.history import Document, StoredModel
from ...core.model import Lifecycle
from ...core.needs import ModelType
from ...pipeline.live import LiveCatalogue
from ..bodies import MAX_BULK_BYTES
from ..catalogue_queries import CatalogueQueries, ModelFilter
from ..catalogue_writes import CatalogueWrites
from ..entrance import Entrance
from ..forms import ModelSet, Rollback
from ..openapi_operations import BY_ID, Operation, choice, described, flag, page, text
from ..openapi_shapes import (
    Listed,
    ModelPatchSent,
    ModelSent,
    ModelShown,
    ReplacedShown,
    VersionShown,
)
from ..parameters import Parameters
from ..preconditions import etag
from ..replacement import ACTION, TARGET, Replacement
from .answers import document, listed, nothing
from .impact import PREVIEWED, ImpactResource
from .methods import at
from .paths import decode, name_after, raw_after
from .schedule import SCHEDULED, ScheduleResource

_HERE = "/v1/models"
_ADMIN = "/admin/v1/models"
_BY_QUERY = "/admin/v1/model"
_HISTORY = b"/history"
_FILTERS = ("type", "enabled", "tag", "brand", "search", "capability", "org", "lifecycle")
_PAGE = ("cursor", "limit")

_TAGGED = ("etag", "x-tollhouse-catalogue-version")
_ONE = Operation("One model", ModelShown, errors=(Code.MODEL_NOT_FOUND,), answer_headers=_TAGGED)
_VERSIONS = Operation(
    "Every version of a model, newest first",
    Listed[VersionShown],
    query=page(),
    errors=(Code.MODEL_NOT_FOUND,),
    below="/history",
)
_ROLLED_BACK = Operation(
    "Go back to an earlier version of a model",
    ModelShown,
    body=Rollback,
    errors=(Code.MODEL_NOT_FOUND, Code.NOT_FOUND),
    if_match=True,
    answer_headers=_TAGGED,
    below="/rollback",
)


class ModelResource:
    """The catalogue over HTTP."""

    def __init__(
        self,
        entrance: Entrance,
        writes: CatalogueWrites,
        replacement: Replacement,
        queries: CatalogueQueries,
        live: LiveCatalogue,
        impact: ImpactResource,
        schedule: ScheduleResource,
    ) -> None:
        self._entrance = entrance
        self._writes = writes
        self._replacement = replacement
        self._queries = queries
        self._live = live
        self._posts = (
            (b"/rollback", self._rollback),
            (b"/impact", impact.of),
            (b"/schedule", schedule.create),
        )

    def routes(self) -> list[Route]:
        """Every path that a model is reached by."""
        data_plane = ("GET", "HEAD")
        return [
            at(_HERE, elsewhere=data_plane, POST=self._create, PUT=self._replace),
            at(
                f"{_HERE}/{{id:path}}",
                elsewhere=data_plane,
                PATCH=self._patch,
                DELETE=self._delete,
            ),
            at(_ADMIN, GET=self._list),
            at(
                f"{_ADMIN}/{{id:path}}",
                GET=self._get_below,
                POST=self._post_below,
                PATCH=self._patch,
                DELETE=self._delete,
            ),
            at(_BY_QUERY, query=BY_ID, GET=self._get, PATCH=self._patch, DELETE=self._delete),
            at(f"{_BY_QUERY}/history", GET=self._get_history),
            at(f"{_BY_QUERY}/rollback", POST=self._post_rollback),
        ]

    @described(
        Operation(
            "Create a model",
            ModelShown,
            201,
            body=ModelSent,
            errors=(Code.MODEL_EXISTS,),
            answer_headers=(*_TAGGED, "location"),
        )
    )
    async def _create(self, request: Request) -> Response:
        writing = await self._entrance.write(request, "model.created", "")
        stored = await self._writes.create(writing.by, await writing.body())
        response = self._written(writing.by.caller, stored, status=201)
        response.headers["location"] = f"{_ADMIN}/{quote(stored.model_id, safe='/:@+')}"
        return response

    @described(
        Operation(
            "Replace the set of the system's models",
            ReplacedShown,
            query=flag("dry_run"),
            body=ModelSet,
        )
    )
    async def _replace(self, request: Request) -> Response:
        writing = await self._entrance.write(request, ACTION, TARGET, "dry_run")
        body = await writing.body(limit=MAX_BULK_BYTES)
        dry_run = writing.asked.flag("dry_run") or False
        done = await self._replacement.replace_all(writing.by, body, dry_run=dry_run)
        return document(done)

    @described(
        Operation(
            "Update a model: a merge patch (RFC 7396)",
            ModelShown,
            body=ModelPatchSent,
            errors=(Code.MODEL_NOT_FOUND,),
            if_match=True,
            answer_headers=_TAGGED,
        )
    )
    async def _patch(self, request: Request) -> Response:
        model_id, parameters = _locate(request)
        writing = await self._entrance.write(request, "model.updated", model_id, *parameters)
        stored = await self._writes.patch(
            writing.by, model_id, await writing.body(), if_match=writing.if_match
        )
        return self._written(writing.by.caller, stored)

    @described(
        Operation(
            "Delete a model",
            status=204,
            errors=(Code.MODEL_NOT_FOUND, Code.IN_USE),
            if_match=True,
        )
    )
    async def _delete(self, request: Request) -> Response:
        model_id, parameters = _locate(request)
        writing = await self._entrance.write(request, "model.deleted", model_id, *parameters)
        await self._writes.delete(writing.by, model_id, if_match=writing.if_match)
        return nothing()

    @described(
        Operation(
            "List models",
            Listed[ModelShown],
            query=(
                *choice("type", [one.value for one in ModelType]),
                *flag("enabled"),
                *text("tag", "brand", "search", "capability", "org"),
                *choice("lifecycle", [one.value for one in Lifecycle]),
                *page(),
            ),
        )
    )
    async def _list(self, request: Request) -> Response:
        reading = await self._entrance.read(request, *_FILTERS, *_PAGE)
        asked = reading.asked
        page = self._queries.page(
            reading.caller, _filter(asked), limit=asked.limit(), cursor=asked.cursor()
        )
        return listed(page)

    @described(
        _ONE,
        _VERSIONS,
    )
    async def _get_below(self, request: Request) -> Response:
        raw = raw_after(request, f"{_ADMIN}/")
        if raw.endswith(_HISTORY) and raw != _HISTORY:
            return await self._history(request, decode(raw.removesuffix(_HISTORY)))
        return await self._get(request)

    @described(
        _ROLLED_BACK,
        PREVIEWED,
        SCHEDULED,
    )
    async def _post_below(self, request: Request) -> Response:
        raw = raw_after(request, f"{_ADMIN}/")
        for suffix, post in self._posts:
            if raw.endswith(suffix) and raw != suffix:
                return await post(request, decode(raw.removesuffix(suffix)))
        raise CallerError(
            Code.METHOD_NOT_ALLOWED,
            "Models are created by POST /v1/models; below a model, POST is for /rollback,"
            " /impact and /schedule.",
            headers={"allow": "DELETE, GET, HEAD, PATCH"},
        )

    @described(_ONE)
    async def _get(self, request: Request) -> Response:
        model_id, parameters = _locate(request)
        reading = await self._entrance.read(request, *parameters)
        shown = self._queries.one(reading.caller, model_id)
        return document(shown, headers=self._headers(shown))

    @described(replace(_VERSIONS, query=(*BY_ID, *page()), below=""))
    async def _get_history(self, request: Request) -> Response:
        return await self._history(request, Parameters(request, "id", *_PAGE).name("id"), "id")

    @described(replace(_ROLLED_BACK, query=BY_ID, below=""))
    async def _post_rollback(self, request: Request) -> Response:
        return await self._rollback(request, Parameters(request, "id").name("id"), "id")

    async def _history(self, request: Request, model_id: str, *parameters: str) -> Response:
        reading = await self._entrance.read(request, *parameters, *_PAGE)
        page = await self._queries.history(
            reading.caller,
            model_id,
            limit=reading.asked.limit(),
            cursor=reading.asked.cursor(),
        )
        return listed(page)

    async def _rollback(self, request: Request, model_id: str, *parameters: str) -> Response:
        writing = await self._entrance.write(request, "model.rolled_back", model_id, *parameters)
        stored = await self._writes.rollback(
            writing.by, model_id, await writing.body(), if_match=writing.if_match
        )
        return self._written(writing.by.caller, stored)

    def _written(self, caller: Caller, stored: StoredModel, *, status: int = 200) -> Response:
        shown = self._queries.show(caller, stored)
        return document(shown, status=status, headers=self._headers(shown))

    def _headers(self, shown: Document) -> dict[str, str]:
        return {
            "etag": etag(shown["version"]),
            "x-tollhouse-catalogue-version": str(self._live.snapshot.version),
        }


def _locate(request: Request) -> tuple[str, tuple[str, ...]]:
    """The id that a request is about, and the query parameters that its form has."""
    path: str = request.scope["path"]
    if path == _BY_QUERY:
        return Parameters(request, "id").name("id"), ("id",)
    prefix = _ADMIN if path.startswith(_ADMIN) else _HERE
    return name_after(request, f"{prefix}/"), ()


def _filter(asked: Parameters) -> ModelFilter:
    kind = asked.choice("type", [one.value for one in ModelType])
    return ModelFilter(
        type=None if kind is None else ModelType(kind),
        enabled=asked.flag("enabled"),
        tag=asked.text("tag"),
        brand=asked.text("brand"),
        search=asked.text("search"),
        capability=asked.text("capability"),
        org=asked.text("org"),
        lifecycle=asked.choice("lifecycle", [one.value for one in Lifecycle]),
    )
