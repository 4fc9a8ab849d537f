"""Failover under load: every request is answered by the failover, once, and paid to the last digit.

The first models fail in turn in six ways. A breaker would spare most requests the fault after five
of a kind, so each failing model is asked no more often than that: all two thousand meet theirs.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from e2e.failing import tried
from e2e.stage import read_json, spent
from e2e.wire import dial
from fakes.answers import Stream, drops, error, json_answer, rate_limited, silent
from fakes.gateway import RunningGateway, chat, model
from fakes.http_server import Behaviour, Call, Step
from fakes.openai_answers import Chat
from fakes.upstream import FakeUpstream, refused_url
from tollhouse.core.record import Record
from tollhouse.routing.breaker import FAULTS_TO_OPEN

REQUESTS = 2000
AT_ONCE = 50
FIRST_BYTE = 0.25
ERROR = {"error": {"message": "full", "type": "server_error", "code": 503}}


def error_first(call: Call) -> Iterator[Step]:
    """An error as the first event of a stream, or as the body of a 200."""
    behaviour = Stream([ERROR]) if call.json.get("stream") else json_answer(ERROR)
    return behaviour(call)


FAULTS: dict[str, tuple[Behaviour | None, str]] = {
    "refused": (None, "connect"),
    "status": (error(500), "status_500"),
    "limited": (rate_limited(), "rate_limited"),
    "silent": (silent(), "first_byte_timeout"),
    "cut": (drops(), "disconnected"),
    "first-event": (error_first, "status_503"),
}
KINDS = list(FAULTS)


@dataclass(frozen=True)
class Job:
    """One request and what must come of it."""

    number: int

    @property
    def kind(self) -> str:
        """The fault that it meets."""
        return KINDS[self.number % len(KINDS)]

    @property
    def stream(self) -> bool:
        """Every second round of faults is streamed."""
        return self.number // len(KINDS) % 2 == 0

    @property
    def model(self) -> str:
        """The failing model: no breaker opens before the last request that it gets."""
        each = 1 if self.kind == "limited" else FAULTS_TO_OPEN
        return f"{self.kind}/{self.number // len(KINDS) // each}"

    @property
    def usage(self) -> tuple[int, int]:
        """Tokens in and out, different for many."""
        return 10 + self.number % 17, 3 + self.number % 29

    @property
    def cost(self) -> Decimal:
        """At three and fifteen for a million."""
        tokens_in, tokens_out = self.usage
        return (tokens_in * Decimal(3) + tokens_out * Decimal(15)) / 10**6


def echo(call: Call) -> Iterator[Step]:
    """Says what it was told, with the usage that its request is to be billed for."""
    number = int(call.json["messages"][0]["content"])
    tokens_in, tokens_out = Job(number).usage
    usage = {"prompt_tokens": tokens_in, "completion_tokens": tokens_out}
    return Chat(str(number), words=1, usage=usage)(call)


@dataclass
class Answer:
    """What a client got."""

    job: Job
    request_id: str
    text: str
    cost: Decimal


def catalogue(jobs: list[Job]) -> list[dict[str, Any]]:
    """The failing models and the one that serves them all."""
    names = {job.model: job.kind for job in jobs}
    limits = {"timeouts": {"first_byte": FIRST_BYTE}}
    return [
        model("good", upstream_model="good-upstream"),
        *(
            model(
                name,
                "closed" if kind == "refused" else "up",
                upstream_model=f"{kind}-upstream",
                failover="good",
                provider_config=limits if kind == "silent" else None,
            )
            for name, kind in names.items()
        ),
    ]


async def work(gw: RunningGateway, jobs: list[Job], answers: list[Answer]) -> None:
    """One client: takes a job after the other on one connection."""
    async with dial(gw.url) as wire:
        while jobs:
            job = jobs.pop()
            body = chat(job.model, str(job.number), stream=job.stream)
            await wire.post("/v1/chat/completions", gw.key, body)
            status, headers, got = await wire.answer()
            assert status == 200, got
            assert headers["x-tollhouse-model"] == "good"
            assert headers["x-tollhouse-attempts"] == "2"
            assert headers["x-tollhouse-failover"] == FAULTS[job.kind][1], job
            text, cost = _read(got, stream=job.stream)
            answers.append(Answer(job, headers["x-request-id"], text, cost))


def _read(got: bytes, *, stream: bool) -> tuple[str, Decimal]:
    if not stream:
        body = read_json(got)
        return body["choices"][0]["message"]["content"], Decimal(str(body["usage"]["cost"]))
    *events, done = got.decode().rstrip().split("\n\n")
    assert done == "data: [DONE]"
    told = [read_json(event.removeprefix("data: ")) for event in events]
    (usage,) = [chunk["usage"] for chunk in told if chunk.get("usage")]
    said = [chunk["choices"][0]["delta"].get("content") or "" for chunk in told]
    return "".join(said), Decimal(str(usage["cost"]))


@pytest.mark.slow
async def test_C15_two_thousand_failing_requests_are_answered_once_and_paid_exactly(
    tmp_path: Path,
) -> None:
    """None lost, none answered twice, a ledger row for each answer, sums exact on both sides."""
    jobs = [Job(number) for number in range(REQUESTS)]
    async with (
        FakeUpstream() as up,
        RunningGateway(
            tmp_path,
            providers={"up": up.url, "closed": refused_url()},
            models=catalogue(jobs),
        ) as gw,
    ):
        up.script(echo, model="good-upstream")
        for kind, (behaviour, _) in FAULTS.items():
            if behaviour is not None:
                up.script(behaviour, model=f"{kind}-upstream")
        answers: list[Answer] = []
        waiting = jobs[::-1]
        await asyncio.gather(*(work(gw, waiting, answers) for _ in range(AT_ONCE)))
        records = await gw.records()
        usage = await gw.admin.get("/admin/v1/usage", params={"group_by": "model"})
        executed = Counter(
            call.json["messages"][0]["content"]
            for call in up.calls
            if call.model == "good-upstream"
        )
        calls = Counter(call.model for call in up.calls)

    assert sorted(answer.job.number for answer in answers) == list(range(REQUESTS))
    assert sum(answer.job.stream for answer in answers) >= REQUESTS // 2
    assert all(answer.text == str(answer.job.number) for answer in answers)
    assert all(answer.cost == answer.job.cost for answer in answers)
    assert executed == Counter({str(number): 1 for number in range(REQUESTS)})
    assert calls["refused-upstream"] == 0
    for kind in ("status", "limited", "silent", "first-event"):
        assert calls[f"{kind}-upstream"] == sum(job.kind == kind for job in jobs)
    # A cut on a re-used connection is sent again once: the bound is two calls for each.
    cut = sum(job.kind == "cut" for job in jobs)
    assert cut <= calls["cut-upstream"] <= 2 * cut
    _check_ledger(answers, records)
    _check_usage(read_json(usage.text), sum((job.cost for job in jobs), Decimal(0)))


def _check_ledger(answers: list[Answer], records: list[Record]) -> None:
    """As many rows as answers, each telling of its own."""
    rows = {record.request_id: record for record in records}
    assert len(records) == len(rows) == len({record.id for record in records}) == REQUESTS
    for answer in answers:
        record, job = rows.pop(answer.request_id), answer.job
        assert (record.status, record.http_status) == ("ok", 200)
        assert (record.requested_model, record.served_model) == (job.model, "good")
        assert record.stream == job.stream
        assert tried(record) == [(job.model, FAULTS[job.kind][1]), ("good", "ok")]
        assert record.usage is not None
        assert (record.usage.input_tokens, record.usage.output_tokens) == job.usage
        assert spent(record) == job.cost
    assert rows == {}


def _check_usage(told: dict[str, Any], total: Decimal) -> None:
    """The sums that operators see are those of the answers."""
    (row,) = told["data"]
    assert (row["model"], row["requests"], row["failed"]) == ("good", REQUESTS, 0)
    assert Decimal(str(row["cost"])) == total
