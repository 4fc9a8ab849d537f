"""Errors as problem details (RFC 9457), with the admin plane's own code and every faulty field.

``type`` is ``about:blank``, so ``title`` is the status in words; what went wrong is ``code`` for
programs and ``detail`` for people. ``errors`` names each fault by its ``path`` and, where it is one
of the body's fields, by a JSON pointer into the body too.
"""

import json
import re
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from ....core.errors import Code, FieldFault, TollhouseError

MEDIA_TYPE = "application/problem+json"
_STEP = re.compile(r"[^.\[\]]+")


def problem(error: TollhouseError) -> Response:
    """The error as problem details, with its status and headers."""
    faults = error.fields
    if error.param and not faults:
        faults = (FieldFault(error.param, error.message),)
    content: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": error.message,
        "code": error.code.value,
    }
    if faults:
        in_body = error.code is Code.VALIDATION_FAILED
        content["errors"] = [_fault(one, in_body=in_body) for one in faults]
    return Response(
        json.dumps(content, ensure_ascii=False),
        status_code=error.status,
        headers=error.headers,
        media_type=MEDIA_TYPE,
    )


def pointer(path: str) -> str:
    """A dotted path as a JSON pointer in a URI fragment (RFC 6901, 6): ``a.b[0]`` is ``#/a/b/0``.

    Steps are escaped as pointers ask, then as URIs do.
    """
    steps = (step.replace("~", "~0").replace("/", "~1") for step in _STEP.findall(path))
    return "#" + "".join(f"/{quote(step, safe='~')}" for step in steps)


def _fault(fault: FieldFault, *, in_body: bool) -> dict[str, str]:
    told = {"path": fault.path, "detail": fault.message}
    return {**told, "pointer": pointer(fault.path)} if in_body else told
