"""Traffic of every kind at a constant rate, with a note of every record that it must leave.

Open loop: requests come when they are due, whatever becomes of those before them. Each has a name
of its own (its ``x-request-id``), which says what it was: ``stream-1234``.
"""

import asyncio
import json
import random
from array import array
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

from e2e.stage import data_lines
from fakes.answers import Shape, drops, error, html, json_answer, rate_limited, silent
from fakes.gateway import ADMIN_TOKEN, chat, model
from fakes.http_server import Behaviour, Call, Step
from fakes.line import Answer, Line
from fakes.openai_answers import Chat
from fakes.process import GatewayProcess
from fakes.upstream import FakeUpstream, refused_url

CHAT = "/v1/chat/completions"
PATIENCE = 20.0
"""Seconds after which a request without an answer has failed."""
LARGE = 1_000_000
"""Bytes of a large body."""
KEEP_IDLE = 30.0
"""Seconds for which a client's connection is used again: less than the gateway keeps it."""
_ERROR = {"error": {"message": "full", "type": "server_error", "code": 503}}
_FAILS: tuple[Behaviour, ...] = (error(500), drops(), html(), error(401), json_answer(_ERROR))
SHARES = {
    "chat": 38,
    "stream": 22,
    "embeddings": 10,
    "failover": 10,
    "refusal": 8,
    "leave_stream": 4,
    "leave_silence": 4,
    "patch": 2,
    "large": 2,
}
"""Of a hundred requests."""
FAILING = ("unsteady", "broken", "limited", "closed")
"""Models whose failover answers, more or less often."""
REFUSALS: tuple[tuple[int, Any, Mapping[str, str]], ...] = (
    (404, chat("unheard/of"), {}),
    (403, chat("off"), {}),
    (400, b'{"model": "sound", "messages": [', {}),
    (400, chat("embedder"), {}),
    (401, chat("sound"), {"authorization": "Bearer iak_nobody_0123456789abcdef"}),
)
"""The status, the request's body and its headers."""


def providers(up: FakeUpstream) -> dict[str, str]:
    """The one provider, and one that nobody can reach."""
    return {"up": up.url, "closed": refused_url()}


def catalogue() -> list[dict[str, Any]]:
    """The models that the traffic asks for."""
    return [
        *(model(name) for name in ("sound", "talking", "silent", "patched", "listed")),
        model("off", enabled=False),
        model("embedder", type="embeddings", pricing={"input_per_1m_tokens": "0.02"}),
        *(model(name, failover="sound") for name in FAILING[:-1]),
        model("closed", "closed", failover="sound"),
    ]


def play(up: FakeUpstream) -> None:
    """Give every model its behaviour."""
    by_turns = [step for fault in _FAILS for step in (fault, Chat())]
    up.script(_in_turn(by_turns), model="unsteady-upstream")
    up.script(_in_turn(_FAILS), model="broken-upstream")
    up.script(rate_limited("1"), model="limited-upstream")
    talking = Chat("word " * 12, words=12, shape=Shape(delay=0.03))
    up.script(talking, model="talking-upstream")


def _in_turn(behaviours: Sequence[Behaviour]) -> Behaviour:
    turns = cycle(behaviours)

    def play_next(call: Call) -> Iterable[Step]:
        return next(turns)(call)

    return play_next


@dataclass
class Owed:
    """What the ledger must have, by the names of requests."""

    once: dict[str, frozenset[str]] = field(default_factory=dict)
    """Those that must have one record, with the statuses that it may have."""
    at_most_once: set[str] = field(default_factory=set)
    """Those that left so early that nobody may have heard of them."""
    never: set[str] = field(default_factory=set)
    """Those that were refused."""

    def troubles(self, records: Iterable[tuple[str, str]]) -> list[str]:
        """What is wrong with these records, told by name and status."""
        found: dict[str, list[str]] = {}
        for name, status in records:
            found.setdefault(name, []).append(status)
        wrong = [f"{name}: none" for name in self.once.keys() - found.keys()]
        for name, statuses in found.items():
            allowed = self.once.get(name, LEFT if name in self.at_most_once else frozenset())
            if len(statuses) > 1 or not allowed.issuperset(statuses):
                wrong.append(f"{name}: {statuses}")
        return wrong


OK = frozenset({"ok"})
GONE = frozenset({"client_disconnected"})
LEFT = OK | GONE
"""A client that leaves may find that its answer was complete just before."""


