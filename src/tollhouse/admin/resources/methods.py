"""One path, several methods: a route that knows all of them, so that a 405 can name them all."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ...core.errors import CallerError, Code
from ..openapi_operations import Parameter

Handler = Callable[[Request], Awaitable[Response]]


class Methods:
    """The ASGI application behind one path."""

    def __init__(
        self,
        handlers: dict[str, Handler],
        elsewhere: tuple[str, ...],
        query: tuple[Parameter, ...],
    ) -> None:
        self.handlers = handlers
        self.query = query
        if "GET" in handlers:
            handlers["HEAD"] = handlers["GET"]
        self._allowed = ", ".join(sorted({*handlers, *elsewhere}))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request to its method's handler; 405 naming the methods there are."""
        handler = self.handlers.get(scope["method"])
        if handler is None:
            raise CallerError(
                Code.METHOD_NOT_ALLOWED,
                f"This path does not take this method; use {self._allowed}.",
                headers={"allow": self._allowed},
            )
        request = Request(scope, receive)
        response = await handler(request)
        await response(scope, receive, send)


def at(
    path: str,
    *,
    elsewhere: tuple[str, ...] = (),
    query: tuple[Parameter, ...] = (),
    **handlers: Handler,
) -> Route:
    """A route with a handler per method; methods ``elsewhere`` are answered by another plane.

    ``query`` is what every method of this path takes, beyond what its handler says.
    """
    application: ASGIApp = Methods(dict(handlers), elsewhere, query)
    return Route(path, application)
