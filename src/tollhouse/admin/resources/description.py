"""The document of the admin plane over HTTP: shapes only, so it is open to anybody."""

from collections.abc import Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ... import __version__
from ..dialects.dialect import Dialect
from ..openapi_operations import Operation, described
from ..parameters import Parameters
from .answers import document
from .methods import at

_PATH = "/admin/openapi.json"


class DescriptionResource:
    """``/admin/openapi.json``."""

    def __init__(self, dialects: Callable[[], Sequence[Dialect]]) -> None:
        self._dialects = dialects
        self._made: dict[str, Any] | None = None

    def routes(self) -> list[Route]:
        """Its path."""
        return [at(_PATH, GET=self._get)]

    @described(Operation("This document", dict[str, Any], public=True))
    async def _get(self, request: Request) -> Response:
        Parameters(request)
        if self._made is None:
            # What makes it takes memory that a gateway need not have unless somebody asks.
            from ..openapi import describe  # noqa: PLC0415 - see above

            self._made = describe(self._dialects(), __version__)
        return document(self._made)
