"""``tollhouse audit`` and ``tollhouse usage``."""

import asyncio

from cli.shell import Shell
from tollhouse.core.record import CostStatus, Outcome, Record
from tollhouse.core.usage import Usage
from tollhouse.store.sql import open_store

HOUR = 3_600_000_000
"""In microseconds, as records count."""


def record(number: int, **fields: object) -> Record:
    """A record of one request."""
    usual: dict[str, object] = {
        "id": f"r{number}",
        "request_id": f"q{number}",
        "started_at": 1_900_000_800_000_000,
        "org": "acme",
        "key_id": "k1",
        "endpoint": "chat",
        "requested_model": "small",
        "model": "lab/small",
        "served_model": "lab/small",
        "status": Outcome.OK,
        "usage": Usage(input_tokens=100, output_tokens=10),
        "cost": 1_200_000,
        "cost_status": CostStatus.EXACT,
    }
    return Record(**{**usual, **fields})  # type: ignore[arg-type]


def keep(shell: Shell, *records: Record) -> None:
    """Put records into the site's store."""

    async def add() -> None:
        store = open_store(f"sqlite:///{shell.site}/store.db")
        try:
            await store.add_records(records)
        finally:
            await store.aclose()

    asyncio.run(add())


def test_audit_shows_every_write_newest_first(stocked: Shell) -> None:
    """Done and refused writes are there, with who made them."""
    assert stocked("models", "set", "lab/small", "tags=[]").code == 0
    assert stocked("models", "set", "lab/small", "colour=red").code == 2

    rows = stocked("audit", "--json").json

    assert [(row["action"], row["outcome"]) for row in rows[:2]] == [
        ("model.updated", "validation_failed"),
        ("model.updated", "ok"),
    ]
    assert {row["actor"].partition(":")[0] for row in rows} == {"local"}
    assert len(rows) == 7


def test_audit_is_narrowed_and_bounded(stocked: Shell) -> None:
    """Filters are those of the admin API; the newest come first up to the limit."""
    assert stocked("models", "set", "lab/small", "tags=[]").code == 0

    def targets(*options: str) -> list[str]:
        return [row["target"] for row in stocked("audit", *options, "--json").json]

    assert targets("--action", "model.updated") == ["lab/small"]
    assert targets("--target", "acme") == ["acme"]
    assert targets("--actor", "local:nobody") == []
    assert targets("--limit", "1") == ["lab/small"]
    assert len(targets("--since", "1h")) == 6
    assert targets("--since", "2999-01-01T00:00:00Z") == []
    assert stocked("audit", "--since", "noon").code == 2


def test_audit_is_a_table_for_people(stocked: Shell) -> None:
    """One line for each event."""
    ran = stocked("audit", "--target", "acme")

    header, row = ran.out.splitlines()
    assert header.split() == ["at", "actor", "action", "target", "outcome", "changed"]
    assert "org.created" in row


def test_usage_sums_requests_tokens_and_cost(stocked: Shell) -> None:
    """Costs are exact; what had no price is counted and not added."""
    unpriced = {"cost": None, "cost_status": CostStatus.UNPRICED, "served_model": "lab/large"}
    keep(stocked, record(1), record(2, org="hobby"), record(3, **unpriced))

    report = stocked("usage", "--group-by", "model", "--json").json

    rows = {row["model"]: row for row in report["data"]}
    assert (rows["lab/small"]["requests"], rows["lab/small"]["cost"]) == (2, 0.00024)
    assert (rows["lab/large"]["unpriced"], rows["lab/large"]["cost"]) == (1, None)
    assert report["totals"]["requests"] == 3
    assert report["totals"]["input_tokens"] == 300


def test_usage_is_a_table_with_its_total(stocked: Shell) -> None:
    """People see a row for each group, then the sum."""
    keep(stocked, record(1), record(2))

    header, row, total = stocked("usage").out.splitlines()

    assert header.split()[:2] == ["org", "model"]
    assert row.split()[:4] == ["acme", "lab/small", "2", "0"]
    assert total.split()[:2] == ["total", "2"]
    assert "0.00024" in total


def test_usage_is_narrowed_by_time_and_org(stocked: Shell) -> None:
    """Buckets of hours or days, and only what was asked for."""
    keep(stocked, record(1), record(2, started_at=1_900_000_800_000_000 + 2 * HOUR))

    def requests(*options: str) -> list[int]:
        return [row["requests"] for row in stocked("usage", *options, "--json").json["data"]]

    assert requests("--interval", "hour") == [1, 1]
    assert requests("--interval", "day") == [2]
    assert requests("--from", "2030-03-17T19:00:00Z") == [1]
    assert requests("--to", "2030-03-17T19:00:00Z") == [1]
    assert requests("--org", "hobby") == []
    assert stocked("usage", "--from", "noon").code == 2


def test_usage_of_nothing_is_told_in_words(stocked: Shell) -> None:
    """A table without rows is a sentence."""
    assert stocked("usage").out == "Nothing was used.\n"
