"""Looking models up: a filtered list, one document, its history; answered from memory where it can.

Filters read the effective model, so that a model finds itself under what it inherits; what is shown
is its own document.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..catalogue.writing import public_document
from ..core.caller import Caller, CredentialKind
from ..core.history import Document, ModelVersion, StoredModel
from ..core.model import Model, OwnerKind
from ..core.needs import ModelType
from ..core.snapshot import Snapshot
from ..core.times import write_time
from ..identity.roles import Permission, Scope, scope_of
from ..pipeline.live import LiveCatalogue
from ..ports import CatalogueStore, Clock, Page
from .catalogue_writes import not_found
from .cursors import read_cursor, write_cursor
from .ownership import check_any, forbidden, may_see, open_to, seen_by


@dataclass(frozen=True, slots=True)
class ModelFilter:
    """What a list of models is narrowed to; None asks for nothing."""

    type: ModelType | None = None
    enabled: bool | None = None
    tag: str | None = None
    brand: str | None = None
    search: str | None = None
    """A part of the id, an alias, a tag or a display text, in any case."""
    capability: str | None = None
    """One that the model is known to have."""
    org: str | None = None
    """The models that are there for this org, whatever their state and tier."""
    lifecycle: str | None = None


class CatalogueQueries:
    """Reads models for admins."""

    def __init__(self, store: CatalogueStore, live: LiveCatalogue, clock: Clock) -> None:
        self._store = store
        self._live = live
        self._clock = clock
        self._texts = _Texts()

    def page(self, caller: Caller, wanted: ModelFilter, *, limit: int, cursor: str | None) -> Page:
        """One page of documents by id; 403 for the view of another org."""
        check_any(caller, Permission.MODELS_READ, "read models")
        if wanted.org not in (None, caller.org) and not _sees_all(caller):
            raise forbidden("see the models of another org")
        now = self._clock.now()
        models = self._live.snapshot.models
        documents = {stored.model_id: stored for stored in self._live.stored.models}
        tests = list(_tests(wanted, now, self._texts.of(self._live.snapshot)))
        ids = sorted(models)
        start = bisect_right(ids, read_cursor(cursor)) if cursor else 0
        rows: list[Document] = []
        for model_id in ids[start:]:
            model = models[model_id]
            if not may_see(caller, model) or not all(test(model) for test in tests):
                continue
            if len(rows) == limit:
                return Page(rows, write_cursor(rows[-1]["model_id"]))
            rows.append(self.show(caller, documents[model_id]))
        return Page(rows)

    def one(self, caller: Caller, model_id: str) -> Document:
        """One document; 404 when there is none for this caller."""
        check_any(caller, Permission.MODELS_READ, "read models")
        model = self._live.snapshot.models.get(model_id)
        if model is None or not may_see(caller, model):
            raise not_found(model_id)
        stored = next(one for one in self._live.stored.models if one.model_id == model_id)
        return self.show(caller, stored)

    async def history(
        self, caller: Caller, model_id: str, *, limit: int, cursor: str | None
    ) -> Page:
        """Versions of a model, newest first, of a deleted one too; 403 for one of somebody else."""
        check_any(caller, Permission.MODELS_READ, "read models")
        model = self._live.snapshot.models.get(model_id)
        if not _sees_all(caller):
            if model is None or not may_see(caller, model):
                raise not_found(model_id)
            owner = model.owner
            # What a user has shared now says nothing of what it was before.
            another = owner.kind is OwnerKind.USER and owner.id != caller.user
            if owner.slug is None or owner.slug != caller.org or another:
                raise forbidden("see the history of this model")
        page = await self._store.history(model_id, limit=limit, cursor=cursor)
        if model is None and not page.rows:
            raise not_found(model_id)
        return Page([self._version(row) for row in page.rows], page.next_cursor)

    def show(self, caller: Caller, stored: StoredModel) -> Document:
        """A document as its caller may see it."""
        now = self._clock.now()
        shown = public_document(stored.document, now=now)
        model = self._live.snapshot.models.get(stored.model_id)
        if model is not None:
            # Of the effective model: a parent that is disabled disables it too.
            shown["lifecycle_state"] = model.lifecycle(now).value
        return seen_by(caller, shown)

    def _version(self, row: ModelVersion) -> Document:
        document = row.document
        now = self._clock.now()
        return {
            "version": row.version,
            "at": write_time(row.at),
            "actor": row.actor,
            "deleted": document is None,
            "document": None if document is None else public_document(document, now=now),
        }


def _sees_all(caller: Caller) -> bool:
    return scope_of(caller, Permission.MODELS_READ) is Scope.ALL


def _tests(
    wanted: ModelFilter, now: float, text_of: Callable[[Model], str]
) -> Iterator[Callable[[Model], bool]]:
    if wanted.type is not None:
        yield lambda model: model.type is wanted.type
    if wanted.enabled is not None:
        yield lambda model: model.enabled is wanted.enabled
    if wanted.tag is not None:
        yield lambda model: wanted.tag in model.tags
    if wanted.brand is not None:
        yield lambda model: model.display.brand == wanted.brand
    if wanted.capability is not None:
        capability = wanted.capability
        yield lambda model: model.capabilities.get(capability) is True
    if wanted.org is not None:
        member = Caller(CredentialKind.ORG_KEY, "", org=wanted.org)
        yield lambda model: open_to(model, member)
    if wanted.lifecycle is not None:
        yield lambda model: model.lifecycle(now).value == wanted.lifecycle
    if wanted.search is not None:
        sought = wanted.search.casefold()
        yield lambda model: sought in text_of(model)


class _Texts:
    """What models are searched by, written out once for as long as a model stays the same."""

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None
        self._known: dict[str, tuple[Model, str]] = {}

    def of(self, snapshot: Snapshot) -> Callable[[Model], str]:
        """What tells the text of a model of this snapshot."""
        if snapshot is not self._snapshot:
            models = snapshot.models
            self._known = {i: one for i, one in self._known.items() if models.get(i) is one[0]}
            self._snapshot = snapshot
        return self._text

    def _text(self, model: Model) -> str:
        known = self._known.get(model.model_id)
        if known is None:
            # Nothing that is sought holds the line's end, so no find reaches over two texts.
            known = model, "\n".join(_texts(model)).casefold()
            self._known[model.model_id] = known
        return known[1]


def _texts(model: Model) -> Iterator[str]:
    display = model.display
    yield from (model.model_id, *model.aliases, *model.tags)
    yield from filter(None, (display.name, display.label, display.brand, display.description))
