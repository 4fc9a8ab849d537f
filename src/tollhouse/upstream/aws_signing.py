"""Credentials of AWS, and the headers that they sign.

Keys that are configured are used as they are. Else botocore's chain finds them (environment, shared
files, web identity, containers, instance metadata), off the event loop: it reads files and asks
servers. Keys that expire are renewed behind the requests while they are still good for ten minutes,
before them when not. botocore is the extra ``bedrock``; it is imported when the chain is asked.

Reference: docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ..core.tasks import spawn
from ..ports.machine import Clock
from .renewed import NoToken
from .sigv4 import Keys, Signer

_GOOD_FOR = 600
"""Seconds that keys have to be good for; with less left, requests wait for new ones."""
_LAST_CHANCE = 10
"""Seconds that old keys have to be good for when there are no new ones."""
_PAUSE = 5.0
"""Seconds until the chain is asked again after it failed."""
_PAUSE_BEHIND = 60.0
"""Seconds between two renewals behind the requests, whatever came of the first."""
_MISSING = "AWS credentials need botocore: pip install 'tollhouse[bedrock]'"


class NoCredentials(NoToken):
    """There are no credentials to sign with; the message is safe to log."""


class MissingExtra(ValueError):
    """botocore is not installed; the message says how to."""


class Source(Protocol):
    """What botocore's chain finds: keys, and perhaps a way to renew them."""

    def get_frozen_credentials(self) -> Any:
        """The keys, renewed if need be."""
        ...


class AwsSigner:
    """Signs requests for one provider. ``find`` is botocore's chain, if nothing else is given."""

    def __init__(
        self,
        region: str,
        clock: Clock,
        *,
        profile: str | None = None,
        access_key_id: str | None = None,
        secret_access_key: str | None = None,
        session_token: str | None = None,
        service: str = "bedrock",
        find: Callable[[], Source | None] | None = None,
    ) -> None:
        self._clock = clock
        self._signer = Signer(region, service)
        self._source: Source | None = None
        self._keys: Keys | None = None
        self._lock = asyncio.Lock()
        self._not_before = self._not_behind_before = float("-inf")
        self._renewing = False
        if access_key_id is not None and secret_access_key is not None:
            self._keys = Keys(access_key_id, secret_access_key, session_token)
        elif find is None:
            _require_botocore()
        self._find = find or (lambda: _from_chain(profile))

    async def headers(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> Mapping[str, str]:
        """What to add to a request; ``NoCredentials`` when nothing can be signed with."""
        keys = self._keys
        if keys is None or self._source is not None:
            keys = await self._current()
        return self._signer.sign(keys, method, url, headers, body, now=self._clock.now())

    async def _current(self) -> Keys:
        """Keys that are good, waiting for them only if there is no other way."""
        if self._keys is not None:
            if not _expires(self._source):
                return self._keys
            if not _expires(self._source, within=_GOOD_FOR):
                self._renew_behind()
                return self._keys
        async with self._lock:
            # Whoever waited here may find that it has been done.
            if self._keys is None or _expires(self._source, within=_GOOD_FOR):
                return await self._renewed()
            return self._keys

    async def _renewed(self) -> Keys:
        """New keys; the old ones for as long as they are good, if there are no new ones."""
        failure = NoCredentials("AWS credentials could not be had a moment ago")
        if self._clock.monotonic() >= self._not_before:
            try:
                return await self._renew()
            except NoCredentials as told:
                failure = told
                self._not_before = self._clock.monotonic() + _PAUSE
        if self._keys is None or _expires(self._source, within=_LAST_CHANCE):
            raise failure
        return self._keys

    async def _renew(self) -> Keys:
        source, keys = await asyncio.to_thread(_asked, self._find, self._source)
        self._source, self._keys = source, keys
        return keys

    def _renew_behind(self) -> None:
        if not self._renewing and self._clock.monotonic() >= self._not_behind_before:
            self._renewing = True
            spawn(self._renewed_behind(), name="aws-credentials")

    async def _renewed_behind(self) -> None:
        try:
            async with self._lock:
                await self._renew()
        except NoCredentials:
            pass  # the keys at hand are good for a while; the chain is asked again in time
        finally:
            self._not_behind_before = self._clock.monotonic() + _PAUSE_BEHIND
            self._renewing = False


def _expires(source: Any, within: int | None = None) -> bool:
    """Whether keys are to be renewed; ``within`` seconds, or in botocore's own good time."""
    ask = getattr(source, "refresh_needed", None)
    return bool(ask is not None and ask(refresh_in=within))


def _asked(find: Callable[[], Source | None], source: Source | None) -> tuple[Source, Keys]:
    """The keys of a source, or of what the chain finds. Runs in a thread."""
    import botocore.exceptions as told  # noqa: PLC0415 - the extra `bedrock`

    failures = (told.BotoCoreError, told.ClientError, OSError, RuntimeError, ValueError, KeyError)
    try:
        found = source or find()
        keys = None if found is None else found.get_frozen_credentials()
    except failures as error:
        raise NoCredentials(f"AWS credentials: {type(error).__name__}") from error
    if found is None or keys is None or not keys.access_key:
        raise NoCredentials("no AWS credentials were found")
    return found, Keys(keys.access_key, keys.secret_key, keys.token or None)


def _require_botocore() -> None:
    try:
        import botocore  # noqa: F401, PLC0415 - the extra `bedrock`
    except ImportError:
        raise MissingExtra(_MISSING) from None


def _from_chain(profile: str | None) -> Source | None:
    import botocore.session  # noqa: PLC0415 - the extra `bedrock`, and slow to import

    found: Source | None = botocore.session.Session(profile=profile).get_credentials()
    return found
