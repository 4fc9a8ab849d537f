"""The ``tollhouse demo`` command: everything in one process and one event loop."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..exits import Stop, tell

if TYPE_CHECKING:
    import socket

DEFAULT_PORT = 8080
_PORTS = 100
"""How many ports from the default on are tried."""


def demo(
    port: Annotated[
        int | None,
        typer.Option(
            min=1, max=65_535, help="Where to listen, and nowhere else.", show_default="8080"
        ),
    ] = None,
    keep: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the demo's files in this folder.")
    ] = None,
) -> None:
    """Run the whole product on this machine, with nothing configured."""
    from ..process import run, until_told
    from .folder import demo_folder

    with until_told(), demo_folder(keep) as folder:
        listening = listen_for_demo(port)
        from .run import run_demo

        run(run_demo(folder, listening))


def listen_for_demo(port: int | None) -> "socket.socket":
    """The port asked for, or the first free one from the default on."""
    from ...settings.addresses import Address
    from ..listening import listen

    if port is not None:
        return listen(Address("127.0.0.1", port))[0]
    for candidate in range(DEFAULT_PORT, DEFAULT_PORT + _PORTS):
        try:
            found = listen(Address("127.0.0.1", candidate))[0]
        except Stop:
            continue
        if candidate != DEFAULT_PORT:
            tell(f"port {DEFAULT_PORT} is in use, so this demo is on port {candidate}")
        return found
    raise Stop(f"no port from {DEFAULT_PORT} to {DEFAULT_PORT + _PORTS - 1} is free: give --port")
