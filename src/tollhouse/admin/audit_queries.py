"""Reading the audit trail: all of it, or the part that is one org's affair."""

from dataclasses import asdict, dataclass

from ..core.caller import Caller
from ..core.history import AuditEvent, Document
from ..core.times import write_time
from ..identity.roles import Permission
from ..ports import AuditStore, Page
from .ownership import check_any, org_within


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What the trail is narrowed to; None asks for nothing."""

    target: str | None = None
    actor: str | None = None
    action: str | None = None
    since: float | None = None
    """Unix seconds."""


class AuditQueries:
    """Reads events, newest first."""

    def __init__(self, store: AuditStore) -> None:
        self._store = store

    async def page(
        self, caller: Caller, wanted: AuditFilter, *, limit: int, cursor: str | None
    ) -> Page:
        """One page of events."""
        what = "read the audit trail"
        check_any(caller, Permission.AUDIT_READ, what)
        page = await self._store.events(
            target=wanted.target,
            actor=wanted.actor,
            action=wanted.action,
            org=org_within(caller, Permission.AUDIT_READ, None, what),
            since=wanted.since,
            limit=limit,
            cursor=cursor,
        )
        return Page([show_event(row) for row in page.rows], page.next_cursor)


def show_event(event: AuditEvent) -> Document:
    """An event as JSON."""
    return {**asdict(event), "at": write_time(event.at), "changed": list(event.changed)}
