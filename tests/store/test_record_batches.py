"""Batches of records, on each engine: odd strings, odd numbers, and ids that are known already."""

from collections.abc import Mapping
from typing import Any

import pytest
import sqlalchemy as sa

from store.samples import NINE, record
from tollhouse.core.record import Record
from tollhouse.ports import UsageQuery
from tollhouse.store.bulk import insert_or_add
from tollhouse.store.schema import usage_hourly
from tollhouse.store.sql import SqlStore

ODD = ["acme\0", "na\u00efve \U0001f6a7 \u202e", 'a"b\\c', "%s ? :id $1", "", "x" * 100_000]
LARGEST = 2**63 - 1


async def rows(store: SqlStore, **filters: str) -> list[Record]:
    """Up to a hundred records that pass the filters, oldest first."""
    page = await store.records(filters=filters, limit=100, cursor=None)
    return list(reversed(page.rows))


async def sums(store: SqlStore, **query: Any) -> list[Mapping[str, Any]]:
    """The usage sums."""
    return list(await store.usage(UsageQuery(**query)))


@pytest.mark.parametrize("text", ODD)
async def test_a_record_of_odd_strings_is_kept_as_it_was_and_found(
    store: SqlStore, text: str
) -> None:
    """Beside an ordinary one, in one batch; the document is exact even where a column cannot be."""
    odd = record(2, request_id=text, requested_model=text, org=text, served_model=text or "m")
    assert await store.add_records([record(1), odd]) == 2
    assert await rows(store) == [record(1), odd]
    assert await rows(store, request_id=text) == [odd]
    assert await rows(store, org=text) == [odd]


async def test_groups_that_differ_in_what_cannot_be_stored_are_one_row(store: SqlStore) -> None:
    """The sums of both are in it; neither holds up the batch."""
    batch = [record(1, org="a\0"), record(2, org="a\ufffd"), record(3, org="a\ufffd")]
    assert await store.add_records(batch) == 3
    found = await sums(store, group_by=("org",))
    assert [(row["org"], row["requests"]) for row in found] == [("a\ufffd", 3)]


async def test_a_batch_with_known_ids_adds_the_others_and_their_sums(store: SqlStore) -> None:
    """Wherever in the batch they stand, and whatever they say now."""
    await store.add_records([record(number) for number in (1, 5, 9)])
    again = [record(number, cost=1_000_000 if number in {1, 5, 9} else 1) for number in range(10)]
    assert await store.add_records(again) == 7
    assert [row.id for row in await rows(store)] == [record(number).id for number in range(10)]
    (told,) = await sums(store)
    assert (told["requests"], told["cost"]) == (10, 3 * 123_456 + 7)


async def test_a_batch_that_is_known_changes_nothing(store: SqlStore) -> None:
    """As after a crash between the store's commit and the shipper's word of it."""
    batch = [record(number) for number in range(500)]
    assert await store.add_records(batch) == 500
    assert await store.add_records(batch) == 0
    assert (await sums(store))[0]["requests"] == 500


async def test_the_largest_numbers_of_a_column_are_kept(store: SqlStore) -> None:
    """No number is rounded on its way, whatever it travels in."""
    far = record(1, started_at=LARGEST, ended_at=LARGEST, cost=10**16 - 1)
    assert await store.add_records([far, record(2, cost=-(10**16) + 1)]) == 2
    assert await rows(store) == [record(2, cost=-(10**16) + 1), far]
    by_hour = await sums(store, interval="hour")
    assert [row["cost"] for row in by_hour] == [-(10**16) + 1, 10**16 - 1]


async def test_many_groups_in_one_batch_are_added_each_to_its_own(store: SqlStore) -> None:
    """Twice, so that rows are made and then added to."""
    for round_ in range(2):
        batch = [
            record(round_ * 500 + number, key_id=f"key-{number % 250}") for number in range(500)
        ]
        assert await store.add_records(batch) == 500
    by_key = await sums(store, group_by=("key",))
    assert len(by_key) == 250
    assert {row["requests"] for row in by_key} == {4}


async def test_columns_go_where_they_belong(store: SqlStore) -> None:
    """A row is in the order of the table's columns, whatever that is."""
    values = [NINE, "org", "model", "key", *range(1, 9)]

    async def add(connection: Any) -> None:
        await insert_or_add(connection, usage_hourly, ("cost",), [tuple(values)])

    await store._database.write(add)
    await store._database.write(add)
    (row,) = await store._database.read(sa.select(usage_hourly))
    expected = dict(zip(usage_hourly.c.keys(), values, strict=True))
    assert row._asdict() == {**expected, "cost": 2 * expected["cost"]}
