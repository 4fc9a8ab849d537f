"""Scheduled changes in a running gateway: in force within a second, over a restart, once."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fakes.gateway import RunningGateway, chat, model
from fakes.slowness import in_time
from fakes.upstream import FakeUpstream

CHAT = "/v1/chat/completions"


def moment(seconds: float) -> str:
    """A time so many seconds from now."""
    return datetime.fromtimestamp(time.time() + seconds, UTC).isoformat()


async def schedule(gw: RunningGateway, seconds: float, **patch: Any) -> None:
    """A change of the model ``a``."""
    body = {"effective_at": moment(seconds), "patch": patch}
    answer = await gw.admin.post("/admin/v1/models/a/schedule", json=body)
    assert answer.status_code == 201, answer.text


async def seconds_until_refused(gw: RunningGateway, began: float | None = None) -> float:
    """How long the model goes on answering, from now or from ``began`` on."""
    began = time.monotonic() if began is None else began
    async with asyncio.timeout(5):
        while (await gw.client.post(CHAT, json=chat("a"))).status_code == 200:
            await asyncio.sleep(0.02)
    return time.monotonic() - began


async def test_a_change_is_in_force_within_a_second_on_every_worker(tmp_path: Path) -> None:
    """Of two gateways on one store, whichever makes it; the audit trail has it once."""
    common: dict[str, Any] = {
        "models": [model("a")],
        "store": {"url": f"sqlite:///{tmp_path}/shared.db"},
    }
    async with FakeUpstream() as up:
        providers = {"up": up.url}
        async with (
            RunningGateway(tmp_path / "one", providers=providers, **common) as gw,
            RunningGateway(tmp_path / "two", providers=providers, **common) as sibling,
        ):
            began = time.monotonic()
            await schedule(gw, 0.7, enabled=False)
            lines = (seconds_until_refused(line, began) for line in (gw, sibling))
            waited = await asyncio.gather(*lines)
            in_time(max(waited), 0.7 + 1)
            assert min(waited) > 0.5
            query = {"target": "a", "action": "model.updated"}
            events = (await gw.admin.get("/admin/v1/audit", params=query)).json()["data"]
            assert [event["actor"] for event in events] == ["local:scheduler"]


async def test_a_change_that_was_due_while_nobody_ran_is_made_at_the_start(tmp_path: Path) -> None:
    """The schedule is in the store."""
    async with FakeUpstream() as up:
        settings: dict[str, Any] = {"providers": {"up": up.url}, "models": [model("a")]}
        async with RunningGateway(tmp_path, **settings) as gw:
            await schedule(gw, 0.3, enabled=False)
        await asyncio.sleep(0.4)
        async with RunningGateway(tmp_path, **settings) as gw:
            in_time(await seconds_until_refused(gw), 1)
