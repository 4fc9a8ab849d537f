"""Tokens of Microsoft Entra for Azure OpenAI, by an application's own credential.

Reference: learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow and
learn.microsoft.com/azure/ai-services/openai/how-to/managed-identity.
"""

import re
from urllib.parse import quote, urlencode

import msgspec

from ..core.faults import Fault
from ..core.model import CloudIdentity, Provider, Timeouts
from ..ports import Clock, Exchange, Transport, UpstreamRequest
from .renewed import NoToken, RenewedToken, Token

SCOPE = "https://cognitiveservices.azure.com/.default"
_TIMEOUTS = Timeouts(connect=5.0, first_byte=10.0, idle=10.0, total=15.0)
_CONNECTIONS = 2
_MOST = 65_536
"""Bytes of an answer."""
_OK = 200
_ERROR_CODE = re.compile(r"[a-z_]{1,60}")
_NUMBER = re.compile(r"\bAADSTS\d{1,12}\b")


class _Answer(msgspec.Struct, frozen=True, gc=False):
    access_token: str | None = None
    expires_in: float | str | None = None
    """Seconds; older endpoints write them as a string."""
    error: str | None = None
    error_description: str | None = None


_decoder = msgspec.json.Decoder(_Answer)


class EntraTokens:
    """Tokens for one application; ``token`` raises ``NoToken``."""

    def __init__(
        self, identity: CloudIdentity, transport: Transport, clock: Clock, scope: str = SCOPE
    ) -> None:
        if not (identity.tenant_id and identity.client_id and identity.client_secret):
            raise ValueError("an application of Entra has a tenant id, a client id and a secret")
        self._clock = clock
        self._transport = transport
        authority = identity.authority.rstrip("/")
        tenant = quote(identity.tenant_id, safe="")
        self._url = f"{authority}/{tenant}/oauth2/v2.0/token"
        self._body = urlencode(
            {
                "grant_type": "client_credentials",
                "client_id": identity.client_id,
                "client_secret": identity.client_secret.reveal(),
                "scope": scope,
            }
        ).encode()
        self._provider = Provider("entra", "", authority, max_connections=_CONNECTIONS)
        self._renewed = RenewedToken(self._fetch, clock, "entra token")

    async def token(self) -> str:
        """A bearer token that holds."""
        return await self._renewed.value()

    async def _fetch(self) -> Token:
        headers = (
            ("accept", "application/json"),
            ("content-type", "application/x-www-form-urlencoded"),
        )
        asked_at = self._clock.now()
        exchange = await self._transport.send(
            UpstreamRequest(self._provider, "POST", self._url, headers, self._body, _TIMEOUTS)
        )
        if isinstance(exchange, Fault):
            raise NoToken(f"Entra is out of reach: {exchange.label}")
        try:
            body = await _whole(exchange)
        finally:
            exchange.close()
        return _token(exchange.status, body, asked_at)


async def _whole(exchange: Exchange) -> bytes:
    body = bytearray(exchange.whole or b"")
    while exchange.whole is None and (piece := await exchange.read()):
        if isinstance(piece, Fault):
            raise NoToken(f"Entra broke off: {piece.label}")
        body += piece
        if len(body) > _MOST:
            break
    if len(body) > _MOST:
        raise NoToken("Entra's answer is too large")
    return bytes(body)


def _token(status: int, body: bytes, asked_at: float) -> Token:
    try:
        answer = _decoder.decode(body)
        seconds = float(answer.expires_in or 0)
    except (ValueError, RecursionError):
        raise NoToken(f"Entra answered {status} with something that is no token") from None
    if status != _OK or answer.error is not None:
        raise NoToken(f"Entra refused: {status}{_why(answer)}")
    if not answer.access_token or seconds <= 0:
        raise NoToken("Entra's answer has no token, or no end of it")
    return Token(answer.access_token, asked_at + seconds)


def _why(answer: _Answer) -> str:
    """Its code and number; the rest of its words may hold what is nobody's business."""
    code, number = answer.error or "", _NUMBER.search(answer.error_description or "")
    told = [code] if _ERROR_CODE.fullmatch(code) else []
    return "".join(f" {word}" for word in [*told, *([number[0]] if number else [])])
