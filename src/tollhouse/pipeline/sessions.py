"""Session tokens resolved to callers: by an issuer's keys, its claims and the orgs of the store."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from ..core.caller import Caller, CredentialKind
from ..core.errors import CallerError, Code, GatewayError
from ..core.issuer import Issuer
from ..identity import jwt
from ..identity.claims import Identity, Unmapped, identify
from ..ports import CallerStore, Clock, Documents
from .issuer_keys import IssuerKeys, KeysUnavailable

_log = logging.getLogger("tollhouse.identity")


@dataclass(frozen=True, slots=True)
class _Known:
    """An issuer with its keys."""

    issuer: Issuer
    keys: IssuerKeys


class Sessions:
    """Verifies sessions of the configured issuers. What it says is remembered by its callers."""

    def __init__(
        self,
        issuers: Sequence[Issuer],
        documents: Documents,
        store: CallerStore,
        clock: Clock,
    ) -> None:
        self._issuers = {
            issuer.name: _Known(issuer, IssuerKeys(issuer, documents, clock)) for issuer in issuers
        }
        self._store = store
        self._clock = clock

    async def resolve(self, text: str) -> Caller | None:
        """The caller behind a token; None when the token is not good.

        403 for a good one that stands for nobody here, 503 when it cannot be checked, and
        ``StoreUnavailable``.
        """
        try:
            token = jwt.read(text)
            known = self._known(token)
            expires_at = await self._verify(token, known)
        except jwt.NotGood as reason:
            _log.debug("a session token was refused", extra={"reason": str(reason)})
            return None
        try:
            identity = identify(token.claims, known.issuer.claims)
        except Unmapped as missing:
            raise _stands_for_nobody(str(missing)) from None
        return await self._caller(identity, expires_at)

    def _known(self, token: jwt.Token) -> _Known:
        known = self._issuers.get(token.issuer)
        if known is None:
            raise jwt.NotGood("its issuer is not known")
        return known

    async def _verify(self, token: jwt.Token, known: _Known) -> float:
        expires_at = jwt.check(token, known.issuer, self._clock.now())
        try:
            keys = await known.keys.find(token.key_id, token.algorithm)
        except KeysUnavailable:
            raise GatewayError(
                Code.ISSUER_UNAVAILABLE,
                "The session cannot be checked right now; try again shortly.",
                headers={"retry-after": "5"},
            ) from None
        if not jwt.signed_by(token, keys):
            raise jwt.NotGood("no key of its issuer has signed it")
        return expires_at

    async def _caller(self, identity: Identity, expires_at: float) -> Caller:
        org = await self._store.org(identity.org)
        if org is None:
            raise _stands_for_nobody("org")
        return Caller(
            kind=CredentialKind.SESSION,
            credential_id=identity.user,
            org=org.slug,
            plan=identity.plan or org.plan,
            user=identity.user,
            role=identity.role,
            expires_at=expires_at,
        )


def _stands_for_nobody(missing: str) -> CallerError:
    return CallerError(
        Code.FORBIDDEN, f"This session is good, but it names no {missing} that is known here."
    )
