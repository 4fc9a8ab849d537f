"""Contract section 7's table from end to end: every fault, streamed and not, with and without a hop
left: what the client gets, what each provider was asked, what the ledger and the breakers say.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from e2e.failing import PROVIDER_TEXT, breaker, failing, fails, told, tried
from e2e.stage import Stage, error_of, text_of
from fakes.answers import Answer, Shape, Stream, drops, html, json_answer, redirect, silent
from fakes.http_server import Behaviour, End
from fakes.openai_answers import Chat
from tollhouse.routing.breaker import FAULTS_TO_OPEN

pytestmark = pytest.mark.asyncio(loop_scope="module")

WHOLE, STREAMED = "whole", "streamed"
SILENCE = {"timeouts": {"first_byte": 0.15}}
ROLE = {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]}


@dataclass(frozen=True)
class Row:
    """One fault, and what becomes of a request that meets nothing else."""

    name: str
    behaviour: Behaviour
    fault: str
    """What headers, records, metrics and the error's list of attempts call it."""
    status: int
    """The answer when no hop is left …"""
    code: str
    """… and its code."""
    provider_status: int | None = None
    """The status on record: the provider's, or the one that its error code stands for."""
    provider: str = "up"
    only: str | None = None
    """The one way of asking in which it can happen."""
    again: bool = True
    """Whether the last target is tried once more."""
    moves: bool = True
    """Whether another hop is tried."""
    hopeless: bool = False
    """Whether the client is told that another try cannot help."""
    opens: int | None = FAULTS_TO_OPEN
    """How many of it in a row open the breaker; None: it does not count."""
    config: Any = None


def failed(status: int) -> Row:
    """A status that tells of the provider's own trouble."""
    name = f"status_{status}"
    return Row(name, fails(status), name, 502, "upstream_error", status)


def refused(status: int) -> Row:
    """A status that tells of the client's own mistake."""
    return Row(
        f"refused_{status}",
        fails(status, code="odd_request"),
        "rejected",
        status,
        "odd_request",
        status,
        again=False,
        moves=False,
        hopeless=True,
        opens=None,
    )


def lasting(status: int, fault: str, code: str) -> Row:
    """A status that tells of our credential or of our name for the model."""
    return Row(
        f"{fault}_{status}", fails(status), fault, 502, code, status, again=False, hopeless=True
    )


def unusable(name: str, behaviour: Behaviour, status: int | None = None, **more: Any) -> Row:
    """A 200 that is no answer."""
    return Row(
        name, behaviour, "invalid_response", 502, "upstream_invalid_response", status, **more
    )


def cut_off(name: str, behaviour: Behaviour, **more: Any) -> Row:
    """A connection that ended before its answer did."""
    return Row(name, behaviour, "disconnected", 502, "upstream_disconnected", **more)


def limited(name: str, behaviour: Behaviour, **more: Any) -> Row:
    """A 429."""
    code = "upstream_rate_limited"
    return Row(name, behaviour, "rate_limited", 429, code, 429, again=False, opens=1, **more)


def in_body(code: Any, kind: str = "server_error") -> dict[str, Any]:
    """An error object where an answer should be."""
    return {"error": {"message": PROVIDER_TEXT, "type": kind, "param": None, "code": code}}


def unreached(name: str, provider: str) -> Row:
    """A provider that no connection can be made to."""
    return Row(name, Chat(), "connect", 502, "upstream_unreachable", provider=provider)


