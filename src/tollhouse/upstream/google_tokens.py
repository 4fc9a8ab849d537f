"""Tokens of Google Cloud for Vertex AI: application default credentials, or those of a file.

Reference: cloud.google.com/docs/authentication/application-default-credentials and
googleapis.dev/python/google-auth. google-auth is an extra, imported when a provider first needs it;
it is synchronous, so it works in a thread.
"""

import asyncio
import ssl
from collections.abc import Mapping
from datetime import UTC
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import msgspec

from ..core.model import Provider
from ..ports import Clock
from .renewed import NoToken, RenewedToken, Token
from .trust import Trust, Unreadable

SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
_TIMEOUT = 10.0
_SECONDS = 3600.0
"""What a token that tells no end is taken to hold."""
_UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError)
"""What google-auth raises of a file, or of an answer, that is not what it should be."""
_MISSING = "Vertex AI without a key needs google-auth: pip install 'tollhouse[vertex]'"


class GoogleTokens:
    """Tokens of one identity; ``token`` raises ``NoToken``, a missing extra ``ValueError``."""

    def __init__(
        self, credentials_file: str | None, clock: Clock, tls: ssl.SSLContext | None = None
    ) -> None:
        if not _installed():
            raise ValueError(_MISSING)
        self._file = credentials_file
        self._clock = clock
        self._trust = Trust(tls)
        self._credentials: Any = None
        self._renewed = RenewedToken(self._fetch, clock, "google token")

    async def token(self) -> str:
        """A bearer token that holds."""
        return await self._renewed.value()

    async def _fetch(self) -> Token:
        try:
            tls = await self._trust.context(Provider("google", "", ""))
        except Unreadable:
            raise NoToken("the usual certificate authorities cannot be read") from None
        return await asyncio.to_thread(self._refresh, tls)

    def _refresh(self, tls: ssl.SSLContext) -> Token:
        """Runs in a thread."""
        refused = import_module("google.auth.exceptions").GoogleAuthError
        with httpx.Client(verify=tls, trust_env=False, timeout=_TIMEOUT) as client:
            ask = _Asking(client)
            try:
                if self._credentials is None:
                    self._credentials = _load(self._file, ask)
            except (refused, *_UNREADABLE) as trouble:
                raise NoToken("Google's credentials cannot be read") from trouble
            try:
                self._credentials.refresh(ask)
            except (refused, *_UNREADABLE) as trouble:
                # What such an error says may hold what the token endpoint sent.
                raise NoToken(f"Google gave no token: {type(trouble).__name__}") from trouble
        return self._told(self._credentials)

    def _told(self, credentials: Any) -> Token:
        if not credentials.token:
            raise NoToken("Google gave no token")
        expiry = credentials.expiry
        if expiry is None:
            return Token(str(credentials.token), self._clock.now() + _SECONDS)
        return Token(str(credentials.token), expiry.replace(tzinfo=UTC).timestamp())


class _Asking:
    """What google-auth sends requests with (``google.auth.transport.Request``)."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **_: Any,
    ) -> "_Answer":
        """One request."""
        try:
            answer = self._client.request(
                method,
                url,
                content=body,
                headers=dict(headers or {}),
                timeout=_TIMEOUT if timeout is None else timeout,
            )
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as trouble:
            failed = import_module("google.auth.exceptions").TransportError
            raise failed(type(trouble).__name__) from trouble
        return _Answer(answer.status_code, dict(answer.headers), answer.content)


class _Answer(msgspec.Struct, frozen=True, gc=False):
    """What google-auth reads (``google.auth.transport.Response``)."""

    status: int
    headers: dict[str, str]
    data: bytes


_OF_FILES = {
    "service_account": ("google.oauth2.service_account", "from_service_account_info"),
    "authorized_user": ("google.oauth2.credentials", "from_authorized_user_info"),
    "external_account": ("google.auth.identity_pool", "from_info"),
}
"""By the type that a file tells: the module of its credentials, and how they are made."""


def _load(file: str | None, ask: _Asking) -> Any:
    """The credentials of a file, or those that the environment of the process has."""
    if file is None:
        found, _ = import_module("google.auth").default(scopes=SCOPES, request=ask)
        return found
    info = msgspec.json.decode(Path(file).read_bytes(), type=dict[str, Any])
    module, make = _OF_FILES.get(info.get("type", ""), ("", ""))
    if not module:
        raise NoToken("the credentials file is of a type that cannot be used")
    return getattr(import_module(module).Credentials, make)(info, scopes=SCOPES)


def _installed() -> bool:
    try:
        return find_spec("google.auth") is not None
    except ModuleNotFoundError:
        return False
