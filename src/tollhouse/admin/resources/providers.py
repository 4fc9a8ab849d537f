"""Providers over HTTP, for reading only: they are the configuration's."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ...ports import Page
from ..entrance import Entrance
from ..openapi_operations import Operation, described
from ..openapi_shapes import Listed, ProviderShown
from ..providers import Providers
from .answers import listed
from .methods import at


class ProviderResource:
    """``/admin/v1/providers``."""

    def __init__(self, entrance: Entrance, providers: Providers) -> None:
        self._entrance = entrance
        self._providers = providers

    def routes(self) -> list[Route]:
        """Its path."""
        return [at("/admin/v1/providers", GET=self._list)]

    @described(Operation("Connections with the state of their breakers", Listed[ProviderShown]))
    async def _list(self, request: Request) -> Response:
        reading = await self._entrance.read(request)
        return listed(Page(self._providers.all(reading.caller)))
