"""Whether a process should get traffic, and how many requests it takes."""

import asyncio
from typing import Any, cast

import pytest

from pipeline.rig import Aloft, Shelf, snapshot
from tollhouse.core.errors import Code, GatewayError
from tollhouse.core.history import StoredCatalogue
from tollhouse.pipeline.flight import Interrupt
from tollhouse.pipeline.live import LiveCatalogue
from tollhouse.pipeline.state import ServingState


@pytest.fixture(name="live")
def _live() -> LiveCatalogue:
    return LiveCatalogue(cast("Any", Shelf()), cast("Any", None))


@pytest.fixture(name="state")
def _state(live: LiveCatalogue) -> ServingState:
    return ServingState(live, max_inflight=2)


async def test_J03_readiness_names_everything_that_is_missing(
    state: ServingState, live: LiveCatalogue
) -> None:
    """A catalogue, a schema, and not being about to stop."""
    assert len(state.not_ready()) == 2
    state.schema_ok = True
    live.swap(StoredCatalogue(3, ()), snapshot(version=3))
    assert state.not_ready() == []
    assert state.catalogue_version() == 3
    state.draining = True
    assert state.not_ready() == ["draining"]


def refusal(state: ServingState) -> GatewayError:
    """What a new request is told."""
    with pytest.raises(GatewayError) as raised:
        state.check_room()
    assert (raised.value.status, raised.value.headers["retry-after"]) == (503, "1")
    return raised.value


async def test_E04_room_is_bounded_by_the_requests_in_hand(state: ServingState) -> None:
    """The third of two is told to come back; when one has left there is room again."""
    flights = [Aloft().flight for _ in range(2)]
    for flight in flights:
        state.check_room()
        state.flights.add(flight)
    assert refusal(state).code is Code.GATEWAY_OVERLOADED
    state.flights.discard(flights[0])
    state.check_room()


async def test_J01_a_draining_process_takes_nothing_new(state: ServingState) -> None:
    """And asks the client to connect elsewhere."""
    state.draining = True
    error = refusal(state)
    assert error.code is Code.GATEWAY_DRAINING
    assert error.headers["connection"] == "close"


async def test_J01_the_end_of_draining_ends_every_request(state: ServingState) -> None:
    """Each learns that it was the shutdown."""
    flights = []

    async def fly() -> None:
        flight = Aloft().flight
        flights.append(flight)
        state.flights.add(flight)
        await asyncio.sleep(30)

    tasks = [asyncio.ensure_future(fly()) for _ in range(3)]
    await asyncio.sleep(0)
    state.interrupt_all()
    assert all(
        isinstance(one, asyncio.CancelledError)
        for one in await asyncio.gather(*tasks, return_exceptions=True)
    )
    assert {flight.interrupted for flight in flights} == {Interrupt.SHUTDOWN}
