"""Makes scheduled changes when they are due.

Theory of operation. Every worker looks twice a second for pending changes that are due, earliest
first, and makes each as a PATCH of that moment: computed from the newest catalogue, compiled whole,
committed. The change leaves ``pending`` in the transaction of that commit, on condition that it is
pending still. So of two workers one makes it and the other finds nothing to do, and a process that
dies at any point leaves it made, or pending for the next look of whoever is there. A change that is
refused (its model is gone, the whole does not compile any more) is marked as failed with its
faults, in one transaction with an audit event. A store that is out of reach settles nothing.

The scheduler acts as itself, a system admin: the rights of who scheduled a change were checked
then, and it stays in force when they leave. The events it leaves name the change as their request.
"""

import asyncio
import logging
from dataclasses import replace

from ..core.caller import Caller, CredentialKind, Role
from ..core.errors import CallerError, TollhouseError
from ..core.schedule import Scheduled, ScheduleState
from ..ports import Clock, Store, StoreUnavailable
from .catalogue_writes import CatalogueWrites
from .trail import Author, Trail

LOOK_SECONDS = 0.5
_AT_ONCE = 100
_ACTOR = Caller(CredentialKind.LOCAL, "scheduler", role=Role.SYSTEM_ADMIN)

_log = logging.getLogger("tollhouse.schedule")


class Scheduler:
    """One worker's part in it."""

    def __init__(self, store: Store, writes: CatalogueWrites, trail: Trail, clock: Clock) -> None:
        self._store = store
        self._writes = writes
        self._trail = trail
        self._clock = clock

    async def run(self) -> None:
        """Look for ever, whatever a look meets with."""
        while True:
            try:
                await self.look()
            except (StoreUnavailable, TollhouseError):
                pass  # the next look finds it pending still; the watch reports a lost store
            except Exception:  # noqa: BLE001 - a bug must not end the looking
                _log.exception("a scheduled change could not be made")
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Make what is due, in its order."""
        for entry in await self._store.due_changes(self._clock.now(), limit=_AT_ONCE):
            await self._make(entry)

    async def _make(self, entry: Scheduled) -> None:
        by = Author(_ACTOR, entry.id)
        settled = replace(entry, settled_at=self._clock.now())
        try:
            await self._writes.make_scheduled(by, replace(settled, state=ScheduleState.APPLIED))
        except CallerError as refusal:
            failed = replace(
                settled,
                state=ScheduleState.FAILED,
                code=refusal.code.value,
                faults=refusal.fields,
            )
            event = self._trail.event(
                by, "model.updated", entry.model_id, org=entry.org, outcome=refusal.code.value
            )
            if await self._store.settle_scheduled(failed, event):
                _log.warning(
                    "a scheduled change failed",
                    extra={"schedule": entry.id, "model": entry.model_id, "code": failed.code},
                )
