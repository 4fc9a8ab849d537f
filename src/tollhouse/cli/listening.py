"""Binds the sockets that a gateway listens on, or says why it cannot.

They are bound by this process and before anything is built, so that a taken port is told at once
and several workers can share one socket.
"""

import errno
import socket
from typing import TYPE_CHECKING

from .exits import Stop

if TYPE_CHECKING:
    from ..settings.addresses import Address

BACKLOG = 2048
_ABSENT = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}
"""A name may stand for addresses of a kind that this machine does not have."""


def listen(address: "Address") -> list[socket.socket]:
    """A listening socket for each address that the host stands for, all on one port."""
    sockets: list[socket.socket] = []
    trouble: OSError | None = None
    port = address.port
    for family, host in _places(address):
        try:
            opened = _open(family, host, port)
        except OSError as error:
            if error.errno in _ABSENT:
                trouble = error
                continue
            _close(sockets)
            raise _cannot(address, error) from None
        sockets.append(opened)
        port = opened.getsockname()[1]
    if not sockets:
        raise _cannot(address, trouble or OSError(errno.EADDRNOTAVAIL, "it stands for no address"))
    return sockets


def url_of(opened: socket.socket) -> str:
    """Where clients on this machine find it."""
    host, port = opened.getsockname()[:2]
    if host in {"0.0.0.0", "::"}:
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _places(address: "Address") -> list[tuple[socket.AddressFamily, str]]:
    try:
        found = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except socket.gaierror as error:
        raise _cannot(address, error) from None
    return list(dict.fromkeys((family, str(where[0])) for family, _, _, _, where in found))


def _open(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        opened.bind((host, port))
        opened.listen(BACKLOG)
    except OSError:
        opened.close()
        raise
    return opened


def _close(sockets: list[socket.socket]) -> None:
    for opened in sockets:
        opened.close()


def _cannot(address: "Address", error: OSError) -> Stop:
    if error.errno == errno.EADDRINUSE:
        return Stop(f"{address} is in use by another program: choose another address")
    return Stop(f"cannot listen on {address}: {error.strerror or error}")
