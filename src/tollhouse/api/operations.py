"""Probes and figures for operators: no model call, and for the probes no I/O and no credential."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from .. import __version__
from ..core.caller import CredentialKind
from ..core.errors import CallerError, Code
from ..identity import credentials
from ..identity.roles import Permission, allows
from ..pipeline.callers import Callers
from ..pipeline.state import ServingState
from .headers import Headers, encode
from .reply import AsgiReply

Scope = dict[str, Any]
Respond = Callable[[Scope, Headers, AsgiReply], Awaitable[None]]
_READ = frozenset({"GET", "HEAD"})


class Operations:
    """Answers ``/``, ``/livez``, ``/readyz``, ``/version`` and ``/metrics``."""

    def __init__(
        self,
        state: ServingState,
        callers: Callers,
        *,
        render_metrics: Callable[[], bytes],
        metrics_token: str | None,
    ) -> None:
        self._state = state
        self._callers = callers
        self._render = render_metrics
        self._metrics_token = metrics_token
        self._routes: dict[str, Respond] = {
            "/": self._version,
            "/livez": self._live,
            "/readyz": self._ready,
            "/version": self._version,
            "/metrics": self._metrics,
        }

    def find(self, path: str) -> tuple[frozenset[str], Respond] | None:
        """The methods and the handler of a path, if it is one of ours."""
        respond = self._routes.get(path)
        return (_READ, respond) if respond else None

    async def _live(self, scope: Scope, _headers: Headers, reply: AsgiReply) -> None:
        await _json(scope, reply, 200, {"status": "ok"})

    async def _ready(self, scope: Scope, _headers: Headers, reply: AsgiReply) -> None:
        reasons = self._state.not_ready()
        status = 503 if reasons else 200
        await _json(scope, reply, status, {"ready": not reasons, "reasons": reasons})

    async def _version(self, scope: Scope, _headers: Headers, reply: AsgiReply) -> None:
        await _json(
            scope,
            reply,
            200,
            {
                "name": "tollhouse",
                "version": __version__,
                "catalogue_version": self._state.catalogue_version(),
            },
        )

    async def _metrics(self, scope: Scope, headers: Headers, reply: AsgiReply) -> None:
        await self._may_read_metrics(headers)
        body = await asyncio.to_thread(self._render)
        await _send(scope, reply, 200, body, "text/plain; version=0.0.4; charset=utf-8")

    async def _may_read_metrics(self, headers: Headers) -> None:
        """The metrics token, or an admin-plane credential whose role may read them."""
        given = credentials.from_headers(headers)
        token = self._metrics_token
        if given and token and credentials.is_secret(given, token):
            return
        caller = await self._callers.resolve(given, admin_plane=True)
        if caller.kind is CredentialKind.ORG_KEY:
            raise CallerError(
                Code.USER_IDENTITY_REQUIRED, "Metrics take a user's credential, not an org's key."
            )
        if not allows(caller, Permission.METRICS_READ):
            raise CallerError(Code.FORBIDDEN, "This credential may not read metrics.")


async def _json(scope: Scope, reply: AsgiReply, status: int, value: object) -> None:
    await _send(scope, reply, status, msgspec.json.encode(value), "application/json")


async def _send(
    scope: Scope, reply: AsgiReply, status: int, body: bytes, content_type: str
) -> None:
    head = {
        "content-type": content_type,
        "content-length": str(len(body)),
        "cache-control": "no-store",
    }
    await reply.start(status, encode(head))
    await reply.send(b"" if scope["method"] == "HEAD" else body, more=False)
