"""How a worker learns what others wrote: two counters of the store, looked at four times a second.

A look is one small read, so what is PATCHed on one worker is in force on all within a second. A
store that is gone is looked for at the same pace; requests go on with what is known.
"""

import asyncio
import logging
from typing import Protocol

from ..core.history import Versions
from ..ports import CatalogueStore, StoreUnavailable
from .callers import Callers
from .live import LiveCatalogue

LOOK_SECONDS = 0.25

_log = logging.getLogger("tollhouse.store")


class Gauges(Protocol):
    """Where the watch reports."""

    def store_up(self, *, is_up: bool) -> None:
        """Whether the store answers."""
        ...

    def catalogue_rejected(self) -> None:
        """A version that does not compile was found."""
        ...


class Watch:
    """Watches the store for this worker."""

    def __init__(
        self, store: CatalogueStore, live: LiveCatalogue, callers: Callers, gauges: Gauges
    ) -> None:
        self._store = store
        self._live = live
        self._callers = callers
        self._gauges = gauges
        self._seen: Versions | None = None
        self._up = True
        self._refused = False

    async def run(self) -> None:
        """Look for ever: a worker that stopped looking would go on with revoked keys."""
        while True:
            try:
                await self.look()
            except Exception:  # noqa: BLE001 - whatever it was, the next look may succeed
                _log.exception("the store was not understood")
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Look once."""
        try:
            versions = await self._store.versions()
            if self._seen is None or versions.callers != self._seen.callers:
                self._callers.forget_all()
            if not await self._live.refresh(versions.catalogue):
                self._count_refused()
            else:
                self._refused = False
            self._seen = versions
        except StoreUnavailable as error:
            self._report(is_up=False, error=error)
            return
        self._report(is_up=True)

    def _count_refused(self) -> None:
        if not self._refused:
            self._refused = True
            self._gauges.catalogue_rejected()

    def _report(self, *, is_up: bool, error: StoreUnavailable | None = None) -> None:
        if is_up != self._up:
            self._up = is_up
            if is_up:
                _log.info("the store answers again")
            else:
                _log.error("the store does not answer", exc_info=error)
        self._gauges.store_up(is_up=is_up)
