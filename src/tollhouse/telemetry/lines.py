"""The log's own words: one wide line for each request that ended, and a few that say more.

Fields are an allow-list: what is not named here is not written. None of them is content; the one
that a client chooses freely is redacted.
"""

import logging
from collections.abc import Mapping

from ..core import money
from ..core.caller import Caller
from ..core.errors import Refusal
from ..core.record import Attempt, Record
from .redact import redact

_NOTICE_EVERY = 3600 * 1_000_000
"""Microseconds between two warnings about one model."""

_COPIED = (
    "id",
    "org",
    "key_id",
    "user",
    "endpoint",
    "stream",
    "requested_model",
    "model",
    "served_model",
    "upstream_model",
    "provider",
    "http_status",
    "code",
    "currency",
    "unpriced_reason",
    "price_version",
    "catalogue_version",
)
_COUNTED = ("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_tokens")


class Lines:
    """Writes them. Time comes with the records."""

    def __init__(self, log: logging.Logger | None = None) -> None:
        self._log = log or logging.getLogger("tollhouse.requests")
        self._noticed: dict[str, int] = {}

    def finished(self, record: Record) -> None:
        """The one line of a request."""
        if record.unpriced_reason is not None:
            self._notice_unpriced(record)
        if self._log.isEnabledFor(logging.INFO):
            self._write(logging.INFO, "request", request_fields(record))

    def refused(self, refusal: Refusal, model: str | None, caller: Caller | None) -> None:
        """A request that the gate turned away."""
        fields = {
            "code": refusal.code.value,
            "param": refusal.param,
            "model": model,
            "org": caller.org if caller else None,
            "key_id": caller.credential_id if caller else None,
        }
        self._write(logging.INFO, "refused", fields)

    def credential_rejected(self, attempt: Attempt) -> None:
        """A provider does not take the key that we have for it."""
        fields = {
            "provider": attempt.provider,
            "model": attempt.model,
            "upstream_status": attempt.status,
        }
        self._write(logging.ERROR, "provider refused our credential", fields)

    def _notice_unpriced(self, record: Record) -> None:
        model = record.served_model or record.model
        now = record.ended_at or record.started_at
        last = self._noticed.get(model)
        if last is None or now - last >= _NOTICE_EVERY:
            self._noticed[model] = now
            fields = {"model": model, "reason": record.unpriced_reason}
            self._write(logging.WARNING, "requests without a cost", fields)

    def _write(self, level: int, message: str, fields: Mapping[str, object]) -> None:
        if self._log.isEnabledFor(level):
            # Made by hand: the library would first walk the stack for the place of this call.
            line = logging.LogRecord(self._log.name, level, "", 0, message, None, None)
            line.fields = fields
            self._log.handle(line)


def request_fields(record: Record) -> dict[str, object]:
    """What the line of a request says; what is not known is left out."""
    fields: dict[str, object] = {
        "status": record.status.value,
        "request_id": redact(record.request_id),
    }
    for name in _COPIED:
        value = getattr(record, name)
        if value is not None:
            fields[name] = value
    if record.ended_at is not None:
        fields["duration_ms"] = (record.ended_at - record.started_at) / 1000
    if record.first_byte_us is not None:
        fields["first_byte_ms"] = record.first_byte_us / 1000
    fields["overhead_ms"] = record.overhead_us / 1000
    if record.usage is not None:
        for name in _COUNTED:
            fields[name] = getattr(record.usage, name)
    fields["cost"] = None if record.cost is None else money.write(record.cost)
    fields["cost_status"] = record.cost_status.value
    fields["attempts"] = [
        f"{attempt.model} {attempt.provider} {attempt.result} {attempt.milliseconds}ms"
        for attempt in record.attempts
    ]
    return fields