ROWS = [
    unreached("refused_connection", "closed"),
    unreached("unknown_host", "nowhere"),
    unreached("unknown_certificate", "strange"),
    Row("silent", silent(), "first_byte_timeout", 504, "upstream_timeout", config=SILENCE),
    *(failed(status) for status in (408, 409, 500, 502, 503, 504, 529)),
    limited("limited_beyond_the_cap", fails(429, retry_after="700")),
    limited("limited_without_a_time", fails(429)),
    *(lasting(status, "auth", "upstream_auth_error") for status in (401, 403)),
    lasting(404, "model_missing", "upstream_model_missing"),
    *(refused(status) for status in (400, 413, 415, 422)),
    Row("error_502", json_answer(in_body(None, "odd")), "status_502", 502, "upstream_error", 502),
    Row("error_503", json_answer(in_body(503)), "status_503", 502, "upstream_error", 503),
    limited("error_429", json_answer(in_body("rate_limit_exceeded"))),
    unusable("null", Answer(b"null")),
    unusable("empty", Answer(b"")),
    unusable("empty_object", json_answer({})),
    unusable("html", html()),
    unusable("truncated_json", Answer(b'{"id":"x","choices":[{"index":0,"mess')),
    unusable("redirect", redirect("https://elsewhere.example/"), 302),
    cut_off("cut_before_the_first_byte", drops()),
    cut_off("reset_before_the_first_byte", drops(End.RESET)),
    cut_off("cut_in_the_body", Answer(b'{"id": "x"}' * 9, stop_at=10, end=End.CLOSE), only=WHOLE),
    unusable(
        "whole_for_a_stream", lambda call: json_answer(Chat().whole(call))(call), only=STREAMED
    ),
    Row(
        "first_event_500",
        Stream([in_body(500)]),
        "status_500",
        502,
        "upstream_error",
        500,
        only=STREAMED,
    ),
    Row(
        "role_then_error",
        Stream([ROLE, in_body("overloaded")]),
        "status_529",
        502,
        "upstream_error",
        529,
        only=STREAMED,
    ),
    limited("first_event_429", Stream([in_body(429)]), only=STREAMED),
    unusable("first_event_no_json", Stream(["<html>"]), only=STREAMED),
    unusable("only_done", Stream([]), only=STREAMED),
    cut_off("no_event", Stream([], Shape(done=0)), only=STREAMED),
    cut_off("ends_after_the_role", Stream([ROLE], Shape(done=0)), only=STREAMED),
    cut_off("reset_after_the_role", Stream([ROLE], Shape(done=0, end=End.RESET)), only=STREAMED),
]
WAYS = [
    pytest.param(row, way, id=f"{row.name}-{way}")
    for row in ROWS
    for way in (WHOLE, STREAMED)
    if row.only in (None, way)
]


@pytest_asyncio.fixture(name="stage", scope="module", loop_scope="module")
async def _stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with failing(tmp_path_factory.mktemp("table")) as stage:
        yield stage


async def target(stage: Stage, row: Row, **fields: Any) -> str:
    """A model that meets the row's fault whenever it is asked, on connections that are new."""
    stage.up.server.drop_idle()
    if row.config is not None:
        fields["provider_config"] = row.config
    return await stage.model(row.behaviour, name=row.name, provider=row.provider, **fields)


@pytest.mark.parametrize(("row", "way"), WAYS)
async def test_C03_a_fault_with_a_hop_left(stage: Stage, row: Row, way: str) -> None:
    """The next hop answers as if nothing had happened, unless the request itself was refused."""
    spare = await stage.model(Chat("from the spare"), name="spare")
    first = await target(stage, row, failover=spare)
    answer = await stage.chat(first, stream=way == STREAMED)
    record = await stage.record(answer)
    reached = row.provider == "up"
    assert len(stage.calls(first)) == reached
    assert answer.headers["x-tollhouse-requested-model"] == first
    assert answer.headers["x-tollhouse-failover"] == row.fault
    assert record.attempts[0].status == row.provider_status
    if not row.moves:
        assert answer.status_code == row.status
        assert error_of(answer)["code"] == row.code
        assert stage.calls(spare) == []
        assert tried(record) == [(first, row.fault)]
        return
    assert answer.status_code == 200, answer.text
    text = text_of(answer) if way == STREAMED else answer.json()["choices"][0]["message"]["content"]
    assert text == "from the spare"
    assert answer.headers["x-tollhouse-model"] == spare
    assert answer.headers["x-tollhouse-provider"] == "up"
    assert answer.headers["x-tollhouse-attempts"] == "2"
    assert len(stage.calls(spare)) == 1
    assert tried(record) == [(first, row.fault), (spare, "ok")]
    assert (record.status, record.http_status, record.code) == ("ok", 200, None)
    assert (record.requested_model, record.model, record.served_model) == (first, first, spare)


