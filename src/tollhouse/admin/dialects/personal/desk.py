"""Personal models: made, changed, deleted, looked up; every attempt at a write leaves a trail."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ....catalogue.writing import apply_patch, readable
from ....core.caller import Caller
from ....core.errors import CallerError, Code, FieldFault, invalid_fields
from ....core.history import Document, StoredCatalogue, StoredModel
from ....core.model import Lifecycle, OwnerKind
from ....identity.roles import Permission
from ....pipeline.live import LiveCatalogue
from ....ports import Page
from ...commits import Compute, Draft
from ...cursors import read_cursor, write_cursor
from ...model_writing import ModelWriting, find_model, next_version
from ...ownership import check_any, forbidden, org_of
from ...preconditions import check_match
from ...references import references_to
from ...trail import Affair, Author
from . import documents
from .documents import Personal, PersonalForm
from .rights import Rights, rights

_READ_ONLY = (
    *("id", "model_id", "created_at", "updated_at"),
    *("is_owner", "can_edit", "can_delete", "is_shared"),
)
_ALIVE = frozenset({Lifecycle.ACTIVE, Lifecycle.DEPRECATED})
_SWITCHED = {"is_active"}


class PersonalModels:
    """Reads and writes the models that users bring."""

    def __init__(self, writing: ModelWriting, live: LiveCatalogue) -> None:
        self._writing = writing
        self._live = live

    async def create(self, by: Author, body: Mapping[str, Any]) -> StoredModel:
        """A new model of the caller's; 409 when its id is taken, by whomever."""
        name = body.get("model_id")
        target = name if isinstance(name, str) else ""
        async with self._writing.trail.refusals(by, "model.created", target) as affair:
            check_any(by.caller, Permission.PERSONAL_WRITE, "create personal models")
            owner = _owner_of_new(by.caller)
            affair.org = owner["slug"]
            form, model_id, faults = _new(body)
            model = documents.changed(Personal(), form)
            documents.check(model, self._writing.reach, *faults)

            async def compute(stored: StoredCatalogue) -> Draft:
                if _taken(stored, model_id):
                    raise _exists(model_id)
                numbered = replace(model, number=self._number(stored))
                patch = documents.patch_of(numbered, {})
                patch = {"model_id": model_id, **patch, "owner": {**owner, **patch["owner"]}}
                document = self._writing.new(by, _with_key(patch, form))
                document["version"] = await next_version(self._writing.store, model_id)
                return self._writing.put(by, "model.created", None, document)

            return await self._keep(by, compute)

    async def update(
        self, by: Author, model_id: str, body: Mapping[str, Any], *, if_match: str | None = None
    ) -> StoredModel:
        """The model with what the body says; 404, 403, 412 or 422."""
        async with self._writing.trail.refusals(by, "model.updated", model_id) as affair:
            check_any(by.caller, Permission.PERSONAL_WRITE, "change personal models")
            sent = readable(body)
            said = _form(sent).said()

            async def compute(stored: StoredCatalogue) -> Draft:
                current, may = _existing(by.caller, stored, model_id, affair)
                check_match(if_match, current.version)
                form = self._news(by.caller, current, sent, said)
                _check_may_change(form, may)
                present = documents.read(current.document)
                model = _switched(present, form, may)
                moved = model.base_url != present.base_url
                documents.check(model, self._writing.reach if moved else None)
                document = apply_patch(
                    current.document,
                    _with_key(documents.patch_of(model, current.document), form),
                    now=self._writing.clock.now(),
                    actor=by.caller.actor,
                    seal=self._writing.seal,
                )
                return self._writing.put(by, "model.updated", current.document, document)

            return await self._keep(by, compute)

    async def delete(self, by: Author, model_id: str, *, if_match: str | None = None) -> None:
        """Delete a model; 404, 403, 412, or 409 while others name it."""
        async with self._writing.trail.refusals(by, "model.deleted", model_id) as affair:
            check_any(by.caller, Permission.PERSONAL_WRITE, "delete personal models")

            async def compute(stored: StoredCatalogue) -> Draft:
                current, may = _existing(by.caller, stored, model_id, affair)
                if not may.edits:
                    raise forbidden("delete this model")
                check_match(if_match, current.version)
                if references_to(stored, model_id):
                    raise CallerError(Code.IN_USE, "Other models name this one; ask their admins.")
                return self._writing.take_away(by, current)

            await self._writing.commits.keep(by, compute)

    async def _keep(self, by: Author, compute: Compute) -> StoredModel:
        """Keep a change of one model, its document's faults told in the words of the body."""
        try:
            return (await self._writing.commits.keep(by, compute)).put[0]
        except CallerError as refusal:
            if refusal.code is not Code.VALIDATION_FAILED:
                raise
            faults = dict.fromkeys(map(documents.translated, refusal.fields))
            raise invalid_fields(list(faults)) from None

    def page(self, caller: Caller, *, limit: int, cursor: str | None) -> Page:
        """The caller's own models and those it may see of others, by id."""
        check_any(caller, Permission.PERSONAL_READ, "read personal models")
        models = self._live.snapshot.models
        ids = sorted(name for name, one in models.items() if one.owner.kind is OwnerKind.USER)
        stored = {one.model_id: one for one in self._live.stored.models}
        rows: list[StoredModel] = []
        for model_id in ids[bisect_right(ids, read_cursor(cursor)) if cursor else 0 :]:
            if not rights(caller, stored[model_id].document).sees:
                continue
            if len(rows) == limit:
                return Page(
                    [self.show(caller, row) for row in rows], write_cursor(rows[-1].model_id)
                )
            rows.append(stored[model_id])
        return Page([self.show(caller, row) for row in rows])

    def one(self, caller: Caller, model_id: str) -> StoredModel:
        """One model; 404 when there is none for this caller."""
        check_any(caller, Permission.PERSONAL_READ, "read personal models")
        found = find_model(self._live.stored, model_id)
        if found is None or not rights(caller, found.document).sees:
            raise _not_found(model_id)
        return found

    def show(self, caller: Caller, stored: StoredModel) -> Document:
        """A model as the dialect shows it to this caller; the key is in no field of it."""
        document, may = stored.document, rights(caller, stored.document)
        model = documents.read(document)
        effective = self._live.snapshot.models.get(stored.model_id)
        state = effective.lifecycle(self._writing.clock.now()) if effective else None
        return {
            "id": model.number,
            "model_id": stored.model_id,
            "category": model.category,
            "model_provider": model.model_provider,
            "model_name": model.model_name,
            "base_url": model.base_url,
            "temperature": model.temperature,
            "dimension": model.dimension,
            "abilities": None if model.abilities is None else list(model.abilities),
            "description": model.description,
            "created_at": document["created_at"],
            "updated_at": document["updated_at"],
            "is_active": state in _ALIVE,
            "is_owner": may.owner,
            "can_edit": may.edits,
            "can_delete": may.edits,
            "is_shared": model.shared,
        }

    def _news(
        self, caller: Caller, current: StoredModel, sent: Document, said: Document
    ) -> PersonalForm:
        """What a body changes: it may repeat what is so, also what only the gateway sets."""
        shown = self.show(caller, current)
        faults = [
            FieldFault(name, "is set by the gateway and is another value now")
            for name in _READ_ONLY
            if name in sent and sent[name] != shown[name]
        ]
        if faults:
            raise invalid_fields(faults)
        news = {n: value for n, value in said.items() if value != shown.get(n, _NOTHING)}
        return PersonalForm.model_validate(news)

    def _number(self, stored: StoredCatalogue) -> int:
        """A number that no personal model has, and none had: the time in milliseconds, or more."""
        taken = (
            documents.read(one.document).number
            for one in stored.models
            if (one.document.get("owner") or {}).get("kind") == "user"
        )
        return max(int(self._writing.clock.now() * 1000), 1 + max(taken, default=0))


