"""How a change of the catalogue is kept: compiled whole, committed, in force before the answer.

A write is computed against one state of the catalogue, the newest that the store has, and committed
against that state's version; how it comes to its turn is told in ``turns``.

Nothing is committed that does not compile. What was committed is swapped in here at once, unless a
still newer state is in force already.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from ..catalogue.faults import CatalogueInvalid, ModelFault
from ..core.errors import CallerError, FieldFault, invalid_fields
from ..core.history import AuditEvent, CatalogueChange, StoredCatalogue, StoredModel
from ..core.snapshot import Snapshot
from ..pipeline.live import LiveCatalogue
from ..ports import CatalogueStore, Clock, Ids, StaleVersion
from .trail import Author
from .turns import Turns


@dataclass(frozen=True, slots=True)
class Draft:
    """What a write comes to against one state of the catalogue."""

    put: tuple[StoredModel, ...] = ()
    delete: tuple[str, ...] = ()
    events: tuple[AuditEvent, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)
    """Where a model's faults are found in the request's body: a prefix of their paths by id."""


Compute = Callable[[StoredCatalogue], Awaitable[Draft]]


class Commits:
    """Keeps changes, one after the other."""

    def __init__(
        self,
        store: CatalogueStore,
        live: LiveCatalogue,
        clock: Clock,
        ids: Ids,
        forget: Callable[[], None],
    ) -> None:
        self._store = store
        self._live = live
        self._clock = clock
        self._forget = forget
        self._turns = Turns(ids)

    async def keep(self, by: Author, compute: Compute) -> Draft:
        """Compute a change, compile it, commit it, put it in force; returns what was kept.

        ``compute`` may be called again, and raises to refuse. 422 with every fault if the whole
        does not compile, 503 if other processes keep coming first.
        """

        async def write() -> Draft:
            before = await self._newest()
            try:
                draft = await compute(before)
                if not (draft.put or draft.delete or draft.events):
                    return draft
                after, snapshot = self._compile(before, draft)
            except CallerError:
                # What another process wrote meanwhile may be what made it look wrong.
                if (await self._store.versions()).catalogue != before.version:
                    raise StaleVersion from None
                raise
            await self._store.commit(self._change(by, before, draft))
            self._live.swap(after, snapshot)
            self._forget()
            return draft

        return await self._turns.take(write)

    async def rehearse(self, compute: Compute) -> Draft:
        """Compute and compile a change without keeping it; refused as the real one would be."""
        before = await self._newest()
        draft = await compute(before)
        self._compile(before, draft)
        return draft

    async def _newest(self) -> StoredCatalogue:
        versions = await self._store.versions()
        stored = self._live.stored
        return stored if versions.catalogue == stored.version else await self._store.load()

    def _compile(self, before: StoredCatalogue, draft: Draft) -> tuple[StoredCatalogue, Snapshot]:
        models = {stored.model_id: stored for stored in before.models}
        for model_id in draft.delete:
            del models[model_id]
        models.update((stored.model_id, stored) for stored in draft.put)
        ordered = [models[model_id] for model_id in sorted(models)]
        after = StoredCatalogue(before.version + 1, ordered)
        try:
            return after, self._live.compile(after)
        except CatalogueInvalid as invalid:
            raise invalid_fields([_placed(one, draft.places) for one in invalid.faults]) from None

    def _change(self, by: Author, before: StoredCatalogue, draft: Draft) -> CatalogueChange:
        return CatalogueChange(
            expected_version=before.version,
            put=draft.put,
            delete=draft.delete,
            events=draft.events,
            at=self._clock.now(),
            actor=by.caller.actor,
        )


def _placed(fault: ModelFault, places: Mapping[str, str]) -> FieldFault:
    place = places.get(fault.model_id)
    if place is None:
        return FieldFault(fault.path, f"{fault.message} (in the model {fault.model_id})")
    return FieldFault(f"{place}.{fault.path}" if place else fault.path, fault.message)
