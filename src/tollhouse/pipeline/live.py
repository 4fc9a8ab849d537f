"""The catalogue in force: one snapshot, swapped whole, kept when a newer one does not compile."""

import logging
from collections.abc import Callable
from typing import Protocol

from ..catalogue.compile import CatalogueInvalid
from ..core.history import StoredCatalogue
from ..core.snapshot import Snapshot
from ..ports import CatalogueStore

_log = logging.getLogger("tollhouse.catalogue")


class Compiles(Protocol):
    """What turns documents into a snapshot, or raises with every fault."""

    def compile(self, stored: StoredCatalogue) -> Snapshot:
        """The snapshot of these documents."""
        ...


class LiveCatalogue:
    """Holds the snapshot that requests begin with. A request keeps the one it began with."""

    def __init__(
        self,
        store: CatalogueStore,
        compiler: Compiles,
        *,
        announce: Callable[[Snapshot], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._compiler = compiler
        self._announce = announce
        self._refused_version = -1
        self.loaded = False
        self.snapshot = Snapshot(version=0, models={})
        self.stored = StoredCatalogue(version=0, models=())

    def compile(self, stored: StoredCatalogue) -> Snapshot:
        """Compile documents as this process would run them; raises with every fault."""
        return self._compiler.compile(stored)

    def swap(self, stored: StoredCatalogue, snapshot: Snapshot) -> None:
        """Put a snapshot in force, unless a newer one is already."""
        if snapshot.version >= self.snapshot.version:
            self.stored, self.snapshot, self.loaded = stored, snapshot, True
            self._announce(snapshot)

    async def load(self) -> None:
        """Read and compile the store's catalogue; raises with every fault in it."""
        stored = await self._store.load()
        self.swap(stored, self.compile(stored))

    async def refresh(self, version: int) -> bool:
        """Take over ``version`` if it is news; False when it was refused and the old one stays.

        A version that does not compile is logged once, not at every look.
        """
        if version <= self.snapshot.version:
            return True
        if version == self._refused_version:
            return False
        stored = await self._store.load()
        try:
            snapshot = self.compile(stored)
        except CatalogueInvalid as error:
            self._refused_version = stored.version
            _log.error(
                "catalogue refused, the last good one stays in force",
                extra={"refused_version": stored.version, "version": self.snapshot.version},
                exc_info=error,
            )
            return False
        self.swap(stored, snapshot)
        return True
