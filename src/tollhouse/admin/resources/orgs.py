"""Orgs over HTTP."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ...core.errors import Code
from ..entrance import Entrance
from ..forms import NewOrg, OrgPatch
from ..openapi_operations import Operation, described, page
from ..openapi_shapes import Listed, OrgShown
from ..orgs import Orgs, show_org
from .answers import document, listed, nothing
from .methods import at
from .paths import name_after

_PATH = "/admin/v1/orgs"


class OrgResource:
    """``/admin/v1/orgs`` and one below it."""

    def __init__(self, entrance: Entrance, orgs: Orgs) -> None:
        self._entrance = entrance
        self._orgs = orgs

    def routes(self) -> list[Route]:
        """Its paths."""
        return [
            at(_PATH, GET=self._list, POST=self._create),
            at(f"{_PATH}/{{slug:path}}", GET=self._get, PATCH=self._patch, DELETE=self._delete),
        ]

    @described(Operation("List orgs", Listed[OrgShown], query=page()))
    async def _list(self, request: Request) -> Response:
        reading = await self._entrance.read(request, "cursor", "limit")
        asked = reading.asked
        page = await self._orgs.page(reading.caller, limit=asked.limit(), cursor=asked.cursor())
        return listed(page, show_org)

    @described(Operation("Create an org", OrgShown, 201, body=NewOrg, errors=(Code.ORG_EXISTS,)))
    async def _create(self, request: Request) -> Response:
        writing = await self._entrance.write(request, "org.created", "")
        org = await self._orgs.create(writing.by, await writing.body())
        return document(show_org(org), status=201)

    @described(Operation("One org", OrgShown, errors=(Code.NOT_FOUND,)))
    async def _get(self, request: Request) -> Response:
        slug = name_after(request, f"{_PATH}/")
        reading = await self._entrance.read(request)
        return document(show_org(await self._orgs.one(reading.caller, slug)))

    @described(Operation("Change an org", OrgShown, body=OrgPatch, errors=(Code.NOT_FOUND,)))
    async def _patch(self, request: Request) -> Response:
        slug = name_after(request, f"{_PATH}/")
        writing = await self._entrance.write(request, "org.updated", slug)
        org = await self._orgs.patch(writing.by, slug, await writing.body())
        return document(show_org(org))

    @described(
        Operation(
            "Delete an org with its keys and tokens",
            status=204,
            errors=(Code.NOT_FOUND, Code.IN_USE),
        )
    )
    async def _delete(self, request: Request) -> Response:
        slug = name_after(request, f"{_PATH}/")
        writing = await self._entrance.write(request, "org.deleted", slug)
        await self._orgs.delete(writing.by, slug)
        return nothing()
