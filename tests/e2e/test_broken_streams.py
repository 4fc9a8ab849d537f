"""Streams of every provider that break, for clients of every dialect: never a clean end.

A stream is cut at every event and inside every event. What came before is told, then an error in
the client's protocol, and nothing behind it.
"""

import importlib
import os
from collections.abc import AsyncIterator
from importlib.util import find_spec
from typing import Any

import pytest
import pytest_asyncio

from e2e.cut_streams import PLACES, WHOLE_FROM, failing_after, pieces_of, stream_of
from e2e.speakers import DIALECTS, Heard, ask
from e2e.stage import Stage, exact, spent
from e2e.vendors import HELLO as SAID
from e2e.vendors import Vendors
from fakes.answers import frame, typed
from fakes.bedrock_answers import exception
from fakes.gateway import PROVIDER_KEY
from fakes.gemini_answers import error_object
from fakes.http_server import End
from tollhouse.core.record import CostStatus, Outcome, Record

pytestmark = pytest.mark.asyncio(loop_scope="module")

EACH = pytest.mark.parametrize("dialect", DIALECTS)
WORDS = f"the provider's own words {PROVIDER_KEY}"


async def record_of(vendors: Vendors, heard: Heard) -> Record:
    """What the ledger has of an answer."""
    return await Stage(vendors.up, vendors.gw).record(heard.answer)


def broken(told: Heard, code: str) -> None:
    """An error and no end, be it whole or the last event of a stream."""
    assert not told.ended
    assert told.error is not None
    assert told.error["code"] == code
    assert SAID.startswith(told.text)
    assert WORDS not in told.answer.text
    assert PROVIDER_KEY not in told.answer.text


