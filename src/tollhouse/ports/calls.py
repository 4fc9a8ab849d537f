"""Calling providers."""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from ..core.faults import Fault
from ..core.model import Provider, Timeouts


class UpstreamRequest(msgspec.Struct, frozen=True, gc=False):
    """One HTTP request to a provider. Everything but ``body`` comes from the compiled catalogue."""

    provider: Provider
    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    timeouts: Timeouts
    """All but ``total``, which counts for a request that has no ``time_left``."""
    time_left: float | None = None
    """Seconds that are left of the deadline of which this request is a part."""

    @property
    def total(self) -> float:
        """Seconds in which it has to be over."""
        return self.timeouts.total if self.time_left is None else self.time_left


class Exchange(Protocol):
    """An answer whose head has arrived. Must be closed; closing twice is harmless."""

    status: int

    content_type: str
    """The header of this name; empty where there is none."""

    whole: bytes | None
    """All of the body where it came together with the head; it need not be read then."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Names in lower case; the last of equal names wins."""
        ...

    async def read(self) -> bytes | Fault:
        """The next piece of the body, ``b""`` at its proper end, or what went wrong.

        A body that ends before its framing says so is ``DISCONNECTED``, never ``b""``.
        """
        ...

    def close(self) -> None:
        """Give up the answer: a plain call, safe while a task is being cancelled.

        A body read to its end, or come whole with its head, leaves the connection for re-use;
        anything else closes the socket.
        """
        ...


class Transport(Protocol):
    """Sends requests to providers.

    Never follows a redirect, never retries, but for one re-send when a re-used connection turns out
    closed before a single byte came back. It asks for ``identity``; gzip or deflate that come all
    the same are undone, and the headers that told of them are gone.
    """

    async def send(self, request: UpstreamRequest) -> Exchange | Fault:
        """Send, and wait for the head of the answer."""
        ...

    async def aclose(self) -> None:
        """Close every connection."""
        ...


class Documents(Protocol):
    """Fetches what others publish for everybody: the keys of an issuer."""

    async def fetch(self, url: str, *, ca_file: str | None = None) -> bytes | Fault:
        """The body of a 200, of a bounded size and within seconds; anything else is a fault.

        ``ca_file`` is the path of the authorities, in PEM, that vouch for the server.
        """
        ...
