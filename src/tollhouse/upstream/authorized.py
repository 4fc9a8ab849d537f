"""Requests to clouds, with what proves who we are: a signature or a short-lived token.

A provider that is called by a key passes straight through. What knows a cloud's credentials is
loaded when a provider of that cloud is first called: most workers never pay for it.
"""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Protocol

from msgspec.structs import replace

from ..core.faults import Fault, FaultKind
from ..core.model import CloudIdentity, IdentityKind
from ..ports import Clock, Exchange, Transport, UpstreamRequest
from .renewed import NoToken

Proof = Callable[[UpstreamRequest], Awaitable[Mapping[str, str]]]
"""Headers to send with a request besides its own."""


class Tokens(Protocol):
    """A source of bearer tokens."""

    async def token(self) -> str:
        """A token that holds; ``NoToken``."""
        ...


class AuthorizedTransport:
    """A ``Transport`` in front of another one."""

    def __init__(self, inner: Transport, clock: Clock) -> None:
        self._inner = inner
        self._clock = clock
        self._proofs: dict[CloudIdentity, Proof] = {}

    def send(self, request: UpstreamRequest) -> Coroutine[Any, Any, Exchange | Fault]:
        """Send, and wait for the head of the answer."""
        identity = request.provider.identity
        if identity is None:
            return self._inner.send(request)
        return self._send(request, identity)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._inner.aclose()

    async def _send(self, request: UpstreamRequest, identity: CloudIdentity) -> Exchange | Fault:
        try:
            proof = self._proofs.get(identity)
            if proof is None:
                proof = self._proofs[identity] = self._proof(identity)
            more = await proof(request)
        except (NoToken, ValueError) as error:
            return Fault(FaultKind.AUTH, detail=f"no credential: {error}", sent=False)
        headers = [pair for pair in request.headers if pair[0].lower() not in more]
        return await self._inner.send(replace(request, headers=(*headers, *more.items())))

    def _proof(self, identity: CloudIdentity) -> Proof:
        match identity.kind:
            case IdentityKind.AWS:
                from .aws_signing import AwsSigner  # noqa: PLC0415 - see above

                secret, session = identity.secret_access_key, identity.session_token
                signer = AwsSigner(
                    identity.region or "",
                    self._clock,
                    profile=identity.profile,
                    access_key_id=identity.access_key_id,
                    secret_access_key=None if secret is None else secret.reveal(),
                    session_token=None if session is None else session.reveal(),
                )
                return lambda request: signer.headers(
                    request.method, request.url, dict(request.headers), request.body
                )
            case IdentityKind.GOOGLE:
                from .google_tokens import GoogleTokens  # noqa: PLC0415 - see above

                return _bearer(GoogleTokens(identity.credentials_file, self._clock))
            case IdentityKind.ENTRA:
                from .entra_tokens import EntraTokens  # noqa: PLC0415 - see above

                return _bearer(EntraTokens(identity, self._inner, self._clock))


def _bearer(tokens: Tokens) -> Proof:
    async def headers(request: UpstreamRequest) -> Mapping[str, str]:
        del request
        return {"authorization": f"Bearer {await tokens.token()}"}

    return headers
