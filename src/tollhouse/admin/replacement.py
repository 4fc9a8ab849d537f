"""Replacing the whole set of the system's models at once, or only saying what that would do.

Models of orgs and users are left alone. A model that is sent as it already is stays at its version.
What a GET gave can be sent back as it is; for a model that is new, the fields that the gateway sets
are set anew. The set is kept as one change: all of it is in force, or nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..catalogue.merge import changed_fields
from ..catalogue.writing import (
    body_of,
    public_document,
    replace_document,
)
from ..core.errors import CallerError, FieldFault, invalid_fields
from ..core.history import AuditEvent, Document, StoredCatalogue, StoredModel
from ..identity.roles import Permission
from .commits import Draft
from .forms import ModelSet
from .model_writing import ModelWriting, next_version
from .ownership import check
from .trail import STAMPS, Author

ACTION = "model.replaced"
TARGET = "models"


@dataclass(frozen=True, slots=True)
class Replaced:
    """The ids of the models that a replacement made, changed and removed, each sorted."""

    created: tuple[str, ...]
    updated: tuple[str, ...]
    deleted: tuple[str, ...]


class Replacement:
    """Writes the system's models as a set."""

    def __init__(self, writing: ModelWriting) -> None:
        self._writing = writing

    async def replace_all(
        self, by: Author, body: Mapping[str, Any], *, dry_run: bool = False
    ) -> Replaced:
        """Make the system's models these ones; 422 with every fault of every model."""

        async def compute(stored: StoredCatalogue) -> Draft:
            return await self._draft(by, stored, ModelSet.read(body).models)

        if dry_run:
            check(by.caller, Permission.MODELS_WRITE, None, "replace the models")
            return _replaced((await self._writing.commits.rehearse(compute)).events)
        async with self._writing.trail.refusals(by, ACTION, TARGET):
            check(by.caller, Permission.MODELS_WRITE, None, "replace the models")
            return _replaced((await self._writing.commits.keep(by, compute)).events)

    async def _draft(
        self, by: Author, stored: StoredCatalogue, bodies: list[dict[str, Any]]
    ) -> Draft:
        present = {one.model_id: one for one in stored.models}
        settled = self._settle(by, present, bodies)
        now = self._writing.clock.now()
        put, events = [], []
        for model_id, document in settled.items():
            current = present.get(model_id)
            if current is None:
                document["version"] = await next_version(self._writing.store, model_id)
                before, action = None, "model.created"
            elif _same(current.document, document, now):
                continue
            else:
                before, action = public_document(current.document, now=now), "model.updated"
            after = public_document(document, now=now)
            put.append(StoredModel(model_id, document["version"], document))
            events.append(
                self._writing.trail.event(
                    by, action, model_id, org=None, before=before, after=after
                )
            )
        gone = [one for one in stored.models if _systems(one) and one.model_id not in settled]
        for one in gone:
            before = public_document(one.document, now=now)
            events.append(
                self._writing.trail.event(
                    by, "model.deleted", one.model_id, org=None, before=before
                )
            )
        done = _replaced(events)
        summary = {"created": done.created, "updated": done.updated, "deleted": done.deleted}
        events.append(self._writing.trail.event(by, ACTION, TARGET, org=None, after=summary))
        return Draft(
            put=tuple(put),
            delete=tuple(one.model_id for one in gone),
            events=tuple(events),
            places={model_id: f"models[{index}]" for index, model_id in enumerate(settled)},
        )

    def _settle(
        self, by: Author, present: Mapping[str, StoredModel], bodies: list[dict[str, Any]]
    ) -> dict[str, Document]:
        """The documents by id, in the order sent; 422 with every fault of every body."""
        settled: dict[str, Document] = {}
        faults: list[FieldFault] = []
        for index, body in enumerate(bodies):
            place = f"models[{index}]"
            name = body.get("model_id")
            current = present.get(name) if isinstance(name, str) else None
            if current is not None and not _systems(current):
                message = "is the id of a model that is not the system's"
                faults.append(FieldFault(f"{place}.model_id", message))
                continue
            try:
                document = self._document(by, current, body)
            except CallerError as error:
                faults += [FieldFault(f"{place}.{one.path}", one.message) for one in error.fields]
                continue
            if document["model_id"] in settled:
                faults.append(FieldFault(f"{place}.model_id", "is there twice"))
            if _owner_kind(document) != "system":
                faults.append(FieldFault(f"{place}.owner", "must be the system"))
            settled[document["model_id"]] = document
        if faults:
            raise invalid_fields(faults)
        return settled

    def _document(self, by: Author, current: StoredModel | None, body: dict[str, Any]) -> Document:
        if current is None:
            return self._writing.new(by, body_of(body))
        return replace_document(
            current.document,
            body,
            now=self._writing.clock.now(),
            actor=by.caller.actor,
            seal=self._writing.seal,
        )


def _same(before: Document, after: Document, now: float) -> bool:
    """Whether two documents differ in nothing but the stamps; a default is as good as its value."""
    if _key(before) != _key(after):
        return False
    shown = public_document(before, now=now), public_document(after, now=now)
    return STAMPS.issuperset(changed_fields(*shown))


def _key(document: Document) -> object:
    return (document.get("connection") or {}).get("api_key_sealed")


def _systems(stored: StoredModel) -> bool:
    return _owner_kind(stored.document) == "system"


def _owner_kind(document: Document) -> object:
    return (document.get("owner") or {}).get("kind", "system")


def _replaced(events: Sequence[AuditEvent]) -> Replaced:
    def targets(action: str) -> tuple[str, ...]:
        return tuple(sorted(event.target for event in events if event.action == action))

    return Replaced(targets("model.created"), targets("model.updated"), targets("model.deleted"))
