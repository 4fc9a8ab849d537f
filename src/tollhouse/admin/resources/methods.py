"""One path, several methods: a route that knows all of them, so that a 405 can name them all."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ...core.errors import CallerError, Code

Handler = Callable[[Request], Awaitable[Response]]


class Methods:
    """The ASGI application behind one path."""

    def __init__(self, handlers: dict[str, Handler], elsewhere: tuple[str, ...]) -> None:
        self._handlers = handlers
        if "GET" in handlers:
            handlers["HEAD"] = handlers["GET"]
        self._allowed = ", ".join(sorted({*handlers, *elsewhere}))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request to its method's handler; 405 naming the methods there are."""
        handler = self._handlers.get(scope["method"])
        if handler is None:
            raise CallerError(
                Code.METHOD_NOT_ALLOWED,
                f"This path does not take this method; use {self._allowed}.",
                headers={"allow": self._allowed},
            )
        request = Request(scope, receive)
        response = await handler(request)
        await response(scope, receive, send)


def at(path: str, *, elsewhere: tuple[str, ...] = (), **handlers: Handler) -> Route:
    """A route with a handler per method; methods ``elsewhere`` are answered by another plane."""
    application: ASGIApp = Methods(dict(handlers), elsewhere)
    return Route(path, application)
