"""What the ledger tells admins."""

from typing import Any

import httpx
import pytest

from admin.house import House, code_of, fields_of
from store.samples import NINE, record
from tollhouse.core.money import COST_UNIT
from tollhouse.core.record import Attempt, CostStatus, Outcome, Record
from tollhouse.core.usage import Usage

HOUR = 3_600_000_000


def at(hours: int) -> int:
    """Microseconds of a time so many hours after nine."""
    return NINE * 1_000_000 + hours * HOUR


RECORDS = [
    record(1, cost=1, started_at=at(0)),
    record(2, cost=2 * COST_UNIT + 3, started_at=at(1), key_id="key-0002"),
    record(3, cost=None, started_at=at(25), status=Outcome.UPSTREAM_ERROR, usage=None),
    record(4, cost=COST_UNIT // 10, started_at=at(0), org="globex", served_model="other"),
    record(5, cost=None, started_at=at(0), org="globex", served_model="unpriced"),
]


@pytest.fixture
async def ledger(house: House) -> House:
    """A worker whose ledger has five records of two orgs."""
    for slug in ("acme", "globex"):
        await house.org(slug)
    await house.store.add_records(RECORDS)
    return house


async def test_usage_is_summed_with_exact_amounts(ledger: House) -> None:
    """Amounts are JSON numbers with all their digits and no exponent."""
    response = await ledger.client().get("/admin/v1/usage")
    assert response.json()["totals"] == {
        "requests": 5,
        "failed": 1,
        "input_tokens": 400,
        "cached_input_tokens": 160,
        "output_tokens": 80,
        "reasoning_tokens": 20,
        "unpriced": 2,
        "cost": 2.1000000004,
    }
    assert '"cost":2.1000000004' in response.text
    (row,) = response.json()["data"]
    assert (row["org"], row["model"], row["key"], row["bucket"]) == (None, None, None, None)


async def test_usage_is_grouped_and_cut_into_intervals(ledger: House) -> None:
    """Rows name their group and the beginning of their interval."""
    query = {"group_by": "org,model", "interval": "day"}
    response = await ledger.client().get("/admin/v1/usage", params=query)
    rows = [
        (row["bucket"], row["org"], row["model"], row["requests"], row["cost"])
        for row in response.json()["data"]
    ]
    assert rows == [
        ("2024-11-20T00:00:00Z", "acme", "openai/gpt-4o", 2, 2.0000000004),
        ("2024-11-20T00:00:00Z", "globex", "other", 1, 0.1),
        ("2024-11-20T00:00:00Z", "globex", "unpriced", 1, None),
        ("2024-11-21T00:00:00Z", "acme", "openai/gpt-4o", 1, None),
    ]


@pytest.mark.parametrize(
    ("query", "requests"),
    [
        ({"from": "2024-11-20T10:00:00Z"}, 2),
        ({"from": str(NINE + 3600)}, 2),
        ({"to": "2024-11-20T10:00:00Z"}, 3),
        ({"from": str(NINE), "to": str(NINE + 3600)}, 3),
        ({"org": "globex"}, 2),
        ({"org": "nobody"}, 0),
    ],
)
async def test_usage_is_narrowed_by_time_and_org(
    ledger: House, query: dict[str, str], requests: int
) -> None:
    """From inclusive, to exclusive, in RFC 3339 or Unix seconds."""
    response = await ledger.client().get("/admin/v1/usage", params=query)
    assert response.json()["totals"]["requests"] == requests


async def test_no_usage_costs_nothing(ledger: House) -> None:
    """Without a request the sum is 0; null says that there was one without a price."""
    response = await ledger.client().get("/admin/v1/usage", params={"org": "nobody"})
    assert response.json()["totals"]["cost"] == 0


@pytest.mark.parametrize(
    "query",
    ["group_by=user", "group_by=org,,key", "interval=week", "from=soon", "to=x", "by=org"],
)
async def test_a_question_that_cannot_be_answered_is_refused(
    admin: httpx.AsyncClient, query: str
) -> None:
    """400 naming the parameter."""
    response = await admin.get(f"/admin/v1/usage?{query}")
    assert response.status_code == 400
    assert fields_of(response).keys() == {query.partition("=")[0]}


async def test_F14_an_org_sees_its_own_usage_and_records_only(ledger: House) -> None:
    """Whatever it asks for."""
    client = ledger.client(await ledger.token("org_admin", "acme"))
    usage = (await client.get("/admin/v1/usage?group_by=org")).json()
    assert [row["org"] for row in usage["data"]] == ["acme"]
    assert usage["totals"]["requests"] == 3
    records = (await client.get("/admin/v1/records")).json()["data"]
    assert {one["org"] for one in records} == {"acme"}
    assert all("upstream_model" not in one for one in records)
    for path in ("usage", "records"):
        assert code_of(await client.get(f"/admin/v1/{path}?org=globex")) == "forbidden"


async def test_a_record_is_told_whole(house: House, admin: httpx.AsyncClient) -> None:
    """Times in RFC 3339, amounts exact, attempts in order."""
    usage = Usage(input_tokens=3, output_tokens=1, upstream_cost=15)
    attempts = [
        Attempt("a", "openai", "status_500", 12, status=500),
        Attempt("b", "spare", "ok", 34, status=200, usage=usage, cost=25),
    ]
    whole = Record(
        id="record-1",
        request_id="the-request",
        started_at=NINE * 1_000_000 + 123_456,
        ended_at=NINE * 1_000_000 + 623_456,
        org="acme",
        key_id="key-1",
        endpoint="chat",
        stream=True,
        requested_model="smart",
        model="a",
        served_model="b",
        upstream_model="deployment-7",
        provider="spare",
        attempts=attempts,
        status=Outcome.OK,
        http_status=200,
        usage=usage,
        cost=25,
        cost_status=CostStatus.EXACT,
        price_version=3,
        catalogue_version=9,
        overhead_us=1500,
        first_byte_us=20_000,
    )
    await house.store.add_records([whole])
    response = await admin.get("/admin/v1/records?request_id=the-request")
    (shown,) = response.json()["data"]
    assert shown["started_at"] == "2024-11-20T09:00:00.123456Z"
    assert shown["ended_at"] == "2024-11-20T09:00:00.623456Z"
    assert (shown["key"], shown["user"], shown["code"]) == ("key-1", None, None)
    assert (shown["overhead_ms"], shown["first_byte_ms"]) == (1.5, 20.0)
    assert (shown["status"], shown["cost_status"]) == ("ok", "exact")
    assert shown["upstream_model"] == "deployment-7"
    assert shown["usage"]["input_tokens"] == 3
    assert [one["result"] for one in shown["attempts"]] == ["status_500", "ok"]
    assert '"cost":0.0000000025' in response.text
    assert '"upstream_cost":0.0000000015' in response.text


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"status": "upstream_error"}, ["record-00000003"]),
        ({"model": "other"}, ["record-00000004"]),
        ({"org": "globex", "model": "unpriced"}, ["record-00000005"]),
        ({"request_id": "request-2"}, ["record-00000002"]),
        ({"request_id": "nothing"}, []),
    ],
)
async def test_filters_narrow_the_records(
    ledger: House, query: dict[str, str], expected: list[str]
) -> None:
    """Each filter alone and together."""
    response = await ledger.client().get("/admin/v1/records", params=query)
    assert [one["id"] for one in response.json()["data"]] == expected


async def test_records_are_paged_newest_first(ledger: House) -> None:
    """Pages put together are the whole."""
    client = ledger.client()
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = (await client.get("/admin/v1/records", params=query)).json()
        seen += [one["id"][-1] for one in page["data"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert seen == ["3", "2", "5", "4", "1"]


async def test_an_unknown_status_is_refused(admin: httpx.AsyncClient) -> None:
    """It would find nothing and look like an answer."""
    assert fields_of(await admin.get("/admin/v1/records?status=fine")).keys() == {"status"}
