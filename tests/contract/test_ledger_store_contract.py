"""What every implementation of ``ports.LedgerStore`` does with records and sums."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from store.samples import NINE, record
from tollhouse.core.errors import CallerError
from tollhouse.core.record import Attempt, Outcome, Record
from tollhouse.core.usage import Usage
from tollhouse.ports import LedgerStore, UsageQuery

HOUR = 3_600


async def all_records(store: LedgerStore, **filters: str) -> list[Record]:
    """Up to a hundred records that pass the filters."""
    page = await store.records(filters=filters, limit=100, cursor=None)
    return list(page.rows)


async def total(store: LedgerStore) -> Mapping[str, Any]:
    """The sums over everything."""
    (row,) = await store.usage(UsageQuery())
    return row


async def test_a_record_is_kept_as_it_was(store: LedgerStore) -> None:
    """Every field survives, attempts and usage included."""
    full = record(
        user="ada",
        attempts=[Attempt("m", "p", "connect", 3), Attempt("n", "q", "ok", 4, 200, Usage(), 7)],
        stream=True,
        code=None,
        price_version=3,
        catalogue_version=9,
        overhead_us=120,
        first_byte_us=4_000,
    )
    assert await store.add_records([full]) == 1
    assert await all_records(store) == [full]


async def test_a_record_counts_once_by_its_id(store: LedgerStore) -> None:
    """Sent again, in the same batch or a later one, it changes neither rows nor sums."""
    batch = [record(1), record(2), record(1, cost=999)]
    assert await store.add_records(batch) == 2
    assert await store.add_records([record(2), record(3), record(1, cost=999)]) == 1
    assert await store.add_records([]) == 0

    assert [row.id[-1] for row in await all_records(store)] == ["3", "2", "1"]
    assert (await total(store))["requests"] == 3
    assert (await total(store))["cost"] == 3 * 123_456


async def test_two_shippers_with_the_same_records_count_them_once(store: LedgerStore) -> None:
    """Overlapping batches at the same time neither deadlock nor count anything twice."""
    batches = [
        [record(number) for number in range(start, start + 60)] for start in range(0, 100, 5)
    ]
    batches += [list(reversed(batch)) for batch in batches]

    added = await asyncio.gather(*(store.add_records(batch) for batch in batches))

    assert sum(added) == 155
    assert (await total(store))["requests"] == 155


async def test_usage_sums_every_class(store: LedgerStore) -> None:
    """The sums hold what the records say; failures and the unpriced are counted apart."""
    await store.add_records(
        [
            record(1),
            record(2, cost=0),
            record(3, cost=None, status=Outcome.UPSTREAM_ERROR, usage=None, served_model=None),
            record(4, cost=-5, usage=Usage(input_tokens=7)),
        ]
    )
    assert await total(store) == {
        "org": None,
        "model": None,
        "key": None,
        "bucket": None,
        "requests": 4,
        "failed": 1,
        "input_tokens": 207,
        "cached_input_tokens": 80,
        "output_tokens": 40,
        "reasoning_tokens": 10,
        "cost": 123_451,
        "unpriced": 1,
    }
    assert all(type(value) is int for value in (await total(store)).values() if value is not None)


async def test_usage_is_grouped_by_what_was_asked(store: LedgerStore) -> None:
    """Groups are exact; a model is the served one, else the one asked for; no key is None."""
    await store.add_records(
        [
            record(1),
            record(2, served_model="backup", key_id=None),
            record(3, served_model=None, org="zeta"),
            record(4, org=None),
        ]
    )

    async def sums(*groups: str) -> list[tuple[object, ...]]:
        rows = await store.usage(UsageQuery(group_by=groups))
        return [(row["org"], row["model"], row["key"], row["requests"]) for row in rows]

    assert await sums("org") == [
        (None, None, None, 1),
        ("acme", None, None, 2),
        ("zeta", None, None, 1),
    ]
    assert await sums("model") == [(None, "backup", None, 1), (None, "openai/gpt-4o", None, 3)]
    assert await sums("key", "org") == [
        (None, None, "key-0001", 1),
        ("acme", None, None, 1),
        ("acme", None, "key-0001", 1),
        ("zeta", None, "key-0001", 1),
    ]


async def test_usage_is_cut_into_hours_and_days_by_the_start(store: LedgerStore) -> None:
    """A bucket is the Unix second it begins with, in UTC; bounds take in whole hours."""
    for number, hour in enumerate((0, 0, 1, 26)):
        await store.add_records([record(number, started_at=(NINE + hour * HOUR + 59) * 1_000_000)])

    async def buckets(**query: Any) -> list[tuple[object, object]]:
        rows = await store.usage(UsageQuery(**query))
        return [(row["bucket"], row["requests"]) for row in rows]

    midnight = NINE - 9 * HOUR
    hourly = [(NINE, 2), (NINE + HOUR, 1), (NINE + 26 * HOUR, 1)]
    assert await buckets(interval="hour") == hourly
    assert await buckets(interval="day") == [(midnight, 3), (midnight + 24 * HOUR, 1)]
    assert await buckets(interval="hour", start=NINE + 30 * 60) == hourly
    assert await buckets(interval="hour", start=NINE + HOUR, end=NINE + 26 * HOUR) == hourly[1:2]
    assert await buckets(interval="hour", org="zeta") == []
    assert await buckets(org="zeta") == [(None, 0)]


@pytest.mark.parametrize("query", [{"group_by": ("org", "user")}, {"interval": "minute"}])
async def test_usage_refuses_what_it_does_not_know(
    store: LedgerStore, query: dict[str, Any]
) -> None:
    """An unknown group or interval is a 400 that names the parameter."""
    with pytest.raises(CallerError) as refusal:
        await store.usage(UsageQuery(**query))
    assert refusal.value.param in query


async def test_records_are_filtered(store: LedgerStore) -> None:
    """Each filter holds alone and with the others; an unknown one is a 400."""
    await store.add_records(
        [
            record(1),
            record(2, org="zeta"),
            record(3, served_model="backup", status=Outcome.CLIENT_DISCONNECTED),
            record(4, request_id="request-1"),
        ]
    )

    async def found(**filters: str) -> str:
        return "".join(row.id[-1] for row in await all_records(store, **filters))

    assert await found(org="zeta") == "2"
    assert await found(model="openai/gpt-4o") == "421"
    assert await found(model="backup", org="acme") == "3"
    assert await found(status="client_disconnected") == "3"
    assert await found(request_id="request-1") == "41"
    assert await found(request_id="request") == ""
    with pytest.raises(CallerError):
        await found(user="ada")


async def test_records_are_narrowed_to_a_time_and_to_models(store: LedgerStore) -> None:
    """The earliest start is included; no model asks for no record, None for those of all."""
    await store.add_records([record(1), record(2, served_model="b"), record(3, served_model="c")])

    async def found(**narrowed: Any) -> list[str]:
        page = await store.records(filters={}, limit=10, cursor=None, **narrowed)
        return [row.id[-1] for row in page.rows]

    assert await found(since=NINE + 0.002) == ["3", "2"]
    assert await found(since=NINE + 0.0021, models=["b", "c"]) == ["3"]
    assert await found(models=["b"]) == ["2"]
    assert await found(models=[]) == []
    assert await found(models=None, since=None) == ["3", "2", "1"]


async def test_records_are_paged_newest_first(store: LedgerStore) -> None:
    """Every row comes once, records of one moment included, also while newer ones arrive."""
    same = NINE * 1_000_000
    await store.add_records([record(number, started_at=same + number // 5) for number in range(23)])
    seen: list[str] = []
    cursor = None
    for number in range(23, 100):
        page = await store.records(filters={}, limit=4, cursor=cursor)
        seen += [row.id for row in page.rows]
        await store.add_records([record(number)])
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == [f"record-{number:08}" for number in reversed(range(23))]


async def test_A24_two_executions_of_one_client_request_are_two_rows(store: LedgerStore) -> None:
    """A retry by the client has an id of its own and shares the request id."""
    await store.add_records([record(1, request_id="r"), record(2, request_id="r")])
    await store.add_records([record(2, request_id="r")])
    assert [row.id[-1] for row in await all_records(store, request_id="r")] == ["2", "1"]


async def test_absurd_numbers_hold_nothing_up(store: LedgerStore) -> None:
    """A record with counts beyond any column is kept in full, and its batch and sums with it."""
    absurd = record(1, cost=10**40, usage=Usage(input_tokens=10**30, output_tokens=-(10**30)))
    assert await store.add_records([absurd, record(2)]) == 2
    assert await store.add_records([record(3, cost=10**40)]) == 1
    assert (await all_records(store))[-1] == absurd
    assert (await total(store))["requests"] == 3
