"""A system prompt is in the catalogue, its history and its trail, and nowhere else.

One gateway at debug level meets the ways a request with a prompt can end; then everything that it
wrote or tells clients and operators is searched, but for the store, whose affair the text is.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from fakes.answers import Shape, error, head_then, json_answer, rate_limited, silent
from fakes.gateway import chat, model
from fakes.http_server import Behaviour, Call, End, Step
from fakes.openai_answers import Chat
from fakes.process import GatewayProcess
from fakes.responses_answers import Responses
from fakes.upstream import FakeUpstream

pytestmark = pytest.mark.asyncio(loop_scope="module")

COMPOSED = "Never speak of the canary heron in the reeds"
OVERRIDE = "Never speak of the canary kestrel on the wall"
CANARIES = ("canary heron", "canary kestrel")


def quotes(status: int, *, in_200: bool = False) -> Behaviour:
    """An error that repeats what was sent."""

    def behave(call: Call) -> Iterator[Step]:
        said = f"cannot read {call.body.decode()}"
        told = {"error": {"message": said, "code": status}}
        return (json_answer(told) if in_200 else error(status, said))(call)

    return behave


BEHAVIOURS: dict[str, Behaviour] = {
    "ok": Chat(),
    "says-400": quotes(400),
    "says-401": quotes(401),
    "says-429": rate_limited(),
    "says-500": quotes(500),
    "says-error-in-200": quotes(400, in_200=True),
    "says-nothing": silent(),
    "breaks": head_then(b'{"choices":', End.CLOSE),
    "drops": Chat(shape=Shape(stop_after=3, end=End.RESET)),
}


@dataclass
class Told:
    """What the gateway told and wrote, by the name of the place."""

    up: FakeUpstream
    places: dict[str, str] = field(default_factory=dict)

    def put(self, name: str, answer: httpx.Response) -> httpx.Response:
        """Keep an answer."""
        self.places[name] = answer.text + str(answer.headers)
        return answer


@pytest_asyncio.fixture(name="told", scope="module", loop_scope="module")
async def _told(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Told]:
    async with (
        FakeUpstream() as up,
        GatewayProcess(
            tmp_path_factory.mktemp("prompts") / "gateway",
            providers={"up": up.url},
            models=[model(name, limits={"context_window": 50}) for name in BEHAVIOURS],
            telemetry={"log_level": "debug"},
            failover={"retries": 0},
            timeouts={"connect": 1, "first_byte": 0.5, "idle": 0.5, "total": 5},
        ) as gw,
    ):
        told = Told(up)
        prompt_id = await _written(gw, told)
        for name, behaviour in BEHAVIOURS.items():
            up.script(behaviour, model=f"{name}-upstream")
        for override in (None, OVERRIDE):
            for name in BEHAVIOURS:
                patch = {"system_prompt_id": prompt_id, "system_prompt": override}
                changed = await gw.admin.patch(f"/v1/models/{name}", json=patch)
                assert changed.status_code == 200, changed.text
            await _asked(gw, told, override or "composed")
        await _collected(gw, told)
        yield told


async def _written(gw: GatewayProcess, told: Told) -> str:
    """Writes that are refused, and one that is not; the id of the prompt."""
    sound: dict[str, Any] = {
        "name": "Quiet",
        "particles": [{"kind": "guardrails", "text": COMPOSED}],
    }
    particle = sound["particles"][0]
    for number, body in enumerate(
        (
            {**sound, "particles": [{**particle, "kind": COMPOSED}]},
            {**sound, "particles": [{**particle, "enabled": COMPOSED}]},
            {**sound, "particles": COMPOSED},
            {**sound, "name": [COMPOSED]},
            {**sound, "owner": {"kind": COMPOSED}},
        )
    ):
        refused = told.put(f"write {number}", await gw.admin.post("/admin/v1/prompts", json=body))
        assert refused.status_code == 422
    made = await gw.admin.post("/admin/v1/prompts", json=sound)
    assert made.status_code == 201
    prompt_id: str = made.json()["prompt_id"]
    return prompt_id


async def _asked(gw: GatewayProcess, told: Told, kind: str) -> None:
    """Every behaviour, streamed and not; and requests that the gateway refuses itself."""
    path = "/v1/chat/completions"
    for name in BEHAVIOURS:
        for stream in (False, True):
            answer = await gw.client.post(path, json=chat(name, stream=stream))
            told.put(f"{kind} {name} {stream}", answer)
    told.put(f"{kind} long", await gw.client.post(path, json=chat("ok", "word " * 60)))
    dry = {"x-tollhouse-dry-run": "true"}
    told.put(f"{kind} dry run", await gw.client.post(path, json=chat("ok"), headers=dry))
    odd = {"model": "ok", "prompt": [1, 2]}
    told.put(f"{kind} tokens", await gw.client.post("/v1/completions", json=odd))
    told.up.script(Responses(), model="ok-upstream")
    for stream in (False, True):
        asked = {"model": "ok", "input": "Hello", "stream": stream}
        answer = await gw.client.post("/v1/responses", json=asked)
        assert answer.status_code == 200, answer.text
        told.put(f"{kind} response {stream}", answer)
    told.up.script(BEHAVIOURS["ok"], model="ok-upstream")


async def _collected(gw: GatewayProcess, told: Told) -> None:
    async with asyncio.timeout(10):
        while (await gw.metrics())["tollhouse_ledger_backlog"]:
            await asyncio.sleep(0.1)
    for path in ("/metrics", "/admin/v1/records?limit=1000", "/admin/v1/usage?group_by=model"):
        told.put(path, await gw.admin.get(path))
    told.put("/v1/models", await gw.client.get("/v1/models"))
    told.places["logs"] = gw.logs()
    told.places |= _files(gw.folder)


def _files(folder: Path) -> dict[str, str]:
    """Every file that was written, but for the store."""
    return {
        f"file {file.name}": file.read_bytes().decode("latin-1")
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not file.name.startswith("tollhouse.db")
    }


async def test_prompts_were_really_sent(told: Told) -> None:
    """The provider got both, so what is searched for was there; and the logs are full."""
    bodies = b"".join(call.body for call in told.up.calls).decode()
    assert bodies.count(COMPOSED) >= 2 * len(BEHAVIOURS)
    assert bodies.count(OVERRIDE) >= 2 * len(BEHAVIOURS)
    assert told.places["logs"].count('"message":"request"') > 2 * len(BEHAVIOURS)
    assert any(".journal" in place for place in told.places)


@pytest.mark.parametrize("canary", CANARIES)
async def test_G12_prompt_is_in_no_log_metric_error_record_or_file(told: Told, canary: str) -> None:
    """Nor in any answer, however the request ended and whatever the provider repeated."""
    assert [place for place, text in told.places.items() if canary in text] == []
