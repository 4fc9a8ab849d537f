"""The keys of one issuer: fetched when first needed, renewed in the background, kept in an outage.

Theory of operation. Keys are good for ``jwks_refresh`` seconds; after that they go on being used
while new ones are fetched. A token that names a key which is not among them has them fetched at
once, since issuers rotate. However many such tokens come, there is one fetch at a time and none
within ``PAUSE_SECONDS`` of the last. When the issuer cannot be reached its keys are used until they
are ``jwks_max_stale`` old; then, as before the first fetch, nothing can be said about any token.
A key set that the issuer has taken a key out of replaces the old one, so that key is out.
"""

import asyncio
import logging
import math

from ..core.faults import Fault
from ..core.issuer import Issuer
from ..core.tasks import spawn
from ..identity.issuer_documents import (
    PublicKey,
    Unusable,
    discovery_url,
    matching,
    read_jwks_url,
    read_keys,
)
from ..ports import Clock, Documents

PAUSE_SECONDS = 5.0
"""Between two fetches from one issuer, whatever tokens come."""

_log = logging.getLogger("tollhouse.identity")


class KeysUnavailable(Exception):
    """Whether an issuer has a key cannot be found out right now."""


class IssuerKeys:
    """The keys of one issuer, as one worker knows them."""

    def __init__(self, issuer: Issuer, documents: Documents, clock: Clock) -> None:
        self._issuer = issuer
        self._documents = documents
        self._clock = clock
        self._keys: tuple[PublicKey, ...] = ()
        self._fetched_at = -math.inf
        self._asked_at = -math.inf
        self._failed = False
        self._fetching: asyncio.Task[None] | None = None

    async def find(self, key_id: str | None, algorithm: str) -> tuple[PublicKey, ...]:
        """The keys that a token with this ``kid`` and ``alg`` may be signed by.

        None at all: the issuer has no such key. ``KeysUnavailable``: it may have one.
        """
        if self._age >= self._issuer.jwks_max_stale:
            await self._fetched()
        elif self._age >= self._issuer.jwks_refresh:
            self._begin()
        if self._age >= self._issuer.jwks_max_stale:
            raise KeysUnavailable
        found = matching(self._keys, key_id, algorithm)
        if not found:
            await self._fetched()
            found = matching(self._keys, key_id, algorithm)
            if not found and self._failed:
                raise KeysUnavailable
        return found

    @property
    def _age(self) -> float:
        return self._clock.monotonic() - self._fetched_at

    async def _fetched(self) -> None:
        """Wait for the fetch that is under way, or for a new one if it is time for one."""
        fetching = self._begin()
        if fetching is not None:
            # Others wait for it too: who goes away must not take it along.
            await asyncio.shield(fetching)

    def _begin(self) -> asyncio.Task[None] | None:
        if self._fetching is None:
            if self._clock.monotonic() - self._asked_at < PAUSE_SECONDS:
                return None
            self._asked_at = self._clock.monotonic()
            self._fetching = spawn(self._fetch(), name="issuer-keys")
        return self._fetching

    async def _fetch(self) -> None:
        try:
            self._keys = read_keys(await self._document(await self._url()))
            self._fetched_at = self._clock.monotonic()
            self._failed = False
        except Unusable as problem:
            self._failed = True
            _log.warning(
                "the keys of an issuer cannot be had",
                extra={"issuer": self._issuer.name, "problem": str(problem)},
            )
        finally:
            self._fetching = None

    async def _url(self) -> str:
        if self._issuer.jwks_url is not None:
            return self._issuer.jwks_url
        name = self._issuer.name
        return read_jwks_url(await self._document(discovery_url(name)), name)

    async def _document(self, url: str) -> bytes:
        answer = await self._documents.fetch(url, ca_file=self._issuer.ca_file)
        if isinstance(answer, Fault):
            raise Unusable(f"{answer.label}: {answer.detail}")
        return answer
