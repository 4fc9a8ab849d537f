"""What it takes to write models, whether one is written or all of them at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..catalogue.writing import Seal, new_document, public_document
from ..core.errors import FieldFault, invalid_fields
from ..core.history import Document, StoredCatalogue, StoredModel
from ..core.hosts import PUBLIC_ONLY, Reach
from ..ports import Clock, Ids, Store
from .commits import Commits, Draft
from .ownership import org_of
from .trail import Author, Trail


@dataclass(frozen=True, slots=True)
class ModelWriting:
    """What every write of models works with."""

    store: Store
    commits: Commits
    trail: Trail
    clock: Clock
    ids: Ids
    seal: Seal | None
    """Closes the keys of connections; None when there is no secret to do it with."""
    reach: Reach = PUBLIC_ONLY
    """How far the connections go that users and orgs bring."""

    def new(self, by: Author, body: Mapping[str, Any]) -> Document:
        """The document of a model that is made now; 422 with every fault of the body."""
        return new_document(
            body,
            uid=self.ids.uuid(),
            now=self.clock.now(),
            actor=by.caller.actor,
            source="api",
            seal=self.seal,
        )

    def put(self, by: Author, action: str, before: Document | None, document: Document) -> Draft:
        """What puts one document into the catalogue, with the event that says so.

        422 for a user's or org's connection to where only the operator may lead.
        """
        if before is None or _who_calls_where(before) != _who_calls_where(document):
            _check_reach(document, self.reach)
        now = self.clock.now()
        model_id: str = document["model_id"]
        event = self.trail.event(
            by,
            action,
            model_id,
            org=org_of(document),
            before=None if before is None else public_document(before, now=now),
            after=public_document(document, now=now),
        )
        return Draft(
            put=(StoredModel(model_id, document["version"], document),),
            events=(event,),
            places={model_id: ""},
        )

    def take_away(self, by: Author, current: StoredModel) -> Draft:
        """What takes one document out of the catalogue, with the event that says so."""
        shown = public_document(current.document, now=self.clock.now())
        org = org_of(current.document)
        event = self.trail.event(by, "model.deleted", current.model_id, org=org, before=shown)
        return Draft(delete=(current.model_id,), events=(event,))


def _who_calls_where(document: Document) -> tuple[Any, Any]:
    owner, connection = document.get("owner") or {}, document.get("connection") or {}
    return owner.get("kind", "system"), connection.get("base_url")


def _check_reach(document: Document, reach: Reach) -> None:
    kind, base_url = _who_calls_where(document)
    if base_url is not None and kind != "system":
        fault = reach.fault(base_url)
        if fault is not None:
            raise invalid_fields([FieldFault("connection.base_url", fault)])


def find_model(stored: StoredCatalogue, model_id: str) -> StoredModel | None:
    """The document of a model; None when there is none."""
    return next((one for one in stored.models if one.model_id == model_id), None)


async def next_version(store: Store, model_id: str) -> int:
    """The version of a model that is made now: a used id goes on counting where it was deleted."""
    page = await store.history(model_id, limit=1, cursor=None)
    return page.rows[0].version + 1 if page.rows else 1
