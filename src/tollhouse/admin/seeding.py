"""Creating from catalogue files what the store never had.

What the store has is never touched, and what was deleted from it does not come back: a model with
a history is not created again. All models and system prompts of all files are one
change, orgs come before them.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from ..catalogue.prompt_writing import kept_prompt
from ..catalogue.seeds import Seeds
from ..catalogue.writing import Seal, new_document, public_document
from ..core.caller import Caller, CredentialKind, Role
from ..core.history import Document, StoredCatalogue, StoredModel, StoredPrompt
from ..ports import Clock, Ids, StaleVersion, Store
from .commits import Commits, Draft
from .orgs import show_org
from .ownership import org_of
from .trail import Author, Trail

SEEDER = Author(Caller(CredentialKind.LOCAL, "seed", role=Role.SYSTEM_ADMIN), "startup")


async def seed(
    files: Sequence[Seeds],
    *,
    commits: Commits,
    trail: Trail,
    store: Store,
    clock: Clock,
    ids: Ids,
    seal: Seal | None,
) -> None:
    """Create the orgs and models of the files that were never there; 422 if it does not compile.

    Safe when several processes start at once.
    """
    await _seed_orgs(files, store, trail, clock)
    bodies = _by_id(files)

    async def compute(stored: StoredCatalogue) -> Draft:
        missing = bodies.keys() - {one.model_id for one in stored.models}
        now = clock.now()
        put, events = [], []
        for model_id in sorted(missing):
            if (await store.history(model_id, limit=1, cursor=None)).rows:
                continue
            document = new_document(
                bodies[model_id],
                uid=ids.uuid(),
                now=now,
                actor=SEEDER.caller.actor,
                source="seed",
                seal=seal,
            )
            after = public_document(document, now=now)
            put.append(StoredModel(model_id, document["version"], document))
            org = org_of(document)
            events.append(trail.event(SEEDER, "model.created", model_id, org=org, after=after))
        prompts = await _missing_prompts(files, stored, store, now=clock.now())
        events += (
            trail.event(
                SEEDER,
                "prompt.created",
                one.prompt_id,
                org=org_of(one.document),
                after=one.document,
            )
            for one in prompts
        )
        return Draft(put=tuple(put), put_prompts=tuple(prompts), events=tuple(events))

    await commits.keep(SEEDER, compute)


async def _seed_orgs(files: Sequence[Seeds], store: Store, trail: Trail, clock: Clock) -> None:
    for org in (org for file in files for org in file.orgs):
        if await store.org(org.slug) is None:
            now = clock.now()
            made = replace(org, created_at=now, updated_at=now)
            event = trail.event(SEEDER, "org.created", org.slug, org=org.slug, after=show_org(made))
            with suppress(StaleVersion):  # another process that starts made it
                await store.put_org(made, event)


async def _missing_prompts(
    files: Sequence[Seeds], stored: StoredCatalogue, store: Store, *, now: float
) -> list[StoredPrompt]:
    """The system prompts of files that were never there; of a deleted one the trail tells."""
    present = {one.prompt_id for one in stored.prompts}
    made = []
    for body in (body for file in files for body in file.prompts):
        prompt_id = body["prompt_id"]
        if prompt_id in present or await _was_deleted(store, prompt_id):
            continue
        present.add(prompt_id)
        document = kept_prompt(body, now=now, actor=SEEDER.caller.actor)
        made.append(StoredPrompt(prompt_id, document["version"], document))
    return made


async def _was_deleted(store: Store, prompt_id: str) -> bool:
    page = await store.events(
        target=prompt_id,
        actor=None,
        action="prompt.deleted",
        org=None,
        since=None,
        limit=100,
        cursor=None,
    )
    return any(event.outcome == "ok" for event in page.rows)


def _by_id(files: Sequence[Seeds]) -> Mapping[str, Document]:
    """The bodies by id; the first file that has one counts."""
    bodies: dict[str, Document] = {}
    for file in files:
        for body in file.models:
            bodies.setdefault(body["model_id"], body)
    return bodies
