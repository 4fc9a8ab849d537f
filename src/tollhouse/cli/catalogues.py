"""The catalogue that a question is put to: the seed files', or the store's.

Either is compiled by the same compiler against the same configuration as a worker's.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ..app import environment_of, sealer
from ..catalogue.compile import Compiler
from ..catalogue.prompt_writing import kept_prompt
from ..catalogue.writing import new_document
from ..core.errors import CallerError
from ..core.history import Document, StoredCatalogue, StoredModel, StoredPrompt
from ..core.snapshot import Snapshot
from ..settings import Settings
from .desk import PAGE, Desk, everything, open_desk
from .exchange import ANY_UID, first_by_id, prompts_by_id, read_files
from .exits import Stop, explained


@dataclass(frozen=True, slots=True)
class Source:
    """A catalogue with the orgs that go with it."""

    snapshot: Snapshot
    plans: Mapping[str, str]
    """Org to plan."""


async def of_seeds(settings: Settings, now: float) -> Source:
    """What an empty store would start with; ends the command if that does not compile."""
    try:
        files = read_files(settings.catalogue.files, sealer(settings.auth.secret_key))
    except CallerError as invalid:
        stop = explained(invalid)
        raise (stop or Stop(invalid.message)) from None
    models = [stored_seed(body, settings, now) for body in first_by_id(files).values()]
    prompts = [stored_prompt(body, now) for body in prompts_by_id(files).values()]
    snapshot = Compiler(environment_of(settings)).compile(StoredCatalogue(0, models, prompts))
    return Source(snapshot, {org.slug: org.plan for file in files for org in file.orgs})


async def of_store(desk: Desk) -> Source:
    """What is in force at workers of this configuration."""
    await desk.live.load()
    orgs = await everything(
        lambda cursor: desk.plane.orgs.page(desk.caller, limit=PAGE, cursor=cursor)
    )
    return Source(desk.live.snapshot, {org.slug: org.plan for org in orgs})


async def of_either(settings: Settings, now: float, *, from_store: bool) -> Source:
    """The store's if it is asked for, else the seed files'."""
    if not from_store:
        return await of_seeds(settings, now)
    async with open_desk(settings) as desk:
        return await of_store(desk)


def stored_seed(body: Document, settings: Settings, now: float) -> StoredModel:
    """A seed as the store would keep it."""
    seal = sealer(settings.auth.secret_key)
    document = new_document(body, uid=ANY_UID, now=now, actor="", source="seed", seal=seal)
    return StoredModel(document["model_id"], 1, document)


def stored_prompt(body: Document, now: float) -> StoredPrompt:
    """A seed's system prompt as the store would keep it."""
    document = kept_prompt(body, now=now, actor="")
    return StoredPrompt(document["prompt_id"], 1, document)