@EACH
@pytest.mark.parametrize("place", PLACES)
async def test_B03_a_stream_cut_anywhere_is_an_error_and_not_an_end(
    vendors: Vendors, dialect: str, place: str
) -> None:
    """Only all of its events, the last one among them, are an answer."""
    pieces = pieces_of(place)
    whole = len(pieces) + WHOLE_FROM.get(place, 0)
    spoken = False
    model_id = await vendors.model(place)
    for count in range(len(pieces) + 1):
        for half in (b"", pieces[count][: len(pieces[count]) // 2] if count < whole else b""):
            end = (End.CLOSE, End.RESET)[count % 2]
            # The breaker opens in time; the only hop there is will be tried all the same.
            vendors.plays(place, stream_of(place, [*pieces[:count], half], end))
            told = await ask(vendors.gw, dialect, model_id, stream=True)
            if count >= whole:
                assert (told.text, told.ended, told.error) == (SAID, True, None)
                continue
            broken(told, "upstream_disconnected")
            assert (told.status == 200) >= spoken
            spoken = told.status == 200
            assert spoken or told.status == 502
    assert spoken


@EACH
@pytest.mark.parametrize("place", PLACES)
async def test_an_end_in_good_form_is_none_without_the_last_event(
    vendors: Vendors, dialect: str, place: str
) -> None:
    """The transfer may be complete; the answer is not."""
    pieces = pieces_of(place)[: WHOLE_FROM.get(place, 0) - 1]
    model_id = await vendors.model(place, stream_of(place, pieces, None))
    told = await ask(vendors.gw, dialect, model_id, stream=True)
    broken(told, "upstream_disconnected")
    assert told.text == SAID
    record = await record_of(vendors, told)
    assert (record.status, record.http_status) == (Outcome.UPSTREAM_ERROR, 200)
    assert (record.code, record.cost_status) == ("upstream_disconnected", CostStatus.PARTIAL)
    assert record.served_model == model_id
    assert record.usage is not None
    assert record.usage.input_tokens > 0
    # Anthropic has told one token by then, as a placeholder.
    assert record.usage.output_tokens >= 5
    assert spent(record)
    (attempt,) = record.attempts
    assert attempt.result == "disconnected"


def error_event(place: str, kind: str) -> bytes:
    """An error in a stream, as a place's provider says it."""
    if place == "anthropic":
        return typed("error", {"type": "error", "error": {"type": kind, "message": WORDS}})
    if place in {"converse", "invoke"}:
        return exception(kind, WORDS)
    if place == "gemini":
        status, name = kind.split()
        return frame({"error": error_object(int(status), name, WORDS)})
    if place == "responses" and kind.startswith("failed "):
        told = {"code": kind.removeprefix("failed "), "message": WORDS}
        usage = {"input_tokens": 12, "output_tokens": 3, "total_tokens": 15}
        response = {"id": "r", "status": "failed", "error": told, "output": [], "usage": usage}
        failed = {"type": "response.failed", "sequence_number": 9, "response": response}
        return typed("response.failed", failed)
    if place == "responses":
        return typed("error", {"type": "error", "code": kind, "message": WORDS, "param": None})
    return frame({"error": {"message": WORDS, "type": "server_error", "code": kind}})


ERRORS = [
    ("openai", "rate_limit_exceeded", "upstream_rate_limited", "rate_limited"),
    ("openai", "server_error", "upstream_error", "status_500"),
    ("anthropic", "overloaded_error", "upstream_error", "status_529"),
    ("anthropic", "api_error", "upstream_error", "status_500"),
    ("anthropic", "rate_limit_error", "upstream_rate_limited", "rate_limited"),
    ("anthropic", "billing_error", "upstream_auth_error", "auth"),
    ("invoke", "throttlingException", "upstream_rate_limited", "rate_limited"),
    ("invoke", "internalServerException", "upstream_error", "status_500"),
    ("converse", "throttlingException", "upstream_rate_limited", "rate_limited"),
    ("converse", "modelStreamErrorException", "upstream_error", "status_424"),
    ("converse", "modelTimeoutException", "upstream_error", "status_408"),
    ("converse", "serviceUnavailableException", "upstream_error", "status_503"),
    ("converse", "validationException", "validationException", "rejected"),
    ("converse", "someNewException", "upstream_error", "status_502"),
    ("gemini", "429 RESOURCE_EXHAUSTED", "upstream_rate_limited", "rate_limited"),
    ("gemini", "503 UNAVAILABLE", "upstream_error", "status_503"),
    ("gemini", "499 CANCELLED", "upstream_error", "status_499"),
    ("responses", "server_error", "upstream_error", "status_500"),
    ("responses", "failed rate_limit_exceeded", "upstream_rate_limited", "rate_limited"),
    ("responses", "failed server_error", "upstream_error", "status_500"),
]


@EACH
@pytest.mark.parametrize(("place", "kind", "code", "fault"), ERRORS)
async def test_B10_an_error_after_content_is_told_in_the_clients_protocol(
    vendors: Vendors, dialect: str, place: str, kind: str, code: str, fault: str
) -> None:
    """What was said stays said, no other model goes on, and what was used is paid for."""
    spare = await vendors.model("openai")
    count = len(pieces_of(place)) - (4 if place == "responses" else 2)
    made = failing_after(place, count, error_event(place, kind))
    model_id = await vendors.model(place, made, failover=spare)
    told = await ask(vendors.gw, dialect, model_id, stream=True)
    assert told.status == 200
    assert told.text
    broken(told, code)
    assert len(vendors.asked) == 1
    record = await record_of(vendors, told)
    assert [one.result for one in record.attempts] == [fault]
    assert (record.status, record.code) == (
        Outcome.UPSTREAM_ERROR,
        code if fault != "rejected" else "upstream_rejected",
    )
    assert record.cost_status is CostStatus.PARTIAL
    assert record.usage is not None
    assert record.usage.output_tokens >= 3


@EACH
@pytest.mark.parametrize(
    ("place", "kind", "status", "code"),
    [
        ("anthropic", "overloaded_error", 502, "upstream_error"),
        ("anthropic", "invalid_request_error", 400, "upstream_rejected"),
        ("converse", "throttlingException", 429, "upstream_rate_limited"),
        ("invoke", "validationException", 400, "validationException"),
        ("gemini", "503 UNAVAILABLE", 502, "upstream_error"),
        ("responses", "server_error", 502, "upstream_error"),
    ],
)
async def test_B04_an_error_before_content_is_a_whole_one(
    vendors: Vendors, dialect: str, place: str, kind: str, status: int, code: str
) -> None:
    """With no hop left, the client gets a status and not a stream."""
    announced = 0 if place == "gemini" else 1
    made = failing_after(place, announced, error_event(place, kind))
    model_id = await vendors.model(place, made)
    told = await ask(vendors.gw, dialect, model_id, stream=True)
    assert told.status == status
    broken(told, code)


def library_of(dialect: str) -> str:
    """The official client of a dialect."""
    return "anthropic" if dialect == "messages" else "openai"


@pytest_asyncio.fixture(name="clients", scope="module", loop_scope="module")
async def _clients(vendors: Vendors) -> AsyncIterator[dict[str, Any]]:
    """Each official client that is installed, and all of them where that is required."""
    made: dict[str, Any] = {}
    for library, kind in (("openai", "AsyncOpenAI"), ("anthropic", "AsyncAnthropic")):
        if (
            find_spec(library) is not None
            or os.environ.get("TOLLHOUSE_TEST_SERVICES") == "required"
        ):
            url = vendors.gw.url + ("/v1" if library == "openai" else "")
            client = getattr(importlib.import_module(library), kind)
            made[library] = client(base_url=url, api_key=vendors.gw.key, max_retries=0, timeout=20)
    yield made
    for client in made.values():
        await client.close()


async def raised(client: Any, dialect: str, model_id: str) -> tuple[str, Any]:
    """What the official client of a dialect makes of a stream: its words, and what it raises."""
    words = []
    hello = [{"role": "user", "content": "Hello"}]
    usual: dict[str, Any] = {"model": model_id, "stream": True}
    try:
        if dialect == "chat":
            async for told in await client.chat.completions.create(messages=hello, **usual):
                words += [choice.delta.content or "" for choice in told.choices]
        elif dialect == "responses":
            async for told in await client.responses.create(input=hello, **usual):
                words.append(told.delta if "text.delta" in told.type else "")
        else:
            async for told in await client.messages.create(messages=hello, max_tokens=9, **usual):
                words.append(getattr(getattr(told, "delta", None), "text", ""))
    except importlib.import_module(library_of(dialect)).APIError as error:
        return "".join(words), error
    return "".join(words), None


@EACH
@pytest.mark.parametrize("place", PLACES)
async def test_the_official_clients_raise(
    vendors: Vendors, clients: dict[str, Any], dialect: str, place: str
) -> None:
    """For a stream that was cut and one that ended in an error; a sound one is read to its end."""
    library = library_of(dialect)
    if library not in clients:
        pytest.skip(f"{library}'s SDK is not installed")
    pieces = pieces_of(place)
    kinds = {one: kind for one, kind, code, _ in ERRORS if code == "upstream_error"}
    for made, code in (
        (stream_of(place, pieces[:-3], End.RESET), "upstream_disconnected"),
        (failing_after(place, len(pieces) - 4, error_event(place, kinds[place])), "upstream_error"),
        (stream_of(place, pieces, None), None),
    ):
        model_id = await vendors.model(place, made)
        words, error = await raised(clients[library], dialect, model_id)
        assert words
        if code is None:
            assert (words, error) == (SAID, None)
        else:
            assert code in str(error.body)


@EACH
async def test_a_stream_that_broke_costs_what_it_used(vendors: Vendors, dialect: str) -> None:
    """By the usage so far where there is one, be it Google's on every event."""
    pieces = pieces_of("gemini")
    model_id = await vendors.model("gemini", stream_of("gemini", pieces[:-1], End.RESET))
    told = await ask(vendors.gw, dialect, model_id, stream=True)
    record = await record_of(vendors, told)
    assert record.usage is not None
    assert (record.usage.input_tokens, record.usage.output_tokens) == (12, 12)
    assert spent(record) == exact("0.000216")
