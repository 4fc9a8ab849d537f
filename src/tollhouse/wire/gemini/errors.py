"""What Google's errors tell beside their status: a reason, and how long to wait.

API reference: cloud.google.com/apis/design/errors (``google.rpc.ErrorInfo`` and ``RetryInfo``).
Google tells in the body alone when a request may be tried again, and answers a key of ours that it
does not know with a 400, as if the request were at fault; the reason tells the two apart.
"""

import re

import msgspec

from ..json_object import NOT_JSON
from .chunk import error_in

OUR_KEY = frozenset({"API_KEY_INVALID", "API_KEY_EXPIRED", "ACCESS_TOKEN_EXPIRED"})
"""Reasons that mean our credential, whatever the status."""
_REASON = re.compile(r"[A-Z][A-Z0-9_]{0,62}")
_SECONDS = re.compile(r"(\d{1,6}(?:\.\d{1,9})?)s")


class ErrorTold(msgspec.Struct, frozen=True, gc=False):
    """What the details of an error say; None where they say nothing."""

    reason: str | None = None
    retry_after: float | None = None
    """Seconds."""

    @property
    def is_our_key(self) -> bool:
        """Whether it is our credential that is refused, and not the request."""
        return self.reason in OUR_KEY


class _Detail(msgspec.Struct, gc=False, rename="camel"):
    reason: str | None = None
    retry_delay: str | None = None


class _Error(msgspec.Struct):
    details: list[_Detail] | None = None


_decoder = msgspec.json.Decoder(_Error)


def read_details(body: bytes) -> ErrorTold:
    """The details of an error's whole body, or of the error object itself."""
    try:
        error = _decoder.decode(error_in(body) or body)
    except NOT_JSON:
        return ErrorTold()
    reason = retry_after = None
    for detail in error.details or ():
        if detail.reason and _REASON.fullmatch(detail.reason):
            reason = reason or detail.reason
        delay = _SECONDS.fullmatch(detail.retry_delay or "")
        if delay:
            retry_after = float(delay[1])
    return ErrorTold(reason, retry_after)
