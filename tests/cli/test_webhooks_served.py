"""Webhooks of a gateway that runs: what any process writes reaches the receiver, restarts too."""

import asyncio
from contextlib import ExitStack
from pathlib import Path

from cli.shell import ADMIN_TOKEN, SECRET_KEY, Running, Shell, write_settings
from fakes.webhook_receiver import SECRET, receiving, status

SERVE = ("serve", "--config", "config/tollhouse.yaml")


async def test_writes_of_every_process_reach_the_receiver_over_restarts(
    stocked: Shell, site: Path
) -> None:
    """A write by the shell while the gateway runs, and one while none does."""

    def set_tier(tier: str) -> None:
        ran = stocked("models", "set", "lab/small", f"tier={tier}")
        assert ran.code == 0, ran.err

    async with receiving(lambda _: status(204)) as receiver:
        write_settings(
            site,
            auth={
                "admin_token": ADMIN_TOKEN,
                "secret_key": SECRET_KEY,
                "allow_private_upstreams": True,
            },
            webhooks=[
                {"name": "audit", "url": receiver.url, "secret": SECRET, "events": ["model.*"]}
            ],
        )

        def serve(running: Running) -> None:
            kept.enter_context(running)
            running.wait_until_ready()

        with ExitStack() as kept:
            first, second = Running(SERVE, site), Running(SERVE, site)
            await asyncio.to_thread(serve, first)
            await asyncio.sleep(1.0)  # a webhook begins when a gateway first sees it
            await asyncio.to_thread(set_tier, "premium")
            await receiver.until(1)
            assert await asyncio.to_thread(first.stop) == 0
            await asyncio.to_thread(set_tier, "standard")
            await asyncio.to_thread(serve, second)
            await receiver.until(2)
            assert await asyncio.to_thread(second.stop) == 0
            told = second.errors()

    assert [message["type"] for message in receiver.messages] == ["model.updated"] * 2
    after = [message["data"]["after"]["tier"] for message in receiver.messages]
    assert after == ["premium", "standard"]
    assert SECRET not in told
