"""Steady traffic over connections that the provider closes when they were idle for a while.

Requests come at about the moment at which their connection's time is up, so some meet it open, some
closed, and some are sent while the close is on its way: those are lost, and sent again unseen. It
takes seconds; with ``TOLLHOUSE_TEST_SOAK_SECONDS`` set to 60 or more it is a minute of a provider
that closes after one second.
"""

import asyncio
import random
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from e2e.soaking import soak_seconds
from e2e.stage import data_lines, read_json
from e2e.wire import Wire, dial
from fakes.answers import chunk, head
from fakes.gateway import RunningGateway, chat, model
from fakes.http_server import Behaviour, Call, End, Step
from fakes.late_closing import LateClosingUpstream
from fakes.openai_answers import Chat
from fakes.process import GatewayProcess
from fakes.upstream import FakeUpstream

PATH = "/v1/chat/completions"
LANES = 60
LONGEST = 60.0
USUAL = 5.0
SLOWEST = 6.0
"""How many times longer it may take."""
ENOUGH = 50
"""Requests that were sent while the close was on its way."""
LARGE = 150_000
"""Words of a request that is written in several pieces."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: how long it lasts, the provider's limit, and how far gaps are from it."""

    seconds: float
    idle: float
    on_its_way: float

    @property
    def gaps(self) -> tuple[float, float]:
        """The shortest and the longest: a connection's time is up in the middle of them."""
        return self.idle - 2 * self.on_its_way, self.idle + 2 * self.on_its_way


def pace() -> Pace:
    """The pace of this run."""
    asked = soak_seconds()
    if asked is None:
        return Pace(USUAL, idle=0.2, on_its_way=0.06)
    return Pace(min(asked, LONGEST), idle=1.0, on_its_way=0.06)


def echo(call: Call) -> Iterator[Step]:
    """Answers with the number that its request has."""
    return Chat(_number(call), words=1)(call)


def _number(call: Call) -> str:
    text: str = call.json["messages"][0]["content"]
    return text.partition(" ")[0]


@dataclass
class Traffic:
    """Lanes that ask again and again, each with pauses of about the idle limit."""

    up: LateClosingUpstream
    pace: Pace
    key: str
    answered: Counter[str] = field(default_factory=Counter)
    troubles: list[str] = field(default_factory=list)
    _dice: random.Random = field(default_factory=lambda: random.Random(18))

    async def lane(self, url: str, number: int) -> None:
        """One client of one model, whose requests take turns in kind."""
        now = asyncio.get_running_loop().time
        begun = now()
        async with dial(url) as wire:
            turn = 0
            while not self._over(now() - begun):
                name = f"{number}-{turn}"
                large = " x" * LARGE if turn % 7 == 6 else ""
                body = chat(f"m-{number}", name + large, stream=turn % 2 == 1)
                trouble = await self._ask(wire, name, body)
                if trouble:
                    self.troubles.append(f"{name}: {trouble}")
                else:
                    self.answered[name] += 1
                turn += 1
                await asyncio.sleep(self._dice.uniform(*self.pace.gaps))

    def _over(self, passed: float) -> bool:
        """Whether it has lasted, and met what it is about: a slow machine gets more time."""
        if passed < self.pace.seconds:
            return False
        return self.up.missed >= ENOUGH or passed > SLOWEST * self.pace.seconds

    async def _ask(self, wire: Wire, name: str, body: dict[str, Any]) -> str | None:
        await wire.post(PATH, self.key, body)
        status, headers, got = await wire.answer()
        if status != 200:
            return f"{status} {got.decode()}"
        met = headers["x-tollhouse-failover"]
        if headers["x-tollhouse-attempts"] != "1" or met != "none":
            return f"not at once: {met}"
        if _text(got, stream=body["stream"]) != name:
            return f"answered with {got.decode()}"
        return None


def _text(got: bytes, *, stream: bool) -> str:
    if not stream:
        return str(read_json(got)["choices"][0]["message"]["content"])
    *events, done = data_lines(got)
    assert done == "[DONE]"
    deltas = [choice["delta"] for event in events for choice in read_json(event)["choices"]]
    return "".join(delta.get("content") or "" for delta in deltas)


@pytest.mark.slow
@pytest.mark.timeout(SLOWEST * LONGEST + 60)
async def test_C18_steady_traffic_meets_closing_connections_without_an_error(
    tmp_path: Path,
) -> None:
    """Every request is answered, in one attempt, by one execution, though many were sent twice."""
    told = pace()
    async with (
        LateClosingUpstream(idle=told.idle, on_its_way=told.on_its_way) as up,
        # Another limit is another pool: each lane has a connection of its own that grows stale.
        GatewayProcess(
            tmp_path,
            providers={
                f"up-{lane}": {"base_url": up.url, "max_connections": 10 + lane}
                for lane in range(LANES)
            },
            models=[model(f"m-{lane}", f"up-{lane}") for lane in range(LANES)],
        ) as gw,
    ):
        up.script(echo)
        traffic = Traffic(up, told, gw.key)
        await asyncio.gather(*(traffic.lane(gw.url, lane) for lane in range(LANES)))
        metrics = await gw.metrics()
        executed = Counter(_number(call) for call in up.calls if call.finished_at is not None)
        broken_off = [call for call in up.calls if call.finished_at is None]

    asked = len(traffic.answered)
    sys.stdout.write(
        f"{asked} answered over {up.server.accepted} connections; {up.given_up} were given up, "
        f"{up.missed} of them with a request on its way\n"
    )
    assert traffic.troubles == []
    assert executed == traffic.answered == Counter(dict.fromkeys(traffic.answered, 1))
    assert broken_off == []
    # The race was met, and so were both its neighbours: connections closed in time, and re-used.
    assert up.missed >= ENOUGH
    assert up.given_up > up.missed
    assert LANES < up.server.accepted < asked
    attempts = {
        name: count for name, count in metrics.items() if name.startswith("tollhouse_attempts_")
    }
    assert sum(attempts.values()) == asked
    assert all('result="ok"' in name for name in attempts)


FIRST_BYTES: dict[str, Behaviour] = {
    "first_byte": lambda _call: [b"H", End.RESET],
    "half_a_head": lambda _call: [b"HTTP/1.1 200 OK\r\ncontent-", End.CLOSE],
    "head": lambda _call: [head(200, [("content-length", "9")]), End.RESET],
    "half_a_body": lambda _call: [
        head(200, [("content-type", "application/json"), ("transfer-encoding", "chunked")]),
        chunk(b'{"choices": ['),
        End.CLOSE,
    ],
}


@pytest.mark.parametrize("answer", FIRST_BYTES.values(), ids=FIRST_BYTES)
async def test_C18_what_the_provider_has_begun_to_answer_is_not_sent_again(
    tmp_path: Path, answer: Behaviour
) -> None:
    """A re-used connection that ends behind the first byte of an answer is an error, not stale."""
    once: Any = {"failover": {"retries": 0}}
    async with (
        FakeUpstream() as up,
        RunningGateway(tmp_path, providers={"up": up.url}, models=[model("m")], **once) as gw,
    ):
        up.script(Chat(), answer, Chat())
        statuses = []
        for text in ("warm", "cut", "after"):
            got = await gw.client.post(PATH, json=chat("m", text))
            statuses.append(got.status_code)
        executed = [_number(call) for call in up.calls]
        assert up.calls[1].connection == up.calls[0].connection
    assert statuses == [200, 502, 200]
    assert executed == ["warm", "cut", "after"]
