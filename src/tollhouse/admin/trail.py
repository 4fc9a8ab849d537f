"""The audit trail as writers see it: what an event says, and that a refused write leaves one too.

An event's ``before`` and ``after`` are public documents: a secret in them is shown as set or not.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from ..catalogue.merge import changed_fields
from ..core.caller import Caller, Role
from ..core.errors import CallerError
from ..core.history import AuditEvent, Document
from ..ports import AuditStore, Clock, Ids

MAX_TARGET = 200
STAMPS = frozenset({"version", "updated_at", "updated_by"})


@dataclass(frozen=True, slots=True)
class Author:
    """Who makes a write, and in which request."""

    caller: Caller
    request_id: str


@dataclass(slots=True)
class Affair:
    """Whose affair a write is, should it be refused; the write says so once it knows its target."""

    org: str | None
    """At first the org of who tries. A system admin acts for no org, wherever its token is kept."""


class Trail:
    """Makes events, and keeps those of refused writes."""

    def __init__(self, store: AuditStore, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids

    def event(
        self,
        by: Author,
        action: str,
        target: str,
        *,
        org: str | None,
        before: Document | None = None,
        after: Document | None = None,
        outcome: str = "ok",
    ) -> AuditEvent:
        """One event, at this moment; it is kept by the write that carries it.

        ``org`` is the one that the target belongs to: its admins will read the event.
        """
        return AuditEvent(
            id=self._ids.uuid(),
            at=self._clock.now(),
            actor=by.caller.actor,
            action=action,
            target=target[:MAX_TARGET],
            org=org,
            request_id=by.request_id,
            outcome=outcome,
            before=before,
            after=after,
            changed=_changed(before, after),
        )

    @asynccontextmanager
    async def refusals(self, by: Author, action: str, target: str) -> AsyncIterator[Affair]:
        """Keep an event for a write that is refused inside the block, then let the refusal on.

        A refusal that cannot be kept, since the store is lost, is answered as a lost store.
        """
        caller = by.caller
        affair = Affair(None if caller.role is Role.SYSTEM_ADMIN else caller.org)
        try:
            yield affair
        except CallerError as refusal:
            outcome = refusal.code.value
            await self._store.append(
                self.event(by, action, target, org=affair.org, outcome=outcome)
            )
            raise


def _changed(before: Document | None, after: Document | None) -> tuple[str, ...]:
    if before is None or after is None:
        return ()
    return tuple(path for path in changed_fields(before, after) if path not in STAMPS)
