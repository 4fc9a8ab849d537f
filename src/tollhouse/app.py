"""The composition root: everything is built here, once, and handed down.

``Application`` is one worker: it starts (schema, seeds, snapshot, left-over journals), answers
exchanges, and stops (journal shipped, connections closed).
"""

import asyncio
import gc
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

import yaml

from .admin.application import admin_application
from .admin.deliverer import Deliverer
from .admin.plane import AdminPlane
from .admin.seeding import seed
from .api.asgi import bridged
from .api.connection import Answers
from .api.data_plane import DataPlane
from .api.exchange import HttpExchange
from .api.models import Models
from .api.operations import Operations
from .api.server import DrainingServer, server_config
from .catalogue.compile import Compiler, Environment
from .catalogue.seeds import Seeds, read_seeds
from .core.errors import CallerError, FieldFault, invalid_fields
from .core.snapshot import Snapshot
from .core.tasks import spawn
from .identity import sealing
from .ledger.journal import Journal
from .ledger.shipper import Shipper
from .pipeline.attempts import Attempts
from .pipeline.callers import Callers, SessionResolver
from .pipeline.gateway import Gateway
from .pipeline.listing import Listing
from .pipeline.live import LiveCatalogue
from .pipeline.state import ServingState
from .pipeline.targets import Targets
from .pipeline.watch import Watch
from .ports import Clock, Ids, Store, Transport
from .settings import Settings
from .store.migrate import migrate
from .store.sql import open_store
from .system import SystemClock, SystemIds
from .telemetry.lines import Lines
from .telemetry.metrics import Telemetry
from .upstream.authorized import AuthorizedTransport
from .upstream.choose import ChosenTransport
from .upstream.documents import FetchedDocuments

_ADMIN_METHODS = frozenset({"POST", "PATCH", "PUT", "DELETE"})
_FLUSH_SECONDS = 10.0
_GAUGE_SECONDS = 0.5
_COLLECT_AFTER = 20_000
"""Objects made and kept between two looks of the collector."""


def environment_of(settings: Settings) -> Environment:
    """What the catalogue is compiled against."""
    return Environment(
        providers=settings.provider_map(),
        tiers=settings.tier_map(),
        unseal=unsealer(settings.auth.secret_key, *settings.auth.previous_secret_keys),
        timeouts=settings.default_timeouts(),
        hide_denied=settings.catalogue.hide_denied,
        allow_private_upstreams=settings.auth.allow_private_upstreams,
    )


def unsealer(key: bytes | None, *previous: bytes) -> Callable[[str], str]:
    """What opens provider keys kept in the store, those sealed with an earlier key too."""

    def unseal(sealed: str) -> str:
        if key is None:
            raise ValueError("auth.secret_key is not set")
        try:
            return sealing.unseal_with((key, *previous), sealed)
        except sealing.Unsealable as error:
            raise ValueError(str(error)) from error

    return unseal


def sealer(key: bytes | None) -> Callable[[str], str] | None:
    """What closes them; None when there is no key to do it with."""
    return None if key is None else lambda text: sealing.seal(key, text, os.urandom(12))


def read_seed_files(settings: Settings) -> list[Seeds]:
    """The catalogue files, checked; ``CallerError`` with every fault of every file."""
    seal = sealer(settings.auth.secret_key)
    files: list[Seeds] = []
    faults: list[FieldFault] = []
    for path in settings.catalogue.files:
        try:
            with path.open("rb") as file:
                files.append(read_seeds(yaml.safe_load(file), seal=seal))
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f" at line {mark.line + 1}" if mark else ""
            faults.append(FieldFault(path.name, f"is not valid YAML{where}"))
        except CallerError as error:
            faults += [FieldFault(f"{path.name}: {one.path}", one.message) for one in error.fields]
    if faults:
        raise invalid_fields(faults)
    return files


@dataclass(frozen=True, slots=True)
class Parts:
    """What both planes of a worker are made of."""

    settings: Settings
    store: Store
    clock: Clock
    ids: Ids
    live: LiveCatalogue
    state: ServingState
    callers: Callers
    targets: Targets
    telemetry: Telemetry
    transport: Transport
    journal: Journal


@dataclass(frozen=True, slots=True)
class Application(Parts):
    """One worker."""

    shipper: Shipper
    data: DataPlane
    admin: AdminPlane
    answers_admin: Answers
    _tasks: list[asyncio.Task[Any]] = field(default_factory=list)

    async def __call__(self, exchange: HttpExchange) -> None:
        """Answer one request: the path and method say which plane it is for."""
        path = exchange.path
        if path.startswith(("/admin/", "/api/", "/org/")) or (
            path.startswith("/v1/models") and exchange.method in _ADMIN_METHODS
        ):
            await self.answers_admin(exchange)
        else:
            await self.data(exchange)

    async def start(self) -> None:
        """Bring the schema up, create what the seeds have and the store lacks, and compile."""
        await asyncio.to_thread(migrate, self.settings.store.url)
        self.state.schema_ok = await self.store.schema_ok()
        await self.live.load()
        await seed(
            read_seed_files(self.settings),
            commits=self.admin.commits,
            trail=self.admin.trail,
            store=self.store,
            clock=self.clock,
            ids=self.ids,
            seal=sealer(self.settings.auth.secret_key),
        )
        watch = Watch(self.store, self.live, self.callers, self.telemetry)
        await watch.look()
        self._tasks.extend(
            [
                spawn(watch.run(), name="watch"),
                spawn(self.shipper.run(), name="shipper"),
                spawn(self.admin.scheduler.run(), name="scheduler"),
                spawn(self.telemetry.watch_event_loop(self.clock), name="event-loop-lag"),
                spawn(self._report_backlog(), name="ledger-backlog"),
            ]
        )
        if receivers := self.settings.receivers():
            deliverer = Deliverer(receivers, self.store, self.transport, self.clock, self.ids)
            self._tasks.append(spawn(deliverer.run(), name="webhooks"))

    async def stop(self) -> None:
        """Ship what the journal holds, then close everything."""
        self.telemetry.settle()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.shipper.flush(self.clock.monotonic() + _FLUSH_SECONDS)
        self.shipper.release()
        self.journal.release()
        await self.transport.aclose()
        await self.store.aclose()

    async def _report_backlog(self) -> None:
        while True:
            self.telemetry.ledger_backlog(self.shipper.backlog)
            await asyncio.sleep(_GAUGE_SECONDS)