@pytest.mark.parametrize(("row", "way"), WAYS)
async def test_C03_a_fault_with_no_hop_left(stage: Stage, row: Row, way: str) -> None:
    """The same target is tried once more where that can help; then the client is told why."""
    only = await target(stage, row)
    answer = await stage.chat(only, stream=way == STREAMED)
    record = await stage.record(answer)
    attempts = [(only, row.fault)] * (2 if row.again else 1)
    assert answer.status_code == row.status
    assert answer.headers["content-type"] == "application/json"
    shown = error_of(answer)
    assert shown["code"] == row.code
    assert told(answer) == attempts
    assert answer.headers["x-tollhouse-attempts"] == str(len(attempts))
    assert answer.headers["x-tollhouse-failover"] == row.fault
    assert "x-tollhouse-model" not in answer.headers
    assert (answer.headers.get("x-should-retry") == "false") == row.hopeless
    assert "sk-canary" not in answer.text
    assert (PROVIDER_TEXT[:20] in shown["message"]) == (row.fault == "rejected")
    assert len(stage.calls(only)) == (len(attempts) if row.provider == "up" else 0)
    assert tried(record) == attempts
    assert {attempt.status for attempt in record.attempts} == {row.provider_status}
    ended = "client_error" if row.fault == "rejected" else "upstream_error"
    assert (record.status, record.http_status) == (ended, row.status)
    assert record.code == ("upstream_rejected" if row.fault == "rejected" else row.code)
    assert record.served_model is None
    assert record.first_byte_us is None


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.only != STREAMED], ids=lambda row: row.name
)
async def test_C07_what_opens_a_breaker(stage: Stage, row: Row) -> None:
    """Five counted faults in a row open it, a 429 at once, the client's own mistakes never."""
    spare = await stage.model(name="spare")
    first = await target(stage, row, failover=spare)
    for number in range(1, (row.opens or FAULTS_TO_OPEN) + 1):
        assert breaker(stage, first, row.provider) == "closed"
        answer = await stage.chat(first)
        assert answer.headers["x-tollhouse-failover"] == row.fault, number
    before = len(stage.calls(first))
    answer = await stage.chat(first)
    if row.opens is None:
        assert breaker(stage, first, row.provider) == "closed"
        assert len(stage.calls(first)) == before + 1
        return
    assert breaker(stage, first, row.provider) == "open"
    assert answer.status_code == 200
    assert answer.headers["x-tollhouse-failover"] == "breaker_open"
    assert answer.headers["x-tollhouse-attempts"] == "1"
    assert len(stage.calls(first)) == before


@pytest.mark.parametrize("way", [WHOLE, STREAMED])
async def test_C07_an_error_of_the_client_inside_a_200_is_the_clients(
    stage: Stage, way: str
) -> None:
    """A code that stands for 400 is answered with 400, and no other hop is asked."""
    said = in_body("context_length_exceeded", "invalid_request_error")
    spare = await stage.model(name="spare")
    first = await stage.model(
        Stream([said]) if way == STREAMED else json_answer(said), failover=spare
    )
    answer = await stage.chat(first, stream=way == STREAMED)
    assert answer.status_code == 400
    assert error_of(answer)["code"] == "context_length_exceeded"
    assert stage.calls(spare) == []
    assert breaker(stage, first) == "closed"


@pytest.mark.parametrize("stream", [False, True])
async def test_C18_a_stale_connection_is_replaced_once_and_no_attempt(
    stage: Stage, *, stream: bool
) -> None:
    """A re-used connection that closes without a byte costs one re-send and counts nowhere."""
    warm = await stage.model(name="warm")
    assert (await stage.chat(warm)).status_code == 200
    model_id = await stage.model(drops(), Chat("again"), name="stale")
    answer = await stage.chat(model_id, stream=stream)
    assert answer.status_code == 200
    assert answer.headers["x-tollhouse-attempts"] == "1"
    assert answer.headers["x-tollhouse-failover"] == "none"
    first, second = stage.calls(model_id)
    assert first.body == second.body
    assert first.connection != second.connection
    assert tried(await stage.record(answer)) == [(model_id, "ok")]
    assert stage.gw.app.targets._breakers.get((model_id, "up")) is None


async def test_I03_attempts_failovers_and_breakers_are_counted(stage: Stage) -> None:
    """One limited attempt, one failover, one good attempt, one open breaker: each in its metric."""
    spare = await stage.model(name="counted-spare")
    first = await stage.model(fails(429), name="counted", failover=spare)
    await stage.record(await stage.stream(first))
    attempts = "tollhouse_attempts_total"
    assert await stage.metric(attempts, model=first, provider="up", result="rate_limited") == 1
    assert await stage.metric(attempts, model=spare, provider="up", result="ok") == 1
    moved = {"from_model": first, "to_model": spare, "reason": "rate_limited"}
    assert await stage.metric("tollhouse_failovers_total", **moved) == 1
    served = {"model": first, "served_model": spare, "org": "acme", "outcome": "ok"}
    assert await stage.metric("tollhouse_requests_total", **served) == 1
    assert await stage.metric("tollhouse_breaker_open", model=first) == 1
