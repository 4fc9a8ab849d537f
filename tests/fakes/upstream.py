"""A scripted provider on loopback: real sockets, OpenAI's wire format, any misbehaviour.

In a test::

    async with FakeUpstream() as up:
        up.script(error(500), Chat("Hi"))     # first call fails, every later one answers
        up.script(silent(), model="gpt-slow") # whatever the others do
        ... up.url, up.calls, up.count, up.open, up.peak

Unscripted, every endpoint gets a sound answer. As a process of its own, for load and SDK tests:
``python tests/fakes/upstream.py --port 9000 --script slow``; ``GET /_calls`` then tells the counts.
"""

import argparse
import asyncio
import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fakes.answers import Answer, Chunking, Shape, drops, error, json_answer, rate_limited, silent
from fakes.anthropic_answers import Message
from fakes.anthropic_answers import counted as anthropic_counted
from fakes.bedrock_answers import chunks, converse, converse_stream
from fakes.bedrock_answers import counted as converse_counted
from fakes.gemini_answers import Gemini
from fakes.http_server import STATUS_PATH, Behaviour, Call, End, Server
from fakes.openai_answers import (
    Chat,
    Completion,
    Embeddings,
    Images,
    Transcription,
    models,
    moderation,
    rerank,
    speech,
    unknown,
)
from fakes.responses_answers import Responses


def played(answer: tuple[int, dict[str, str], bytes]) -> Behaviour:
    """An answer told by its status, headers and body."""
    status, headers, body = answer
    return Answer(body, status, tuple(headers.items()))


_HELLO = {"text": "Hello there, how can I help?"}
_SOUND: tuple[tuple[str, Behaviour], ...] = (
    ("/chat/completions", Chat()),
    ("/completions", Completion()),
    ("/responses", Responses()),
    ("/embeddings", Embeddings()),
    ("/images/generations", Images()),
    ("/images/edits", Images()),
    ("/images/variations", Images()),
    ("/audio/speech", speech),
    ("/audio/transcriptions", Transcription()),
    ("/audio/translations", Transcription()),
    ("/rerank", rerank),
    ("/moderations", moderation),
    ("/models", models),
    ("/v1/messages", Message()),
    ("/messages/count_tokens", anthropic_counted(12)),
    ("/count-tokens:rawPredict", anthropic_counted(12)),
    (":rawPredict", Message()),
    (":streamRawPredict", Message()),
    (":generateContent", Gemini()),
    (":streamGenerateContent", Gemini()),
    (":countTokens", Gemini()),
    ("/converse", played(converse(_HELLO))),
    ("/converse-stream", played(converse_stream(_HELLO))),
    ("/invoke", Message()),
    ("/invoke-with-response-stream", played(chunks(Message().events("claude")))),
    ("/count-tokens", played(converse_counted(12))),
)


def sound(call: Call) -> Behaviour:
    """What a healthy provider does about a call."""
    path = call.path.partition("?")[0]
    return next((made for end, made in _SOUND if path.endswith(end)), unknown)


class FakeUpstream:
    """The provider: ``url`` is its base URL (``…/v1``), ``calls`` what it was asked."""

    def __init__(
        self, *, port: int = 0, tls: ssl.SSLContext | None = None, remember: bool = True
    ) -> None:
        self.server = Server(self._choose, remember=remember)
        self.origin = ""
        self._port = port
        self._tls = tls
        self._scripts: dict[str | None, list[Behaviour]] = {}

    @property
    def url(self) -> str:
        """The base URL for a provider's configuration."""
        return f"{self.origin}/v1"

    @property
    def calls(self) -> list[Call]:
        """Every call so far, in order of arrival."""
        return self.server.calls

    @property
    def count(self) -> int:
        """How many calls so far."""
        return self.server.count

    @property
    def open(self) -> int:
        """How many answers are under way."""
        return self.server.open

    @property
    def peak(self) -> int:
        """The most that were under way at once."""
        return self.server.peak

    def called(self, model: str) -> int:
        """How many calls asked for a model."""
        return sum(call.model == model for call in self.calls)

    def script(self, *behaviours: Behaviour, model: str | None = None) -> None:
        """What the next calls (for ``model``, or for any) get, in order; the last one for ever."""
        self._scripts[model] = list(behaviours)

    def keep_idle(self, seconds: float | None) -> None:
        """Close connections that were idle for so long; None never does."""
        self.server.idle_seconds = seconds

    async def until(self, *, count: int | None = None, idle: bool = False) -> None:
        """Wait until so many calls have come, or until no answer is under way."""
        while (count is not None and self.count < count) or (idle and self.open):
            await asyncio.sleep(0.005)

    def _choose(self, call: Call) -> Behaviour:
        if call.path == STATUS_PATH:
            counts = {"count": self.count, "open": self.open, "peak": self.peak}
            return json_answer(counts)
        script = self._scripts.get(call.model) or self._scripts.get(None)
        if not script:
            return sound(call)
        return script.pop(0) if len(script) > 1 else script[0]

    async def __aenter__(self) -> Self:
        port = await self.server.start(self._port, self._tls)
        self.origin = f"{'https' if self._tls else 'http'}://127.0.0.1:{port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.server.stop()


def refused_url() -> str:
    """The base URL of a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/v1"


@contextmanager
def mute_port() -> Iterator[int]:
    """A port that takes connections and never says or reads anything (a TLS handshake hangs)."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        yield int(listener.getsockname()[1])


@contextmanager
def threaded_upstream() -> Iterator[FakeUpstream]:
    """The provider on a loop of its own in another thread, for tests that block."""
    up, ready, over = FakeUpstream(), threading.Event(), threading.Event()

    async def live() -> None:
        async with up:
            ready.set()
            while not over.is_set():
                await asyncio.sleep(0.02)

    thread = threading.Thread(target=lambda: asyncio.run(live()), daemon=True)
    thread.start()
    ready.wait(5)
    try:
        yield up
    finally:
        over.set()
        thread.join(5)


SCRIPTS: dict[str, Behaviour | None] = {
    "sound": None,
    "small": Chat("ok", words=1),
    "slow": Chat("word " * 100, words=100, shape=Shape(delay=0.1)),
    "paced": Chat("word " * 50, words=50, shape=Shape(delay=0.02)),
    "fast": Chat("word " * 100, words=100),
    "bytes": Chat(shape=Shape(chunking=Chunking.BYTE)),
    "cut": Chat(shape=Shape(stop_after=3, end=End.RESET)),
    "500": error(500),
    "429": rate_limited(),
    "silent": silent(),
    "drops": drops(),
}


def main() -> None:
    """Serve one script until interrupted; prints the base URL once it listens."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--script", choices=sorted(SCRIPTS), default="sound")
    asked = parser.parse_args()

    async def live() -> None:
        async with FakeUpstream(port=asked.port, remember=False) as up:
            chosen = SCRIPTS[asked.script]
            if chosen is not None:
                up.script(chosen)
            sys.stdout.write(f"{up.url}\n")
            sys.stdout.flush()
            await asyncio.Event().wait()

    try:
        import uvloop  # noqa: PLC0415 - only load tests want it
    except ImportError:
        run = asyncio.run
    else:
        run = uvloop.run
    try:
        run(live())
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
