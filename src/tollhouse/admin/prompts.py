"""System prompts: made, changed, deleted, looked up; every attempt at a write leaves a trail.

They are part of the catalogue: a change is compiled with every model that names the prompt, and is
in force for all of them at once. An org's admins write the prompts of their org and read those of
the system; a prompt of another org is one that is not there.
"""

from bisect import bisect_right
from collections.abc import Mapping
from typing import Any

from ..catalogue.prompt_writing import apply_prompt_patch, new_prompt, public_prompt
from ..core.caller import Caller
from ..core.errors import CallerError, Code, FieldFault
from ..core.history import Document, StoredCatalogue, StoredPrompt
from ..identity.roles import Permission, Scope, allows, scope_of
from ..pipeline.live import LiveCatalogue
from ..ports import Clock, Ids, Page
from .commits import Answer, Commits, Draft
from .cursors import read_cursor, write_cursor
from .ownership import check, check_any, forbidden, may_see, org_of
from .preconditions import check_match
from .references import models_with_prompt
from .trail import Affair, Author, Trail

_NAMED = 20
"""Models that a refusal names, at most."""


class Prompts:
    """Reads and writes system prompts."""

    def __init__(
        self, commits: Commits, live: LiveCatalogue, trail: Trail, clock: Clock, ids: Ids
    ) -> None:
        self._commits = commits
        self._live = live
        self._trail = trail
        self._clock = clock
        self._ids = ids

    async def create(
        self, by: Author, body: Mapping[str, Any], *, answer: Answer | None = None
    ) -> StoredPrompt:
        """A new prompt; without an owner it is the writer's org's, or the system's."""
        async with self._trail.refusals(by, "prompt.created", "") as affair:
            check_any(by.caller, Permission.PROMPTS_WRITE, "create system prompts")

            async def compute(_: StoredCatalogue) -> Draft:
                document = new_prompt(
                    body,
                    prompt_id=self._ids.uuid(),
                    now=self._clock.now(),
                    actor=by.caller.actor,
                    owner=_usual_owner(by.caller),
                )
                _check_may_write(by.caller, document)
                affair.org = org_of(document)
                return self._draft(by, "prompt.created", None, document)

            return (await self._commits.keep(by, compute, answer=answer)).put_prompts[0]

    async def patch(
        self,
        by: Author,
        prompt_id: str,
        body: Mapping[str, Any],
        *,
        if_match: str | None = None,
        answer: Answer | None = None,
    ) -> StoredPrompt:
        """The prompt under a merge patch; 404, 412 or 422."""
        async with self._trail.refusals(by, "prompt.updated", prompt_id) as affair:
            check_any(by.caller, Permission.PROMPTS_WRITE, "change system prompts")

            async def compute(stored: StoredCatalogue) -> Draft:
                current = _existing(by.caller, stored, prompt_id, if_match, affair).document
                document = apply_prompt_patch(
                    current, body, now=self._clock.now(), actor=by.caller.actor
                )
                _check_may_write(by.caller, document)
                return self._draft(by, "prompt.updated", current, document)

            return (await self._commits.keep(by, compute, answer=answer)).put_prompts[0]

    async def delete(self, by: Author, prompt_id: str, *, if_match: str | None = None) -> None:
        """Delete a prompt; 404, 412, or 409 while models name it."""
        async with self._trail.refusals(by, "prompt.deleted", prompt_id) as affair:
            check_any(by.caller, Permission.PROMPTS_WRITE, "delete system prompts")

            async def compute(stored: StoredCatalogue) -> Draft:
                current = _existing(by.caller, stored, prompt_id, if_match, affair).document
                self._check_unused(by.caller, stored, prompt_id)
                event = self._trail.event(
                    by, "prompt.deleted", prompt_id, org=org_of(current), before=current
                )
                return Draft(delete_prompts=(prompt_id,), events=(event,))

            await self._commits.keep(by, compute)

    def one(self, caller: Caller, prompt_id: str) -> Document:
        """One prompt; 404 when there is none for this caller."""
        check_any(caller, Permission.PROMPTS_READ, "read system prompts")
        return public_prompt(_find(caller, self._live.stored, prompt_id).document)

    def page(
        self, caller: Caller, *, limit: int, cursor: str | None, org: str | None = None
    ) -> Page:
        """One page by id, oldest first: all, or those that the models of ``org`` may name.

        403 for the view of another org.
        """
        check_any(caller, Permission.PROMPTS_READ, "read system prompts")
        if org is not None and not allows(caller, Permission.PROMPTS_READ, org):
            raise forbidden("see the system prompts of another org")
        prompts = self._live.stored.prompts
        start = 0
        if cursor:
            start = bisect_right(prompts, read_cursor(cursor), key=lambda one: one.prompt_id)
        rows: list[Document] = []
        for stored in prompts[start:]:
            if not _may_read(caller, stored.document) or not _open_to(stored.document, org):
                continue
            if len(rows) == limit:
                return Page(rows, write_cursor(rows[-1]["prompt_id"]))
            rows.append(public_prompt(stored.document))
        return Page(rows)

    def _check_unused(self, caller: Caller, stored: StoredCatalogue, prompt_id: str) -> None:
        """Raise a 409 that names the models with this prompt, of those that the caller may see."""
        users = models_with_prompt(stored, prompt_id)
        if not users:
            return
        models = self._live.snapshot.models
        seen = [
            user.model_id
            for user in users
            if user.model_id in models and may_see(caller, models[user.model_id])
        ][:_NAMED]
        told = [*seen, *([f"{len(users) - len(seen)} more"] if len(seen) < len(users) else [])]
        raise CallerError(
            Code.IN_USE,
            f"The system prompt is in use by models: {', '.join(told)}.",
            fields=[FieldFault(name, "names it as its system prompt") for name in seen],
        )

    def _draft(self, by: Author, action: str, before: Document | None, document: Document) -> Draft:
        prompt_id: str = document["prompt_id"]
        event = self._trail.event(
            by, action, prompt_id, org=org_of(document), before=before, after=document
        )
        stored = StoredPrompt(prompt_id, document["version"], document)
        return Draft(put_prompts=(stored,), events=(event,))


def _existing(
    caller: Caller, stored: StoredCatalogue, prompt_id: str, if_match: str | None, affair: Affair
) -> StoredPrompt:
    current = _find(caller, stored, prompt_id)
    _check_may_write(caller, current.document)
    affair.org = org_of(current.document)
    check_match(if_match, current.version)
    return current


def _find(caller: Caller, stored: StoredCatalogue, prompt_id: str) -> StoredPrompt:
    for one in stored.prompts:
        if one.prompt_id == prompt_id and _may_read(caller, one.document):
            return one
    message = "There is no such system prompt. GET /admin/v1/prompts lists them."
    raise CallerError(Code.NOT_FOUND, message)


def _may_read(caller: Caller, document: Document) -> bool:
    return allows(caller, Permission.PROMPTS_READ, org_of(document))


def _open_to(document: Document, org: str | None) -> bool:
    return org is None or org_of(document) in (None, org)


def _check_may_write(caller: Caller, document: Document) -> None:
    check(caller, Permission.PROMPTS_WRITE, org_of(document), "change this system prompt")


def _usual_owner(caller: Caller) -> Document | None:
    if scope_of(caller, Permission.PROMPTS_WRITE) is Scope.ALL or caller.org is None:
        return None
    return {"kind": "org", "slug": caller.org}
