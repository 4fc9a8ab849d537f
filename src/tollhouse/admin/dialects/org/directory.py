"""The models of one state of the catalogue, by the names and in the order of this dialect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import merge

from ....core.history import Document, StoredCatalogue, StoredModel
from ....core.model import Model, OwnerKind
from ....core.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Entry:
    """A model: what was written, and what it comes to under its parent."""

    stored: StoredModel
    model: Model

    @property
    def uid(self) -> str:
        """The id that this dialect knows it by."""
        uid: str = self.document["uid"]
        return uid

    @property
    def document(self) -> Document:
        """What was written."""
        return self.stored.document


class Directory:
    """Looks models up. Its indexes are made when they are first asked for, once for each state."""

    def __init__(self, stored: StoredCatalogue, snapshot: Snapshot) -> None:
        self.stored = stored
        self.snapshot = snapshot

    def find(self, uid: str, org: str) -> Entry | None:
        """The model with a uid, if it is one that this org may know of here."""
        entry = self._by_uid.get(uid.lower())
        return entry if entry is not None and _is_there_for(entry.model, org) else None

    def named(self, model_id: str | None, org: str) -> Entry | None:
        """The same by its model id."""
        entry = self._by_id.get(model_id or "")
        return entry if entry is not None and _is_there_for(entry.model, org) else None

    def parent_of(self, entry: Entry) -> Entry | None:
        """The model that another hangs off; its org may have lost the right to it since."""
        return self._by_id.get(entry.document.get("parent_model_id") or "")

    def listed(self, org: str) -> Sequence[Entry]:
        """The system's models that this org may use and its own, by uid: oldest first."""
        system = (one for one in self._by_org.get(None, ()) if _is_there_for(one.model, org))
        listed = (one for one in system if not one.model.display.hidden)
        return list(merge(listed, self._by_org.get(org, ()), key=lambda one: one.uid))

    @cached_property
    def _by_uid(self) -> Mapping[str, Entry]:
        models = self.snapshot.models
        entries = (Entry(one, models[one.model_id]) for one in self.stored.models)
        return {entry.uid: entry for entry in entries}

    @cached_property
    def _by_id(self) -> Mapping[str, Entry]:
        return {entry.stored.model_id: entry for entry in self._by_uid.values()}

    @cached_property
    def _by_org(self) -> Mapping[str | None, Sequence[Entry]]:
        """Each by uid, the system's under None; those of users are nobody's here."""
        found: dict[str | None, list[Entry]] = {}
        for _, entry in sorted(self._by_uid.items()):
            owner = entry.model.owner
            if owner.kind is not OwnerKind.USER:
                found.setdefault(owner.slug, []).append(entry)
        return found


def _is_there_for(model: Model, org: str) -> bool:
    """Whether a model is the system's and open to an org, or the org's own."""
    if model.owner.kind is OwnerKind.SYSTEM:
        return not model.org_slugs or org in model.org_slugs
    return model.owner.kind is OwnerKind.ORG and model.owner.slug == org
