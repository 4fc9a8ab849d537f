"""The whole application in this process, between a stubbed server and a stubbed provider.

Nothing in it ever waits, so a request runs from its first call to its last without the event loop
having a turn: what is counted meanwhile is the request's own work and the same every time.
"""

import json
import logging
import os
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Self

import tollhouse
from bench import canned
from fakes.gateway import ADMIN_TOKEN, chat, model, write_config
from tollhouse.app import Application, build
from tollhouse.ports import UpstreamRequest
from tollhouse.settings import load
from tollhouse.telemetry.logs import JsonFormatter

_OURS = str(Path(tollhouse.__file__).parent)
_TESTS = str(Path(__file__).parents[1])
# Later versions of Python run them without a call.
_NO_FUNCTIONS = frozenset({"<listcomp>", "<dictcomp>", "<setcomp>"})
_FINISH = {"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}


class StubExchange:
    """An answer that is there at once."""

    status = 200

    def __init__(self, content_type: str, pieces: Sequence[bytes]) -> None:
        self.headers: Mapping[str, str] = {"content-type": content_type}
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

    async def send(self, request: UpstreamRequest) -> StubExchange:
        """Answer."""
        if b'"stream":true' in request.body:
            pieces = [self._event] * self.events + self._end
            return StubExchange("text/event-stream", pieces)
        return StubExchange("application/json", [self._whole])

    async def aclose(self) -> None:
        """Nothing is held."""


class StubbedApplication:
    """The application, and requests to it."""

    def __init__(self, app: Application, upstream: StubTransport) -> None:
        self.app = app
        self.upstream = upstream
        self._key = ""

    async def make_key(self) -> None:
        """A key to ask with."""
        answer = await self.ask("/admin/v1/keys", {"org": "acme"}, ADMIN_TOKEN)
        self._key = json.loads(answer)["key"]

    async def chat(self, model_id: str = "bench/chat", **fields: Any) -> bytes:
        """The answer to a chat request."""
        answer = await self.ask("/v1/chat/completions", chat(model_id, **fields), self._key)
        assert b'"error"' not in answer, answer
        return answer

    async def ask(self, path: str, body: object, key: str) -> bytes:
        """The body of the answer to a POST."""
        told = json.dumps(body, separators=(",", ":")).encode()
        headers = [
            (b"host", b"gateway.example"),
            (b"accept", b"application/json"),
            (b"content-type", b"application/json"),
            (b"user-agent", b"OpenAI/Python 2.0"),
            (b"authorization", b"Bearer " + key.encode()),
            (b"content-length", b"%d" % len(told)),
        ]
        scope = {
            "type": "http",
            "http_version": "1.1",
            "scheme": "http",
            "method": "POST",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
        }
        sent: list[bytes] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": told, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message.get("body", b""))

        await self.app(scope, receive, send)
        return b"".join(sent)


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


@asynccontextmanager
async def stubbed(folder: Path, models: int = 1) -> AsyncIterator[StubbedApplication]:
    """An application with so many models, warm."""
    catalogue = [model("bench/chat"), *(model(f"bench/other-{n}") for n in range(models - 1))]
    providers = {"up": "http://127.0.0.1:9/v1"}
    orgs = [{"slug": "acme", "plan": "pro"}]
    upstream = StubTransport()
    config = write_config(folder, providers, catalogue, orgs, {})
    app = build(load(config, {}), transport=upstream)
    with logging_to_nowhere():
        await app.start()
        try:
            ready = StubbedApplication(app, upstream)
            await ready.make_key()
            for _ in range(5):
                await ready.chat()
                await ready.chat(stream=True)
            yield ready
        finally:
            await app.stop()


class Calls:
    """Counts the calls of Python functions inside a ``with`` block, on this thread."""

    def __init__(self) -> None:
        self.own = 0
        """Of functions of the package."""
        self.all = 0
        """Of those and of the libraries'."""

    def __enter__(self) -> Self:
        sys.setprofile(self._count)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _count(self, frame: FrameType, event: str, _: object) -> None:
        if event != "call":
            return
        code = frame.f_code
        if code.co_name in _NO_FUNCTIONS or code.co_filename.startswith(_TESTS):
            return
        self.all += 1
        self.own += code.co_filename.startswith(_OURS)
