"""The admin plane's use cases at the shell: on the store of a settings file, as the operator.

Who can read the settings file owns the machine, so the operator acts as a system admin; the audit
trail names the login. Running workers take a change over within a second, as from any other worker.
"""

import asyncio
import getpass
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ..admin.plane import AdminPlane
from ..admin.trail import Author
from ..app import environment_of, sealer
from ..catalogue.compile import Compiler
from ..catalogue.writing import Seal
from ..core.caller import Caller, CredentialKind, Role
from ..core.errors import CallerError, Code
from ..pipeline.callers import Callers
from ..pipeline.live import LiveCatalogue
from ..ports import Clock, Ids, Page, Store, StoreUnavailable
from ..settings import Settings
from ..store.address import parse
from ..store.sql import open_store
from ..system import SystemClock, SystemIds
from .configuration import load_settings
from .exits import Stop, explained, wrong_use

PAGE = 500
_TYPED = {Code.INVALID_REQUEST_ERROR, Code.VALIDATION_FAILED}
"""Refusals of what was typed, whatever the store holds: wrong use."""
_NO_SCHEMA = "the store has no schema, or an older one: run tollhouse migrate"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Desk:
    """What a command works with."""

    settings: Settings
    store: Store
    live: LiveCatalogue
    plane: AdminPlane
    by: Author
    clock: Clock
    ids: Ids
    seal: Seal | None

    @property
    def caller(self) -> Caller:
        """The operator."""
        return self.by.caller


def at_desk(config: Path, work: Callable[[Desk], Awaitable[T]]) -> T:
    """Run one piece of work on the store of a settings file."""
    settings = load_settings(config)

    async def run() -> T:
        async with open_desk(settings) as desk:
            return await work(desk)

    try:
        return asyncio.run(run())
    except CallerError as refusal:
        stop = explained(refusal)
        if stop is None or refusal.code not in _TYPED:
            raise
        raise wrong_use(*stop.sentences) from None


@asynccontextmanager
async def open_desk(settings: Settings) -> AsyncIterator[Desk]:
    """A desk; ``Stop`` when the store is not there or has no schema that can be used."""
    if not await has_schema(settings):
        raise Stop(_NO_SCHEMA)
    clock, ids, seal = SystemClock(), SystemIds(), sealer(settings.auth.secret_key)
    store = open_store(settings.store.url)
    live = LiveCatalogue(store, Compiler(environment_of(settings)))
    plane = AdminPlane(
        store=store,
        live=live,
        callers=Callers(store, clock),
        clock=clock,
        ids=ids,
        seal=seal,
        providers=settings.provider_map(),
        max_hops=settings.failover.max_attempts,
        reach=settings.reach(),
    )
    caller = Caller(CredentialKind.LOCAL, "operator", user=_login(), role=Role.SYSTEM_ADMIN)
    try:
        yield Desk(settings, store, live, plane, Author(caller, ids.uuid()), clock, ids, seal)
    finally:
        await store.aclose()


async def has_schema(settings: Settings) -> bool:
    """Whether there is a store with a schema that can be used; ``Stop`` when it does not answer."""
    file = parse(settings.store.url).file
    if file is not None and not file.exists():
        return False
    store = open_store(settings.store.url)
    try:
        return await store.schema_ok()
    except StoreUnavailable as error:
        raise Stop(f"the store is out of reach (store.url): {error}") from error
    finally:
        await store.aclose()


async def everything(page: Callable[[str | None], Awaitable[Page]]) -> list[Any]:
    """All rows of a list that is given page by page."""
    rows: list[Any] = []
    cursor = None
    while True:
        found = await page(cursor)
        rows.extend(found.rows)
        cursor = found.next_cursor
        if cursor is None:
            return rows


def _login() -> str:
    """The login, for the audit trail; a container's user may have no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid-{os.getuid()}"
