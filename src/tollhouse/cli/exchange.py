"""Between catalogue files and the store: bringing models in, writing them out, telling drift.

An import is one change: everything in it is in force at once, or nothing is. What a file has
replaces what the store has under the same id, other models stay, and a model that already says what
the file says stays at its version. Orgs of a file are created where they are missing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ..admin.bodies import parse_object
from ..admin.commits import Draft
from ..admin.model_writing import next_version
from ..admin.ownership import org_of
from ..admin.trail import STAMPS
from ..catalogue.merge import changed_fields, value_at
from ..catalogue.prompt_writing import kept_prompt, prompt_body
from ..catalogue.seeds import Seeds, read_seeds
from ..catalogue.writing import (
    Seal,
    body_of,
    new_document,
    public_document,
    replace_document,
)
from ..core.errors import CallerError, FieldFault, invalid_fields
from ..core.history import AuditEvent, Document, StoredCatalogue, StoredModel, StoredPrompt
from ..core.tenants import Org
from .desk import PAGE, Desk, everything
from .progress import tracked

ANY_UID = "00000000-0000-0000-0000-000000000000"
"""Stands where a document is only looked at."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, or would do: ids, sorted."""

    created: tuple[str, ...]
    updated: tuple[str, ...]
    unchanged: tuple[str, ...]
    orgs_created: tuple[str, ...]

    def told(self) -> list[tuple[str, tuple[str, ...]]]:
        """The parts with the words for them."""
        return [
            ("created", self.created),
            ("updated", self.updated),
            ("unchanged", self.unchanged),
            ("orgs created", self.orgs_created),
        ]


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference between a file and the store."""

    model_id: str
    field: str
    """Dotted; empty when one side lacks the whole model."""
    in_file: Any
    in_store: Any

    def shown(self) -> dict[str, Any]:
        """As a row of a table."""
        return {
            "model_id": self.model_id,
            "field": self.field or "(the model)",
            "file": self.in_file,
            "store": self.in_store,
        }


def read_files(paths: Iterable[Path], seal: Seal | None) -> list[Seeds]:
    """Catalogue files, checked; 422 with every fault of every file, each with its file's name."""
    found: list[Seeds] = []
    faults: list[FieldFault] = []
    for path in paths:
        try:
            found.append(read_seeds(content_of(path.read_bytes(), path.suffix), seal=seal))
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f" at line {mark.line + 1}" if mark else ""
            faults.append(FieldFault(str(path), f"is not YAML{where}"))
        except OSError as error:
            faults.append(FieldFault(str(path), f"cannot be read: {error.strerror}"))
        except CallerError as error:
            found_faults = error.fields or (FieldFault("file", error.message),)
            faults += (FieldFault(f"{path}: {one.path}", one.message) for one in found_faults)
    if faults:
        raise invalid_fields(faults)
    return found


def content_of(text: bytes, suffix: str) -> Any:
    """What a file holds: JSON where its name says so, since YAML takes not all of it; else YAML."""
    return parse_object(text) if suffix == ".json" else yaml.safe_load(text)


def first_by_id(files: Sequence[Seeds]) -> Mapping[str, Document]:
    """The models of files by id; of two with one id the first counts, as at start."""
    bodies: dict[str, Document] = {}
    for file in files:
        for body in file.models:
            bodies.setdefault(body["model_id"], body)
    return bodies


def prompts_by_id(files: Sequence[Seeds]) -> Mapping[str, Document]:
    """The system prompts of files by id, the first of each."""
    bodies: dict[str, Document] = {}
    for file in files:
        for body in file.prompts:
            bodies.setdefault(body["prompt_id"], body)
    return bodies


async def bring_in(desk: Desk, files: Sequence[Seeds], *, dry_run: bool) -> Imported:
    """Create or replace the models of files in one change; ``dry_run`` only says what would be."""
    bodies = first_by_id(files)
    unchanged: set[str] = set()

    async def compute(stored: StoredCatalogue) -> Draft:
        present = {one.model_id: one for one in stored.models}
        unchanged.clear()
        put, events = [], []
        faults: list[FieldFault] = []
        for model_id, body in tracked(bodies.items(), "Importing"):
            current = present.get(model_id)
            try:
                document = await _document(desk, current, body)
            except CallerError as error:
                faults += (FieldFault(f"{model_id}: {f.path}", f.message) for f in error.fields)
                continue
            if document is None:
                unchanged.add(model_id)
                continue
            put.append(StoredModel(model_id, document["version"], document))
            events.append(_event(desk, current, document))
        if faults:
            raise invalid_fields(faults)
        prompts = _prompts(desk, files, stored)
        return Draft(
            tuple(put),
            put_prompts=tuple(one for one, _ in prompts),
            events=(*(event for _, event in prompts), *events),
            places={one: one for one in bodies},
        )

    missing = await _missing_orgs(desk, files)
    if dry_run:
        draft = await desk.plane.commits.rehearse(compute)
    else:
        for slug, body in missing.items():
            await desk.plane.orgs.create(desk.by, {"slug": slug, **body})
        draft = await desk.plane.commits.keep(desk.by, compute)
    made = {event.target: event.action for event in draft.events}

    def done(action: str) -> tuple[str, ...]:
        return tuple(sorted(target for target, what in made.items() if what == action))

    return Imported(
        created=done("model.created"),
        updated=done("model.updated"),
        unchanged=tuple(sorted(unchanged)),
        orgs_created=tuple(sorted(missing)),
    )


