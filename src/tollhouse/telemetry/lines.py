"""The log's own words: one wide line for each request that ended, and a few that say more.

Fields are an allow-list: what is not named here or in ``request_line`` is not written, and none of
them is content.
"""

import logging
from collections.abc import Mapping, Sequence

from ..core.caller import Caller
from ..core.errors import Refusal
from ..core.record import Attempt, Record
from .request_line import RequestLines, request_lines

_NOTICE_EVERY = 3600 * 1_000_000
"""Microseconds between two warnings about one model."""


class Lines:
    """Writes them. Time comes with the records."""

    def __init__(self, log: logging.Logger | None = None) -> None:
        self._log = log or logging.getLogger("tollhouse.requests")
        self._noticed: dict[str, int] = {}

    def finished(self, records: Sequence[Record]) -> None:
        """The one line of each of these requests; where one is no record, none is written."""
        for record in records:
            if record.unpriced_reason is not None:
                self._notice_unpriced(record)
        if records and self._log.isEnabledFor(logging.INFO):
            name = self._log.name
            self._log.handle(RequestLines(name, request_lines(records, name)))

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
