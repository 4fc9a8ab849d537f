"""Our own bugs tell nothing: not to the client, not to the log, whatever their exception says."""

import io
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from fakes.gateway import RunningGateway, chat, model
from fakes.upstream import FakeUpstream
from tollhouse.core.faults import Fault
from tollhouse.ports import Exchange, UpstreamRequest
from tollhouse.telemetry.logs import configure

PROMPT = "canary.prompt.zebra"
CHAT = "/v1/chat/completions"


class Bug(Exception):
    """What nobody foresaw."""


class BuggyTransport:
    """Breaks with all that it knows in its exception."""

    async def send(self, request: UpstreamRequest) -> Exchange | Fault:
        """Break."""
        raise Bug(request.body.decode(), dict(request.headers))

    async def aclose(self) -> None:
        """Nothing is open."""


class BuggyExchange:
    """A stream that begins well and breaks."""

    def __init__(self) -> None:
        self.status = 200
        self.content_type = "text/event-stream"
        self.whole: bytes | None = None
        self.headers: Mapping[str, str] = {"content-type": self.content_type}
        self._pieces = [b'data: {"choices":[{"delta":{"content":"hi"}}]}\n\n']

    async def read(self) -> bytes | Fault:
        """Break at the second piece."""
        if self._pieces:
            return self._pieces.pop()
        raise Bug(PROMPT)

    def close(self) -> None:
        """Nothing is open."""


class BuggyStream(BuggyTransport):
    """Answers with such a stream."""

    async def send(self, _request: UpstreamRequest) -> Exchange | Fault:
        """Answer."""
        return BuggyExchange()


@pytest.fixture(name="log", params=["json", "text"])
def _log(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """All that the process logs at debug level, in each form."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    flags = (logging.logThreads, logging.logProcesses, logging.logMultiprocessing)
    written = io.StringIO()
    configure("debug", request.param, written)
    yield written
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.logThreads, logging.logProcesses, logging.logMultiprocessing = flags
    logging.getLogger("tollhouse").setLevel(logging.NOTSET)


async def test_G12_bug_before_an_answer_is_a_plain_500(tmp_path: Path, log: io.StringIO) -> None:
    """The client gets internal_error, the log the exception's type and places, the ledger a row."""
    async with RunningGateway(
        tmp_path, providers={"up": "http://127.0.0.1:9/v1"}, models=[model("a")]
    ) as gw:
        _break(gw, BuggyTransport())
        answer = await gw.client.post(CHAT, json=chat("a", PROMPT))
        assert answer.status_code == 500
        assert answer.json()["error"]["code"] == "internal_error"
        assert answer.json()["error"]["type"] == "server_error"
        record = await gw.record()
        assert (record.status, record.code, record.http_status) == (
            "gateway_error",
            "internal_error",
            500,
        )
    written = log.getvalue()
    assert "Bug" in written
    assert "tollhouse.pipeline.attempts:" in written
    _assert_clean(written + answer.text)


async def test_G12_bug_in_a_stream_ends_it_without_a_success(
    tmp_path: Path, log: io.StringIO
) -> None:
    """What was begun ends with an error event; nothing shows the exception's text."""
    async with RunningGateway(
        tmp_path, providers={"up": "http://127.0.0.1:9/v1"}, models=[model("a")]
    ) as gw:
        _break(gw, BuggyStream())
        answer = await gw.client.post(CHAT, json=chat("a", PROMPT, stream=True))
        assert '"content":"hi"' in answer.text
        assert '"code":"internal_error"' in answer.text
        assert "[DONE]" not in answer.text
        record = await gw.record()
        assert (record.status, record.code) == ("gateway_error", "internal_error")
    assert "Bug" in log.getvalue()
    _assert_clean(log.getvalue() + answer.text)


async def test_G12_bug_in_the_admin_plane_is_a_plain_500(tmp_path: Path, log: io.StringIO) -> None:
    """A bug while a document is written shows neither the document nor its key to anybody."""
    async with (
        FakeUpstream() as up,
        RunningGateway(tmp_path, providers={"up": up.url}, models=[model("a")]) as gw,
    ):

        async def broken(*_: Any) -> int:
            raise Bug(PROMPT)

        object.__setattr__(gw.app.store, "commit", broken)
        answer = await gw.admin.patch("/v1/models/a", json={"tags": [PROMPT]})
        assert answer.status_code == 500
        assert answer.json()["error"]["code"] == "internal_error"
    assert "Bug" in log.getvalue()
    _assert_clean(log.getvalue() + answer.text)


def _break(gw: RunningGateway, transport: BuggyTransport) -> None:
    gw.app.data.gateway.attempts._transport = transport


def _assert_clean(text: str) -> None:
    for canary in (PROMPT, "sk-provider", "Traceback", "test_secrecy_bugs.py"):
        assert canary not in text
