"""How a change of the catalogue is kept: compiled whole, committed, in force before the answer.

A write is computed against one state of the catalogue, the newest that the store has, and committed
against that state's version; how it comes to its turn is told in ``turns``.

Nothing is committed that does not compile. What was committed is swapped in here at once, unless a
still newer state is in force already.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from ..catalogue.faults import CatalogueInvalid, ModelFault
from ..core.errors import CallerError, FieldFault, invalid_fields
from ..core.history import (
    AuditEvent,
    CatalogueChange,
    Repeat,
    StoredCatalogue,
    StoredModel,
    StoredPrompt,
)
from ..core.schedule import Scheduled
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
    put_prompts: tuple[StoredPrompt, ...] = ()
    delete_prompts: tuple[str, ...] = ()
    events: tuple[AuditEvent, ...] = ()
    settles: Scheduled | None = None
    """The scheduled change that this is, as it is once it is made."""
    places: Mapping[str, str] = field(default_factory=dict)
    """Where a model's faults are found in the request's body: a prefix of their paths by id."""
    spelled: Mapping[str, str] = field(default_factory=dict)
    """How the request's body spells those of their paths that it spells otherwise."""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to keep."""
        changes = (self.put, self.delete, self.put_prompts, self.delete_prompts, self.events)
        return not any(changes)


@dataclass(frozen=True, slots=True)
class Trial:
    """A write that was computed and compiled, and not kept."""

    base: StoredCatalogue
    draft: Draft
    before: Snapshot
    after: Snapshot


T = TypeVar("T")
Compute = Callable[[StoredCatalogue], Awaitable[Draft]]
Answer = Callable[[Draft, StoredCatalogue, Snapshot], Repeat | None]
"""Told what will be kept and in force; gives the answer to keep with it, if one is to be kept."""


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

    async def keep(self, by: Author, compute: Compute, *, answer: Answer | None = None) -> Draft:
        """Compute a change, compile it, commit it, put it in force; returns what was kept.

        ``compute`` and ``answer`` may be called again; the first raises to refuse. 422 with every
        fault if the whole does not compile, 503 if other processes keep coming first.
        """

        async def write() -> Draft:
            before = await self._newest()
            try:
                draft = await compute(before)
                if draft.empty:
                    return draft
                after, snapshot = self._compile(before, draft)
            except CallerError:
                # What another process wrote meanwhile may be what made it look wrong.
                if (await self._store.versions()).catalogue != before.version:
                    raise StaleVersion from None
                raise
            answered = None if answer is None else answer(draft, after, snapshot)
            await self._store.commit(self._change(by, before, draft, answered))
            self._live.swap(after, snapshot)
            self._forget()
            return draft

        return await self._turns.take(write)

    async def rehearse(self, compute: Compute) -> Draft:
        """Compute and compile a change without keeping it; refused as the real one would be."""
        return (await self.try_out(compute)).draft

    async def try_out(self, compute: Compute) -> Trial:
        """The same, with the catalogue as it would be before and after."""
        base = await self._newest()
        draft = await compute(base)
        live = self._live.snapshot
        before = live if live.version == base.version else self._compile(base, Draft())[1]
        return Trial(base, draft, before, self._compile(base, draft)[1])

    async def _newest(self) -> StoredCatalogue:
        versions = await self._store.versions()
        stored = self._live.stored
        return stored if versions.catalogue == stored.version else await self._store.load()

    def _compile(self, before: StoredCatalogue, draft: Draft) -> tuple[StoredCatalogue, Snapshot]:
        models = {stored.model_id: stored for stored in before.models}
        for model_id in draft.delete:
            del models[model_id]
        models.update((stored.model_id, stored) for stored in draft.put)
        prompts = {stored.prompt_id: stored for stored in before.prompts}
        for prompt_id in draft.delete_prompts:
            del prompts[prompt_id]
        prompts.update((stored.prompt_id, stored) for stored in draft.put_prompts)
        after = StoredCatalogue(before.version + 1, _ordered(models), _ordered(prompts))
        try:
            return after, self._live.compile(after)
        except CatalogueInvalid as invalid:
            raise invalid_fields([_placed(one, draft) for one in invalid.faults]) from None

    def _change(
        self, by: Author, before: StoredCatalogue, draft: Draft, answered: Repeat | None
    ) -> CatalogueChange:
        return CatalogueChange(
            expected_version=before.version,
            put=draft.put,
            delete=draft.delete,
            put_prompts=draft.put_prompts,
            delete_prompts=draft.delete_prompts,
            events=draft.events,
            at=self._clock.now(),
            actor=by.caller.actor,
            answered=answered,
            settles=draft.settles,
        )


def _ordered(documents: Mapping[str, T]) -> list[T]:
    return [documents[name] for name in sorted(documents)]


def _placed(fault: ModelFault, draft: Draft) -> FieldFault:
    place = draft.places.get(fault.model_id)
    if place is None:
        return FieldFault(fault.path, f"{fault.message} (in the model {fault.model_id})")
    path = draft.spelled.get(fault.path, fault.path)
    return FieldFault(f"{place}.{path}" if place else path, fault.message)
