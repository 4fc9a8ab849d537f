"""The admin plane as one ASGI application: its resources, its errors, an id for every request."""

import logging

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..ports import Ids
from .entrance import Entrance
from .errors import HANDLERS
from .plane import AdminPlane
from .resources.audit import AuditResource
from .resources.explain import ExplainResource
from .resources.issued import IssuedResource
from .resources.ledger import LedgerResource
from .resources.models import ModelResource
from .resources.orgs import OrgResource
from .resources.providers import ProviderResource

__all__ = ["AdminPlane", "admin_application"]

MAX_REQUEST_ID = 128
_log = logging.getLogger("tollhouse.admin")


def admin_application(plane: AdminPlane) -> ASGIApp:
    """The application over a plane's use cases. It answers every path and method it is given."""
    entrance = Entrance(plane.callers, plane.trail)
    routes: list[BaseRoute] = [
        *ModelResource(
            entrance, plane.models, plane.replacement, plane.catalogue, plane.live
        ).routes(),
        *OrgResource(entrance, plane.orgs).routes(),
        *IssuedResource(entrance, plane.keys, changeable=True).routes(),
        *IssuedResource(entrance, plane.tokens, changeable=False).routes(),
        *ExplainResource(entrance, plane.explaining).routes(),
        *ProviderResource(entrance, plane.providers).routes(),
        *AuditResource(entrance, plane.audit).routes(),
        *LedgerResource(entrance, plane.ledger).routes(),
    ]
    application = Starlette(routes=routes, exception_handlers=dict(HANDLERS))
    application.router.redirect_slashes = False
    return _Named(application, plane.ids)


class _Named:
    """Gives every request its id, in the answer too; a bug ends in the log, not in the server's."""

    def __init__(self, application: ASGIApp, ids: Ids) -> None:
        self._application = application
        self._ids = ids

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        name = self._name(Headers(scope=scope).get("x-request-id", ""))
        scope = {**scope, "state": {**scope.get("state", {}), "request_id": name}}

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["x-request-id"] = name
            await send(message)

        try:
            await self._application(scope, receive, send_named)
        except Exception:  # noqa: BLE001 - logged whole; nothing above could do better
            # The client has its 500 already; see errors.on_bug.
            _log.exception("admin request failed", extra={"request_id": name})

    def _name(self, given: str) -> str:
        """The client's id if it is 1 to 128 visible ASCII characters, else a new one."""
        if 0 < len(given) <= MAX_REQUEST_ID and all("!" <= char <= "~" for char in given):
            return given
        return self._ids.uuid()
