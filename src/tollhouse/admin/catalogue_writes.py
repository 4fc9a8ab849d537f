"""Changing one model: create, patch, delete, roll back; every attempt leaves an audit event.

A caller needs the right to the document as it was and as it will be, so nobody hands a model to
somebody else or takes one. A model the caller may not see is not found, as at the gate.
"""

from collections.abc import Mapping
from typing import Any

from ..catalogue.writing import (
    Seal,
    apply_patch,
    new_document,
    public_document,
    restore_document,
)
from ..core.errors import CallerError, Code, FieldFault
from ..core.history import Document, StoredCatalogue, StoredModel
from ..identity.roles import Permission
from ..ports import Clock, Ids, Store
from .commits import Commits, Draft
from .forms import Rollback
from .ownership import check_any, check_may_write, org_of
from .preconditions import check_match
from .references import references_to
from .trail import Affair, Author, Trail


class CatalogueWrites:
    """Writes single models."""

    def __init__(
        self,
        store: Store,
        commits: Commits,
        trail: Trail,
        clock: Clock,
        ids: Ids,
        seal: Seal | None,
    ) -> None:
        self._store = store
        self._commits = commits
        self._trail = trail
        self._clock = clock
        self._ids = ids
        self._seal = seal

    async def create(self, by: Author, body: Mapping[str, Any]) -> StoredModel:
        """A new model; 409 when its id is taken."""
        name = body.get("model_id")
        target = name if isinstance(name, str) else ""

        async with self._trail.refusals(by, "model.created", target) as affair:
            check_any(by.caller, Permission.MODELS_WRITE, "create models")

            async def compute(stored: StoredCatalogue) -> Draft:
                document = new_document(
                    body,
                    uid=self._ids.uuid(),
                    now=self._clock.now(),
                    actor=by.caller.actor,
                    source="api",
                    seal=self._seal,
                )
                check_may_write(by.caller, document)
                affair.org = org_of(document)
                model_id = document["model_id"]
                if _find(stored, model_id) is not None:
                    raise CallerError(
                        Code.MODEL_EXISTS,
                        f"There is a model {model_id!r} already; PATCH changes it.",
                        fields=[FieldFault("model_id", "is taken")],
                    )
                document["version"] = await next_version(self._store, model_id)
                return self._draft(by, "model.created", None, document)

            return (await self._commits.keep(by, compute)).put[0]

    async def patch(
        self, by: Author, model_id: str, body: Mapping[str, Any], *, if_match: str | None = None
    ) -> StoredModel:
        """The model under a merge patch; 404, 412 or 422."""
        async with self._trail.refusals(by, "model.updated", model_id) as affair:
            check_any(by.caller, Permission.MODELS_WRITE, "change models")

            async def compute(stored: StoredCatalogue) -> Draft:
                current = self._existing(by, stored, model_id, if_match, affair)
                document = apply_patch(
                    current.document,
                    body,
                    now=self._clock.now(),
                    actor=by.caller.actor,
                    seal=self._seal,
                )
                check_may_write(by.caller, document)
                return self._draft(by, "model.updated", current.document, document)

            return (await self._commits.keep(by, compute)).put[0]

    async def delete(self, by: Author, model_id: str, *, if_match: str | None = None) -> None:
        """Delete a model; 404, 412, or 409 while others name it."""
        async with self._trail.refusals(by, "model.deleted", model_id) as affair:
            check_any(by.caller, Permission.MODELS_WRITE, "delete models")

            async def compute(stored: StoredCatalogue) -> Draft:
                current = self._existing(by, stored, model_id, if_match, affair)
                if uses := references_to(stored, model_id):
                    users = ", ".join(sorted({use.path for use in uses}))
                    message = f"{model_id!r} is in use by {users}."
                    raise CallerError(Code.IN_USE, message, fields=uses)
                shown = public_document(current.document, now=self._clock.now())
                org = org_of(current.document)
                event = self._trail.event(by, "model.deleted", model_id, org=org, before=shown)
                return Draft(delete=(model_id,), events=(event,))

            await self._commits.keep(by, compute)

    async def rollback(
        self, by: Author, model_id: str, body: Mapping[str, Any], *, if_match: str | None = None
    ) -> StoredModel:
        """The model with the content of an earlier version, as a new one; it may be a deleted one.

        404 for a model or version that never was, 422 when it does not compile any more.
        """
        async with self._trail.refusals(by, "model.rolled_back", model_id) as affair:
            check_any(by.caller, Permission.MODELS_WRITE, "change models")

            async def compute(stored: StoredCatalogue) -> Draft:
                version = Rollback.read(body).version
                past = await self._store.model_version(model_id, version)
                if past is None or past.document is None:
                    raise CallerError(
                        Code.NOT_FOUND,
                        f"There is no version {version} of the model {model_id!r}.",
                        fields=[FieldFault("version", "is not in the history of this model")],
                    )
                deleted = _find(stored, model_id) is None
                if deleted:
                    check_may_write(by.caller, past.document)
                    affair.org = org_of(past.document)
                    last = await next_version(self._store, model_id) - 1
                    current = {**past.document, "version": last}
                else:
                    current = self._existing(by, stored, model_id, if_match, affair).document
                document = restore_document(
                    current, past.document, now=self._clock.now(), actor=by.caller.actor
                )
                check_may_write(by.caller, document)
                before = None if deleted else current
                return self._draft(by, "model.rolled_back", before, document)

            return (await self._commits.keep(by, compute)).put[0]

    def _existing(
        self,
        by: Author,
        stored: StoredCatalogue,
        model_id: str,
        if_match: str | None,
        affair: Affair,
    ) -> StoredModel:
        current = _find(stored, model_id)
        if current is None:
            raise not_found(model_id)
        check_may_write(by.caller, current.document)
        affair.org = org_of(current.document)
        check_match(if_match, current.version)
        return current

    def _draft(self, by: Author, action: str, before: Document | None, document: Document) -> Draft:
        now = self._clock.now()
        model_id: str = document["model_id"]
        event = self._trail.event(
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


async def next_version(store: Store, model_id: str) -> int:
    """The version of a model that is made now: a used id goes on counting where it was deleted."""
    page = await store.history(model_id, limit=1, cursor=None)
    return page.rows[0].version + 1 if page.rows else 1


def not_found(model_id: str) -> CallerError:
    """The 404 for a model that is not there, or not for this caller."""
    return CallerError(
        Code.MODEL_NOT_FOUND,
        f"There is no model {model_id[:128]!r}. GET /admin/v1/models lists them.",
    )


def _find(stored: StoredCatalogue, model_id: str) -> StoredModel | None:
    return next((one for one in stored.models if one.model_id == model_id), None)
