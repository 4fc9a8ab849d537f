"""One request's record: opened once, closed once, and paid for by all that was billed."""

import asyncio
from collections.abc import Callable

import pytest

from pipeline.rig import Aloft, metered, model, prices
from tollhouse.core.charge import Unpriced
from tollhouse.core.errors import Code, UpstreamError
from tollhouse.core.record import Attempt, CostStatus, Outcome
from tollhouse.pipeline.flight import Interrupt
from tollhouse.pipeline.meter import Metered

TOLD = b'{"prompt_tokens": 100, "completion_tokens": 10}'
COST = (100 * 3 + 10 * 15) * 10**4
"""What that costs at the usual prices, in the ledger's unit."""


def billed(told: bytes = TOLD, **fields: object) -> Metered:
    """What an attempt used and cost."""
    found = metered(told, model(**fields)).metered  # type: ignore[arg-type]
    assert found is not None
    return found


@pytest.fixture(name="aloft")
async def _aloft() -> Aloft:
    return Aloft()


async def test_A18_a_flight_opens_its_record_at_once(aloft: Aloft) -> None:
    """Before anything was sent the ledger has it."""
    assert aloft.book.opened == [aloft.flight.record]
    assert aloft.book.closed == []


async def test_only_the_first_close_counts(aloft: Aloft) -> None:
    """Whoever comes later changes nothing, in the ledger or in the metrics."""
    aloft.flight.close(Outcome.OK, 200, served=model(), metered=billed())
    aloft.flight.close(Outcome.CLIENT_DISCONNECTED, 499, error=Code.INTERNAL_ERROR)
    (record,) = aloft.book.closed
    assert aloft.ears.closed_records == [record]
    assert (record.status, record.http_status, record.code) == (Outcome.OK, 200, None)
    assert record.cost == COST


async def test_the_record_says_who_served_and_when(aloft: Aloft) -> None:
    """Times are those of the clock, in microseconds; overhead is all but the provider's time."""
    aloft.clock.time += 2
    aloft.flight.first_byte()
    aloft.clock.time += 1
    aloft.flight.first_byte()
    aloft.flight.upstream_wait = 2.25
    aloft.flight.close(Outcome.OK, 200, served=model("other"), metered=billed())
    record = aloft.flight.record
    assert (record.served_model, record.upstream_model) == ("other", "other-upstream")
    assert record.provider == "p"
    assert record.first_byte_us == 2_000_000
    assert record.overhead_us == 750_000
    assert record.ended_at == int(aloft.clock.time * 1_000_000)


async def test_overhead_is_never_negative(aloft: Aloft) -> None:
    """Two clocks' rounding makes no debt."""
    aloft.flight.upstream_wait = 1.0
    assert aloft.flight.overhead() == 0.0


async def test_an_error_is_told_by_its_code(aloft: Aloft) -> None:
    """With the attempts that were made."""
    attempt = Attempt("m", "p", "status_500", 3)
    aloft.flight.attempted(attempt)
    error = UpstreamError(Code.UPSTREAM_ERROR, "failed")
    aloft.flight.close(Outcome.UPSTREAM_ERROR, 502, error=error)
    record = aloft.flight.record
    assert (record.code, record.attempts) == ("upstream_error", [attempt])
    assert aloft.ears.attempts == [attempt]
    assert record.served_model is None


# --- What it costs ---


async def test_A11_what_used_nothing_costs_nothing(aloft: Aloft) -> None:
    """A failure before any output is free, and that is certain."""
    aloft.flight.close(Outcome.UPSTREAM_ERROR, 502)
    assert (aloft.flight.record.cost, aloft.flight.record.cost_status) == (0, CostStatus.EXACT)


async def test_A18_what_a_client_did_not_wait_for_is_an_estimate(aloft: Aloft) -> None:
    """Nothing came, but something may have been begun."""
    aloft.flight.close(Outcome.CLIENT_DISCONNECTED, 499)
    record = aloft.flight.record
    assert (record.cost, record.cost_status) == (0, CostStatus.ESTIMATED)


