"""Who calls: credentials resolved through a cache, emptied by whatever changes them.

A resolved caller is fresh for ``FRESH_SECONDS`` and then looked up again. While the store is out
of reach, callers known from before go on; a credential that nobody has seen cannot be told from a
wrong one, so it gets 503 and not 401. What empties the cache empties both parts of it: a revoked
key is not served from memory because the store went away just after.
"""

import hmac

from cachetools import LRUCache, TTLCache

from ..core.caller import Caller, CredentialKind, Role
from ..core.errors import CallerError, Code, GatewayError
from ..core.tenants import Credential, Org
from ..identity import credentials
from ..ports import CallerStore, Clock, StoreUnavailable

FRESH_SECONDS = 60
UNKNOWN_SECONDS = 1
CACHED_CALLERS = 50_000


class Callers:
    """Resolves credentials to callers."""

    def __init__(
        self, store: CallerStore, clock: Clock, *, bootstrap_token: str | None = None
    ) -> None:
        self._store = store
        self._clock = clock
        self._bootstrap = credentials.digest(bootstrap_token) if bootstrap_token else None
        self._fresh: TTLCache[str, Caller] = TTLCache(
            CACHED_CALLERS, FRESH_SECONDS, timer=clock.monotonic
        )
        self._unknown: TTLCache[str, bool] = TTLCache(
            CACHED_CALLERS, UNKNOWN_SECONDS, timer=clock.monotonic
        )
        self._known: LRUCache[str, Caller] = LRUCache(CACHED_CALLERS)
        self._generation = 0

    def forget_all(self) -> None:
        """Empty the cache: an org, key or token changed somewhere."""
        self._generation += 1
        self._fresh.clear()
        self._unknown.clear()
        self._known.clear()

    async def resolve(self, credential: str | None, *, admin_plane: bool = False) -> Caller:
        """The caller behind a credential; 401 for every kind of wrong one, 503 if nobody knows."""
        presented = credentials.parse(credential) if credential else None
        if admin_plane and credential and self._is_bootstrap(credential):
            return Caller(CredentialKind.BOOTSTRAP, "bootstrap", role=Role.SYSTEM_ADMIN)
        if presented is None:
            raise _unauthorised()
        caller = self._fresh.get(presented.digest)
        if caller is None:
            caller = await self._look_up(presented)
        if caller.expires_at is not None and self._clock.now() >= caller.expires_at:
            raise _unauthorised()
        return caller

    def _is_bootstrap(self, credential: str) -> bool:
        if self._bootstrap is None:
            return False
        return hmac.compare_digest(credentials.digest(credential), self._bootstrap)

    async def _look_up(self, presented: credentials.Presented) -> Caller:
        digest = presented.digest
        if digest in self._unknown:
            raise _unauthorised()
        generation = self._generation
        try:
            found = await self._store.credential(presented.id)
        except StoreUnavailable:
            known: Caller | None = self._known.get(digest)
            if known is not None:
                return known
            raise GatewayError(
                Code.STORE_UNAVAILABLE,
                "The credential cannot be checked right now; try again shortly.",
                headers={"retry-after": "1"},
            ) from None
        if (
            found is None
            or found[0].kind != presented.kind.value
            or not credentials.matches(digest, found[0], self._clock.now())
        ):
            self._known.pop(digest, None)
            if generation == self._generation:
                self._unknown[digest] = True
            raise _unauthorised()
        caller = _caller(*found, digest)
        if generation == self._generation:
            self._fresh[digest] = self._known[digest] = caller
        return caller


def _caller(credential: Credential, org: Org, digest: str) -> Caller:
    expires = credential.expires_at
    if digest != credential.digest and credential.previous_until is not None:
        expires = min(filter(None, (expires, credential.previous_until)))
    return Caller(
        kind=CredentialKind(credential.kind),
        credential_id=credential.id,
        org=org.slug,
        plan=org.plan,
        user=credential.user,
        role=Role(credential.role) if credential.role else None,
        expires_at=expires,
    )


def _unauthorised() -> CallerError:
    return CallerError(
        Code.INVALID_API_KEY,
        "The API key is missing, malformed, unknown, revoked or expired.",
        headers={"www-authenticate": "Bearer"},
    )
