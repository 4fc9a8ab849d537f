"""Changing one model: create, patch, delete, roll back; every attempt leaves an audit event.

A caller needs the right to the document as it was and as it will be, so nobody hands a model to
somebody else or takes one. A model the caller may not see is not found, as at the gate.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..catalogue.writing import apply_patch, restore_document
from ..core.errors import CallerError, Code, FieldFault
from ..core.history import StoredCatalogue, StoredModel
from ..core.schedule import Scheduled, ScheduleState
from ..identity.roles import Permission
from .commits import Compute, Draft, Trial
from .forms import Rollback
from .model_writing import ModelWriting, find_model, next_version
from .ownership import check_any, check_may_write, org_of
from .preconditions import check_match
from .references import references_to
from .trail import Affair, Author


class CatalogueWrites:
    """Writes single models."""

    def __init__(self, writing: ModelWriting) -> None:
        self._writing = writing

    async def create(self, by: Author, body: Mapping[str, Any]) -> StoredModel:
        """A new model; 409 when its id is taken."""
        name = body.get("model_id")
        target = name if isinstance(name, str) else ""

        async with self._writing.trail.refusals(by, "model.created", target) as affair:
            check_any(by.caller, Permission.MODELS_WRITE, "create models")

            async def compute(stored: StoredCatalogue) -> Draft:
                document = self._writing.new(by, body)
                check_may_write(by.caller, document)
                affair.org = org_of(document)
                model_id = document["model_id"]
                if find_model(stored, model_id) is not None:
                    raise CallerError(
                        Code.MODEL_EXISTS,
                        f"There is a model {model_id!r} already; PATCH changes it.",
                        fields=[FieldFault("model_id", "is taken")],
                    )
                document["version"] = await next_version(self._writing.store, model_id)
                return self._writing.put(by, "model.created", None, document)

            return (await self._writing.commits.keep(by, compute)).put[0]

    async def patch(
        self, by: Author, model_id: str, body: Mapping[str, Any], *, if_match: str | None = None
    ) -> StoredModel:
        """The model under a merge patch; 404, 412 or 422."""
        async with self._writing.trail.refusals(by, "model.updated", model_id) as affair:
            check_any(by.caller, Permission.MODELS_WRITE, "change models")

            compute = self._patching(by, model_id, body, if_match, affair)
            return (await self._writing.commits.keep(by, compute)).put[0]

    async def try_patch(
        self, by: Author, model_id: str, body: Mapping[str, Any], *, if_match: str | None = None
    ) -> Trial:
        """What a patch would come to, refused as the patch would be; nothing is kept of it."""
        check_any(by.caller, Permission.MODELS_WRITE, "change models")
        compute = self._patching(by, model_id, body, if_match, Affair(None))
        return await self._writing.commits.try_out(compute)

    async def make_scheduled(self, by: Author, settled: Scheduled) -> bool:
        """Make a scheduled patch, and settle it with it; False if it is pending no more."""
        patching = self._patching(by, settled.model_id, settled.patch, None, Affair(None))

        async def compute(stored: StoredCatalogue) -> Draft:
            present = await self._writing.store.one_scheduled(settled.id)
            if present is None or present.state is not ScheduleState.PENDING:
                return Draft()
            return replace(await patching(stored), settles=settled)

        return not (await self._writing.commits.keep(by, compute)).empty

    def _patching(
        self,
        by: Author,
        model_id: str,
        body: Mapping[str, Any],
        if_match: str | None,
        affair: Affair,
    ) -> Compute:
        async def compute(stored: StoredCatalogue) -> Draft:
            current = self._existing(by, stored, model_id, if_match, affair)
            document = apply_patch(
                current.document,
                body,
                now=self._writing.clock.now(),
                actor=by.caller.actor,
                seal=self._writing.seal,
            )
            check_may_write(by.caller, document)
            return self._writing.put(by, "model.updated", current.document, document)

        return compute

    async def delete(self, by: Author, model_id: str, *, if_match: str | None = None) -> None:
        """Delete a model; 404, 412, or 409 while others name it."""
        async with self._writing.trail.refusals(by, "model.deleted", model_id) as affair:
            check_any(by.caller, Permission.MODELS_WRITE, "delete models")

            async def compute(stored: StoredCatalogue) -> Draft:
                current = self._existing(by, stored, model_id, if_match, affair)
                if uses := references_to(stored, model_id):
                    users = ", ".join(sorted({use.path for use in uses}))
                    message = f"{model_id!r} is in use by {users}."
                    raise CallerError(Code.IN_USE, message, fields=uses)
                return self._writing.take_away(by, current)

            await self._writing.commits.keep(by, compute)

    async def rollback(
        self, by: Author, model_id: str, body: Mapping[str, Any], *, if_match: str | None = None
    ) -> StoredModel:
        """The model with the content of an earlier version, as a new one; it may be a deleted one.

        404 for a model or version that never was, 422 when it does not compile any more.
        """
        async with self._writing.trail.refusals(by, "model.rolled_back", model_id) as affair:
            check_any(by.caller, Permission.MODELS_WRITE, "change models")

            async def compute(stored: StoredCatalogue) -> Draft:
                version = Rollback.read(body).version
                past = await self._writing.store.model_version(model_id, version)
                if past is None or past.document is None:
                    raise CallerError(
                        Code.NOT_FOUND,
                        f"There is no version {version} of the model {model_id!r}.",
                        fields=[FieldFault("version", "is not in the history of this model")],
                    )
                deleted = find_model(stored, model_id) is None
                if deleted:
                    check_may_write(by.caller, past.document)
                    affair.org = org_of(past.document)
                    last = await next_version(self._writing.store, model_id) - 1
                    current = {**past.document, "version": last}
                else:
                    current = self._existing(by, stored, model_id, if_match, affair).document
                document = restore_document(
                    current, past.document, now=self._writing.clock.now(), actor=by.caller.actor
                )
                check_may_write(by.caller, document)
                before = None if deleted else current
                return self._writing.put(by, "model.rolled_back", before, document)

            return (await self._writing.commits.keep(by, compute)).put[0]

    def _existing(
        self,
        by: Author,
        stored: StoredCatalogue,
        model_id: str,
        if_match: str | None,
        affair: Affair,
    ) -> StoredModel:
        current = find_model(stored, model_id)
        if current is None:
            raise not_found(model_id)
        check_may_write(by.caller, current.document)
        affair.org = org_of(current.document)
        check_match(if_match, current.version)
        return current


def not_found(model_id: str) -> CallerError:
    """The 404 for a model that is not there, or not for this caller."""
    return CallerError(
        Code.MODEL_NOT_FOUND,
        f"There is no model {model_id[:128]!r}. GET /admin/v1/models lists them.",
    )
