"""``GET /v1/models`` and ``GET /v1/models/{model_id}``: what this caller may use, from memory.

The list is what the gate lets through, less what is hidden; a model asked for by its id may be
hidden. The path is decoded once, so an id may hold slashes as they are or percent-encoded.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec

from ..core.caller import Caller
from ..core.errors import CallerError, Code, Refused
from ..pipeline.listing import Listing
from ..ports import Clock
from .exchange import HttpExchange
from .headers import Headers, encode

_PREFIX = "/v1/models"


class Models:
    """Answers the two requests."""

    def __init__(self, listing: Listing, clock: Clock) -> None:
        self._listing = listing
        self._clock = clock

    async def answer(
        self,
        exchange: HttpExchange,
        headers: Headers,
        caller: Caller,
        name: str,
    ) -> None:
        """Answer with the list or with one model; 404 or the gate's refusal for one it denies."""
        now = self._clock.now()
        model_id = _model_id(exchange.raw_path)
        if model_id is None:
            shown: Mapping[str, Any] = {
                "object": "list",
                "data": self._listing.all(caller, now),
            }
        else:
            found = self._listing.one(model_id, caller, now)
            if not isinstance(found, dict):
                raise Refused(found)
            shown = found
        etag = self._listing.etag(caller, now)
        head = {"x-request-id": name, "etag": etag, "cache-control": "private, no-cache"}
        if headers.get(b"if-none-match", b"").decode("latin-1") == etag:
            await exchange.answer(304, encode(head), b"")
            return
        head["content-type"] = "application/json"
        await exchange.answer(200, encode(head), msgspec.json.encode(shown))


def _model_id(raw_path: bytes) -> str | None:
    """The id in the path, decoded once; None for the list itself."""
    rest = raw_path[len(_PREFIX) :]
    if rest in {b"", b"/"}:
        return None
    try:
        return unquote_to_bytes(rest[1:]).decode()
    except UnicodeDecodeError:
        raise CallerError(Code.MODEL_NOT_FOUND, "The path is not valid UTF-8.") from None
