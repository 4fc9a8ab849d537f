"""The whole application in this process, between a stubbed server and a stubbed provider.

Nothing in it ever waits and the event loop's clock stands, so a request runs from its first call to
its last without anything else having a turn: what is counted meanwhile is the request's own work
and the same every time, on a slow machine too.
"""

import asyncio
import json
import logging
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import msgspec
from uvicorn.server import ServerState

from bench import canned
from fakes.gateway import ADMIN_TOKEN, chat, model, write_config
from tollhouse.api.server import server_config
from tollhouse.app import Application, build
from tollhouse.ports import UpstreamRequest
from tollhouse.settings import load
from tollhouse.telemetry.logs import JsonFormatter

PASSED_ON = "bench/chat"
"""The model whose provider speaks the client's dialect."""
TRANSLATED = "bench/claude"
"""The model whose provider speaks Anthropic's dialect."""
SPARED = "bench/spared"
"""The like of the first, with failovers to both."""
_FINISH = {"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}


class StubExchange:
    """An answer that is there at once."""

    status = 200

    def __init__(self, content_type: str, pieces: Sequence[bytes]) -> None:
        self.content_type = content_type
        self.headers: Mapping[str, str] = {"content-type": content_type}
        self.whole = pieces[0] if len(pieces) == 1 else None
        self._pieces = iter(pieces)

    async def read(self) -> bytes:
        """The next piece."""
        return next(self._pieces, b"")

    def close(self) -> None:
        """Nothing is held."""


class StubTransport:
    """A provider that answers from memory: ``events`` for a stream."""

    def __init__(self) -> None:
        self.events = 10
        self._whole = canned.whole()
        self._event = canned.event(" word")
        last = {"id": "chatcmpl-bench1", "object": "chat.completion.chunk", "choices": [_FINISH]}
        usage = {"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17}
        self._end = [
            b"data: " + json.dumps(told).encode() + b"\n\n"
            for told in (last, {**last, "choices": [], "usage": usage})
        ] + [b"data: [DONE]\n\n"]
        self._message = canned.message()
        self._message_begin = canned.message_begin(" word")
        self._message_event = canned.message_event(" word")
        self._message_end = canned.message_end()

    async def send(self, request: UpstreamRequest) -> StubExchange:
        """Answer, in Anthropic's words what is asked at Anthropic's path."""
        messages = request.url.endswith(canned.MESSAGES)
        if b'"stream":true' not in request.body:
            return StubExchange("application/json", [self._message if messages else self._whole])
        pieces = [self._event] * self.events + self._end
        if messages:
            more = [self._message_event] * (self.events - 1)
            pieces = [self._message_begin, *more, self._message_end]
        return StubExchange("text/event-stream", pieces)

    async def aclose(self) -> None:
        """Nothing is held."""


class StubSocket(asyncio.Transport):
    """Keeps what the server writes to its client."""

    def __init__(self) -> None:
        super().__init__()
        self._written: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep it."""
        self._written.append(bytes(data))

    def is_closing(self) -> bool:
        """It stays open."""
        return False

    def pause_reading(self) -> None:
        """Nothing comes but what is handed over."""

    def resume_reading(self) -> None:
        """Nothing comes but what is handed over."""

    def body(self) -> bytes:
        """What was written since, without head and chunk sizes."""
        head, _, body = b"".join(self._written).partition(b"\r\n\r\n")
        self._written.clear()
        if b"transfer-encoding: chunked" not in head:
            return body
        return b"".join(body.split(b"\r\n")[1::2])


class StubbedApplication:
    """The application, and requests to it over a connection without a network."""

    def __init__(
        self, app: Application, upstream: StubTransport, forward: Callable[[float], None]
    ) -> None:
        self.app = app
        self.upstream = upstream
        self.forward = forward
        """Puts the event loop's clock forward, which stands otherwise."""
        self._key = ""
        config = server_config(app, app.ids, "127.0.0.1", 0)
        config.load()
        self._state = ServerState()
        self._socket = StubSocket()
        protocol: Callable[..., asyncio.Protocol] = config.http_protocol_class
        self._connection = protocol(config, self._state, {})
        self._connection.connection_made(self._socket)

    async def make_key(self) -> None:
        """A key to ask with."""
        answer = await self.ask("/admin/v1/keys", {"org": "acme"}, ADMIN_TOKEN)
        self._key = json.loads(answer)["key"]

    async def chat(self, model_id: str = PASSED_ON, **fields: Any) -> bytes:
        """The answer to a chat request."""
        answer = await self.ask("/v1/chat/completions", chat(model_id, **fields), self._key)
        assert b'"error"' not in answer, answer
        return answer

    async def ask(self, path: str, body: object, key: str) -> bytes:
        """The body of the answer to a POST."""
        told = msgspec.json.encode(body)  # in C: it does not count
        head = (
            f"POST {path} HTTP/1.1\r\nhost: gateway.example\r\naccept: application/json\r\n"
            "content-type: application/json\r\nuser-agent: OpenAI/Python 2.0\r\n"
            f"authorization: Bearer {key}\r\ncontent-length: {len(told)}\r\n\r\n"
        )
        self._connection.data_received(head.encode() + told)
        for task in list(self._state.tasks):
            await task
        return self._socket.body()

    def leave(self) -> None:
        """Close the connection."""
        self._connection.connection_lost(None)


@contextmanager
def logging_to_nowhere() -> Iterator[None]:
    """Log lines at info are made as ever, and written to nowhere."""
    log = logging.getLogger("tollhouse")
    before = log.level, log.propagate
    with Path(os.devnull).open("w") as nowhere:
        handler = logging.StreamHandler(nowhere)
        handler.setFormatter(JsonFormatter())
        log.addHandler(handler)
        log.setLevel(logging.INFO)
        log.propagate = False
        try:
            yield
        finally:
            log.removeHandler(handler)
            log.setLevel(before[0])
            log.propagate = before[1]


@contextmanager
def stopped_clock() -> Iterator[Callable[[float], None]]:
    """The event loop's clock stands, so that no timer is due; what is yielded puts it forward."""
    loop = asyncio.get_running_loop()
    before = loop.time
    now = before()

    def forward(seconds: float) -> None:
        nonlocal now
        now += seconds

    loop.time = lambda: now  # type: ignore[method-assign] # of this loop only
    try:
        yield forward
    finally:
        loop.time = before  # type: ignore[method-assign]


@asynccontextmanager
async def stubbed(folder: Path, models: int = 1) -> AsyncIterator[StubbedApplication]:
    """An application with so many models, one of Anthropic's and one with failovers, warm."""
    catalogue = [model(PASSED_ON), *(model(f"bench/other-{n}") for n in range(models - 1))]
    catalogue.append(model(TRANSLATED, "claude", upstream_model=canned.CLAUDE))
    catalogue.append(model(SPARED, failover=[TRANSLATED, PASSED_ON]))
    providers = {
        "up": {"base_url": "http://127.0.0.1:9/v1"},
        "claude": {"protocol": "anthropic", "base_url": "http://127.0.0.1:9"},
    }
    orgs = [{"slug": "acme", "plan": "pro"}]
    upstream = StubTransport()
    config = write_config(folder, providers, catalogue, orgs, {})
    app = build(load(config, {}), transport=upstream)
    with logging_to_nowhere():
        await app.start()
        try:
            with stopped_clock() as forward:
                ready = StubbedApplication(app, upstream, forward)
                await ready.make_key()
                for _ in range(5):
                    for model_id in (PASSED_ON, TRANSLATED, SPARED):
                        await ready.chat(model_id)
                        await ready.chat(model_id, stream=True)
                yield ready
                ready.leave()
        finally:
            await app.stop()
