"""The official OpenAI client, unmodified, in both its forms behind one way to call it.

The synchronous client blocks, so it runs in a thread while the gateway answers in the test's loop.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from openai import AsyncOpenAI, OpenAI

from e2e.stage import Stage

Ask = Callable[[Any], Any]
"""What is asked of a client; the same words for both forms."""


class Sdk:
    """A client of a stage's gateway. It never tries again, so that one call is one request."""

    def __init__(self, url: str, key: str, *, blocking: bool) -> None:
        kind: Any = OpenAI if blocking else AsyncOpenAI
        self.blocking = blocking
        self.client: Any = kind(base_url=f"{url}/v1", api_key=key, max_retries=0, timeout=20)

    async def __call__(self, ask: Ask) -> Any:
        """The result of one call."""
        if self.blocking:
            return await asyncio.to_thread(ask, self.client)
        return await ask(self.client)

    async def events(self, ask: Ask) -> list[Any]:
        """Every event of a streamed call."""
        if self.blocking:
            return await asyncio.to_thread(lambda: list(ask(self.client)))
        return [event async for event in await ask(self.client)]

    async def pages(self, ask: Ask) -> list[Any]:
        """Every item of a list."""
        if self.blocking:
            return await asyncio.to_thread(lambda: list(ask(self.client)))
        return [item async for item in ask(self.client)]

    async def accumulated(self, ask: Ask, final: str) -> tuple[list[str], Any]:
        """The kinds of events that a ``.stream()`` helper tells, and what it made of them."""
        if self.blocking:
            return await asyncio.to_thread(self._accumulate, ask, final)
        async with ask(self.client) as stream:
            kinds = [event.type async for event in stream]
            return kinds, await getattr(stream, final)()

    def _accumulate(self, ask: Ask, final: str) -> tuple[list[str], Any]:
        with ask(self.client) as stream:
            kinds = [event.type for event in stream]
            return kinds, getattr(stream, final)()

    async def raised(self, ask: Ask, *, streamed: bool = False) -> Any:
        """The exception that a call ends in."""
        try:
            await (self.events(ask) if streamed else self(ask))
        except Exception as error:  # noqa: BLE001 - which one it is, is what the tests look at
            return error
        raise AssertionError("nothing was raised")

    async def close(self) -> None:
        """Close its connections."""
        if self.blocking:
            self.client.close()
        else:
            await self.client.close()


@asynccontextmanager
async def sdk_for(stage: Stage, *, blocking: bool) -> AsyncIterator[Sdk]:
    """The official client of a stage's gateway."""
    sdk = Sdk(stage.gw.url, stage.gw.key, blocking=blocking)
    try:
        yield sdk
    finally:
        await sdk.close()
