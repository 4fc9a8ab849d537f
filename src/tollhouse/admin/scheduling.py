"""Changes that are to be made later: scheduled, looked up, taken back.

A patch is checked against the catalogue of today when it is scheduled, as if it were made now; what
it meets when it is due is the scheduler's affair.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..catalogue.documents.fields import parse_time
from ..catalogue.writing import readable
from ..core.caller import Caller
from ..core.errors import CallerError, Code, FieldFault, invalid_fields
from ..core.history import Document
from ..core.schedule import Scheduled, ScheduleState
from ..core.times import write_time
from ..identity.roles import Permission
from ..ports import Clock, Ids, Page, Store
from .catalogue_writes import CatalogueWrites
from .forms import LaterPatch
from .ownership import check_any, org_of
from .times import write_time_or_none
from .trail import Author, Trail


class Scheduling:
    """Keeps changes to come."""

    def __init__(
        self, store: Store, writes: CatalogueWrites, trail: Trail, clock: Clock, ids: Ids
    ) -> None:
        self._store = store
        self._writes = writes
        self._trail = trail
        self._clock = clock
        self._ids = ids

    async def create(
        self, by: Author, model_id: str, body: Mapping[str, Any], *, if_match: str | None = None
    ) -> Scheduled:
        """Schedule a patch; 404, 412 or 422 as the patch would be now, 422 for a time gone by."""
        async with self._trail.refusals(by, "model.scheduled", model_id) as affair:
            check_any(by.caller, Permission.MODELS_WRITE, "schedule changes")
            form = LaterPatch.read(body)
            now, due = self._clock.now(), parse_time(form.effective_at)
            _check(form, due, now)
            trial = await self._writes.try_patch(by, model_id, form.patch, if_match=if_match)
            affair.org = org_of(trial.draft.put[0].document)
            entry = Scheduled(
                id=self._ids.uuid(),
                due=due,
                model_id=model_id,
                org=affair.org,
                patch=readable(form.patch),
                created_at=now,
                created_by=by.caller.actor,
            )
            event = self._trail.event(
                by, "model.scheduled", model_id, org=entry.org, after=show_scheduled(entry)
            )
            await self._store.add_scheduled(entry, event)
            return entry

    async def cancel(self, by: Author, schedule_id: str) -> None:
        """Take a pending change back; 404 when there is none, or it is pending no more."""
        async with self._trail.refusals(by, "model.unscheduled", schedule_id) as affair:
            check_any(by.caller, Permission.MODELS_WRITE, "take back scheduled changes")
            entry = await self._store.one_scheduled(schedule_id)
            if entry is None:
                raise _not_found(schedule_id)
            affair.org = entry.org
            settled = replace(entry, state=ScheduleState.CANCELLED, settled_at=self._clock.now())
            event = self._trail.event(
                by,
                "model.unscheduled",
                entry.model_id,
                org=entry.org,
                before=show_scheduled(entry),
                after=show_scheduled(settled),
            )
            if not await self._store.settle_scheduled(settled, event):
                raise _not_found(schedule_id)

    async def one(self, caller: Caller, schedule_id: str) -> Scheduled:
        """One change, whatever its state."""
        check_any(caller, Permission.MODELS_WRITE, "see scheduled changes")
        entry = await self._store.one_scheduled(schedule_id)
        if entry is None:
            raise _not_found(schedule_id)
        return entry

    async def page(
        self,
        caller: Caller,
        *,
        state: str | None,
        model_id: str | None,
        limit: int,
        cursor: str | None,
    ) -> Page:
        """Changes by the time they are due."""
        check_any(caller, Permission.MODELS_WRITE, "see scheduled changes")
        return await self._store.scheduled(
            state=state, model_id=model_id, limit=limit, cursor=cursor
        )


def show_scheduled(entry: Scheduled) -> Document:
    """A change to come as the admin plane shows it."""
    return {
        "id": entry.id,
        "model_id": entry.model_id,
        "effective_at": write_time(entry.due),
        "state": entry.state.value,
        "patch": entry.patch,
        "created_at": write_time(entry.created_at),
        "created_by": entry.created_by,
        "settled_at": write_time_or_none(entry.settled_at),
        "code": entry.code,
        "fields": [{"path": fault.path, "message": fault.message} for fault in entry.faults],
    }


def _check(form: LaterPatch, due: float, now: float) -> None:
    faults = []
    if due <= now:
        faults.append(FieldFault("effective_at", "must be in the future"))
    connection = form.patch.get("connection")
    if isinstance(connection, dict) and "api_key" in connection:
        # It would lie open in the schedule, the history of which is kept.
        message = "cannot be scheduled: a key is changed at once, by PATCH"
        faults.append(FieldFault("patch.connection.api_key", message))
    if faults:
        raise invalid_fields(faults)


def _not_found(schedule_id: str) -> CallerError:
    return CallerError(
        Code.NOT_FOUND,
        f"There is no pending change {schedule_id[:64]!r}. GET /admin/v1/schedule lists them.",
    )
