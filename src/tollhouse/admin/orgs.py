"""Orgs: made, changed, deleted, looked up; every attempt at a write leaves an audit event."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

from ..core.caller import Caller
from ..core.errors import CallerError, Code, FieldFault, invalid_fields
from ..core.history import Document
from ..core.tenants import Org
from ..core.times import write_time
from ..identity.roles import Permission, Scope, scope_of
from ..pipeline.live import LiveCatalogue
from ..ports import Clock, Ids, Page, StaleVersion, Store
from .forms import NewOrg, OrgPatch
from .ownership import check, check_any
from .references import references_to_org
from .trail import Author, Trail
from .turns import Turns


class Orgs:
    """Tenants. What a change empties is the cache of resolved callers, through ``forget``."""

    def __init__(
        self,
        store: Store,
        live: LiveCatalogue,
        trail: Trail,
        clock: Clock,
        ids: Ids,
        forget: Callable[[], None],
    ) -> None:
        self._store = store
        self._live = live
        self._trail = trail
        self._clock = clock
        self._forget = forget
        self._turns = Turns(ids)

    async def create(self, by: Author, body: Mapping[str, Any]) -> Org:
        """A new org; 409 when its slug is taken."""
        slug = body.get("slug")
        target = slug if isinstance(slug, str) else ""
        async with self._trail.refusals(by, "org.created", target) as affair:
            check(by.caller, Permission.ORGS_WRITE, None, "create orgs")
            form = NewOrg.read(body)
            affair.org = form.slug
            now = self._clock.now()
            org = Org(form.slug, form.plan, form.name, created_at=now, updated_at=now)
            event = self._trail.event(
                by, "org.created", org.slug, org=org.slug, after=show_org(org)
            )
            try:
                await self._store.put_org(org, event)
            except StaleVersion:
                raise CallerError(
                    Code.ORG_EXISTS,
                    f"There is an org {org.slug!r} already; PATCH changes it.",
                    fields=[FieldFault("slug", "is taken")],
                ) from None
            self._forget()
            return org

    async def patch(self, by: Author, slug: str, body: Mapping[str, Any]) -> Org:
        """The org under a merge patch; its slug never changes."""
        async with self._trail.refusals(by, "org.updated", slug) as affair:
            check(by.caller, Permission.ORGS_WRITE, slug, "change this org")

            async def write() -> Org:
                before = await self._existing(slug)
                affair.org = slug
                after = replace(before, **_sent(slug, body), updated_at=self._clock.now())
                event = self._trail.event(
                    by,
                    "org.updated",
                    slug,
                    org=slug,
                    before=show_org(before),
                    after=show_org(after),
                )
                await self._store.put_org(after, event, replacing=before)
                self._forget()
                return after

            return await self._turns.take(write)

    async def delete(self, by: Author, slug: str) -> None:
        """Delete an org with its keys and tokens; 409 while models are kept for it or its own."""
        async with self._trail.refusals(by, "org.deleted", slug) as affair:
            check(by.caller, Permission.ORGS_WRITE, slug, "delete this org")

            async def write() -> None:
                shown = show_org(await self._existing(slug))
                affair.org = slug
                if uses := references_to_org(self._live.stored, slug):
                    raise CallerError(
                        Code.IN_USE,
                        f"The org {slug!r} is in use by {', '.join(use.path for use in uses)}.",
                        fields=uses,
                    )
                event = self._trail.event(by, "org.deleted", slug, org=slug, before=shown)
                if not await self._store.delete_org(slug, event):
                    raise _not_found(slug)
                self._forget()

            await self._turns.take(write)

    async def one(self, caller: Caller, slug: str) -> Org:
        """One org; 403 for any other than the caller's own, unless it may see them all."""
        check(caller, Permission.ORGS_READ, slug, "see this org")
        return await self._existing(slug)

    async def page(self, caller: Caller, *, limit: int, cursor: str | None) -> Page:
        """Orgs by slug: all of them, or the caller's own."""
        check_any(caller, Permission.ORGS_READ, "see orgs")
        if scope_of(caller, Permission.ORGS_READ) is Scope.ALL:
            return await self._store.orgs(limit=limit, cursor=cursor)
        org = await self._store.org(caller.org or "")
        return Page([org] if org is not None else [])

    async def _existing(self, slug: str) -> Org:
        org = await self._store.org(slug)
        if org is None:
            raise _not_found(slug)
        return org


def show_org(org: Org) -> Document:
    """An org as the admin plane shows it."""
    times = {"created_at": write_time(org.created_at), "updated_at": write_time(org.updated_at)}
    return {**asdict(org), **times}


def _sent(slug: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """What a patch changes; 422 when it is faulty or names another slug."""
    sent = OrgPatch.read(body).sent()
    if sent.pop("slug", slug) != slug:
        raise invalid_fields([FieldFault("slug", f"cannot be changed; it is {slug}")])
    return sent


def _not_found(slug: str) -> CallerError:
    return CallerError(Code.NOT_FOUND, f"There is no org {slug[:64]!r}.")
