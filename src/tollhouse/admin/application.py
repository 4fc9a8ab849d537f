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
from .dialects.dialect import Dialect
from .dialects.org.application import org_dialect
from .dialects.personal.models import PersonalResource
from .entrance import Entrance
from .errors import answer, handlers
from .plane import AdminPlane
from .resources.audit import AuditResource
from .resources.description import DescriptionResource
from .resources.explain import ExplainResource
from .resources.impact import ImpactResource
from .resources.issued import IssuedResource
from .resources.ledger import LedgerResource
from .resources.models import ModelResource
from .resources.orgs import OrgResource
from .resources.prompts import PromptResource
from .resources.providers import ProviderResource
from .resources.retiring import RetiringResource
from .resources.schedule import ScheduleResource
from .resources.webhooks import WebhookResource

__all__ = ["AdminPlane", "admin_application"]

_log = logging.getLogger("tollhouse.admin")


def admin_application(plane: AdminPlane) -> ASGIApp:
    """The application over a plane's use cases. It answers every path and method it is given.

    The dialects stand in the order in which they are asked; the native one takes what is left.
    """
    entrance = Entrance(plane.callers, plane.trail)
    impact = ImpactResource(entrance, plane.previewing)
    schedule = ScheduleResource(entrance, plane.scheduling)
    routes: list[BaseRoute] = [
        *RetiringResource(entrance, plane.retiring).routes(),
        *ModelResource(
            entrance, plane.models, plane.replacement, plane.catalogue, plane.live, impact, schedule
        ).routes(),
        *impact.routes(),
        *schedule.routes(),
        *PersonalResource(entrance, plane.personal).routes(),
        *PromptResource(entrance, plane.prompts, plane.live).routes(),
        *OrgResource(entrance, plane.orgs).routes(),
        *IssuedResource(entrance, plane.keys, changeable=True).routes(),
        *IssuedResource(entrance, plane.tokens, changeable=False).routes(),
        *ExplainResource(entrance, plane.explaining).routes(),
        *ProviderResource(entrance, plane.providers).routes(),
        *AuditResource(entrance, plane.audit).routes(),
        *WebhookResource(entrance, plane.dead_letters).routes(),
        *LedgerResource(entrance, plane.ledger).routes(),
        *DescriptionResource(lambda: dialects).routes(),
    ]
    application = Starlette(routes=routes, exception_handlers=handlers())
    application.router.redirect_slashes = False
    native = Dialect("", application, answer, routes)
    dialects = (org_dialect(entrance, plane), native)
    return _Named(dialects, plane.ids)


class _Named:
    """Bounds every request's head and gives the request its id, which the answer has too.

    A bug ends in our log, not in the server's.
    """

    def __init__(self, dialects: Sequence[Dialect], ids: Ids) -> None:
        self.dialects = dialects
        self._ids = ids

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = scope["path"]
        dialect = next(one for one in self.dialects if path.startswith(one.prefix))
        application, name = self._open(dialect, scope["headers"])
        scope = {**scope, "state": {**scope.get("state", {}), "request_id": name}}

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["x-request-id"] = name
            await send(message)

        try:
            await application(scope, receive, send_named)
        except Exception:  # noqa: BLE001 - logged whole; nothing above could do better
            # The client has its 500 already; see errors.handlers.
            _log.exception("admin request failed", extra={"request_id": name})

    def _open(self, dialect: Dialect, pairs: Sequence[tuple[bytes, bytes]]) -> tuple[ASGIApp, str]:
        """What answers a request with these headers, and the request's id."""
        try:
            check_size(len(pairs), sum(len(name) + len(value) for name, value in pairs))
        except CallerError as refusal:
            return dialect.tell(refusal), self._ids.uuid()
        # As on the data plane, one that comes twice is the two with a comma between: no sound one.
        given = b", ".join(value for name, value in pairs if name == b"x-request-id")
        return dialect.application, sound_id(given) or self._ids.uuid()
