"""Several processes' worth of connections on one database."""

import asyncio

from store.samples import change, record
from tollhouse.core.history import Versions
from tollhouse.ports import StaleVersion, UsageQuery
from tollhouse.store.sql import SqlStore, open_store


async def test_workers_writing_at_once_lose_nothing_and_see_each_other(store_url: str) -> None:
    """Commits and records of both are all there, and each reads what the other wrote."""
    workers = [open_store(store_url) for _ in range(2)]

    async def edit(store: SqlStore, name: str) -> None:
        for number in range(15):
            while True:
                try:
                    await store.commit(
                        change((await store.versions()).catalogue, f"{name}-{number}")
                    )
                    break
                except StaleVersion:
                    continue

    async def ship(store: SqlStore, start: int) -> None:
        for number in range(start, start + 1_000, 100):
            await store.add_records([record(number + one) for one in range(100)])

    await asyncio.gather(
        *(edit(store, f"worker-{number}") for number, store in enumerate(workers)),
        *(ship(store, 500 * number) for number, store in enumerate(workers)),
    )

    for store in workers:
        assert await store.versions() == Versions(catalogue=30)
        assert len((await store.load()).models) == 30
        assert (await store.usage(UsageQuery()))[0]["requests"] == 1_500
        await store.aclose()
