"""Streams that break before or after their first content, and what their clients are told."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from e2e.failing import PROVIDER_TEXT, failing
from e2e.stage import Stage, assert_shape, chunks, data_lines, text_of
from fakes.answers import Shape
from fakes.http_server import Behaviour
from fakes.openai_answers import CREATED, USAGE, Chat

COMMIT_AFTER = 0.3
"""Seconds after which a stream without content is sent on."""
KEEP_ALIVE = 0.1
"""Seconds of silence after which a client gets a comment."""


@asynccontextmanager
async def breaking(folder: Path) -> AsyncIterator[Stage]:
    """A stage on which none of this takes long, and nothing is tried twice."""
    async with failing(
        folder,
        failover={"commit_after": COMMIT_AFTER, "retries": 0},
        server={"keepalive_seconds": KEEP_ALIVE},
    ) as stage:
        yield stage


def piece(delta: dict[str, Any], finish: str | None = None, **more: Any) -> dict[str, Any]:
    """A chunk of a chat stream, as the provider sends it."""
    top = {"id": "c", "object": "chat.completion.chunk", "created": CREATED, "model": "up"}
    return {**top, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}


ROLE = piece({"role": "assistant", "content": ""})
HELLO = piece({"content": "Hel"})
STOP = piece({}, "stop", usage=USAGE)
ERROR = {"error": {"message": PROVIDER_TEXT, "type": "server_error", "code": 503}}
OPEN = Shape(done=0)
"""No ``[DONE]``."""


async def chain(stage: Stage, *behaviours: Behaviour, **fields: Any) -> tuple[str, str]:
    """A model that plays these, and its sound failover."""
    spare = await stage.model(Chat("from the spare"), name="spare")
    first = await stage.model(*behaviours, name="first", failover=spare, **fields)
    return first, spare


def broken_off(answer: httpx.Response) -> tuple[str, dict[str, Any]]:
    """The text and the error of a stream that broke off after its head was sent."""
    assert answer.status_code == 200
    lines = data_lines(answer)
    assert "[DONE]" not in lines
    shown: dict[str, Any] = json.loads(lines[-1])["error"]
    assert_shape(shown)
    assert PROVIDER_TEXT not in answer.text
    assert not any(chunk["choices"][0]["finish_reason"] for chunk in chunks(answer)[:-1])
    return text_of(answer), shown
