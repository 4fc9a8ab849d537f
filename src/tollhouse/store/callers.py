"""Orgs and their credentials.

Every write first locks the counters row, so writes to callers happen one after the other, an org
cannot be deleted under a credential being made for it, and the count that other workers watch moves
in the same transaction. Under that lock a put looks whether what it replaces is still there. One
that finds something else, and a deletion that finds nothing, leave no trace.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from ..core.errors import CallerError, Code
from ..core.history import AuditEvent
from ..core.tenants import Credential, Org
from ..ports import Page, StaleVersion
from .audit import add_events
from .engine import Database
from .schema import counters, credentials, orgs
from .values import (
    beyond,
    micros,
    micros_or_none,
    page,
    page_size,
    seconds,
    seconds_or_none,
)

T = TypeVar("T", Credential, Org)


class CallerTables:
    """``ports.CallerStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def credential(self, credential_id: str) -> tuple[Credential, Org] | None:
        """A credential with its org, for resolving a caller."""
        rows = await self._database.read(_RESOLVE.where(credentials.c.id == credential_id))
        if not rows:
            return None
        (row,) = rows
        org = Org(
            slug=row.org,
            plan=row.org_plan,
            name=row.org_name,
            created_at=seconds(row.org_created_at),
            updated_at=seconds(row.org_updated_at),
        )
        return _credential(row), org

    async def orgs(self, *, limit: int, cursor: str | None) -> Page:
        """Orgs by slug; rows are ``Org``."""
        rows = await self._database.read(
            sa.select(orgs)
            .where(beyond([orgs.c.slug], cursor, newest_first=False))
            .order_by(orgs.c.slug)
            .limit(page_size(limit) + 1)
        )
        return page(rows, limit, read=_org, key=lambda row: (row.slug,))

    async def org(self, slug: str) -> Org | None:
        """One org."""
        rows = await self._database.read(sa.select(orgs).where(orgs.c.slug == slug))
        return _org(rows[0]) if rows else None

    async def put_org(self, org: Org, event: AuditEvent, *, replacing: Org | None = None) -> None:
        """Create, or put in the place of ``replacing``."""
        values = {
            "slug": org.slug,
            "plan": org.plan,
            "name": org.name,
            "created_at": micros(org.created_at),
            "updated_at": micros(org.updated_at),
        }
        present = sa.select(orgs).where(orgs.c.slug == org.slug)

        async def change(connection: AsyncConnection) -> bool:
            await _expect(connection, present, _org, replacing)
            await connection.execute(self._database.put(orgs), values)
            return True

        await self._write(change, event)

    async def delete_org(self, slug: str, event: AuditEvent) -> bool:
        """Delete an org and its credentials; False if there is none."""

        async def change(connection: AsyncConnection) -> bool:
            await connection.execute(sa.delete(credentials).where(credentials.c.org == slug))
            gone = await connection.execute(
                sa.delete(orgs).where(orgs.c.slug == slug).returning(orgs.c.slug)
            )
            return gone.first() is not None

        return await self._write(change, event)

    async def credentials(
        self, *, kind: str, org: str | None, limit: int, cursor: str | None
    ) -> Page:
        """Credentials by id; rows are ``Credential``."""
        statement = (
            sa.select(credentials)
            .where(credentials.c.kind == kind)
            .where(beyond([credentials.c.id], cursor, newest_first=False))
            .order_by(credentials.c.id)
            .limit(page_size(limit) + 1)
        )
        if org is not None:
            statement = statement.where(credentials.c.org == org)
        rows = await self._database.read(statement)
        return page(rows, limit, read=_credential, key=lambda row: (row.id,))

    async def put_credential(
        self, credential: Credential, event: AuditEvent, *, replacing: Credential | None = None
    ) -> None:
        """Create, or put in the place of ``replacing``; a 404 ``CallerError`` without its org."""
        present = sa.select(credentials).where(credentials.c.id == credential.id)

        async def change(connection: AsyncConnection) -> bool:
            await _expect(connection, present, _credential, replacing)
            known = sa.select(orgs.c.slug).where(orgs.c.slug == credential.org)
            if (await connection.execute(known)).first() is None:
                raise CallerError(
                    Code.NOT_FOUND, f"there is no org {credential.org!r}", param="org"
                )
            await connection.execute(self._database.put(credentials), _values(credential))
            return True

        await self._write(change, event)

    async def _write(
        self, change: Callable[[AsyncConnection], Awaitable[bool]], event: AuditEvent
    ) -> bool:
        async def work(connection: AsyncConnection) -> bool:
            await connection.execute(_LOCK)
            if not await change(connection):
                return False
            await connection.execute(_BUMP)
            await add_events(connection, [event])
            return True

        return await self._database.write(work)


_RESOLVE = sa.select(
    credentials,
    orgs.c.plan.label("org_plan"),
    orgs.c.name.label("org_name"),
    orgs.c.created_at.label("org_created_at"),
    orgs.c.updated_at.label("org_updated_at"),
).join_from(credentials, orgs, orgs.c.slug == credentials.c.org)
_LOCK = sa.select(counters.c.callers).where(counters.c.id == 1).with_for_update()
_BUMP = sa.update(counters).where(counters.c.id == 1).values(callers=counters.c.callers + 1)


async def _expect(
    connection: AsyncConnection,
    present: sa.Select[Any],
    read: Callable[[sa.Row[Any]], T],
    expected: T | None,
) -> None:
    """Raise ``StaleVersion`` unless what is there, read as it is for callers, is as expected."""
    row = (await connection.execute(present)).first()
    if (None if row is None else read(row)) != expected:
        raise StaleVersion("another write came first")


def _org(row: sa.Row[Any]) -> Org:
    return Org(
        slug=row.slug,
        plan=row.plan,
        name=row.name,
        created_at=seconds(row.created_at),
        updated_at=seconds(row.updated_at),
    )


def _values(credential: Credential) -> dict[str, Any]:
    return {
        "id": credential.id,
        "kind": credential.kind,
        "org": credential.org,
        "digest": credential.digest,
        "name": credential.name,
        "user": credential.user,
        "role": credential.role,
        "enabled": credential.enabled,
        "created_at": micros(credential.created_at),
        "expires_at": micros_or_none(credential.expires_at),
        "revoked_at": micros_or_none(credential.revoked_at),
        "previous_digest": credential.previous_digest,
        "previous_until": micros_or_none(credential.previous_until),
    }


def _credential(row: sa.Row[Any]) -> Credential:
    return Credential(
        id=row.id,
        kind=row.kind,
        org=row.org,
        digest=row.digest,
        name=row.name,
        user=row.user,
        role=row.role,
        enabled=row.enabled,
        created_at=seconds(row.created_at),
        expires_at=seconds_or_none(row.expires_at),
        revoked_at=seconds_or_none(row.revoked_at),
        previous_digest=row.previous_digest,
        previous_until=seconds_or_none(row.previous_until),
    )
