"""Probes and figures for operators: no model call, and for the probes no I/O and no credential."""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from .. import __version__
from ..core.caller import CredentialKind
from ..core.errors import CallerError, Code
from ..identity import credentials
from ..identity.roles import Permission, allows
from ..pipeline.callers import Callers
from ..pipeline.state import ServingState
from .exchange import HttpExchange
from .headers import Headers, encode

Respond = Callable[[HttpExchange, Headers], Awaitable[None]]
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

    async def _live(self, exchange: HttpExchange, _headers: Headers) -> None:
        await _json(exchange, 200, {"status": "ok"})

    async def _ready(self, exchange: HttpExchange, _headers: Headers) -> None:
        reasons = self._state.not_ready()
        status = 503 if reasons else 200
        await _json(exchange, status, {"ready": not reasons, "reasons": reasons})

    async def _version(self, exchange: HttpExchange, _headers: Headers) -> None:
        await _json(
            exchange,
            200,
            {
                "name": "tollhouse",
                "version": __version__,
                "catalogue_version": self._state.catalogue_version(),
            },
        )

    async def _metrics(self, exchange: HttpExchange, headers: Headers) -> None:
        await self._may_read_metrics(headers)
        body = await asyncio.to_thread(self._render)
        await _send(exchange, 200, body, "text/plain; version=0.0.4; charset=utf-8")

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


async def _json(exchange: HttpExchange, status: int, value: object) -> None:
    await _send(exchange, status, msgspec.json.encode(value), "application/json")


async def _send(exchange: HttpExchange, status: int, body: bytes, content_type: str) -> None:
    head = {"content-type": content_type, "cache-control": "no-store"}
    await exchange.answer(status, encode(head), body)
