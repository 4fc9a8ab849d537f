"""The ledger's record: one per admitted request, the source of its log line and metrics."""

import msgspec

from .label import Label
from .money import Cost
from .usage import Usage


class Outcome(Label):
    """How a request ended; the ``outcome`` label and the record's ``status``."""

    OK = "ok"
    UPSTREAM_ERROR = "upstream_error"
    CLIENT_ERROR = "client_error"
    """The provider refused the client's own request."""
    GATEWAY_ERROR = "gateway_error"
    CLIENT_DISCONNECTED = "client_disconnected"
    INTERRUPTED = "interrupted"
    """Opened and never closed: the process died. Written at the next start."""


class CostStatus(Label):
    """How far a cost can be trusted (contract section 8)."""

    EXACT = "exact"
    ESTIMATED = "estimated"
    PARTIAL = "partial"
    UNPRICED = "unpriced"


class Attempt(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One request sent to one target, as the ledger and error bodies tell it."""

    model: str
    provider: str
    result: str
    """``ok`` or the label of a fault."""
    milliseconds: int
    status: int | None = None
    usage: Usage | None = None
    cost: Cost | None = None


class Record(msgspec.Struct, omit_defaults=True, kw_only=True, gc=False):
    """One admitted request; costs in ``10**-10`` of ``currency``, times in Unix microseconds."""

    id: str
    request_id: str
    started_at: int
    ended_at: int | None = None
    org: str | None = None
    key_id: str | None = None
    user: str | None = None
    endpoint: str
    stream: bool = False
    requested_model: str
    """The string the client sent."""
    model: str
    """The catalogue id it resolved to."""
    served_model: str | None = None
    upstream_model: str | None = None
    provider: str | None = None
    attempts: list[Attempt] = msgspec.field(default_factory=list)
    status: Outcome = Outcome.INTERRUPTED
    http_status: int | None = None
    code: str | None = None
    """The error's code, where it did not end well."""
    usage: Usage | None = None
    cost: Cost | None = None
    """All attempts together; None when any part of it has no price."""
    currency: str = "USD"
    cost_status: CostStatus = CostStatus.UNPRICED
    unpriced_reason: str | None = None
    price_version: int | None = None
    catalogue_version: int = 0
    overhead_us: int = 0
    first_byte_us: int | None = None
    """From the start to the first byte sent to the client."""
