"""Reading the audit trail: all of it, or the part that is one org's affair.

The store does not know whose affair an event is, so for an org's own admins each page of the trail
is sifted: it may hold less than was asked for, none even, and still have a next one.
"""

from dataclasses import asdict, dataclass

from ..core.caller import Caller
from ..core.history import AuditEvent, Document
from ..identity.roles import Permission, Scope, scope_of
from ..ports import AuditStore, Page
from .ownership import check_any
from .times import write_time


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
        check_any(caller, Permission.AUDIT_READ, "read the audit trail")
        whole = scope_of(caller, Permission.AUDIT_READ) is Scope.ALL
        page = await self._store.events(
            target=wanted.target,
            actor=wanted.actor,
            action=wanted.action,
            since=wanted.since,
            limit=limit,
            cursor=cursor,
        )
        rows = [show_event(row) for row in page.rows if whole or _org(row) == caller.org]
        return Page(rows, page.next_cursor)


def show_event(event: AuditEvent) -> Document:
    """An event as JSON."""
    return {**asdict(event), "at": write_time(event.at), "changed": list(event.changed)}


def _org(event: AuditEvent) -> object:
    """Whose affair an event is: the org itself, its key or token, its model; None: nobody's."""
    if event.action.startswith("org."):
        return event.target
    document = event.after or event.before or {}
    if event.action.startswith("model."):
        return (document.get("owner") or {}).get("slug")
    return document.get("org")
