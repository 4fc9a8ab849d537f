"""Keys and tokens: issued, changed, rotated, revoked, looked up; writes leave audit events.

A secret exists in the answer to the request that made it and nowhere else: what is kept, shown and
audited is the credential without its digests. One that the caller may not see is not found.
Revoking is final, and doing it again changes nothing; a change that was computed from a credential
that was revoked meanwhile, by whatever process, is computed again and refused.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from typing import Any

from ..catalogue.documents.fields import parse_time
from ..core.caller import Caller, CredentialKind, Role
from ..core.errors import CallerError, Code, FieldFault, invalid_fields
from ..core.history import Document
from ..core.tenants import Credential
from ..core.times import write_time
from ..identity.credentials import digest, mint_org_key, mint_user_token
from ..identity.roles import Permission, allows, may_grant
from ..ports import Clock, Ids, Page, Store
from .forms import KeyPatch, NewKey, NewToken, Rotation
from .ownership import check, check_any, forbidden, org_within
from .times import write_time_or_none
from .trail import Affair, Author, Trail
from .turns import Turns

SECRET_BYTES = 32
_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


@dataclass(frozen=True, slots=True)
class CredentialSort:
    """Keys or tokens: how they are called, and who may have to do with them."""

    kind: CredentialKind
    noun: str
    read: Permission
    write: Permission
    mint: Callable[[str, str], str]


KEYS = CredentialSort(
    CredentialKind.ORG_KEY, "key", Permission.KEYS_READ, Permission.KEYS_WRITE, mint_org_key
)
TOKENS = CredentialSort(
    CredentialKind.USER_TOKEN,
    "token",
    Permission.TOKENS_READ,
    Permission.TOKENS_WRITE,
    mint_user_token,
)


@dataclass(frozen=True, slots=True)
class Issued:
    """A credential with its secret, which is not kept."""

    credential: Credential
    secret: str

    def __repr__(self) -> str:
        return f"Issued({self.credential.id})"


class Issuing:
    """Keys, or tokens. What a change empties is the cache of resolved callers."""

    def __init__(
        self,
        sort: CredentialSort,
        store: Store,
        trail: Trail,
        clock: Clock,
        ids: Ids,
        forget: Callable[[], None],
    ) -> None:
        self.sort = sort
        self._store = store
        self._trail = trail
        self._clock = clock
        self._ids = ids
        self._forget = forget
        self._turns = Turns(ids)

    async def create(self, by: Author, body: Mapping[str, Any]) -> Issued:
        """A new credential; 422 for an unknown org or a past time, 403 for a higher role."""
        async with self._refusals(by, "created", "") as affair:
            check_any(by.caller, self.sort.write, f"issue {self.sort.noun}s")
            form = (NewKey if self.sort is KEYS else NewToken).read(body)
            org = await self._org_for(by.caller, form, affair)
            user = role = None
            if isinstance(form, NewToken):
                user, role = form.user, form.role
                if not may_grant(by.caller, Role(role), org):
                    raise forbidden(f"grant the role {role}")
            credential_id = self._ids.uuid()
            secret = self.sort.mint(credential_id, self._ids.secret(SECRET_BYTES))
            credential = Credential(
                id=credential_id,
                kind=self.sort.kind.value,
                org=org,
                digest=digest(secret),
                name=form.name,
                user=user,
                role=role,
                created_at=self._clock.now(),
                expires_at=None if form.expires_at is None else parse_time(form.expires_at),
            )
            return Issued(await self._keep(by, "created", None, credential), secret)

    async def patch(self, by: Author, credential_id: str, body: Mapping[str, Any]) -> Credential:
        """The credential under a merge patch; a revoked one does not come back."""

        def compute(before: Credential) -> Credential:
            sent = KeyPatch.read(body).sent()
            faults = self._time_faults(sent.get("expires_at"))
            if before.revoked_at is not None:
                faults.append(FieldFault("enabled", "cannot be set: it is revoked for good"))
            if faults:
                raise invalid_fields(faults)
            if sent.get("expires_at") is not None:
                sent["expires_at"] = parse_time(sent["expires_at"])
            return replace(before, **sent)

        return await self._change(by, "updated", credential_id, compute)

    async def rotate(self, by: Author, credential_id: str, body: Mapping[str, Any]) -> Issued:
        """The credential with a new secret; the old one stays good for ``overlap`` seconds."""
        random = self._ids.secret(SECRET_BYTES)

        def compute(before: Credential) -> Credential:
            overlap = Rotation.read(body).overlap
            if before.revoked_at is not None:
                raise invalid_fields([FieldFault("id", "is revoked for good: create another")])
            return replace(
                before,
                digest=digest(self.sort.mint(before.id, random)),
                previous_digest=before.digest if overlap else None,
                previous_until=self._clock.now() + overlap if overlap else None,
            )

        after = await self._change(by, "rotated", credential_id, compute)
        return Issued(after, self.sort.mint(after.id, random))

    async def revoke(self, by: Author, credential_id: str) -> None:
        """End a credential for good, its old secret after a rotation too."""

        def compute(before: Credential) -> Credential:
            return replace(
                before,
                enabled=False,
                revoked_at=before.revoked_at or self._clock.now(),
                previous_digest=None,
                previous_until=None,
            )

        await self._change(by, "revoked", credential_id, compute)

    async def one(self, caller: Caller, credential_id: str) -> Credential:
        """One credential; 404 when there is none for this caller."""
        check_any(caller, self.sort.read, f"see {self.sort.noun}s")
        return await self._existing(caller, self.sort.read, credential_id)

    async def page(
        self, caller: Caller, *, org: str | None, limit: int, cursor: str | None
    ) -> Page:
        """Credentials by id: of all orgs, of one, or of the caller's own."""
        check_any(caller, self.sort.read, f"see {self.sort.noun}s")
        org = org_within(caller, self.sort.read, org, f"see {self.sort.noun}s of another org")
        return await self._store.credentials(
            kind=self.sort.kind.value, org=org, limit=limit, cursor=cursor
        )

    async def _change(
        self,
        by: Author,
        verb: str,
        credential_id: str,
        compute: Callable[[Credential], Credential],
    ) -> Credential:
        """Put what is computed from a credential in its place; nothing may come in between."""
        async with self._refusals(by, verb, credential_id) as affair:
            check_any(by.caller, self.sort.write, f"change {self.sort.noun}s")

            async def write() -> Credential:
                before = await self._existing(by.caller, self.sort.write, credential_id)
                affair.org = before.org
                return await self._keep(by, verb, before, compute(before))

            return await self._turns.take(write)

    async def _org_for(self, caller: Caller, form: NewKey | NewToken, affair: Affair) -> str:
        """The org that a credential is made for, which must be there."""
        org = form.org or caller.org
        if org is None:
            raise invalid_fields([FieldFault("org", "is required")])
        check(caller, self.sort.write, org, f"issue {self.sort.noun}s for this org")
        faults = self._time_faults(form.expires_at)
        if await self._store.org(org) is None:
            faults.append(FieldFault("org", "is not an org of this gateway"))
        else:
            affair.org = org
        if faults:
            raise invalid_fields(faults)
        return org

    def _time_faults(self, expires_at: str | None) -> list[FieldFault]:
        if expires_at is None or parse_time(expires_at) > self._clock.now():
            return []
        return [FieldFault("expires_at", "must be in the future")]

    async def _existing(
        self, caller: Caller, permission: Permission, credential_id: str
    ) -> Credential:
        found = await self._store.credential(credential_id) if is_id(credential_id) else None
        if found is not None:
            credential, _ = found
            if credential.kind == self.sort.kind and allows(caller, permission, credential.org):
                return credential
        # The id is not repeated: somebody may have put a whole secret into the path.
        raise CallerError(Code.NOT_FOUND, f"There is no {self.sort.noun} with this id.")

    async def _keep(
        self, by: Author, verb: str, before: Credential | None, after: Credential
    ) -> Credential:
        event = self._trail.event(
            by,
            f"{self.sort.noun}.{verb}",
            after.id,
            org=after.org,
            before=None if before is None else show_credential(before),
            after=show_credential(after),
        )
        await self._store.put_credential(after, event, replacing=before)
        self._forget()
        return after

    def _refusals(
        self, by: Author, verb: str, credential_id: str
    ) -> AbstractAsyncContextManager[Affair]:
        target = credential_id if is_id(credential_id) else ""
        return self._trail.refusals(by, f"{self.sort.noun}.{verb}", target)


def show_credential(credential: Credential) -> Document:
    """A credential as the admin plane shows it: without its digests."""
    shown: Document = {"id": credential.id, "org": credential.org}
    if credential.kind == CredentialKind.USER_TOKEN:
        shown |= {"user": credential.user, "role": credential.role}
    return shown | {
        "name": credential.name,
        "enabled": credential.enabled,
        "created_at": write_time(credential.created_at),
        "expires_at": write_time_or_none(credential.expires_at),
        "revoked_at": write_time_or_none(credential.revoked_at),
        "old_secret_good_until": write_time_or_none(credential.previous_until),
    }


def is_id(text: str) -> bool:
    """Whether a text can be a public id, and so is no secret."""
    return _ID.fullmatch(text) is not None
