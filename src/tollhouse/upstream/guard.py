"""Where a guarded connection may be dialled: public addresses only, each checked as it is dialled.

A name is resolved once, here. All of its addresses must be public, and what is dialled is one of
those very addresses, never the name again: a second answer of the DNS (rebinding) changes nothing.
TLS still asks for the certificate of the name, and the request still names it as its host.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence

from ..core.hosts import host_fault, is_public

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Every address of a host name, for a port; ``OSError`` when there is none."""


class NotPublic(Exception):
    """A guarded connection would leave the public network, or not be encrypted."""


class Guard:
    """Checks what guarded connections dial.

    ``resolve`` replaces the system's resolver, ``public`` the rule for addresses.
    """

    def __init__(
        self, resolve: Resolver | None = None, *, public: Callable[[str], bool] = is_public
    ) -> None:
        self._resolve = resolve or system_addresses
        self._public = public

    async def addresses(self, host: str, port: int, *, secure: bool) -> Sequence[str]:
        """The addresses to dial for a host, in order; ``NotPublic``, or the resolver's error."""
        if not secure:
            raise NotPublic("the provider's address is not https")
        if host_fault(host) is not None:
            raise NotPublic("the provider's host is not a public one")
        if self._public(host):
            return (host,)
        found = tuple(dict.fromkeys(await self._resolve(host, port)))
        # One that is not public among them is an attack or a mistake: nothing of it is dialled.
        if not found or not all(map(self._public, found)):
            raise NotPublic("the provider's host name leads to an address that is not public")
        return found


async def system_addresses(host: str, port: int) -> Sequence[str]:
    """What the machine's resolver says, IPv6 and IPv4 in its order of preference."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]
