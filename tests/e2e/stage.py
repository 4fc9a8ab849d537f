"""One running gateway with one scripted provider for many tests, each with models of its own.

A test makes its models through the admin plane, with the misbehaviour that only they meet, so tests
that share a stage do not see each other: breakers, scripts, prices and records belong to a model.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from fakes.gateway import RunningGateway, chat
from fakes.gateway import model as document_of
from fakes.http_server import Behaviour, Call
from fakes.openai_answers import CREATED
from fakes.upstream import FakeUpstream
from tollhouse.core.record import Record

UNIT = Decimal(1).scaleb(-10)
"""What a record's cost counts."""
QUICK = {"failover": {"retries": 0}}
"""Settings that keep failing upstreams from being tried again after a wait."""


class Stage:
    """A gateway, its provider, and short ways to say what a test does with them."""

    def __init__(self, up: FakeUpstream, gw: RunningGateway) -> None:
        self.up = up
        self.gw = gw
        self._numbers = count(1)

    async def model(self, *behaviours: Behaviour, name: str = "m", **fields: Any) -> str:
        """A new model whose provider plays ``behaviours`` in order; returns its id."""
        model_id = f"{name}-{next(self._numbers)}"
        document = document_of(model_id, **fields)
        if behaviours:
            self.up.script(*behaviours, model=document["upstream_model"])
        made = await self.gw.admin.post("/v1/models", json=document)
        assert made.status_code == 201, made.text
        return model_id

    def calls(self, model_id: str) -> list[Call]:
        """What the provider was asked for a model, in order."""
        name = f"{model_id.rpartition('/')[2]}-upstream"
        return [call for call in self.up.calls if call.model == name]

    async def chat(self, model_id: str, **fields: Any) -> httpx.Response:
        """The answer to a chat request, read whole."""
        return await self.gw.client.post("/v1/chat/completions", json=chat(model_id, **fields))

    async def stream(self, model_id: str, **fields: Any) -> httpx.Response:
        """The answer to a streamed chat request, read whole."""
        return await self.chat(model_id, stream=True, **fields)

    async def record(self, request_id: str | httpx.Response) -> Record:
        """The only record of a request, waited for until it is closed and shipped."""
        if isinstance(request_id, httpx.Response):
            request_id = request_id.headers["x-request-id"]
        deadline = asyncio.get_running_loop().time() + 5
        while asyncio.get_running_loop().time() < deadline:
            await self.gw.app.shipper.flush(self.gw.app.clock.monotonic() + 1)
            found = await self.gw.app.store.records(
                filters={"request_id": request_id}, limit=10, cursor=None
            )
            if found.rows:
                (record,) = found.rows
                assert isinstance(record, Record)
                return record
            await asyncio.sleep(0.02)
        raise AssertionError(f"no record of {request_id}")

    async def metric(self, name: str, **labels: str) -> Decimal:
        """The sum of a metric's samples with these labels."""
        told = (await self.gw.admin.get("/metrics")).text
        total = Decimal(0)
        for line in told.splitlines():
            head, _, value = line.rpartition(" ")
            family, _, rest = head.partition("{")
            if family == name and all(
                f',{key}="{said}"' in f",{rest}" for key, said in labels.items()
            ):
                total += Decimal(value)
        return total


@asynccontextmanager
async def staged(folder: Path, **sections: Any) -> AsyncIterator[Stage]:
    """A stage with settings of its own."""
    async with (
        FakeUpstream() as up,
        RunningGateway(folder, providers={"up": up.url}, models=[], **(QUICK | sections)) as gw,
    ):
        yield Stage(up, gw)


# --- Money ---


def exact(cost: Any) -> Decimal:
    """An amount as it was told, to its last digit."""
    return Decimal(str(cost))


def per_million(*parts: tuple[int, str]) -> Decimal:
    """What so many tokens cost, each count at its price per million."""
    return sum((tokens * Decimal(price) for tokens, price in parts), Decimal(0)) / 10**6


def spent(record: Record) -> Decimal | None:
    """A record's cost in its currency."""
    return None if record.cost is None else record.cost * UNIT


# --- What an upstream says ---


def chunk(
    delta: Mapping[str, Any] | None,
    finish: str | None = None,
    *,
    model: str = "theirs",
    **more: Any,
) -> dict[str, Any]:
    """A chunk of a chat stream; without a delta it has no choices."""
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    top = {"id": "c", "object": "chat.completion.chunk", "created": CREATED, "model": model}
    return {**top, "choices": choices, **more}


# --- Answers ---


def read_json(text: str | bytes) -> Any:
    """JSON with its numbers as they were written."""
    return json.loads(text, parse_float=Decimal)


def usage_of(answer: httpx.Response) -> dict[str, Any]:
    """The usage of a whole answer, numbers as written."""
    assert answer.status_code == 200, answer.text
    usage: dict[str, Any] = read_json(answer.content)["usage"]
    return usage


def data_lines(answer: httpx.Response | bytes) -> list[str]:
    """The data of every event of a stream, read as the standard says."""
    body = answer if isinstance(answer, bytes) else answer.content
    found, data = [], []
    for line in re.split(r"\r\n|\n|\r", body.decode()):
        if line.startswith("data:"):
            data.append(line.removeprefix("data:").removeprefix(" "))
        elif not line and data:
            found.append("\n".join(data))
            data = []
    return found


def chunks(answer: httpx.Response | bytes) -> list[Any]:
    """The decoded events of a stream, without its terminator."""
    return [read_json(line) for line in data_lines(answer) if line != "[DONE]"]


def text_of(answer: httpx.Response | bytes) -> str:
    """The text of a streamed chat answer."""
    return "".join(
        choice["delta"].get("content") or ""
        for chunk in chunks(answer)
        for choice in chunk.get("choices") or []
    )


def streamed_usage(answer: httpx.Response) -> dict[str, Any]:
    """The usage of a streamed answer: the only chunk that tells one."""
    assert answer.status_code == 200, answer.text
    (usage,) = [chunk["usage"] for chunk in chunks(answer) if chunk.get("usage")]
    told: dict[str, Any] = usage
    return told


ANTHROPIC_ERRORS = frozenset(
    {
        *("invalid_request_error", "authentication_error", "billing_error", "permission_error"),
        *("not_found_error", "request_too_large", "rate_limit_error", "timeout_error"),
        *("api_error", "overloaded_error"),
    }
)
"""docs.claude.com/en/api/errors."""


def error_of(answer: httpx.Response) -> dict[str, Any]:
    """The error of an answer, after a look at its shape: Anthropic's where that is spoken."""
    body = answer.json()
    error: dict[str, Any]
    if answer.request.url.path.startswith("/v1/messages"):
        assert list(body) == ["type", "error", "request_id"], body
        assert body["type"] == "error"
        assert None not in body["error"].values()
        assert body["error"]["type"] in ANTHROPIC_ERRORS
        error = {"param": None, **body["error"], "request_id": body["request_id"]}
    else:
        assert list(body) == ["error"], body
        error = body["error"]
    assert_shape(error)
    assert error["request_id"] == answer.headers["x-request-id"]
    return error


def assert_shape(error: dict[str, Any]) -> None:
    """OpenAI's error, with proper nulls."""
    assert error.keys() >= {"message", "type", "param", "code", "request_id"}, error
    for name in ("message", "type", "code", "request_id"):
        assert isinstance(error[name], str), error
        assert error[name], error
    assert error["param"] is None or error["param"], error
    assert "None" not in (error["type"], error["param"])
