"""Writing an org's models: create, patch, delete; every attempt leaves an audit event.

What is written is a native document that belongs to the org and hangs off a system model; all that
the native dialect checks is checked here too, since it is compiled with the whole catalogue. A
system model is never written here, nor is one that the operators gave the org without a parent, and
what another org has is not there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ....catalogue.writing import apply_patch
from ....core.errors import CallerError, Code, invalid_fields
from ....core.history import Document, Repeat, StoredCatalogue, StoredModel
from ....core.snapshot import Snapshot
from ....identity.roles import Permission
from ...commits import Compute, Draft
from ...model_writing import ModelWriting, find_model, next_version
from ...ownership import forbidden
from ...preconditions import check_match, etag
from ...references import references_to
from ...trail import Author
from .access import acting_org
from .documents import (
    SPELLED,
    is_of,
    is_open_to,
    is_system,
    native_fields,
    parent_of,
    put_metadata,
    spelled_here,
    streaming_fault,
)
from .forms import ModelPatch, NewModel
from .naming import new_model_id
from .queries import OrgModelQueries, no_such_model
from .repeats import Answered, Repeats, Turn

PATH = "/org/v1/models"
_WRITE = Permission.ORG_MODELS_WRITE
_ONCE = Turn(None)


class OrgModelWrites:
    """Writes models for the admins of an org."""

    def __init__(self, writing: ModelWriting, queries: OrgModelQueries, repeats: Repeats) -> None:
        self._writing = writing
        self._queries = queries
        self._repeats = repeats

    async def create(self, by: Author, body: Mapping[str, Any], keys: Sequence[str]) -> Answered:
        """A new model, or the answer that an earlier try got; ``keys`` are the header's values."""
        async with self._writing.trail.refusals(by, "model.created", "") as affair:
            org = affair.org = acting_org(by.caller, _WRITE, "create models")
            sent = NewModel.read(body).sent()
            async with self._repeats.turn(org, keys, f"POST {PATH}", body) as turn:
                if turn.answered is not None:
                    return turn.answered

                async def compute(stored: StoredCatalogue) -> Draft:
                    document = await self._new(by, org, stored, sent)
                    return self._put(by, "model.created", None, document)

                return await self._keep(by, org, compute, turn, status=201)

    async def patch(
        self, by: Author, uid: str, body: Mapping[str, Any], *, if_match: str | None
    ) -> Answered:
        """The model with what was sent in its place; 403, 404, 412 or 422."""
        name = self._queries.name(by.caller, uid)
        async with self._writing.trail.refusals(by, "model.updated", name) as affair:
            org = affair.org = acting_org(by.caller, _WRITE, "change models")

            async def compute(stored: StoredCatalogue) -> Draft:
                current = _existing(stored, uid, org, if_match)
                sent = ModelPatch.read(body).sent()
                document = self._patched(by, org, stored, current.document, sent)
                return self._put(by, "model.updated", current.document, document)

            return await self._keep(by, org, compute, _ONCE, status=200)

    async def delete(self, by: Author, uid: str, *, if_match: str | None) -> None:
        """Delete a model; 403, 404, 412, or 409 while others name it."""
        name = self._queries.name(by.caller, uid)
        async with self._writing.trail.refusals(by, "model.deleted", name) as affair:
            org = affair.org = acting_org(by.caller, _WRITE, "delete models")

            async def compute(stored: StoredCatalogue) -> Draft:
                current = _existing(stored, uid, org, if_match)
                _check_unused(stored, current.model_id, org)
                return self._writing.take_away(by, current)

            await self._writing.commits.keep(by, compute)

    async def _keep(
        self, by: Author, org: str, compute: Compute, turn: Turn, *, status: int
    ) -> Answered:
        """Keep a change of one model; the answer that shows it, kept with it."""
        answers: list[Answered] = []

        def answer(draft: Draft, stored: StoredCatalogue, snapshot: Snapshot) -> Repeat | None:
            (put,) = draft.put
            shown = self._queries.coming(stored, snapshot, put.model_id, org)
            headers = {
                "etag": etag(shown.version),
                "x-tollhouse-catalogue-version": str(stored.version),
            }
            if status == 201:  # noqa: PLR2004 - Created
                headers["location"] = f"{PATH}/{shown.document['id']}"
            answers.append(Answered.of(shown.document, status, headers))
            return turn.keep(answers[-1])

        await self._writing.commits.keep(by, compute, answer=answer)
        return answers[-1]

    def _put(self, by: Author, action: str, before: Document | None, document: Document) -> Draft:
        return replace(self._writing.put(by, action, before, document), spelled=SPELLED)

    async def _new(self, by: Author, org: str, stored: StoredCatalogue, sent: Document) -> Document:
        """The document of a model that is made now, under an id that nothing else has."""
        given = {name: value for name, value in sent.items() if value is not None}
        parent = parent_of(stored, org, given["parent_model_id"])
        if faults := list(streaming_fault(parent.document, given)):
            raise invalid_fields(faults)
        if given.get("supports_streaming") is True:
            del given["supports_streaming"]
        model_id = new_model_id(org, given["display_name"], _names(stored))
        body = {
            "model_id": model_id,
            "owner": {"kind": "org", "slug": org},
            "parent_model_id": parent.model_id,
            **native_fields(given),
        }
        with spelled_here():
            document = self._writing.new(by, body)
        put_metadata(document, given)
        document["version"] = await next_version(self._writing.store, model_id)
        return document

    def _patched(
        self, by: Author, org: str, stored: StoredCatalogue, current: Document, sent: Document
    ) -> Document:
        patch = native_fields(sent)
        parent = find_model(stored, current["parent_model_id"])
        if "parent_model_id" in sent:
            parent = parent_of(stored, org, sent["parent_model_id"])
            patch["parent_model_id"] = parent.model_id
        if parent is not None and (faults := list(streaming_fault(parent.document, sent))):
            raise invalid_fields(faults)
        now, actor = self._writing.clock.now(), by.caller.actor
        with spelled_here():
            document = apply_patch(current, patch, now=now, actor=actor)
        put_metadata(document, sent)
        return document


def _existing(stored: StoredCatalogue, uid: str, org: str, if_match: str | None) -> StoredModel:
    """The model to write; 404, 403 for one that is not written here, 412."""
    sought = uid.lower()
    current = next((one for one in stored.models if one.document["uid"] == sought), None)
    if current is None or not _may_know_of(current.document, org):
        raise no_such_model()
    if is_system(current.document):
        raise CallerError(
            Code.SYSTEM_MODEL_READ_ONLY,
            "System models are read-only here. Create a model that has this one as its parent.",
        )
    if current.document.get("parent_model_id") is None:
        raise forbidden(
            "change this model: it has no parent, and those who run the gateway keep it"
        )
    check_match(if_match, current.version)
    return current


def _may_know_of(document: Document, org: str) -> bool:
    return is_of(document, org) or (is_system(document) and is_open_to(document, org))


def _check_unused(stored: StoredCatalogue, model_id: str, org: str) -> None:
    """Raise a 409 that names those who use the model, of the models that the org may know of."""
    if uses := references_to(stored, model_id):
        known = {one.model_id for one in stored.models if _may_know_of(one.document, org)}
        raise CallerError(
            Code.IN_USE,
            "Other models name this one: as their failover, replacement or parent.",
            fields=[use for use in uses if use.path in known],
        )


def _names(stored: StoredCatalogue) -> set[str]:
    """Every id and alias."""
    names = {one.model_id for one in stored.models}
    for one in stored.models:
        names.update(one.document.get("aliases") or ())
    return names