async def test_A15_billed_failures_are_added_each_at_its_own_price(aloft: Aloft) -> None:
    """The sum is of all attempts; the usage is the answer's."""
    aloft.flight.billed.append(billed(pricing=prices("30", "150")))
    aloft.flight.close(Outcome.OK, 200, served=model(), metered=billed())
    record = aloft.flight.record
    assert record.cost == COST * 11
    assert record.usage is not None
    assert record.usage.total_tokens == 110
    assert record.cost_status is CostStatus.EXACT


async def test_A15_a_billed_failure_is_paid_even_when_nothing_was_answered(aloft: Aloft) -> None:
    """Its usage is then the record's."""
    aloft.flight.billed.append(billed())
    aloft.flight.close(Outcome.UPSTREAM_ERROR, 502)
    assert aloft.flight.record.cost == COST
    assert aloft.flight.record.usage is not None


@pytest.mark.parametrize("part", ["failed", "answered"])
async def test_A14_one_part_without_a_price_leaves_the_whole_without(
    aloft: Aloft, part: str
) -> None:
    """Half a sum would be taken for the whole: it is null, with the reason."""
    unpriced = billed(pricing=None)
    first, last = (unpriced, billed()) if part == "failed" else (billed(), unpriced)
    aloft.flight.billed.append(first)
    aloft.flight.close(Outcome.OK, 200, served=model(), metered=last)
    record = aloft.flight.record
    assert record.cost is None
    assert record.cost_status is CostStatus.UNPRICED
    assert record.unpriced_reason == Unpriced.NO_PRICING


async def test_A14_two_currencies_have_no_sum(aloft: Aloft) -> None:
    """Euros and dollars are not added; the record says why it has no cost."""
    aloft.flight.billed.append(billed(pricing=prices(currency="EUR")))
    aloft.flight.close(Outcome.OK, 200, served=model(), metered=billed())
    record = aloft.flight.record
    assert record.cost is None
    assert record.cost_status is CostStatus.UNPRICED
    assert record.unpriced_reason == Unpriced.MIXED_CURRENCIES


async def test_A14_free_is_a_price(aloft: Aloft) -> None:
    """A model priced at nothing costs 0 and not null."""
    aloft.flight.close(Outcome.OK, 200, served=model(), metered=billed(pricing=prices("0", "0")))
    assert aloft.flight.record.cost == 0


async def test_A07_a_usage_that_cannot_be_believed_prices_nothing(aloft: Aloft) -> None:
    """Null and a reason, never a negative sum."""
    odd = billed(b'{"prompt_tokens": -5, "completion_tokens": 1}')
    aloft.flight.close(Outcome.OK, 200, served=model(), metered=odd)
    record = aloft.flight.record
    assert (record.cost, record.usage) == (None, None)
    assert record.unpriced_reason == Unpriced.UNUSABLE_USAGE


# --- Ended from outside ---


async def waiting(then: Callable[[Aloft], None]) -> Aloft:
    """A flight whose task is in the middle of something when something happens to it."""
    made: list[Aloft] = []

    async def fly() -> None:
        made.append(Aloft())
        await asyncio.sleep(30)

    task = asyncio.ensure_future(fly())
    await asyncio.sleep(0)
    then(made[0])
    with pytest.raises(asyncio.CancelledError):
        await task
    return made[0]


async def test_an_interrupt_cancels_the_task_and_says_why() -> None:
    """Whoever waits is cut short; the reason is there to be asked for."""
    aloft = await waiting(lambda one: one.flight.interrupt(Interrupt.CLIENT_GONE))
    assert aloft.flight.interrupted is Interrupt.CLIENT_GONE


async def test_the_first_reason_counts() -> None:
    """A client that leaves at the deadline has met the deadline."""

    def both(one: Aloft) -> None:
        one.flight.interrupt(Interrupt.DEADLINE)
        one.flight.interrupt(Interrupt.CLIENT_GONE)

    assert (await waiting(both)).flight.interrupted is Interrupt.DEADLINE
