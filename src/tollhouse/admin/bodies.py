"""Reading the JSON body of an admin request: bounded while it arrives, and strict.

Accepted is one JSON object in UTF-8, as it is (no content encoding), without a name twice in one
object, and with nothing in it that a store could not keep. Numbers with a fraction stay decimals,
so that a price keeps its digits.
"""

import asyncio
import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NoReturn

from starlette.requests import ClientDisconnect, Request

from ..catalogue.storable import storage_faults
from ..core.errors import CallerError, Code, invalid, invalid_fields

MAX_BYTES = 1024 * 1024
MAX_BULK_BYTES = 16 * 1024 * 1024
MAX_AT_ONCE = 64 * 1024
_MEDIA_TYPES = frozenset({"", "application/json", "application/merge-patch+json"})


async def read_object(
    request: Request, *, limit: int = MAX_BYTES, optional: bool = False
) -> dict[str, Any]:
    """The JSON object sent (``{}`` for nothing where ``optional``); 400, 413, 415 or 422."""
    _check_headers(request, limit)
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > limit:
                raise _too_large(limit)
    except ClientDisconnect:
        raise invalid("The body ended early.") from None
    if optional and not body.strip():
        return {}
    if len(body) > MAX_AT_ONCE:
        # Other requests go on while a large set is read.
        return await asyncio.to_thread(parse_object, bytes(body))
    return parse_object(bytes(body))


def parse_object(body: bytes) -> dict[str, Any]:
    """Decode one strict JSON object; 400 says what is wrong with it, without quoting a value."""
    if not body.strip():
        raise invalid("The request has no body; a JSON object is expected.")
    try:
        value = json.loads(
            body.decode(),
            object_pairs_hook=_object,
            parse_float=_decimal,
            parse_constant=_constant,
        )
    except UnicodeDecodeError:
        raise invalid("The body is not valid UTF-8.") from None
    except RecursionError:
        raise invalid("The body is nested too deeply.") from None
    except ValueError:
        raise invalid("The body is not valid JSON.") from None
    if not isinstance(value, dict):
        raise invalid("The body must be a JSON object.")
    if faults := list(storage_faults(value)):
        raise invalid_fields(faults)
    return value


def _check_headers(request: Request, limit: int) -> None:
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type not in _MEDIA_TYPES:
        raise CallerError(Code.UNSUPPORTED_MEDIA_TYPE, "The body must be application/json.")
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise CallerError(
            Code.UNSUPPORTED_MEDIA_TYPE, "The body must be sent without a content encoding."
        )
    length = request.headers.get("content-length", "")
    # Digits only: the server has refused everything else, and the count below holds anyway.
    if length.isascii() and length.isdigit() and int(length) > limit:
        raise _too_large(limit)


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise invalid(f"A name is given twice in one object: {name[:64]!a}.")
            seen.add(name)
    return value


def _decimal(text: str) -> Decimal:
    value = Decimal(text)
    # An exponent in the thousands is a few bytes to send and megabytes to write out.
    if not -64 <= value.adjusted() <= 64:  # noqa: PLR2004 - far beyond any price or limit
        raise invalid("A number in the body is out of range.")
    return value


def _constant(_: str) -> NoReturn:
    raise invalid("The body is not valid JSON: NaN and Infinity are no numbers.")


def _too_large(limit: int) -> CallerError:
    return CallerError(Code.REQUEST_TOO_LARGE, f"The body is larger than {limit} bytes.")
