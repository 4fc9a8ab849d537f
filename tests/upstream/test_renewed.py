"""A short-lived token: renewed in time, once for all who wait, and not over and over in trouble."""

import asyncio

import pytest

from tollhouse.upstream.renewed import NoToken, RenewedToken, Token
from upstream.token_calls import START, StillClock


class Giver:
    """Gives tokens that hold an hour; waits or fails as told."""

    def __init__(self, clock: StillClock) -> None:
        self.clock = clock
        self.asked = 0
        self.gate: asyncio.Event | None = None
        self.failure: NoToken | None = None

    async def __call__(self) -> Token:
        """Another token."""
        self.asked += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        return Token(f"t{self.asked}", self.clock.now() + 3600)


@pytest.fixture
def clock() -> StillClock:
    """The time."""
    return StillClock()


@pytest.fixture
def giver(clock: StillClock) -> Giver:
    """Who gives tokens."""
    return Giver(clock)


@pytest.fixture
def renewed(giver: Giver, clock: StillClock) -> RenewedToken:
    """The token under test."""
    return RenewedToken(giver, clock, "test token")


async def test_a_token_is_kept_until_it_is_nearly_over(
    renewed: RenewedToken, giver: Giver, clock: StillClock
) -> None:
    """One is asked for, and given to all until five minutes before its end."""
    assert {await renewed.value() for _ in range(3)} == {"t1"}
    clock.at = START + 3299
    assert await renewed.value() == "t1"
    assert giver.asked == 1


async def test_a_token_is_renewed_behind_its_users(
    renewed: RenewedToken, giver: Giver, clock: StillClock
) -> None:
    """Near its end the old one is given while the new one is fetched, once."""
    await renewed.value()
    giver.gate = asyncio.Event()
    clock.at = START + 3400
    assert {await renewed.value() for _ in range(5)} == {"t1"}
    await asyncio.sleep(0)
    assert giver.asked == 2
    giver.gate.set()
    await asyncio.sleep(0.01)
    assert await renewed.value() == "t2"
    assert giver.asked == 2


async def test_all_wait_for_the_same_renewal(
    renewed: RenewedToken, giver: Giver, clock: StillClock
) -> None:
    """Without a token that holds, many requests make one call; one that is gone stops nobody."""
    giver.gate = asyncio.Event()
    waiting = [asyncio.create_task(renewed.value()) for _ in range(20)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.sleep(0)
    giver.gate.set()
    told = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(told[0], asyncio.CancelledError)
    assert set(told[1:]) == {"t1"}
    assert giver.asked == 1
    clock.at = START + 3600 - 29
    assert await renewed.value() == "t2"


async def test_trouble_while_a_token_still_holds_is_nobodys_trouble(
    renewed: RenewedToken, giver: Giver, clock: StillClock
) -> None:
    """The old token is given as long as it holds, then the failure is told."""
    await renewed.value()
    giver.failure = NoToken("out of reach")
    clock.at = START + 3400
    assert await renewed.value() == "t1"
    await asyncio.sleep(0)
    clock.at = START + 3599
    assert await renewed.value() == "t1"
    clock.at = START + 3601
    with pytest.raises(NoToken, match="out of reach"):
        await renewed.value()


async def test_a_failure_is_not_repeated_at_once(
    renewed: RenewedToken, giver: Giver, clock: StillClock
) -> None:
    """For some seconds the failure is told without another call; then it is tried again."""
    giver.failure = NoToken("refused")
    for _ in range(5):
        with pytest.raises(NoToken, match="refused"):
            await renewed.value()
    assert giver.asked == 1
    clock.at += 6
    giver.failure = None
    assert await renewed.value() == "t2"
