"""What is kept: the catalogue, callers, the trail, the ledger, and what is still to be done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ..core.history import (
    AuditEvent,
    CatalogueChange,
    ModelVersion,
    Repeat,
    StoredCatalogue,
    Versions,
)
from ..core.record import Record
from ..core.schedule import Scheduled
from ..core.tenants import Credential, Org
from ..core.webhook import Delivery, DeliveryState, Webhook


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
        """Apply a change in one transaction; returns the new catalogue version.

        A 409 ``CallerError`` when the turn of ``answered`` has been taken by another request.
        """
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


class RepeatStore(Protocol):
    """Requests that may be sent again, and the answers to them."""

    async def begin_repeat(
        self, turn: Repeat, *, kept_since: float, under_way_since: float
    ) -> Repeat | None:
        """Take the turn (None), or learn what there is under its key.

        What began before ``kept_since`` is forgotten; what began before ``under_way_since`` and has
        no answer was given up, and its turn is taken. Both are Unix seconds.
        """
        ...

    async def give_up_repeat(self, turn: Repeat) -> None:
        """Forget a turn without an answer, so that its key is free; another's is left alone."""
        ...


class ScheduleStore(Protocol):
    """Changes that are to be made later. Each write takes its audit event."""

    async def add_scheduled(self, entry: Scheduled, event: AuditEvent) -> None:
        """Keep a change to come."""
        ...

    async def settle_scheduled(self, entry: Scheduled, event: AuditEvent) -> bool:
        """Move a pending change on to the state that ``entry`` has; False if it is pending no more.

        One that is made is settled by ``commit``, together with what it is.
        """
        ...

    async def one_scheduled(self, schedule_id: str) -> Scheduled | None:
        """A change by its id, whatever its state."""
        ...

    async def scheduled(
        self, *, state: str | None, model_id: str | None, limit: int, cursor: str | None
    ) -> Page:
        """Changes by the time they are due; rows are ``Scheduled``."""
        ...

    async def due_changes(self, now: float, *, limit: int) -> Sequence[Scheduled]:
        """Pending changes that are due at ``now`` (Unix seconds), the earliest first."""
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


class DeliveryStore(Protocol):
    """Audit events on their way to webhooks; times are Unix seconds."""

    async def take_events(self, webhook: Webhook, now: float) -> int:
        """Give new events that fit a webhook a delivery each; how many.

        A webhook that was never seen begins at ``now``: it is not sent the past.
        """
        ...

    async def due_deliveries(self, webhook: str, now: float, *, limit: int) -> Sequence[Delivery]:
        """Pending deliveries of a webhook that are due at ``now``, the longest due first."""
        ...

    async def claim_delivery(self, delivery: Delivery, until: float) -> Delivery | None:
        """Take one on to try it, which counts as a try; None if it is not as it was read."""
        ...

    async def settle_delivery(
        self, claimed: Delivery, state: DeliveryState, due: float, problem: str | None
    ) -> bool:
        """Say what a try came to; False if the claim ran out and another has it.

        ``due`` is when the next try is; for what is delivered, the time of its event.
        """
        ...

    async def dead_letters(self, webhook: str | None, *, limit: int, cursor: str | None) -> Page:
        """What was given up, the longest ago first; rows are ``Delivery``."""
        ...

    async def revive_delivery(
        self, webhook: str, event: str, now: float, told: AuditEvent
    ) -> Delivery | None:
        """Begin anew with what was given up, and keep the event that says so; None: it was not."""
        ...

    async def one_event(self, event_id: str) -> AuditEvent | None:
        """An event of the trail by its id."""
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
    models: Sequence[str] | None = None
    """The only ones to count, if any are named."""


class RecordSink(Protocol):
    """Where records are shipped to."""

    async def add_records(self, records: Sequence[Record]) -> int:
        """Insert those with a new id, and their hourly sums, in one transaction; how many."""
        ...


class LedgerStore(RecordSink, Protocol):
    """Where shipped records end up, and can be asked for."""

    async def records(
        self,
        *,
        filters: Mapping[str, str],
        limit: int,
        cursor: str | None,
        since: float | None = None,
        models: Sequence[str] | None = None,
    ) -> Page:
        """Records, newest first; filters are ``request_id``, ``org``, ``model``, ``status``.

        ``since`` (Unix seconds) is the earliest start; ``models`` are the only ones that served.
        """
        ...

    async def usage(self, query: UsageQuery) -> Sequence[Mapping[str, Any]]:
        """Sums from the hourly table; keys as in the contract, costs in ``10**-10``."""
        ...


class Store(
    CatalogueStore,
    CallerStore,
    RepeatStore,
    ScheduleStore,
    AuditStore,
    DeliveryStore,
    LedgerStore,
    Protocol,
):
    """All of it, over one database."""

    async def schema_ok(self) -> bool:
        """Whether the schema is the one this version needs."""
        ...

    async def aclose(self) -> None:
        """Close the pool."""
        ...
