"""The one wide line of a request that ended, made for many requests at a time.

Fields are an allow-list: what is not named here is not written. None of them is content; the one
that a client chooses freely is redacted.
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

import msgspec
from msgspec import UNSET, UnsetType

from ..core import money
from ..core.record import CostStatus, Outcome, Record
from .redact import is_plain, redact

_FRACTIONS = tuple(f".{number:03d}Z" for number in range(1000))


class RequestLine(msgspec.Struct, omit_defaults=True, gc=False):
    """The fields in the order in which they are written.

    Those that are None by default are left out when they are not known; those that are unset by
    default are always given, so that one that is null, zero or false is written too.
    """

    at: str
    """When the request ended."""
    level: str
    logger: str
    message: str
    status: Outcome
    request_id: str
    id: str
    org: str | None = None
    key_id: str | None = None
    user: str | None = None
    endpoint: str | UnsetType = UNSET
    stream: bool | UnsetType = UNSET
    requested_model: str | UnsetType = UNSET
    model: str | UnsetType = UNSET
    served_model: str | None = None
    upstream_model: str | None = None
    provider: str | None = None
    http_status: int | None = None
    code: str | None = None
    currency: str | UnsetType = UNSET
    unpriced_reason: str | None = None
    price_version: int | None = None
    catalogue_version: int | UnsetType = UNSET
    duration_ms: float | None = None
    first_byte_ms: float | None = None
    overhead_ms: float | UnsetType = UNSET
    input_tokens: int | None = None
    cached_input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost: str | UnsetType | None = UNSET
    cost_status: CostStatus | UnsetType = UNSET
    attempts: list[str] | UnsetType = UNSET


class RequestLines(logging.LogRecord):
    """Many lines that go through the log as one; its formatters know how to write them."""

    def __init__(self, logger: str, lines: Sequence[RequestLine]) -> None:
        super().__init__(logger, logging.INFO, "", 0, "request", None, None)
        self.lines = lines


def request_lines(records: Sequence[Record], logger: str) -> list[RequestLine]:
    """The lines of these requests; one that is no record raises."""
    names = [record.request_id for record in records]
    # One look for all of them: nearly always none has anything to mask.
    if not is_plain("\n".join(names)):
        names = [redact(name) for name in names]
    return [_line(record, name, logger) for record, name in zip(records, names, strict=True)]


def _line(record: Record, request_id: str, logger: str) -> RequestLine:
    ended, first_byte = record.ended_at, record.first_byte_us
    usage, cost = record.usage, record.cost
    # By place and not by name, which takes half the time: the order is that of the fields above.
    return RequestLine(
        _written(record.started_at if ended is None else ended),
        "info",
        logger,
        "request",
        record.status,
        request_id,
        record.id,
        record.org,
        record.key_id,
        record.user,
        record.endpoint,
        record.stream,
        record.requested_model,
        record.model,
        record.served_model,
        record.upstream_model,
        record.provider,
        record.http_status,
        record.code,
        record.currency,
        record.unpriced_reason,
        record.price_version,
        record.catalogue_version,
        None if ended is None else (ended - record.started_at) / 1000,
        None if first_byte is None else first_byte / 1000,
        record.overhead_us / 1000,
        None if usage is None else usage.input_tokens,
        None if usage is None else usage.cached_input_tokens,
        None if usage is None else usage.output_tokens,
        None if usage is None else usage.reasoning_tokens,
        None if cost is None else money.write(cost),
        record.cost_status,
        [
            f"{attempt.model} {attempt.provider} {attempt.result} {attempt.milliseconds}ms"
            for attempt in record.attempts
        ],
    )


def _written(moment: int) -> str:
    """A time in Unix microseconds as RFC 3339 with milliseconds."""
    return _to_the_second(moment // 1_000_000) + _FRACTIONS[moment // 1000 % 1000]


@lru_cache(maxsize=4)
def _to_the_second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
