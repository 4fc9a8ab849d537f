"""Anthropic's official client of a gateway, and what tests of it have in common."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from anthropic import AsyncAnthropic

from e2e.vendors import Vendors

HELLO = [{"role": "user", "content": "Hello"}]
WEATHER = {
    "name": "weather",
    "description": "The weather of a city.",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}


@asynccontextmanager
async def claude_for(vendors: Vendors) -> AsyncIterator[AsyncAnthropic]:
    """The client of a gateway; it never tries again, so that one call is one request."""
    gw = vendors.gw
    async with AsyncAnthropic(base_url=gw.url, api_key=gw.key, max_retries=0, timeout=20) as client:
        yield client


async def answered(client: AsyncAnthropic, *, stream: bool, **asked: Any) -> Any:
    """A message, asked for whole or put together from a stream by the SDK."""
    asked = {"max_tokens": 4000, "messages": HELLO, **asked}
    if not stream:
        return await client.messages.create(**asked)
    async with client.messages.stream(**asked) as streamed:
        return await streamed.get_final_message()


def next_turn(answer: Any, results: Sequence[tuple[str, str]] = ()) -> list[Any]:
    """The conversation with an answer as it came, and what the tools gave."""
    given: list[Any] = [
        {"type": "tool_result", "tool_use_id": call, "content": text} for call, text in results
    ]
    given = given or [{"type": "text", "text": "Go on."}]
    said = {"role": "assistant", "content": answer.content}
    return [*HELLO, said, {"role": "user", "content": given}]
