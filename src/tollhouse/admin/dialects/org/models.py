"""``/org/v1/models`` over HTTP.

A list is told as this family of APIs tells it: the rows under ``data`` and, for clients that were
made from its reference pages, under ``items`` too, with ``hasMore`` and ``nextCursor``.
"""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ....core.errors import Code
from ....core.model import Lifecycle
from ....ports import Page
from ...entrance import Entrance, Reading
from ...openapi_operations import Operation, choice, described, flag, page, text
from ...parameters import Parameters
from ...preconditions import etag
from ...resources.answers import document, nothing
from ...resources.methods import at
from .described import OrgListed, OrgModelShown
from .forms import ModelPatch, NewModel
from .queries import OrgModelFilter, OrgModelQueries
from .repeats import HEADER
from .writes import PATH, OrgModelWrites

USUAL_PAGE = 20
LONGEST_PAGE = 100
_PAGE = ("cursor", "limit")
_CATALOG_FILTERS = (
    "enabled",
    "lifecycleState",
    "modelTier",
    "isRecommended",
    "supportsStreaming",
    "supportsTools",
    "supportsVision",
    "supportsReasoning",
    "search",
)
_FILTERS = (*_CATALOG_FILTERS, "isSystemModel", "parentModelId")

_CATALOG_QUERY = (
    *choice("lifecycleState", [one.value for one in Lifecycle]),
    *flag("enabled", "isRecommended"),
    *flag("supportsStreaming", "supportsTools", "supportsVision", "supportsReasoning"),
    *text("modelTier", "search"),
)
_PAGED = page(USUAL_PAGE, LONGEST_PAGE)


class OrgModelResource:
    """The models of an org and those of the system that it may use."""

    def __init__(
        self, entrance: Entrance, writes: OrgModelWrites, queries: OrgModelQueries
    ) -> None:
        self._entrance = entrance
        self._writes = writes
        self._queries = queries

    def routes(self) -> list[Route]:
        """Its paths."""
        return [
            at(PATH, GET=self._list, POST=self._create),
            at(f"{PATH}/catalog", GET=self._catalog),
            at(f"{PATH}/{{id}}", GET=self._get, PATCH=self._patch, DELETE=self._delete),
        ]

    @described(
        Operation(
            "Create a model that hangs off a system model",
            OrgModelShown,
            201,
            body=NewModel,
            errors=(Code.IDEMPOTENCY_KEY_IN_USE, Code.IDEMPOTENCY_KEY_REUSED),
            request_headers=(HEADER,),
            answer_headers=("etag", "location"),
        )
    )
    async def _create(self, request: Request) -> Response:
        writing = await self._entrance.write(request, "model.created", "")
        keys = request.headers.getlist(HEADER)
        return (await self._writes.create(writing.by, await writing.body(), keys)).response()

    @described(
        Operation(
            "Change a model of the org",
            OrgModelShown,
            body=ModelPatch,
            errors=(Code.SYSTEM_MODEL_READ_ONLY, Code.MODEL_NOT_FOUND),
            if_match=True,
            answer_headers=("etag",),
        )
    )
    async def _patch(self, request: Request) -> Response:
        uid = _uid(request)
        writing = await self._entrance.write(request, "model.updated", uid)
        body = await writing.body()
        answered = await self._writes.patch(writing.by, uid, body, if_match=writing.if_match)
        return answered.response()

    @described(
        Operation(
            "Delete a model of the org",
            status=204,
            errors=(Code.SYSTEM_MODEL_READ_ONLY, Code.MODEL_NOT_FOUND, Code.IN_USE),
            if_match=True,
        )
    )
    async def _delete(self, request: Request) -> Response:
        uid = _uid(request)
        writing = await self._entrance.write(request, "model.deleted", uid)
        await self._writes.delete(writing.by, uid, if_match=writing.if_match)
        return nothing()

    @described(
        Operation(
            "One model", OrgModelShown, errors=(Code.MODEL_NOT_FOUND,), answer_headers=("etag",)
        )
    )
    async def _get(self, request: Request) -> Response:
        reading = await self._entrance.read(request)
        shown = self._queries.one(reading.caller, _uid(request))
        return document(shown.document, headers={"etag": etag(shown.version)})

    @described(
        Operation(
            "Models of the org and of the system",
            OrgListed[OrgModelShown],
            query=(*_CATALOG_QUERY, *flag("isSystemModel"), *text("parentModelId"), *_PAGED),
        )
    )
    async def _list(self, request: Request) -> Response:
        reading = await self._entrance.read(request, *_FILTERS, *_PAGE)
        return self._listed(reading, is_system_model=reading.asked.flag("isSystemModel"))

    @described(
        Operation(
            "Models of the system: what can be a parent",
            OrgListed[OrgModelShown],
            query=(*_CATALOG_QUERY, *_PAGED),
        )
    )
    async def _catalog(self, request: Request) -> Response:
        """The system's models: what can be a parent."""
        reading = await self._entrance.read(request, *_CATALOG_FILTERS, *_PAGE)
        return self._listed(reading, is_system_model=True)

    def _listed(self, reading: Reading, *, is_system_model: bool | None) -> Response:
        asked = reading.asked
        wanted = _filter(asked, is_system_model=is_system_model)
        limit = asked.limit(USUAL_PAGE, LONGEST_PAGE)
        page = self._queries.page(reading.caller, wanted, limit=limit, cursor=asked.cursor())
        return document(envelope(page))


def envelope(page: Page) -> Mapping[str, Any]:
    """A page of a list as this dialect tells it."""
    return {
        "data": page.rows,
        "items": page.rows,
        "hasMore": page.next_cursor is not None,
        "nextCursor": page.next_cursor,
    }


def _filter(asked: Parameters, *, is_system_model: bool | None) -> OrgModelFilter:
    return OrgModelFilter(
        enabled=asked.flag("enabled"),
        is_system_model=is_system_model,
        is_recommended=asked.flag("isRecommended"),
        lifecycle_state=asked.choice("lifecycleState", [one.value for one in Lifecycle]),
        model_tier=asked.text("modelTier"),
        supports_streaming=asked.flag("supportsStreaming"),
        supports_tools=asked.flag("supportsTools"),
        supports_vision=asked.flag("supportsVision"),
        supports_reasoning=asked.flag("supportsReasoning"),
        parent_model_id=asked.text("parentModelId"),
        search=asked.text("search"),
    )


def _uid(request: Request) -> str:
    found: str = request.path_params["id"]
    return found
