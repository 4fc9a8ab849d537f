"""How the admin plane tells what went wrong: one JSON shape for every error, the framework's too.

A dialect may have a shape of its own; codes, statuses and messages are the same in all of them.

No answer holds a value that was sent, a credential, a stack or a name of ours from the inside.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any, cast

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ..core.errors import CallerError, Code, FieldFault, GatewayError, TollhouseError
from ..ports import StoreUnavailable

Tell = Callable[[TollhouseError], Response]
"""How a dialect answers an error."""
Handler = Callable[[Request, Exception], Awaitable[Response]]

_FRAMEWORK = {
    404: (Code.UNKNOWN_URL, "There is nothing at this path."),
    405: (Code.METHOD_NOT_ALLOWED, "This path does not take this method."),
}


def answer(error: TollhouseError) -> Response:
    """The error as the admin plane's JSON, with its status and headers."""
    faults = error.fields
    if error.param and not faults:
        faults = (FieldFault(error.param, error.message),)
    content = {
        "error": {
            "code": error.code.value,
            "message": error.message,
            "fields": [{"path": fault.path, "message": fault.message} for fault in faults],
        }
    }
    return Response(
        json.dumps(content, ensure_ascii=False),
        status_code=error.status,
        headers=error.headers,
        media_type="application/json",
    )


def store_unavailable() -> GatewayError:
    """The 503 for a write, or a read that only the store can answer, while it is lost."""
    return GatewayError(
        Code.STORE_UNAVAILABLE,
        "The store is out of reach. Try again shortly.",
        headers={"retry-after": "1"},
    )


def handlers(tell: Tell = answer) -> dict[Any, Handler]:
    """What the framework does with an exception, in the words of one dialect."""

    async def on_ours(_: Request, error: Exception) -> Response:
        return tell(cast("TollhouseError", error))

    async def on_store_unavailable(_request: Request, _error: Exception) -> Response:
        return tell(store_unavailable())

    async def on_http_exception(_: Request, error: Exception) -> Response:
        return tell(_framework_error(cast("HTTPException", error)))

    async def on_bug(_request: Request, _error: Exception) -> Response:
        # What it was goes to the log.
        return tell(GatewayError(Code.INTERNAL_ERROR, "The gateway failed; the log says why."))

    return {
        TollhouseError: on_ours,
        StoreUnavailable: on_store_unavailable,
        HTTPException: on_http_exception,
        Exception: on_bug,
    }


def _framework_error(raised: HTTPException) -> CallerError:
    """What the router raises, as one of ours: no such path, no such method."""
    code, message = _FRAMEWORK.get(
        raised.status_code, (Code.INVALID_REQUEST_ERROR, "The request cannot be used.")
    )
    return CallerError(code, message, status=raised.status_code, headers=dict(raised.headers or {}))
