"""Every error a client can get, in one closed tree.

::

    TollhouseError
    ├── CallerError          the request is at fault: another try of it cannot help
    │   └── Refused          the gate said no; carries every reason
    ├── UpstreamError        the provider is at fault; carries the attempts made
    └── GatewayError         we are: overload, draining, a lost store, a bug

A code belongs to one branch and has one status. Every message is safe to show; what is not goes
into the ``__cause__`` and the log. Each client protocol renders every code in its own envelope.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .label import Label
from .record import Attempt


class Code(Label):
    """Every code, as clients see it."""

    # The credential and the body.
    INVALID_API_KEY = "invalid_api_key"
    INVALID_REQUEST_ERROR = "invalid_request_error"
    REQUEST_TOO_LARGE = "request_too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    HEADERS_TOO_LARGE = "headers_too_large"
    REQUEST_TIMEOUT = "request_timeout"
    UNKNOWN_URL = "unknown_url"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    # The gate.
    MODEL_NOT_FOUND = "model_not_found"
    MODEL_DISABLED = "model_disabled"
    MODEL_RETIRED = "model_retired"
    MODEL_NOT_ALLOWED = "model_not_allowed"
    TIER_INSUFFICIENT = "tier_insufficient"
    ENDPOINT_NOT_SUPPORTED = "endpoint_not_supported"
    CAPABILITY_NOT_SUPPORTED = "capability_not_supported"
    MAX_TOKENS_EXCEEDED = "max_tokens_exceeded"
    CONTEXT_LENGTH_EXCEEDED = "context_length_exceeded"
    INVALID_DIMENSIONS = "invalid_dimensions"
    UNSUPPORTED_PARAMETER = "unsupported_parameter"
    # The admin plane.
    USER_IDENTITY_REQUIRED = "user_identity_required"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    MODEL_EXISTS = "model_exists"
    ORG_EXISTS = "org_exists"
    IN_USE = "in_use"
    VERSION_CONFLICT = "version_conflict"
    VALIDATION_FAILED = "validation_failed"
    SYSTEM_MODEL_READ_ONLY = "system_model_read_only"
    IDEMPOTENCY_KEY_IN_USE = "idempotency_key_in_use"
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused"
    # The provider.
    UPSTREAM_REJECTED = "upstream_rejected"
    UPSTREAM_RATE_LIMITED = "upstream_rate_limited"
    UPSTREAM_ERROR = "upstream_error"
    UPSTREAM_UNREACHABLE = "upstream_unreachable"
    UPSTREAM_AUTH_ERROR = "upstream_auth_error"
    UPSTREAM_MODEL_MISSING = "upstream_model_missing"
    UPSTREAM_INVALID_RESPONSE = "upstream_invalid_response"
    UPSTREAM_DISCONNECTED = "upstream_disconnected"
    UPSTREAM_TIMEOUT = "upstream_timeout"
    UPSTREAM_IDLE_TIMEOUT = "upstream_idle_timeout"
    # Ourselves.
    GATEWAY_OVERLOADED = "gateway_overloaded"
    GATEWAY_DRAINING = "gateway_draining"
    STORE_UNAVAILABLE = "store_unavailable"
    ISSUER_UNAVAILABLE = "issuer_unavailable"
    LEDGER_UNAVAILABLE = "ledger_unavailable"
    INTERNAL_ERROR = "internal_error"

    @property
    def status(self) -> int:
        """The HTTP status it is answered with."""
        return _STATUS[self]


_STATUS = {
    Code.INVALID_API_KEY: 401,
    Code.INVALID_REQUEST_ERROR: 400,
    Code.REQUEST_TOO_LARGE: 413,
    Code.UNSUPPORTED_MEDIA_TYPE: 415,
    Code.HEADERS_TOO_LARGE: 431,
    Code.REQUEST_TIMEOUT: 408,
    Code.UNKNOWN_URL: 404,
    Code.METHOD_NOT_ALLOWED: 405,
    Code.MODEL_NOT_FOUND: 404,
    Code.MODEL_DISABLED: 403,
    Code.MODEL_RETIRED: 410,
    Code.MODEL_NOT_ALLOWED: 403,
    Code.TIER_INSUFFICIENT: 403,
    Code.ENDPOINT_NOT_SUPPORTED: 400,
    Code.CAPABILITY_NOT_SUPPORTED: 400,
    Code.MAX_TOKENS_EXCEEDED: 400,
    Code.CONTEXT_LENGTH_EXCEEDED: 400,
    Code.INVALID_DIMENSIONS: 400,
    Code.UNSUPPORTED_PARAMETER: 400,
    Code.USER_IDENTITY_REQUIRED: 403,
    Code.FORBIDDEN: 403,
    Code.NOT_FOUND: 404,
    Code.MODEL_EXISTS: 409,
    Code.ORG_EXISTS: 409,
    Code.IN_USE: 409,
    Code.VERSION_CONFLICT: 412,
    Code.VALIDATION_FAILED: 422,
    Code.SYSTEM_MODEL_READ_ONLY: 403,
    Code.IDEMPOTENCY_KEY_IN_USE: 409,
    Code.IDEMPOTENCY_KEY_REUSED: 422,
    Code.UPSTREAM_REJECTED: 400,
    Code.UPSTREAM_RATE_LIMITED: 429,
    Code.UPSTREAM_ERROR: 502,
    Code.UPSTREAM_UNREACHABLE: 502,
    Code.UPSTREAM_AUTH_ERROR: 502,
    Code.UPSTREAM_MODEL_MISSING: 502,
    Code.UPSTREAM_INVALID_RESPONSE: 502,
    Code.UPSTREAM_DISCONNECTED: 502,
    Code.UPSTREAM_TIMEOUT: 504,
    Code.UPSTREAM_IDLE_TIMEOUT: 504,
    Code.GATEWAY_OVERLOADED: 503,
    Code.GATEWAY_DRAINING: 503,
    Code.STORE_UNAVAILABLE: 503,
    Code.ISSUER_UNAVAILABLE: 503,
    Code.LEDGER_UNAVAILABLE: 503,
    Code.INTERNAL_ERROR: 500,
}


@dataclass(frozen=True, slots=True)
class FieldFault:
    """One thing wrong with one field; ``path`` is dotted, as in ``limits.max_tokens``."""

    path: str
    message: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason of the gate."""

    code: Code
    message: str
    param: str | None = None
    close_ids: tuple[str, ...] = ()
    replacement: str | None = None
    plans: tuple[str, ...] = ()


