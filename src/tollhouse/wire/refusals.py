"""What a provider's protocol says of a refusal beside its status.

Some tell our own trouble as if it were the client's: Bedrock a model that does not exist and a
quota that is used up, Google a key that it does not know, Anthropic an account without money, all
by a 400. Google tells in the body alone when to come back, AWS the name of its error in a header.

References: the modules of each dialect's errors, and docs.claude.com/en/api/errors.
"""

from collections.abc import Mapping
from dataclasses import replace

import msgspec

from .openai.errors import ProviderError

_BAD_REQUEST, _UNAUTHORIZED, _OUT_OF_MONEY, _FORBIDDEN = 400, 401, 402, 403
_NOT_FOUND, _TOO_MANY = 404, 429
_CREDIT = "credit balance is too low"
_MODEL_MISSING = "model_not_found"
_QUOTA = "ServiceQuotaExceededException"
_NOT_HERE = "location is not supported"
"""What Google says to a server of ours in a country that it does not serve."""


class Refined(msgspec.Struct, frozen=True, gc=False):
    """A refusal as it is meant."""

    status: int
    told: ProviderError
    retry_after: float | None = None
    """Seconds, where the body names them."""


def refine(
    protocol: str, status: int, told: ProviderError, body: bytes, headers: Mapping[str, str]
) -> Refined:
    """A refusal read by its provider's protocol; header names are in lower case. Never raises.

    ``body`` is the whole one, or the error object of a stream; ``told`` is what was read of it.
    """
    if protocol == "bedrock":
        return _of_bedrock(status, told, body, headers)
    if protocol in {"gemini", "vertex"}:
        return _of_google(status, told, body)
    if status == _BAD_REQUEST and protocol == "anthropic" and _CREDIT in (told.message or ""):
        status = _OUT_OF_MONEY
    return Refined(status, told)


def _of_bedrock(
    status: int, told: ProviderError, body: bytes, headers: Mapping[str, str]
) -> Refined:
    from .converse.errors import error_type  # noqa: PLC0415 - few providers need it

    kind = error_type(headers, body)
    if kind is None:
        return Refined(status, told)
    if status == _BAD_REQUEST and kind == _MODEL_MISSING:
        status = _NOT_FOUND
    elif status == _BAD_REQUEST and kind == _QUOTA:
        status = _TOO_MANY
    return Refined(status, replace(told, code=kind))


def _of_google(status: int, told: ProviderError, body: bytes) -> Refined:
    from .gemini.errors import read_details  # noqa: PLC0415 - few providers need it

    details = read_details(body)
    if details.is_our_key:
        status = _UNAUTHORIZED
    elif status == _BAD_REQUEST and _NOT_HERE in (told.message or ""):
        status = _FORBIDDEN
    return Refined(status, told, details.retry_after)
