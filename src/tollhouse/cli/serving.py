"""``tollhouse serve``: the gateway, in this process or in several that it looks after."""

from typing import TYPE_CHECKING, Annotated

import typer

from .. import __version__
from .configuration import load_settings
from .exits import wrong_use
from .options import DEFAULT_CONFIG, Config

if TYPE_CHECKING:
    from ..settings import Settings
    from ..settings.schema import Server


def serve(
    config: Config = DEFAULT_CONFIG,
    listen: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="In place of server.listen.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=256, help="In place of server.workers.")
    ] = None,
) -> None:
    """Run the gateway until it is told to stop (SIGTERM, Ctrl-C)."""
    from .process import until_told

    with until_told():
        _serve(_overridden(load_settings(config), listen, workers))


def _serve(settings: "Settings") -> None:
    from .listening import listen, url_of

    sockets = listen(settings.server.listen)
    count = settings.server.workers
    many = "1 worker" if count == 1 else f"{count} workers"
    print(f"tollhouse {__version__} on {url_of(sockets[0])}, {many}", flush=True)
    if count == 1:
        from .worker import work

        work(settings, sockets)
        return
    from .workers import supervise

    supervise(settings, sockets)


def _overridden(settings: "Settings", listen: str | None, workers: int | None) -> "Settings":
    changes: dict[str, object] = {}
    if listen is not None:
        from ..settings.addresses import listen_address

        try:
            changes["listen"] = listen_address(listen)
        except ValueError as error:
            raise wrong_use(f"--listen {error}") from None
    if workers is not None:
        changes["workers"] = workers
    server: Server = settings.server.model_copy(update=changes)
    return settings.model_copy(update={"server": server})
