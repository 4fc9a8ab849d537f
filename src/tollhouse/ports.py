"""What the inside asks of the outside: clocks, ids, upstream calls, the store, the ledger, metrics.

Each port has one contract suite in ``tests/contract`` that every implementation passes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .core.caller import Caller
from .core.errors import Refusal
from .core.faults import Fault
from .core.history import (
    AuditEvent,
    CatalogueChange,
    ModelVersion,
    StoredCatalogue,
    Versions,
)
from .core.model import Provider, Timeouts
from .core.record import Attempt, Record
from .core.tenants import Credential, Org


class Clock(Protocol):
    """Time, passed in."""

    def now(self) -> float:
        """Unix seconds."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back; only differences mean anything."""
        ...


class Ids(Protocol):
    """Names and secrets, passed in."""

    def uuid(self) -> str:
        """A new UUID in canonical text form; later ones sort after earlier ones (RFC 9562, v7)."""
        ...

    def secret(self, nbytes: int) -> str:
        """``nbytes`` of randomness in URL-safe base64 without padding, from the system's source."""
        ...

    def fraction(self) -> float:
        """A number in [0, 1), for jitter."""
        ...


# --- Calling providers ---


@dataclass(frozen=True, slots=True)
class UpstreamRequest:
    """One HTTP request to a provider. Everything but ``body`` comes from the compiled catalogue."""

    provider: Provider
    method: str
    url: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    timeouts: Timeouts
    """``total`` is what is left of the request's deadline."""


class Exchange(Protocol):
    """An answer whose head has arrived. Must be closed; closing twice is harmless."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case; the last of equal names wins."""

    async def read(self) -> bytes | Fault:
        """The next piece of the body, ``b""`` at its proper end, or what went wrong.

        A body that ends before its framing says so is ``DISCONNECTED``, never ``b""``.
        """
        ...

    def close(self) -> None:
        """Give up the answer: a plain call, safe while a task is being cancelled.

        A body read to its end leaves the connection for re-use; anything else closes the socket.
        """
        ...


class Transport(Protocol):
    """Sends requests to providers.

    Never follows a redirect, never retries, but for one re-send when a re-used connection turns out
    closed before a single byte came back. It asks for ``identity``; gzip or deflate that come all
    the same are undone, and the headers that told of them are gone.
    """

    async def send(self, request: UpstreamRequest) -> Exchange | Fault:
        """Send, and wait for the head of the answer."""
        ...

    async def aclose(self) -> None:
        """Close every connection."""
        ...


# --- The store ---


class StoreUnavailable(Exception):
    """The store did not answer."""


class StaleVersion(Exception):
    """What a write was computed from has moved on since it was read; nothing was written."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; ``next_cursor`` is None on the last."""

    rows: Sequence[Any]
    next_cursor: str | None = None


class CatalogueStore(Protocol):
    """The catalogue's documents and their history."""

    async def versions(self) -> Versions:
        """The two counters, cheaply."""
        ...

    async def load(self) -> StoredCatalogue:
        """Every document, in one consistent read."""
        ...

    async def commit(self, change: CatalogueChange) -> int:
        """Apply a change in one transaction; returns the new catalogue version."""
        ...

    async def history(self, model_id: str, *, limit: int, cursor: str | None) -> Page:
        """Versions of a model, newest first; rows are ``ModelVersion``."""
        ...

    async def model_version(self, model_id: str, version: int) -> ModelVersion | None:
        """One entry of the history."""
        ...


class CallerStore(Protocol):
    """Orgs and credentials. Every write takes its audit event and bumps ``Versions.callers``.

    A put names what it was computed from, as read from this store: ``replacing``, or None to
    create. Anything else in its place is ``StaleVersion``, so that no write undoes another one.
    """

    async def credential(self, credential_id: str) -> tuple[Credential, Org] | None:
        """A credential with its org, for resolving a caller."""
        ...

    async def orgs(self, *, limit: int, cursor: str | None) -> Page:
        """Orgs by slug; rows are ``Org``."""
        ...

    async def org(self, slug: str) -> Org | None:
        """One org."""
        ...

    async def put_org(self, org: Org, event: AuditEvent, *, replacing: Org | None = None) -> None:
        """Create, or put in the place of ``replacing``."""
        ...

    async def delete_org(self, slug: str, event: AuditEvent) -> bool:
        """Delete an org and its credentials; False if there is none."""
        ...

    async def credentials(
        self, *, kind: str, org: str | None, limit: int, cursor: str | None
    ) -> Page:
        """Credentials by id; rows are ``Credential``."""
        ...

    async def put_credential(
        self, credential: Credential, event: AuditEvent, *, replacing: Credential | None = None
    ) -> None:
        """Create, or put in the place of ``replacing``; a 404 ``CallerError`` without its org."""
        ...


class AuditStore(Protocol):
    """The append-only trail."""

    async def append(self, event: AuditEvent) -> None:
        """Add an event that no other write carries (a refused one)."""
        ...

    async def events(
        self,
        *,
        target: str | None,
        actor: str | None,
        action: str | None,
        org: str | None,
        since: float | None,
        limit: int,
        cursor: str | None,
    ) -> Page:
        """Events, newest first; rows are ``AuditEvent``."""
        ...


@dataclass(frozen=True, slots=True)
class UsageQuery:
    """What ``GET /admin/v1/usage`` asks; times in Unix seconds, ``interval`` hour, day or None."""

    group_by: Sequence[str] = ()
    """Any of ``org``, ``model`` (the served one), ``key``."""
    start: float | None = None
    end: float | None = None
    interval: str | None = None
    org: str | None = None


class LedgerStore(Protocol):
    """Where shipped records end up."""

    async def add_records(self, records: Sequence[Record]) -> int:
        """Insert those with a new id, and their hourly sums, in one transaction; how many."""
        ...

    async def records(self, *, filters: Mapping[str, str], limit: int, cursor: str | None) -> Page:
        """Records, newest first; filters are ``request_id``, ``org``, ``model``, ``status``."""
        ...

    async def usage(self, query: UsageQuery) -> Sequence[Mapping[str, Any]]:
        """Sums from the hourly table; keys as in the contract, costs in ``10**-10``."""
        ...


class Store(CatalogueStore, CallerStore, AuditStore, LedgerStore, Protocol):
    """All of it, over one database."""

    async def schema_ok(self) -> bool:
        """Whether the schema is the one this version needs."""
        ...

    async def aclose(self) -> None:
        """Close the pool."""
        ...


# --- Accounting and observing ---


class Ledger(Protocol):
    """Takes records without making anybody wait."""

    def open(self, record: Record) -> None:
        """A request was admitted; ``GatewayError`` when no more can be accounted for."""
        ...

    def close(self, record: Record) -> None:
        """It ended; on disk, or kept until it can be, on return. The first close counts."""
        ...


class Observer(Protocol):
    """Metrics and log lines. Every method is a plain call and never raises."""

    def admitted(self) -> None:
        """A request entered."""
        ...

    def left(self) -> None:
        """A request that had entered is over."""
        ...

    def refused(self, refusal: Refusal, *, model: str | None, caller: Caller | None) -> None:
        """A request was turned away; ``model`` is a catalogue id or None."""
        ...

    def attempted(self, attempt: Attempt) -> None:
        """An attempt ended."""
        ...

    def failed_over(self, from_model: str, to_model: str, reason: str) -> None:
        """The plan moved on."""
        ...

    def breaker(self, model: str, provider: str, *, is_open: bool) -> None:
        """A breaker changed state."""
        ...

    def closed(self, record: Record) -> None:
        """A request ended; the record says it all."""
        ...