def build(
    settings: Settings,
    *,
    clock: Clock | None = None,
    ids: Ids | None = None,
    transport: Transport | None = None,
) -> Application:
    """Build one worker; what is not passed in is the real thing. Nothing is connected yet."""
    clock = clock or SystemClock()
    sending = AuthorizedTransport(transport or ChosenTransport(), clock)
    parts = _parts(settings, clock, ids or SystemIds(), sending)
    admin = _admin_plane(parts)
    return Application(
        **{one.name: getattr(parts, one.name) for one in fields(parts)},
        shipper=Shipper(parts.journal, parts.store, parts.clock, parts.ids),
        data=_data_plane(parts),
        admin=admin,
        answers_admin=bridged(admin_application(admin)),
    )


def _parts(settings: Settings, clock: Clock, ids: Ids, transport: Transport) -> Parts:
    store = open_store(settings.store.url)
    telemetry = Telemetry(Lines())

    def announce(snapshot: Snapshot) -> None:
        telemetry.catalogue_version(snapshot.version)

    live = LiveCatalogue(store, Compiler(environment_of(settings)), announce=announce)
    token = settings.auth.admin_token
    return Parts(
        settings=settings,
        store=store,
        clock=clock,
        ids=ids,
        live=live,
        state=ServingState(live, max_inflight=settings.server.max_inflight),
        callers=Callers(
            store,
            clock,
            bootstrap_token=token.reveal() if token else None,
            sessions=_sessions(settings, store, clock, transport),
        ),
        targets=Targets(clock, telemetry),
        telemetry=telemetry,
        transport=transport,
        journal=Journal(settings.ledger.dir, clock, ids),
    )


def _sessions(
    settings: Settings, store: Store, clock: Clock, transport: Transport
) -> SessionResolver | None:
    if not settings.auth.jwt:
        return None
    # What verifies signatures takes 9 MB, which a gateway without issuers need not pay.
    from .pipeline.sessions import Sessions  # noqa: PLC0415 - see above

    return Sessions(settings.issuers(), FetchedDocuments(transport), store, clock).resolve


def _gateway(parts: Parts) -> Gateway:
    return Gateway(
        live=parts.live,
        state=parts.state,
        attempts=Attempts(parts.transport, parts.clock),
        targets=parts.targets,
        ledger=parts.journal,
        observer=parts.telemetry,
        clock=parts.clock,
        ids=parts.ids,
        policy=parts.settings.failover_policy(),
        keepalive_seconds=parts.settings.server.keepalive_seconds,
    )


def _data_plane(parts: Parts) -> DataPlane:
    token = parts.settings.telemetry.metrics_token
    operations = Operations(
        parts.state,
        parts.callers,
        render_metrics=parts.telemetry.render,
        metrics_token=token.reveal() if token else None,
    )
    return DataPlane(
        gateway=_gateway(parts),
        callers=parts.callers,
        models=Models(Listing(parts.live), parts.clock),
        operations=operations,
        clock=parts.clock,
        ids=parts.ids,
        observer=parts.telemetry,
        max_body_bytes=parts.settings.server.max_body_bytes,
    )


def _admin_plane(parts: Parts) -> AdminPlane:
    return AdminPlane(
        store=parts.store,
        live=parts.live,
        callers=parts.callers,
        clock=parts.clock,
        ids=parts.ids,
        seal=sealer(parts.settings.auth.secret_key),
        providers=parts.settings.provider_map(),
        breakers=parts.targets.states,
        max_hops=parts.settings.failover.max_attempts,
        reach=parts.settings.reach(),
    )


async def serve(settings: Settings, sockets: list[socket.socket] | None = None) -> None:
    """Run one worker until it is told to stop."""
    application = build(settings)
    try:
        await application.start()
        _settle_memory()
        await _listen(application, settings, sockets)
    finally:
        await application.stop()


def _settle_memory() -> None:
    """Keep the collector from walking, over and over, what stays for as long as the process.

    Requests make many small objects and nearly no cycles, so it need not look as often either.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, 20, 50)


async def _listen(
    application: Application, settings: Settings, sockets: list[socket.socket] | None
) -> None:
    server = DrainingServer(
        server_config(
            application,
            application.ids,
            settings.server.listen.host,
            settings.server.listen.port,
        ),
        application.state,
        settings.server.drain_seconds,
        application.clock.monotonic,
    )
    await server.serve(sockets)