_NOTHING = object()


def _owner_of_new(caller: Caller) -> Document:
    if caller.user is None or caller.org is None:
        raise CallerError(
            Code.USER_IDENTITY_REQUIRED,
            "A personal model belongs to a user of an org: use a user's token or session.",
        )
    return {"kind": "user", "id": caller.user, "slug": caller.org}


def _new(body: Mapping[str, Any]) -> tuple[PersonalForm, str, list[FieldFault]]:
    """The form, the id and what is wrong with what is not in the form."""
    sent = readable(body)
    model_id = sent.pop("model_id", None)
    faults = [
        FieldFault(name, "is set by the gateway: leave it out")
        for name in _READ_ONLY
        if sent.get(name) is not None
    ]
    if model_id is None:
        faults.append(FieldFault("model_id", "is required"))
    elif not isinstance(model_id, str):
        faults.append(FieldFault("model_id", "must be a string"))
    return _form(sent), str(model_id), faults


def _form(sent: Document) -> PersonalForm:
    return PersonalForm.read({n: value for n, value in sent.items() if n not in _READ_ONLY})


def _with_key(patch: Document, form: PersonalForm) -> Document:
    """The patch with the provider's key, where one was sent: a null keeps the present one."""
    if form.api_key is None:
        return patch
    return {**patch, "connection": {**patch["connection"], "api_key": form.api_key}}


def _existing(
    caller: Caller, stored: StoredCatalogue, model_id: str, affair: Affair
) -> tuple[StoredModel, Rights]:
    current = find_model(stored, model_id)
    if current is None or not (may := rights(caller, current.document)).sees:
        raise _not_found(model_id)
    affair.org = org_of(current.document)
    return current, may


def _check_may_change(form: PersonalForm, may: Rights) -> None:
    if may.edits or (may.switches and form.said().keys() <= _SWITCHED):
        return
    raise forbidden("change this model" if not may.switches else "change more than is_active")


def _switched(present: Personal, form: PersonalForm, may: Rights) -> Personal:
    """The model after a body, and who holds its switch: not its owner once somebody else did."""
    made = documents.changed(present, form)
    if made.active == present.active:
        return made
    if present.held and may.owner:
        raise forbidden("switch on a model that an administrator switched off")
    return replace(made, held=not made.active and not may.owner)


def _taken(stored: StoredCatalogue, model_id: str) -> bool:
    return any(
        model_id == one.model_id or model_id in (one.document.get("aliases") or ())
        for one in stored.models
    )


def _exists(model_id: str) -> CallerError:
    return CallerError(
        Code.MODEL_EXISTS,
        f"The name {model_id!r} is taken; choose another one, or change your model with PUT.",
        fields=[FieldFault("model_id", "is taken")],
    )


def _not_found(model_id: str) -> CallerError:
    return CallerError(
        Code.MODEL_NOT_FOUND,
        f"There is no personal model {model_id[:128]!r}. GET /api/models lists them.",
    )
