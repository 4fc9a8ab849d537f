"""The admin plane as one ASGI application: its resources, its errors, a name for every request."""

import logging
from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..core.errors import CallerError
from ..core.request_head import check_size, sound_id
from ..ports import Ids
from .entrance import Entrance
from .errors import HANDLERS, answer
from .plane import AdminPlane
from .resources.audit import AuditResource
from .resources.explain import ExplainResource
from .resources.issued import IssuedResource
from .resources.ledger import LedgerResource
from .resources.models import ModelResource
from .resources.orgs import OrgResource
from .resources.providers import ProviderResource

__all__ = ["AdminPlane", "admin_application"]

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
    """Bounds every request's head and gives the request its id, which the answer has too.

    A bug ends in our log, not in the server's.
    """

    def __init__(self, application: ASGIApp, ids: Ids) -> None:
        self._application = application
        self._ids = ids

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        application, name = self._open(scope["headers"])
        scope = {**scope, "state": {**scope.get("state", {}), "request_id": name}}

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["x-request-id"] = name
            await send(message)

        try:
            await application(scope, receive, send_named)
        except Exception:  # noqa: BLE001 - logged whole; nothing above could do better
            # The client has its 500 already; see errors.on_bug.
            _log.exception("admin request failed", extra={"request_id": name})

    def _open(self, pairs: Sequence[tuple[bytes, bytes]]) -> tuple[ASGIApp, str]:
        """What answers a request with these headers, and the request's id."""
        try:
            check_size(len(pairs), sum(len(name) + len(value) for name, value in pairs))
        except CallerError as refusal:
            return answer(refusal), self._ids.uuid()
        # As on the data plane, one that comes twice is the two with a comma between: no sound one.
        given = b", ".join(value for name, value in pairs if name == b"x-request-id")
        return self._application, sound_id(given) or self._ids.uuid()
