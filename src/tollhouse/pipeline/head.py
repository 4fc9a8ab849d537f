"""The head of an answer: who served it, after what, at what cost and with how much overhead."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from urllib.parse import quote

from ..core import money
from ..core.model import Lifecycle, Model
from ..core.needs import Endpoint
from ..core.record import CostStatus
from .flight import Flight
from .meter import Metered

Headers = list[tuple[bytes, bytes]]

_NO_BUFFERING = [(b"cache-control", b"no-cache"), (b"x-accel-buffering", b"no")]
_COST_STATUS = {
    status: (b"x-tollhouse-cost-status", status.value.encode()) for status in CostStatus
}
_ANTHROPIC = frozenset({Endpoint.MESSAGES, Endpoint.COUNT_TOKENS})
"""Where SDKs look for the request's id in a header of another name."""
_FIELD = re.compile(r"[A-Za-z0-9_.\[\]$-]{1,64}", re.ASCII)
_MOST_DROPPED = 32
_KEPT_MODELS = 4096
_KEPT_TYPES = 64
"""Content types are the providers' to choose, and may be long."""


def answer_head(
    flight: Flight, model: Model, content_type: str, now: float, *, under_way: int = 0
) -> Headers:
    """Headers that streamed and whole answers share; ``under_way`` attempts still go on."""
    record = flight.record
    head = [
        _content_type(content_type),
        (b"x-request-id", record.request_id.encode()),
        *_served(model.model_id, model.target.provider.name, record.requested_model),
        (b"x-tollhouse-attempts", b"%d" % (len(flight.attempts) + under_way)),
        (b"x-tollhouse-failover", (flight.first_fault or "none").encode()),
        (b"x-tollhouse-catalogue-version", b"%d" % record.catalogue_version),
        (b"x-tollhouse-overhead-ms", b"%.3f" % (flight.overhead() * 1000)),
    ]
    if record.endpoint in _ANTHROPIC:
        head.append((b"request-id", record.request_id.encode()))
    if model.end_of_life_at is not None:
        head += lifecycle_headers(model, now)
    if flight.dropped:
        head.append((b"x-tollhouse-dropped-params", _dropped(flight.dropped)))
    return head


def _dropped(names: Sequence[str]) -> bytes:
    """Names of fields; one that only a client could have made up is told as ``_unknown``."""
    told = [name if _FIELD.fullmatch(name) else "_unknown" for name in names[:_MOST_DROPPED]]
    return ", ".join(told).encode()


@lru_cache(_KEPT_TYPES)
def _content_type(told: str) -> tuple[bytes, bytes]:
    return b"content-type", told.encode("latin-1", "replace")


@lru_cache(_KEPT_MODELS)
def _served(model_id: str, provider: str, requested: str) -> Sequence[tuple[bytes, bytes]]:
    """The lines that are the same for every answer of a model that was asked for by one name."""
    return (
        (b"x-tollhouse-model", _visible(model_id)),
        (b"x-tollhouse-requested-model", _visible(requested)),
        (b"x-tollhouse-provider", provider.encode()),
    )


def stream_head(flight: Flight, model: Model, content_type: str, now: float) -> Headers:
    """The head of a stream; its cost comes with its last event."""
    return answer_head(flight, model, content_type, now, under_way=1) + _NO_BUFFERING


def error_head(flight: Flight) -> dict[str, str]:
    """What an answer that no attempt gave tells of the attempts."""
    record = flight.record
    return {
        "x-tollhouse-requested-model": _visible(record.requested_model).decode(),
        "x-tollhouse-attempts": str(len(flight.attempts)),
        "x-tollhouse-failover": flight.first_fault or "none",
        "x-tollhouse-catalogue-version": str(record.catalogue_version),
        "x-tollhouse-overhead-ms": f"{flight.overhead() * 1000:.3f}",
    }


def cost_headers(metered: Metered | None) -> Headers:
    """The cost, where there is one, and how far it can be trusted."""
    if metered is None or metered.charge.cost is None:
        return [_COST_STATUS[CostStatus.UNPRICED]]
    return [
        (b"x-tollhouse-cost", money.write(metered.charge.cost).encode()),
        _COST_STATUS[metered.charge.status],
    ]


def lifecycle_headers(model: Model, now: float) -> Headers:
    """RFC 9745 and RFC 8594, for a model whose end is announced."""
    if model.lifecycle(now) is not Lifecycle.DEPRECATED or model.end_of_life_at is None:
        return []
    announced = model.deprecated_at if model.deprecated_at is not None else model.created_at
    sunset = format_datetime(datetime.fromtimestamp(model.end_of_life_at, UTC), usegmt=True)
    head = [(b"deprecation", b"@%d" % int(announced)), (b"sunset", sunset.encode())]
    if model.replacement_model_id:
        where = quote(model.replacement_model_id, safe="/:@+")
        link = f'</v1/models/{where}>; rel="successor-version"'
        head.append((b"link", link.encode()))
    return head


def _visible(name: str) -> bytes:
    """A name as a header value; ids may hold any letter, headers only ASCII (RFC 9110, 5.5)."""
    return name.encode() if name.isascii() else quote(name, safe="/:@+ ").encode()
