"""Upstream trouble as a value: what an attempt met, for routing to reason about."""

from dataclasses import dataclass

from .label import Label


class FaultKind(Label):
    """The classes of trouble; the value is what metrics, records and headers say."""

    CONNECT = "connect"
    """Refused, unreachable, DNS, TLS."""
    POOL = "pool"
    """No free connection here: our own load, not the provider's fault."""
    FIRST_BYTE_TIMEOUT = "first_byte_timeout"
    IDLE_TIMEOUT = "idle_timeout"
    TOTAL_TIMEOUT = "total_timeout"
    DISCONNECTED = "disconnected"
    """The connection ended before the answer did."""
    STATUS = "status"
    """An HTTP status that tells of the provider's trouble: 408, 409, 5xx, 529."""
    RATE_LIMITED = "rate_limited"
    AUTH = "auth"
    """The provider refused our credential."""
    MODEL_MISSING = "model_missing"
    REJECTED = "rejected"
    """The provider refused the client's request: 400, 413, 415, 422."""
    INVALID_RESPONSE = "invalid_response"
    """An answer that is not one: null, empty, HTML, truncated, a redirect, an error in a 200."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What went wrong with one attempt."""

    kind: FaultKind
    status: int | None = None
    """The provider's HTTP status, or the one its error code stands for."""
    retry_after: float | None = None
    """Seconds, when the provider named a time."""
    message: str | None = None
    """The provider's text, redacted, where the client may see it (``REJECTED`` only)."""
    code: str | None = None
    param: str | None = None
    detail: str = ""
    """For the log: what happened, in our words; no content and no credential."""
    sent: bool = True
    """Whether any byte of the request may have reached the provider."""

    @property
    def label(self) -> str:
        """A name from a fixed set: the kind, with the status where it says more."""
        return f"status_{self.status}" if self.kind is FaultKind.STATUS else self.kind.value
