"""The catalogue in force: newer ones replace it whole, and one that is broken never does."""

import logging
from dataclasses import dataclass, field
from typing import cast

import pytest

from pipeline.rig import Shelf, snapshot
from tollhouse.catalogue.faults import CatalogueInvalid, ModelFault
from tollhouse.core.history import StoredCatalogue
from tollhouse.core.snapshot import Snapshot
from tollhouse.pipeline.live import LiveCatalogue
from tollhouse.ports import CatalogueStore, StoreUnavailable


@dataclass
class Press:
    """A compiler that refuses the versions it is told to."""

    refused: set[int] = field(default_factory=set)

    def compile(self, stored: StoredCatalogue) -> Snapshot:
        """An empty snapshot."""
        if stored.version in self.refused:
            raise CatalogueInvalid([ModelFault("m", "failover", "names no model")])
        return snapshot(version=stored.version)


@dataclass
class Kept:
    """A live catalogue with what it stands on."""

    shelf: Shelf = field(default_factory=Shelf)
    press: Press = field(default_factory=Press)
    announced: list[int] = field(default_factory=list)
    live: LiveCatalogue = field(init=False)

    def __post_init__(self) -> None:
        self.live = LiveCatalogue(
            cast("CatalogueStore", self.shelf),
            self.press,
            announce=lambda made: self.announced.append(made.version),
        )

    async def refresh(self, version: int) -> bool:
        """The store has come to a version."""
        self.shelf.catalogue = StoredCatalogue(version, ())
        return await self.live.refresh(version)


@pytest.fixture(name="kept")
def _kept() -> Kept:
    return Kept()


async def test_nothing_is_in_force_before_the_first_load(kept: Kept) -> None:
    """An empty catalogue that says so; loading puts the store's in its place and announces it."""
    assert not kept.live.loaded
    assert kept.live.snapshot.models == {}
    kept.shelf.catalogue = StoredCatalogue(4, ())
    await kept.live.load()
    assert kept.live.loaded
    assert (kept.live.snapshot.version, kept.announced) == (4, [4])
    assert kept.live.stored.version == 4


async def test_the_first_load_does_not_hide_a_broken_catalogue(kept: Kept) -> None:
    """At the start there is no good one to keep: every fault is raised."""
    kept.press.refused = {0}
    with pytest.raises(CatalogueInvalid):
        await kept.live.load()
    assert not kept.live.loaded


async def test_a_newer_version_replaces_the_snapshot_and_an_older_one_is_not_read(
    kept: Kept,
) -> None:
    """Only news are loaded."""
    assert await kept.refresh(2)
    held = kept.live.snapshot
    assert await kept.live.refresh(2)
    assert await kept.live.refresh(1)
    assert (kept.shelf.loads, kept.live.snapshot) == (1, held)
    assert await kept.refresh(3)
    assert kept.live.snapshot is not held
    assert kept.announced == [2, 3]


async def test_F12_a_version_that_does_not_compile_is_logged_once_and_changes_nothing(
    kept: Kept, caplog: pytest.LogCaptureFixture
) -> None:
    """The last good one stays in force, however often the bad one is looked at."""
    await kept.refresh(1)
    held = kept.live.snapshot
    kept.press.refused = {2}
    with caplog.at_level(logging.ERROR, logger="tollhouse.catalogue"):
        assert [await kept.refresh(2) for _ in range(5)] == [False] * 5
    assert kept.live.snapshot is held
    assert kept.shelf.loads == 2
    (line,) = caplog.records
    assert (line.__dict__["refused_version"], line.__dict__["version"]) == (2, 1)


async def test_F12_the_next_good_version_is_taken(kept: Kept) -> None:
    """A refused version is left behind by the one that mends it; a second bad one is news again."""
    await kept.refresh(1)
    kept.press.refused = {2, 3}
    assert not await kept.refresh(2)
    assert not await kept.refresh(3)
    assert await kept.refresh(4)
    assert kept.live.snapshot.version == 4


async def test_F12_a_store_that_goes_away_changes_nothing(kept: Kept) -> None:
    """The snapshot is held through it."""
    await kept.refresh(1)
    kept.shelf.down = True
    with pytest.raises(StoreUnavailable):
        await kept.live.refresh(2)
    assert kept.live.snapshot.version == 1


async def test_F03_a_load_that_was_overtaken_does_not_go_back(kept: Kept) -> None:
    """A write of this worker that came in meanwhile is newer and stays."""
    await kept.refresh(1)
    old = StoredCatalogue(2, ())
    kept.live.swap(StoredCatalogue(3, ()), snapshot(version=3))
    kept.live.swap(old, snapshot(version=2))
    assert (kept.live.snapshot.version, kept.live.stored.version) == (3, 3)
    assert kept.announced == [1, 3]


def test_compiling_puts_nothing_in_force(kept: Kept) -> None:
    """A write is compiled before it is committed."""
    assert kept.live.compile(StoredCatalogue(9, ())).version == 9
    assert kept.live.snapshot.version == 0
