"""The data plane: path to operation, errors to OpenAI's shape.

It takes exchanges as the connection makes them: no middleware stack stands between the socket and
the pipeline. Every route but the probes needs a credential; there is no way to add one without it.
"""

import logging
from dataclasses import dataclass

from ..core.errors import CallerError, Code, GatewayError, Refusal, Refused, TollhouseError
from ..core.needs import Endpoint
from ..identity import credentials
from ..pipeline.call import read_call
from ..pipeline.callers import Callers
from ..pipeline.gateway import Gateway
from ..ports import Clock, Ids, Observer
from ..wire.errors import error_body, is_anthropic
from .body import read_body
from .exchange import ClientLeft, HttpExchange
from .headers import (
    Headers,
    anthropic_betas,
    anthropic_version,
    encode,
    flag,
    read_headers,
    request_id,
)
from .models import Models
from .operations import Operations

_log = logging.getLogger("tollhouse.api")

_ENDPOINTS = {f"/v1/{endpoint.path}": endpoint for endpoint in Endpoint}
_MESSAGES = frozenset({Endpoint.MESSAGES, Endpoint.COUNT_TOKENS})


@dataclass(frozen=True, slots=True)
class DataPlane:
    """Answers applications."""

    gateway: Gateway
    callers: Callers
    models: Models
    operations: Operations
    clock: Clock
    ids: Ids
    observer: Observer
    max_body_bytes: int

    async def __call__(self, exchange: HttpExchange) -> None:
        """Answer one request."""
        started = self.clock.monotonic()
        headers: Headers = {}
        name = ""
        try:
            headers = read_headers(exchange.headers)
            name = request_id(headers, self.ids)
            await self._route(exchange, headers, name, started)
        except ClientLeft:
            return
        except TollhouseError as error:
            self._count(error)
            await answer_error(exchange, error, name or request_id(headers, self.ids))
        except Exception:  # noqa: BLE001 - a bug must still answer in the client's protocol
            _log.exception("request failed", extra={"request_id": name})
            bug = GatewayError(Code.INTERNAL_ERROR, "The gateway failed; the operators know.")
            await answer_error(exchange, bug, name)

    def _count(self, error: TollhouseError) -> None:
        """Count what was turned away before the gate; the gate's own refusals it counts itself."""
        if isinstance(error, CallerError) and not isinstance(error, Refused):
            refusal = Refusal(error.code, error.message, error.param)
            self.observer.refused(refusal, model=None, caller=None)

    async def _route(
        self, exchange: HttpExchange, headers: Headers, name: str, started: float
    ) -> None:
        path, method = exchange.path, exchange.method
        endpoint = _ENDPOINTS.get(path)
        if endpoint is not None:
            if method != "POST":
                raise _wrong_method(method, "POST")
            await self._operate(endpoint, exchange, headers, name, started)
            return
        answer = self.operations.find(path)
        if answer is not None:
            allowed, respond = answer
            if method not in allowed:
                raise _wrong_method(method, ", ".join(sorted(allowed)))
            await respond(exchange, headers)
            return
        if path == "/v1/models" or path.startswith("/v1/models/"):
            if method not in {"GET", "HEAD"}:
                raise _wrong_method(method, "GET, HEAD")
            caller = await self.callers.resolve(credentials.from_headers(headers))
            await self.models.answer(exchange, headers, caller, name)
            return
        raise CallerError(Code.UNKNOWN_URL, "There is nothing at this path.")

    async def _operate(
        self,
        endpoint: Endpoint,
        exchange: HttpExchange,
        headers: Headers,
        name: str,
        started: float,
    ) -> None:
        """Check the credential first: an unknown caller's body is not read."""
        caller = await self.callers.resolve(credentials.from_headers(headers))
        content_type = headers.get(b"content-type", b"").decode("latin-1")
        _check_media_type(content_type, endpoint)
        # Neither the body nor the headers keep a name here: a stream may be open for long.
        exchange.headers.clear()
        call = read_call(
            endpoint,
            await read_body(exchange, headers, self.max_body_bytes),
            content_type,
            caller=caller,
            request_id=name,
            started=started,
            failover=headers.get(b"x-tollhouse-failover", b"").strip().lower() != b"off",
        )
        if endpoint in _MESSAGES:
            call.version, call.betas = anthropic_version(headers), anthropic_betas(headers)
        if flag(headers, b"x-tollhouse-dry-run"):
            await self.gateway.explain(call, exchange)
        else:
            await self.gateway.handle(call, exchange)


async def answer_error(exchange: HttpExchange, error: TollhouseError, name: str) -> None:
    """Answer with an error; one that comes after the head can only cut the answer short."""
    if exchange.started:
        return
    head = {"content-type": "application/json", "x-request-id": name, **error.headers}
    if is_anthropic(exchange.path):
        head["request-id"] = name
    await exchange.answer(error.status, encode(head), error_body(error, name, exchange.path))


def _check_media_type(content_type: str, endpoint: Endpoint) -> None:
    if content_type == "application/json" and not endpoint.multipart:
        return
    kind = content_type.partition(";")[0].strip().lower()
    if endpoint.multipart:
        if kind != "multipart/form-data":
            raise CallerError(Code.UNSUPPORTED_MEDIA_TYPE, "The body must be multipart/form-data.")
    elif kind not in {"", "application/json"} and not kind.endswith("+json"):
        raise CallerError(Code.UNSUPPORTED_MEDIA_TYPE, "The body must be application/json.")


def _wrong_method(method: str, allowed: str) -> CallerError:
    return CallerError(
        Code.METHOD_NOT_ALLOWED,
        f"{method if method.isalpha() else 'This method'} is not allowed here; use {allowed}.",
        headers={"allow": allowed},
    )
