"""Creating from catalogue files what the store never had.

What the store has is never touched, and what was deleted from it does not come back: a model with
a history is not created again. All models of all files are one change, orgs come before them.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from ..catalogue.seeds import Seeds
from ..catalogue.writing import Seal, new_document, public_document
from ..core.caller import Caller, CredentialKind, Role
from ..core.history import Document, StoredCatalogue, StoredModel
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
        return Draft(put=tuple(put), events=tuple(events))

    await commits.keep(SEEDER, compute)


async def _seed_orgs(files: Sequence[Seeds], store: Store, trail: Trail, clock: Clock) -> None:
    for org in (org for file in files for org in file.orgs):
        if await store.org(org.slug) is None:
            now = clock.now()
            made = replace(org, created_at=now, updated_at=now)
            event = trail.event(SEEDER, "org.created", org.slug, org=org.slug, after=show_org(made))
            with suppress(StaleVersion):  # another process that starts made it
                await store.put_org(made, event)


def _by_id(files: Sequence[Seeds]) -> Mapping[str, Document]:
    """The bodies by id; the first file that has one counts."""
    bodies: dict[str, Document] = {}
    for file in files:
        for body in file.models:
            bodies.setdefault(body["model_id"], body)
    return bodies
