"""Keys and tokens over HTTP. Their secrets are in two answers only: of creating and of rotating."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ...core.errors import Code
from ..entrance import Entrance
from ..forms import KeyPatch, NewKey, NewToken, Rotation
from ..issuing import KEYS, Issued, Issuing, is_id, show_credential
from ..openapi_operations import Operation, described, page, text
from ..openapi_shapes import KeyMade, KeyShown, Listed, TokenMade, TokenShown
from .answers import document, listed, nothing
from .methods import at


class IssuedResource:
    """``/admin/v1/keys`` or ``/admin/v1/tokens``, and one below it."""

    def __init__(self, entrance: Entrance, issuing: Issuing, *, changeable: bool) -> None:
        self._entrance = entrance
        self._issuing = issuing
        self.noun = issuing.sort.noun
        self._changeable = changeable
        keys = issuing.sort is KEYS
        self.new: Any = NewKey if keys else NewToken
        self.shown: Any = KeyShown if keys else TokenShown
        self.made: Any = KeyMade if keys else TokenMade
        self.listing: Any = Listed[KeyShown] if keys else Listed[TokenShown]

    def routes(self) -> list[Route]:
        """Its paths."""
        every = f"/admin/v1/{self.noun}s"
        one = f"{every}/{{id}}"
        routes = [at(every, GET=self._list, POST=self._create)]
        if self._changeable:
            routes.append(at(one, GET=self._get, PATCH=self._patch, DELETE=self._revoke))
            routes.append(at(f"{one}/rotate", POST=self._rotate))
        else:
            routes.append(at(one, GET=self._get, DELETE=self._revoke))
        return routes

    @described(
        lambda self: Operation(f"List {self.noun}s", self.listing, query=(*text("org"), *page()))
    )
    async def _list(self, request: Request) -> Response:
        reading = await self._entrance.read(request, "org", "cursor", "limit")
        asked = reading.asked
        page = await self._issuing.page(
            reading.caller, org=asked.text("org"), limit=asked.limit(), cursor=asked.cursor()
        )
        return listed(page, show_credential)

    @described(lambda self: Operation(f"Issue a {self.noun}", self.made, 201, body=self.new))
    async def _create(self, request: Request) -> Response:
        writing = await self._entrance.write(request, f"{self.noun}.created", "")
        issued = await self._issuing.create(writing.by, await writing.body())
        return self._shown_once(issued, status=201)

    @described(lambda self: Operation(f"One {self.noun}", self.shown, errors=(Code.NOT_FOUND,)))
    async def _get(self, request: Request) -> Response:
        reading = await self._entrance.read(request)
        return document(show_credential(await self._issuing.one(reading.caller, _id(request))))

    @described(
        lambda self: Operation(
            f"Change a {self.noun}", self.shown, body=KeyPatch, errors=(Code.NOT_FOUND,)
        )
    )
    async def _patch(self, request: Request) -> Response:
        writing = await self._entrance.write(request, f"{self.noun}.updated", _target(request))
        credential = await self._issuing.patch(writing.by, _id(request), await writing.body())
        return document(show_credential(credential))

    @described(
        lambda self: Operation(
            f"Give a {self.noun} a new secret",
            self.made,
            body=Rotation,
            body_optional=True,
            errors=(Code.NOT_FOUND,),
        )
    )
    async def _rotate(self, request: Request) -> Response:
        writing = await self._entrance.write(request, f"{self.noun}.rotated", _target(request))
        body = await writing.body(optional=True)
        return self._shown_once(await self._issuing.rotate(writing.by, _id(request), body))

    @described(
        lambda self: Operation(f"Revoke a {self.noun}", status=204, errors=(Code.NOT_FOUND,))
    )
    async def _revoke(self, request: Request) -> Response:
        writing = await self._entrance.write(request, f"{self.noun}.revoked", _target(request))
        await self._issuing.revoke(writing.by, _id(request))
        return nothing()

    def _shown_once(self, issued: Issued, *, status: int = 200) -> Response:
        shown = show_credential(issued.credential)
        return document({**shown, self.noun: issued.secret}, status=status)


def _id(request: Request) -> str:
    found: str = request.path_params["id"]
    return found


def _target(request: Request) -> str:
    """What the trail calls it: never a whole secret that somebody put into the path."""
    found = _id(request)
    return found if is_id(found) else ""
