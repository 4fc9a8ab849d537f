"""How the admin plane tells what went wrong: one JSON shape for every error, the framework's too.

No answer holds a value that was sent, a credential, a stack or a name of ours from the inside.
"""

import json
from typing import cast

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ..core.errors import CallerError, Code, FieldFault, GatewayError, TollhouseError
from ..ports import StoreUnavailable

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


async def on_tollhouse_error(_: Request, error: Exception) -> Response:
    """Render one of ours."""
    return answer(cast("TollhouseError", error))


async def on_store_unavailable(_request: Request, _error: Exception) -> Response:
    """Render a lost store."""
    return answer(store_unavailable())


async def on_http_exception(_: Request, error: Exception) -> Response:
    """Render what the router raises: no such path, no such method."""
    raised = cast("HTTPException", error)
    code, message = _FRAMEWORK.get(
        raised.status_code, (Code.INVALID_REQUEST_ERROR, "The request cannot be used.")
    )
    return answer(
        CallerError(code, message, status=raised.status_code, headers=dict(raised.headers or {}))
    )


async def on_bug(_request: Request, _error: Exception) -> Response:
    """Render anything else; what it was goes to the log."""
    return answer(GatewayError(Code.INTERNAL_ERROR, "The gateway failed; the log says why."))


HANDLERS = {
    TollhouseError: on_tollhouse_error,
    StoreUnavailable: on_store_unavailable,
    HTTPException: on_http_exception,
    Exception: on_bug,
}
