"""The data plane as one ASGI application: path to operation, errors to OpenAI's shape.

Plain ASGI on purpose: no middleware stack and no request object stand between the socket and the
pipeline. Every route but the probes needs a credential; there is no way to add one without it.
"""

import logging
from dataclasses import dataclass
from typing import Any

from ..core.errors import CallerError, Code, GatewayError, Refusal, Refused, TollhouseError
from ..core.needs import Endpoint
from ..identity import credentials
from ..pipeline.call import read_call
from ..pipeline.callers import Callers
from ..pipeline.gateway import Gateway
from ..ports import Clock, Ids, Observer
from ..wire.openai.errors import error_body
from .body import ClientLeft, Receive, read_body
from .headers import Headers, encode, flag, read_headers, request_id
from .models import Models
from .operations import Operations
from .reply import AsgiReply, Send

_log = logging.getLogger("tollhouse.api")

_ENDPOINTS = {f"/v1/{endpoint.path}": endpoint for endpoint in Endpoint}
Scope = dict[str, Any]


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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        started = self.clock.monotonic()
        reply = AsgiReply(receive, send)
        headers: Headers = {}
        name = ""
        try:
            headers = read_headers(scope["headers"])
            name = request_id(headers, self.ids)
            await self._route(scope, receive, headers, reply, name, started)
        except ClientLeft:
            return
        except TollhouseError as error:
            self._count(error)
            await answer_error(reply, error, name or request_id(headers, self.ids))
        except Exception:  # noqa: BLE001 - a bug must still answer in the client's protocol
            _log.exception("request failed", extra={"request_id": name})
            bug = GatewayError(Code.INTERNAL_ERROR, "The gateway failed; the operators know.")
            await answer_error(reply, bug, name)

    def _count(self, error: TollhouseError) -> None:
        """Count what was turned away before the gate; the gate's own refusals it counts itself."""
        if isinstance(error, CallerError) and not isinstance(error, Refused):
            refusal = Refusal(error.code, error.message, error.param)
            self.observer.refused(refusal, model=None, caller=None)

    async def _route(
        self,
        scope: Scope,
        receive: Receive,
        headers: Headers,
        reply: AsgiReply,
        name: str,
        started: float,
    ) -> None:
        path, method = scope["path"], scope["method"]
        endpoint = _ENDPOINTS.get(path)
        if endpoint is not None:
            if method != "POST":
                raise _wrong_method(method, "POST")
            await self._operate(endpoint, receive, headers, reply, name, started)
            return
        answer = self.operations.find(path)
        if answer is not None:
            allowed, respond = answer
            if method not in allowed:
                raise _wrong_method(method, ", ".join(sorted(allowed)))
            await respond(scope, headers, reply)
            return
        if path == "/v1/models" or path.startswith("/v1/models/"):
            if method not in {"GET", "HEAD"}:
                raise _wrong_method(method, "GET, HEAD")
            caller = await self.callers.resolve(credentials.from_headers(headers))
            await self.models.answer(scope, headers, caller, reply, name)
            return
        raise CallerError(Code.UNKNOWN_URL, "There is nothing at this path.")

    async def _operate(
        self,
        endpoint: Endpoint,
        receive: Receive,
        headers: Headers,
        reply: AsgiReply,
        name: str,
        started: float,
    ) -> None:
        """Check the credential first: an unknown caller's body is not read."""
        caller = await self.callers.resolve(credentials.from_headers(headers))
        content_type = headers.get(b"content-type", b"").decode("latin-1")
        _check_media_type(content_type, endpoint)
        body = await read_body(receive, headers, self.max_body_bytes)
        call = read_call(
            endpoint,
            body,
            content_type,
            caller=caller,
            request_id=name,
            started=started,
            failover=headers.get(b"x-tollhouse-failover", b"").strip().lower() != b"off",
        )
        if flag(headers, b"x-tollhouse-dry-run"):
            await self.gateway.explain(call, reply)
        else:
            await self.gateway.handle(call, reply)


async def answer_error(reply: AsgiReply, error: TollhouseError, name: str) -> None:
    """Answer with an error; one that comes after the head can only cut the answer short."""
    if reply.started:
        return
    body = error_body(error, name)
    head = {
        "content-type": "application/json",
        "content-length": str(len(body)),
        "x-request-id": name,
        **error.headers,
    }
    await reply.start(error.status, encode(head))
    await reply.send(body, more=False)


def _check_media_type(content_type: str, endpoint: Endpoint) -> None:
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
