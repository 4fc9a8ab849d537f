"""Small documents that others publish, fetched over the transport that providers are called with.

What holds for providers holds here: a certificate is verified, a redirect is not followed, the
environment's proxies are not used, and what comes back is never trusted.
"""

from ..core.faults import Fault, FaultKind
from ..core.model import Provider, Timeouts
from ..ports import Exchange, Transport, UpstreamRequest

MAX_BYTES = 262_144
"""Of a document, decompressed."""
TIMEOUTS = Timeouts(connect=3.0, first_byte=4.0, idle=4.0, total=5.0)
_CONNECTIONS = 4
_OK = 200


class FetchedDocuments:
    """``ports.Documents``."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def fetch(self, url: str, *, ca_file: str | None = None) -> bytes | Fault:
        """The document at a URL, or what went wrong."""
        host = Provider("documents", "", url, max_connections=_CONNECTIONS, ca_file=ca_file)
        headers = (("accept", "application/json"),)
        exchange = await self._transport.send(
            UpstreamRequest(host, "GET", url, headers, b"", TIMEOUTS)
        )
        if isinstance(exchange, Fault):
            return exchange
        try:
            return await _whole(exchange)
        finally:
            exchange.close()


async def _whole(exchange: Exchange) -> bytes | Fault:
    if exchange.status != _OK:
        return Fault(
            FaultKind.STATUS, status=exchange.status, detail=f"it answered {exchange.status}"
        )
    document = bytearray()
    while piece := await exchange.read():
        if isinstance(piece, Fault):
            return piece
        document += piece
        if len(document) > MAX_BYTES:
            return Fault(FaultKind.INVALID_RESPONSE, detail="the document is too large")
    return bytes(document)