async def take_out(desk: Desk) -> Document:
    """The content of a catalogue file that makes the same catalogue in an empty store.

    Models as a client would send them, without the keys of connections; system prompts; orgs.
    """
    stored = await desk.store.load()
    orgs = await everything(lambda cursor: desk.store.orgs(limit=PAGE, cursor=cursor))
    content = {
        "orgs": [_org_body(org) for org in orgs],
        "prompts": [
            prompt_body(one.document) for one in sorted(stored.prompts, key=lambda it: it.prompt_id)
        ],
        "models": [
            body_of(one.document) for one in sorted(stored.models, key=lambda it: it.model_id)
        ],
    }
    return {name: items for name, items in content.items() if items or name == "models"}


async def drift(desk: Desk, files: Sequence[Seeds]) -> list[Drift]:
    """Where the files and the store differ, by model and field."""
    stored = {one.model_id: one.document for one in (await desk.store.load()).models}
    wanted = first_by_id(files)
    found: list[Drift] = []
    for model_id in sorted(stored.keys() | wanted.keys()):
        if model_id not in stored:
            found.append(Drift(model_id, "", "present", "absent"))
        elif model_id not in wanted:
            found.append(Drift(model_id, "", "absent", "present"))
        else:
            found += _differences(desk, model_id, wanted[model_id], stored[model_id])
    return found


def _org_body(org: Org) -> Document:
    body = {"slug": org.slug, "plan": org.plan, "name": org.name}
    return {name: value for name, value in body.items() if value is not None}


def _differences(desk: Desk, model_id: str, body: Document, kept: Document) -> list[Drift]:
    made = _made(desk, body)
    ours, theirs = (body_of(public_document(one, now=desk.clock.now())) for one in (made, kept))
    return [
        Drift(model_id, path, value_at(ours, path), value_at(theirs, path))
        for path in changed_fields(ours, theirs)
    ]


def _made(desk: Desk, body: Document) -> Document:
    """The document that a file's body makes, wherever it would be kept."""
    return new_document(
        body, uid=ANY_UID, now=desk.clock.now(), actor="", source="import", seal=desk.seal
    )


async def _document(desk: Desk, current: StoredModel | None, body: Document) -> Document | None:
    """The document to keep for a body; None when the store has it so already."""
    now, actor = desk.clock.now(), desk.caller.actor
    if current is None:
        document = new_document(
            body, uid=desk.ids.uuid(), now=now, actor=actor, source="import", seal=desk.seal
        )
        document["version"] = await next_version(desk.store, document["model_id"])
        return document
    document = replace_document(current.document, body, now=now, actor=actor, seal=desk.seal)
    shown = (public_document(one, now=now) for one in (current.document, document))
    gives_key = "api_key" in (body.get("connection") or {})
    if not gives_key and STAMPS.issuperset(changed_fields(*shown)):
        return None
    return document


def _event(desk: Desk, current: StoredModel | None, document: Document) -> AuditEvent:
    now = desk.clock.now()
    return desk.plane.trail.event(
        desk.by,
        "model.created" if current is None else "model.updated",
        document["model_id"],
        org=org_of(document),
        before=None if current is None else public_document(current.document, now=now),
        after=public_document(document, now=now),
    )


def _prompts(
    desk: Desk, files: Sequence[Seeds], stored: StoredCatalogue
) -> list[tuple[StoredPrompt, AuditEvent]]:
    """The system prompts of files that the store has not so already, each with its event."""
    present = {one.prompt_id: one.document for one in stored.prompts}
    made = []
    for prompt_id, body in prompts_by_id(files).items():
        current = present.get(prompt_id)
        document = kept_prompt(body, now=desk.clock.now(), actor=desk.caller.actor, current=current)
        if current is not None and STAMPS.issuperset(changed_fields(current, document)):
            continue
        event = desk.plane.trail.event(
            desk.by,
            "prompt.created" if current is None else "prompt.updated",
            prompt_id,
            org=org_of(document),
            before=current,
            after=document,
        )
        made.append((StoredPrompt(prompt_id, document["version"], document), event))
    return made


async def _missing_orgs(desk: Desk, files: Sequence[Seeds]) -> dict[str, Document]:
    missing: dict[str, Document] = {}
    for org in (org for file in files for org in file.orgs):
        if org.slug not in missing and await desk.store.org(org.slug) is None:
            missing[org.slug] = {"plan": org.plan, "name": org.name}
    return missing
