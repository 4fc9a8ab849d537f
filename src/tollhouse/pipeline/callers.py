"""Who calls: credentials resolved through a cache, emptied by whatever changes them.

A resolved caller is fresh for ``FRESH_SECONDS`` and then looked up again. While the store is out
of reach, callers known from before go on; a credential that nobody has seen cannot be told from a
wrong one, so it gets 503 and not 401. What empties the cache empties it of both: a revoked key is
not served from memory because the store went away just after.
"""

import hmac
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from cachetools import TTLCache

from ..core.caller import Caller, CredentialKind, Role
from ..core.errors import CallerError, Code, GatewayError
from ..core.tenants import Credential, Org
from ..identity import credentials
from ..ports import CallerStore, Clock, StoreUnavailable

FRESH_SECONDS = 60
UNKNOWN_SECONDS = 1
CACHED_CALLERS = 50_000

SessionResolver = Callable[[str], Awaitable[Caller | None]]
"""What is behind a session token; None when it is not good."""


class Callers:
    """Resolves credentials to callers."""

    def __init__(
        self,
        store: CallerStore,
        clock: Clock,
        *,
        bootstrap_token: str | None = None,
        sessions: SessionResolver | None = None,
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._clock = clock
        self._bootstrap = credentials.digest(bootstrap_token) if bootstrap_token else None
        self._known: OrderedDict[str, tuple[Caller, float]] = OrderedDict()
        """By their credential's digest, with the time until which they are fresh: the one looked
        up last stands last."""
        self._unknown: TTLCache[str, bool] = TTLCache(
            CACHED_CALLERS, UNKNOWN_SECONDS, timer=clock.monotonic
        )
        self._generation = 0

    def forget_all(self) -> None:
        """Empty the cache: an org, key or token changed somewhere."""
        self._generation += 1
        self._known.clear()
        self._unknown.clear()

    async def resolve(self, credential: str | None, *, admin_plane: bool = False) -> Caller:
        """The caller behind a credential; 401 for every kind of wrong one, 503 if nobody knows."""
        if not credential:
            raise _unauthorised()
        digest = credentials.digest(credential)
        if admin_plane and self._is_bootstrap(digest):
            return Caller(CredentialKind.BOOTSTRAP, "bootstrap", role=Role.SYSTEM_ADMIN)
        known = self._known.get(digest)
        if known is not None and self._clock.monotonic() < known[1]:
            caller = known[0]
        else:
            caller = await self._look_up(credential, digest)
        if caller.expires_at is not None and self._clock.now() >= caller.expires_at:
            raise _unauthorised()
        return caller

    def _is_bootstrap(self, digest: str) -> bool:
        return self._bootstrap is not None and hmac.compare_digest(digest, self._bootstrap)

    async def _look_up(self, credential: str, digest: str) -> Caller:
        presented = credentials.parse(credential)
        if presented is None or digest in self._unknown:
            raise _unauthorised()
        generation = self._generation
        try:
            caller = await self._found(presented, credential)
        except StoreUnavailable:
            known = self._known.get(digest)
            if known is not None:
                return known[0]
            raise GatewayError(
                Code.STORE_UNAVAILABLE,
                "The credential cannot be checked right now; try again shortly.",
                headers={"retry-after": "1"},
            ) from None
        if caller is None:
            self._known.pop(digest, None)
            if generation == self._generation:
                self._unknown[digest] = True
            raise _unauthorised()
        if generation == self._generation:
            self._keep(digest, caller)
        return caller

    async def _found(self, presented: credentials.Presented, credential: str) -> Caller | None:
        """Whom a credential stands for; None when it is not good."""
        if presented.kind is CredentialKind.SESSION:
            return None if self._sessions is None else await self._sessions(credential)
        found = await self._store.credential(presented.id)
        if (
            found is None
            or found[0].kind != presented.kind.value
            or not credentials.matches(presented.digest, found[0], self._clock.now())
        ):
            return None
        return _caller(*found, presented.digest)

    def _keep(self, digest: str, caller: Caller) -> None:
        self._known[digest] = caller, self._clock.monotonic() + FRESH_SECONDS
        self._known.move_to_end(digest)
        if len(self._known) > CACHED_CALLERS:
            self._known.popitem(last=False)


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
