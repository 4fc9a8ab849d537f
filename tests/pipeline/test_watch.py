"""How a worker learns of others' writes: two counters, a store that comes and goes."""

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from pipeline.rig import Ears, SetClock, Shelf, snapshot
from tollhouse.catalogue.faults import CatalogueInvalid, ModelFault
from tollhouse.core.history import StoredCatalogue, Versions
from tollhouse.core.snapshot import Snapshot
from tollhouse.pipeline import watch as watching
from tollhouse.pipeline.callers import Callers
from tollhouse.pipeline.live import LiveCatalogue
from tollhouse.pipeline.watch import LOOK_SECONDS, Watch


@dataclass
class Post:
    """A watch and what it looks at."""

    shelf: Shelf = field(default_factory=Shelf)
    ears: Ears = field(default_factory=Ears)
    refused: set[int] = field(default_factory=set)
    live: LiveCatalogue = field(init=False)
    callers: Callers = field(init=False)
    watch: Watch = field(init=False)

    def __post_init__(self) -> None:
        store = cast("Any", self.shelf)
        self.live = LiveCatalogue(store, self)
        self.callers = Callers(store, SetClock())
        self.watch = Watch(store, self.live, self.callers, self.ears)

    def compile(self, stored: StoredCatalogue) -> Snapshot:
        """Refuse the versions that are to be refused."""
        if stored.version in self.refused:
            raise CatalogueInvalid([ModelFault("m", "failover", "names no model")])
        return snapshot(version=stored.version)

    async def look(self, catalogue: int = 0, callers: int = 0) -> None:
        """Others wrote; look."""
        self.shelf.versions_now = Versions(catalogue, callers)
        self.shelf.catalogue = StoredCatalogue(catalogue, ())
        await self.watch.look()


@pytest.fixture(name="post")
def _post() -> Post:
    return Post()


async def test_F03_a_catalogue_written_elsewhere_is_taken_over(post: Post) -> None:
    """The counter moved, so the documents are read; it did not, so they are not."""
    await post.look(catalogue=2)
    await post.look(catalogue=2)
    assert (post.live.snapshot.version, post.shelf.loads) == (2, 1)
    await post.look(catalogue=3)
    assert post.live.snapshot.version == 3


async def test_G07_callers_changed_elsewhere_are_forgotten(post: Post) -> None:
    """A key revoked on another worker is looked up again at the next request here."""
    key = post.shelf.keep()
    await post.look(callers=1)
    await post.callers.resolve(key)
    await post.look(callers=1)
    await post.callers.resolve(key)
    assert post.shelf.asked == 1
    await post.look(callers=2)
    await post.callers.resolve(key)
    assert post.shelf.asked == 2


async def test_F12_a_refused_version_is_counted_once(post: Post) -> None:
    """Until a good one comes; the next bad one counts again."""
    post.refused = {2, 4}
    await post.look(catalogue=1)
    for _ in range(3):
        await post.look(catalogue=2)
    assert (post.ears.rejected, post.live.snapshot.version) == (1, 1)
    await post.look(catalogue=3)
    await post.look(catalogue=4)
    assert (post.ears.rejected, post.live.snapshot.version) == (2, 3)


async def test_G07_a_refused_catalogue_does_not_keep_revocations_back(post: Post) -> None:
    """Callers are forgotten whatever becomes of the catalogue."""
    key = post.shelf.keep()
    await post.look(catalogue=1, callers=1)
    await post.callers.resolve(key)
    post.refused = {2}
    await post.look(catalogue=2, callers=2)
    await post.callers.resolve(key)
    assert post.shelf.asked == 2


async def test_J04_a_lost_store_is_told_once_and_found_again(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    """The gauge follows every look, the log only the change; what is known stays in force."""
    await post.look(catalogue=1)
    post.shelf.down = True
    with caplog.at_level(logging.INFO, logger="tollhouse.store"):
        for _ in range(3):
            await post.watch.look()
        post.shelf.down = False
        await post.look(catalogue=2)
    assert post.ears.up == [True, False, False, False, True]
    assert [line.levelname for line in caplog.records] == ["ERROR", "INFO"]
    assert post.live.snapshot.version == 2


async def test_G07_what_changed_while_the_store_was_away_is_noticed(post: Post) -> None:
    """The counters of before the loss are compared with those of after it."""
    key = post.shelf.keep()
    await post.look(callers=1)
    await post.callers.resolve(key)
    post.shelf.down = True
    await post.watch.look()
    post.shelf.down = False
    await post.look(callers=2)
    await post.callers.resolve(key)
    assert post.shelf.asked == 2


async def test_F03_the_watch_looks_four_times_a_second_and_survives_surprises(
    post: Post, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look that fails in a way nobody foresaw is logged, and the next one is made."""
    assert LOOK_SECONDS <= 0.25
    monkeypatch.setattr(watching, "LOOK_SECONDS", 0.01)
    post.shelf.versions_now = cast("Versions", None)
    with caplog.at_level(logging.ERROR, logger="tollhouse.store"):
        task = asyncio.ensure_future(post.watch.run())
        while not caplog.records:
            await asyncio.sleep(0.005)
        post.shelf.catalogue = StoredCatalogue(7, ())
        post.shelf.versions_now = Versions(7, 0)
        while post.live.snapshot.version != 7:
            await asyncio.sleep(0.005)
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