class Traffic:
    """Requests to one gateway."""

    def __init__(self, gw: GatewayProcess, up: FakeUpstream) -> None:
        self.owed = Owed()
        self.troubles: list[str] = []
        self.sent: Counter[str] = Counter()
        self.chat_seconds = array("d")
        """How long whole chat answers took."""
        self._gw = gw
        self._dice = random.Random(5)
        self._number = 0
        self._idle: list[tuple[float, Line]] = []
        self._heard: set[str] = set()
        self._failing = cycle(FAILING)
        self._refusals = cycle(REFUSALS)
        up.script(self._hush, model="silent-upstream")

    async def run(self, seconds: float, rate: float) -> None:
        """Send for so many seconds and wait for the answers; trouble is noted, never raised."""
        now = asyncio.get_running_loop().time
        due, over = now(), now() + seconds
        kinds, shares = list(SHARES), list(SHARES.values())
        async with asyncio.TaskGroup() as group:
            while (due := due + self._dice.expovariate(rate)) < over:
                await asyncio.sleep(due - now())
                (kind,) = self._dice.choices(kinds, shares)
                self._number += 1
                self.sent[kind] += 1
                group.create_task(self._one(kind, f"{kind}-{self._number}"))
        for _, line in self._idle:
            line.writer.transport.abort()
        self._idle.clear()

    async def _one(self, kind: str, name: str) -> None:
        do: Callable[[str], Awaitable[str | None]] = getattr(self, f"_{kind}")
        try:
            async with asyncio.timeout(PATIENCE):
                trouble = await do(name)
        except (OSError, TimeoutError, ValueError) as error:
            trouble = repr(error)
        if trouble:
            self.troubles.append(f"{name}: {trouble}")

    # --- The kinds ---

    async def _chat(self, name: str) -> str | None:
        began = asyncio.get_running_loop().time()
        trouble = await self._sound(name, CHAT, chat("sound"))
        self.chat_seconds.append(asyncio.get_running_loop().time() - began)
        return trouble

    async def _large(self, name: str) -> str | None:
        return await self._sound(name, CHAT, chat("sound", "x" * LARGE))

    async def _embeddings(self, name: str) -> str | None:
        return await self._sound(
            name, "/v1/embeddings", {"model": "embedder", "input": ["a gate", "a road"]}
        )

    async def _failover(self, name: str) -> str | None:
        stream = self._number % 3 == 0
        return await self._sound(name, CHAT, chat(next(self._failing), stream=stream))

    async def _stream(self, name: str) -> str | None:
        self.owed.once[name] = OK
        answer = await self._ask(CHAT, chat("talking", stream=True), name)
        if answer.status != 200:
            return _shown(answer)
        *events, done = data_lines(answer.body)
        return None if done == "[DONE]" and len(events) == 14 else _shown(answer)

    async def _refusal(self, name: str) -> str | None:
        self.owed.never.add(name)
        status, body, headers = next(self._refusals)
        answer = await self._ask(CHAT, body, name, **headers)
        return None if answer.status == status else _shown(answer)

    async def _patch(self, name: str) -> str | None:
        told = {"metadata": {"turn": name}, "tags": [name]}
        authorization = f"Bearer {ADMIN_TOKEN}"
        answer = await self._ask(
            "/v1/models/patched", told, name, method="PATCH", authorization=authorization
        )
        if answer.status != 200 or answer.json["metadata"] != told["metadata"]:
            return _shown(answer)
        return await self._sound(name, CHAT, chat("patched"))

    async def _leave_stream(self, name: str) -> str | None:
        self.owed.once[name] = LEFT
        async with Line(self._gw.url, self._gw.key) as line:
            _send(line, chat("talking", stream=True), name)
            status, headers = await line.answer_head()
            if status != 200:
                return str(status)
            await anext(line.pieces(headers))
        return None

    async def _leave_silence(self, name: str) -> str | None:
        async with Line(self._gw.url, self._gw.key) as line:
            _send(line, chat("silent", name), name)
            await asyncio.sleep(self._dice.uniform(0, 0.4))
            # What its provider has heard of was admitted.
            if name in self._heard:
                self.owed.once[name] = GONE
            else:
                self.owed.at_most_once.add(name)
        return None

    def _hush(self, call: Call) -> Iterable[Step]:
        self._heard.add(call.json["messages"][0]["content"])
        return silent()(call)

    # --- How they are sent ---

    async def _sound(self, name: str, path: str, body: Any) -> str | None:
        """A request that must be answered well, whoever does it."""
        self.owed.once[name] = OK
        answer = await self._ask(path, body, name)
        return None if answer.status == 200 and b'"cost"' in answer.body else _shown(answer)

    async def _ask(
        self, path: str, body: Any, name: str, *, method: str = "POST", **headers: str
    ) -> Answer:
        line = await self._line()
        try:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            line.send(line.head(method, path, len(data), x_request_id=name, **headers) + data)
            answer = await line.answer()
        except BaseException:
            line.writer.transport.abort()
            raise
        self._idle.append((asyncio.get_running_loop().time(), line))
        return answer

    async def _line(self) -> Line:
        """A connection, the one that was used last if there is any."""
        while self._idle:
            since, line = self._idle.pop()
            if asyncio.get_running_loop().time() - since < KEEP_IDLE:
                return line
            line.writer.transport.abort()
        return await Line(self._gw.url, self._gw.key).__aenter__()


def _send(line: Line, body: Any, name: str) -> None:
    data = json.dumps(body).encode()
    line.send(line.head("POST", CHAT, len(data), x_request_id=name) + data)


def _shown(answer: Answer) -> str:
    return f"{answer.status} {dict(answer.headers)} {answer.body[-300:]!r}"
