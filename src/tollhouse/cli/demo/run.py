"""Puts a demo together: two providers, a configured folder, two orgs with a key each, a gateway."""

import asyncio
import base64
import contextlib
import logging
import os
import socket
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import uvicorn

from ...app import serve
from ...core.tasks import spawn
from ...settings import Settings, load
from ...settings.addresses import Address
from ...store.migrate import migrate
from ...system import SystemIds
from ...telemetry.logs import configure
from ..desk import Desk, open_desk
from ..listening import listen, url_of
from .folder import Secrets, earlier_secrets, write_configuration
from .upstreams import overloaded, sound
from .welcome import Doors, welcome

ORGS = {"acme": "pro", "hobby": "free"}
_SECRET_BYTES = 32


async def run_demo(folder: Path, listening: socket.socket) -> None:
    """Serve the demo on a socket until told to stop."""
    sockets = [listen(Address("127.0.0.1", 0))[0] for _ in (sound, overloaded)]
    secrets = earlier_secrets(folder) or _new_secrets()
    file = write_configuration(
        folder,
        listen="{}:{}".format(*listening.getsockname()),
        secrets=secrets,
        upstreams=[url_of(one) for one in sockets],
    )
    settings = load(file, {})
    configure(settings.telemetry.log_level, settings.telemetry.log, sys.stderr)
    # Three servers would each tell of their start; what matters of it is in the welcome.
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    async with _providers(sockets):
        keys = await _keys(settings)
        doors = Doors(url_of(listening), keys, secrets.admin_token, file)
        greeting = spawn(_greet(doors, listening.getsockname()), name="demo-welcome")
        try:
            await serve(settings, [listening])
        finally:
            greeting.cancel()


async def _greet(doors: Doors, place: tuple[str, int]) -> None:
    """Print the welcome as soon as the gateway answers; connections wait for it until then."""
    reader, writer = await asyncio.open_connection(*place)
    try:
        writer.write(b"GET /readyz HTTP/1.1\r\nhost: demo\r\nconnection: close\r\n\r\n")
        if b" 200 " in await reader.readline():
            print(welcome(doors), flush=True)
    finally:
        writer.close()


def _new_secrets() -> Secrets:
    key = base64.b64encode(os.urandom(_SECRET_BYTES)).decode()
    return Secrets(SystemIds().secret(_SECRET_BYTES), key)


async def _keys(settings: Settings) -> Mapping[str, str]:
    """A key for each org, and the orgs where this folder has not had them yet."""
    await asyncio.to_thread(migrate, settings.store.url)
    async with open_desk(settings) as desk:
        return {
            f"Key of {slug} ({plan})": await _key(desk, slug, plan) for slug, plan in ORGS.items()
        }


async def _key(desk: Desk, slug: str, plan: str) -> str:
    if await desk.store.org(slug) is None:
        await desk.plane.orgs.create(desk.by, {"slug": slug, "plan": plan})
    issued = await desk.plane.keys.create(desk.by, {"org": slug, "name": "demo"})
    return issued.secret


@contextlib.asynccontextmanager
async def _providers(sockets: list[socket.socket]) -> AsyncIterator[None]:
    """Both providers, running for as long as the block does."""
    servers = [_provider(application) for application in (sound, overloaded)]
    tasks = [
        spawn(server.serve([opened]), name="demo-provider")
        for server, opened in zip(servers, sockets, strict=True)
    ]
    try:
        yield
    finally:
        for server in servers:
            server.should_exit = True
        await asyncio.gather(*tasks)


class _Quiet(uvicorn.Server):
    """A server that leaves the process's signals to the gateway."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def _provider(application: Any) -> uvicorn.Server:
    config = uvicorn.Config(
        application, ws="none", lifespan="off", log_config=None, access_log=False
    )
    return _Quiet(config)
