"""One worker: what serves in a process, whether it is the only one or one of several."""

import socket
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..settings import Settings


def work(settings: "Settings", sockets: list[socket.socket]) -> None:
    """Serve on these sockets until told to stop."""
    from ..app import serve
    from ..telemetry.logs import configure
    from .process import run

    alone = settings.server.workers == 1
    configure(settings.telemetry.log_level, settings.telemetry.log, sys.stderr, shared=not alone)
    run(serve(settings, sockets))