class TollhouseError(Exception):
    """The root. ``status`` is the code's own, or the provider's where that is passed on."""

    def __init__(
        self,
        code: Code,
        message: str,
        *,
        param: str | None = None,
        fields: Sequence[FieldFault] = (),
        headers: Mapping[str, str] | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.param = param
        self.fields = tuple(fields)
        self.headers = dict(headers or {})
        self.status = status or code.status


class CallerError(TollhouseError):
    """The request, the credential or the admin's document is at fault."""


class Refused(CallerError):
    """The gate said no. The first reason is the answer; all of them are kept."""

    def __init__(self, reasons: Sequence[Refusal]) -> None:
        first = reasons[0]
        super().__init__(first.code, first.message, param=first.param)
        self.reasons = tuple(reasons)


class UpstreamError(TollhouseError):
    """No attempt gave an answer. ``provider_code`` is the provider's own, where it may be shown."""

    def __init__(
        self,
        code: Code,
        message: str,
        *,
        attempts: Sequence[Attempt] = (),
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
        status: int | None = None,
        provider_code: str | None = None,
    ) -> None:
        super().__init__(code, message, param=param, headers=headers, status=status)
        self.attempts = tuple(attempts)
        self.provider_code = provider_code


class GatewayError(TollhouseError):
    """The gateway itself cannot serve this now."""


def invalid(message: str, param: str | None = None) -> CallerError:
    """A 400 for a body that cannot be used."""
    return CallerError(Code.INVALID_REQUEST_ERROR, message, param=param)


def invalid_fields(fields: Sequence[FieldFault]) -> CallerError:
    """A 422 that names every fault of a document."""
    count = len(fields)
    message = f"{fields[0].path}: {fields[0].message}" if count == 1 else f"{count} faults"
    return CallerError(Code.VALIDATION_FAILED, message, fields=fields)
